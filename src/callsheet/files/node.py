"""Node: a value of a file with the line that it is on, the same whichever format the file has."""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

#: Nodes of a file, with those that anchors repeat; a model has about 10.
MAX_NODES: Final = 2_000_000

#: Levels of mappings and lists in each other; a catalogue needs 8.
MAX_DEPTH_LEVELS: Final = 32

Value: TypeAlias = "dict[str, Node] | list[Node] | str | int | float | bool | None"


@dataclass(slots=True)
class Node:
    """A value of a file.

    Parameters
    ----------
    value
        A mapping, a list, or a scalar.
    line
        Where it is, or where its key is; counted from 1.
    written
        A scalar of YAML without quotes, as it is written: where a text is wanted, ``1e3`` is one.
    """

    value: Value
    line: int
    written: str | None = None

    def plain(self) -> Any:
        """Return the value without lines, as JSON has it."""
        if isinstance(self.value, dict):
            return {name: node.plain() for name, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


class TextFaultError(Exception):
    """A text is not valid YAML, TOML or JSON, or has no place in a catalogue file.

    Parameters
    ----------
    line
        Where, counted from 1; 0 if that is not known.
    reason
        A clause about the file, without a full stop.
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


def too_large(line: int) -> TextFaultError:
    """Return the fault of a text that holds more than a catalogue needs."""
    return TextFaultError(
        line, f"it holds more than {MAX_NODES:,} values, those that anchors repeat included; divide it into several"
    )


def too_deep(line: int) -> TextFaultError:
    """Return the fault of a text whose mappings and lists are nested too deeply."""
    return TextFaultError(line, f"it is nested deeper than {MAX_DEPTH_LEVELS} levels")


def twice(line: int, name: str, first: Node) -> TextFaultError:
    """Return the fault of a mapping that has the key ``name`` twice; the ``first`` of them has a line, too."""
    return TextFaultError(line, f"{name[:60]!r} is there twice, first in line {first.line}")


def check_size(line: int, count: int, depth: int) -> None:
    """Raise TextFaultError if there are more values, or more levels, than a catalogue needs."""
    if depth > MAX_DEPTH_LEVELS:
        raise too_deep(line)
    if count > MAX_NODES:
        raise too_large(line)

"""Values of rows, as claims: what a model could have is kept, what makes no sense is noted."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from callsheet.domain.capabilities import parse_capabilities
from callsheet.domain.errors import InvalidError
from callsheet.domain.model import LIFECYCLES, MAX_DESCRIPTION_LENGTH, MAX_DISPLAY_NAME_LENGTH, PRECISIONS, Model
from callsheet.domain.times import format_instant
from callsheet.sources.upstream import FIRST_SEEN, LastKnown
from callsheet.wire.field_values import read_instant, read_shutdown, read_tokens

#: The types of most values, of which nothing else has to be asked.
_PLAIN: Final = frozenset({str, int, float, bool, dict, list})

_MAX_SHOWN_CHARACTERS: Final = 60
_MAX_LINE_CHARACTERS: Final = 256  # of what is looked at
_MAX_SHOWN_BITS: Final = 256  # Python refuses to print an integer of more than some thousand digits


def collect(sent: Mapping[str, object]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the claims of one row, and a note for each value that makes no sense.

    Parameters
    ----------
    sent
        Field of a model to the value that the upstream sent for it, in any form that servers use. None means that
        it sent none. `FIRST_SEEN` passes, and so does a `LastKnown`, whose ``otherwise`` is read like a value.
    """
    fields: dict[str, Any] = {}
    notes = []
    for name, value in sent.items():
        if value is None:
            continue
        read = _READ[name](value) if type(value) in _PLAIN else _read(name, value)
        if read is None:
            notes.append(f"{name} is left out, because {shown(value)} makes no sense for it")
        else:
            fields[name] = read
    return fields, tuple(notes)


def _read(name: str, value: object) -> object:
    if value is FIRST_SEEN:
        return value
    if isinstance(value, LastKnown):
        return value if value.otherwise is None else LastKnown(_READ[name](value.otherwise))
    return _READ[name](value)


def text_in(row: Mapping[str, Any], name: str) -> str:
    """Return the text that a row has by this name; empty if it has none."""
    found = row.get(name)
    return found if isinstance(found, str) else ""


def inside(row: object, *names: str) -> Any:
    """Return the value at the end of a path of objects; None if there is none."""
    for name in names:
        if not isinstance(row, Mapping):
            return None
        row = row.get(name)
    return row


def texts_in(value: object) -> tuple[str, ...]:
    """Return the texts in a list; nothing if ``value`` is not a list."""
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def shown(value: object) -> str:
    """Return the beginning of a value, for people: never more than a line, whatever it is."""
    if isinstance(value, Mapping | list | tuple):
        return "an object" if isinstance(value, Mapping) else "a list"
    if isinstance(value, int) and value.bit_length() > _MAX_SHOWN_BITS:
        return "a number of very many digits"
    text = repr(value[: _MAX_SHOWN_CHARACTERS + 1] if isinstance(value, str) else value)
    return text if len(text) <= _MAX_SHOWN_CHARACTERS else f"{text[:_MAX_SHOWN_CHARACTERS]}…"


def _display_name(value: object) -> str | None:
    line = _printable(value)
    return line if line and len(line) <= MAX_DISPLAY_NAME_LENGTH else None


def _description(value: object) -> str | None:
    """A description on one line; a longer one than a model may have is cut."""
    line = _printable(value)
    if not line or len(line) <= MAX_DESCRIPTION_LENGTH:
        return line
    return line[: MAX_DESCRIPTION_LENGTH - 1].rstrip() + "…"


def _printable(value: object) -> str | None:
    """A text on one line, without characters that a model may not have in a text."""
    if not isinstance(value, str):
        return None
    kept = value[: 4 * MAX_DESCRIPTION_LENGTH]
    if not kept.isprintable():
        kept = "".join(each if each.isprintable() else " " for each in kept)
    return " ".join(kept.split()) or None


def _instant(value: object) -> str | None:
    return _written(value if isinstance(value, datetime) else read_instant(value))


def _shutdown(value: object) -> str | None:
    return _written(value if isinstance(value, datetime) else read_shutdown(value))


def _written(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)


def _capabilities(value: object) -> Mapping[str, object] | None:
    try:
        return parse_capabilities(value)
    except InvalidError:
        return None


def _lifecycle(value: object) -> str | None:
    return value if isinstance(value, str) and value in LIFECYCLES else None


def _precision(value: object) -> str | None:
    return value if isinstance(value, str) and value in PRECISIONS else None


def _line(value: object) -> str | None:
    return value if isinstance(value, str) and len(value) <= _MAX_LINE_CHARACTERS and _is_line(value) else None


@lru_cache
def _is_line(text: str) -> bool:
    """Whether a model may have this line; a list has thousands of rows, and few lines."""
    try:
        Model(id="any", display_name="Any", line=text)
    except InvalidError:
        return False
    return True


_READ: Final[Mapping[str, Callable[[object], object]]] = {
    "display_name": _display_name,
    "created_at": _instant,
    "line": _line,
    "max_input_tokens": read_tokens,
    "max_tokens": read_tokens,
    "capabilities": _capabilities,
    "lifecycle": _lifecycle,
    "deprecated_at": _instant,
    "retires_at": _shutdown,
    "retirement_precision": _precision,
    "description": _description,
}

"""Headers that a caller adds to requests; their values are as secret as the key."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from callsheet.domain.errors import DoctorError

Headers = tuple[tuple[str, str], ...]

#: What the doctor decides itself, from request to request.
_OURS: Final = frozenset(
    {
        "anthropic-beta", "anthropic-version", "authorization", "connection", "content-length", "host",
        "if-none-match", "transfer-encoding", "x-api-key",
    }
)  # fmt: skip

_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True)
class Extra:
    """Headers whose values are placeholders, as a shell would have them, and what these stand for."""

    pairs: Headers = ()
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


def read_options(lines: Iterable[str]) -> Extra:
    """Return the headers in ``lines``, each `Name: value`.

    Raises
    ------
    DoctorError
        A line is not a header, or sets what the doctor decides itself.
    """
    pairs = []
    for line in lines:
        name, colon, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon or not _NAME.fullmatch(name) or not _is_value(value):
            raise DoctorError("A header is not valid; give it as --header 'Name: value'.")
        if name in _OURS:
            advice = "give the key with --api-key" if name in ("authorization", "x-api-key") else "leave it out"
            raise DoctorError(f"The header {name} cannot be set, as the doctor sets it itself; {advice}.")
        pairs.append((name, value))
    return _hidden(pairs, "HEADER")


def read_variable(text: str) -> Extra:
    """Return the headers in an environment variable, a line each; what is not one is passed over, as clients do."""
    split = (line.partition(":") for line in text.splitlines())
    pairs = [(name.strip().lower(), value.strip()) for name, colon, value in split if colon]
    return _hidden(
        [pair for pair in pairs if _NAME.fullmatch(pair[0]) and pair[1] and _is_value(pair[1])], "CUSTOM"
    )


def overlaid(own: Headers, extra: Headers) -> Headers:
    """Return ``own`` and ``extra``, without those of ``own`` that ``extra`` names as well."""
    named = {name for name, _ in extra}
    return (*(pair for pair in own if pair[0] not in named), *extra)


def _is_value(value: str) -> bool:
    return value.isascii() and value.isprintable()


def _hidden(pairs: Iterable[tuple[str, str]], prefix: str) -> Extra:
    """Put a placeholder in the place of every value; of a name that is given twice the last value counts."""
    values = dict(pairs)
    names = {name: f"${prefix}_{re.sub(r'[^A-Z0-9]', '_', name.upper())}" for name in values}
    return Extra(tuple(names.items()), {names[name]: value for name, value in values.items()})

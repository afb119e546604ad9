"""Headers that a caller adds to requests; their values are as secret as the key."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from callsheet.client.headers import CREDENTIALS, parse_header
from callsheet.domain.errors import DoctorError, SettingsError

Headers = tuple[tuple[str, str], ...]

#: Headers that the doctor sets itself, from request to request.
_OURS: Final = frozenset({"anthropic-beta", "anthropic-version", "authorization", "if-none-match", "x-api-key"})


@dataclass(frozen=True)
class ExtraHeaders:
    """Headers with a placeholder such as ``$HEADER_API_KEY`` for each value, and the values by placeholder."""

    pairs: Headers = ()
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


def parse_header_options(lines: Iterable[str]) -> ExtraHeaders:
    """Return the headers in ``lines``, each `Name: value`.

    Raises
    ------
    DoctorError
        A line is not a header, or sets what the doctor or the HTTP client decides; no value is repeated.
    """
    pairs = []
    for line in lines:
        try:
            name, value = parse_header(line)
        except SettingsError as error:
            raise DoctorError(str(error)) from None
        if name in _OURS:
            advice = "give the key with --api-key" if name in CREDENTIALS else "leave it out"
            raise DoctorError(f"The header {name} cannot be set, as the doctor sets it itself; {advice}.")
        pairs.append((name, value))
    return _hidden(pairs, "HEADER")


def parse_header_variable(text: str) -> ExtraHeaders:
    """Return the headers in an environment variable, a line each; as in clients, other lines are skipped."""
    pairs = []
    for line in text.splitlines():
        with suppress(SettingsError):
            pairs.append(parse_header(line))
    return _hidden(pairs, "CUSTOM")


def merge_headers(own: Headers, extra: Headers) -> Headers:
    """Return ``own`` and ``extra``, without those of ``own`` that ``extra`` names as well."""
    named = {name for name, _ in extra}
    return (*(pair for pair in own if pair[0] not in named), *extra)


def _hidden(pairs: Iterable[tuple[str, str]], prefix: str) -> ExtraHeaders:
    """Replace each value by a placeholder; if a name is given twice, its last value counts."""
    values = dict(pairs)
    names = {name: f"${prefix}_{re.sub(r'[^A-Z0-9]', '_', name.upper())}" for name in values}
    return ExtraHeaders(tuple(names.items()), {names[name]: value for name, value in values.items()})

"""A file of API keys to import: CSV with a header, or a JSON array of objects."""

import csv
import json
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Final

from callsheet.domain.access.secret import check_not_in_name, check_secret, fingerprint, hint
from callsheet.domain.changes.key_import import Entry, Fault, refuse
from callsheet.domain.errors import InvalidError, RefusedError
from callsheet.domain.times import parse_instant

_COLUMNS: Final = ("name", "workspace", "secret", "sha256", "hint", "expires")
_SEPARATORS: Final = (",", ";", "\t")

_SHA_256 = re.compile(r"[0-9a-f]{64}", re.ASCII | re.IGNORECASE)
_HINT = re.compile(r"[!-~]*([!-~]{4})", re.ASCII)

_HEADER: Final = (
    "The first line must name the columns: name, secret or sha256, and optionally workspace, hint and expires."
)

Row = tuple[str, Mapping[str, str]]


def read_entries(file: str) -> list[Entry]:
    """Return the keys in ``file``; ``-`` is standard input.

    Raises
    ------
    RefusedError
        The file cannot be read, or an entry is not valid. The sentence says where and why, and repeats no value, as
        any of them may be a secret.
    """
    text = _read(file)
    rows = list(_json_rows(text) if text.lstrip()[:1] in ("[", "{") else _csv_rows(text))
    entries, faults = [], []
    for place, row in rows:
        try:
            entries.append(_entry(place, row))
        except RefusedError as error:
            faults.append(Fault(place, str(error).rstrip(".")))
    if faults:
        raise refuse(faults)
    if not entries:
        raise InvalidError("There is no key to import: the file is empty, or has a header only.")
    return entries


def _read(file: str) -> str:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidError(f"{file} cannot be read: {error.strerror}; name another file.") from None
    except (UnicodeDecodeError, ValueError):
        raise InvalidError("The file is not UTF-8 text; save it as CSV or JSON in UTF-8.") from None
    return text.removeprefix("\ufeff")


def _csv_rows(text: str) -> Iterator[Row]:
    separator = max(_SEPARATORS, key=text.lstrip().partition("\n")[0].count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    columns: list[str] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = [cell.strip().lower() for cell in cells]
                _check_columns(columns)
                continue
            place = f"Line {reader.line_num}"
            if len(cells) > len(columns):
                raise InvalidError(
                    f"{place} has more fields than the header; put quotes around a field with commas."
                )
            yield place, dict(zip(columns, cells, strict=False))
    except csv.Error:
        raise InvalidError(f"Line {reader.line_num} is not valid CSV; check its quotes.") from None


def _check_columns(columns: list[str]) -> None:
    if not set(columns) <= set(_COLUMNS) or len(set(columns)) < len(columns):
        raise InvalidError(_HEADER)
    if "name" not in columns or not {"secret", "sha256"} & set(columns):
        raise InvalidError(_HEADER)


def _json_rows(text: str) -> Iterator[Row]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidError(f"The file is not valid JSON{where}; give an array of objects.") from None
    if not isinstance(rows, list):
        raise InvalidError('The file must be a JSON array of objects such as {"name": "ada", "secret": "…"}.')
    for number, row in enumerate(rows, 1):
        place = f"Entry {number}"
        if not isinstance(row, dict) or not all(value is None or isinstance(value, str) for value in row.values()):
            raise InvalidError(f"{place} is not an object whose values are strings.")
        if not set(row) <= set(_COLUMNS):
            raise InvalidError(f"{place} has a field that is not known; known are {', '.join(_COLUMNS)}.")
        yield place, {name: value for name, value in row.items() if value is not None}


def _entry(place: str, row: Mapping[str, str]) -> Entry:
    value = {name: row.get(name, "").strip() for name in _COLUMNS}
    if bool(value["secret"]) == bool(value["sha256"]):
        raise InvalidError("it must have a secret or a sha256, and not both")
    if value["secret"]:
        check_secret(value["secret"])
        check_not_in_name(value["secret"], value["name"])
    elif not _SHA_256.fullmatch(value["sha256"]):
        raise InvalidError("its sha256 must be 64 hexadecimal digits")
    return Entry(
        place=place,
        name=value["name"],
        workspace=value["workspace"] or None,
        fingerprint=fingerprint(value["secret"]) if value["secret"] else bytes.fromhex(value["sha256"]),
        hint=hint(value["secret"]) if value["secret"] else _hint(value["hint"]),
        expires_at=_expiry(value["expires"]),
    )


def _hint(text: str) -> str:
    """The last four characters of what another program shows of a secret, such as ``sk-...wxyz``."""
    if not text:
        return ""
    found = _HINT.fullmatch(text)
    if found is None:
        raise InvalidError("its hint must end in the last four characters of the secret")
    return found[1]


def _expiry(text: str) -> datetime | None:
    try:
        return parse_instant(text) if text else None
    except InvalidError:
        raise InvalidError("its expires must be a day or an RFC 3339 time such as 2027-02-04T00:00:00Z") from None

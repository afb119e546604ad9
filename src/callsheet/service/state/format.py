"""The format of a saved State: lines of JSON; the last one is the checksum of those before it.

The first line is a header, then come the small tables, then the models, several rows to a line, so that neither
side ever holds more than a line besides the State itself. Rows are lists; the header names their fields. A file of
the release before, whose models had fewer fields, is read, too. A program that does not know the fields refuses the
file, as it can read the database instead.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, Final, TypeVar

from callsheet.api.state import Options, State
from callsheet.domain.access.keyring import NEVER, KeyRecord, Keyring
from callsheet.domain.catalog import Catalog
from callsheet.domain.model import MODEL_FIELDS, Model
from callsheet.service.state.delegated import delegated
from callsheet.storage.transactions import rows

#: Identifies the format; the number is raised when the meaning of a line changes.
_OURS: Final = {"callsheet_state": 2, "model": list(MODEL_FIELDS), "key": list(KeyRecord._fields)}

#: The values of the last fields of a model, which files of earlier releases do not have.
_ADDED: Final[Mapping[str, Any]] = {"retirement_precision": None, "retires_itself": False}
_FORMER: Final = {**_OURS, "model": [name for name in MODEL_FIELDS if name not in _ADDED]}

#: Few enough to be written in a fraction of a millisecond, as a request may have to wait for that.
_ROW_BATCH_SIZE: Final = 32

#: The tables besides models, in the order of the lines.
_TABLES: Final = ("workspaces", "keys", "aliases", "tombstones")

Header = dict[str, Any]
T = TypeVar("T")


def header_of(state: State, address: str) -> Header:
    """Return the first line of ``state`` when it is saved from the database at ``address``."""
    return {
        **_OURS,
        "address": address,
        "organization_id": state.organization_id,
        "default_workspace_id": state.default_workspace_id,
        "revision": state.revision,
        "last_change": None if state.last_change is None else list(state.last_change),
        "key_source": state.key_source,
        "has_admin_keys": state.has_admin_keys,
    }


def write_state(state: State, address: str) -> Iterator[bytes]:
    """Yield the lines of ``state``, saved from the database at ``address``. A State holds no secret."""
    checksum = hashlib.sha256()
    for content in chain([header_of(state, address)], _batches(state)):
        line = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        checksum.update(line)
        yield line
    yield b'"%s"\n' % checksum.hexdigest().encode()


def check_lines(lines: Iterable[bytes]) -> bool:
    """Return whether the last line is the checksum of all before it."""
    checksum = hashlib.sha256()
    last = b""
    for line in lines:
        checksum.update(last)
        last = line
    return last == b'"%s"\n' % checksum.hexdigest().encode()


def read_header(line: bytes) -> Header:
    """Return the first line of a State that was saved.

    Raises
    ------
    ValueError
        It is not in the format of this program.
    """
    header = json.loads(line)
    if not isinstance(header, dict) or {name: header.get(name) for name in _OURS} not in (_OURS, _FORMER):
        raise ValueError("not a format of this program")
    return header


def read_state(header: Header, lines: Iterator[bytes], options: Options) -> State:
    """Return the State behind ``header``, given the other lines, which have been checked."""
    tables: dict[str, list[Any]] = {name: [] for name in _TABLES}
    models: Iterator[Model] = iter(())
    added = [_ADDED[name] for name in MODEL_FIELDS[len(header["model"]) :]]
    for line in lines:
        content = json.loads(line)
        if isinstance(content, str):  # the checksum: there are no models
            break
        name, batch = content
        if name == "models":
            models = _read_models(batch, lines, added)
            break
        tables[name].extend(batch)
    last_change = header["last_change"]
    return State(
        catalog=Catalog(models, dict(tables["aliases"]), dict(tables["tombstones"])),
        keyring=Keyring.of(map(_read_credential, tables["keys"])),
        workspaces={each.id: each for each in map(rows.read_workspace, tables["workspaces"])},
        organization_id=header["organization_id"],
        default_workspace_id=header["default_workspace_id"],
        revision=header["revision"],
        last_change=None if last_change is None else (last_change[0], last_change[1]),
        options=options,
        has_admin_keys=bool(header.get("has_admin_keys")),
        **delegated(header["key_source"])._asdict(),
    )


def _batches(state: State) -> Iterator[list[Any]]:
    yield from _cut("workspaces", state.workspaces.values(), rows.workspace_row)
    yield from _cut("keys", state.keyring.credentials(), _credential_row)
    yield from _cut("aliases", state.catalog.aliases().items(), list)
    yield from _cut("tombstones", state.catalog.tombstones().items(), list)
    yield from _cut("models", state.catalog, _model_row)


def _cut(name: str, values: Iterable[T], row_of: Callable[[T], object]) -> Iterator[list[Any]]:
    remaining = iter(values)
    while batch := [row_of(value) for value in islice(remaining, _ROW_BATCH_SIZE)]:
        yield [name, batch]


def _model_row(model: Model) -> list[object]:
    row = rows.model_row(model)
    return [row[name] for name in MODEL_FIELDS]


def _read_models(batch: list[list[Any]], lines: Iterator[bytes], added: list[Any]) -> Iterator[Model]:
    """Yield the models of the first batch and of the lines behind it, ``added`` to the values of each."""
    while True:
        yield from map(rows.model_of, ([*row, *added] for row in batch) if added else batch)
        content = json.loads(next(lines))
        if isinstance(content, str):  # the checksum
            return
        batch = content[1]


def _credential_row(item: tuple[str, KeyRecord]) -> list[object]:
    fingerprint, credential = item
    never = credential.expires == NEVER  # infinity, which JSON does not have
    return [fingerprint, *(credential._replace(expires=None) if never else credential)]  # type: ignore[arg-type]


def _read_credential(row: list[Any]) -> tuple[str, KeyRecord]:
    credential = KeyRecord(*row[1:])
    return row[0], credential if credential.expires is not None else credential._replace(expires=NEVER)

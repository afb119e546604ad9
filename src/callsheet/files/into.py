"""Into: a manifest written into a YAML file that people keep, with their comments, order and quotes."""

from collections.abc import Mapping, MutableMapping, MutableSequence
from io import StringIO
from typing import Any, Final

from callsheet.domain.errors import CallsheetError, ManifestError
from callsheet.domain.faults import FileFault, Place
from callsheet.domain.manifest import Collection, Entries, Entry, Manifest
from callsheet.files.fields import SHAPES
from callsheet.files.load import parse_manifest
from callsheet.files.texts import manifest_record
from callsheet.files.yaml_text import yaml_library

_WIDTH: Final = 10_000  # columns after which a long text is folded


def manifest_into(text: str, file: str, manifest: Manifest) -> str:
    """Return ``text``, a YAML catalogue, changed so that it says what ``manifest`` does.

    Entries and fields that are as wanted stay as they are written; what is new comes at the end of its collection;
    what is gone goes, with the comments inside it.

    Parameters
    ----------
    text, file
        The file as it is, and its name for messages.
    manifest
        What it is to say; collections that it does not name stay.

    Raises
    ------
    ManifestError
        The file is not a valid catalogue, or is another manager's.
    CallsheetError
        The package that reads YAML is not installed.
    """
    present = parse_manifest(text, file)
    if present.name != manifest.name:
        reason = f"it is that of {present.name}, not of {manifest.name}; name another file or manager"
        raise ManifestError([FileFault(Place(file), "", "manager", reason)])
    if _says(present, manifest):
        return text
    library = yaml_library(typ="rt")
    library.preserve_quotes = True
    library.width = _WIDTH
    library.indent(**_indentation(text))
    document = library.load(text)
    wanted = manifest_record(manifest)
    for collection, _ in manifest.collections():
        _write_collection(document, collection, wanted[collection], present)
    written = StringIO()
    library.dump(document, written)
    result = written.getvalue()
    if not _says(parse_manifest(result, file), manifest):
        raise CallsheetError(f"{file} cannot be changed in place; write the catalogue into a new file instead.")
    return result


def _says(present: Manifest, wanted: Manifest) -> bool:
    """Whether ``present`` says what ``wanted`` does, in whichever order."""
    return all(_by_subject(present.entries(each)) == _by_subject(entries) for each, entries in wanted.collections())


def _by_subject(entries: Entries | None) -> dict[str, Entry] | None:
    return None if entries is None else {entry.subject: entry for entry in entries}


def _write_collection(
    document: MutableMapping[str, Any], collection: Collection, wanted: list[dict[str, Any]], present: Manifest
) -> None:
    shapes = SHAPES[collection]
    if document.get(collection) is None:
        document[str(collection)] = wanted
        return
    rows: MutableSequence[Any] = document[collection]
    by_subject = {str(row[shapes.subject]): row for row in wanted}
    entries = {entry.subject: entry for entry in present.entries(collection) or ()}
    subjects = [entry.subject for entry in present.entries(collection) or ()]  # in the order of the rows
    now = {str(row[shapes.subject]): row for row in manifest_record(present)[collection]}
    for number in reversed(range(len(rows))):
        subject = subjects[number]
        if subject not in by_subject:
            del rows[number]
        elif now[subject] != by_subject[subject]:
            _write_entry(rows[number], now[subject], by_subject[subject])
    rows.extend(row for subject, row in by_subject.items() if subject not in entries)


def _write_entry(row: MutableMapping[str, Any], now: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    for name in [*now]:
        if name not in wanted:
            row.pop(name, None)
    row.pop("unset", None)
    for name, value in wanted.items():
        if name not in now or now[name] != value or name not in row:
            row[name] = value


def _indentation(text: str) -> dict[str, int]:
    """How far the lists of a file are indented: as its first entry is, or by two."""
    for line in text.splitlines():
        stripped = line.lstrip(" ")
        if stripped.startswith("- "):
            offset = len(line) - len(stripped)
            return {"mapping": 2, "sequence": offset + 2, "offset": offset}
    return {"mapping": 2, "sequence": 4, "offset": 2}

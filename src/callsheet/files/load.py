"""Loading: catalogue files and folders as manifests, one for each manager."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from callsheet.domain.errors import ManifestError
from callsheet.domain.faults import FileFault, Place
from callsheet.domain.manifest import Manifest
from callsheet.files.contradictions import contradictions
from callsheet.files.entries import FileReader
from callsheet.files.formats import FORMATS, parse
from callsheet.files.node import TextFaultError

#: What editors read, beside the files.
_SCHEMA_ENDING: Final = ".schema.json"

#: Of one file; 10,000 models with all their fields take a fifth of it.
MAX_FILE_BYTES: Final = 64 * 2**20

#: In a folder and those below it.
MAX_FILES: Final = 1000

#: More faults of one file help no one.
MAX_FAULTS: Final = 100


def load_manifests(paths: Sequence[str]) -> list[Manifest]:
    """Return what catalogue files say: one manifest for each manager, in the order of their names.

    Parameters
    ----------
    paths
        Files, and folders whose files with a known ending are read, those of folders below them too. Names that
        begin with a dot are passed over, as Kubernetes keeps its own copies of a mounted folder under such names;
        so is the JSON Schema.

    Raises
    ------
    ManifestError
        A file cannot be read or is wrong; all faults of all files.
    CallsheetError
        A package that reads such files is not installed.
    """
    faults: list[FileFault] = []
    manifests: dict[str, Manifest] = {}
    for path in paths:
        for file in _files(path, faults):
            manifest = _read(file, faults)
            if manifest is not None:
                earlier = manifests.get(manifest.name)
                manifests[manifest.name] = manifest if earlier is None else earlier.joined(manifest)
    for manifest in manifests.values():
        faults += contradictions(manifest)
    if faults:
        raise ManifestError(sorted(faults))
    return [manifests[name] for name in sorted(manifests)]


def parse_manifest(text: str, file: str) -> Manifest:
    """Return what the text of one file says; raise as `load_manifests`. The format is that of the name's ending."""
    faults: list[FileFault] = []
    manifest = _parsed(text, Path(file), faults)
    if manifest is not None:
        faults += contradictions(manifest)
    if faults or manifest is None:
        raise ManifestError(sorted(faults))
    return manifest


def watched_files(path: str) -> list[Path]:
    """Return the files that `load_manifests` would read of ``path``, sorted; a file that is missing is one."""
    place = Path(path)
    if not place.is_dir():
        return [place]
    found: list[Path] = []
    for folder, folders, names in os.walk(place):
        folders[:] = [name for name in folders if not name.startswith(".")]  # `walk` does not go into the others
        found += (
            Path(folder, name)
            for name in names
            if not name.startswith(".")
            and not name.endswith(_SCHEMA_ENDING)
            and Path(name).suffix.lower() in FORMATS
        )
    return sorted(found)


def _files(path: str, faults: list[FileFault]) -> list[Path]:
    found = watched_files(path)
    if not found:
        faults.append(FileFault(Place(path), "", "", f"it holds no file that ends in {', '.join(FORMATS)}"))
    elif len(found) > MAX_FILES:
        faults.append(FileFault(Place(path), "", "", f"it holds more than {MAX_FILES:,} files"))
        return []
    return found


def _read(path: Path, faults: list[FileFault]) -> Manifest | None:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        faults.append(
            FileFault(Place(str(path)), "", "", f"it cannot be read: {error.strerror}; name another file")
        )
        return None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        faults.append(FileFault(Place(str(path), line), "", "", "it is not UTF-8 text; save it as UTF-8"))
        return None
    if len(content) > MAX_FILE_BYTES:
        faults.append(
            FileFault(
                Place(str(path)), "", "", f"it has more than {MAX_FILE_BYTES // 2**20} MiB; divide it into several"
            )
        )
        return None
    return _parsed(text, path, faults)


def _parsed(text: str, path: Path, faults: list[FileFault]) -> Manifest | None:
    if path.suffix.lower() not in FORMATS:
        faults.append(
            FileFault(
                Place(str(path)), "", "", f"its name must end in {', '.join(FORMATS)}, which says how it is read"
            )
        )
        return None
    reader = FileReader(str(path))
    try:
        manifest = reader.manifest(parse(text, path.suffix.lower()))
    except TextFaultError as fault:
        faults.append(FileFault(Place(str(path), fault.line), "", "", fault.reason))
        return None
    faults += reader.faults[:MAX_FAULTS]
    if len(reader.faults) > MAX_FAULTS:
        faults.append(
            FileFault(Place(str(path)), "", "", f"it has {len(reader.faults) - MAX_FAULTS} further faults")
        )
    return manifest

"""Catalogue files as they are printed, or written into a file that people keep."""

import os
from pathlib import Path

import typer

from callsheet.domain.errors import InvalidError
from callsheet.domain.manifest import Manifest
from callsheet.files.into import manifest_into
from callsheet.files.texts import manifest_text
from callsheet.storage.atomic_file import scratch

_YAML = (".yaml", ".yml")


def print_text(text: str) -> None:
    """Print the text of a catalogue file, in which nothing is that a terminal would obey."""
    typer.echo(text, nl=False)


def write_into(file: Path, manifest: Manifest) -> None:
    """Write ``manifest`` into ``file``, whose comments and order stay if it is there; all of it or nothing.

    Raises
    ------
    InvalidError
        It is not a YAML file, or cannot be read or written.
    ManifestError
        It is not a valid catalogue, or is that of another manager.
    """
    if file.suffix.lower() not in _YAML:
        raise InvalidError(f"{file} is not a YAML file, whose comments could be kept; redirect the output instead.")
    try:
        present = file.read_text(encoding="utf-8") if file.exists() else None
        mode = file.stat().st_mode & 0o777 if present is not None else 0o644
        text = manifest_text(manifest, ".yaml") if present is None else manifest_into(present, str(file), manifest)
        with scratch(file) as part:
            part.write_text(text, encoding="utf-8")
            part.chmod(mode)
            os.replace(part, file)  # noqa: PTH105  # `scratch` removes what is left
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InvalidError(f"{file} cannot be changed: {reason}.") from None

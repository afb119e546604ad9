"""The configuration of a client, as it is printed or written into a folder."""

from collections.abc import Sequence
from pathlib import Path

import typer

from callsheet.cli.output.tables import say
from callsheet.domain.errors import ConflictError, InvalidError
from callsheet.service.clients.config_file import ConfigFile
from callsheet.storage.atomic_file import draft

_MODE = 0o644  # no secret is in it


def put_files(files: Sequence[ConfigFile], folder: str | None) -> None:
    """Write ``files`` into ``folder``; without one, print the only file.

    Raises
    ------
    InvalidError
        There are several files and no folder, or the folder is none.
    ConflictError
        One of them is there already; nothing was written then.
    StorageError
        They cannot be written.
    """
    if folder is None:
        if len(files) > 1:
            names = " and ".join(each.name for each in files)
            raise InvalidError(
                f"This client needs {len(files)} files, {names}; name a folder for them with --into."
            )
        typer.echo(files[0].text, nl=False)
        return
    target = Path(folder).expanduser()
    if not target.is_dir():
        raise InvalidError(f"{folder} is not a folder; make it first.")
    taken = [target / each.name for each in files if (target / each.name).exists()]
    if taken:
        raise ConflictError(f"{taken[0]} is there already; name another folder, and merge the two by hand.")
    for each in files:
        with draft(target / each.name, replace=False) as part:
            part.write_text(each.text, encoding="utf-8")
            part.chmod(_MODE)
        say(f"Wrote {target / each.name}.")

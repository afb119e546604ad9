"""Catalogue files of a command, and the database or snapshot that they are planned against."""

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from callsheet.api.state import DEFAULTS
from callsheet.cli.database import actor, clock, connect, load_settings
from callsheet.cli.remote_option import ServerURL
from callsheet.domain.errors import InvalidError
from callsheet.domain.manifest import Manifest
from callsheet.files.load import load_manifests
from callsheet.service.manifests.service import ManifestService, Planned
from callsheet.service.setup import open_existing

if TYPE_CHECKING:
    from callsheet.remote.manifests import RemoteManifests


def manifest_of(files: Sequence[str]) -> Manifest:
    """Return what ``files``, all of one manager, say.

    Raises
    ------
    ManifestError
        A file cannot be read, or is wrong.
    InvalidError
        The files are those of several managers.
    """
    manifests = load_manifests(files)
    if len(manifests) > 1:
        names = ", ".join(manifest.name for manifest in manifests)
        raise InvalidError(f"The files are those of several managers: {names}; name those of one at a time.")
    return manifests[0]


class Manifests:
    """What catalogue files are planned against: the database of the settings, or a snapshot in a file.

    Parameters
    ----------
    database
        URL of the database; None is that of the settings.
    against
        A file that holds a snapshot, in place of a database; None for none.

    Raises
    ------
    CallsheetError
        There is no such database, it cannot be used, or the file is not a snapshot.
    """

    def __init__(self, database: str | None, against: str | None = None) -> None:
        self._stack = ExitStack()
        self._revision: int | None = None
        self.service: ManifestService | RemoteManifests
        if isinstance(database, ServerURL):
            self.service = _served(database)
            return
        if against is not None:
            from callsheet.service.manifests.snapshot import opened_snapshot  # makes a database

            self._store, self._revision = self._stack.enter_context(opened_snapshot(_read(against), against))
            options = DEFAULTS
        else:
            from callsheet.http.app import options_of  # slow to import

            settings = load_settings(database)
            self._store = open_existing(settings.database)
            options = options_of(settings)
        secret_of = os.environ.get if against is None else None
        self.service = ManifestService(self._store, actor(), clock, secret_of, options)

    def plan(self, manifest: Manifest, *, adopt: bool = False, max_deletes: int | None = None) -> Planned:
        """Return what `ManifestService.plan` does, at the revision of the snapshot if there is one."""
        made = self.service.plan(manifest, adopt=adopt, max_deletes=max_deletes)
        if self._revision is None:
            return made
        return replace(made, plan=replace(made.plan, base_revision=self._revision))

    def snapshot(self) -> Mapping[str, Any]:
        """Return what a plan depends on, for plans without a database."""
        if not isinstance(self.service, ManifestService):
            return self.service.snapshot()
        from callsheet.service.manifests.snapshot import take_snapshot

        return take_snapshot(self._store)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def _served(server: ServerURL) -> "RemoteManifests":
    from callsheet.remote.manifests import RemoteManifests  # for --remote only

    return RemoteManifests(connect(server))


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InvalidError(f"The snapshot {file} cannot be read: {reason}.") from None

"""Asking: which source may be asked about keys, and to which workspace such keys belong."""

from collections.abc import Callable, Iterable
from typing import Final

from callsheet.domain.access.workspace import Workspace
from callsheet.domain.errors import ConflictError, DoesNotExistError, about
from callsheet.domain.sources.source import SourceRecord

#: The member of a source's configuration that only forgetting its keys sets: no file says it.
FORGOTTEN_AT: Final = "keys_forgotten_at"


def workspace_id_of(source: SourceRecord) -> str:
    """Return the id of the workspace that a source gives to the keys that it knows; empty for the default one."""
    return str(source.config.get("workspace", ""))


def check_asking(sources: Iterable[SourceRecord], workspace_of: Callable[[str], Workspace | None]) -> None:
    """Check that all the sources of an installation go together.

    Parameters
    ----------
    sources
        All of them, as they will be.
    workspace_of
        Returns the workspace of an id, as it will be.

    Raises
    ------
    ConflictError
        Two would be asked about keys, or keys would belong to an archived workspace.
    DoesNotExistError
        Keys would belong to a workspace that does not exist.
    """
    asked = []
    for source in sources:
        with about("workspace"):
            _check_workspace(source, workspace_of)
        if source.config.get("asks_keys"):
            asked.append(source.name)
    if len(asked) > 1:
        first, second = asked[:2]
        with about("asks_keys"):
            raise ConflictError(
                f"The source {first} is asked about keys, so {second} cannot be, too: each would see the keys of "
                f"the other. Set asks_keys for one of them only."
            )


def check_not_asking(sources: Iterable[SourceRecord], workspace: Workspace) -> None:
    """Raise ConflictError if a source gives its keys to ``workspace``, which is to be archived."""
    for source in sources:
        if workspace_id_of(source) == workspace.id:
            raise ConflictError(
                f"The keys that the source {source.name} is asked about belong to the workspace {workspace.name}; "
                "name another workspace for that source before you archive this one."
            )


def _check_workspace(source: SourceRecord, workspace_of: Callable[[str], Workspace | None]) -> None:
    workspace_id = workspace_id_of(source)
    if not workspace_id:
        return
    workspace = workspace_of(workspace_id)
    if workspace is None:
        raise DoesNotExistError(
            f"There is no workspace {workspace_id!r}, to which the source {source.name} gives its keys."
        )
    if workspace.archived_at is not None:
        raise ConflictError(
            f"The workspace {workspace.name} of the source {source.name} is archived; name another for its keys."
        )

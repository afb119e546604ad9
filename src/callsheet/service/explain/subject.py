"""Subject: the key or the workspace that an explanation is for."""

from datetime import datetime
from typing import NamedTuple

from callsheet.api.dialect import Dialect
from callsheet.api.explain import Asker
from callsheet.api.state import State
from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.changes.lookup import find_key, find_workspace, known_key, known_workspace
from callsheet.domain.changes.reader import AccessReader
from callsheet.domain.errors import ConflictError, DoesNotExistError, about


class Subject(NamedTuple):
    """For whom something is explained.

    Parameters
    ----------
    key
        Who asks; None for any key of ``workspace``.
    workspace
        The one that the request names, or without a key the one that is meant; None for that of the key.
    dialect
        Whose client asks.
    is_secret
        Whether it is a secret that is not that of a key here.
    gateway, why
        For such a secret, the source that is asked about it, and why that could not say; else empty.
    """

    key: APIKey | None = None
    workspace: Workspace | None = None
    dialect: Dialect = Dialect.ANTHROPIC
    is_secret: bool = False
    gateway: str = ""
    why: str = ""

    def asker(self, state: State) -> Asker:
        """Return the same, as ``state`` knows it."""
        key = None if self.key is None else state.keyring.get(self.key.fingerprint)
        return Asker(key, None if self.workspace is None else self.workspace.id, self.dialect)

    def record(self) -> dict[str, object]:
        """Return it as plain JSON values."""
        key, workspace = self.key, self.workspace
        return {
            "key": None if key is None else {"id": key.id, "name": key.name},
            "workspace": None if workspace is None else {"id": workspace.id, "name": workspace.name},
            "dialect": self.dialect,
            "gateway": self.gateway or None,
        }

    @property
    def title(self) -> str:
        """What people call it."""
        if self.is_secret:
            return f"this key, about which the source {self.gateway} is asked" if self.gateway else "this key"
        if self.key is not None:
            return f"the key {self.key.name} ({self.key.id})"
        return "" if self.workspace is None else f"the workspace {self.workspace.name} ({self.workspace.id})"


def find_subject(
    reader: AccessReader,
    now: datetime,
    key: str | None = None,
    workspace: str | None = None,
    dialect: Dialect = Dialect.ANTHROPIC,
) -> Subject:
    """Return the subject with this key, this workspace, or both, each by its id or name.

    Raises
    ------
    DoesNotExistError, ConflictError
        As for `find_key` and `find_workspace`.
    """
    with about("key"):
        found = None if key is None else find_key(reader, key, now)
    with about("workspace"):
        return Subject(found, None if workspace is None else find_workspace(reader, workspace), dialect)


def find_any(reader: AccessReader, name: str, now: datetime) -> Subject:
    """Return the key or the workspace with this id or name; the key if both have the name and see the same.

    Raises
    ------
    DoesNotExistError
        There is neither.
    ConflictError
        There are both, which do not see the same, or several keys.
    """
    by_id = next(iter(reader.workspaces([name])), None)
    if by_id is not None:  # which is quicker than to look for a key with this name
        return Subject(None, by_id)
    key, workspace = known_key(reader, name, now), known_workspace(reader, name)
    if key is None and workspace is None:
        raise _unknown(reader, name, now)
    _check_alike(key, workspace, name, now)
    return Subject(None, workspace) if key is None else Subject(key)


def _unknown(reader: AccessReader, name: str, now: datetime) -> DoesNotExistError:
    """The refusal of a name that means nothing, with what it may be a misspelling of."""
    for kind in ("key", "workspace"):
        try:
            find_subject(reader, now, **{kind: name})  # type: ignore[arg-type]
        except DoesNotExistError as error:
            if "did you mean" in str(error):
                return error
    return DoesNotExistError(f"There is neither a key nor a workspace {name!r}.")


def _check_alike(key: APIKey | None, workspace: Workspace | None, name: str, now: datetime) -> None:
    """Refuse a key and a workspace with the same name, unless it is the workspace of a key that works."""
    if key is None or workspace is None:
        return
    is_usable = key.status is KeyStatus.ACTIVE and not key.is_expired(now)
    if not is_usable or key.workspace_id != workspace.id:
        raise ConflictError(
            f"Both a key and a workspace are named {name!r}; name one by its id: {key.id} or {workspace.id}."
        )

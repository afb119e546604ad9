"""Govern: how many models the keys of a source that is asked about keys can see at most, if rules decide."""

from collections.abc import Mapping
from typing import Any, Final

from callsheet.domain.access.delegation import KeyMode
from callsheet.domain.claims.claims import ClaimKind
from callsheet.domain.claims.manager import Manager, ManagerKind
from callsheet.domain.plan.governed import Governed
from callsheet.service.sight import look
from callsheet.storage.transactions.read import ReadTransaction

_NONE: Final = Governed(0, 0, 0, 0)


def governed(reading: ReadTransaction, name: str, config: Mapping[str, Any]) -> Governed | None:
    """Return what rules let the keys of a source see at most; None if they do not decide.

    Parameters
    ----------
    name, config
        Of the source; the configuration as plain JSON values.
    """
    if not config.get("asks_keys") or config.get("key_mode") != KeyMode.GOVERN:
        return None
    workspace_id = config.get("workspace") or reading.default_workspace_id()
    workspace = None if workspace_id is None else next(iter(reading.workspaces([workspace_id])), None)
    if workspace is None:
        return _NONE
    claimed = reading.said_by(Manager(ManagerKind.SOURCE, name))
    own = {each.subject for each in claimed if each.kind is ClaimKind.MODEL and each.lists}
    (sight,) = look(reading, [workspace.visibility])
    return Governed(sight.listed, sight.total, len(own), len(own.intersection(sight.visible)))

"""Models, aliases and change records over the administration API."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import ChangeRecord
from callsheet.domain.edits import ModelChange
from callsheet.domain.model import Model, RetirementPrecision
from callsheet.domain.times import format_instant
from callsheet.remote.connection import Connection
from callsheet.remote.doing import Sender
from callsheet.remote.moments import text_of
from callsheet.remote.records import (
    alias_of,
    change_of,
    named_model_of,
    outcome_of,
    suppressed_of,
    who_says_of,
)
from callsheet.service.catalog import ModelWithAliases, Outcome
from callsheet.service.history import EVERY_CHANGE, ChangesFilter
from callsheet.service.provenance import Suppressed, WhoSays

_CATALOG = "catalog"


class RemoteCatalog:
    """The twin of `callsheet.service.catalog.CatalogService`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._connection = sender.connection

    def list(self) -> Sequence[ModelWithAliases]:
        models = map(named_model_of, self._connection.pages(_CATALOG, "models"))
        return sorted(models, key=lambda item: item.model.sort_key)

    def show(self, name: str) -> ModelWithAliases:
        return named_model_of(self._connection.get(_CATALOG, "models", name))

    def who_says(self, name: str) -> WhoSays:
        return who_says_of(self._connection.get(_CATALOG, "models", name)["provenance"])

    def suppressed(self) -> Sequence[Suppressed]:
        return [suppressed_of(each) for each in self._connection.get(_CATALOG, "suppressed")["data"]]

    def choose(self, *names: str) -> Sequence[str]:
        found: Sequence[str] = self._connection.post(_CATALOG, "choose", body={"models": list(names)})["data"]
        return found

    def add(self, model: Model, same_as: str | None = None) -> ModelWithAliases:
        known = {name: value for name, value in model.record().items() if name not in _NOT_ADDED}
        return named_model_of(self._sender.post(_CATALOG, "models", body={**known, "same_as": same_as}))

    def change(self, model_id: str, change: ModelChange) -> ModelWithAliases:
        return named_model_of(self._sender.post(_CATALOG, "models", model_id, body=_plain(change)))

    def deprecate(
        self,
        *names: str,
        retires_at: datetime | None = None,
        replacement: str | None = None,
        retirement_precision: RetirementPrecision | None = None,
        retires_itself: bool | None = None,
        deprecated_at: datetime | None = None,
    ) -> Outcome:
        wanted = {
            "retires_at": retires_at,
            "replacement": replacement,
            "retirement_precision": retirement_precision,
            "retires_itself": retires_itself,
            **(
                {} if deprecated_at is None else {"deprecated_at": deprecated_at}
            ),  # which older servers do not know
        }
        return self._done("deprecate", names, _plain(wanted))

    def retire(self, *names: str, retires_at: datetime | None = None) -> Outcome:
        return self._done("retire", names, {} if retires_at is None else _plain({"retires_at": retires_at}))

    def hide(self, *names: str) -> Outcome:
        return self._done("hide", names)

    def unhide(self, *names: str) -> Outcome:
        return self._done("unhide", names)

    def remove(self, *names: str, globs: bool = True) -> Outcome:
        return self._done("remove", names, {"globs": globs})

    def release(self, name: str, fields: Sequence[str] = ()) -> ModelWithAliases | Alias | None:
        left = self._sender.post(_CATALOG, "models", name, "release", body={"fields": list(fields)})
        if left["model"] is not None:
            return named_model_of(left["model"])
        return None if left["alias"] is None else alias_of(left["alias"])

    def alias(self, alias: str, model_id: str) -> Alias:
        return alias_of(self._sender.post(_CATALOG, "aliases", body={"alias": alias, "model_id": model_id}))

    def unalias(self, alias: str) -> Alias:
        return alias_of(self._sender.delete(_CATALOG, "aliases", alias))

    def _done(self, verb: str, names: Sequence[str], more: Mapping[str, Any] | None = None) -> Outcome:
        return outcome_of(self._sender.post(_CATALOG, verb, body={"models": list(names), **(more or {})}))


class RemoteHistory:
    """The twin of `callsheet.service.history.HistoryService`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(
        self, subject: str | None = None, limit: int = 100, wanted: ChangesFilter = EVERY_CHANGE
    ) -> Sequence[ChangeRecord]:
        sides = {"from": wanted.since, "to": wanted.until}
        asked = {
            "subject": subject,
            **{name: getattr(wanted, name) for name in ("actor", "kind", "action", "revision")},
            **{name: None if side is None else text_of(*side) for name, side in sides.items()},
        }
        rows = self._connection.pages(_CATALOG, "changes", at_most=limit, **asked)
        return [change_of(each) for each in islice(rows, limit)]


#: What no model has that is just added.
_NOT_ADDED = frozenset(
    {"lifecycle", "deprecated_at", "retires_at", "replacement", "retirement_precision", "retires_itself"}
)


def _plain(values: Any) -> dict[str, Any]:
    """Values as plain JSON, times as text."""
    return {name: format_instant(value) if isinstance(value, datetime) else value for name, value in values.items()}

"""Explanations over the administration API."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from callsheet.api.dialect import Dialect
from callsheet.domain.access.key import APIKey
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.explain import Check, Explanation, Reason, Step
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.plan.impact import WorkspaceName
from callsheet.domain.plan.plan import Plan
from callsheet.domain.plan.reading import read_plan
from callsheet.domain.query import MAX_LIMIT, Reach
from callsheet.domain.retirement.chain import Chain, End
from callsheet.domain.retirement.stage import Stage
from callsheet.domain.times import EPOCH, format_instant
from callsheet.remote.access import RemoteAccess
from callsheet.remote.connection import Connection
from callsheet.remote.doing import Sender
from callsheet.remote.records import model_of
from callsheet.service.explain.causes import Cause
from callsheet.service.explain.explainer import Concerned, Explained, Listed, Seen
from callsheet.service.explain.fixes import Fix, Remedy, RemedyKind
from callsheet.service.explain.matrix import Seers
from callsheet.service.explain.seeing import Compared, Sighting, Viewers
from callsheet.service.explain.subject import Subject
from callsheet.service.retirements.find import Retirement, Wanted

if TYPE_CHECKING:
    from callsheet.service.clients.playing import Played
    from callsheet.service.clients.views import ClientView

#: When a model was released of which only the retirement is answered.
_UNKNOWN: Final = format_instant(EPOCH)

_LISTS: Final = ("allow", "deny", "matching")


class _SeenModel(NamedTuple):
    """What is shown of a model that is seen."""

    id: str
    display_name: str
    lifecycle: Lifecycle


class _ListedModel(NamedTuple):
    """What is shown of a model that clients were played on."""

    id: str


class RemoteExplainer:
    """The twin of `callsheet.service.explain.explainer.Explainer`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._access = RemoteAccess(Sender(connection))

    def explain(
        self,
        name: str,
        key: str | None = None,
        workspace: str | None = None,
        dialect: Dialect = Dialect.ANTHROPIC,
    ) -> Explained:
        record = self._connection.get("explain", model=name, key=key, workspace=workspace, dialect=dialect)
        steps = tuple(map(_step, record["steps"]))
        causes = {
            Check(each["check"]): Cause(**each["cause"]) for each in record["steps"] if each["cause"] is not None
        }
        explanation = Explanation(record["name"], record["model_id"], record["workspace_id"], steps)
        return Explained(self._subject(record["for"]), explanation, causes, list(map(_fix, record["fixes"])))

    def who_sees(self, name: str) -> list[Viewers]:
        return list(map(_viewers, self._connection.get("who_sees", model=name)["data"]))

    def what_sees(self, name: str) -> Seen:
        record = self._connection.get("what_sees", subject=name)
        refusal = None if record["refusal"] is None else _step(record["refusal"])
        return Seen(self._subject(record["for"]), refusal, list(map(_sighting, record["models"])))

    def diff(self, first: str, second: str) -> tuple[Subject, Subject, Compared]:
        record = self._connection.get("diff_keys", first=first, second=second)
        compared = Compared(*(record[name] for name in Compared._fields))
        return self._subject(record["first"]), self._subject(record["second"]), compared

    def matrix(self) -> Iterator[Seers]:
        return map(_seers, self._matrix["data"])

    def model_ids(self) -> list[str]:
        return list(self._matrix["model_ids"])

    @cached_property
    def _matrix(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._connection.get("matrix")
        return found

    def rules(self) -> Mapping[str, Visibility]:
        return {each.id: each.visibility for each in self._access.list_workspaces() if each.archived_at is None}

    def workspace_name(self, workspace_id: str) -> str:
        return self._access.show_workspace(workspace_id).name

    def played(self, key: str | None, workspace: str | None, client: str | None) -> "Played":
        """Return what clients show, or one of them, of as much of a list as a server looks at."""
        from callsheet.service.clients.playing import Played  # it brings the doctor, which takes long to import

        record = self._connection.get("clients", key=key, workspace=workspace, client=client, limit=MAX_LIMIT)
        refusal = None if record["refusal"] is None else _step(record["refusal"])
        models = cast("Sequence[Model]", list(map(_ListedModel, record["model_ids"])))
        listed = Listed(self._subject(record["subject"]), refusal, "", models, record["has_more"])
        return Played(listed, list(map(_client_view, record["data"])))

    def retirements(
        self,
        wanted: Wanted = "pending",
        within: timedelta | None = None,
        key: str | None = None,
        workspace: str | None = None,
    ) -> Concerned:
        days = None if within is None else within.days
        record = self._connection.get(
            "catalog", "retirements", state=wanted, within_days=days, key=key, workspace=workspace
        )
        return Concerned(
            None if record["for"] is None else self._subject(record["for"]),
            None if record["refusal"] is None else _step(record["refusal"]),
            list(map(_retirement, record["data"])),
        )

    def _subject(self, record: Mapping[str, Any]) -> Subject:
        key, workspace = record["key"], record["workspace"]
        return Subject(
            None if key is None else self._key(key["id"]),
            None if workspace is None else self._access.show_workspace(workspace["id"]),
            Dialect(record["dialect"]),
        )

    def _key(self, key_id: str) -> APIKey:
        return self._access.show_key(key_id).key


def _client_view(record: Mapping[str, Any]) -> "ClientView":
    from callsheet.service.clients.views import ClientView, LeftOut, ShownModel

    shown = None if record["shown"] is None else tuple(ShownModel(**each) for each in record["shown"])
    left_out = (LeftOut(each["why"], each["advice"], tuple(each["ids"])) for each in record["left_out"])
    return ClientView(
        client=record["client"],
        title=record["title"],
        versions=record["versions"],
        listed=record["listed"],
        shown=shown,
        left_out=tuple(left_out),
    )


def _retirement(record: Mapping[str, Any]) -> Retirement:
    stage, chain = Stage(record["state"]), record["replacement"]
    lifecycle = Lifecycle.RETIRED if stage is Stage.RETIRED else Lifecycle.DEPRECATED
    return Retirement(
        model=model_of({**record, "created_at": _UNKNOWN, "lifecycle": lifecycle, "replacement": None}),
        stage=stage,
        days_left=record["days_left"],
        replacement=Chain(tuple(chain["ids"]), End(chain["end"]), tuple(chain["weaker"])),
        aliases=tuple(record["aliases"]),
        workspaces=_names(record["workspaces"]),
        keys=record["keys"],
        left_without_line=_names(record["left_without_line"]),
    )


def _names(records: Sequence[Mapping[str, str]]) -> tuple[WorkspaceName, ...]:
    return tuple(WorkspaceName(**each) for each in records)


def _step(record: Mapping[str, Any]) -> Step:
    return Step(
        Check(record["check"]),
        record["passes"],
        Reason(record["reason"]),
        record["subject"],
        tuple(record["patterns"]),
    )


class _ServedFix(NamedTuple):
    """What is shown of a `Fix`, whose plan the server has made."""

    remedies: tuple[Remedy, ...]
    reach: Reach
    plan: Plan


def _fix(record: Mapping[str, Any]) -> Fix:
    remedies = tuple(
        Remedy(
            RemedyKind(each["kind"]),
            each["subject"],
            each["target"],
            tuple(each["allow"]),
            tuple(each["deny"]),
        )
        for each in record["remedies"]
    )
    plan = read_plan(json.dumps(record["plan"]))
    return cast("Fix", _ServedFix(remedies, Reach(record["reach"]), plan))


def _seers(record: Mapping[str, Any]) -> Seers:
    who = tuple(WorkspaceName(**each) for each in record["workspaces"])
    rules = tuple(record["allow"]), tuple(record["deny"])
    return Seers(who, record["keys"], *rules, record["listed"], record["retrievable"])


def _viewers(record: Mapping[str, Any]) -> Viewers:
    lists = {name: tuple(record[name]) for name in _LISTS}
    who = tuple(WorkspaceName(**each) for each in record["workspaces"])
    return Viewers(
        reach=Reach(record["reach"]), model_id=record["model_id"], workspaces=who, keys=record["keys"], **lists
    )


def _sighting(record: Mapping[str, Any]) -> Sighting:
    seen = _SeenModel(record["id"], record["display_name"], Lifecycle(record["lifecycle"]))
    return Sighting(cast("Model", seen), Reach(record["reach"]))

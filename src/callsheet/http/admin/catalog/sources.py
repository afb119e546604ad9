"""Sources: ``/v1/organizations/catalog/sources``."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import BaseModel, ConfigDict, Field

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.errors import ConflictError, InvalidError, about
from callsheet.http.admin.endpoint import (
    ROOT,
    Act,
    Answer,
    Asked,
    Body,
    ChangeQuery,
    Doing,
    Endpoint,
    Input,
    Query,
)
from callsheet.http.admin.plain import Everything, Reader
from callsheet.service.apply import preview
from callsheet.service.clock import SYSTEM_CLOCK
from callsheet.service.govern import governed
from callsheet.service.records import source_record
from callsheet.service.state.load import installation_of
from callsheet.service.sync.config import read_config
from callsheet.service.sync.decide import Outcome
from callsheet.service.sync.intents import Intent, Verb
from callsheet.service.sync.lease import Lease
from callsheet.service.sync.limits import LIMITS
from callsheet.service.sync.listing import Upstreams, contexts_in
from callsheet.service.sync.planning import ask_upstream, changes_of
from callsheet.service.sync.report import Report
from callsheet.service.sync.run import Runner
from callsheet.service.sync.sources import Source, SourcesService
from callsheet.storage.store import Rehearsal, Store
from callsheet.storage.transactions.read import ReadTransaction

if TYPE_CHECKING:
    from callsheet.storage.store import Writable

_SOURCES: Final = f"{ROOT}/catalog/sources"

#: No run over the API renews its lease, so it lasts as long as a run may.
_LEASE_SECONDS: Final = LIMITS.run_seconds + 60


class SourceAnswer(BaseModel):
    """A source: its configuration, how its last run ended, and what waits for a person."""

    name: str
    position: int
    config: dict[str, Any]
    created_at: str
    paused: bool
    last_run_at: str | None
    last_good_at: str | None
    next_run_at: str | None
    last_outcome: str | None
    last_error: str | None
    failures: int
    counts: dict[str, int]
    rejected: dict[str, str]
    pending: dict[str, Any] | None


class NewSource(Input):
    """A source to add; it is run when it is due, which is at once."""

    name: str
    config: dict[str, Any] = Field(description="As in an answer; url and kind are needed.")


class ChangedSource(Input):
    """What is to change of a source; what is left out stays as it is."""

    config: dict[str, Any] = Field(default_factory=dict, description="Members as in an answer.")
    before: str | None = Field(None, description="Another source, whose claims those of this one are to outrank.")


class Mode(Input):
    """What the built-in models are for."""

    mode: BuiltinMode = Field(strict=False)


class PresentMode(BaseModel):
    """What the built-in models are for."""

    mode: BuiltinMode


class ModeAnswer(BaseModel):
    """What the built-in models are for, and whether that changed."""

    mode: BuiltinMode
    changed: bool


class ReportAnswer(BaseModel):
    """How a run ended."""

    source: str
    outcome: str | None
    sentence: str | None
    counts: dict[str, int]
    dropped: dict[str, int]
    informs: bool = Field(description="Whether the built-in facts have just ceased to list models.")


class GovernedAnswer(BaseModel):
    """What rules let the keys of a source see at most."""

    governed: dict[str, int] | None = Field(description="null: rules do not decide that.")


class SourcePlanAnswer(BaseModel):
    """What a list would change."""

    model_config = ConfigDict(extra="allow")

    waits: str | None = Field(description="Why the list waits for a person; null if none waits.")
    plan: dict[str, Any]


def check_source(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Refuse what would let the API read files of the host, or send its secrets elsewhere.

    Parameters
    ----------
    name
        Of the source.
    before, after
        Its configuration; empty if there is none.

    Raises
    ------
    InvalidError
        It is to read a file of the host, or another secret of it.
    ConflictError
        Its secret would go to another address.
    """
    if after.get("secret") is not None and after["secret"] != before.get("secret"):
        with about("secret"):
            raise InvalidError(
                f"Which variable or file of the host holds the secret of the source {name} is not set over the "
                "API; run callsheet sources change on the host."
            )
    if after.get("url") == before.get("url") or not after:
        return
    with about("url"):
        _check_url(name, after)


def _check_url(name: str, after: Mapping[str, Any]) -> None:
    if not str(after.get("url")).startswith(("http://", "https://")):
        raise InvalidError(
            f"The URL of the source {name} must begin with http:// or https://; a file is read on the host only."
        )
    if after.get("secret") is not None:
        raise ConflictError(
            f"The secret of the source {name} would go to another address; change its URL on the host, with "
            "callsheet sources change."
        )


def check_upstream(asked: Asked, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Refuse an upstream that only this machine or its network reaches, if it is not the one that it was.

    Parameters
    ----------
    asked
        The call, which knows what the operator allows.
    before, after
        The configuration of the source; empty if there is none.

    Raises
    ------
    InvalidError
        The address is not one that the API may set.
    """
    url = after.get("url")
    if isinstance(url, str) and url != before.get("url"):
        with about("url"):
            asked.guard.check(url)


def service_of(doing: Doing) -> SourcesService:
    """Return the sources, in the transaction of a call."""
    return SourcesService(cast("Writable", doing.store), doing.actor, doing.clock)


def _list(reading: ReadTransaction, asked: Asked) -> Answer:
    return {"data": [source_record(each) for each in Reader(reading, asked).sources.list()]}


def _show(reading: ReadTransaction, asked: Asked) -> Answer:
    return source_record(Reader(reading, asked).sources.show(asked.ids["source"]))


def _governed(reading: ReadTransaction, asked: Asked) -> Answer:
    source = Reader(reading, asked).sources.show(asked.ids["source"])
    found = governed(reading, source.name, source.record.config)
    return {"governed": None if found is None else found._asdict()}


def _rehearsed(doing: Doing, intent: Intent) -> bool:
    """Whether this is a dry run, in which only the plan of ``intent`` is made."""
    if isinstance(doing.store, Rehearsal):
        doing.store.transaction.apply(intent.changes(doing.store.transaction, doing.now))
        return True
    return False


def _check_added(_store: Store, asked: Asked) -> None:
    check_upstream(asked, {}, asked.body.config)


def _check_changed(store: Store, asked: Asked) -> None:
    with store.read() as reading:
        before = reading.source(asked.ids["source"])
    check_upstream(asked, {} if before is None else before.config, asked.body.config)


def _add(doing: Doing, asked: Asked) -> str:
    new: NewSource = asked.body
    check_source(new.name, {}, new.config)
    if not _rehearsed(doing, Intent(Verb.ADD, new.name, new.config)):
        service_of(doing).add(new.name, read_config(new.config))
    return new.name


def _change(doing: Doing, asked: Asked) -> str:
    wanted, name = asked.body, asked.ids["source"]
    service = service_of(doing)
    before = service.show(name).config.record()
    check_source(name, before, {**before, **wanted.config})
    if not _rehearsed(doing, Intent(Verb.CHANGE, name, wanted.config, wanted.before)):
        service.change(name, wanted.config, wanted.before)
    return name


def _remove(doing: Doing, asked: Asked) -> Source | None:
    name = asked.ids["source"]
    return None if _rehearsed(doing, Intent(Verb.REMOVE, name)) else service_of(doing).remove(name)


def _simple(verb: Verb | None, do: Callable[[SourcesService, str], Source]) -> Act:
    """What does something to a source; without ``verb``, a dry run has no steps."""

    def act(doing: Doing, asked: Asked) -> str:
        name = asked.ids["source"]
        if verb is None and isinstance(doing.store, Rehearsal):
            service_of(doing).show(name)
        elif verb is None or not _rehearsed(doing, Intent(verb, name)):
            do(service_of(doing), name)
        return name

    return act


def _let_builtin(doing: Doing, asked: Asked) -> bool:
    mode: BuiltinMode = asked.body.mode
    return not _rehearsed(doing, Intent(Verb.BUILTIN, mode)) and service_of(doing).let_builtin(mode)


def _shown(reading: ReadTransaction, asked: Asked, name: str) -> Answer:
    return source_record(Reader(reading, asked).sources.show(name))


def _removed(_reading: ReadTransaction, _asked: Asked, source: Source) -> Answer:
    return source_record(source)


def _mode(_reading: ReadTransaction, asked: Asked, changed: bool) -> Answer:  # as `Show` passes it
    return {"mode": asked.body.mode, "changed": changed}


def _present_mode(reading: ReadTransaction, _asked: Asked) -> Answer:
    return {"mode": installation_of(reading).builtin}


def _plan(store: Store, asked: Asked) -> Answer:
    """What waits, or if nothing does, what the upstream lists now, would change."""
    name, now = asked.ids["source"], asked.now
    source = SourcesService(store, asked.actor, lambda: now).show(name)
    if source.pending is not None:
        waits = source.pending.sentence
        accept = Intent(Verb.ACCEPT, name)
        plan = preview(store, lambda deciding: accept.changes(deciding.reading, now), now, known=asked.state)
        return {"waits": waits, "plan": plan.record()}
    with store.read() as reading:
        organization_id = installation_of(reading).organization_id
    lists = ask_upstream(source.config, organization_id, lambda: now, store)
    plan = preview(
        store, lambda deciding: changes_of(deciding.reading, source.record, lists, now), now, known=asked.state
    )
    return {"waits": None, "plan": plan.record()}


def _sync(store: Store, asked: Asked) -> Answer:
    name, clock = asked.ids["source"], SYSTEM_CLOCK.now
    runner = Runner(
        store, clock, Upstreams(clock, contexts_of=contexts_in(store)), Lease(store, clock, _LEASE_SECONDS)
    )
    try:
        report = runner.run(name)
    except ConflictError as error:
        report = Report(source=name, outcome=Outcome.FAILED, sentence=str(error))
    return {**report.record(), "informs": report.informs}


SOURCES: Final = (
    Endpoint(
        method="GET",
        path=_SOURCES,
        operation="listSources",
        summary="List all sources, the one with the highest precedence first.",
        scope=Scope.READ,
        answer=Everything[SourceAnswer],
        read=_list,
    ),
    Endpoint(
        method="POST",
        path=_SOURCES,
        operation="createSource",
        summary="Add a source without a secret.",
        scope=Scope.CATALOG,
        query=ChangeQuery,
        body=NewSource,
        answer=SourceAnswer,
        check=_check_added,
        act=_add,
        show=_shown,
    ),
    Endpoint(
        method="GET",
        path=f"{_SOURCES}/{{source}}",
        operation="getSource",
        summary="Show one source.",
        scope=Scope.READ,
        answer=SourceAnswer,
        read=_show,
    ),
    Endpoint(
        method="POST",
        path=f"{_SOURCES}/{{source}}",
        operation="updateSource",
        summary="Change a source; its next run, due at once, respects it.",
        scope=Scope.CATALOG,
        query=ChangeQuery,
        body=ChangedSource,
        answer=SourceAnswer,
        check=_check_changed,
        act=_change,
        show=_shown,
    ),
    Endpoint(
        method="DELETE",
        path=f"{_SOURCES}/{{source}}",
        operation="removeSource",
        summary="Remove a source and all that it claims; the answer is as it was.",
        scope=Scope.CATALOG,
        query=ChangeQuery,
        answer=SourceAnswer,
        act=_remove,
        show=_removed,
    ),
    *(
        Endpoint(
            method="POST",
            path=f"{_SOURCES}/{{source}}/{word}",
            operation=f"{word}Source",
            summary=summary,
            scope=Scope.CATALOG,
            query=ChangeQuery,
            body=Body,
            answer=SourceAnswer,
            act=_simple(verb, do),
            show=_shown,
        )
        for word, summary, verb, do in (
            ("pause", "Ask a source only on demand from now on.", None, SourcesService.pause),
            ("resume", "Let a server ask a source again when it is due.", None, SourcesService.resume),
            ("accept", "Apply what waits for a person.", Verb.ACCEPT, SourcesService.accept),
            ("reject", "Keep the models as they are.", None, SourcesService.reject),
            ("forget", "Drop what the source answered about keys.", Verb.FORGET, SourcesService.forget),
        )
    ),
    Endpoint(
        method="POST",
        path=f"{_SOURCES}/{{source}}/sync",
        operation="syncSource",
        summary="Run a source at once, and return how that ended.",
        scope=Scope.CATALOG,
        body=Body,
        answer=ReportAnswer,
        run=_sync,
    ),
    Endpoint(
        method="GET",
        path=f"{_SOURCES}/{{source}}/plan",
        operation="planSource",
        summary="Return what the list that waits, or that the upstream has now, would change.",
        scope=Scope.CATALOG,
        query=Query,
        answer=SourcePlanAnswer,
        run=_plan,
    ),
    Endpoint(
        method="GET",
        path=f"{_SOURCES}/{{source}}/governed",
        operation="getGoverned",
        summary="Return what rules let the keys of a source see at most.",
        scope=Scope.READ,
        answer=GovernedAnswer,
        read=_governed,
    ),
    Endpoint(
        method="GET",
        path=f"{ROOT}/catalog/builtin",
        operation="getBuiltinMode",
        summary="Return what the built-in models are for.",
        scope=Scope.READ,
        answer=PresentMode,
        read=_present_mode,
    ),
    Endpoint(
        method="POST",
        path=f"{ROOT}/catalog/builtin",
        operation="setBuiltinMode",
        summary="Let the built-in models be listed, or only fill in what sources list.",
        scope=Scope.CATALOG,
        query=ChangeQuery,
        body=Mode,
        answer=ModeAnswer,
        act=_let_builtin,
        show=_mode,
    ),
)

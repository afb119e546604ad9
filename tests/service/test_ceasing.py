"""What plans say of the built-in models is what then becomes of them."""

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.changes.change import AnyChange
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.plan.builtin_warnings import BUILTIN_MODELS, ceases, may_cease_later, stays_away
from callsheet.domain.plan.plan import Plan
from callsheet.service.apply import preview
from callsheet.service.ceasing import listed_by_builtin_alone
from callsheet.service.sync.config import read_config
from callsheet.service.sync.intents import Intent, Verb
from callsheet.service.sync.planning import ask_upstream, changes_of
from callsheet.service.sync.sources import SourcesService
from callsheet.storage.transactions.read import ReadTransaction
from tests.installation import Installation, now
from tests.service.sync.upstream import Upstream, serve_upstream

names = st.lists(st.text(min_size=1, max_size=3), min_size=1, max_size=7)


def planned(installation: Installation, changes: Callable[[ReadTransaction], Sequence[AnyChange]]) -> Plan:
    return preview(installation.store, lambda deciding: changes(deciding.reading), now())


def intended(installation: Installation, verb: Verb, name: str = "gateway", **members: Any) -> Plan:
    intent = Intent(verb, name, members)
    return planned(installation, lambda reading: intent.changes(reading, now()))


def said(plan: Plan) -> list[str]:
    return [each.message for each in plan.warnings if each.code == BUILTIN_MODELS]


def add(installation: Installation, url: str, name: str = "gateway", kind: str = "openai") -> SourcesService:
    service = SourcesService(installation.store, "test", now)
    service.add(name, read_config({"kind": kind, "url": url, "every": "never"}))
    return service


def test_only_a_source_that_may_list_the_first_model_is_warned_of(installation: Installation) -> None:
    with installation.store.read() as reading:
        count = len(listed_by_builtin_alone(reading))
    url = "http://127.0.0.1:1"
    (sentence,) = said(intended(installation, Verb.ADD, kind="openai", url=url))
    assert f": {count} models leave the catalogue" in sentence
    assert not said(intended(installation, Verb.ADD, kind="models-dev", url=url, provider="anthropic"))
    service = add(installation, url)
    assert said(intended(installation, Verb.CHANGE, url="http://127.0.0.1:2"))
    assert not said(intended(installation, Verb.CHANGE, every="1h"))
    assert not said(intended(installation, Verb.REMOVE))
    service.let_builtin(BuiltinMode.INFORM)
    assert not said(intended(installation, Verb.ADD, "other", kind="openai", url=url))
    (sentence,) = said(intended(installation, Verb.REMOVE))
    assert sentence.startswith("Removing gateway does not list the built-in models again.")
    add(installation, url, "other")
    assert not said(intended(installation, Verb.REMOVE))


def test_the_plan_of_the_first_list_counts_the_models_that_leave(installation: Installation) -> None:
    with installation.store.read() as reading:
        alone = listed_by_builtin_alone(reading)
    with serve_upstream() as upstream:
        plan = _plan_of_list(installation, upstream, [min(alone), "acme/new"])
    gone = {step.subject for step in plan.steps if step.kind == "model" and step.before and step.after is None}
    assert gone == alone - {min(alone)}
    (sentence,) = said(plan)
    assert f"{len(gone)} models leave the catalogue." in sentence


def _plan_of_list(installation: Installation, upstream: Upstream, listed: Sequence[str]) -> Plan:
    upstream.lists(*listed)
    source = add(installation, upstream.url).show("gateway")
    lists = ask_upstream(source.config, "", now, installation.store)
    return planned(installation, lambda reading: changes_of(reading, source.record, lists, now()))


@given(names, st.integers(0, 2_000))
def test_a_warning_names_its_sources_and_the_command_and_comes_only_if_a_model_leaves(
    sources: list[str], count: int
) -> None:
    for warnings in (list(may_cease_later(sources, count)), list(ceases(sources, count))):
        assert len(warnings) == bool(count)
        for each in warnings:
            assert each.subjects == tuple(sources)
            assert each.message.endswith("let the built-in models be listed.")
            assert f"{count:,} model{'s leave' if count > 1 else ' leaves'} the catalogue" in each.message
    assert [each.subjects for each in stays_away(sources)] == [tuple(sources)]

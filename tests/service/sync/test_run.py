"""Runs of a source over a real database and real HTTP: what is written, and what never is."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from callsheet.domain.changes.change import Subject
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.errors import ConflictError, DoesNotExistError
from callsheet.domain.model import Lifecycle
from callsheet.domain.sources.state import SourceState
from callsheet.service.setup import set_up
from callsheet.service.sync.config import Missing, New
from callsheet.service.sync.decide import Outcome
from callsheet.service.sync.durations import Grace
from callsheet.service.sync.lease import Lease
from callsheet.service.sync.sources import acceptance_of
from callsheet.sources.upstream import SourceKind
from tests.installation import Installation, now, on_both
from tests.service.sync.site import Site
from tests.service.sync.upstream import Upstream, serve_upstream

AT_ONCE: Final = Grace(1, 0)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serve_upstream() as serving:
        serving.lists("alpha", "beta", "gamma")
        yield serving


@pytest.fixture
def site(empty: Installation, upstream: Upstream) -> Site:
    return Site(empty, upstream)


@pytest.fixture
def usual(installation: Installation, upstream: Upstream) -> Site:
    """With the built-in models."""
    return Site(installation, upstream)


def row(model_id: str, **more: Any) -> dict[str, Any]:
    return {"id": model_id, "object": "model", "created": 1_700_000_000, **more}


@on_both
def test_the_first_run_lists_what_the_upstream_lists(site: Site) -> None:
    report = site.run()
    assert report.outcome is Outcome.APPLIED
    assert report.informs
    assert {"rows": 3, "listed": 3, "new": 3, "changed": 0, "missing": 0}.items() <= report.counts.items()
    assert site.models().keys() == {"alpha", "beta", "gamma"}
    record = site.installation.history.list("alpha")[0]
    assert (record.actor, record.action) == ("source:gateway", "add")


@on_both
def test_the_same_list_again_writes_nothing(site: Site) -> None:
    """https://github.com/anomalyco/models.dev/pull/3135: values that were copied into each entry every day."""
    site.run()
    before = site.rows()
    assert site.run().outcome is Outcome.UNCHANGED
    assert site.rows() == before


@on_both
def test_only_what_changed_is_written(site: Site, upstream: Upstream) -> None:
    upstream.rows([row(f"model-{number}") for number in range(50)])
    site.run()
    revision, records = site.revision, len(site.rows()["changes"])
    upstream.rows([row(f"model-{number}", created=1_700_000_000 + (number < 3)) for number in range(50)])
    report = site.run()
    assert report.counts["changed"] == 3
    assert site.revision == revision + 1
    assert len(site.rows()["changes"]) == records + 3


def test_a_list_that_the_upstream_says_is_unchanged_is_not_read(site: Site, upstream: Upstream) -> None:
    upstream.headers["etag"] = '"1"'
    site.run()
    assert site.run().outcome is Outcome.UNCHANGED
    assert upstream.asked[-1].headers["if-none-match"] == '"1"'
    assert site.source.state.last_good_at == site.source.state.last_run_at


@pytest.mark.parametrize("tag", ['"\xe9"', '"a\tb"'])
def test_a_tag_that_no_header_can_carry_is_not_sent_back(site: Site, upstream: Upstream, tag: str) -> None:
    upstream.headers["etag"] = tag
    site.run()
    assert site.run().outcome is Outcome.UNCHANGED
    assert "if-none-match" not in upstream.asked[-1].headers


def test_while_a_model_is_missing_the_whole_list_is_asked_for(site: Site, upstream: Upstream) -> None:
    site.run()
    upstream.headers["etag"] = '"1"'
    upstream.lists("alpha", "beta")
    for _ in range(3):
        site.run(minutes=60)
        assert "if-none-match" not in upstream.asked[-1].headers
    assert site.models()["gamma"].hidden
    site.run()
    site.run()
    assert "if-none-match" in upstream.asked[-1].headers


@pytest.mark.parametrize("how", ["fails", "html", "gone"])
def test_a_failed_fetch_leaves_the_last_good_list(site: Site, upstream: Upstream, how: str) -> None:
    """https://github.com/diegosouzapw/OmniRoute/pull/899, https://github.com/lemonade-sdk/lemonade-pi-plugin/issues/13."""
    site.run()
    before = site.rows()
    if how == "gone":
        site.sources.change("gateway", {"url": "http://127.0.0.1:1"})
        before = site.rows()
    elif how == "html":
        upstream.body = b"<html>"
    else:
        upstream.fails()
    report = site.run()
    assert report.outcome is Outcome.FAILED
    assert report.sentence.endswith(".")
    assert site.rows() == before
    state = site.source.state
    assert (state.failures, state.last_error) == (1, report.sentence)


def test_an_empty_list_waits_for_a_person(site: Site, upstream: Upstream) -> None:
    """https://github.com/diegosouzapw/OmniRoute/pull/899."""
    site.run()
    before = site.rows()
    upstream.lists()
    report = site.run()
    assert report.outcome is Outcome.QUARANTINED
    assert report.sentence == "The list is quarantined: it is empty, where there were 3 models."
    assert site.rows() == before
    upstream.lists("alpha", "beta", "gamma")
    assert site.run().outcome is Outcome.UNCHANGED
    assert site.source.pending is None


def test_a_person_accepts_what_is_quarantined(site: Site, upstream: Upstream) -> None:
    site.run()
    upstream.lists()
    site.run()
    site.sources.accept("gateway")
    assert all(model.hidden for model in site.models().values())
    assert site.installation.history.list("alpha")[0].actor == "ada"
    assert site.run().outcome is Outcome.UNCHANGED
    with pytest.raises(DoesNotExistError, match="Nothing of the source gateway waits"):
        site.sources.accept("gateway")


def test_what_went_by_an_acceptance_is_listed_again_when_it_is_back(site: Site, upstream: Upstream) -> None:
    site.run()
    upstream.lists()
    site.run()
    site.sources.accept("gateway")
    upstream.lists("alpha", "beta", "gamma")
    site.run()
    assert not any(model.hidden for model in site.models().values())


def test_what_is_back_is_listed_although_its_grace_was_made_longer(empty: Installation, upstream: Upstream) -> None:
    site = Site(empty, upstream, grace=AT_ONCE)
    site.run()
    upstream.lists("alpha", "beta")
    site.run()
    assert site.models()["gamma"].hidden
    site.sources.change("gateway", {"after": "9 runs and 9d"})
    upstream.lists("alpha", "beta", "gamma")
    site.run()
    assert not site.models()["gamma"].hidden


def test_a_model_that_appeared_hidden_stays_so_over_a_run_without_it(
    empty: Installation, upstream: Upstream
) -> None:
    site = Site(empty, upstream, new=New.HIDE)
    site.run()
    upstream.lists("alpha", "beta")
    site.run()
    upstream.lists("alpha", "beta", "gamma")
    site.run()
    assert site.models()["gamma"].hidden


def test_a_person_rejects_what_is_quarantined(site: Site, upstream: Upstream) -> None:
    site.run()
    before = site.models()
    upstream.lists()
    site.run()
    site.sources.reject("gateway")
    assert site.run(minutes=600).outcome is Outcome.UNCHANGED
    assert site.models() == before
    upstream.lists("alpha", "beta", "gamma", "delta")
    assert site.run().counts["rejected"] == 0
    assert site.models().keys() == {"alpha", "beta", "gamma", "delta"}


def test_what_was_rejected_can_be_accepted_later(site: Site, upstream: Upstream) -> None:
    site.run()
    upstream.lists()
    site.run()
    site.sources.reject("gateway")
    site.run()
    site.sources.accept("gateway")
    assert site.run().outcome is Outcome.QUARANTINED


def test_new_models_wait_for_a_person(empty: Installation, upstream: Upstream) -> None:
    site = Site(empty, upstream, new=New.HOLD)
    report = site.run()
    assert report.outcome is Outcome.UNCHANGED
    assert report.sentence == "3 new models wait for a person."
    site.sources.accept("gateway")
    upstream.lists("alpha", "beta", "gamma", "delta")
    assert site.run().counts["held"] == 1
    assert site.models().keys() == {"alpha", "beta", "gamma"}
    site.sources.reject("gateway")
    assert site.run().sentence == ""
    assert "delta" not in site.models()


def test_what_waits_says_since_when(empty: Installation, upstream: Upstream) -> None:
    site = Site(empty, upstream, new=New.HOLD)
    begun = site.clock()
    site.run()
    upstream.lists("alpha", "beta", "gamma", "delta")
    site.run()
    pending = site.source.pending
    assert pending is not None
    assert (pending.since, len(pending.claims)) == (begun, 4)


def test_what_is_new_in_a_list_is_said(site: Site, upstream: Upstream) -> None:
    """https://github.com/decolua/9router/issues/3603."""
    site.run()
    upstream.lists("alpha", "beta", "gamma", "delta")
    assert site.run().counts["new"] == 1
    record = site.installation.history.list(limit=1)[0]
    assert (record.action, record.subject) == ("add", "delta")


@on_both
def test_a_model_that_a_person_removed_does_not_come_back(site: Site, upstream: Upstream) -> None:
    """https://github.com/diegosouzapw/OmniRoute/pull/3212: a deleted synced model came back with the next run."""
    site.run()
    site.installation.catalog.remove("beta")
    upstream.rows([row("alpha"), row("beta", created=1_800_000_000), row("gamma")])
    report = site.run()
    assert "beta" not in site.models()
    assert report.counts["suppressed"] == 1


def test_hidden_is_neither_undone_nor_a_removal(site: Site, upstream: Upstream) -> None:
    """https://github.com/diegosouzapw/OmniRoute/pull/3816."""
    site.run()
    site.installation.catalog.hide("beta")
    upstream.rows([row("alpha"), row("beta", created=1_800_000_000), row("gamma")])
    site.run()
    assert site.models()["beta"].hidden
    site.installation.catalog.unhide("beta")
    site.run()
    assert not site.models()["beta"].hidden


def test_a_tombstone_does_not_swallow_a_sync(site: Site, upstream: Upstream) -> None:
    """Success was reported, and nothing stored, until tombstones of synced rows were dropped.

    https://github.com/diegosouzapw/OmniRoute/pull/10228, https://github.com/diegosouzapw/OmniRoute/pull/10248
    """
    site.run()
    site.sources.remove("gateway")
    with site.installation.store.read() as reading:
        assert set(reading.tombstones(["alpha"])) == {"alpha"}
    site.add("gateway")
    assert site.run().counts["new"] == 3
    assert site.models().keys() == {"alpha", "beta", "gamma"}


def test_what_a_person_set_is_not_overwritten(site: Site, upstream: Upstream) -> None:
    """https://github.com/synthetic-sciences/openscience/issues/159, https://github.com/anomalyco/models.dev/pull/3718."""
    site.run()
    site.installation.catalog.change("alpha", {"display_name": "Ours", "max_tokens": 5})
    upstream.rows([row("alpha", created=1_800_000_000), row("beta"), row("gamma")])
    site.run()
    alpha = site.models()["alpha"]
    assert (alpha.display_name, alpha.max_tokens, alpha.created_at.year) == ("Ours", 5, 2027)


def test_listing_is_not_permission(site: Site) -> None:
    """Which keys see a model is for workspaces to say.

    https://github.com/NousResearch/hermes-agent/pull/104178, https://github.com/antkawam/claude-code-aws-gateway/issues/67
    """
    workspace = site.installation.workspace("narrow", allow=("alpha",))
    site.run()
    sight = site.installation.access.sights(site.installation.access.show_workspace(workspace).visibility)[0]
    assert (sight.visible, sight.listed) == (("alpha",), 3)


@pytest.mark.parametrize("policy", Missing)
def test_a_model_that_is_missing_is_never_deleted(empty: Installation, upstream: Upstream, policy: Missing) -> None:
    """https://docs.aimlapi.com/api-references/service-endpoints/model-deprecations: absent is not withdrawn."""
    site = Site(empty, upstream, missing=policy, grace=AT_ONCE)
    site.run()
    upstream.lists("alpha", "beta")
    site.run()
    gamma = site.models()["gamma"]
    assert gamma.hidden is (policy is Missing.HIDE)
    assert gamma.lifecycle is {
        Missing.DEPRECATE: Lifecycle.DEPRECATED,
        Missing.RETIRE: Lifecycle.RETIRED,
    }.get(policy, Lifecycle.ACTIVE)
    upstream.lists("alpha", "beta", "gamma")
    site.run()
    gamma = site.models()["gamma"]
    assert (gamma.hidden, gamma.lifecycle) == (False, Lifecycle.ACTIVE)


def test_what_the_configuration_excludes_goes_with_the_next_run(site: Site, upstream: Upstream) -> None:
    """https://github.com/comet-ml/opik/pull/8073: variants such as :batch flooded the list."""
    upstream.lists("alpha", "alpha:batch", "beta:batch", "gamma:batch")
    site.run()
    site.sources.change("gateway", {"deny": ["*:batch"]})
    assert site.run().outcome is Outcome.APPLIED
    assert site.models().keys() == {"alpha"}


def test_a_rename_that_no_longer_fits_the_list_can_be_mended(empty: Installation, upstream: Upstream) -> None:
    site = Site(empty, upstream, rename={"a/*": "*", "b/*": "*"})
    upstream.lists("a/one", "b/two")
    site.run()
    upstream.lists("a/one", "b/two", "b/one")
    report = site.run()
    assert report.outcome is Outcome.FAILED
    assert "would both be called 'one'" in report.sentence
    site.sources.change("gateway", {"rename": {"a/*": "*", "b/*": "b-*"}})
    assert site.run().outcome is Outcome.APPLIED
    assert {"one", "b-one", "b-two"} <= site.models().keys()


@on_both
def test_removing_a_source_takes_away_what_only_it_lists(site: Site, upstream: Upstream) -> None:
    site.add("second", allow=("alpha",))
    site.run()
    site.run("second")
    site.installation.catalog.change("beta", {"display_name": "Ours"})
    site.sources.remove("gateway")
    assert "alpha" in site.models()
    assert "gamma" not in site.models()
    with site.installation.store.read() as reading:
        assert {each.name for each in reading.sources()} == {"second"}
        assert set(reading.source_states()) == {"second"}


def test_the_built_in_models_stay_until_a_source_has_listed_something(usual: Site, upstream: Upstream) -> None:
    before = usual.models()
    upstream.fails()
    assert not usual.run().informs
    assert usual.models() == before
    upstream.lists("alpha")
    assert usual.run().informs
    assert usual.models().keys() == {"alpha"}
    assert not usual.run().informs


def test_an_empty_first_list_does_not_empty_the_catalogue(usual: Site, upstream: Upstream) -> None:
    """As from Ollama before the first ollama pull."""
    before = usual.models()
    upstream.lists()
    assert not usual.run().informs
    assert usual.models() == before
    upstream.lists("alpha")
    assert usual.run().informs
    assert usual.models().keys() == {"alpha"}


def test_the_built_in_models_stay_while_all_that_a_source_lists_waits(
    installation: Installation, upstream: Upstream
) -> None:
    site = Site(installation, upstream, new=New.HOLD)
    before = site.models()
    assert not site.run().informs
    assert site.models() == before
    with site.installation.store.read() as reading:
        planned = {change.subject for change in acceptance_of(reading, "gateway") if change.kind is Subject.MODEL}
    assert planned == {*before, "alpha", "beta", "gamma"}
    site.sources.accept("gateway")
    assert site.models().keys() == {"alpha", "beta", "gamma"}


def test_the_built_in_facts_still_fill_in_what_a_source_lists(usual: Site, upstream: Upstream) -> None:
    upstream.lists("claude-opus-4-5-20251101", created=1)
    usual.run()
    model = usual.models()["claude-opus-4-5-20251101"]
    assert model.display_name == "Claude Opus 4.5"
    assert model.created_at.year == 2025


def test_an_id_that_is_a_built_in_alias_is_the_gateways_own_model(usual: Site, upstream: Upstream) -> None:
    upstream.lists("claude-opus-4-5", "claude-opus-4-5-20251101")
    assert usual.run().outcome is Outcome.APPLIED
    assert usual.models().keys() == {"claude-opus-4-5", "claude-opus-4-5-20251101"}
    assert usual.run().outcome is Outcome.UNCHANGED


def test_an_id_that_is_a_persons_alias_waits_for_a_person(site: Site, upstream: Upstream) -> None:
    site.run()
    site.installation.catalog.alias("fast", "alpha")
    upstream.lists("alpha", "beta", "gamma", "fast")
    report = site.run()
    assert report.sentence == "The list is quarantined: fast is an alias of alpha."
    site.sources.accept("gateway")
    assert site.run().outcome is Outcome.UNCHANGED
    assert "fast" not in site.models()
    site.installation.catalog.unalias("fast")
    site.run()
    assert "fast" in site.models()


def test_long_contexts_are_listed_where_the_catalogue_knows_them(usual: Site, upstream: Upstream) -> None:
    upstream.lists("claude-opus-5-5", "alpha")
    usual.sources.change("gateway", {"long_context_rows": True})
    usual.run()
    usual.run()
    models = usual.models()
    assert models.keys() == {"claude-opus-5-5", "claude-opus-5-5[1m]", "alpha"}
    assert models["claude-opus-5-5[1m]"].max_input_tokens == models["claude-opus-5-5"].max_input_tokens


def test_the_first_run_knows_the_long_contexts_of_built_in_models_that_nobody_lists(tmp_path: Path) -> None:
    installation = Installation(f"sqlite:///{tmp_path}/new.db")
    set_up(installation.store, now, None, BuiltinMode.INFORM)
    assert installation.catalog.list() == []
    with serve_upstream() as upstream:
        upstream.lists("claude-opus-5", "alpha")
        site = Site(installation, upstream)
        site.sources.change("gateway", {"long_context_rows": True, "picker_prefix": "anthropic/"})
        site.run()
        assert site.models().keys() == {"claude-opus-5", "claude-opus-5[1m]", "alpha", "anthropic/alpha"}
        assert site.models()["claude-opus-5[1m]"].max_input_tokens == 1_000_000


def test_an_enrichment_never_lets_a_model_exist(site: Site, upstream: Upstream) -> None:
    site.run()
    with serve_upstream() as facts:
        known = {"alpha": {"id": "alpha", "name": "Alpha"}, "other": {"id": "other", "name": "Other"}}
        facts.body = json.dumps({"acme": {"models": known}}).encode()
        site.add("facts", kind=SourceKind.MODELS_DEV, url=facts.url, provider="acme")
        report = site.run("facts")
        assert report.outcome is Outcome.APPLIED
    assert site.models()["alpha"].display_name == "Alpha"
    assert "other" not in site.models()


def test_two_processes_do_not_run_a_source_at_once(site: Site) -> None:
    other = Lease(site.installation.store, site.clock)
    assert other.take("gateway")
    assert site.run().outcome is None
    other.release("gateway")
    assert site.run().outcome is Outcome.APPLIED


@on_both
def test_a_lease_is_renewed_only_while_it_is_held(site: Site) -> None:
    """A renewal that waits for the transaction in which the run ends must not take the lease again."""
    lease = Lease(site.installation.store, site.clock)
    assert not lease.renew("gateway")
    assert lease.take("gateway")
    site.clock.passes(seconds=50)
    assert lease.renew("gateway")
    site.clock.passes(seconds=50)
    assert site.run().outcome is None
    lease.release("gateway")
    assert not lease.renew("gateway")
    assert site.run().outcome is Outcome.APPLIED


def test_a_source_whose_process_was_killed_is_taken_over_once_its_lease_is_over(site: Site) -> None:
    killed = Lease(site.installation.store, site.clock)
    assert killed.take("gateway")
    site.clock.passes(seconds=59)
    assert site.run(minutes=0).outcome is None
    site.clock.passes(seconds=2)
    assert site.run().outcome is Outcome.APPLIED


def test_what_a_process_finds_that_has_lost_its_lease_is_not_written(site: Site) -> None:
    runner = site.runner()

    def lose(what: str, _done: int, _total: int) -> None:
        if what.startswith("Asking"):
            site.clock.passes(minutes=10)
            assert Lease(site.installation.store, site.clock).take("gateway")

    before = site.rows()
    with pytest.raises(ConflictError, match="taken over by another process"):
        runner.run("gateway", lose)
    assert site.rows() == before


def test_a_lease_from_before_the_clock_was_set_back_does_not_last_for_ever(site: Site) -> None:
    assert Lease(site.installation.store, site.clock).take("gateway")
    site.clock.passes(days=-30)
    assert site.run().outcome is Outcome.APPLIED


def test_a_source_that_is_changed_while_it_runs_is_not_written(site: Site) -> None:
    def change(what: str, _done: int, _total: int) -> None:
        if what.startswith("Asking"):
            site.sources.change("gateway", {"deny": ["alpha"]})

    with pytest.raises(ConflictError, match="was changed while it ran"):
        site.runner().run("gateway", change)
    assert "alpha" not in site.models()
    site.run()
    assert site.models().keys() == {"beta", "gamma"}


def test_a_source_that_fails_is_asked_again_ever_later(site: Site, upstream: Upstream) -> None:
    upstream.fails()
    waits = []
    for _ in range(12):
        site.run(minutes=0)
        state: SourceState = site.source.state
        assert state.next_run_at is not None
        waits.append((state.next_run_at - site.clock.now).total_seconds())
    assert 15 <= waits[0] <= 30
    assert waits[-1] <= 3600
    assert waits[-1] > waits[2] > waits[0]
    upstream.lists("alpha")
    site.run(minutes=0)
    state = site.source.state
    assert state.failures == 0
    assert state.next_run_at is not None
    assert 270 <= (state.next_run_at - site.clock.now).total_seconds() <= 330


def test_a_source_that_does_not_exist_is_named(site: Site) -> None:
    with pytest.raises(DoesNotExistError, match=r"There is no source 'gatway'; the sources are: gateway\."):
        site.runner().run("gatway")


def test_the_secret_is_nowhere_in_the_database(
    empty: Installation, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    from callsheet.service.sync.secret import parse_reference

    monkeypatch.setenv("GATEWAY_KEY", "sk-sesame-1234")
    site = Site(empty, upstream, secret=parse_reference("env:GATEWAY_KEY"))
    site.run()
    assert upstream.asked[-1].headers["authorization"] == "Bearer sk-sesame-1234"
    upstream.fails(401, b'{"error": {"message": "sk-sesame-1234 is wrong"}}')
    assert "sesame" not in site.run().sentence
    assert b"sesame" not in Path(empty.store.display_name).read_bytes()


def test_a_failure_does_not_outlast_the_change_to_a_source_that_is_only_asked_about_keys(
    site: Site, upstream: Upstream
) -> None:
    upstream.fails(500)
    site.run()
    assert (site.source.state.last_outcome, site.source.state.failures) == ("failed", 1)
    site.sources.change("gateway", {"asks_keys": True, "every": "5m"})
    assert site.source.state.last_outcome == "failed", "a next run is due"
    site.sources.change("gateway", {"every": "never"})
    state = site.source.state
    assert (state.last_outcome, state.last_error, state.failures) == (None, None, 0)


def test_a_run_that_was_under_way_meanwhile_does_not_fail_such_a_source(site: Site, upstream: Upstream) -> None:
    def answer(_: str) -> tuple[int, dict[str, str], bytes]:
        site.sources.change("gateway", {"asks_keys": True, "every": "never"})
        return 500, {}, b""

    upstream.answer = answer
    assert site.runner().run_if_due("gateway").outcome is None
    state = site.source.state
    assert (state.last_outcome, state.failures, state.lease_holder) == (None, 0, None)
    assert site.run().outcome == "failed", "a person who runs it sees what goes wrong"

"""What a list means for what its source claims: the complaints of others, and properties over any lists."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager, ManagerKind
from callsheet.domain.sources.absence import Absence
from callsheet.service.sync.config import Missing, New, SourceConfig
from callsheet.service.sync.decide import Decision, Outcome, decide, names_that_are_new
from callsheet.service.sync.durations import Grace
from callsheet.service.sync.known import Known, Said, Surroundings
from callsheet.service.sync.pending import as_pending, read_pending
from callsheet.service.sync.quarantine import Cause
from callsheet.sources.upstream import FIRST_SEEN, LastKnown, Listed, SourceKind

SOURCE: Final = Manager(ManagerKind.SOURCE, "gateway")
OTHER: Final = Manager(ManagerKind.SOURCE, "other")
NOW: Final = datetime(2026, 11, 29, 20, 0, tzinfo=UTC)
YES: Final = {"supported": True}
BATCH: Final = {"batch": YES}
ALONE: Final = Surroundings({}, frozenset(), {})


class Gateway:
    """A source, run after run, with what it claims in a memory."""

    def __init__(self, **config: Any) -> None:
        self.config = SourceConfig(kind=SourceKind.OPENAI, url="http://localhost:8000", **config)
        self.known = Known({}, {}, {}, {})
        self.now = NOW
        self.surroundings = ALONE
        self.existing: frozenset[str] = frozenset()

    def decide(
        self, listed: Sequence[Listed | str], excluded: Sequence[str] = (), *, accepts: bool = False
    ) -> Decision:
        """What a run comes to."""
        rows = [Listed(each) if isinstance(each, str) else each for each in listed]
        manager = self.config.manager("gateway")
        said = Said(rows, frozenset(excluded))
        return decide(manager, self.config, self.known, said, self.surroundings, self.now, accepts=accepts)

    def run(self, *listed: Listed | str, minutes: float = 5, **more: Any) -> Decision:
        """Run, write what may be written, and let time pass."""
        decision = self.decide(listed, **more)
        if not decision.reasons:
            self.write(decision)
        self.now += timedelta(minutes=minutes)
        return decision

    def write(self, decision: Decision) -> None:
        models, aliases = dict(self.known.models), dict(self.known.aliases)
        for each in decision.changed:
            claims = models if each.kind is ClaimKind.MODEL else aliases
            claims.pop(each.subject, None)
            if not each.is_empty:
                claims[each.subject] = each
        absences = {name: each for name, each in self.known.absences.items() if name not in decision.returned}
        absences |= {each.model_id: each for each in decision.absences}
        self.known = Known(models, aliases, absences, decision.rejected)

    @property
    def fields(self) -> Mapping[str, Mapping[str, Any]]:
        """What is claimed of each model."""
        return {name: each.fields for name, each in self.known.models.items()}


def causes(decision: Decision) -> list[Cause]:
    return [reason.cause for reason in decision.reasons]


def test_an_empty_fetch_does_not_wipe_the_models() -> None:
    """https://github.com/diegosouzapw/OmniRoute/pull/899, https://github.com/lemonade-sdk/lemonade-pi-plugin/issues/13."""
    gateway = Gateway()
    gateway.run("a")
    decision = gateway.run()
    assert decision.outcome is Outcome.QUARANTINED
    assert causes(decision) == [Cause.EMPTY]
    assert set(gateway.fields) == {"a"}


def test_an_empty_first_list_is_only_empty() -> None:
    assert Gateway().run().outcome is Outcome.UNCHANGED


@pytest.mark.parametrize(("size", "gone", "is_short"), [(5, 2, False), (5, 3, True), (20, 4, False), (20, 5, True)])
def test_more_than_a_fifth_gone_is_quarantined(size: int, gone: int, is_short: bool) -> None:
    gateway = Gateway()
    ids = [f"model-{number}" for number in range(size)]
    gateway.run(*ids)
    assert (causes(gateway.run(*ids[gone:])) == [Cause.SHORT]) == is_short


def test_a_list_that_shrinks_bit_by_bit_is_not_measured_with_what_went_before() -> None:
    gateway = Gateway()
    ids = [f"model-{number}" for number in range(20)]
    gateway.run(*ids)
    for start in range(1, 8):
        assert not gateway.run(*ids[start:]).reasons


def test_an_add_only_sync_does_not_grow_for_ever() -> None:
    """https://github.com/comet-ml/opik/pull/7315, /7663, /8073: what left the upstream leaves the list."""
    gateway = Gateway(missing=Missing.RETIRE)
    for month in range(12):
        ids = [f"model-{number}" for number in range(month, month + 10)]
        for _ in range(4):
            gateway.run(*ids, minutes=60)
    listed = [name for name, fields in gateway.fields.items() if fields.get("lifecycle") != "retired"]
    assert len(listed) == 10


def test_variants_that_a_new_pattern_excludes_go_at_once() -> None:
    """https://github.com/comet-ml/opik/pull/8073: what a person does not want any more is not missing."""
    gateway = Gateway(missing=Missing.KEEP)
    gateway.run("a", "a:batch", "b:batch", "c:batch")
    decision = gateway.run("a", excluded=["a:batch", "b:batch", "c:batch"])
    assert decision.outcome is Outcome.APPLIED
    assert set(gateway.fields) == {"a"}


@pytest.mark.parametrize("policy", Missing)
def test_absent_is_not_withdrawn(policy: Missing) -> None:
    """https://docs.aimlapi.com/api-references/service-endpoints/model-deprecations."""
    gateway = Gateway(missing=policy)
    gateway.run("a", "b")
    before = gateway.fields
    for _ in range(2):
        assert gateway.run("a").outcome is Outcome.UNCHANGED
    gateway.run("a", minutes=51)  # the third, but for an hour yet
    assert gateway.fields == before
    gateway.run("a")
    expected = {
        Missing.KEEP: {},
        Missing.HIDE: {"hidden": True},
        Missing.DEPRECATE: {"lifecycle": "deprecated", "deprecated_at": "2026-11-29T20:05:00Z"},
        Missing.RETIRE: {
            "lifecycle": "retired",
            "deprecated_at": "2026-11-29T20:05:00Z",
            "retires_at": "2026-11-29T20:05:00Z",
        },
    }
    assert gateway.fields == {"a": {}, "b": expected[policy]}
    assert gateway.known.models["b"].lists is True
    assert gateway.run("a").outcome is Outcome.UNCHANGED


@pytest.mark.parametrize("policy", Missing)
def test_back_again_undoes_the_absence(policy: Missing) -> None:
    gateway = Gateway(missing=policy, grace=Grace(1, 0))
    gateway.run("a", Listed("b", {"max_tokens": 5}))
    before = gateway.fields
    gateway.run("a")
    assert "b" in gateway.known.absences
    gateway.run("a", Listed("b", {"max_tokens": 5}))
    assert gateway.fields == before
    assert not gateway.known.absences


def test_a_clock_that_was_set_back_does_not_keep_a_model_for_ever() -> None:
    gateway = Gateway(grace=Grace(1, 3_600))
    gateway.run("a", "b")
    gateway.run("a", minutes=-600)
    gateway.run("a", minutes=60)
    gateway.run("a")
    assert gateway.fields["b"] == {"hidden": True}


@pytest.mark.parametrize(
    ("before", "after", "cause"),
    [
        ({"max_input_tokens": 200_000}, {"max_input_tokens": 100_000}, Cause.LIMIT),
        ({"max_tokens": 2}, {"max_tokens": 1}, Cause.LIMIT),
        ({"max_tokens": 2}, {"max_tokens": 3}, None),
        ({"max_tokens": 2}, {}, None),
        ({"capabilities": BATCH}, {"capabilities": {"batch": {"supported": False}}}, Cause.CAPABILITY),
        ({"capabilities": {"effort": {**YES, "max": YES}}}, {"capabilities": {"effort": YES}}, Cause.CAPABILITY),
        ({"capabilities": BATCH}, {}, Cause.CAPABILITY),
        ({}, {"capabilities": BATCH}, None),
        ({"retires_at": "2027-02-01T00:00:00Z"}, {"retires_at": "2027-01-31T00:00:00Z"}, Cause.DATE),
        ({"retires_at": "2027-02-01T00:00:00Z"}, {"retires_at": "2027-03-01T00:00:00Z"}, None),
        ({}, {"retires_at": "2027-03-01T00:00:00Z"}, None),
    ],
)  # fmt: skip
def test_limits_capabilities_and_dates_do_not_get_worse_by_themselves(
    before: Mapping[str, Any], after: Mapping[str, Any], cause: Cause | None
) -> None:
    """https://github.com/anomalyco/models.dev/pull/3240: a bot that would have removed the override of a limit."""
    gateway = Gateway()
    gateway.run(Listed("a", before))
    decision = gateway.run(Listed("a", after))
    assert causes(decision) == ([] if cause is None else [cause])
    assert gateway.fields["a"] == (after if cause is None else before)


def test_the_trained_context_was_a_guess_so_the_served_one_is_no_loss() -> None:
    """https://github.com/ollama/ollama/issues/6902"""
    guessed = {"max_input_tokens": 131_072}
    gateway = Gateway()
    gateway.run(Listed("maple", {"max_input_tokens": LastKnown(131_072)}, guessed=guessed))
    assert causes(gateway.run(Listed("maple", {"max_input_tokens": 8192}, guessed=guessed))) == []
    assert causes(gateway.run(Listed("maple", {"max_input_tokens": LastKnown(131_072)}, guessed=guessed))) == []
    assert gateway.known.models["maple"].fields["max_input_tokens"] == 8192
    assert causes(gateway.run(Listed("maple", {"max_input_tokens": 4096}, guessed=guessed))) == [Cause.LIMIT]


def test_an_id_that_is_an_alias_of_others_is_quarantined() -> None:
    gateway = Gateway()
    gateway.surroundings = ALONE._replace(aliases={"fast": "claude-haiku-4-5"})
    decision = gateway.run("fast", "b")
    assert [reason.words for reason in decision.reasons] == ["fast is an alias of claude-haiku-4-5"]


def test_an_id_that_another_source_holds_as_another_model_is_quarantined() -> None:
    gateway = Gateway()
    theirs = Claims("a", OTHER, True, {"line": "opus", "max_tokens": 5})
    gateway.surroundings = ALONE._replace(claims={"a": [theirs]})
    assert causes(gateway.decide([Listed("a", {"line": "haiku"})])) == [Cause.COLLISION]
    assert not gateway.decide([Listed("a", {"line": "opus", "max_tokens": 6})]).reasons


def test_an_alias_that_others_use_for_something_else_is_quarantined() -> None:
    gateway = Gateway()
    row = Listed("a", {}, ("fast",))
    gateway.surroundings = ALONE._replace(models=frozenset({"fast"}))
    assert causes(gateway.decide([row])) == [Cause.COLLISION]
    gateway.surroundings = ALONE._replace(aliases={"fast": "b"})
    assert causes(gateway.decide([row])) == [Cause.COLLISION]
    gateway.surroundings = ALONE._replace(aliases={"fast": "a"})
    assert not gateway.decide([row]).reasons


def test_a_name_that_was_accepted_as_anothers_is_left_to_it() -> None:
    gateway = Gateway()
    gateway.surroundings = ALONE._replace(aliases={"fast": "claude-haiku-4-5"})
    gateway.write(gateway.decide(["fast", "b"], accepts=True))
    assert set(gateway.fields) == {"b"}
    assert gateway.run("fast", "b").outcome is Outcome.UNCHANGED
    gateway.surroundings = ALONE  # the alias is gone
    gateway.run("fast", "b")
    assert set(gateway.fields) == {"b", "fast"}


def test_what_is_new_can_be_hidden_until_a_person_shows_it() -> None:
    """https://github.com/diegosouzapw/OmniRoute/pull/3816: hidden is not removed, and a run does not undo it."""
    gateway = Gateway(new=New.HIDE)
    gateway.run("a")
    assert gateway.fields == {"a": {"hidden": True}}
    assert gateway.run("a").outcome is Outcome.UNCHANGED
    gateway.config = replace(gateway.config, new=New.LIST)
    gateway.run("a", "b")
    assert gateway.fields == {"a": {"hidden": True}, "b": {}}


def test_what_is_new_can_wait_for_a_person() -> None:
    gateway = Gateway(new=New.HOLD)
    decision = gateway.run(Listed("a", {}, ("first",)))
    assert decision.outcome is Outcome.UNCHANGED
    assert [each.subject for each in decision.held] == ["a", "first"]
    gateway.write(gateway.decide([Listed("a", {}, ("first",))], accepts=True))
    assert gateway.run(Listed("a", {}, ("first",)), "b").counts["held"] == 1
    assert set(gateway.fields) == {"a"}


def test_what_a_person_rejected_stays_as_it_was_until_the_upstream_takes_it_back() -> None:
    gateway = Gateway()
    gateway.run(Listed("a", {"max_tokens": 5}), "b", "c")
    assert causes(gateway.run(Listed("a", {"max_tokens": 4}), "b", "c")) == [Cause.LIMIT]
    gateway.known = gateway.known._replace(rejected={"a": "limit"})
    decision = gateway.run(Listed("a", {"max_tokens": 4}), "b", "c", "d")
    assert decision.outcome is Outcome.APPLIED
    assert gateway.fields["a"] == {"max_tokens": 5}
    assert set(gateway.fields) == {"a", "b", "c", "d"}
    gateway.run(Listed("a", {"max_tokens": 5}), "b", "c", "d")
    assert not gateway.known.rejected


def test_a_model_that_a_person_says_is_not_gone_stays() -> None:
    gateway = Gateway(grace=Grace(1, 0))
    gateway.run("a", "b")
    gateway.known = gateway.known._replace(rejected={"b": "short"})
    assert gateway.run("a").outcome is Outcome.UNCHANGED
    assert not gateway.known.absences
    assert gateway.known.rejected == {"b": "short"}


def test_a_person_who_accepts_that_models_are_gone_need_not_wait_for_the_grace() -> None:
    gateway = Gateway(missing=Missing.RETIRE)
    gateway.run("a", "b", "c", "d")
    assert causes(gateway.run("a")) == [Cause.SHORT]
    gateway.write(gateway.decide(["a"], accepts=True))
    assert {name for name, each in gateway.fields.items() if each.get("lifecycle") == "retired"} == {"b", "c", "d"}


def test_an_enrichment_claims_only_facts_of_models_that_exist() -> None:
    enrichment = Gateway()
    enrichment.config = SourceConfig(kind=SourceKind.MODELS_DEV, url="https://models.dev/api.json")
    enrichment.surroundings = ALONE._replace(models=frozenset({"a"}))
    enrichment.run(Listed("a", {"max_tokens": 5}, ("alias",)), Listed("b", {"max_tokens": 6}))
    assert enrichment.fields == {"a": {"max_tokens": 5}}
    assert enrichment.known.models["a"].lists is None
    assert not enrichment.known.aliases
    enrichment.surroundings = ALONE._replace(models=frozenset({"b"}))
    enrichment.run(Listed("a", {"max_tokens": 5}), Listed("b", {"max_tokens": 6}))
    assert enrichment.fields == {"b": {"max_tokens": 6}}


def test_a_server_that_says_now_of_every_model_does_not_change_them() -> None:
    gateway = Gateway()
    gateway.run(Listed("a", {"created_at": FIRST_SEEN}))
    assert gateway.fields == {"a": {"created_at": "2026-11-29T20:00:00Z"}}
    assert gateway.run(Listed("a", {"created_at": FIRST_SEEN})).outcome is Outcome.UNCHANGED


_ids: Final = st.sampled_from("abcdefgh")
_rows: Final = st.builds(
    Listed,
    _ids,
    st.fixed_dictionaries({}, optional={"max_tokens": st.integers(1, 3), "line": st.sampled_from(["x", "y"])}),
    st.lists(st.sampled_from(["p", "q"]), max_size=1).map(tuple),
)
_lists: Final = st.lists(_rows, max_size=8, unique_by=(lambda row: row.id, lambda row: row.aliases or row.id))
_configs: Final[st.SearchStrategy[dict[str, Any]]] = st.builds(
    dict,
    new=st.sampled_from(New),
    missing=st.sampled_from(Missing),
    grace=st.builds(Grace, st.integers(0, 3), st.sampled_from([0, 600])),
)


@given(_configs, st.lists(st.tuples(_lists, st.booleans(), st.integers(-10, 20)), max_size=8))
def test_any_lists_leave_claims_that_make_sense(config: Mapping[str, Any], lists: Sequence[Any]) -> None:
    gateway = Gateway(**config)
    for rows, accepts, minutes in lists:
        before = gateway.known
        decision = gateway.decide(rows, accepts=accepts)
        assert not (accepts and decision.reasons)
        if decision.reasons:
            continue
        gateway.write(decision)
        known = gateway.known
        assert before.models.keys() <= known.models.keys(), "a model is never deleted"
        assert all(each.lists for each in known.models.values())
        listed = {row.id for row in rows}
        for name, claims in known.models.items():
            row = next((row for row in rows if row.id == name), None)
            if row is None:
                assert name in known.absences or name in known.rejected
            elif name not in known.rejected:
                assert {**claims.fields, **row.fields} == claims.fields
        assert not (listed & known.absences.keys())
        waiting = {each.subject for each in decision.held}
        assert listed <= known.models.keys() | waiting | known.rejected.keys()
        again = gateway.decide(rows, accepts=accepts)
        assert accepts or not again.reasons
        changed = {each.subject for each in again.changed}
        assert changed <= known.absences.keys(), "the same list again changes only what is missing"
        gateway.now += timedelta(minutes=minutes)


@given(_lists)
def test_what_waits_is_read_as_it_was_written(rows: Sequence[Listed]) -> None:
    gateway = Gateway()
    for claims in gateway.decide(rows).changed:
        assert read_pending(as_pending(claims), claims.manager) == claims


def test_names_are_new_that_were_not_claimed() -> None:
    known = Known({"a": Claims("a", SOURCE, True)}, {}, {"b": Absence("b", NOW, 1)}, {})
    assert names_that_are_new(known, Said([Listed("a", {}, ("x",)), Listed("c")])) == ["c", "x"]

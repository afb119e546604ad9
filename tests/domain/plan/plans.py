"""Plans drawn at random, of values as small as they may be."""

from typing import Any

from hypothesis import strategies as st

from callsheet.domain.changes.change import Action, Subject
from callsheet.domain.claims.claims import ClaimKind
from callsheet.domain.claims.manager import BUILTIN, PERSON, Manager, ManagerKind
from callsheet.domain.plan.impact import AliasMove, Audience, Impact, LostReplacement, WorkspaceName
from callsheet.domain.plan.plan import Plan
from callsheet.domain.plan.step import ClaimsChange, Step
from callsheet.domain.plan.warnings import PlanWarning

texts = st.text(max_size=4)
ids = st.lists(texts, max_size=2).map(tuple)
managers = st.sampled_from(
    [PERSON, BUILTIN, Manager(ManagerKind.FILE, "team-a"), Manager(ManagerKind.SOURCE, "vllm")]
)
leaves = st.none() | st.booleans() | st.integers() | texts
values: st.SearchStrategy[Any] = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2), max_leaves=4
)
records = st.none() | st.dictionaries(texts, values, max_size=3)
said = st.none() | st.fixed_dictionaries(
    {"lists": st.none() | st.booleans(), "fields": st.dictionaries(texts, values, max_size=2)}
)


@st.composite
def steps(draw: st.DrawFn) -> Step:
    """A step of anything."""
    kind = draw(st.sampled_from(Subject))
    things = st.none() | st.fixed_dictionaries({"alias": texts, "model_id": texts})
    sides = things if kind is Subject.ALIAS else records
    return Step(
        action=draw(st.sampled_from(Action)),
        kind=kind,
        subject=draw(texts),
        manager=draw(managers),
        claims=draw(st.none() | st.builds(ClaimsChange, said, said)) if kind in map(Subject, ClaimKind) else None,
        before=draw(sides),
        after=draw(sides),
    )


audiences = st.builds(
    Audience,
    workspaces=st.lists(st.builds(WorkspaceName, texts, texts), max_size=2).map(tuple),
    keys=st.integers(0, 3),
    gains=ids,
    loses=ids,
    unlists=ids,
    gains_unlisted=ids,
    loses_unlisted=ids,
    changes=ids,
    lines_lost=ids,
    is_emptied=st.booleans(),
    starts=st.booleans(),
    stops=st.booleans(),
)
moves = st.builds(AliasMove, texts, st.none() | texts, st.none() | texts, st.booleans())
impacts = st.builds(
    Impact,
    st.lists(audiences, max_size=2).map(tuple),
    st.lists(st.builds(AliasMove, texts, st.none() | texts, st.none() | texts, st.booleans()), max_size=2).map(
        tuple
    ),
    st.lists(st.builds(LostReplacement, texts, texts), max_size=2).map(tuple),
)
plans = st.builds(
    Plan,
    installation=texts,
    base_revision=st.integers(0, 10**9),
    manager=managers,
    steps=st.lists(steps(), max_size=3, unique_by=lambda step: step.identity).map(tuple),
    impact=impacts,
    warnings=st.lists(st.builds(PlanWarning, texts, texts, ids), max_size=2).map(tuple),
)

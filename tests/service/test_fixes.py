"""Each fix that is proposed turns the answer, as it says, once the services have done it."""

from datetime import timedelta
from hashlib import sha256
from itertools import count
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from callsheet.api.state import Options
from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.changes.change import Action, Change
from callsheet.domain.changes.claiming import claim
from callsheet.domain.claims.claims import Claims
from callsheet.domain.claims.manager import Manager, ManagerKind
from callsheet.domain.model import Lifecycle
from callsheet.domain.query import Reach
from callsheet.service.explain.explainer import Explained, Explainer
from callsheet.service.explain.fixes import Remedy, RemedyKind
from tests.installation import Installation, make_model, now
from tests.tiers import examples

VLLM = Manager(ManagerKind.SOURCE, "vllm")
_ORDER = [Reach.ABSENT, Reach.RETRIEVABLE, Reach.LISTED]
NUMBERS = count()


class Case(NamedTuple):
    """What may stand in the way of a model."""

    name: str
    origin: str
    hidden: bool
    retired: bool
    removed: bool
    alias: str
    allow: tuple[str, ...]
    deny: tuple[str, ...]
    status: KeyStatus
    expired: bool
    archived: bool


patterns = st.lists(st.sampled_from(["{}", "*", "-x", "other*", "?[!z]*"]), max_size=2, unique=True).map(tuple)
cases = st.builds(
    Case,
    name=st.sampled_from(["m{}", "-m{}", "m [{}m]", "m*{}"]),
    origin=st.sampled_from(["person", "source", "none"]),
    hidden=st.booleans(),
    retired=st.booleans(),
    removed=st.booleans(),
    alias=st.sampled_from(["", "", "given", "dropped"]),
    allow=patterns,
    deny=patterns,
    status=st.sampled_from([KeyStatus.ACTIVE, KeyStatus.ACTIVE, KeyStatus.DISABLED, KeyStatus.ARCHIVED]),
    expired=st.sampled_from([False, False, True]),
    archived=st.sampled_from([False, False, False, True]),
)


def set_up(installation: Installation, case: Case, number: int) -> str:
    """Make it so; return the name to ask for. The key is called ``k`` and the number."""
    model_id, alias, team = case.name.format(number), f"alias{number}", f"w{number}"
    fields: dict[str, Any] = {"hidden": case.hidden}
    if case.retired:
        fields |= {"lifecycle": Lifecycle.RETIRED, "deprecated_at": now()}
    allow, deny = (tuple(each.format(model_id) for each in some) for some in (case.allow, case.deny))
    if case.origin == "person":
        installation.add(make_model(model_id, **fields))
    elif case.origin == "source":
        plain = {**fields, **({"deprecated_at": "2026-01-01T00:00:00Z"} if case.retired else {})}
        with installation.store.write("callsheet:sync", now()) as writing:
            writing.apply(claim(writing, [Claims(model_id, VLLM, True, plain)]))
    if case.alias and case.origin != "none":
        installation.catalog.alias(alias, model_id)
        if case.alias == "dropped":
            installation.catalog.unalias(alias)
    if case.removed and case.origin != "none":
        installation.catalog.remove(model_id, globs=False)
    workspace_id = installation.workspace(team, allow=allow, deny=deny)
    key = APIKey(
        id=f"apikey_{number}",
        name=f"k{number}",
        workspace_id=workspace_id,
        fingerprint=sha256(str(number).encode()).digest(),
        hint="",
        status=case.status,
        expires_at=now() - timedelta(days=1) if case.expired else None,
        created_at=now() - timedelta(days=2),
    )
    with installation.store.write("test", now()) as writing:
        writing.apply([Change(Action.CREATE, None, key)])
    if case.archived:
        installation.access.archive_workspace(team)
    return alias if case.alias else model_id


def explained(installation: Installation, name: str, key_id: str) -> Explained:
    with installation.store.read() as reading:
        return Explainer(reading, Options(), now()).explain(name, key_id)


def do(installation: Installation, remedy: Remedy) -> None:
    """Do what a remedy says by the service that does such things."""
    access, catalog = installation.access, installation.catalog
    kind, subject, target, allow, deny = remedy
    match kind:
        case RemedyKind.ENABLE_KEY:
            access.enable_key(subject)
        case RemedyKind.RENEW_KEY:
            access.change_key(subject, {"expires_at": None})
        case RemedyKind.MOVE_KEY:
            access.change_key(subject, {"workspace": target})
        case RemedyKind.RELEASE:
            catalog.release(subject)
        case RemedyKind.ADD:
            catalog.add(make_model(subject, "1970-01-01"))
        case RemedyKind.ALIAS:
            catalog.alias(subject, target)
        case RemedyKind.CHANGE_RULES:
            access.change_workspace(subject, {"allow": allow, "deny": deny})
        case RemedyKind.UNHIDE:
            catalog.unhide(subject)
        case RemedyKind.ACTIVATE:
            catalog.change(subject, {"lifecycle": Lifecycle.ACTIVE})


@examples(1)
@given(cases, st.integers(0, 2))
def test_each_fix_turns_the_answer_when_it_is_done(empty: Installation, case: Case, chosen: int) -> None:
    number = next(NUMBERS)
    name, key_id = set_up(empty, case, number), f"apikey_{number}"
    _, explanation, _, fixes = explained(empty, name, key_id)
    may_be_turned = explanation.reach is not Reach.LISTED and case.status is not KeyStatus.ARCHIVED
    assert bool(fixes) == may_be_turned
    if fixes:
        fix = fixes[min(chosen, len(fixes) - 1)]
        for remedy in fix.remedies:
            do(empty, remedy)
        after = explained(empty, name, key_id).explanation
        assert after.reach is fix.reach, (case, fix.remedies, after)
        assert _ORDER.index(after.reach) > _ORDER.index(explanation.reach)

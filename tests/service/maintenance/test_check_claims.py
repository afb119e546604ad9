"""A check finds claims, sources and their states that Callsheet did not write, and what claims do not come to."""

from pathlib import Path
from typing import Final

import pytest

from callsheet.domain.changes.change import Action, Change
from callsheet.domain.changes.claiming import claim
from callsheet.domain.claims.claims import Claims
from callsheet.domain.claims.manager import PERSON, Manager, ManagerKind
from callsheet.domain.sources.absence import Absence
from callsheet.domain.sources.source import SourceRecord
from callsheet.domain.sources.state import SourceState
from callsheet.service.maintenance.backup import back_up
from callsheet.service.maintenance.check import check_database
from callsheet.service.maintenance.copy import copy_installation
from callsheet.service.maintenance.restore import restore
from callsheet.storage.store import Store
from tests.installation import Installation, again_on_postgresql, now
from tests.rows import everything, rows
from tests.service.conftest import Empty, Full, silent
from tests.storage.others import execute
from tests.tiers import first

ON: Final = "The claims of builtin on model claude-opus-5"
OPUS: Final = "WHERE subject = 'claude-opus-5'"
NOT_VALID: Final = f"{ON} are not valid"
OTHER_FORM: Final = "in another form than Callsheet writes"
SOURCE: Final = "INSERT INTO sources VALUES ('up', 1, '{}', '2026-01-01T00:00:00Z')"
STATE: Final = "INSERT INTO source_states (name, paused, failures, counts, memory, last_run_at) VALUES"

DAMAGES: Final = {
    f"UPDATE claims SET fields = '{{\"max_tokens\": 0}}' {OPUS}": (
        f"{NOT_VALID}: max_tokens must be a whole number of tokens, at least 1."
    ),
    f"UPDATE claims SET fields = '{{\"price\": 1}}' {OPUS}": (
        f"{NOT_VALID}: price is not a field of a model that can be set."
    ),
    f'UPDATE claims SET fields = \'{{"created_at": "2026-01-01"}}\' {OPUS}': (
        f"{ON} hold their fields {OTHER_FORM}, "
        "{'created_at': '2026-01-01'} instead of {'created_at': '2026-01-01T00:00:00Z'}."
    ),
    f"UPDATE claims SET fields = '{{\"protected\": true}}' {OPUS}": (
        f"{NOT_VALID}: protected is not a field of a model that can be set."
    ),
    f"UPDATE claims SET fields = '{{}}', lists = NULL {OPUS}": f"{NOT_VALID}: nothing is claimed.",
    f"UPDATE claims SET since = '{{\"line\": 0}}' {OPUS}": (
        f"{NOT_VALID}: since is not the revisions of what is claimed."
    ),
    f"UPDATE claims SET target = 'x' {OPUS}": f"{ON} hold their target {OTHER_FORM}, 'x' instead of None.",
    f"UPDATE claims SET kind = 'toy' {OPUS}": (
        "The claims of builtin on toy claude-opus-5 are not valid: 'toy' is not a valid ClaimKind."
    ),
    f"UPDATE claims SET manager = 'nobody' {OPUS}": (
        "The claims of nobody on model claude-opus-5 are not valid: "
        "'nobody' is not a manager such as builtin, source:NAME or person."
    ),
    "DELETE FROM claims WHERE subject = 'claude-opus-4-20250514' AND manager = 'person'": (
        "The model claude-opus-4-20250514 is not what the claims on it come to."
    ),
    f"UPDATE claims SET lists = (1 = 0) {OPUS}": "The model claude-opus-5 is not what the claims on it come to.",
    "UPDATE claims SET lists = (1 = 0) WHERE subject = 'claude-opus-4-5'": (
        "The alias claude-opus-4-5 does not mean what the claims on it come to."
    ),
    SOURCE: "The source up has no change record.",
    f"{SOURCE}; {STATE} ('up', (1 = 0), 0, '{{}}', '{{}}', 'once')": (
        "The state of source up is not valid: "
        "The time must be a day such as 2026-02-04, or an RFC 3339 time, not 'once'."
    ),
    f"{SOURCE}; INSERT INTO absences VALUES ('up', 'm', '2026-01-01', 1)": (
        f"The absence of m from source up holds its since {OTHER_FORM}, "
        "'2026-01-01' instead of '2026-01-01T00:00:00Z'."
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", first(["sqlite", "postgresql"]))
def test_what_is_wrong_with_claims_and_sources_is_found(full_store: Full, kind: str, damage: str) -> None:
    store = full_store(kind)
    execute(store, *damage.split("; "))
    assert DAMAGES[damage] in [problem.message for problem in check_database(store).problems]


def fill(store: Store) -> None:
    """Let every kind of manager claim something, and a source leave all that one can."""
    up = Manager(ManagerKind.SOURCE, "up")
    with store.write("test", now()) as writing:
        writing.apply([Change(Action.ADD, None, SourceRecord("up", 1, {"url": "http://up"}, now()))])
        writing.put_source_state(SourceState("up", last_run_at=now(), counts={"listed": 1}, pending={"steps": []}))
        assert writing.take_lease("up", "process 1", now(), now())
        writing.put_absences("up", [Absence("gone", now(), 2)])
    wanted = [
        Claims("mine", PERSON, lists=True),
        Claims("mine", up, lists=True, fields={"max_tokens": 7, "line": None}),
        Claims("claude-opus-5", PERSON, lists=False),
        Claims("team", PERSON, lists=True, fields={"same_as": "claude-sonnet-5", "replacement": "mine"}),
        Claims("not listed", up, fields={"hidden": True}),
        Claims("kept", Manager(ManagerKind.FILE, "team"), lists=True, fields={"line": "opus", "protected": True}),
    ]
    with store.write("test", now()) as writing:
        writing.apply(claim(writing, wanted))


@again_on_postgresql
def test_what_managers_claim_and_sources_leave_is_well(installation: Installation) -> None:
    fill(installation.store)
    assert check_database(installation.store).problems == []
    with installation.store.write("test", now()) as writing:
        writing.apply(claim(writing, [Claims("mine", Manager(ManagerKind.SOURCE, "up")), Claims("mine", PERSON)]))
    assert check_database(installation.store).problems == []  # although a replacement dangles now


@again_on_postgresql
def test_claims_and_sources_are_copied_and_backed_up_with_all_else(
    installation: Installation, empty_store: Empty, tmp_path: Path
) -> None:
    fill(installation.store)
    copy, restored = empty_store("sqlite"), empty_store("sqlite")
    copy_installation(installation.store, copy, silent)
    assert everything(copy) == everything(installation.store)
    back_up(installation.store, tmp_path / "backup.db", silent)
    restore(tmp_path / "backup.db", restored, "test", now, silent)
    tables = ("claims", "sources", "source_states", "absences")
    assert [rows(restored, table) for table in tables] == [rows(copy, table) for table in tables]
    assert check_database(restored).problems == []

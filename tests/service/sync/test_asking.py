"""Which source is asked about keys, and to which workspace they belong: no gateway sees the keys of another."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access.workspace import Workspace
from callsheet.domain.changes.change import Action
from callsheet.domain.errors import ConflictError, DoesNotExistError, RefusedError
from callsheet.domain.sources.asking import check_asking
from callsheet.domain.sources.source import SourceRecord
from callsheet.service.sync.config import read_config
from callsheet.service.sync.listing import basis_of
from callsheet.service.sync.sources import SourcesService
from tests.installation import Installation, now


def config(**members: Any) -> Any:
    return read_config({"kind": "litellm", "url": "http://gateway:4000", "asks_keys": True, **members})


@pytest.fixture
def sources(empty: Installation) -> SourcesService:
    return SourcesService(empty.store, "test", now)


def test_a_second_source_is_not_asked_about_keys(sources: SourcesService) -> None:
    sources.add("a", config())
    with pytest.raises(ConflictError, match="The source a is asked about keys, so b cannot be, too"):
        sources.add("b", config())
    sources.add("b", config(asks_keys=False))
    with pytest.raises(ConflictError, match="The source a is asked about keys, so b cannot be, too"):
        sources.change("b", {"asks_keys": True})
    sources.change("a", {"asks_keys": False})
    assert sources.change("b", {"asks_keys": True}).config.asks_keys


def test_the_workspace_of_keys_is_stored_by_its_id_and_must_be_in_use(
    empty: Installation, sources: SourcesService
) -> None:
    lab = empty.access.create_workspace("lab")
    assert sources.add("a", config(workspace="lab")).config.workspace == lab.id
    assert sources.change("a", {"workspace": lab.id}).config.workspace == lab.id
    with pytest.raises(DoesNotExistError, match="There is no workspace 'den'"):
        sources.change("a", {"workspace": "den"})
    den = empty.access.create_workspace("den")
    empty.access.archive_workspace("den")
    with pytest.raises(ConflictError, match="The workspace den of the source a is archived"):
        sources.change("a", {"workspace": den.id})


def test_the_workspace_of_keys_is_not_archived_while_a_source_names_it(
    empty: Installation, sources: SourcesService
) -> None:
    empty.access.create_workspace("lab")
    sources.add("a", config(workspace="lab"))
    with pytest.raises(
        ConflictError, match="The keys that the source a is asked about belong to the workspace lab"
    ):
        empty.access.archive_workspace("lab")
    sources.change("a", {"workspace": ""})
    assert empty.access.archive_workspace("lab").archived_at is not None


def test_forgetting_keys_is_a_recorded_change_of_their_source(empty: Installation, sources: SourcesService) -> None:
    sources.add("a", config())
    assert sources.forget("a").config.keys_forgotten_at
    with empty.store.read() as reading:
        record = list(reading.changes_of(["a"]))[-1]
    assert record.action == Action.CHANGE
    assert record.after is not None
    assert record.after["config"]["keys_forgotten_at"]


def test_there_is_nothing_to_forget_of_a_source_that_is_not_asked(sources: SourcesService) -> None:
    sources.add("a", config(asks_keys=False))
    with pytest.raises(ConflictError, match="The source a is not asked about keys"):
        sources.forget("a")
    with pytest.raises(DoesNotExistError):
        sources.forget("b")


RECORDS = st.lists(
    st.tuples(st.booleans(), st.sampled_from(["", "wrkspc_used", "wrkspc_archived", "wrkspc_none"])), max_size=4
)
WORKSPACES = {
    "wrkspc_used": Workspace(id="wrkspc_used", name="used", created_at=now()),
    "wrkspc_archived": Workspace(id="wrkspc_archived", name="archived", created_at=now(), archived_at=now()),
}


@given(RECORDS)
def test_sources_go_together_if_one_is_asked_at_most_and_each_workspace_is_in_use(
    rows: list[tuple[bool, str]],
) -> None:
    records = [
        SourceRecord(f"s{place}", place, config(asks_keys=asks, workspace=workspace).record(), now())
        for place, (asks, workspace) in enumerate(rows)
    ]
    fits = sum(asks for asks, _ in rows) <= 1 and {workspace for _, workspace in rows} <= {"", "wrkspc_used"}
    try:
        check_asking(records, WORKSPACES.get)
    except RefusedError:
        assert not fits
    else:
        assert fits


def test_what_a_source_lists_itself_does_not_depend_on_how_its_keys_are_answered() -> None:
    plain = config(asks_keys=False)
    asked = config(key_mode="govern", workspace="wrkspc_1", keys_forgotten_at="2026-11-20T12:00:00Z")
    assert basis_of(asked, 1) == basis_of(plain, 1)
    assert basis_of(config(picker_prefix="claude-"), 1) != basis_of(plain, 1)

"""Names of keys, where several want the same one at the same time; on both databases."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from callsheet.domain.access.secret import fingerprint
from callsheet.domain.changes.key_import import Entry
from callsheet.domain.changes.keys import KeyChange
from callsheet.domain.errors import DoesNotExistError, RefusedError
from callsheet.service.access import AccessService
from callsheet.storage.store import Store
from tests.installation import Installation, again_on_postgresql, now

pytestmark = again_on_postgresql

AT_ONCE = 4


def entry(number: int, name: str = "ci") -> Entry:
    """A key to import."""
    return Entry(
        place=f"Line {number}",
        name=name,
        workspace=None,
        fingerprint=fingerprint(f"sk-imported-{number}"),
        hint="",
        expires_at=None,
    )


@pytest.mark.parametrize("how", ["create", "rename", "import"])
def test_of_those_who_want_a_name_at_once_one_gets_it(installation: Installation, how: str) -> None:
    start = Barrier(AT_ONCE)
    for number in range(AT_ONCE):
        installation.access.create_key(f"old {number}")

    def want(number: int) -> str:
        access = AccessService(Store(installation.url), "test", now)
        start.wait()
        try:
            if how == "create":
                access.create_key("ci")
            elif how == "rename":
                access.change_key(f"old {number}", KeyChange(name="ci"))
            else:
                access.import_keys([entry(number)])
        except RefusedError as error:
            return str(error)
        return "won"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(want, range(AT_ONCE)))
    assert outcomes.count("won") == 1
    assert all("There is a key named 'ci' already: " in each for each in outcomes if each != "won")
    assert [key.name for key in installation.access.list_keys()].count("ci") == 1


def test_thousands_of_keys_are_one_revision_and_one_statement_each_for_keys_and_records(
    installation: Installation,
) -> None:
    with installation.store.read() as reading:
        before = reading.installation()
    imported = installation.access.import_keys([entry(number, f"key {number}") for number in range(3000)])
    created = imported.created
    assert (len(created), len(imported.present)) == (3000, 0)
    with installation.store.read() as reading:
        after = reading.installation()
        assert reading.key_with(fingerprint("sk-imported-2999")) in created
        assert len(reading.changes([key.id for key in created[:400]], 1000)) == 400
    assert before is not None
    assert after is not None
    assert after.revision == before.revision + 1


def test_a_server_that_follows_knows_imported_and_changed_keys(installation: Installation) -> None:
    workspace = installation.workspace("team")
    live = installation.live()
    created = installation.access.import_keys([entry(1, "one"), entry(2, "two")]).created
    installation.access.change_key("two", KeyChange(workspace="team"))
    live.refresh()
    found = [live.current.keyring.find(f"sk-imported-{number}".encode()) for number in (1, 2)]
    assert [each and each.workspace_id for each in found] == [created[0].workspace_id, workspace]


def test_history_finds_a_key_by_every_name_it_had(installation: Installation) -> None:
    key = installation.access.create_key("person's “1”").key
    installation.access.change_key(key.id, KeyChange(name="person-2"))
    for name in ("person's “1”", "person-2", key.id):
        assert {record.subject for record in installation.history.list(name)} == {key.id}
    with pytest.raises(DoesNotExistError, match="ever had the id or name 'person'"):
        installation.history.list("person")

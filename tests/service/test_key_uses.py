"""When keys were last used: to the hour, written in batches, by several servers."""

from callsheet.service.admin.key_uses import KeyUses
from tests.http.clock import ManualClock
from tests.installation import Installation, again_on_postgresql

NOON = 1_795_953_600.0  # 2026-11-29T12:00:00Z


def uses_of(installation: Installation) -> dict[str, str]:
    with installation.store.read() as reading:
        return {key.name: at for key in reading.api_keys() for at in reading.last_uses([key.id]).values()}


def revision(installation: Installation) -> int:
    with installation.store.read() as reading:
        found = reading.installation()
    assert found is not None
    return found.revision


@again_on_postgresql
def test_each_key_has_the_hour_of_its_last_use_whichever_server_noted_it(installation: Installation) -> None:
    ids = [installation.access.create_key(name).key.id for name in ("ada", "bob", "cyd")]
    before = revision(installation)
    clock = ManualClock(NOON + 59 * 60)
    one, other = (KeyUses(installation.store, lambda: True, clock.clock) for _ in range(2))
    one.note(ids[0])
    other.note(ids[0])
    other.note(ids[1])
    clock.now += 120
    assert one.turn() == NOON + 3600
    one.note(ids[0])
    one.flush()
    other.flush()  # of an hour that has gone; the later use stays
    assert uses_of(installation) == {"ada": "2026-11-29T13:00:00Z", "bob": "2026-11-29T12:00:00Z"}
    assert revision(installation) == before


def test_what_is_not_the_id_of_a_key_is_left_out(installation: Installation) -> None:
    uses = KeyUses(installation.store, lambda: True)
    for name in ("any-key", "apikey_gone", "delegated_0123456789abcdef"):
        uses.note(name)
    uses.flush()
    assert uses_of(installation) == {}


def test_without_an_admin_key_nothing_is_written(installation: Installation) -> None:
    uses = KeyUses(installation.store, lambda: False)
    uses.note(installation.access.create_key("ada").key.id)
    uses.flush()
    assert uses_of(installation) == {}


def test_what_was_written_is_not_written_again(installation: Installation) -> None:
    uses = KeyUses(installation.store, lambda: True, ManualClock(NOON).clock)
    key = installation.access.create_key("ada").key
    uses.note(key.id)
    uses.flush()
    with installation.store.write("test", uses._clock.now()) as writing:
        writing._connection.exec_driver_sql("DELETE FROM key_uses")
    uses.note(key.id)
    uses.flush()
    assert uses_of(installation) == {}

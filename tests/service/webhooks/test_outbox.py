"""The outbox: what is in it belongs to what was committed, and to nothing else."""

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.changes.change import Action, Change
from callsheet.domain.errors import ConflictError, InvalidError
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.sources.state import SourceState
from callsheet.domain.webhooks.delivery import DeliveryStatus
from callsheet.domain.webhooks.event_type import EventType
from callsheet.domain.webhooks.webhook import wants
from callsheet.service.maintenance.backup import back_up
from callsheet.service.maintenance.check import check_database
from callsheet.service.maintenance.copy import copy_installation
from callsheet.service.maintenance.restore import restore
from callsheet.service.webhooks.service import WebhooksService
from callsheet.storage.store import Store
from tests.installation import Installation, make_model, on_both
from tests.service.conftest import silent
from tests.service.content import content, unchanged
from tests.service.webhooks.site import LOOPBACK, HookSite
from tests.tiers import examples

URL = "https://hooks.example.com/in"

NUMBERS = count()  # so that no two models of a run have one name

ACTS = ("add", "change", "deprecate", "retire", "remove", "alias", "fail")

PATTERNS: Sequence[Sequence[str]] = (["*"], ["model.*"], ["model.added", "alias.moved"], [])


@examples(0.4)
@given(
    acts=st.lists(
        st.sampled_from(["add", "change", "deprecate", "retire", "remove", "alias", "fail"]), max_size=12
    ),
    patterns=st.lists(st.sampled_from(PATTERNS), max_size=2),
)
def test_each_committed_change_is_one_row_for_each_webhook_that_wants_it(
    site: HookSite, acts: list[str], patterns: list[Sequence[str]]
) -> None:
    """Rows of before are of other examples; what counts is what these acts add."""
    hooks = [site.webhooks.create(f"hook-{next(NUMBERS)}", URL, each).webhook for each in patterns]
    before = {each.number for each in site.webhooks.deliveries(limit=1_000)}
    happened: Counter[str] = Counter()
    kinds = {
        "add": "model.added", "change": "model.changed", "deprecate": "model.deprecated", "retire": "model.retired",
        "remove": "model.removed", "alias": "alias.moved",
    }  # fmt: skip
    for act in acts:
        for done in act_on(site, act):
            happened[kinds[done]] += 1
    rows = [each for each in site.webhooks.deliveries(limit=1_000) if each.number not in before]
    for hook in hooks:
        mine = [each for each in rows if each.webhook_id == hook.id]
        wanted = {kind: count for kind, count in happened.items() if wants(hook.events, EventType(kind))}
        assert Counter(each.type for each in mine) == wanted
        assert len({each.event_id for each in mine}) == len(mine)
        for each in mine:
            assert json.loads(each.body)["type"] == each.type
        site.webhooks.archive(hook.id)


def act_on(site: HookSite, act: str) -> Sequence[str]:
    """Do something with a model; return what was done: with a model, its aliases go."""
    name = f"m{next(NUMBERS)}"
    present = next(iter(site.catalog.list()), None)
    if act == "fail":
        with suppress(ConflictError), site.store.write("test", site.clock.now) as writing:
            writing.apply([Change(Action.ADD, None, make_model(name))])
            raise ConflictError("It is rolled back.")
        return ()
    if act == "add":
        site.installation.add(make_model(name))
        return [act]
    if present is None or not changed(site, act, present.model, name):
        return ()
    return [act, "alias"] if act == "remove" and present.aliases else [act]


def changed(site: HookSite, act: str, present: Model, name: str) -> bool:
    if act == "deprecate" and present.lifecycle is not Lifecycle.ACTIVE:
        return False
    try:
        match act:
            case "change":
                site.catalog.change(present.id, {"max_tokens": (present.max_tokens or 0) + 1})
            case "deprecate":
                site.catalog.deprecate(present.id)
            case "retire":
                site.catalog.retire(present.id)
            case "remove":
                site.catalog.remove(present.id)
            case "alias":
                site.catalog.alias(f"alias-{name}", present.id)
    except (ConflictError, InvalidError):
        return False
    return True


@on_both
def test_a_list_that_has_to_wait_is_an_event_once(site: HookSite) -> None:
    site.webhooks.create("hook", URL, ["source.quarantined"])
    state = SourceState("gateway", last_outcome="quarantined", last_error="It is much shorter than before.")
    for _ in range(2):
        with site.store.write("source:gateway", site.clock.now) as writing:
            if not writing.sources():
                writing.put_source(source_record(site))
            writing.put_source_state(state)
    (delivery,) = site.webhooks.deliveries()
    data = json.loads(delivery.body)["data"]
    assert data["sources"] == [{"name": "gateway", "reason": "It is much shorter than before."}]


def source_record(site: HookSite) -> Any:
    from callsheet.domain.sources.source import SourceRecord

    return SourceRecord("gateway", 1, {"kind": "openai", "url": "https://gateway.example.com"}, site.clock.now)


def test_without_a_webhook_that_is_active_nothing_is_written(site: HookSite) -> None:
    site.webhooks.create("hook", URL, ["*"])
    site.webhooks.disable("hook")
    site.installation.add(make_model("claude-a"))
    assert not site.webhooks.deliveries()


def test_no_secret_is_in_a_record_a_message_or_a_list(site: HookSite) -> None:
    made = site.webhooks.create("hook", URL, ["*"])
    rotated = site.webhooks.rotate("hook")
    stored = content(site.installation)
    shown = [each.record() for each in site.webhooks.list()]
    for secret in (made.secret, rotated.secret):
        assert secret not in json.dumps(
            [{name: repr(value) for name, value in row.items()} for row in stored["changes"]]
        )
        assert secret not in repr(shown) + repr(made) + repr(rotated)
        assert [name for name, rows in stored.items() if secret in repr(rows)] == ["webhooks"]
    site.webhooks.archive("hook")
    assert not any(secret in repr(content(site.installation)) for secret in (made.secret, rotated.secret))


def test_what_is_refused_changes_nothing(site: HookSite) -> None:
    site.webhooks.create("hook", URL, ["*"])
    refusing = WebhooksService(site.store, "test", site.clock)
    for url, reason in (
        ("http://127.0.0.1:8000/", "127.0.0.1 is not a public address"),
        ("http://[::ffff:169.254.169.254]/", "is not a public address"),
        ("https://u:p@example.com", "must not hold a user name"),
    ):
        with unchanged(site.installation), pytest.raises(InvalidError, match=reason):
            refusing.create("other", url, ["*"])
        with unchanged(site.installation), pytest.raises(InvalidError, match=reason):
            refusing.change("hook", {"url": url})
    with (
        unchanged(site.installation),
        pytest.raises(ConflictError, match="There is a webhook named 'hook' already"),
    ):
        site.webhooks.create("hook", URL, ["*"])
    with unchanged(site.installation), pytest.raises(InvalidError, match="There are no events 'key'"):
        site.webhooks.create("other", URL, ["key"])
    site.webhooks.archive("hook")
    for act in (site.webhooks.enable, site.webhooks.disable, site.webhooks.rotate, site.webhooks.archive):
        with unchanged(site.installation), pytest.raises(ConflictError, match="is archived"):
            act(site.webhooks.list()[0].webhook.id)


def test_a_backup_that_is_restored_sends_nothing_again_by_itself(
    installation: Installation, tmp_path: Path
) -> None:
    site = HookSite(installation)
    site.webhooks.create("hook", URL, ["*"])
    site.installation.add(make_model("claude-a"))
    file = tmp_path / "backup.db"
    back_up(site.store, file, silent)
    restored = restore(file, site.store, "ada", site.clock, silent, replace=True)
    assert restored.held_events == 1
    (held,) = site.webhooks.deliveries()
    assert held.status is DeliveryStatus.GIVEN_UP
    assert "backup that was restored" in (held.last_error or "")
    assert check_database(site.store).problems == []
    assert [each.event_id for each in site.webhooks.retry("hook")] == [held.event_id]


def test_a_copy_has_the_webhooks_and_what_waits_for_them(site: HookSite, tmp_path: Path) -> None:
    site.webhooks.create("hook", URL, ["*"])
    site.installation.add(make_model("claude-a"))
    target = Store(f"sqlite:///{tmp_path}/copy.db")
    copy_installation(site.store, target, silent)
    copied = WebhooksService(target, "test", site.clock, LOOPBACK)
    assert copied.deliveries() == site.webhooks.deliveries()
    assert copied.list() == site.webhooks.list()
    with target.write("test", site.clock.now) as writing:
        writing.give_up_deliveries(None, "as if it had been sent")
    assert not copy_installation(site.store, target, silent).repaired


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("UPDATE webhooks SET events = '[\"model.gone\"]'", "There are no events 'model.gone'"),
        ("UPDATE webhooks SET url = 'ftp://x/'", "must begin with https"),
        ("UPDATE webhooks SET secrets = '[]'", "it has no secret to sign with"),
        ("UPDATE webhooks SET name = 'other'", "differs from its last change record"),
        ("UPDATE outbox SET body = '{'", "its body is not valid JSON"),
        ("UPDATE outbox SET type = 'model.removed'", "its body is not an event of its type"),
        ("UPDATE outbox SET sent_at = next_attempt_at", "it was sent, and is to be sent"),
        ("UPDATE webhooks SET status = 'disabled'", "which is not active"),
    ],
)
def test_a_check_finds_rows_that_contradict_each_other(
    installation: Installation, damage: str, sentence: str
) -> None:
    site = HookSite(installation)
    made = site.webhooks.create("hook", URL, ["*"])
    site.installation.add(make_model("claude-a"))
    assert check_database(site.store).problems == []
    with site.store.database.transaction(writes=True) as connection:
        connection.exec_driver_sql(damage)
    messages = [each.message for each in check_database(site.store).problems]
    assert any(sentence in message for message in messages), messages
    assert not any(made.secret in message for message in messages)


def test_old_rows_go_and_what_waits_stays(site: HookSite) -> None:
    from callsheet.service.webhooks.notices import notice

    site.webhooks.create("hook", URL, ["*"])
    for name in ("claude-a", "claude-b"):
        site.installation.add(make_model(name))
    newest, oldest = site.webhooks.deliveries()
    with site.store.write("x", site.clock.now) as writing:
        writing.lease_deliveries(oldest.webhook_id, "x", site.clock.now + timedelta(seconds=5), site.clock.now, 1)
        sent = type(oldest)(**{name: getattr(oldest, name) for name in oldest.__slots__} | {
            "next_attempt_at": None, "sent_at": site.clock.now})  # fmt: skip
        assert writing.end_delivery(sent, "x", [], site.clock.now)
    site.clock.passes(days=8)
    notice(site.store, "x", site.clock.now)
    assert [each.number for each in site.webhooks.deliveries()] == [newest.number]

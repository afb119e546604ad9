"""What is sent arrives once, signed, in order, and whatever happens to receivers, servers and the database."""

import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from callsheet.domain.errors import StorageUnavailableError
from callsheet.domain.webhooks.delivery import BLOCKING_ATTEMPTS, MAX_ATTEMPTS, RETRY_SECONDS, DeliveryStatus
from callsheet.domain.webhooks.signing import SigningSecret, signature_header
from callsheet.domain.webhooks.webhook import WebhookStatus
from callsheet.service.webhooks.notices import notice
from callsheet.service.webhooks.sender import MAX_CONCURRENT_COURIERS, MAX_CONCURRENT_FAILING
from callsheet.service.webhooks.status import Condition
from callsheet.storage.transactions.write import WriteTransaction
from tests.installation import make_model, on_both
from tests.program import wait_for
from tests.service.webhooks.receiver import Answer, Receiver, receiving, status
from tests.service.webhooks.site import HookSite, sending
from tests.tiers import first


@on_both
def test_a_change_is_sent_to_who_wants_it_signed_as_the_package_of_the_standard_verifies(
    site: HookSite, receiver: Receiver
) -> None:
    site.hook(receiver)
    with receiving() as other:
        site.hook(other, ["alias.moved"], "other")
        with sending(site):
            site.catalog.add(make_model("claude-new"))
            site.catalog.alias("claude", "claude-new")
            wait_for(lambda: len(receiver.events) == 2 and len(other.events) == 1, "all events")
        assert receiver.types() == ["model.added", "alias.moved"]
        assert other.types() == ["alias.moved"]
        assert receiver.ids[1] == other.ids[0]
    added = receiver.events[0]["data"]
    assert (added["count"], added["truncated"], added["actor"]) == (1, False, "test")
    assert [each["id"] for each in added["models"]] == ["claude-new"]
    assert site.webhooks.deliveries(status=DeliveryStatus.SENT)[0].attempts == 0


@on_both
def test_of_two_replicas_each_event_is_sent_by_one_and_in_order(site: HookSite, receiver: Receiver) -> None:
    site.hook(receiver, ["model.added"])
    names = [f"claude-{number:02}" for number in range(12)]
    with sending(site, replicas=2):
        for name in names:
            site.catalog.add(make_model(name))
        wait_for(lambda: len(receiver.events) >= len(names), "all events")
    assert [event["data"]["models"][0]["id"] for event in receiver.events] == names
    assert len(set(receiver.ids)) == len(receiver.ids) == len(names)


def test_what_was_leased_by_a_process_that_died_is_sent_by_another_with_the_same_id(
    site: HookSite, receiver: Receiver
) -> None:
    hook = site.hook(receiver)
    site.catalog.add(make_model("claude-new"))
    (waiting,) = site.webhooks.deliveries()
    dead, until = "dead", site.clock.now + timedelta(seconds=60)
    with site.store.write(dead, site.clock.now) as writing:
        assert writing.lease_deliveries(hook.webhook.id, dead, site.clock.now, until, 10) == [waiting]
    site.courier().send_due(hook.webhook.id, threading.Event())
    assert not receiver.ids
    site.clock.passes(seconds=61)
    with sending(site):
        wait_for(lambda: receiver.events, "the event")
    assert receiver.ids == [waiting.event_id]


@pytest.mark.parametrize("code", first((500, 302, 404, 429)))
def test_what_a_receiver_does_not_take_is_tried_again_with_the_same_id_and_a_new_signature(
    site: HookSite, receiver: Receiver, code: int
) -> None:
    hook = site.hook(receiver)
    receiver.answer = status(code, location="http://127.0.0.1:1/")
    site.catalog.add(make_model("claude-new"))
    courier, stop = site.courier(), threading.Event()
    courier.send_due(hook.webhook.id, stop)
    (failed,) = site.webhooks.deliveries()
    assert (failed.status, failed.attempts) == (DeliveryStatus.WAITING, 1)
    assert str(code) in (failed.last_error or "")
    assert site.webhooks.show("receiver").health.condition is Condition.FAILING
    courier.send_due(hook.webhook.id, stop)
    assert len(receiver.ids) == 1
    receiver.answer = status(204)
    site.clock.passes(seconds=6)
    courier.send_due(hook.webhook.id, stop)
    assert receiver.ids == [failed.event_id] * 2
    (old, _), (new, _) = receiver.requests
    assert old["webhook-timestamp"] != new["webhook-timestamp"]
    assert old["webhook-signature"] != new["webhook-signature"]
    assert site.webhooks.show("receiver").health.condition is Condition.OK


def test_an_event_is_given_up_after_three_days_and_stays_visible_and_can_be_sent_again(
    site: HookSite, receiver: Receiver
) -> None:
    hook = site.hook(receiver)
    receiver.secret = None  # its package compares with the clock of the machine
    receiver.answer = status(500)
    site.catalog.add(make_model("claude-new"))
    courier, stop = site.courier(), threading.Event()
    begun = site.clock.now
    for wait in (*RETRY_SECONDS, 0):
        courier.send_due(hook.webhook.id, stop)
        site.clock.passes(seconds=wait * 1.1 + 1)
    assert len(receiver.ids) == MAX_ATTEMPTS
    assert timedelta(days=3) < site.clock.now - begun < timedelta(days=4)
    (given_up,) = site.webhooks.deliveries(status=DeliveryStatus.GIVEN_UP)
    assert site.webhooks.show("receiver").health.given_up == 1
    receiver.answer = status(200)
    assert [each.event_id for each in site.webhooks.retry("receiver")] == [given_up.event_id]
    courier.send_due(hook.webhook.id, stop)
    assert set(receiver.ids) == {given_up.event_id}
    assert [event["type"] for event in receiver.events] == ["model.added"]


def test_a_failing_event_holds_those_behind_it_back_for_a_while_and_then_they_overtake(
    site: HookSite, receiver: Receiver
) -> None:
    hook = site.hook(receiver, ["model.added"])
    receiver.secret = None  # its package compares with the clock of the machine
    receiver.answer = status(500)
    site.catalog.add(make_model("claude-a"))
    courier, stop = site.courier(), threading.Event()
    courier.send_due(hook.webhook.id, stop)
    site.catalog.add(make_model("claude-b"))
    for wait in RETRY_SECONDS[:BLOCKING_ATTEMPTS]:
        courier.send_due(hook.webhook.id, stop)
        assert len(set(receiver.ids)) == 1
        site.clock.passes(seconds=wait * 1.1 + 1)
    courier.send_due(hook.webhook.id, stop)
    assert len(set(receiver.ids)) == 2


def test_a_receiver_that_is_gone_is_sent_nothing_more_and_the_record_says_so(
    site: HookSite, receiver: Receiver
) -> None:
    hook = site.hook(receiver)
    receiver.answer = status(410)
    site.catalog.add(make_model("claude-a"))
    site.catalog.add(make_model("claude-b"))
    site.courier().send_due(hook.webhook.id, threading.Event())
    assert len(receiver.ids) == 1
    details = site.webhooks.show("receiver")
    assert details.webhook.status is WebhookStatus.DISABLED
    assert (details.health.waiting, details.health.given_up) == (0, 2)
    record = site.installation.history.list("receiver", 1)[0]
    assert (record.action, record.kind, record.actor) == ("disable", "webhook", "callsheet")
    site.catalog.add(make_model("claude-c"))
    assert len(site.webhooks.deliveries()) == 2


@pytest.mark.parametrize("kind", ["silent", "dripping", "huge", "rude", "gone"])
def test_a_receiver_that_misbehaves_costs_one_attempt_and_no_more_time_than_it_may(
    site: HookSite, receiver: Receiver, kind: str
) -> None:
    hook = site.hook(receiver)
    site.catalog.add(make_model("claude-a"))
    release = threading.Event()

    def send(handler: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            if kind == "silent":
                release.wait(10)
            elif kind == "dripping":
                while not release.wait(0.01):
                    handler.wfile.write(b"H")
            elif kind == "huge":
                handler.wfile.write(b"HTTP/1.1 500 No\r\ncontent-length: 99999999999\r\n\r\n")
                while not release.is_set():
                    handler.wfile.write(b"x" * 65536)
            elif kind == "rude":
                handler.wfile.write(b"SSH-2.0-OpenSSH\r\n")
        handler.close_connection = True

    receiver.answer = Answer(send)
    poster = site.poster(timeout_seconds=0.3)
    site.courier(poster=poster).send_due(hook.webhook.id, threading.Event())
    release.set()
    (failed,) = site.webhooks.deliveries()
    assert (failed.status, failed.attempts) == (DeliveryStatus.WAITING, 1)
    assert failed.last_error
    assert "/hooks" not in failed.last_error


def test_a_receiver_that_hangs_keeps_no_other_from_its_events(site: HookSite, receiver: Receiver) -> None:
    site.hook(receiver)
    release = threading.Event()
    with receiving() as hanging:
        site.hook(hanging, name="hanging")
        hanging.answer = Answer(lambda _handler: [None, None][release.wait(10)])
        try:
            with sending(site):
                site.catalog.add(make_model("claude-a"))
                wait_for(lambda: hanging.ids and receiver.events, "the events")
        finally:
            release.set()


def test_receivers_that_hang_again_and_again_leave_room_for_others(site: HookSite, receiver: Receiver) -> None:
    site.hook(receiver)
    with receiving() as hanging:
        for number in range(MAX_CONCURRENT_COURIERS + 1):
            site.hook(hanging, name=f"hanging-{number}")
        hanging.secret = None
        waiting, most, release = [0], [0], threading.Event()

        def hang(_handler: BaseHTTPRequestHandler) -> None:
            waiting[0] += 1
            most[0] = max(most[0], waiting[0])
            release.wait(10)
            waiting[0] -= 1

        hanging.answer = status(500)
        try:
            with sending(site):
                site.catalog.add(make_model("claude-a"))
                wait_for(lambda: len(hanging.ids) == MAX_CONCURRENT_COURIERS + 1, "a first attempt to each")
                failed = f"of {MAX_CONCURRENT_COURIERS + 1} receivers"
                wait_for(
                    lambda: sum(each.attempts for each in site.webhooks.deliveries()) > MAX_CONCURRENT_COURIERS,
                    failed,
                )
                hanging.answer = Answer(hang)
                site.clock.passes(seconds=10)
                wait_for(lambda: most[0] >= MAX_CONCURRENT_FAILING, "the attempts that hang")
                site.catalog.add(make_model("claude-b"))
                wait_for(lambda: len(receiver.events) == 2, "the event of who is well")
                assert most[0] == MAX_CONCURRENT_FAILING
        finally:
            release.set()


def test_a_host_whose_address_changes_between_check_and_connection_is_not_followed(
    site: HookSite, receiver: Receiver
) -> None:
    """DNS rebinding: the answer is asked for once, and what is connected to is what was checked."""
    port = urlsplit(receiver.url).port
    site.webhooks.change(site.hook(receiver).webhook.id, {"url": f"http://hooks.example.com:{port}/x"})
    answers = [["127.0.0.1"], ["169.254.169.254"], []]
    asked: list[str] = []

    def changing(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    site.catalog.add(make_model("claude-a"))
    courier, stop = site.courier(poster=site.poster(changing)), threading.Event()
    (hook,) = (each.webhook for each in site.webhooks.list())
    courier.send_due(hook.id, stop)
    assert asked == ["hooks.example.com"]
    assert receiver.requests[0][0]["host"] == f"hooks.example.com:{port}"
    site.catalog.add(make_model("claude-b"))
    for sentence in ("169.254.169.254, which is not public", "has no address"):
        courier.send_due(hook.id, stop)
        assert sentence in (site.webhooks.deliveries()[0].last_error or "")
        site.clock.passes(seconds=6)
    assert len(receiver.ids) == 1
    assert len(asked) == 3


def test_a_result_that_the_database_cannot_take_at_once_is_written_when_it_is_back(
    site: HookSite, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = site.hook(receiver)
    site.catalog.add(make_model("claude-a"))
    write, failures = WriteTransaction.end_delivery, [0]

    def away(self: WriteTransaction, *arguments: Any) -> bool:
        failures[0] += 1
        if failures[0] < 3:
            raise StorageUnavailableError("The database is away.")
        return write(self, *arguments)

    monkeypatch.setattr(WriteTransaction, "end_delivery", away)
    site.courier().send_due(hook.webhook.id, threading.Event())
    assert failures[0] == 3
    assert len(receiver.ids) == 1
    assert site.webhooks.deliveries()[0].status is DeliveryStatus.SENT


def test_both_secrets_sign_while_one_is_rotated_and_then_only_the_new_one(
    site: HookSite, receiver: Receiver
) -> None:
    old = site.hook(receiver)
    courier, stop = site.courier(), threading.Event()
    new = site.webhooks.rotate("receiver", timedelta(hours=1))
    site.catalog.add(make_model("claude-a"))
    courier.send_due(old.webhook.id, stop)
    receiver.secret = new.secret
    headers, body = receiver.requests[0]
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in (old.secret, new.secret):
        assert verifies(secret, body, headers)
    site.clock.passes(hours=1)
    receiver.secret = None  # its package compares with the clock of the machine
    site.catalog.add(make_model("claude-b"))
    courier.send_due(old.webhook.id, stop)
    headers, body = receiver.requests[1]
    assert len(headers["webhook-signature"].split(" ")) == 1
    now = site.clock.now
    signature = signature_header(
        [SigningSecret(new.secret)], headers["webhook-id"], int(now.timestamp()), body.decode(), now
    )
    assert headers["webhook-signature"] == signature


@on_both
def test_dates_that_come_near_are_one_event_each_across_a_fleet(site: HookSite, receiver: Receiver) -> None:
    hook = site.hook(receiver, ["model.retiring", "key.expiring"])
    receiver.secret = None
    site.installation.add(make_model("claude-old"), make_model("claude-older"))
    site.catalog.deprecate("claude-old", retires_at=site.clock.now + timedelta(days=40))
    site.installation.access.create_key("ci", expires_at=datetime.now(UTC) + timedelta(days=36))
    with sending(site, replicas=2):
        for days in (9, 2, 20, 5, 4):
            site.clock.passes(days=days)
            site.catalog.change("claude-older", {"description": f"{days}"})
            wait_for(lambda: noticed(site) == site.clock.now, "the look at dates")
            wait_for(lambda: not site.webhooks.show(hook.webhook.id).health.waiting, "all events")
    found = [
        (event["type"], each["days"])
        for event in receiver.events
        for each in event["data"].get("models", event["data"].get("keys"))
    ]
    assert found == [("model.retiring", 30), ("key.expiring", 7), ("model.retiring", 7), ("key.expiring", 1),
                     ("model.retiring", 1)]  # fmt: skip


def noticed(site: HookSite) -> datetime | None:
    with site.store.read() as reading:
        return reading.noticed_until()


def verifies(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    Verifier(secret).verify(body, headers)
    return True


def test_a_disabled_webhook_gets_nothing_and_what_waited_is_given_up(site: HookSite, receiver: Receiver) -> None:
    hook = site.hook(receiver)
    site.catalog.add(make_model("claude-a"))
    site.webhooks.disable("receiver")
    site.catalog.add(make_model("claude-b"))
    site.webhooks.enable("receiver")
    site.courier().send_due(hook.webhook.id, threading.Event())
    assert not receiver.ids
    (given_up,) = site.webhooks.deliveries()
    assert given_up.status is DeliveryStatus.GIVEN_UP


def test_a_server_that_is_not_to_send_only_says_how_webhooks_are(site: HookSite, receiver: Receiver) -> None:
    site.hook(receiver)
    site.catalog.add(make_model("claude-a"))
    with sending(site, runs=False) as (sender,):
        wait_for(lambda: sender.statuses, "the statuses")
        assert [(each.name, each.waiting) for each in sender.statuses] == [("receiver", 1)]
    assert not receiver.ids


def test_an_event_of_a_writer_whose_clock_is_ahead_is_sent_at_once(site: HookSite, receiver: Receiver) -> None:
    hook = site.hook(receiver)
    receiver.secret = None
    site.clock.passes(minutes=20)
    site.catalog.add(make_model("claude-a"))
    site.clock.passes(minutes=-20)
    site.courier().send_due(hook.webhook.id, threading.Event())
    assert receiver.types() == ["model.added"]


@pytest.mark.parametrize("minutes", [1, 5])
def test_a_process_whose_clock_is_behind_makes_no_date_news_again(
    site: HookSite, receiver: Receiver, minutes: int
) -> None:
    site.hook(receiver, ["model.retiring"])
    site.installation.add(make_model("claude-old"))
    site.catalog.deprecate("claude-old", retires_at=site.clock.now + timedelta(days=8))
    site.clock.passes(days=1)
    for now in (site.clock.now, site.clock.now - timedelta(minutes=minutes), site.clock.now + timedelta(hours=2)):
        notice(site.store, "test", now)
    assert len(site.webhooks.deliveries()) == 1


def test_after_a_pause_a_date_that_passed_several_marks_is_one_event(site: HookSite, receiver: Receiver) -> None:
    site.hook(receiver, ["model.retiring"])
    site.installation.add(make_model("claude-old"))
    site.catalog.deprecate("claude-old", retires_at=site.clock.now + timedelta(days=40))
    site.clock.passes(days=39, hours=1)
    notice(site.store, "test", site.clock.now)
    (delivery,) = site.webhooks.deliveries()
    assert json.loads(delivery.body)["data"]["models"][0]["days"] == 1


def test_a_webhook_that_is_new_is_not_sent_what_came_near_before(site: HookSite, receiver: Receiver) -> None:
    site.installation.add(make_model("claude-old"))
    site.catalog.deprecate("claude-old", retires_at=site.clock.now + timedelta(days=8))
    site.clock.passes(days=2)
    site.hook(receiver)
    site.clock.passes(hours=2)
    notice(site.store, "test", site.clock.now)
    assert not site.webhooks.deliveries()

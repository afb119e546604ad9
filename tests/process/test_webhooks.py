"""A real server that sends webhooks: at once, and although it is killed at the worst moment."""

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from signal import SIGKILL

import pytest

from callsheet.domain.addresses import AllowedAddresses
from callsheet.domain.webhooks.delivery import DeliveryStatus
from callsheet.service.webhooks.service import WebhooksService
from tests.installation import Installation, make_model, now
from tests.program import Server, wait_for
from tests.service.webhooks.receiver import Answer, receiving, status
from tests.tiers import first

PRIVATE = ("--webhooks-private", "127.0.0.1")


@pytest.mark.parametrize("flags", first([(), ("--admin-host", "127.0.0.1")]), ids=["one", "administered apart"])
def test_an_event_that_was_on_its_way_when_the_server_was_killed_is_sent_again_with_its_id(
    installation: Installation, flags: tuple[str, ...]
) -> None:
    database = Path(installation.url.removeprefix("sqlite:///"))
    webhooks = WebhooksService(installation.store, "test", now, AllowedAddresses(["127.0.0.1"]))
    release = threading.Event()
    with receiving() as receiver:
        receiver.secret = webhooks.create("chat", receiver.url, ["model.*"]).secret
        receiver.answer = Answer(lambda _handler: [None, None][release.wait(30)])
        try:
            with Server(database, *PRIVATE, *flags) as server:
                installation.add(make_model("claude-next"))
                wait_for(lambda: receiver.ids, "the first attempt")
                os.killpg(server.process.pid, SIGKILL)
                server.ended()
        finally:
            release.set()
        receiver.answer = status(204)
        assert [each.status for each in webhooks.deliveries()] == [DeliveryStatus.WAITING]
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("UPDATE outbox SET lease_until = '2026-01-01T00:00:00Z'")  # a minute passes
        with Server(database, *PRIVATE, *flags) as server:
            wait_for(lambda: receiver.events, "the event")
            wait_for(lambda: webhooks.deliveries()[0].status is DeliveryStatus.SENT, "its result")
            described = wait_for(lambda: server.get("/readyz")[1].get("webhooks"), "how webhooks are")
            assert described["chat"]["condition"] == "ok"
            assert server.stop() == 0
            assert receiver.secret not in server.stderr + server.stdout
        assert len(receiver.ids) == 2
        assert len(set(receiver.ids)) == 1


def test_a_server_that_may_not_send_to_this_machine_says_so_and_goes_on(installation: Installation) -> None:
    database = Path(installation.url.removeprefix("sqlite:///"))
    webhooks = WebhooksService(installation.store, "test", now, AllowedAddresses(["127.0.0.1"]))
    with receiving() as receiver:
        webhooks.create("chat", receiver.url, ["*"])
        with Server(database) as server:
            installation.add(make_model("claude-next"))
            wait_for(lambda: "127.0.0.1, which is not public" in server.stderr, "the warning")
            status, described = server.get("/readyz")
            assert (status, described["status"]) == (200, "ok")
            assert server.stop() == 0
            assert "/hooks" not in server.stderr
        assert not receiver.ids

"""Request ids: every answer has its own, whoever made it and however often it was made before."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from callsheet.http.app import CallsheetApp
from callsheet.http.request_id import RequestIDs, make_request_id
from tests.http.plain import SECRET, ClockLoop, answered_at_once, make_app, plain, replies, run
from tests.http.wire import Line
from tests.installation import Installation

FORM = re.compile(r"req_01[1-9A-HJ-NP-Za-km-z]{22}")

FORKING = """
import os
from callsheet.http.request_id import RequestIDs, make_request_id
fast = RequestIDs()
fast.make(), make_request_id()
for _ in range(3):
    child = os.fork()
    if not child:
        break
    assert os.waitpid(child, 0)[1] == 0  # one after the other, or they would write into each other's lines
ids = [fast.make().decode() for _ in range(2000)] + [make_request_id() for _ in range(2000)]
os.write(1, ("\\n".join(ids) + "\\n").encode())
"""


@pytest.fixture
def app(installation: Installation) -> Iterator[CallsheetApp]:
    made = make_app(installation)
    yield made
    made.stop()


def test_ids_have_the_form_of_the_contract_and_do_not_repeat() -> None:
    ids = [make_request_id() for _ in range(10_000)]
    assert all(map(FORM.fullmatch, ids))
    assert len(set(ids)) == 10_000


def test_two_makers_share_no_random_part() -> None:
    prefixes = {RequestIDs().make()[:-2] for _ in range(1000)}
    assert len(prefixes) == 1000


def test_a_forked_process_makes_ids_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORKING], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    ids = done.stdout.split()
    assert len(ids) == len(set(ids)) == 4 * 4000


def test_threads_can_share_a_maker() -> None:
    maker = RequestIDs()
    made: list[list[bytes]] = [[] for _ in range(4)]

    def make(ids: list[bytes]) -> None:
        for _ in range(20_000):
            ids.append(maker.make())  # noqa: PERF401  # what was made counts, even if it breaks off

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=make, args=(ids,)) for ids in made]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert [len(ids) for ids in made] == [20_000] * 4
    assert len({each for ids in made for each in ids}) == 80_000


def test_ten_thousand_equal_requests_get_ten_thousand_ids(app: CallsheetApp) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        request = plain("/v1/models/claude-opus-5")
        ids = set()
        for _time in range(10_000):
            line.protocol.data_received(request)
            (reply,) = replies(line.wire.sent)
            ids.add(reply.headers["request-id"])
            line.wire.sent = b""
        assert app.observer.metrics.cache_hits >= 9_998
        assert len(ids) == 10_000
        assert all(map(FORM.fullmatch, ids))

    run(talk)


def test_openai_clients_get_the_same_id_under_both_names(app: CallsheetApp) -> None:
    request = f"GET /v1/models HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {SECRET}\r\n\r\n".encode()

    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        found = [answered_at_once(line, request).headers for _ in range(4)]
        assert all(headers["x-request-id"] == headers["request-id"] for headers in found)
        assert len({headers["request-id"] for headers in found}) == 4

    run(talk)

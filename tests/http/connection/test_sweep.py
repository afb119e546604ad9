"""The sweep: whoever lets the server wait too long is answered 408 or cut off, and nobody else is."""

from collections.abc import Awaitable, Callable

import pytest

from callsheet.http.app import CallsheetApp
from tests.http.plain import ClockLoop, make_app, plain, replies, run
from tests.http.wire import Line
from tests.installation import Installation

HEAD, IDLE, ANSWER = 10.0, 60, 30.0

SLOW = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
WITH_BODY = b"POST /v1/models HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\n"

Talk = Callable[[ClockLoop, Line], Awaitable[None]]


@pytest.fixture
def app(installation: Installation) -> CallsheetApp:
    return make_app(installation)


def sweeping(app: CallsheetApp, talk: Talk, *, fast: bool, max_connections: int = 100) -> None:
    """Hold ``talk`` over a connection, whose limits are those above."""

    async def hold(loop: ClockLoop) -> None:
        line = Line(
            app,
            fast=fast,
            max_connections=max_connections,
            head_seconds=HEAD,
            answer_seconds=ANSWER,
            timeout_keep_alive=IDLE,
        )
        await talk(loop, line)

    run(hold)


async def wait(loop: ClockLoop, line: Line, seconds: float) -> None:
    """Let time pass, with a sweep at the start, every second, and at the end."""
    await line.config.sweep.run(line.config.connections)
    while seconds > 0:
        await loop.pass_(min(1.0, seconds))
        await line.config.sweep.run(line.config.connections)
        seconds -= 1


def closed(line: Line) -> bool:
    return line.wire.closed


fast_and_plain = pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])


@fast_and_plain
@pytest.mark.parametrize("sent", [b"G", b"GET /v1/models HTTP/1.1\r\nhost: x", plain()[:-1]])
def test_a_head_that_takes_too_long_is_answered_408_and_the_connection_closed(
    app: CallsheetApp, sent: bytes, fast: bool
) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        await line.feed([sent])
        await wait(loop, line, HEAD)
        assert line.said == (b"", False)
        await wait(loop, line, 0.1)
        (reply,) = replies(line.wire.sent)
        assert reply.error == (408, "timeout_error", "The request took too long to arrive")
        assert reply.headers["connection"] == "close"
        assert "x-should-retry" not in reply.headers
        assert line.wire.closed
        assert line.config.sweep.dropped == {"full": 0, "slow": 1, "unread": 0}

    sweeping(app, talk, fast=fast)


@fast_and_plain
def test_bytes_that_drip_gain_no_time(app: CallsheetApp, fast: bool) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        for byte in plain():
            if line.wire.closed:
                break
            await line.feed([bytes([byte])])
            await wait(loop, line, 1)
        assert [reply.status for reply in replies(line.wire.sent)] == [408]

    sweeping(app, talk, fast=fast)


@fast_and_plain
def test_a_connection_that_sends_nothing_is_closed_without_a_word(app: CallsheetApp, fast: bool) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        await wait(loop, line, HEAD)
        assert not line.wire.closed
        await wait(loop, line, 0.1)
        assert line.said == (b"", True)
        assert line.config.sweep.dropped == {"full": 0, "slow": 1, "unread": 0}

    sweeping(app, talk, fast=fast)


@fast_and_plain
@pytest.mark.parametrize("first", [plain(), SLOW], ids=["at once", "by a task"])
def test_empty_lines_do_not_keep_a_connection(app: CallsheetApp, first: bytes, fast: bool) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        await line.feed([first])
        answered = line.wire.sent
        for _second in range(IDLE - 1):
            await line.feed([b"\r\n"])
            await wait(loop, line, 1)
            assert not line.wire.closed
        await line.feed([b"\r\n"])
        await wait(loop, line, 1.1)
        assert closed(line)
        assert line.wire.sent == answered
        assert not any(line.config.sweep.dropped.values()), "to be idle is no fault"

    sweeping(app, talk, fast=fast)


@fast_and_plain
@pytest.mark.parametrize("last", [plain(), SLOW], ids=["at once", "by a task"])
def test_a_connection_is_closed_when_it_was_idle_for_the_time_allowed(
    app: CallsheetApp, last: bytes, fast: bool
) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        for asked in (plain(), SLOW, plain(), plain(), SLOW, last):
            await line.feed([asked])
            await wait(loop, line, IDLE)
            assert not line.wire.closed
        await wait(loop, line, 1)
        assert line.wire.closed
        assert not any(line.config.sweep.dropped.values()), "to be idle is no fault"

    sweeping(app, talk, fast=fast)


@fast_and_plain
def test_a_reader_that_was_slow_is_no_reason_to_keep_an_idle_connection(app: CallsheetApp, fast: bool) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        await line.feed([plain()])
        line.protocol.pause_writing()
        await wait(loop, line, IDLE / 2)
        line.protocol.resume_writing()
        await wait(loop, line, IDLE + 1)
        assert line.wire.closed

    sweeping(app, talk, fast=fast)


@fast_and_plain
def test_a_body_that_takes_too_long_is_waited_for_as_long_as_a_head(app: CallsheetApp, fast: bool) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        await line.feed([WITH_BODY[:20]])
        await wait(loop, line, HEAD - 1)
        await line.feed([WITH_BODY[20:]])
        assert [reply.status for reply in replies(line.wire.sent)] == [405]
        await line.feed([b"a"])
        await wait(loop, line, HEAD - 1)
        await line.feed([b"b"])
        assert not closed(line)
        await wait(loop, line, 1.1)
        assert closed(line)
        assert [reply.status for reply in replies(line.wire.sent)] == [405]  # it had its answer

    sweeping(app, talk, fast=fast)


@fast_and_plain
def test_a_head_behind_other_requests_has_its_own_time(app: CallsheetApp, fast: bool) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        for _time in range(5):
            await line.feed([plain()[:30]])
            await wait(loop, line, HEAD - 1)
            await line.feed([plain()[30:]])
            await wait(loop, line, IDLE - 1)
        assert [reply.status for reply in replies(line.wire.sent)] == [200] * 5
        assert not line.wire.closed

    sweeping(app, talk, fast=fast)


@fast_and_plain
@pytest.mark.parametrize("asked", [plain(), SLOW], ids=["at once", "by a task"])
def test_an_answer_that_nobody_reads_is_given_up(app: CallsheetApp, asked: bytes, fast: bool) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        await line.feed([asked])
        line.wire.unsent = 5000
        await wait(loop, line, ANSWER)
        assert not line.wire.aborted
        await wait(loop, line, 1.1)
        assert line.config.sweep.dropped == {"full": 0, "slow": 0, "unread": 1}
        assert line.wire.aborted

    sweeping(app, talk, fast=fast)


@fast_and_plain
def test_what_is_left_unread_is_counted_however_little_it_is(app: CallsheetApp, fast: bool) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        await line.feed([plain()])
        for unsent in (5000, 3000, 0, 100):
            line.wire.unsent = unsent
            await wait(loop, line, 1)
            assert line.config.unread.total == unsent
        line.protocol.connection_lost(None)
        assert line.config.unread.total == 0

    sweeping(app, talk, fast=fast)


@fast_and_plain
def test_an_answer_that_is_read_is_waited_for_if_only_a_kilobyte_a_second_is(app: CallsheetApp, fast: bool) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        await line.feed([plain()])
        line.wire.unsent = 1_000_000
        for _second in range(500):
            line.wire.unsent -= 1024
            await wait(loop, line, 1)
        assert not line.wire.aborted
        for _second in range(int(ANSWER) + 2):
            line.wire.unsent -= 1
            await wait(loop, line, 1)
        assert line.wire.aborted

    sweeping(app, talk, fast=fast)


@fast_and_plain
def test_a_reader_that_caught_up_begins_anew(app: CallsheetApp, fast: bool) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        for _time in range(4):
            await line.feed([plain()])
            line.wire.unsent = 5000
            await wait(loop, line, ANSWER - 1)
            line.wire.unsent = 0
            await wait(loop, line, 1)
        assert not line.wire.closed

    sweeping(app, talk, fast=fast)


@fast_and_plain
def test_a_closing_connection_whose_rest_nobody_reads_is_cut_off(app: CallsheetApp, fast: bool) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        await line.feed([b"nonsense\r\n\r\n"])
        assert line.wire.closed
        line.wire.unsent = 100
        await wait(loop, line, ANSWER + 2)
        assert line.wire.aborted

    sweeping(app, talk, fast=fast)


@fast_and_plain
def test_when_connections_run_short_those_that_wait_get_a_tenth_of_the_time(app: CallsheetApp, fast: bool) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        await line.feed([plain(), plain()[:20]])
        await wait(loop, line, HEAD / 10 + 0.1)
        assert [reply.status for reply in replies(line.wire.sent)] == [200, 408]

    sweeping(app, talk, fast=fast, max_connections=1)


@fast_and_plain
def test_a_connection_too_many_is_told_so_and_closed(
    app: CallsheetApp, fast: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        config, state = line.config, line.state
        others = [line.another() for _ in range(70)]
        for other in others[:64]:
            (reply,) = replies(other.sent)
            assert reply.error == (529, "overloaded_error", "Overloaded")
            assert reply.headers["connection"] == "close"
            assert "x-should-retry" not in reply.headers
            assert other.closed
        assert all(other.aborted and not other.sent for other in others[64:])
        await line.feed([plain()])
        assert [reply.status for reply in replies(line.wire.sent)] == [200]
        assert len(state.connections) == 71
        await config.sweep.run(config.connections)
        await config.sweep.run(config.connections)
        line.another()
        await config.sweep.run(config.connections)
        (record,) = caplog.records  # once a minute at most
        assert record.getMessage() == "70 connections were turned away: 71 are open, and max_connections is 1."
        await wait(loop, line, 60)
        assert len(caplog.records) == 2
        assert config.sweep.dropped["full"] == 71

    sweeping(app, talk, fast=fast, max_connections=1)


@fast_and_plain
def test_a_connection_that_cannot_be_looked_at_is_cut_off_and_the_others_are_looked_at(
    app: CallsheetApp, fast: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        broken = line.another()
        del broken.unsent
        await wait(loop, line, HEAD + 1)
        assert broken.aborted
        assert line.wire.closed
        assert "cannot be looked at" not in caplog.text
        assert "could not be checked" in caplog.text

    sweeping(app, talk, fast=fast)


@fast_and_plain
def test_a_request_that_is_being_answered_may_take_its_time(app: CallsheetApp, fast: bool) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        line.protocol.data_received(SLOW)  # its task has not begun
        loop.now += 1000
        for _time in range(2):
            await line.config.sweep.run(line.config.connections)
        assert not line.wire.closed
        await line.settle()
        assert [reply.status for reply in replies(line.wire.sent)] == [200]

    sweeping(app, talk, fast=fast)


@fast_and_plain
def test_nobody_is_blamed_for_time_in_which_the_server_itself_was_held_up(app: CallsheetApp, fast: bool) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        await wait(loop, line, 1)
        await line.feed([plain()[:50]])
        loop.now += 1000  # in which the rest has come, but was not read
        await line.config.sweep.run(line.config.connections)
        await line.feed([plain()[50:]])
        await wait(loop, line, 5)
        assert [reply.status for reply in replies(line.wire.sent)] == [200]
        assert not line.wire.closed

    sweeping(app, talk, fast=fast)


@fast_and_plain
def test_a_server_that_is_always_late_ends_what_is_overdue_all_the_same(app: CallsheetApp, fast: bool) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        await line.feed([plain()[:50]])
        for _time in range(6):
            loop.now += 5
            await line.config.sweep.run(line.config.connections)
        assert [reply.status for reply in replies(line.wire.sent)] == [408]

    sweeping(app, talk, fast=fast)


REFUSED = {
    "nonsense": (b"nonsense\r\n\r\n", 400),
    "a URL too long": (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n", 414),
    "a body too large": (b"POST /v1/models HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n", 413),
}


@fast_and_plain
@pytest.mark.parametrize("name", REFUSED)
def test_behind_a_refusal_what_still_comes_is_read_for_a_moment(app: CallsheetApp, name: str, fast: bool) -> None:
    """Closed with something unread, the system would throw the answer away."""

    async def talk(loop: ClockLoop, line: Line) -> None:
        sent, status = REFUSED[name]
        wire = line.reconnect()
        await line.feed([sent])
        assert [reply.status for reply in replies(wire.sent)] == [status]
        assert (wire.ended, wire.closed, wire.reading) == (True, False, True)
        await line.feed([b"more", plain()])
        await wait(loop, line, 2)
        assert not closed(line)
        await wait(loop, line, 1)
        assert closed(line)
        assert len(replies(wire.sent)) == 1

    sweeping(app, talk, fast=fast)


@fast_and_plain
@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_in_a_server_that_drains_says_once_that_it_is_the_last(
    app: CallsheetApp, name: str, fast: bool
) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        line.config.drain()
        line.state.default_headers = [*line.state.default_headers, *line.config.encoded_headers]
        await line.feed([REFUSED[name][0]])
        assert line.wire.sent.lower().count(b"\r\nconnection: close\r\n") == 1

    sweeping(app, talk, fast=fast)


@fast_and_plain
@pytest.mark.parametrize("name", REFUSED)
def test_a_stop_waits_for_nobody_who_was_refused(app: CallsheetApp, name: str, fast: bool) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        line.reconnect()
        await line.feed([REFUSED[name][0]])
        line.protocol.shutdown()
        assert line.wire.closed

    sweeping(app, talk, fast=fast)


@fast_and_plain
def test_a_stop_waits_for_nobody_who_was_turned_away(app: CallsheetApp, fast: bool) -> None:
    async def talk(loop: ClockLoop, line: Line) -> None:
        line.config.limits = line.config.limits._replace(max_connections=0)
        wire = line.reconnect()
        assert [reply.status for reply in replies(wire.sent)] == [529]
        assert (wire.ended, wire.closed) == (True, False)
        line.protocol.shutdown()
        assert line.wire.closed

    sweeping(app, talk, fast=fast)

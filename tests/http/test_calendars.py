"""``/calendars/TOKEN.ics``: for whom has the token, and nobody else; cheap to ask again."""

import asyncio
from collections.abc import Iterator, Mapping

import icalendar
import pytest
from starlette.applications import Starlette

from callsheet.domain.access.secret import check_secret, fingerprint
from callsheet.domain.errors import InvalidError
from callsheet.domain.times import parse_instant
from callsheet.http.calendars import Calendars
from callsheet.http.forward.ours import is_ours
from callsheet.service.retirements.calendars import CalendarService, NewCalendar
from callsheet.service.state.live import LiveState
from tests.http.admin.asking import Reply
from tests.installation import Installation, make_model, now
from tests.program import wait_for


class Site:
    """An installation, and a server of its calendars."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.live: LiveState = installation.live()
        self.calendars = CalendarService(installation.store, "cli:ada", now)
        self._app = Starlette(routes=[*Calendars(self.live).routes()])

    def get(self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> Reply:
        return asyncio.run(self._ask(path, headers or {}, method))

    async def _ask(self, path: str, headers: Mapping[str, str], method: str) -> Reply:
        sent: list[dict[str, object]] = []
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "client": ("127.0.0.1", 1),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": b""}

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        await self._app(scope, receive, send)  # type: ignore[arg-type]
        first = {name.decode(): value.decode() for name, value in sent[0]["headers"]}  # type: ignore[attr-defined]
        body = b"".join(each.get("body", b"") for each in sent[1:])  # type: ignore[misc]
        return Reply(sent[0]["status"], first, body)  # type: ignore[arg-type]

    def follow(self) -> None:
        """Wait until the server has seen what was done last."""
        with self.installation.store.read() as reading:
            found = reading.installation()
        assert found is not None
        wait_for(lambda: self.live.current.revision == found.revision)


@pytest.fixture
def site(empty: Installation) -> Iterator[Site]:
    empty.add(make_model("m", display_name="M, the model"))
    empty.catalog.deprecate("m", retires_at=parse_instant("2099-11-30"))
    made = Site(empty)
    made.live.start()
    yield made
    made.live.stop()


@pytest.fixture
def made(site: Site) -> NewCalendar:
    new = site.calendars.create("all")
    site.follow()
    return new


def test_whoever_has_the_token_gets_the_calendar(site: Site, made: NewCalendar) -> None:
    reply = site.get(made.path)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert [str(each["SUMMARY"]) for each in icalendar.Calendar.from_ical(reply.content).walk("VEVENT")] == [
        "M, the model may retire"
    ]
    assert site.get(made.path, method="HEAD").status == 200


def test_it_is_not_sent_again_while_it_is_the_same(site: Site, made: NewCalendar) -> None:
    tag = site.get(made.path).headers["etag"]
    assert (site.get(made.path, {"if-none-match": tag}).status, site.get(made.path).headers["etag"]) == (304, tag)
    assert site.get(made.path, {"if-none-match": f'"x", W/{tag}'}).content == b""
    site.installation.catalog.deprecate("m", retires_at=parse_instant("2099-12-31"))
    site.follow()
    reply = site.get(made.path, {"if-none-match": tag})
    assert reply.status == 200
    assert b"20991231" in reply.content


def test_the_database_is_not_asked_again_at_the_same_revision(
    site: Site, made: NewCalendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = site.get(made.path)

    def refuse(*_: object) -> None:
        raise AssertionError("the database was asked")

    monkeypatch.setattr(Calendars, "_read", refuse)
    assert site.get(made.path) == first


def test_a_wrong_token_one_that_is_revoked_and_a_key_all_get_the_same_404(site: Site, made: NewCalendar) -> None:
    gone = site.calendars.create("gone")
    site.follow()
    assert site.get(gone.path).status == 200
    site.calendars.revoke("gone")
    site.follow()
    key = site.installation.key()
    wrong = made.token[:-1] + ("A" if made.token[-1] != "A" else "B")
    names = [gone.token, wrong, key, "x", "", "..%2f", made.token + "x"]
    replies = [site.get(f"/calendars/{name}.ics") for name in names]
    replies.append(site.get(f"/calendars/{made.token}"))
    assert {(reply.status, reply.content) for reply in replies[:4]} == {(404, b"There is no calendar here.\n")}
    assert {reply.status for reply in replies} == {404}


def test_the_token_is_stored_nowhere_and_is_no_key(site: Site, made: NewCalendar) -> None:
    with site.installation.store.read() as reading:
        [calendar] = reading.calendars()
        records = [each.record() for each in reading.changes()]
    assert calendar.fingerprint == fingerprint(made.token)
    assert made.token not in repr([calendar, records])
    assert made.token not in repr(made)
    with pytest.raises(InvalidError, match="is the token of a calendar"):
        check_secret(made.token)


def test_beside_a_gateway_calendars_stay_here_and_other_paths_there_do_not(made: NewCalendar) -> None:
    assert is_ours("GET", made.path.encode())
    assert not is_ours("GET", b"/calendars/mine.ics")

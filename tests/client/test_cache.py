"""The cache on disk: it answers while the server is away, and says that it did."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import httpx2
import pytest

from callsheet import APIConnectionError, APITimeoutError, AuthenticationError, InternalServerError, PagingError
from tests.broken.serving import serve_broken, serve_nothing
from tests.client.asking import MakeAsker, Script, ids_of, page
from tests.installation import Installation

AWAY = httpx2.ConnectError("refused")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "not" / "yet" / "there"


@pytest.fixture(autouse=True)
def _said(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.WARNING, "callsheet.client"):
        yield


def test_a_walk_and_a_model_are_there_when_the_server_is_not(
    asker: MakeAsker, installation: Installation, cache: Path
) -> None:
    key = installation.key()
    with serve_broken(installation) as url:
        asking = asker(base_url=url, api_key=key, cache=cache)
        fresh, model = asking.pages(limit=6), asking.retrieve("claude-opus-4-5")
    stale, kept = asking.pages(limit=6), asking.retrieve("claude-opus-4-5")
    assert [ids_of(each.data) for each in stale] == [ids_of(each.data) for each in fresh]
    assert [each.request_id for each in stale] == [each.request_id for each in fresh]
    assert [(each.stale, each.age) for each in fresh] == [(False, None)] * len(fresh)
    assert all(each.stale and timedelta() < each.age < timedelta(minutes=1) for each in stale)
    assert all(each.stale for each in stale[0].data)
    assert (kept.to_dict(), kept.stale, model.stale) == (model.to_dict(), True, False)
    assert kept.age is not None


@pytest.mark.parametrize("away", [AWAY, httpx2.ReadTimeout("late"), httpx2.Response(503), httpx2.Response(529)])
def test_the_cache_answers_when_the_server_cannot(cache: Path, away: Any, caplog: pytest.LogCaptureFixture) -> None:
    client = Script(page("a"), away).client(cache=cache, max_retries=0)
    assert not client.models.list().stale
    listed = client.models.list()
    assert (ids_of(listed.data), listed.stale) == (["a"], True)
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("http://scripted/v1/models is away; its answer of 0:00:0")


def test_a_server_that_is_back_is_believed_again(cache: Path) -> None:
    client = Script(page("a"), AWAY, page("b"), AWAY).client(cache=cache, max_retries=0)
    listed = [client.models.list() for _ in range(4)]
    assert [(ids_of(each.data), each.stale) for each in listed] == [
        (["a"], False),
        (["a"], True),
        (["b"], False),
        (["b"], True),
    ]


@pytest.mark.parametrize(
    "refusal",
    [
        httpx2.Response(401, json={"error": {"type": "authentication_error", "message": "no"}}),
        httpx2.Response(404, html="no"),
        httpx2.Response(200, html="no"),
        httpx2.Response(307, headers={"location": "/no"}),
        httpx2.DecodingError("no"),
    ],
    ids=repr,
)
def test_a_server_that_answers_is_not_overruled_and_its_errors_are_not_kept(cache: Path, refusal: Any) -> None:
    script = Script(page("a"), refusal, AWAY)
    client = script.client(cache=cache, max_retries=0)
    client.models.list()
    with pytest.raises(Exception, match=r".") as raised:
        client.models.list()
    assert not isinstance(raised.value, APIConnectionError)
    assert ids_of(client.models.list().data) == ["a"]


def test_a_page_that_leads_nowhere_is_not_kept(cache: Path) -> None:
    script = Script(page("a", has_more=True), page("b"), page("a", has_more=True), page("a"), AWAY)
    client = script.client(cache=cache, max_retries=0)
    assert ids_of(list(client.models.list())) == ["a", "b"]
    with pytest.raises(PagingError):
        list(client.models.list())
    assert ids_of(list(client.models.list())) == ["a", "b"]


def test_what_was_never_asked_is_not_there(cache: Path) -> None:
    client = Script(page("a"), AWAY).client(cache=cache, max_retries=0)
    client.models.list()
    for query in ({"limit": 1}, {"after_id": "a"}, {"lifecycle": "retired"}, {"betas": "b"}, {"workspace_id": "w"}):
        with pytest.raises(APIConnectionError):
            client.models.list(**query)
    with pytest.raises(APIConnectionError):
        client.models.retrieve("a")


@pytest.mark.parametrize(
    "other", [{"api_key": "sk-other"}, {"base_url": "http://other"}, {"auth_token": "sk-secret", "api_key": None}]
)
def test_a_key_never_gets_what_another_key_or_server_was_given(cache: Path, other: dict[str, Any]) -> None:
    Script(page("a")).client(cache=cache).models.list()
    with pytest.raises(APIConnectionError):
        Script(AWAY).client(cache=cache, max_retries=0, **other).models.list()


def test_no_file_holds_or_is_named_by_a_secret(cache: Path) -> None:
    Script(page("a")).client(cache=cache).models.list()
    (file,) = cache.iterdir()
    assert "sk-secret" not in file.name + file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert cache.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        json.dumps({"received_at": "soon", "headers": {}, "body": "{}"}).encode(),
        json.dumps({"received_at": "0001-01-01T00:00:00+14:00", "headers": {}, "body": "{}"}).encode(),
    ],
)
def test_a_file_that_cannot_be_read_counts_as_none(cache: Path, broken: bytes) -> None:
    client = Script(page("a"), AWAY, AWAY, page("b"), AWAY).client(cache=cache, max_retries=0)
    client.models.list()
    (file,) = cache.iterdir()
    file.write_bytes(broken)
    for _ in range(2):
        with pytest.raises(APIConnectionError):
            client.models.list()
    assert ids_of(client.models.list().data) == ["b"]
    assert ids_of(client.models.list().data) == ["b"]


def test_a_folder_that_cannot_be_written_takes_nothing_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    client = Script(page("a")).client(cache=tmp_path / "file")
    assert ids_of(client.models.list().data) == ["a"]
    assert len(caplog.messages) == 1
    assert caplog.messages[0].endswith("cannot be kept in " + str(tmp_path / "file") + ": File exists.")


def test_without_a_cache_nothing_is_kept(asker: MakeAsker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    asker().models()
    with serve_nothing() as url, pytest.raises(APIConnectionError):
        asker(base_url=url).models()
    assert list(tmp_path.iterdir()) == []


def test_a_watch_begins_with_the_cache_and_yields_again_when_the_server_differs(cache: Path) -> None:
    Script(page("a")).client(cache=cache).models.list(limit=1000)
    script = Script(AWAY, AWAY, page("a"), page("b"))
    watched = script.client(cache=cache, max_retries=0).models.watch(interval=0.001)
    first, second = islice(watched, 2)
    assert ([each.stale for each in first], ids_of(first)) == ([True], ["a"])
    assert ([each.stale for each in second], ids_of(second)) == ([False], ["b"])


def test_a_watch_that_began_with_what_is_kept_asks_by_the_tag_of_the_server(cache: Path) -> None:
    Script(page("a")).client(cache=cache).models.list(limit=1000)
    tagged = httpx2.Response(200, json=page("a"), headers={"etag": '"1"'})
    script = Script(AWAY, tagged, httpx2.Response(304), page("b"))
    watched = script.client(cache=cache, max_retries=0).models.watch(interval=0.001)
    assert [ids_of(each) for each in islice(watched, 2)] == [["a"], ["b"]]
    assert [each.headers.get("if-none-match") for each in script.asked] == [None, None, '"1"', '"1"']


def test_the_last_error_is_raised_when_nothing_is_kept(cache: Path) -> None:
    for away, kind in ((httpx2.ReadTimeout("late"), APITimeoutError), (httpx2.Response(500), InternalServerError)):
        with pytest.raises(kind):
            Script(away).client(cache=cache, max_retries=0).models.list()
    with pytest.raises(AuthenticationError):
        Script(httpx2.Response(401)).client(cache=cache).models.list()

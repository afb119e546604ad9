"""What the doctor says of Claude Code is what Claude Code does: releases of it, run beside the doctor's rules."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from callsheet.doctor.clients.play import play_client
from callsheet.doctor.clients.rules import Way, load_clients
from callsheet.doctor.probe.exchange import KEY as PLACEHOLDER
from callsheet.doctor.probe.headers import parse_header_variable
from callsheet.doctor.probe.sender import Sender
from callsheet.doctor.probe.target import parse_target
from callsheet.doctor.report import Play
from tests.broken import bugs
from tests.broken.asking import Bug
from tests.broken.replies import OTHERS, SLOW, TELLING, Lists, Reply, model, page, saying, serve_lists
from tests.broken.serving import serve_each
from tests.clients.claude_code import CREDENTIALS, KEY, RELEASES, Taken, discover, discover_once, offered, say_hello
from tests.installation import Installation, make_model
from tests.tiers import exhaustive, first, repeated

NEWEST: Final = RELEASES[0]

(RULES,) = load_clients(["claude-code"])

#: At a time: there may be no more cores.
_AT_ONCE: Final = 2

#: Headers that are about the connection.
_UNTOLD: Final = {"accept", "accept-encoding", "connection", "host"}


def ways_of(release: str) -> dict[str, Way]:
    """The doctor's ways of asking that are about a release, by their credential."""
    return {way.way: way for way in RULES.ways if _is_about(way.versions, release)}


def _is_about(versions: str, release: str) -> bool:
    first, _, last = versions.partition(" to ")
    if not last:
        return _numbers(versions.removesuffix(" and newer")) <= _numbers(release)
    return _numbers(first) <= _numbers(release) <= _numbers(last)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def verdict(way: Way, url: str, timeout: float = 30) -> Play:
    """What the doctor says of this way of asking; a list may be late only if the time-out is short."""
    patient = way.model_copy(update={"seconds": None}) if timeout == 30 else way
    rules = RULES.model_copy(update={"ways": (patient,)})
    with Sender(parse_target(url), KEY, timeout) as sender:
        (play,) = play_client(rules, sender.send, []).plays
    return play


def run_all(
    release: str,
    urls: Mapping[str, str],
    home: Path,
    credential: str = "ANTHROPIC_API_KEY",
    start: Callable[[str, str, Path, Mapping[str, str]], Taken] = discover,
) -> dict[str, Taken]:
    """What a release takes of each list, by name."""

    def run(item: tuple[str, str]) -> tuple[str, Taken]:
        name, url = item
        return name, start(release, url, home / f"{release}-{credential}-{name}", CREDENTIALS[credential])

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(pool.map(run, urls.items()))


def disagreements(way: Way, urls: Mapping[str, str], taken: Mapping[str, Taken]) -> Iterator[str]:
    for name, url in urls.items():
        shown = verdict(way, url).shown or ()
        if sorted(shown) != sorted(taken[name].ids):  # one server has another order each time
            yield f"{name}: the doctor says {shown}, it kept {taken[name].ids} ({taken[name].words})"


#: Of the lists on which releases differ, one for each thing that may be wrong with an entry.
_QUICK: Final = (
    "a-page", "openais-shape", "nothing-but-ids", "words-inside", "letters-that-fold-to-ascii", "null-display-name",
    "no-id", "null-id", "id-is-a-number", "an-entry-is-a-text",
)  # fmt: skip


#: Of which the doctor says the same as of the oldest, at the other end of the same versions.
_OTHER_END: Final = "2.1.222"

#: One for each thing that the doctor says of versions.
UNLIKE: Final = [release for release in RELEASES if release != _OTHER_END]


def _lists_for(release: str) -> dict[str, Reply]:
    """All for the newest; for others, those on which the doctor takes releases to differ, and one of each kind."""
    if repeated(True, release == _OTHER_END):
        return {name: TELLING[name] for name in _QUICK}
    if release == NEWEST:
        return {**TELLING, **OTHERS}
    with serve_lists(TELLING) as lists:
        shown = {
            name: {verdict(ways_of(each)["ANTHROPIC_API_KEY"], lists.at(name)).shown for each in RELEASES}
            for name in TELLING
        }
    return {name: reply for name, reply in TELLING.items() if name in _QUICK or len(shown[name]) > 1}


@pytest.mark.parametrize("release", first(RELEASES))
def test_a_release_keeps_of_a_list_what_the_doctor_says(release: str, tmp_path: Path) -> None:
    replies = _lists_for(release)
    with serve_lists(replies) as lists:
        urls = {name: lists.at(name) for name in replies}
        taken = run_all(release, urls, tmp_path)
        assert list(disagreements(ways_of(release)["ANTHROPIC_API_KEY"], urls, taken)) == []
    kept = {name for name, each in taken.items() if each.ids}
    assert {"a-page", "openais-shape", "nothing-but-ids"} <= kept
    assert not {"null-display-name", "no-id", "null-id", "an-entry-is-a-text"} & kept


@pytest.mark.parametrize("release", first([NEWEST, RELEASES[-1]]))
def test_a_list_that_comes_after_three_seconds_is_not_taken(release: str, tmp_path: Path) -> None:
    way = ways_of(release)["ANTHROPIC_API_KEY"]
    assert way.seconds == 3
    with serve_lists(SLOW) as lists:
        taken = run_all(release, {name: lists.at(name) for name in SLOW}, tmp_path, start=discover_once)
        plays = [verdict(way, lists.at(name), 3.1) for name in SLOW]
    assert [(each.kept, "failed" in each.words) for each in taken.values()] == [(None, True)] * 2
    assert [[finding.code for finding in play.findings] for play in plays] == [["too-slow"]] * 2


def test_the_newest_release_can_be_told_how_long_to_wait(tmp_path: Path) -> None:
    setting = ways_of(NEWEST)["ANTHROPIC_API_KEY"].seconds_setting
    with serve_lists(SLOW) as lists:
        hasty = discover_once(
            NEWEST, lists.at("a-slow-head"), tmp_path / "x", {**CREDENTIALS["both"], setting: "50"}
        )
    assert hasty.kept is None
    assert "timed out" in hasty.words
    assert "50" in hasty.words


#: Servers whose list is wrong, or depends on how it is asked for.
BUGS: Final[tuple[Bug, ...]] = tuple(
    bug
    for name, bug in vars(bugs).items()
    if getattr(bug, "__module__", "") == bugs.__name__ and callable(bug) and not name.startswith("_")
    if bug not in (bugs.no_key_needed, bugs.rate_limited, bugs.too_large, bugs.hanging_retrieve)
)


@exhaustive  # as with the lists above, of which each is a server
def test_the_newest_release_makes_of_every_broken_server_what_the_doctor_says(
    installation: Installation, tmp_path: Path
) -> None:
    installation.add(make_model("acme/claude-like", "2026-10-02"), make_model("kimi-k3", "2026-10-02"))
    key = installation.key(secret=KEY)
    assert key == KEY
    ways = ways_of(NEWEST)
    with serve_each(installation, *BUGS, default_limit=1000) as found:
        seen: set[object] = set()
        for credential, way in ways.items():
            urls = dict(_different(way, found, seen))
            assert list(disagreements(way, urls, run_all(NEWEST, urls, tmp_path, credential))) == []
    assert len(seen) > 8


def _different(way: Way, urls: Iterable[str], seen: set[object]) -> Iterator[tuple[str, str]]:
    """Those whose answer to this way of asking was not `seen` before, so that no answer is judged twice."""
    for url in urls:
        with Sender(parse_target(url), KEY, 30) as sender:
            exchange = sender.send(way.first_request(1000))
        answer = exchange.status, exchange.header("location") and "elsewhere", _without_ids(exchange.body)
        if answer not in seen:
            seen.add(answer)
            yield url.rpartition("/")[2], url


def _without_ids(body: bytes) -> bytes:
    return body.partition(b'"request_id"')[0]


# --- how it asks


@pytest.mark.parametrize("release", first(UNLIKE))
def test_a_release_asks_as_the_doctor_does_with_every_credential(release: str, tmp_path: Path) -> None:
    ways = ways_of(release)
    replies = dict.fromkeys(CREDENTIALS, TELLING["a-page"])
    with serve_lists(replies) as lists:
        for name in CREDENTIALS:
            run_all(release, {name: lists.at(name)}, tmp_path, name)
    for name in CREDENTIALS:
        way = ways.get(name, ways["ANTHROPIC_AUTH_TOKEN"])  # one that does not send both sends the token
        assert asked(lists, name) == sent_by_doctor(way)


@pytest.mark.parametrize("release", first([NEWEST, RELEASES[-1]]))
def test_a_release_sends_the_headers_that_its_user_adds_and_so_does_the_doctor(
    release: str, tmp_path: Path
) -> None:
    way = ways_of(release)["ANTHROPIC_API_KEY"]
    text = "X-Team: blue: green\nno header\n: nothing\n  x-other :  y \nx-api-key: another"
    with serve_lists({"a-page": TELLING["a-page"]}) as lists:
        environment = {**CREDENTIALS["ANTHROPIC_API_KEY"], way.custom_headers: text}
        discover(release, lists.at("a-page"), tmp_path / "home", environment)
    assert asked(lists, "a-page") == sent_by_doctor(way, text)


def asked(lists: Lists, name: str) -> tuple[str, dict[str, str]]:
    """What a list was asked for by the first request, the client named without its version."""
    target, headers = lists.asked[name][0]
    return target, _unversioned({name: value for name, value in headers.items() if name not in _UNTOLD})


def sent_by_doctor(way: Way, custom: str = "") -> tuple[str, dict[str, str]]:
    """What the doctor sends in this way."""
    extra = parse_header_variable(custom)
    ask = way.first_request(1000, extra.pairs)
    values = {name: extra.values.get(value, value.replace(PLACEHOLDER, KEY)) for name, value in ask.headers}
    return f"GET {ask.target}", _unversioned(values)


def _unversioned(headers: Mapping[str, str]) -> dict[str, str]:
    return {**headers, "user-agent": headers["user-agent"].partition("/")[0]}


@pytest.mark.parametrize("release", first(UNLIKE))
def test_with_nonessential_traffic_off_a_release_asks_or_does_not_as_the_doctor_says(
    release: str, tmp_path: Path
) -> None:
    way = ways_of(release)["ANTHROPIC_API_KEY"]
    off = {**CREDENTIALS["ANTHROPIC_API_KEY"], "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    with serve_lists({"a-page": TELLING["a-page"]}) as lists:
        say_hello(release, lists.at("a-page"), tmp_path / "home", off)
    targets = [target for target, _ in lists.asked["a-page"]]
    assert any(target.startswith("POST /v1/messages") for target in targets)
    is_silent = "GET /v1/models?limit=1000" not in targets
    assert is_silent == (way.silent_if == "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC is set")


# --- what its user sees

TEXTS: Final = page(
    model("claude-plain", display_name="Plain", description="On our own GPUs"),
    model("claude-plain", display_name="Once more"),
    model("acme/claude-marks", display_name=" a  `b` <i>c</i> "),
    model("claude-long", display_name="n" * 300, description="d" * 150),
    model("claude-pairs", display_name="é" * 10 + "😀" * 130),
    model("claude-limit", display_name="n" * 255, description="d" * 100),
    model("claude-empty", display_name=""),
    model("claude-only-marks", display_name="`<>`"),
    {"id": "claude-nameless"},
)


@pytest.mark.parametrize("release", first([NEWEST, "2.1.248", "2.1.223", "2.1.222"]))
def test_the_picker_of_a_release_shows_the_names_that_the_doctor_prints(release: str, tmp_path: Path) -> None:
    way = ways_of(release)["ANTHROPIC_API_KEY"]
    with serve_lists({"texts": TEXTS}) as lists:
        discover(release, lists.at("texts"), tmp_path / "home", CREDENTIALS["ANTHROPIC_API_KEY"])
        picker = offered(release, lists.at("texts"), tmp_path / "home", CREDENTIALS["ANTHROPIC_API_KEY"])
        play = verdict(way, lists.at("texts"))
    assert play.shown is not None
    assert dict(zip(play.shown, play.names, strict=True)) == {
        model_id: picker[model_id][0].strip() for model_id in play.shown
    }
    cut = {
        finding.sentence.split("`")[1]: finding.models for finding in play.findings if finding.code == "cut-text"
    }
    texts = way.texts
    assert cut == ({} if "display_name" not in texts else cut_names(picker)) | (
        {} if "description" not in texts else {"description": ("claude-long",)}
    )
    shown = picker["claude-long"][1]
    assert shown == ("d" * 99 + "…" if "description" in texts else "From gateway")
    assert picker["claude-plain"][1] == ("On our own GPUs" if "description" in texts else "From gateway")


def cut_names(picker: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """The models whose name is not shown to its end."""
    whole = {"claude-long": "n" * 300, "claude-pairs": "é" * 10 + "😀" * 130, "claude-limit": "n" * 255}
    return {"display_name": tuple(name for name, text in whole.items() if picker[name][0] != text)}


@pytest.mark.parametrize("release", first([NEWEST, RELEASES[-1]]))
def test_a_release_keeps_the_list_that_it_last_took_when_there_is_none(release: str, tmp_path: Path) -> None:
    later = (saying({}, 500), TELLING["no-word"], TELLING["null-display-name"])
    home, key = tmp_path / "home", CREDENTIALS["ANTHROPIC_API_KEY"]
    with serve_lists({"list": TELLING["a-page"]}) as lists:
        taken = discover(release, lists.at("list"), home, key)
        for number, reply in enumerate(later):
            lists.replies["list"] = reply
            copied = shutil.copytree(home, tmp_path / str(number), symlinks=True)
            again = discover(release, lists.at("list"), copied, key)
            assert again.kept == taken.kept
            assert again.ids
            assert not again.words.startswith("cached")
    assert "the last list that it accepted" in RULES.otherwise

"""What the doctor says of an SDK is what a program with that SDK gets, from correct and from broken servers."""

from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from callsheet.doctor.clients.play import play_client
from callsheet.doctor.clients.rules import Way, load_clients
from callsheet.doctor.probe.sender import Sender
from callsheet.doctor.probe.target import parse_target
from callsheet.doctor.report import Play
from tests.broken import bugs
from tests.broken.asking import Bug
from tests.broken.serving import make_app, serve_app, serve_each
from tests.clients.installed import installed
from tests.clients.programs import ask_driver, be_without, go_driver, java_driver
from tests.doctor.conftest import Stocked
from tests.tiers import exhaustive

#: Bugs that tell one paging rule from another, or keep the list from a client.
BUGS: Final[tuple[Bug, ...]] = (
    bugs.endless_pager,
    bugs.looping_cursor,
    bugs.null_cursors,
    bugs.has_more_always,
    bugs.has_more_never,
    bugs.ignored_limit,
    bugs.fails_after_the_oldest,
    bugs.cursor_included,
    bugs.openai_only,
    bugs.only_bearer,
    bugs.only_x_api_key,
    bugs.old_versions_only,
    bugs.no_display_name,
    bugs.created_at_as_a_number,
    bugs.bare_array,
    bugs.null_data,
    bugs.error_in_a_success,
    bugs.null_display_name,
)

#: More models than the server has: whoever gets so many goes on for ever.
ENOUGH: Final = 200


class Client(NamedTuple):
    """An installed client, and which way of asking in the doctor's data is meant to be it."""

    folder: str
    name: str
    versions: str

    def __str__(self) -> str:
        return self.folder

    @property
    def way(self) -> Way:
        """How the doctor asks in its place."""
        (rules,) = load_clients([self.name])
        (way,) = [way for way in rules.ways if way.versions == self.versions]
        return way

    @property
    def command(self) -> list[str]:
        """What lists models with it."""
        here = Path(__file__).parent
        if self.folder == "go":
            return go_driver("list")
        if self.folder.startswith("java-"):
            return java_driver(self.folder, "list")
        if self.folder.startswith("sdk-"):
            if installed("node") is None:
                be_without("The TypeScript clients are missing; run: python -m tests.clients.install")
            return ["node", str(here / "list_models.mjs"), self.folder]
        folder = installed(self.folder)
        if folder is None:
            be_without(f"The client {self.folder} is missing; run: python -m tests.clients.install")
        library = "openai" if self.folder == "openai" else "anthropic"
        return [str(folder / "bin" / "python"), str(here / "list_models.py"), library]


REAL: Final = (
    Client("anthropic-2", "python-sdk", "2.0 and newer"),
    Client("anthropic-1.17", "python-sdk", "1.0 to 1.17"),
    Client("anthropic-0.42", "python-sdk", "0.42"),
    Client("sdk-1", "typescript-sdk", "1.0 and newer"),
    Client("sdk-0", "typescript-sdk", "0.x"),
    Client("go", "go-sdk", "2.0 and newer"),
    Client("java-3", "java-sdk", "3.0 and newer"),
    Client("java-2.58", "java-sdk", "1.x to 2.58"),
    Client("openai", "openai-sdk", "Python 3.52 recorded; older ones ask alike"),
)


#: The newest of each, and older ones with ``--all``: what the doctor says of those is data of the same form.
OLDER: Final = ("anthropic-1.17", "anthropic-0.42", "sdk-0", "java-2.58")
TIERED: Final = [pytest.param(each, marks=exhaustive if each.folder in OLDER else ()) for each in REAL]


#: Headers that each machine fills in for itself.
MACHINES: Final = (
    "x-stainless-os",
    "x-stainless-os-version",
    "x-stainless-arch",
    "x-stainless-runtime-version",
)


class Recorder:
    """An application that writes down how it is asked: target and headers, but for what is each machine's own."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.asked: list[tuple[str, dict[str, str]]] = []

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"] if name != b"host"}
        for name in MACHINES:
            headers[name] = "any" if headers.get(name) else "none"
        self.asked.append((f"{scope['path']}?{scope['query_string'].decode()}", headers))
        await self.app(scope, receive, send)


@pytest.mark.parametrize("client", TIERED, ids=str)
def test_the_doctor_asks_exactly_as_a_real_client_does_and_predicts_what_it_gets(
    client: Client, stocked: Stocked, tmp_path: Path
) -> None:
    way = client.way
    with (
        make_app(stocked.installation, default_limit=1000) as app,
        serve_app(recorder := Recorder(app)) as recorded,
        serve_each(stocked.installation, *BUGS, default_limit=1000) as urls,
    ):
        foretold = [play(client, url, stocked) for url in urls]
        limit = -(-foretold[0].listed // 3)
        with Sender(parse_target(recorded), stocked.key, 10) as sender:
            sender.send(way.first_request(limit))
        job = {"urls": [recorded, *urls], "key": stocked.key, "limit": limit, "at_most": ENOUGH}
        if way.way == "client.beta":  # in a run apart: everything else asks in the ordinary way
            run(client, {**job, "urls": [recorded], "beta": True}, tmp_path)
        _, *gotten = run(client, job, tmp_path)
    by_doctor, by_client = recorder.asked[:2]
    assert by_doctor == by_client
    for url, said, got in zip(urls, foretold, gotten, strict=True):
        loops = any(finding.code == "loops" for finding in said.findings)
        assert (got is not None and len(got) == ENOUGH) == loops, (url, said, got)
        if not loops:
            unique = None if got is None else tuple(dict.fromkeys(got))
            assert unique == said.shown, (url, said, got)


def play(client: Client, url: str, stocked: Stocked) -> Play:
    """What the doctor says of this client."""
    (rules,) = load_clients([client.name])
    known = [model.id for model, _ in stocked.installation.catalog.list() if model.lifecycle != "retired"]
    with Sender(parse_target(url), stocked.key, 10) as sender:
        (said,) = play_client(
            rules.model_copy(update={"ways": (client.way,)}), sender.send, [str(each) for each in known]
        ).plays
    return said


def run(client: Client, job: dict[str, object], home: Path) -> list[list[str] | None]:
    """What the client gets from each server."""
    listed: list[list[str] | None] = ask_driver(client.command, home, job)
    return listed

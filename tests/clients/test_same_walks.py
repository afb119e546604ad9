"""Our client and the official SDKs walk alike: the same pages, models and cursors, whatever is listed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet import Client
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import EPOCH
from tests.clients.programs import clean_environment, go_driver, java_driver, python_driver, talk
from tests.doors import HTTPDoor
from tests.installation import Installation, make_model
from tests.tiers import examples, first

Walk = Callable[[dict[str, Any]], list[Any]]

ids = st.text("ab/:@+.~", min_size=1, max_size=3).filter(lambda text: not {"", ".", ".."} & set(text.split("/")))


KINDS: Final[list[dict[str, Any]]] = [
    {},
    {},
    {"lifecycle": Lifecycle.RETIRED, "deprecated_at": EPOCH},
    {"hidden": True},
]


@st.composite
def catalogues(draw: st.DrawFn) -> list[Model]:
    """Models of few days and lines, so that many stand side by side by their ids alone."""
    return [
        make_model(
            model_id,
            f"2026-01-0{draw(st.integers(1, 3))}",
            line=draw(st.sampled_from([None, "opus", "haiku"])),
            **draw(st.sampled_from(KINDS)),
        )
        for model_id in draw(st.lists(ids, unique=True, max_size=12))
    ]


queries = st.fixed_dictionaries(
    {},
    optional={
        "limit": st.integers(1, 5),
        "lifecycle": st.lists(st.sampled_from(["active", "deprecated", "retired"]), unique=True, min_size=1),
    },
)


class Walkers:
    """One server, and both clients of it, for as long as a test runs."""

    def __init__(self, door: HTTPDoor, sdk: tuple[TextIO, TextIO], client: Client) -> None:
        self.door = door
        self.sdk = sdk
        self.client = client

    def fill(self, models: list[Model]) -> None:
        """Let the server list these models and no others."""
        self.door.installation.clear_catalog()
        self.door.installation.add(*models)
        self.door.live.refresh()

    def official(self, query: dict[str, Any]) -> Any:
        """The walk of the official SDK."""
        asking, answering = self.sdk
        print(json.dumps(query), file=asking, flush=True)
        line = answering.readline()
        assert line, "the driver ended; its complaint stands above"
        return json.loads(line)

    def ours(self, query: dict[str, Any]) -> Any:
        """The walk of our client."""
        return [
            [[model.to_dict() for model in page.data], page.has_more, page.first_id, page.last_id]
            for page in self.client.models.list(**query).iter_pages()
        ]


def driver_of(client: str) -> list[str]:
    """The command that walks with an official client; URL and key are to follow."""
    if client == "go":
        return go_driver("walks")
    if client.startswith("java-"):
        return java_driver(client, "walks")
    return python_driver(client, "drive_walks.py", "")[:-1]


@pytest.fixture(params=first(["go", "anthropic-2", "java-3"], 2))
def walkers(request: pytest.FixtureRequest, empty: Installation, tmp_path: Path) -> Iterator[Walkers]:
    driver = driver_of(request.param)
    door = HTTPDoor(empty)
    url = f"http://127.0.0.1:{door.port}"
    try:
        with (
            talk([*driver, url, door.secret], tmp_path, clean_environment(tmp_path)) as sdk,
            Client(base_url=url, api_key=door.secret, max_retries=0) as client,
        ):
            yield Walkers(door, sdk, client)
    finally:
        door.close()


@examples(0.25)
@given(catalogue=catalogues(), query=queries, data=st.data())
def test_both_walk_the_same_pages_in_either_direction(
    walkers: Walkers, catalogue: list[Model], query: dict[str, Any], data: st.DataObject
) -> None:
    walkers.fill(catalogue)
    seen = [model.id for model in catalogue if not model.hidden]
    start = data.draw(st.sampled_from(["after_id", "before_id", None]), "direction")
    if seen and start is not None:
        query = {**query, start: data.draw(st.sampled_from(seen), "cursor")}
    assert walkers.ours(query) == walkers.official(query)

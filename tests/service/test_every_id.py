"""Every list that the client reads, the double loads, and every id in such a list works on the server."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callsheet import Client
from callsheet.domain.changes.workspaces import WorkspaceChange
from callsheet.testing import ModelsAPI
from tests.doors import AppDoor, Door, HTTPDoor
from tests.installation import Installation, make_model
from tests.strategies import model_ids
from tests.tiers import examples, exhaustive

#: What real servers say of a model beside its id, right and wrong.
FIELDS: Final = {
    "object": st.just("model"),
    "created": st.sampled_from([0, 1, 1767312000, "yesterday", None]),
    "created_at": st.sampled_from([1767312000, "2024-09", "2026-01-02T00:00:00.123456789Z", None]),
    "display_name": st.sampled_from(["A name ", "", None, 7]),
    "max_input_tokens": st.sampled_from([0, 200000, 2000000.0, "200k", None]),
    "context_length": st.sampled_from([0, 131072, None]),
    "capabilities": st.sampled_from([{"vision": True}, ["chat"], None]),
    "lifecycle": st.sampled_from(["active", "deprecated", "gone", None]),
}

#: Rows that are no model; they may hide no other.
NO_MODELS: Final[st.SearchStrategy[Any]] = st.sampled_from(
    [{"id": ""}, {"id": None}, {"object": "model"}, 7, None, []]
)

#: Real ids that a rule about ids once refused.
REAL: Final = (
    "claude-opus-4-8[1m]",
    "Gemini 3 Pro",
    "/data/models/Qwen2.5-Coder-1.5B-Instruct/",
    "azureml://registries/a/models/b/versions/1",
    "我的模型",
    "*",
)


class Listed(NamedTuple):
    """What a server answered, the ids in it, and how many of its rows are no model."""

    body: bytes
    ids: list[str]
    unreadable: int = 0


@st.composite
def lists(draw: st.DrawFn) -> Listed:
    """Lists in any wrapper, with two models or more, and rows between them that are none."""
    ids = draw(st.lists(model_ids, unique=True, min_size=2, max_size=5))
    rows: list[Any] = [{"id": model_id, **draw(st.fixed_dictionaries({}, optional=FIELDS))} for model_id in ids]
    bad = draw(st.lists(NO_MODELS, max_size=2))
    for row in bad:
        rows.insert(draw(st.integers(0, len(rows))), row)
    wrapped = draw(st.sampled_from([rows, {"object": "list", "data": rows}, {"data": rows, "has_more": False}]))
    return Listed(json.dumps(wrapped, ensure_ascii=draw(st.booleans())).encode(), ids, len(bad))


REAL_LIST: Final = Listed(
    json.dumps({"object": "list", "data": [{"id": name} for name in REAL]}).encode(), list(REAL)
)


def read(listed: Listed) -> tuple[list[str], int]:
    """The ids that our client reads of an answer, and how many rows it cannot read."""
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, content=listed.body))
    with Client(base_url="http://anybody", api_key="k", http_client=httpx2.Client(transport=transport)) as client:
        page = client.models.list()
        return [model.id for model in page.data], len(page.unreadable)


def warns_of(unreadable: int) -> AbstractContextManager[Any]:
    """Expect a warning if there are such rows."""
    return pytest.warns(UserWarning, match="left out") if unreadable else nullcontext()


@examples(0.5)
@given(listed=lists())
@example(listed=REAL_LIST)
def test_the_double_loads_every_list_that_the_client_reads(listed: Listed, tmp_path: Path) -> None:
    recorded = tmp_path / "recorded.json"
    recorded.write_bytes(listed.body)
    assert read(listed) == (listed.ids, listed.unreadable)
    with warns_of(listed.unreadable):
        double = ModelsAPI(recorded)
    with double as api, Client(base_url=api.url, api_key=api.api_key) as client:
        assert sorted(model.id for model in client.models.list(limit=2)) == sorted(listed.ids)
        assert [client.models.retrieve(model_id).id for model_id in listed.ids] == listed.ids


class Place:
    """A server with two workspaces of its own: one is allowed one id only, the other is denied it."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.installation = door.installation
        self.keys = {}
        for name in ("only", "without"):
            self.installation.workspace(name)
            self.keys[name] = self.installation.key(name=name, workspace=name)

    def fill(self, ids: list[str]) -> None:
        """Let the catalogue hold these models, but for the last: that is an alias of the first."""
        self.installation.clear_catalog()
        *ids, alias = ids
        self.installation.add(*map(make_model, ids))
        self.installation.catalog.alias(alias, ids[0])

    def set_rules(self, model_id: str) -> None:
        """Allow the one workspace this id only, and deny it to the other."""
        access = self.installation.access
        access.change_workspace("only", WorkspaceChange(allow=(model_id,), deny=()))
        access.change_workspace("without", WorkspaceChange(allow=(), deny=(model_id,)))

    def ids(self, query: str = "", key: str = "") -> list[str]:
        """A list in Anthropic's dialect."""
        return self.door.ask("GET", f"/v1/models?limit=1000{query}", self.headers(key)).ids

    def retrieve(self, model_id: str, key: str = "") -> tuple[int, str | None]:
        """Status and id of one model; the same in both dialects."""
        target = f"/v1/models/{quote(model_id, safe='')}"
        asked = [self.door.ask("GET", target, headers) for headers in (self.headers(key), self.bearer(key))]
        ours, openai = ((reply.status, reply.json.get("id")) for reply in asked)
        assert ours == openai
        return ours

    def headers(self, key: str) -> list[tuple[str, str]]:
        """What an Anthropic client sends."""
        return [("x-api-key", self.keys.get(key, self.door.secret)), ("anthropic-version", "2023-06-01")]

    def bearer(self, key: str) -> list[tuple[str, str]]:
        """What an OpenAI client sends."""
        return [("authorization", f"Bearer {self.keys.get(key, self.door.secret)}")]


#: Each door and each kind of database once, and then the other pairs.
DOORS_AND_KINDS: Final = (
    pytest.param(HTTPDoor, "sqlite"),
    pytest.param(AppDoor, "postgresql"),
    pytest.param(HTTPDoor, "postgresql", marks=exhaustive),
    pytest.param(AppDoor, "sqlite", marks=exhaustive),
)


@pytest.fixture
def place(request: pytest.FixtureRequest, empty: Installation) -> Iterator[Place]:
    door: Door = request.param(empty)
    yield Place(door)
    door.close()


def _means(pattern: str, model_id: str) -> bool:
    """Whether a pattern that is an id matches another: with * or ? it stays a glob (contract, section 1)."""
    return pattern == model_id or (not {"*", "?"}.isdisjoint(pattern) and fnmatchcase(model_id, pattern))


@pytest.mark.parametrize(("place", "installation"), DOORS_AND_KINDS, indirect=True)
@examples(0.1)
@given(listed=lists())
@example(listed=REAL_LIST)
def test_every_id_is_listed_retrieved_aliased_a_cursor_allowed_and_denied(place: Place, listed: Listed) -> None:
    place.fill(listed.ids)
    *models, alias = listed.ids
    order = place.ids()
    assert sorted(order) == sorted(models)
    assert [model["id"] for model in place.door.ask("GET", "/v1/models", place.bearer("")).json["data"]] == order
    assert place.retrieve(alias) == (200, models[0])
    for position, model_id in enumerate(order):
        assert place.retrieve(model_id) == (200, model_id)
        cursor = quote(model_id, safe="")
        assert place.ids(f"&after_id={cursor}") == order[position + 1 :]
        assert place.ids(f"&before_id={cursor}") == order[:position]
        place.set_rules(model_id)
        meant = [other for other in order if _means(model_id, other)]
        assert place.ids(key="only") == meant
        assert place.retrieve(model_id, "only") == (200, model_id)
        assert place.ids(key="without") == [other for other in order if other not in meant]
        assert place.retrieve(model_id, "without") == (404, None)

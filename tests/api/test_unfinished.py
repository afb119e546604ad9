"""Answers that need much prepared can be had in steps; they are the same in the end."""

from collections.abc import Callable

import pytest

from callsheet.api.answer import Response, answer
from callsheet.api.request import Request
from callsheet.api.state import State
from callsheet.api.view import UnfinishedError
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.model import Lifecycle
from tests.api.states import REQUEST_ID, SECRET, make_state
from tests.installation import make_model

MODELS = 26_000  # more blocks than are joined at once
ANTHROPIC = ((b"x-api-key", SECRET.encode()), (b"anthropic-version", b"2023-06-01"))
OPENAI = ((b"authorization", b"Bearer " + SECRET.encode()),)

#: Requests that take many blocks: query, headers, and rules of visibility.
LONG = {
    "all for an OpenAI client": (b"", OPENAI, Visibility()),
    "a large page": (b"limit=1000", ANTHROPIC, Visibility()),
    "a large page backward": (b"limit=1000&before_id=m25999", ANTHROPIC, Visibility()),
    "what nobody has": (b"lifecycle=retired", ANTHROPIC, Visibility()),
    "the last of a few that may be seen": (b"", ANTHROPIC, Visibility(allow=("m00000", "m25999"))),
}


@pytest.fixture(scope="module")
def make() -> Callable[[Visibility], State]:
    models = [make_model(f"m{number:05}", lifecycle=Lifecycle.ACTIVE) for number in range(MODELS)]
    return lambda visibility: make_state(models, visibility=visibility)


def ask(state: State, query: bytes, headers: tuple[tuple[bytes, bytes], ...], most: int) -> Response:
    return answer(state, Request("GET", b"/v1/models", query, headers, 0.0, REQUEST_ID), most)


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("most", [2, 64])
def test_an_answer_made_in_steps_is_the_one_made_at_once(
    make: Callable[[Visibility], State], name: str, most: int
) -> None:
    query, headers, visibility = LONG[name]
    state, steps, found = make(visibility), 0, None
    while found is None:
        steps += 1
        try:
            found = ask(state, query, headers, most)
        except UnfinishedError:
            assert steps < len(state.catalog.blocks), "it gets no further"
    assert most > 5 or steps > 1
    assert found == answer(make(visibility), Request("GET", b"/v1/models", query, headers, 0.0, REQUEST_ID))
    assert found.status == 200


def test_one_block_is_always_prepared_at_once(make: Callable[[Visibility], State]) -> None:
    state = make(Visibility())
    for query in (b"", b"after_id=m25000", b"before_id=m00010&limit=5", b"lifecycle=active&limit=255"):
        assert ask(state, query, ANTHROPIC, 1).status == 200


def test_what_is_not_listed_is_not_written(make: Callable[[Visibility], State]) -> None:
    state = make(Visibility(allow=("m0000[0-4]",)))
    assert ask(state, b"lifecycle=retired", ANTHROPIC, MODELS).body.startswith(b'{"data":[]')
    assert ask(state, b"", ANTHROPIC, MODELS).body.count(b'"type":"model"') == 5
    written = [piece for rendering in state.views._renderings.values() for piece in rendering._encoded.values()]
    assert sum(map(len, written)) == 5

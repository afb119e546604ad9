"""Recorded answers of upstreams: `tests/fixtures/sources`, in the shapes that they really have."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from callsheet.sources.read import Reading, read
from callsheet.sources.registry import upstream_of
from callsheet.sources.upstream import Answer, Listed, Options, Request, Upstream

FOLDER = Path(__file__).parents[1] / "fixtures" / "sources"
MAX_ROUNDS = 50


def exchanges(name: str) -> dict[str, Any]:
    """What a recording holds: ``GET /path`` to the status and the JSON that was answered."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def answer_to(request: Request, recorded: dict[str, Any]) -> Answer:
    """The recorded answer to a request; 404 if there is none, as servers answer for what they do not have."""
    name = f"{request.method} {request.path}{' ' + request.body.decode() if request.body else ''}"
    found = recorded.get(name, {"status": 404, "json": {"error": {"message": f"no recording of {name}"}}})
    body = found["text"].encode() if "text" in found else json.dumps(found["json"]).encode()
    return Answer(request, found["status"], {"content-type": "application/json"}, body)


def ask(upstream: Upstream, options: Options, respond: Callable[[Request], Answer]) -> tuple[Answer, ...]:
    """All answers that an upstream's module asks for, as a run collects them."""
    answers: tuple[Answer, ...] = ()
    for _ in range(MAX_ROUNDS):
        wanted = upstream.requests(options, answers)
        if not wanted:
            return answers
        answers = (*answers, *map(respond, wanted))
    raise AssertionError("it asks for ever")


def answers_of(name: str, kind: str = "", options: Options | None = None) -> tuple[Answer, ...]:
    """The answers of a recording, in the order in which the module of its kind asks for them."""
    recorded = exchanges(name)
    return ask(upstream_of(kind or name), options or Options(), lambda request: answer_to(request, recorded))


def reading_of(name: str, kind: str = "", options: Options | None = None) -> Reading:
    """What a recording comes to."""
    options = options or Options()
    return read(upstream_of(kind or name), answers_of(name, kind, options), options)


def listed_in(reading: Reading) -> dict[str, Listed]:
    return {each.id: each for each in reading.listed}


def reading_from(kind: str, sent: object, path: str = "/v1/models") -> Reading:
    """What one answer comes to that is made up; ``sent`` is its JSON."""
    answer = Answer(Request("GET", path), 200, {}, json.dumps(sent).encode())
    return read(upstream_of(kind), [answer], Options())


def only(readings: Reading | Sequence[Listed]) -> Listed:
    """The only model of a list."""
    listed = readings.listed if isinstance(readings, Reading) else readings
    (found,) = listed
    return found

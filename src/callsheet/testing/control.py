"""Control: what the fixture does in Python, over HTTP for programs in other languages.

Only `callsheet fake` answers these paths, below ``/_fake/``; they need no key and are not in the journal.

* ``POST /_fake/<verb>`` does what the method of that name does; the body is a JSON object of its arguments.
* ``GET /_fake/requests`` and ``GET /_fake/faults`` show what was asked, and what is to go wrong.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from pydantic import ValidationError, validate_call

from callsheet.api.answer import Response
from callsheet.api.request import Header
from callsheet.domain.errors import APIError, InvalidRequestError, NotFoundError, RefusedError
from callsheet.domain.model import Model
from callsheet.testing.double import ModelsAPI
from callsheet.testing.faults import Fault, explain
from callsheet.testing.handler import Outcome

PREFIX: Final = b"/_fake/"

#: Methods of `ModelsAPI` that can be called by their names, as they are.
VERBS: Final = (
    "deprecate", "retire", "remove", "hide", "unhide", "alias", "unalias",
    "workspace", "key", "disable_key", "fail", "reset",
)  # fmt: skip


class FakeModelsAPI(ModelsAPI):
    """A ModelsAPI that can be changed over HTTP."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        calls: dict[str, Callable[..., object]] = {
            **{verb: getattr(self, verb) for verb in VERBS},
            "add": _with_fields(self.add),
            "change": _with_fields(self.change),
            "advance": self.clock.advance,
            "set_clock": self.clock.set,
        }
        self._calls = {verb: validate_call(call) for verb, call in calls.items()}

    def _say_unreadable(self) -> None:
        """Leave that to the command."""

    def handle(self, method: str, path: bytes, query: bytes, headers: Sequence[Header], body: bytes) -> Outcome:
        """Do what a path below the prefix says; answer any other request."""
        if not path.startswith(PREFIX):
            return super().handle(method, path, query, headers, body)
        name = path[len(PREFIX) :].decode("latin-1")
        try:
            return Outcome(_answer(self._do(method, name, body)))
        except RefusedError as error:
            return Outcome(self.refuse(InvalidRequestError(str(error))))
        except APIError as error:
            return Outcome(self.refuse(error))

    def _do(self, method: str, name: str, body: bytes) -> dict[str, Any]:
        if method == "GET" and name == "requests":
            return {"data": [request.record() for request in self.requests]}
        if method == "GET" and name == "faults":
            return {"data": [_plain(fault) for fault in self.faults]}
        if method != "POST" or name not in self._calls:
            raise NotFoundError(f"Not found; there are GET requests and faults, and POST {', '.join(self._calls)}")
        try:
            return {"result": _plain(self._calls[name](**_read(body)))}
        except ValidationError as error:
            raise InvalidRequestError(f"{name}: {explain(error)}") from None


def _with_fields(call: Callable[..., Model]) -> Callable[..., Model]:
    """``call`` with a signature that Pydantic reads; the fields of a model are checked by the domain."""

    def called(model_id: str, **fields: Any) -> Model:
        return call(model_id, **fields)

    return called


def _read(body: bytes) -> dict[str, Any]:
    try:
        arguments = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError(f"The body is not valid JSON: {error}") from None
    if not isinstance(arguments, dict):
        raise InvalidRequestError("The body must be a JSON object of arguments")
    return arguments


def _plain(value: object) -> object:
    if isinstance(value, Model):
        return value.record()
    if isinstance(value, Fault):
        return {**value.model_dump(), "used": value.used}
    return value


def _answer(content: dict[str, Any]) -> Response:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    return Response(200, headers, body)

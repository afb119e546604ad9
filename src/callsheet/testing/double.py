"""ModelsAPI: the double itself, with a server around it, a journal, and faults on demand."""

import warnings
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Any, Final, Self

from callsheet.api.answer import Response, answer, error_response
from callsheet.api.compression import choose_coding
from callsheet.api.request import Header, Request, read_headers
from callsheet.api.state import Options
from callsheet.domain.errors import APIError, DoesNotExistError, InvalidError, ServeError
from callsheet.domain.query import DEFAULT_LIMIT, MAX_LIMIT, MIN_LIMIT
from callsheet.service.ids import BASE_58
from callsheet.testing.asgi import ASGIApp, answer_asgi
from callsheet.testing.clock import START, Clock
from callsheet.testing.environment import Environment
from callsheet.testing.faults import Fault, Route, make_fault
from callsheet.testing.handler import Outcome
from callsheet.testing.installation import Installation, read_shape
from callsheet.testing.journal import RecordedRequest, record
from callsheet.testing.recording import CatalogSource, read_catalog
from callsheet.testing.server import Server

#: The secret of the key there is from the start.
API_KEY: Final = "sk-cs-for-tests-and-nothing-else"

_ID_LENGTH: Final = 22


class ModelsAPI(Installation):
    """A Models API for tests: the answers of this package, from memory, at a time that only tests move.

    Use it as a context, plain or asynchronous, which starts a server and stops it; or ask `asgi` without one.
    It has the verbs of `Installation`.

    Parameters
    ----------
    catalog
        What is listed: None for the built-in catalogue, a JSON file, or models; see `read_catalog`. A warning names
        entries that are left out, and ``unreadable`` has them.
    clock
        The time at which the clock stands.
    shape
        ``current`` or ``classic``: which fields a model has.
    default_limit
        Models on a page when the caller does not say, 1-1000.
    any_key
        Accept every credential.
    api_key
        Secret of the key there is from the start, 16-512 characters.
    host, port
        Where the server listens; port 0 is a free one.

    Raises
    ------
    InvalidError
        One of these is not valid.
    """

    def __init__(
        self,
        catalog: CatalogSource = None,
        *,
        clock: datetime | str = START,
        shape: str = "current",
        default_limit: int = DEFAULT_LIMIT,
        any_key: bool = False,
        api_key: str = API_KEY,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        if not MIN_LIMIT <= default_limit <= MAX_LIMIT:
            raise InvalidError(f"default_limit must be {MIN_LIMIT} to {MAX_LIMIT}, not {default_limit}.")
        options = Options(default_limit=default_limit, shape=read_shape(shape), any_key=any_key)
        loaded = read_catalog(catalog)
        super().__init__(loaded.catalog, options, api_key, Clock(clock))
        self.unreadable = loaded.unreadable
        self._say_unreadable()
        self.api_key = api_key
        self.requests: list[RecordedRequest] = []
        self.faults: list[Fault] = []
        self._asked = 0
        self._address = host, port
        self._server: Server | None = None

    def _say_unreadable(self) -> None:
        """Warn of entries of the catalogue that are left out."""
        if self.unreadable:
            first = self.unreadable[0]
            name = "" if first.id is None else f" ({first.id!r})"
            count = len(self.unreadable)
            left_out = "1 entry of the catalogue is" if count == 1 else f"{count:,} entries of the catalogue are"
            warnings.warn(f"{left_out} left out; entry {first.position + 1}{name}: {first.reason}.", stacklevel=3)

    @property
    def url(self) -> str:
        """The base URL of Anthropic clients; those of OpenAI want ``/v1`` behind it."""
        if self._server is None:
            raise ServeError("The double has not been started; use it as a context, or call start().")
        return self._server.url

    @property
    def env(self) -> Environment:
        """The variables by which official clients find it: a dictionary, and a context that sets them."""
        return Environment(self.url, self.api_key)

    @property
    def asgi(self) -> ASGIApp:
        """The double as an ASGI application, for clients that can do without a network."""
        return partial(answer_asgi, self)

    @property
    def last_request(self) -> RecordedRequest:
        """The latest request."""
        if not self.requests:
            raise DoesNotExistError("Nothing has been asked yet.")
        return self.requests[-1]

    @property
    def unused_faults(self) -> list[Fault]:
        """Faults that were asked for and have never happened."""
        return [fault for fault in self.faults if not fault.used]

    def fail(
        self,
        *,
        status: int | None = None,
        message: str | None = None,
        retry_after: float | None = None,
        delay: float = 0,
        cut: bool = False,
        has_more: bool | None = None,
        loop: bool = False,
        null_ids: bool = False,
        on: Route | None = None,
        times: int | None = 1,
    ) -> Fault:
        """Let something go wrong with the next request that it concerns; faults wait in line for theirs.

        Parameters
        ----------
        status, message, retry_after
            Answer with an error of this status (400-599), this text, and these seconds to wait.
        delay
            Seconds before the answer is sent.
        cut
            End the connection in the middle of the body.
        has_more
            What a page says, whether that is so or not.
        loop
            Ignore the cursor: give the first page once more, and say that more follow.
        null_ids
            Give null for both cursors of a page.
        on
            ``list`` or ``retrieve``: only then.
        times
            How often; None is always, until it is stopped.

        Raises
        ------
        InvalidError
            Nothing would go wrong, or things that exclude each other.
        """
        given = {name: value for name, value in locals().items() if name != "self"}
        fault = make_fault(**given)
        self.faults.append(fault)
        return fault

    def reset(self) -> None:
        """Let everything be as it was at first: models, workspaces, keys, time; no fault, and nothing asked."""
        super().reset()
        self.requests.clear()
        self.faults.clear()
        self._asked = 0

    def handle(
        self,
        method: str,
        path: bytes,
        query: bytes,
        headers: Sequence[Header],
        body: bytes,  # noqa: ARG002  # it means nothing to a Models API, but something to `FakeModelsAPI`
    ) -> Outcome:
        """Return what becomes of a request, and put it into the journal."""
        request = self._make_request(method, path, query, headers)
        happened = (fault.happen(self.state, request) for fault in list(self.faults))
        outcome = next(filter(None, happened), None) or Outcome(self._answer(request))
        self.requests.append(record(request, outcome.response, self.clock.now()))
        return outcome

    def _answer(self, request: Request) -> Response:
        """Answer as the product does a request that comes again: a large body is compressed by then."""
        response = answer(self.state, request)
        if not _waits_for_coding(request, response):
            return response
        self.state.views.compressed.run_queue()
        return answer(self.state, request)

    def refuse(self, error: APIError) -> Response:
        """Return the answer to what never became a request."""
        return error_response(error, self._make_request("GET", b"", b"", ()))

    def _make_request(self, method: str, path: bytes, query: bytes, headers: Sequence[Header]) -> Request:
        self._asked += 1
        return Request(method, path, query, headers, self.clock.now().timestamp(), _make_request_id(self._asked))

    def start(self) -> Self:
        """Start the server, if it is not running.

        Raises
        ------
        ServeError
            The address is in use or is not this machine's.
        """
        if self._server is None:
            self._server = Server(self, *self._address)
        return self

    def stop(self) -> None:
        """Stop the server and end its connections; a later `start` makes another."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(self, *_about: Any) -> None:
        self.stop()


def _waits_for_coding(request: Request, response: Response) -> bool:
    """Whether an answer that is worth it was not compressed, and the caller takes it so."""
    said = dict(response.headers)
    if b"content-encoding" in said or b"accept-encoding" not in said.get(b"vary", b""):
        return False
    return choose_coding(read_headers(request.headers).get(b"accept-encoding", b"")) is not None


def _make_request_id(number: int) -> str:
    """An id of the usual form that counts, so that a test meets the same one every time."""
    digits = []
    for _ in range(_ID_LENGTH):
        number, digit = divmod(number, len(BASE_58))
        digits.append(BASE_58[digit])
    return f"req_01{''.join(reversed(digits))}"

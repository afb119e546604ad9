"""The server under examination, and what is known of it so far."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from callsheet.doctor.probe.exchange import KEY, Exchange, ProbeRequest
from callsheet.doctor.probe.headers import Headers, merge_headers
from callsheet.doctor.probe.listing import Listing, Model, read_listing
from callsheet.doctor.probe.sender import Sender
from callsheet.domain.query import MAX_LIMIT

#: A version that every server of the Anthropic dialect should know.
VERSION: Final = ("anthropic-version", "2023-06-01")

X_API_KEY: Final = ("x-api-key", KEY)
BEARER: Final = ("authorization", f"Bearer {KEY}")

#: The three ways in which known clients ask: Anthropic's with either credential, and OpenAI's.
ANTHROPIC: Final[Headers] = (X_API_KEY, VERSION)
ANTHROPIC_BEARER: Final[Headers] = (BEARER, VERSION)
OPENAI: Final[Headers] = (BEARER,)

#: All models at once, as far as the contract allows.
WHOLE: Final = f"/v1/models?limit={MAX_LIMIT}"

_COMMON: Final[Headers] = (("accept", "application/json"), ("accept-encoding", "gzip"))


@dataclass
class Server:
    """Sends requests to the server, each of them once, and remembers the responses.

    Parameters
    ----------
    headers
        The credential and version that it answers best.
    extra
        Headers that the caller adds to every request.
    model, alias
        Names that the caller knows to exist; some checks need them.
    models, ids
        What it lists, each model once, in its order.
    is_whole
        Whether it lists no further models.
    trace
        Every exchange that was asked for, the remembered ones too, since the list was last cleared.
    """

    sender: Sender
    headers: Headers = ANTHROPIC
    extra: Headers = ()
    model: str | None = None
    alias: str | None = None
    models: list[Model] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    is_whole: bool = True
    trace: list[Exchange] = field(default_factory=list)
    _exchanges: dict[ProbeRequest, Exchange] = field(default_factory=dict)

    def send(self, request: ProbeRequest, *, again: bool = False) -> Exchange:
        """Return the outcome of ``request``: the remembered one, unless it is to be sent ``again``.

        Raises
        ------
        BudgetExhaustedError
            No further request may be sent.
        """
        exchange = None if again else self._exchanges.get(request)
        if exchange is None:
            exchange = self.sender.send(request)
            self._exchanges.setdefault(request, exchange)
        self.trace.append(exchange)
        return exchange

    def request(
        self, target: str, headers: Headers | None = None, *, method: str = "GET", again: bool = False
    ) -> Exchange:
        """Send a request with these headers, else with `headers`; those that every program sends are added."""
        own = self.headers if headers is None else headers
        named = {name for name, _ in own}
        common = tuple(pair for pair in _COMMON if pair[0] not in named)
        return self.send(ProbeRequest(target, merge_headers((*common, *own), self.extra), method), again=again)

    def list_page(self, query: str, *, again: bool = False) -> Listing | None:
        """Return a page of the list; None if the response is not a list."""
        return read_listing(self.request(f"/v1/models?{query}", again=again))

    def retrieve(self, name: str, headers: Headers | None = None) -> Exchange:
        """Retrieve one model, its name encoded as the Python SDK does."""
        return self.request(f"/v1/models/{encode_path(name)}", headers)

    def add_models(self, models: Iterable[Model]) -> bool:
        """Add to `models` those that are new; return whether there were any."""
        known = set(self.ids)
        new = {model["id"]: model for model in models if model["id"] not in known}
        self.models += new.values()
        self.ids += new
        return bool(new)

    def cursor(self, place: int) -> str:
        """Return the id at a place in the list, encoded for a query; empty if no model is listed."""
        return encode_query(self.ids[place]) if self.ids else ""

    @property
    def exchanges(self) -> Sequence[Exchange]:
        """The outcomes of all requests so far."""
        return tuple(self._exchanges.values())


def encode_query(name: str) -> str:
    """Return a name as a value of a query."""
    return quote(name, safe="", errors="replace")


def encode_path(name: str, *, keep: str = "") -> str:
    """Return a name as the Python SDK writes it in a path, except for the characters in ``keep``."""
    return quote(name, safe=f":@!$&'()*+,;={keep}", errors="replace")

"""Subject: the server under examination, and what is known of it so far."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from callsheet.doctor.probe.exchange import KEY, Ask, Exchange
from callsheet.doctor.probe.headers import Headers, overlaid
from callsheet.doctor.probe.listing import Listing, Model, read_listing
from callsheet.doctor.probe.player import Player
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
class Subject:
    """Asks a server, each question once, and remembers the answers.

    Parameters
    ----------
    headers
        Those with which it answers best.
    extra
        Those that the caller adds to every request.
    model, alias
        Names that the caller knows to exist; checks use them.
    models, ids
        What it lists, each once, in its order.
    is_whole
        Whether it lists no more than these.
    """

    player: Player
    headers: Headers = ANTHROPIC
    extra: Headers = ()
    model: str | None = None
    alias: str | None = None
    models: list[Model] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    is_whole: bool = True
    trace: list[Exchange] = field(default_factory=list)
    _answers: dict[Ask, Exchange] = field(default_factory=dict)

    def play(self, ask: Ask, *, again: bool = False) -> Exchange:
        """Return what was answered to ``ask``, from memory unless it is to be asked ``again``.

        Raises
        ------
        ExhaustedError
            Nothing more may be asked.
        """
        exchange = None if again else self._answers.get(ask)
        if exchange is None:
            exchange = self.player.play(ask)
            self._answers.setdefault(ask, exchange)
        self.trace.append(exchange)
        return exchange

    def ask(
        self, target: str, headers: Headers | None = None, *, method: str = "GET", again: bool = False
    ) -> Exchange:
        """Ask with these headers, or with those it answers best to; others that a program sends come with them."""
        asked = self.headers if headers is None else headers
        named = {name for name, _ in asked}
        common = tuple(pair for pair in _COMMON if pair[0] not in named)
        return self.play(Ask(target, overlaid((*common, *asked), self.extra), method), again=again)

    def page(self, query: str, *, again: bool = False) -> Listing | None:
        """Ask for a page; None if the answer is no list."""
        return read_listing(self.ask(f"/v1/models?{query}", again=again))

    def retrieve(self, name: str, headers: Headers | None = None) -> Exchange:
        """Ask for one model, with everything in its name encoded that can be."""
        return self.ask(f"/v1/models/{encoded(name)}", headers)

    def learn(self, models: Iterable[Model]) -> bool:
        """Take in models of its list; return whether any is new."""
        known = set(self.ids)
        new = {model["id"]: model for model in models if model["id"] not in known}
        self.models += new.values()
        self.ids += new
        return bool(new)

    def cursor(self, place: int) -> str:
        """Return the id at a place in the list, as it goes into a query; empty if there is none."""
        return self.quoted(self.ids[place]) if self.ids else ""

    @staticmethod
    def quoted(name: str) -> str:
        """Return a name as it goes into a query."""
        return quote(name, safe="", errors="replace")

    @property
    def answers(self) -> Sequence[Exchange]:
        """Everything answered so far."""
        return tuple(self._answers.values())


def encoded(name: str, *, keep: str = "") -> str:
    """Return a name as the Python SDK puts it into a path, but for the characters in ``keep``."""
    return quote(name, safe=f":@!$&'()*+,;={keep}", errors="replace")

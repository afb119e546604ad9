"""What every upstream has in common: what is asked, what it answers, and what its rows come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, Final, Protocol, runtime_checkable


class SourceKind(StrEnum):
    """The kinds of upstreams. The values are what configurations hold."""

    ANTHROPIC = "anthropic"
    OPENAI = "openai"
    VLLM = "vllm"
    SGLANG = "sglang"
    OLLAMA = "ollama"
    LLAMACPP = "llamacpp"
    LMSTUDIO = "lmstudio"
    GEMINI = "gemini"
    OPENROUTER = "openrouter"
    LITELLM = "litellm"
    BEDROCK = "bedrock"
    VERTEX = "vertex"
    MODELS_DEV = "models-dev"
    LITELLM_PRICES = "litellm-prices"
    CALLSHEET = "callsheet"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Request:
    """A request to an upstream, without credentials.

    Parameters
    ----------
    method
        ``GET`` or ``POST``.
    path
        Below the root of the upstream, with its query, such as ``/v1/models?limit=1000``; see `sources.address`.
        Empty: the configured URL itself.
    headers
        What this request needs beside `Upstream.authorization`.
    body
        Of a POST, JSON; else None.
    version
        Changes when the answer does. If it is not empty, an earlier answer to an equal request may be used again.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    version: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an upstream answered to a request, whatever the status. Names of headers are in small letters.

    ``repr`` shows neither headers nor body: an upstream may send secrets in them, as LiteLLM does.
    """

    request: Request
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class FirstSeen(Enum):
    """The type of `FIRST_SEEN`."""

    FIRST_SEEN = "first seen"


#: The value of a time that an upstream does not know, or states as "now": when the source first saw the model so.
FIRST_SEEN: Final = FirstSeen.FIRST_SEEN


@dataclass(frozen=True, slots=True)
class LastKnown:
    """The value of a field that an upstream states only at times, such as a limit while the model is loaded.

    What the source claimed in the last run holds. `sources.settle` puts it, or ``otherwise``, in this place.

    Parameters
    ----------
    otherwise
        The value if the source has not claimed the field; None means that the field is then not claimed.
    """

    otherwise: Any = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A model that an upstream lists, and what it says of it.

    Parameters
    ----------
    id
        Its id; `sources.read` checks that a model may have it.
    fields
        As in `Claims`: plain JSON values in the form of `Model.record`. Beside them, `FIRST_SEEN` and `LastKnown`,
        which `sources.settle` replaces. A field on which the upstream is silent is absent: what others claim
        holds. Null on the wire counts as silence, because servers send it for what they do not know.
    aliases
        Other names by which the upstream serves the same model.
    notes
        What of the row was left out, and why; a clause without a full stop each.
    guessed
        Values that hold only until the upstream states what it serves, such as the context window that a model was
        trained for. When another takes the place of one of them, nothing is lost.
    """

    id: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    guessed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dropped:
    """A row that is left out.

    Parameters
    ----------
    id
        Its id, or what there is of one, to show; empty if it has none.
    reason
        Why, as a clause about the row, such as ``it is an embedding model``. The same for all rows that are dropped
        for this reason, so that they can be counted.
    """

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Options:
    """What of a source's configuration the translation needs.

    Parameters
    ----------
    provider
        Whose models count: a provider of ``models-dev`` or ``litellm-prices``, a publisher of ``vertex``.
    region
        Of ``bedrock`` and ``vertex``.
    has_secret
        Whether requests carry a secret; of ``openrouter``, then, what its account may use counts.
    """

    provider: str = ""
    region: str = ""
    has_secret: bool = False


class Upstream(Protocol):
    """What the module of each kind of upstream defines. Nothing in it does I/O or reads a clock."""

    def requests(self, options: Options, answers: Sequence[Answer], /) -> Sequence[Request]:
        """Return what to ask next, given all ``answers`` so far; nothing if they are complete.

        Raises SourceError if the answers do not say how to go on.
        """

    def rows(self, answers: Sequence[Answer], /) -> Sequence[object]:
        """Return the rows of complete ``answers``, as they were sent, joined where one model has several.

        Raises SourceError if the answers have another shape than the upstream's.
        """

    def listed(self, row: Mapping[str, Any], options: Options, /) -> Listed | Dropped:
        """Return what one row of `rows` says. Never raises: what makes no sense is left out, with a note."""

    def authorization(self, secret: str, /) -> Mapping[str, str]:
        """Return the headers that carry ``secret``."""


@runtime_checkable
class Signer(Protocol):
    """What the module of an upstream defines beside, if the credential depends on what is asked, and when."""

    def sign(self, url: str, secret: str, options: Options, now: datetime) -> Mapping[str, str]:
        """Return the headers with which a GET of ``url``, the whole URL as it is sent, is accepted at ``now``.

        Raises SourceError if ``secret`` or ``options`` cannot be used for that.
        """

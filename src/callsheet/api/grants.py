"""Grants: what is remembered of delegated keys, by a keyed hash of each; in memory, bounded in number and bytes.

Of a credential itself nothing is kept: what was seen of it is found by BLAKE2b under a key that each process makes
for itself. Of usual keys, that takes less than half the time of HMAC-SHA256, several times for each new one.
"""

from collections import OrderedDict
from enum import StrEnum
from hashlib import blake2b
from typing import Final, NamedTuple

from callsheet.api.interning import Interned
from callsheet.domain.access.grant import NOTHING_GRANTED, Grant, GrantedModels
from callsheet.domain.model import Model

#: Credentials that were accepted, and others, that are remembered.
MAX_ACCEPTED_CREDENTIALS: Final = 100_000
MAX_REFUSED_CREDENTIALS: Final = 10_000
#: Of everything that accepted credentials were granted; equal lists, and equal models, count once.
MAX_GRANTS_BYTES: Final = 256 * 2**20
#: How long a credential that is not accepted again is remembered: while its gateway is away, its last list serves.
MAX_STALE_SECONDS: Final = 24 * 3600.0

_CREDENTIAL_BYTES: Final = 500  # that one takes beside what it was granted
_HASH_BYTES: Final = 32
_TAG_DIGITS: Final = 16
_MODEL_BYTES: Final = 700  # with its texts, but for long ones
_CAPABILITY_BYTES: Final = 300  # of one at the top, with what is inside


class Verdict(StrEnum):
    """What came of asking about a key; ``away``: the gateway did not say."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    AWAY = "away"


class Answered(NamedTuple):
    """What holds for a credential, and until when, in seconds since the epoch. Only an accepted one has a grant."""

    verdict: Verdict
    grant: Grant | None
    until: float


class Remembered(NamedTuple):
    """What a credential was granted when it was last accepted, and when that was, in seconds since the epoch."""

    grant: Grant
    accepted_at: float
    until: float


class Grants:
    """What is remembered of delegated keys. Successive States share it; only the event loop may use it.

    Accepted credentials and all others are remembered apart, so that no flood of wrong keys pushes out a right one.

    Parameters
    ----------
    hash_key
        A secret of this process, 32 random bytes; empty if nothing is to be remembered.
    max_bytes
        Of all grants together.
    """

    __slots__ = ("_accepted", "_hash_key", "_lists", "_max_bytes", "_models", "_others")

    def __init__(self, hash_key: bytes = b"", max_bytes: int = MAX_GRANTS_BYTES) -> None:
        self._hash_key = hash_key
        self._max_bytes = max_bytes
        self._accepted: OrderedDict[bytes, Remembered] = OrderedDict()  # the one accepted longest ago is the first
        self._others: OrderedDict[bytes, Answered] = OrderedDict()
        self._lists: Interned[GrantedModels] = Interned(lambda models: models, lambda models: models.size_bytes)
        self._models: Interned[Model] = Interned(_ByContent, _model_size)

    def __repr__(self) -> str:
        return f"<Grants: {self.accepted} accepted, {self.others} others>"

    @property
    def is_active(self) -> bool:
        """Whether anything is remembered here; if not, look-ups are pointless."""
        return bool(self._hash_key)

    @property
    def accepted(self) -> int:
        """Credentials that are remembered as accepted."""
        return len(self._accepted)

    @property
    def others(self) -> int:
        """Credentials that are remembered as refused, or as not known while the gateway is away."""
        return len(self._others)

    @property
    def total_bytes(self) -> int:
        """About what all grants take together."""
        return self._lists.total_bytes + self._models.total_bytes + _CREDENTIAL_BYTES * len(self._accepted)

    def find(self, secret: bytes, now: float, client: bytes = b"") -> Answered | None:
        """Return what holds for ``secret`` at ``now`` (seconds since the epoch); None if that must be asked."""
        if not self._hash_key:
            return None
        name = self._name(secret, client)
        known = self._accepted.get(name)
        if known is not None and now < known.until:
            return Answered(Verdict.ACCEPTED, known.grant, known.until)
        other = self._others.get(name)
        return other if other is not None and now < other.until else None

    def last(self, secret: bytes, client: bytes = b"") -> Remembered | None:
        """Return what ``secret`` was granted when it was last accepted, whether or not that still holds."""
        return self._accepted.get(self._name(secret, client)) if self._hash_key else None

    def put(
        self,
        secret: bytes,
        verdict: Verdict,
        models: GrantedModels | None,
        now: float,
        until: float,
        client: bytes = b"",
    ) -> None:
        """Remember what a gateway said of ``secret``.

        A refusal takes back what the credential was granted before; that the gateway is away does not.

        Parameters
        ----------
        secret
            The credential.
        verdict, models
            What the gateway said; only what is accepted has models.
        now, until
            The time, and when this ends, in seconds since the epoch.
        client
            Which client asked with it, where its gateway distinguishes clients; see `client_kind`.
        """
        if not self._hash_key:
            return
        name = self._name(secret, client)
        if verdict is Verdict.ACCEPTED:
            self._others.pop(name, None)
            self._accept(name, NOTHING_GRANTED if models is None else models, now, until)
            return
        if verdict is Verdict.REFUSED:
            self._forget(name)
        self._others[name] = Answered(verdict, None, until)
        self._others.move_to_end(name)
        while len(self._others) > MAX_REFUSED_CREDENTIALS:
            self._others.popitem(last=False)

    def keep(self, secret: bytes, until: float, client: bytes = b"") -> None:
        """Let what ``secret`` was last granted serve until ``until``, without counting as accepted now."""
        if self._hash_key and (name := self._name(secret, client)) in self._accepted:
            self._accepted[name] = self._accepted[name]._replace(until=until)

    def expire_all(self, now: float) -> None:
        """Let every credential be asked about again, as the clock was set back to ``now``; the last lists stay."""
        for name, known in self._accepted.items():
            self._accepted[name] = known._replace(accepted_at=min(known.accepted_at, now), until=now)
        self._others.clear()

    def _name(self, secret: bytes, client: bytes) -> bytes:
        """What the credential is remembered by; its first bytes are the same for each client."""
        return blake2b(secret, digest_size=_HASH_BYTES, key=self._hash_key).digest() + client

    def _accept(self, name: bytes, models: GrantedModels, now: float, until: float) -> None:
        granted = self._take(models)
        past = self._accepted.pop(name, None)
        former = NOTHING_GRANTED
        if past is not None:
            former = past.grant.former if past.grant.models is granted else past.grant.models
        if former is not NOTHING_GRANTED:
            former = NOTHING_GRANTED if former.stated.keys() <= granted.stated.keys() else self._take(former)
        tag = past.grant.tag if past is not None else f"delegated_{name.hex()[:_TAG_DIGITS]}"
        if past is not None:
            self._release(past)
        self._accepted[name] = Remembered(Grant(tag, granted, former), now, until)
        self._make_room(now)

    def _make_room(self, now: float) -> None:
        """Drop those accepted longest ago, while there are too many, or they are too old; never the latest."""
        accepted = self._accepted
        while len(accepted) > 1:
            oldest = next(iter(accepted))
            if not (
                len(accepted) > MAX_ACCEPTED_CREDENTIALS
                or self.total_bytes > self._max_bytes
                or accepted[oldest].accepted_at <= now - MAX_STALE_SECONDS
            ):
                return
            self._forget(oldest)

    def _forget(self, name: bytes) -> None:
        past = self._accepted.pop(name, None)
        if past is not None:
            self._release(past)

    def _release(self, past: Remembered) -> None:
        self._drop(past.grant.models)
        if past.grant.former is not NOTHING_GRANTED:
            self._drop(past.grant.former)

    def _take(self, models: GrantedModels) -> GrantedModels:
        """The list that is kept of all equal ones; of equal models in different lists, one is kept."""
        if self._lists.find(models) is None:
            models = GrantedModels([self._models.take(model) for model in models.stated.values()], models.sources)
        return self._lists.take(models)

    def _drop(self, models: GrantedModels) -> None:
        if self._lists.drop(models):
            for model in models.stated.values():
                self._models.drop(model)


class _ByContent:
    """A model as a key of a dictionary: a model itself has no hash, as its capabilities are a dictionary."""

    __slots__ = ("_hash", "_model")

    def __init__(self, model: Model) -> None:
        self._model = model
        self._hash = hash((model.sort_key, model.display_name, model.max_input_tokens, model.max_tokens))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByContent) and (self._model is other._model or self._model == other._model)


def _model_size(model: Model) -> int:
    capabilities = 0 if model.capabilities is None else len(model.capabilities)
    return _MODEL_BYTES + len(model.id) * 2 + len(model.description or "") + _CAPABILITY_BYTES * capabilities

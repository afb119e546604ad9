"""Listing: what an upstream lists at the moment, as its source's configuration chooses from it."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, NamedTuple

from callsheet._version import __version__
from callsheet.domain.claims.resolve import in_order, merged
from callsheet.service.sync.collecting import no_collections
from callsheet.service.sync.config import ABOUT_KEYS, SourceConfig
from callsheet.service.sync.fetch import Fetcher
from callsheet.service.sync.fetched import NOTHING_KNOWN, Fetched, Kept, Validators, kept_of
from callsheet.service.sync.limits import LIMITS, Limits
from callsheet.sources.choosing import Choice, ContextsOf, choose, left_out
from callsheet.sources.credentials import credentials
from callsheet.sources.read import Reading
from callsheet.sources.registry import upstream_of
from callsheet.sources.upstream import Dropped, Listed
from callsheet.storage.store import Store

_CONTEXT: Final = "max_input_tokens"


class Lists(NamedTuple):
    """What an upstream lists.

    Parameters
    ----------
    chosen
        The models, as the configuration chooses and names them.
    reading
        All models, and the rows that are no models.
    dropped
        The rows that are no models, and the models that the configuration excludes.
    digest
        Of the answers and of `basis_of`.
    validators, path
        As in `Fetched`.
    """

    chosen: Sequence[Listed]
    reading: Reading
    dropped: Sequence[Dropped]
    digest: str
    validators: Validators
    path: frozenset[str]

    @property
    def left_out(self) -> Mapping[str, int]:
        """Why rows and models are left out, each reason with their number, the most frequent first."""
        return dict(Counter(each.reason for each in self.dropped).most_common())

    @property
    def rows(self) -> int:
        """How many rows the upstream sent."""
        return len(self.reading.listed) + len(self.reading.dropped)


class Upstreams:
    """Asks upstreams, each as its source is configured.

    Parameters
    ----------
    clock
        Gives the time (aware).
    limits
        What a run may take.
    contexts_of
        What the catalogue knows of models; see `choose`.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        limits: Limits = LIMITS,
        contexts_of: ContextsOf = lambda _ids: {},
    ) -> None:
        self._clock = clock
        self._contexts_of = contexts_of
        self._limits = limits
        self._open: set[Fetcher] = set()
        self._kept: dict[tuple[str, str, str], Kept] = {}
        self._is_stopped = False

    def ask(
        self,
        config: SourceConfig,
        organization_id: str,
        known: Validators = NOTHING_KNOWN,
        basis: str = "",
        digest_known: str | None = None,
    ) -> Lists | None:
        """Return what the upstream lists; None if that is what is known already.

        Parameters
        ----------
        organization_id
            Of this installation.
        known
            The validators of the last list.
        basis
            Goes into the digest: what else the result depends on.
        digest_known
            The digest of the last list.

        Raises
        ------
        SourceError
            There is no secret where it should be; or the upstream cannot be reached, refuses, or answers something
            else than its kind does.
        """
        upstream = upstream_of(config.kind)
        with self._fetcher(config, organization_id) as fetcher:
            place = (config.kind, config.url, str(config.secret))
            fetched = fetcher.fetch(upstream, config.options, known, self._kept.get(place, {}))
            if not fetched.is_unchanged:
                self._kept[place] = kept_of(fetched.answers)
            digest = hashlib.sha256(f"{basis} {fetched.digest}".encode()).hexdigest()
            if fetched.is_unchanged or digest == digest_known:
                return None
            with no_collections():
                reading = fetcher.read(upstream, fetched.answers, config.options)
                choice = choice_of(config)
                dropped = (*reading.dropped, *left_out(reading.listed, choice))
                chosen = choose(reading.listed, choice, self._contexts_of)
        return Lists(chosen, reading, dropped, digest, fetched.validators, fetched.path)

    def fetch(self, config: SourceConfig, organization_id: str) -> Fetched:
        """Return what the upstream answers, whether it is a list or not; SourceError as for `ask`."""
        with self._fetcher(config, organization_id) as fetcher:
            return fetcher.fetch(upstream_of(config.kind), config.options)

    @contextmanager
    def _fetcher(self, config: SourceConfig, organization_id: str) -> Iterator[Fetcher]:
        upstream, options = upstream_of(config.kind), config.options
        secret = "" if config.secret is None else config.secret.read()

        def authorize(url: str) -> Mapping[str, str]:
            return credentials(upstream, url, secret, options, self._clock())

        with Fetcher(config.url, authorize, secret, organization_id, self._limits) as fetcher:
            self._open.add(fetcher)
            if self._is_stopped:
                fetcher.stop()
            try:
                yield fetcher
            finally:
                self._open.discard(fetcher)

    def stop(self) -> None:
        """Let everything that is asked on other threads, now or later, end soon, with a SourceError."""
        self._is_stopped = True
        for fetcher in tuple(self._open):
            fetcher.stop()


def contexts_in(store: Store) -> ContextsOf:
    """Return what knows the context windows of models: of those in the catalogue, and of those that are claimed."""

    def contexts_of(ids: Sequence[str]) -> Mapping[str, int]:
        with store.read() as reading:
            models = {model.id: model.max_input_tokens for model in reading.models(ids)}
            claims = reading.claims_of([each for each in ids if each not in models])
            positions = reading.positions()
        claimed = {each: merged(in_order(those, positions)).get(_CONTEXT) for each, those in claims.items()}
        return {each: tokens for each, tokens in {**claimed, **models}.items() if tokens is not None}

    return contexts_of


def choice_of(config: SourceConfig) -> Choice:
    """Return what of a configuration decides which models are chosen, and how they are called."""
    return Choice(
        prefix=config.prefix,
        rename=config.rename,
        allow=config.allow,
        deny=config.deny,
        fold_variants=config.fold_variants,
        long_context_rows=config.long_context_rows,
        picker_prefix=config.picker_prefix,
    )


def basis_of(config: SourceConfig, revision: int) -> str:
    """Return a digest of what the result of a run depends on beside the answers: this program, too.

    Parameters
    ----------
    revision
        Of the installation; it counts for an enrichment, which claims only of what exists.
    """
    about: Mapping[str, Any] = {
        "program": __version__,
        "config": {name: value for name, value in config.record().items() if name not in ABOUT_KEYS},
        "revision": revision if config.is_enrichment else None,
    }
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()

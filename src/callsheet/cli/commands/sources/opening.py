"""What the commands of sources work with: the database, the services, and an upstream that is asked once."""

from contextlib import suppress
from typing import Final

from callsheet.cli.database import actor, clock, load_settings
from callsheet.domain.errors import DoesNotExistError
from callsheet.service.setup import open_existing
from callsheet.service.sync.config import SourceConfig
from callsheet.service.sync.lease import Lease
from callsheet.service.sync.limits import LIMITS
from callsheet.service.sync.listing import Upstreams, contexts_in
from callsheet.service.sync.probing import answers_to_probes
from callsheet.service.sync.run import Runner
from callsheet.service.sync.sources import SourcesService
from callsheet.sources.recognise import Recognised, recognise
from callsheet.storage.store import Store

#: No run of a command renews its lease, so it lasts as long as a run may.
_LEASE_SECONDS: Final = LIMITS.run_seconds + 60


def open_store(database: str | None) -> Store:
    """Return the database that a command works on."""
    return open_existing(load_settings(database).database)


def open_sources(database: str | None) -> SourcesService:
    """Return the sources that a command works on."""
    return sources_of(open_store(database))


def sources_of(store: Store) -> SourcesService:
    """Return the sources of a database."""
    return SourcesService(store, actor(), clock)


def runner_of(store: Store) -> Runner:
    """Return what runs sources at once."""
    return Runner(
        store, clock, Upstreams(clock, contexts_of=contexts_in(store)), Lease(store, clock, _LEASE_SECONDS)
    )


def organization_of(store: Store) -> str:
    """Return the id of the organization whose database this is."""
    with store.read() as reading:
        installation = reading.installation()
    return "" if installation is None else installation.organization_id


def organization_if_any(database: str | None) -> str:
    """Return the id of the organization of the database, if there is one; empty if not."""
    with suppress(DoesNotExistError):
        return organization_of(open_store(database))
    return ""


def recognised(config: SourceConfig, organization_id: str) -> Recognised:
    """Return what kind of upstream answers where a configuration says, whatever kind that says.

    Raises
    ------
    SourceError
        Nothing answers, or nothing that is known.
    """
    secret = "" if config.secret is None else config.secret.read()
    return recognise(answers_to_probes(config.url, secret, organization_id))

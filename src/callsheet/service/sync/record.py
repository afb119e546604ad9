"""Recording what an upstream answers, for bug reports and tests: without what is private."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from callsheet.service.sync.config import SourceConfig
from callsheet.service.sync.listing import Upstreams
from callsheet.sources.scrub import scrub


def recording_of(config: SourceConfig, organization_id: str, clock: Callable[[], datetime]) -> dict[str, Any]:
    """Return what an upstream answers, request by request, as `scrub` writes it.

    Raises
    ------
    SourceError
        It cannot be reached; or as for `Upstreams.ask`. What it answers need not be a list.
    """
    secret = "" if config.secret is None else config.secret.read()
    fetched = Upstreams(clock).fetch(config, organization_id)
    return scrub(fetched.answers, url=config.url, secrets=[secret] if secret else [])

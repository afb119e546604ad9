"""A source whose models wait for a person."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from callsheet.service.sync.config import read_config
from callsheet.service.sync.lease import Lease
from callsheet.service.sync.listing import Upstreams
from callsheet.service.sync.run import Runner
from callsheet.service.sync.sources import SourcesService
from tests.installation import Installation, now


def hold(installation: Installation, name: str, ids: tuple[str, ...], **config: Any) -> None:
    """Add a source, let it list models with these ids, which then wait, and set the rest of its configuration."""
    sources = SourcesService(installation.store, "test", now)
    with TemporaryDirectory() as folder:
        listing = Path(folder, "list.json")
        rows = [{"id": each, "object": "model", "created": 1_700_000_000} for each in ids]
        listing.write_text(json.dumps({"object": "list", "data": rows}), encoding="utf-8")
        wanted = {"kind": "openai", "url": listing.as_uri(), "new": "hold", "every": "never"}
        sources.add(name, read_config(wanted))
        runner = Runner(installation.store, now, Upstreams(now), Lease(installation.store, now))
        assert runner.run(name).counts["held"] == len(ids)
    sources.change(name, {"url": "https://gateway.example", **config})

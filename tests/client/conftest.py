"""A server to ask, and both kinds of client to ask it with."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.broken.serving import serve_broken
from tests.client.asking import Asker, AsyncAsker, MakeAsker
from tests.installation import Installation, make_model

#: An id that every client must send in such a way that it arrives.
DIFFICULT: Final = "hf.co/acme/maple@7b:Q4+K~M"
ALIAS: Final = "team/default:latest"


class Site(NamedTuple):
    """A correct server that nobody changes, and what is behind it."""

    installation: Installation
    url: str
    key: str
    ids: list[str]
    """What it lists, in its order."""


@pytest.fixture(scope="session")
def site(_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The built-in catalogue, a model with a difficult id, and an alias of it."""
    path = tmp_path_factory.mktemp("site") / "callsheet.db"
    shutil.copy(_template, path)
    installation = Installation(f"sqlite:///{path}")
    installation.add(make_model(DIFFICULT, "2026-11-12", line="opus", max_tokens=8, description="Ours."))
    installation.catalog.alias(ALIAS, DIFFICULT)
    ids = [model.id for model, _ in installation.catalog.list() if model.lifecycle != "retired"]
    key = installation.key()
    with serve_broken(installation) as url:
        yield Site(installation, url, key, ids)


@pytest.fixture(params=[Asker, AsyncAsker], ids=["sync", "async"])
def asker(request: pytest.FixtureRequest, site: Site) -> MakeAsker:
    """Makes a client of `site`, or of another server; it tries once unless told otherwise."""

    def make(**options: object) -> Asker:
        kind: type[Asker] = request.param
        return kind(**{"base_url": site.url, "api_key": site.key, "max_retries": 0, **options})

    return make

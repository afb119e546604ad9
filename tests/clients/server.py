"""A real Callsheet server, prepared with the command line and asked over HTTP."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from callsheet.service.setup import open_store
from tests.installation import Installation, make_model, now
from tests.program import DEADLINE, Server, call

KEY: Final = "sk-test-0123456789abcdef"

PLAIN: Final = "claude-test-2"
SLASH: Final = "hf.co/acme/claude-maple-7b:Q4_K_M"
AT: Final = "vertex/claude-oak@20260102"
PLUS: Final = "acme/claude-elm+tools"
FOREIGN: Final = "gemma-test"
HIDDEN: Final = "claude-hidden-test"
LONG_CONTEXT: Final = "claude-test-2[1m]"
SPACES: Final = "Claude Maple 7B+"
ROOTED: Final = "/data/models/claude-maple-7b"
CHINESE: Final = "我的/claude 模型"

#: Ids that no raw path can carry, so that a client must encode what it puts there.
ENCODED: Final = (
    "/data/models/claude-oak/",
    "../models/claude-elm.gguf",
    "is it claude? #1 100%",
    "acme/./claude;v=1",
    "claude *!'()~,$&=",
)

ALIASES: Final = {"claude-test-latest": PLAIN, "team/default:latest": SLASH}

#: What is retrieved in the tests, and the id of the answer.
NAMES: Final = {
    name: name for name in (SLASH, PLAIN, AT, PLUS, HIDDEN, LONG_CONTEXT, SPACES, ROOTED, CHINESE)
} | ALIASES

# All were released at once, so that their order is that of their lines and ids.
_CREATED_AT: Final = "2026-01-02"
_ADDED: Final[dict[str, dict[str, Any]]] = {
    PLAIN: {"line": "sonnet"},
    SLASH: {"line": "opus", "max_input_tokens": 200_000, "description": "A small model of our own."},
    AT: {"line": "opus"},
    PLUS: {"line": "haiku", "max_tokens": 64_000},
    FOREIGN: {"line": "gemma"},
    HIDDEN: {"line": "opus", "hidden": True},
    LONG_CONTEXT: {"line": "sonnet", "max_input_tokens": 1_000_000},
    SPACES: {"line": "opus"},
    ROOTED: {"line": "opus"},
    CHINESE: {"line": "opus"},
    **{name: {"line": "haiku"} for name in ENCODED},
}

_LINES: Final = ("mythos", "fable", "opus", "sonnet", "haiku")


@dataclass(frozen=True)
class ClientServer:
    """A running server and what is in it."""

    url: str
    key: str
    catalog: list[dict[str, Any]]
    home: Path  # an empty folder: no client finds settings of the person who runs the tests

    @property
    def model_ids(self) -> list[str]:
        """What a list without a filter holds, newest first."""
        return self.ids_of("active", "deprecated")

    def ids_of(self, *lifecycles: str) -> list[str]:
        """What a list of these lifecycles holds, newest first (contract, section 3)."""
        listed = [model for model in self.catalog if model["lifecycle"] in lifecycles and not model["hidden"]]
        return [model["id"] for model in sorted(listed, key=_order)]

    def connect(self, headers: dict[str, str]) -> httpx2.Client:
        """A plain HTTP client that does nothing by itself."""
        return httpx2.Client(base_url=self.url, headers=headers, trust_env=False, timeout=DEADLINE)


def _order(model: dict[str, Any]) -> tuple[float, int, str]:
    line = model["line"]
    rank = _LINES.index(line) if line in _LINES else len(_LINES)
    return -datetime.fromisoformat(model["created_at"]).timestamp(), rank, model["id"]


@contextmanager
def run_server(folder: Path) -> Iterator[ClientServer]:
    """Fill a database in `folder`, serve it, and at the end see the server stop as it should."""
    home = folder / "home"
    home.mkdir()
    database = folder / "callsheet.db"
    url = f"sqlite:///{database}"
    open_store(url, now)
    installation = Installation(url)
    installation.key(name="tests", secret=KEY)
    for model_id, fields in _ADDED.items():
        installation.add(make_model(model_id, _CREATED_AT, display_name=model_id.title(), **fields))
    for alias, model_id in ALIASES.items():
        installation.catalog.alias(alias, model_id)
    with _without_settings():
        catalog = json.loads(call("catalog", "list", "--json", "--database", url).stdout)
        with Server(database, cwd=folder) as server:
            yield ClientServer(server.url, KEY, catalog, home)
            assert server.stop() == 0


@contextmanager
def _without_settings() -> Iterator[None]:
    """Have no setting of the person who runs the tests in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("CALLSHEET_") and not name.startswith("CALLSHEET_TEST_"):
                patch.delenv(name)
        yield

"""Servers without keys, real ones and recorded ones: with ``--any-key``, their list is everybody's."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx2
import pytest

from tests.gateway.clients import list_with, python_program
from tests.program import DEADLINE, Server
from tests.sources.real import ollama
from tests.sources.replay import replay
from tests.tiers import exhaustive

pytestmark = exhaustive


ANY_WORD: Final = {"x-api-key": "any word", "anthropic-version": "2023-06-01"}


@contextmanager
def _ollama(folder: Path) -> Iterator[str]:
    with ollama(folder, {"tiny": "", "claude-like:1b": "PARAMETER num_ctx 2048"}) as upstream:
        yield upstream.url


@contextmanager
def _recorded(kind: str) -> Iterator[str]:
    with replay(kind) as server:
        yield server.url


SERVERS: Final[dict[str, Callable[[Path], AbstractContextManager[str]]]] = {
    "ollama": _ollama,
    "vllm, recorded": lambda _folder: _recorded("vllm"),
    "sglang, recorded": lambda _folder: _recorded("sglang"),
}


def ids_at(url: str, headers: dict[str, str]) -> list[str]:
    """What a list holds."""
    with httpx2.Client(base_url=url, trust_env=False, timeout=DEADLINE) as client:
        answer = client.get("/v1/models", headers=headers).raise_for_status()
    found: list[dict[str, Any]] = answer.json()["data"]
    return sorted(model["id"] for model in found)


def retrieved(url: str, name: str) -> str:
    """The id of the model that a name stands for."""
    with httpx2.Client(base_url=url, trust_env=False, timeout=DEADLINE) as client:
        answer = client.get(f"/v1/models/{quote(name, safe='')}", headers=ANY_WORD)
    return str(answer.raise_for_status().json()["id"])


@pytest.mark.parametrize("name", SERVERS)
def test_any_word_for_a_key_lists_what_the_server_lists(name: str, tmp_path: Path) -> None:
    with SERVERS[name](tmp_path) as url:
        theirs = ids_at(url, {})
        with Server(tmp_path / "callsheet.db", "--gateway", url, "--forward", "--any-key") as server:
            assert f"answers as {name.partition(',')[0]} does" in server.stdout
            ours = ids_at(server.url, ANY_WORD)
            assert ids_at(server.url, {"authorization": "Bearer none"}) == ours
            listed = list_with(python_program("openai"), server.url, "none", tmp_path)
            assert sorted(listed or ()) == ours
            assert {retrieved(server.url, each) for each in theirs} == set(ours)  # further names are aliases

"""The peers: servers of others that install from the registries and run without a network."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.contenders import litellm
from callsheet.api.state import Options
from callsheet.http.openapi import describe
from tests.doctor.peers.environments import NODE, PYTHON, node_version, python_version

#: The key that is sent to all of them; those that check keys are told to take it.
KEY: Final = "sk-doctor-peers"

_LITELLM: Final = Path(".bench/litellm/bin/litellm").absolute()

_MODELS: Final = (
    "claude-opus-4-8",
    "claude-sonnet-5",
    "claude-haiku-4-5",
    "gpt-5",
    "kimi-k3",
    "hf.co/acme/claude-maple-7b",
)


class Start(NamedTuple):
    """A command, and what its environment holds beside ours."""

    command: Sequence[str | Path]
    environment: Mapping[str, str] = {}


class Peer(NamedTuple):
    """A server of others.

    Parameters
    ----------
    how
        How it was set up, in a sentence.
    start
        Makes what starts it, in a folder and on a port.
    """

    name: str
    title: str
    version: Callable[[], str]
    how: str
    start: Callable[[Path, int], Start]


def _start_litellm(folder: Path, port: int) -> Start:
    models = [
        {"model_name": name, "litellm_params": {"model": f"anthropic/{name}", "api_key": "none"}}
        for name in _MODELS
    ]
    configuration = folder / "config.yaml"  # JSON is YAML
    configuration.write_text(json.dumps({"model_list": models, "general_settings": {"master_key": KEY}}))
    return Start(
        [_LITELLM, "--config", configuration, "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"],
        {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"},
    )


def _start_prism(folder: Path, port: int) -> Start:
    description = folder / "openapi.json"
    description.write_text(json.dumps(describe(Options())))
    return Start([NODE / "prism", "mock", description, "--port", str(port)])


def _start_aimock(folder: Path, port: int) -> Start:
    fixtures = folder / "fixtures.json"
    fixture = {"match": {"userMessage": "hi"}, "response": {"content": "hello"}}
    fixtures.write_text(json.dumps({"fixtures": [fixture]}))
    return Start([NODE / "llmock", "--port", str(port), "--fixtures", fixtures])


def _start_mock_ai_api(app: str) -> Callable[[Path, int], Start]:
    def start(folder: Path, port: int) -> Start:
        return Start([PYTHON / "uvicorn", f"app.{app}:app", "--host", "127.0.0.1", "--port", str(port)])

    return start


def _start_ai_mock(folder: Path, port: int) -> Start:
    path = f"{PYTHON}{os.pathsep}{os.environ['PATH']}"  # it looks for uvicorn there
    return Start([PYTHON / "ai-mock", "server", "--port", str(port)], {"PATH": path})


def _start_portkey(folder: Path, port: int) -> Start:
    return Start([NODE / "gateway", "--headless", f"--port={port}"], {"PORT": str(port)})


PEERS: Final = (
    Peer(
        "litellm",
        "LiteLLM's proxy",
        litellm.version,
        "Six models and a master key in its configuration, and no database.",
        _start_litellm,
    ),
    Peer(
        "mock-ai-api-anthropic",
        "mock-ai-api, its Anthropic server",
        lambda: python_version("mock-ai-api"),
        "As it comes.",
        _start_mock_ai_api("anthropic_app"),
    ),
    Peer(
        "mock-ai-api-openai",
        "mock-ai-api, its OpenAI server",
        lambda: python_version("mock-ai-api"),
        "As it comes.",
        _start_mock_ai_api("openai_app"),
    ),
    Peer(
        "aimock",
        "aimock",
        lambda: node_version("@copilotkit/aimock"),
        "With one fixture for a message, and none for models.",
        _start_aimock,
    ),
    Peer(
        "prism",
        "Prism",
        lambda: node_version("@stoplight/prism-cli"),
        "`prism mock`, fed with Callsheet's own OpenAPI description; it makes answers up from types.",
        _start_prism,
    ),
    Peer("ai-mock", "ai-mock", lambda: python_version("ai-mock"), "As it comes.", _start_ai_mock),
    Peer(
        "portkey",
        "Portkey's gateway",
        lambda: node_version("@portkey-ai/gateway"),
        "As it comes, without a provider: its list is that of the provider it is sent on to.",
        _start_portkey,
    ),
)

"""Upstreams as they really are, on free ports of this machine, and how a run asks them."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from callsheet.sources.address import address_of
from callsheet.sources.read import Reading, read
from callsheet.sources.recognise import PROBES, Recognised, authorization, recognise
from callsheet.sources.registry import upstream_of
from callsheet.sources.upstream import Answer, Options, Request
from tests.clients.installed import installed
from tests.clients.programs import be_without, clean_environment
from tests.deploy.proxies import free_port
from tests.program import DEADLINE, Program, wait_for
from tests.sources.recorded import ask

HERE = Path(__file__).parent
LLAMA_KEY = "sk-llama-test"
LITELLM_KEY = "sk-litellm-test"


class Upstream(NamedTuple):
    """A running upstream: its URL, and a secret that it accepts."""

    url: str
    secret: str

    def send(self, request: Request, headers: dict[str, str]) -> Answer:
        """What it answers."""
        with httpx2.Client(trust_env=False, timeout=DEADLINE) as client:
            answer = client.request(
                request.method,
                address_of(self.url, request.path),
                headers={**request.headers, **headers},
                content=request.body,
            )
        return Answer(request, answer.status_code, dict(answer.headers), answer.content)

    def recognise(self, *, with_secret: bool = True) -> Recognised:
        """What kind of upstream it is, by its answers."""
        headers = dict(authorization(self.secret)) if with_secret else {}
        return recognise([self.send(request, headers) for request in PROBES])

    def answers(self, kind: str) -> tuple[Answer, ...]:
        """Everything that a run asks."""
        headers = dict(upstream_of(kind).authorization(self.secret)) if self.secret else {}
        return ask(upstream_of(kind), Options(), lambda request: self.send(request, headers))

    def read(self, kind: str) -> Reading:
        """What it lists."""
        return read(upstream_of(kind), self.answers(kind), Options())


@contextmanager
def llamacpp(folder: Path) -> Iterator[Upstream]:
    """llama.cpp's own server, with a model that it loads in no time."""
    python = _python("llamacpp")
    command = [python, str(HERE / "serve_llamacpp.py"), str(folder / "tiny.gguf"), LLAMA_KEY]
    with Program(command=command, env=clean_environment(folder), fresh=True) as program:
        yield Upstream(program.printed(r"It listens at (\S+)\n")[1], LLAMA_KEY)


@contextmanager
def ollama(folder: Path, modelfiles: Mapping[str, str]) -> Iterator[Upstream]:
    """Ollama, with models made from ``modelfiles``, each of which builds on the tiny model of llama.cpp's."""
    program = os.environ.get("CALLSHEET_TEST_OLLAMA") or shutil.which("ollama")
    if program is None:
        pytest.skip("Ollama is not there; put it on the PATH, or name it in CALLSHEET_TEST_OLLAMA")
    run([_python("llamacpp"), str(HERE / "serve_llamacpp.py"), str(folder / "tiny.gguf")], folder)
    address = f"127.0.0.1:{free_port()}"
    settings = {**clean_environment(folder), "OLLAMA_HOST": address, "OLLAMA_MODELS": str(folder / "models")}
    with Program(command=[program, "serve"], env=settings, cwd=folder, fresh=True) as running:
        upstream = Upstream(f"http://{address}", "")
        wait_for(lambda: _answers(upstream, "/api/tags", running), "Ollama's first answer")
        for name, text in modelfiles.items():
            (folder / "Modelfile").write_text(f"FROM {folder / 'tiny.gguf'}\n{text}\n")
            run([program, "create", name, "-f", "Modelfile"], folder, settings)
        yield upstream


def run(command: list[str], folder: Path, env: Mapping[str, str] | None = None) -> None:
    """Run a program to its end, which must be a good one."""
    with Program(command=command, cwd=folder, env=env, fresh=True) as program:
        code = program.ended()
        assert code == 0, program.stderr


@contextmanager
def litellm(
    folder: Path, models: list[dict[str, object]], settings: Mapping[str, object] = {}
) -> Iterator[Upstream]:
    """LiteLLM's proxy, in front of nothing: it lists what it is configured with.

    Its configuration is in ``folder``; ``settings`` are further members of it.
    """
    configuration = folder / "config.yaml"  # JSON is YAML
    general = {"general_settings": {"master_key": LITELLM_KEY}}
    configuration.write_text(json.dumps({"model_list": models, **general, **settings}))
    program = str(Path(_python("litellm")).with_name("litellm"))
    port = free_port()
    command = [program, "--config", str(configuration), "--host", "127.0.0.1", "--port", str(port)]
    environment = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", **clean_environment(folder)}
    with Program(command=[*command, "--telemetry", "False"], env=environment, cwd=folder, fresh=True) as running:
        upstream = Upstream(f"http://127.0.0.1:{port}", LITELLM_KEY)
        wait_for(lambda: _answers(upstream, "/health/liveliness", running), "LiteLLM's first answer")
        yield upstream


def _answers(upstream: Upstream, path: str, program: Program) -> bool:
    assert program.process.poll() is None, f"it has ended: {program.stdout}{program.stderr}"
    try:
        return upstream.send(Request("GET", path), {}).status == 200
    except httpx2.TransportError:
        return False


def _python(name: str) -> str:
    """The Python of an environment that `tests/clients/install.py` makes."""
    folder = installed(name)
    if folder is None:
        be_without(f"The environment {name} is missing; run: python -m tests.clients.install --all")
    return str(folder / "bin" / "python")

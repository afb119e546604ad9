"""The filter over capabilities that official clients document works on the models of a first start."""

import json
from pathlib import Path

import pytest

from tests.clients.installed import CLIENTS
from tests.clients.programs import clean_environment, python_driver, run, typescript_driver
from tests.program import Server

_PYTHON = """
import json, sys, anthropic
with anthropic.Anthropic(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=0) as client:
    found = [
        model.id
        for model in client.models.list()
        if model.capabilities.image_input.supported and model.capabilities.thinking.types.adaptive.supported
        and model.capabilities.effort.xhigh.supported and model.capabilities.server_tools.web_search.supported
    ]
print(json.dumps(found))
"""

_TYPESCRIPT = """
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [name, baseURL, apiKey] = process.argv.slice(2);
const { default: Anthropic } = await import(pathToFileURL(resolve('node_modules', name, 'index.mjs')));
const found = [];
for await (const model of new Anthropic({ baseURL, apiKey, maxRetries: 0 }).models.list()) {
  const can = model.capabilities;
  if (can.image_input.supported && can.thinking.types.adaptive.supported
      && can.effort.xhigh.supported && can.server_tools.web_search.supported) found.push(model.id);
}
console.log(JSON.stringify(found));
"""

WITH_XHIGH = [
    "claude-fable-5-2",
    "claude-haiku-5-5",
    "claude-sonnet-5-5",
    "claude-opus-5-5",
    "claude-fable-5-1",
    "claude-opus-5",
    "claude-sonnet-5",
    "claude-fable-5",
    "claude-opus-4-8",
    "claude-opus-4-7",
]


@pytest.mark.parametrize("client", ["python", "typescript"])
def test_a_filter_over_capabilities_finds_models_and_raises_nothing(client: str, tmp_path: Path) -> None:
    if client == "python":
        python, *_ = python_driver("anthropic-2", "drive_anthropic.py", "sync")
        command, folder = [python, "-W", "error", "-c", _PYTHON], tmp_path
    else:
        node, *_ = typescript_driver("sdk-1")
        program = tmp_path / "filter.mjs"
        program.write_text(_TYPESCRIPT)
        command, folder = [node, str(program), "sdk-1"], CLIENTS / "node"
    with Server(tmp_path / "callsheet.db") as server:
        code, printed, complaint = run([*command, server.url, server.key], folder, clean_environment(tmp_path))
        assert server.stop() == 0
    assert code == 0, complaint
    assert json.loads(printed) == WITH_XHIGH

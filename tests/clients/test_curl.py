"""The cURL commands of Anthropic's documentation, as a reader would paste them."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.clients.programs import be_without, clean_environment
from tests.clients.server import ALIASES, NAMES, SLASH, ClientServer

COMMANDS: Final = Path(__file__).with_name("curl-commands.txt").read_text().strip().split("\n\n")
LISTING: Final = [command for command in COMMANDS if "$MODEL_ID" not in command]
RETRIEVING: Final = [command for command in COMMANDS if "$MODEL_ID" in command]

DEFAULT_LIMIT: Final = 20

#: Names that a shell and curl leave as they are.
PLAIN_NAMES: Final = [name for name in NAMES if not set(name) & set("[] ")]


def paste(command: str, server: ClientServer, key: str, model_id: str = "") -> Any:
    """What `command` prints, parsed; only the host is another one."""
    if not shutil.which("curl"):
        be_without("curl is missing; install it (Debian: apt-get install curl).")
    pasted = command.replace("https://api.anthropic.com", server.url)
    assert pasted != command
    done = subprocess.run(
        ["bash", "-c", pasted],
        env=clean_environment(server.home) | {"ANTHROPIC_API_KEY": key, "MODEL_ID": model_id},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("command", LISTING)
def test_the_documented_list_command_prints_the_first_page(command: str, client_server: ClientServer) -> None:
    page = paste(command, client_server, client_server.key)
    expected = client_server.model_ids[:DEFAULT_LIMIT]
    assert list(page) == ["data", "has_more", "first_id", "last_id"]
    assert [model["id"] for model in page["data"]] == expected
    assert page["has_more"] == (len(client_server.model_ids) > DEFAULT_LIMIT)
    assert (page["first_id"], page["last_id"]) == (expected[0], expected[-1])


@pytest.mark.parametrize("name", PLAIN_NAMES)
@pytest.mark.parametrize("command", RETRIEVING)
def test_the_documented_retrieve_command_prints_the_model(
    command: str, name: str, client_server: ClientServer
) -> None:
    model = paste(command, client_server, client_server.key, name)
    assert (model["type"], model["id"]) == ("model", NAMES[name])


@pytest.mark.parametrize("command", COMMANDS)
def test_a_documented_command_with_a_wrong_key_prints_the_error(command: str, client_server: ClientServer) -> None:
    answer = paste(command, client_server, "sk-wrong", SLASH)
    assert answer["type"] == "error"
    assert answer["error"] == {"type": "authentication_error", "message": "invalid x-api-key"}


def test_the_documents_commands_are_all_there() -> None:
    assert (len(LISTING), len(RETRIEVING)) == (2, 1)
    assert set(ALIASES) <= set(PLAIN_NAMES)

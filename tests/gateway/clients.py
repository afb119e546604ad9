"""What the official clients list for a key, each in a process as its user's program would be."""

from pathlib import Path
from typing import Any, Final

from tests.clients.programs import ask_driver, python_driver, typescript_driver
from tests.doctor import list_models

_DRIVERS: Final = Path(list_models.__file__).parent

#: Walks the list as an asynchronous program does.
_ASYNC: Final = """
import anthropic, asyncio, json, sys
async def main(job):
    async with anthropic.AsyncAnthropic(base_url=job["urls"][0], api_key=job["key"], max_retries=0) as client:
        return [model.id async for model in client.models.list(limit=job["limit"])]
print(json.dumps([asyncio.run(main(json.load(sys.stdin)))]))
"""


def python_program(library: str, kind: str = "openai") -> list[str]:
    """The program that lists with a Python client of this ``kind``."""
    (program, *_) = python_driver(library, "", "")
    return [program, str(_DRIVERS / "list_models.py"), kind]


def commands() -> dict[str, list[str]]:
    """The program of each client, by its name."""
    (program, *_) = python_driver("anthropic-2", "", "")
    node, _, release = typescript_driver("sdk-1")
    return {
        "Anthropic's Python SDK": python_program("anthropic-2", "anthropic"),
        "the same, asynchronous": [program, "-c", _ASYNC],
        "OpenAI's Python SDK": python_program("openai"),
        "Anthropic's TypeScript SDK": [node, str(_DRIVERS / "list_models.mjs"), release],
    }


def list_with(command: list[str], url: str, key: str, home: Path) -> list[str] | None:
    """The ids that a client comes to, in pages of two where it pages; None if it raises an error."""
    job: dict[str, Any] = {"urls": [url], "key": key, "limit": 2, "at_most": 100}
    answers: list[list[str] | None] = ask_driver(command, home, job)
    return answers[0]

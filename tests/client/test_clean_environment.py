"""The client where nothing is installed but what Callsheet itself requires."""

import json
import re
import subprocess
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import callsheet
from tests.client.conftest import ALIAS, DIFFICULT, Site
from tests.program import DEADLINE

PROGRAM = """
import importlib.metadata, json, sys
import callsheet
before = sorted(name for name in sys.modules if name.partition(".")[0] in ("httpx2", "pydantic", "anyio"))
from callsheet import AsyncClient, Client

url, key = sys.argv[1:]
with Client(base_url=url, api_key=key) as client:
    ids = [model.id for model in client.models.list(limit=4)]
async def ask():
    async with AsyncClient(base_url=url, api_key=key) as client:
        return [model.id async for model in client.models.list(limit=4)]
import asyncio
print(json.dumps({"before": before, "sync": ids, "async": asyncio.run(ask())}))
"""


def required(name: str, found: dict[str, Distribution], extra: str = "") -> dict[str, Distribution]:
    """What the distribution ``name`` needs, with this extra or none, and what that needs."""
    for text in distribution(name).requires or []:
        requirement = Requirement(text)
        needed = canonicalize_name(requirement.name)
        if needed not in found and (requirement.marker is None or requirement.marker.evaluate({"extra": extra})):
            found[needed] = distribution(needed)
            required(needed, found)
    return found


def install(folder: Path, extra: str = "") -> Path:
    """Fill a folder with packages as `pip install callsheet` does, with this extra or none."""
    (folder / "callsheet").symlink_to(Path(callsheet.__file__).parent)
    for each in required("callsheet", {}, extra).values():
        for top in {file.parts[0] for file in each.files or [] if file.parts[0] not in ("..", "__pycache__")}:
            (folder / top).symlink_to(Path(str(each.locate_file(top))))
    return folder


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those of `pip install callsheet`."""
    return install(tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="module")
def cli_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those of `pip install callsheet[cli]`."""
    return install(tmp_path_factory.mktemp("cli_packages"), "cli")


def run(packages: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run Python with these packages and no others, not even those of its own folder."""
    start = f"import sys; sys.path.append({str(packages)!r}); "
    return subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", start + arguments[0], *arguments[1:]],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


def test_the_client_asks_a_server_and_needs_nothing_more(packages: Path, site: Site) -> None:
    done = run(packages, PROGRAM, site.url, site.key)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"before": [], "sync": site.ids, "async": site.ids}


def test_callsheet_requires_little() -> None:
    direct = {Requirement(each).name for each in distribution("callsheet").requires or [] if "extra" not in each}
    assert direct == {"anyio", "httpx2", "pydantic"}


def test_the_environment_of_this_test_is_as_clean_as_it_says(packages: Path) -> None:
    for name in ("typer", "rich", "sqlalchemy", "starlette", "uvicorn"):
        done = run(packages, f"import {name}")
        assert f"No module named '{name}'" in done.stderr


def command(packages: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run ``callsheet`` with these packages and no others."""
    program = f"import sys; sys.argv = {['callsheet', *arguments]!r}; from callsheet.__main__ import main; main()"
    return run(packages, program)


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (("models", "list"), "cli"),
        (("doctor",), "cli"),
        (("fake",), "cli"),
        (("validate",), "cli"),
        (("serve",), "server"),
        (("--help",), "server"),
        ((), "server"),
    ],
)
def test_the_command_says_what_is_missing(packages: Path, arguments: tuple[str, ...], extra: str) -> None:
    done = command(packages, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"callsheet: typer is missing; run: pip install 'callsheet[{extra}]'\n"


def test_the_extra_of_the_command_line_is_enough_to_ask(cli_packages: Path, site: Site) -> None:
    asking = ("--base-url", site.url, "--api-key", site.key)
    listed = command(cli_packages, "models", "list", "--all", "--json", *asking)
    assert listed.returncode == 0, listed.stderr
    assert [model["id"] for model in json.loads(listed.stdout)["data"]] == site.ids
    shown = command(cli_packages, "models", "retrieve", ALIAS, *asking)
    assert (shown.returncode, shown.stdout.split()[:4]) == (0, ["type", "model", "id", DIFFICULT]), shown.stderr


def test_the_extra_of_the_command_line_has_the_commands_that_need_no_server(cli_packages: Path) -> None:
    commands = command(cli_packages, "--help").stdout.partition("Commands:")[2]
    assert sorted(re.findall(r"^  (\w+) ", commands, re.MULTILINE)) == [
        "doctor",
        "fake",
        "models",
        "route",
        "validate",
    ]


def test_the_extra_of_the_command_line_is_enough_to_check_a_catalogue_file(
    cli_packages: Path, tmp_path: Path
) -> None:
    file = tmp_path / "catalog.json"
    file.write_text('{"manager": "team-a", "models": [{"id": "a"}]}')
    done = command(cli_packages, "validate", str(file))
    assert done.returncode == 0, done.stderr
    file.write_text('{"manager": "team-a", "models": [{"id": ""}]}')
    assert command(cli_packages, "validate", str(file)).returncode == 1


def test_the_extra_of_the_command_line_says_which_one_serves(cli_packages: Path) -> None:
    done = command(cli_packages, "serve", "--port", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(" is missing; run: pip install 'callsheet[server]'\n")

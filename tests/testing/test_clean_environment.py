"""The wheel where nothing is installed but what the extra `testing` brings: the plugin, the double, the command."""

import os
import subprocess
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from tests.docs.pages import ROOT
from tests.program import DEADLINE, Program

TEST = """
import sys
import pytest
from callsheet import Client

@pytest.mark.models_api(catalog=["claude-a", "claude-b"])
def test_a_client_finds_the_fixture(models_api):
    models_api.fail(status=429, retry_after=0)
    with Client() as client:
        assert [model.id for model in client.models.list(limit=1)] == ["claude-a", "claude-b"]
    assert [request.status for request in models_api.requests] == [429, 200, 200]

@pytest.mark.parametrize("name", ["alembic", "httptools", "requests", "sqlalchemy", "starlette", "uvicorn"])
def test_the_environment_is_as_clean_as_it_says(name):
    with pytest.raises(ModuleNotFoundError):
        __import__(name)
"""


def needed(requirement: Requirement, found: dict[Requirement, Distribution]) -> list[Distribution]:
    """What ``requirement`` brings with its extras, itself included."""
    if requirement not in found:
        found[requirement] = distribution(requirement.name)
        for each in map(Requirement, found[requirement].requires or []):
            extras = ("", *requirement.extras)
            if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in extras):
                needed(each, found)
    return list(found.values())


def build(folder: Path) -> Path:
    """The wheel of this checkout. `scripts/test-wheel`, which has no source, brings one."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=DEADLINE)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages like the one that `pip install callsheet[testing]` fills."""
    folder = tmp_path_factory.mktemp("packages")
    ZipFile(os.environ.get("CALLSHEET_TEST_WHEEL") or build(folder / "built")).extractall(folder)
    for each in needed(Requirement("callsheet[testing]"), {}):
        for top in {file.parts[0] for file in each.files or [] if file.parts[0] not in ("..", "__pycache__")}:
            if each.name != "callsheet" and not (folder / top).exists():
                (folder / top).symlink_to(Path(str(each.locate_file(top))))
    return folder


def command(packages: Path, program: str) -> list[str]:
    """Python with these packages and no others, not even those of its own folder."""
    start = f"import sys; sys.path.append({str(packages)!r}); "
    return [sys.executable, "-I", "-S", "-W", "error", "-c", start + program]


def test_pytest_has_the_fixture_at_once(packages: Path, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TEST)
    program = "import pytest; sys.exit(pytest.main(['-W', 'error', '--strict-markers', '-p', 'no:cacheprovider']))"
    done = subprocess.run(
        command(packages, program), cwd=tmp_path, text=True, timeout=DEADLINE, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert (done.returncode, " 7 passed " in done.stdout) == (0, True), done.stdout


def test_the_command_is_there_too(packages: Path) -> None:
    program = "from callsheet.__main__ import main; sys.argv = ['callsheet', 'fake', '--port', '0']; main()"
    with Program(command=command(packages, program)) as fake:
        fake.printed(r"Callsheet fakes 34 models at http://127\.0\.0\.1:\d+\n")
        assert (fake.stop(), fake.stderr) == (0, "")

"""The fixture `models_api` as other people use it: pytest on files of its own, where the plugin is installed."""

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.program import DEADLINE

#: Plugins that have nothing to do with it, and take their time.
ALONE: Final = [
    f"-pno:{plugin.name}" for plugin in entry_points(group="pytest11") if plugin.name not in ("callsheet", "xdist")
]


class Run(NamedTuple):
    """How a run of pytest ended."""

    code: int
    out: str

    @property
    def counts(self) -> dict[str, int]:
        """How many passed, failed and so on."""
        return {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|errors?)", self.out)}


def run(folder: Path, test: str, *arguments: str, conftest: str = "", **env: str) -> Run:
    """Run pytest on one file of tests, in a process of its own; warnings are errors there, too."""
    (folder / "conftest.py").write_text(conftest)
    (folder / "test_it.py").write_text(f"import os\nimport httpx2\nimport pytest\n\n{ASK}\n{test}")
    options = ["-W", "error", "--strict-markers", "-pno:cacheprovider", *ALONE, *arguments]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options], cwd=folder, env={**os.environ, **env}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=DEADLINE, check=False,
    )  # fmt: skip
    return Run(done.returncode, done.stdout)


ASK: Final = '''
def ask(path="/models"):
    """As a client does that is set up by its environment."""
    headers = {"x-api-key": os.environ["ANTHROPIC_API_KEY"], "anthropic-version": "2023-06-01"}
    url = os.environ["ANTHROPIC_BASE_URL"] + "/v1" + path
    return httpx2.get(url, headers=headers, trust_env=False, verify=False).raise_for_status().json()
'''

TESTS: Final = """
def test_a_client_finds_it_by_the_environment(models_api):
    assert len(ask()["data"]) == 15
    assert models_api.last_request.headers["x-api-key"] == models_api.api_key == os.environ["OPENAI_API_KEY"]

@pytest.mark.parametrize("number", range(8))
def test_every_test_has_one_of_its_own(models_api, number):
    models_api.add(f"claude-{number}")
    assert [model["id"] for model in ask()["data"]][:2] == [f"claude-{number}", "claude-fable-5-2"]
    assert len(models_api.requests) == 1

@pytest.mark.models_api(catalog=["claude-a"], clock="2030-01-01", shape="classic")
def test_a_marker_changes_it(models_api):
    assert ask()["data"] == [
        {"type": "model", "id": "claude-a", "display_name": "claude-a", "created_at": "1970-01-01T00:00:00Z"}
    ]
    assert models_api.clock.now().year == 2030

@pytest.mark.models_api(catalog=["claude-a", "claude-b"], default_limit=1)
class TestMarkers:
    @pytest.mark.models_api(catalog=["claude-c", "claude-d"])
    def test_the_nearest_marker_has_the_last_word(self, models_api):
        assert [model["id"] for model in ask()["data"]] == ["claude-c"]

def test_a_fault_happens(models_api):
    fault = models_api.fail(status=529)
    with pytest.raises(httpx2.HTTPStatusError, match="529"):
        ask()
    assert fault.used == 1

def test_threads_and_asyncio_are_fine_with_it(models_api):
    import asyncio
    async def ask_often():
        return await asyncio.gather(*(asyncio.to_thread(ask) for _ in range(4)))
    assert len(asyncio.run(ask_often())) == 4 == len(models_api.requests)
"""


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["one process", "xdist"])
def test_the_fixture_works_wherever_the_package_is_installed(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run(tmp_path, TESTS, *arguments)
    assert (done.code, done.counts) == (0, {"passed": 13}), done.out


def test_the_marker_and_the_fixtures_explain_themselves(tmp_path: Path) -> None:
    assert "@pytest.mark.models_api(**options): options of the fixture" in run(tmp_path, "", "--markers").out
    listed = run(tmp_path, "", "--fixtures").out
    assert re.search(r"^models_api -- .*\n +A Models API on a free port", listed, re.MULTILINE)


def test_options_for_all_tests_stand_in_a_fixture(tmp_path: Path) -> None:
    conftest = (
        "import pytest\n\n@pytest.fixture\ndef models_api_options():\n"
        "    return {'catalog': ['claude-a'], 'env': False, 'strict': False}\n"
    )
    test = """
def test_the_environment_is_left_alone(models_api):
    assert os.environ["ANTHROPIC_API_KEY"] == "sk-of-the-developer"
    models_api.fail(status=500)

@pytest.mark.models_api(env=True)
def test_a_marker_is_nearer(models_api):
    assert [model["id"] for model in ask()["data"]] == ["claude-a"]
"""
    done = run(tmp_path, test, conftest=conftest, ANTHROPIC_API_KEY="sk-of-the-developer")
    assert (done.code, done.counts) == (0, {"passed": 2}), done.out


def test_a_fault_that_never_happened_is_reported(tmp_path: Path) -> None:
    test = """
def test_nothing_is_asked(models_api):
    models_api.fail(status=429, retry_after=2, times=None)

@pytest.mark.models_api(strict=False)
def test_that_does_not_mind(models_api):
    models_api.fail(status=500)

@pytest.mark.models_api(shap="classic")
def test_of_a_wrong_option(models_api):
    pass

@pytest.mark.models_api(["claude-a"])
def test_of_an_option_without_a_name(models_api):
    pass
"""
    done = run(tmp_path, test)
    assert (done.code, done.counts) == (1, {"passed": 2, "errors": 3}), done.out
    assert (
        "Never happened: fail(status=429, retry_after=2.0, times=None). "
        "Remove it, or pass strict=False." in done.out
    )
    assert "models_api has no option 'shap'; it has catalog, clock, shape, default_limit, " in done.out
    assert "The marker models_api takes its options by name, such as catalog=[...]." in done.out


@pytest.mark.parametrize("fixture", ["", "models_api"], ids=["not wanted", "wanted"])
def test_the_double_is_imported_before_the_first_test_or_never(tmp_path: Path, fixture: str) -> None:
    """A fixture that freezes time may come first, and what is imported under it gets the classes of frozen time."""
    test = f"""
import sys

@pytest.fixture(autouse=True)
def frozen():
    assert ("callsheet.testing.double" in sys.modules) == {bool(fixture)}

def test_it({fixture}):
    pass
"""
    done = run(tmp_path, test)
    assert (done.code, done.counts) == (0, {"passed": 1}), done.out


def test_unittest_may_have_it_as_a_fixture_or_as_a_context(tmp_path: Path) -> None:
    test = """
import unittest
from callsheet.testing import ModelsAPI

class TestWithFixture(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _take(self, models_api):
        self.api = models_api

    def test_it(self):
        self.api.add("claude-next")
        self.assertEqual(ask()["first_id"], "claude-next")

class TestWithContext(unittest.TestCase):
    def setUp(self):
        self.api = self.enterContext(ModelsAPI(["claude-a"]))
        self.enterContext(self.api.env)

    def test_it(self):
        self.assertEqual(ask()["first_id"], "claude-a")
"""
    done = run(tmp_path, test)
    assert (done.code, done.counts) == (0, {"passed": 2}), done.out


def test_a_session_can_share_one(tmp_path: Path) -> None:
    conftest = """
import pytest
from callsheet.testing import ModelsAPI

@pytest.fixture(scope="session")
def shared():
    with ModelsAPI() as api, api.env:
        yield api

@pytest.fixture
def api(shared):
    shared.reset()
    return shared
"""
    test = """
@pytest.mark.parametrize("number", range(2))
def test_it_begins_anew(api, number):
    assert api.requests == []
    api.add("claude-next")
    assert ask("/models/claude-next")["id"] == "claude-next"
"""
    done = run(tmp_path, test, conftest=conftest)
    assert (done.code, done.counts) == (0, {"passed": 2}), done.out

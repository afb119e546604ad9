"""What GitHub and pre-commit read is valid: workflows, forms, hooks. A tag that does not fit is refused."""

import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from callsheet import __version__
from tests.docs.pages import ROOT
from tests.program import DEADLINE

GITHUB: Final = ROOT / ".github"
WORKFLOWS: Final = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS: Final = sorted((GITHUB / "ISSUE_TEMPLATE").glob("*.yml"))
PROGRAMS: Final = Path(sys.executable).parent


def _check(*command: str | Path) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _schema(path: Path) -> str:
    if path in WORKFLOWS:
        return "vendor.github-workflows"
    if path in FORMS:
        return "vendor.github-issue-config" if path.stem == "config" else "vendor.github-issue-forms"
    return "vendor.dependabot"


@pytest.mark.parametrize("path", [*WORKFLOWS, *FORMS, GITHUB / "dependabot.yml"], ids=lambda path: path.stem)
def test_the_file_is_as_github_describes_it(path: Path) -> None:
    _check(PROGRAMS / "check-jsonschema", "--builtin-schema", _schema(path), path)


def test_zizmor_finds_no_way_to_misuse_the_workflows() -> None:
    _check(PROGRAMS / "zizmor", "--offline", "--quiet", GITHUB)


def test_the_hooks_are_as_pre_commit_describes_them_and_their_programs_are_there() -> None:
    _check(PROGRAMS / "pre-commit", "validate-config")
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    programs = {hook["entry"].split()[0] for repo in config["repos"] for hook in repo["hooks"]}
    assert {Path(program).parent for program in programs} == {Path(".venv/bin")}
    assert [program for program in programs if not (PROGRAMS / Path(program).name).exists()] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_to_a_commit_and_its_version_is_beside_it(path: Path) -> None:
    used = re.findall(r"uses: (?!\./)(.+)", path.read_text())
    assert used
    assert [each for each in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", each)] == []


def test_no_workflow_has_a_permission_that_its_job_does_not_name() -> None:
    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text())
        assert workflow["permissions"] == {}, path
        assert [name for name, job in workflow["jobs"].items() if "permissions" not in job] == [], path


def test_the_scripts_that_workflows_start_are_there() -> None:
    started = {each for path in WORKFLOWS for each in re.findall(r"(?:scripts|\.ci)/[\w.-]+", path.read_text())}
    assert {"scripts/test", "scripts/test-wheel", "scripts/build", ".ci/run"} <= started
    assert [name for name in started if not (ROOT / name).is_file()] == []


def test_the_checks_run_on_every_version_of_python_that_the_package_claims() -> None:
    jobs = yaml.safe_load((GITHUB / "workflows/checks.yml").read_text())["jobs"]
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    claimed = {each.rpartition(" ")[2] for each in classifiers if re.search(r":: 3\.\d+$", each)}
    for name in ("suite", "wheel"):
        assert claimed <= set(jobs[name]["strategy"]["matrix"]["python"]), name


CHANGELOG: Final = """# Changelog

## [Unreleased]

## [1.2.3] - 2026-12-31

### Added

* It can be [read](docs/quickstart.md#read), [here](#there), and [elsewhere](https://example.com/).

## [1.2.2] - 2026-12-01

## [1.2.1]

* Without a date.
"""


@pytest.fixture(scope="module")
def release() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / ".ci/release_notes.py"))


def test_the_notes_of_a_release_are_its_section_of_the_changelog(release: dict[str, Any]) -> None:
    assert release["notes"]("v1.2.3", "1.2.3", CHANGELOG) == (
        "### Added\n\n"
        "* It can be [read](docs/quickstart.md#read), [here](#there), and [elsewhere](https://example.com/)."
    )


def test_links_of_the_notes_lead_to_the_files_of_the_tag(release: dict[str, Any]) -> None:
    found = release["notes"]("v1.2.3", "1.2.3", CHANGELOG, "https://git.example/callsheet")
    assert "[read](https://git.example/callsheet/blob/v1.2.3/docs/quickstart.md#read), [here](#there)" in found


@pytest.mark.parametrize(
    ("tag", "version", "sentence"),
    [
        ("1.2.3", "1.2.3", "The tag is 1.2.3, but"),
        ("v1.2.3", "1.2.4", "says 1.2.4, whose tag is v1.2.4"),
        ("v1.2.2", "1.2.2", "says nothing of 1.2.2"),
        ("v1.2.1", "1.2.1", "no date for 1.2.1"),
        ("v9.0.0", "9.0.0", "no section ## [9.0.0]"),
        ("vUnreleased", "Unreleased", "no date"),
    ],
)
def test_a_tag_that_does_not_fit_is_refused(release: dict[str, Any], tag: str, version: str, sentence: str) -> None:
    with pytest.raises(release["NotesError"], match=re.escape(sentence)):
        release["notes"](tag, version, CHANGELOG)


@pytest.mark.skipif(not (ROOT / "src").is_dir(), reason="The version is in src/; scripts/test-wheel has none.")
def test_the_command_reads_the_version_of_the_source() -> None:
    command = [sys.executable, ".ci/release_notes.py", "v0.0.0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        f"The tag is v0.0.0, but src/callsheet/_version.py says {__version__}, whose tag is v{__version__}.\n"
    )

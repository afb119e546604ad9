"""What is shipped for catalogues in git: action, jobs and hook, run as far as they can be."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests import starter
from tests.docs.forked_command import forked_command
from tests.docs.pages import ROOT
from tests.installation import Installation
from tests.program import DEADLINE
from tests.tiers import repeated

PROGRAMS: Final = Path(sys.executable).parent
ACTION: Final = ROOT / "deploy/github/action.yml"
GITLAB: Final = ROOT / "deploy/gitlab/callsheet.gitlab-ci.yml"
HOOKS: Final = ROOT / ".pre-commit-hooks.yaml"

GOOD: Final = "manager: team-a\nmodels: [{id: claude-new}]\n"
BAD: Final = "manager: team-a\nmodels: [{id: claude-new, max_token: 5}]\n"


def run(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False, **options)


@pytest.mark.parametrize(
    ("path", "schema", "options"),
    [(ACTION, "vendor.github-actions", []), (GITLAB, "vendor.gitlab-ci", ["--data-transform", "gitlab-ci"])],
    ids=["github", "gitlab"],
)
def test_the_file_is_as_its_reader_describes_it(path: Path, schema: str, options: list[str]) -> None:
    done = run(PROGRAMS / "check-jsonschema", "--builtin-schema", schema, *options, path)
    assert done.returncode == 0, done.stdout


def test_zizmor_finds_no_way_to_misuse_the_action() -> None:
    done = run(PROGRAMS / "zizmor", "--offline", "--quiet", ACTION)
    assert done.returncode == 0, done.stdout


class Job:
    """A job of GitHub's that uses the action: its steps are run by bash, but for the one that installs."""

    def __init__(self, folder: Path, programs: Path, inputs: Mapping[str, str]) -> None:
        self.folder = folder
        program = folder / "temp/callsheet/bin/callsheet"
        program.parent.mkdir(parents=True)
        program.symlink_to(programs / "callsheet")
        self._action = yaml.safe_load(ACTION.read_text())
        defaults = {name: str(each.get("default", "")) for name, each in self._action["inputs"].items()}
        self._inputs = {**defaults, **inputs}
        self.outputs, self.summary = folder / "outputs", folder / "summary"

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run the steps in order until one fails."""
        for step in self._action["runs"]["steps"][1:]:
            values = {name: self._filled(value) for name, value in step["env"].items()}
            runner = {
                **starter.environment_at_start(),
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "RUNNER_TEMP": str(self.folder / "temp"),
                "GITHUB_OUTPUT": str(self.outputs),
                "GITHUB_STEP_SUMMARY": str(self.summary),
            }
            bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
            done = run(*bash, env={**runner, **values}, cwd=self.folder)
            if done.returncode:
                return done
        return done

    def _filled(self, value: str) -> str:
        return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: self._inputs[found[1]], value)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with ``callsheet``: forked in the first tier, and with --all the one that is installed."""
    if repeated(False, True):
        yield PROGRAMS
        return
    folder = tmp_path_factory.mktemp("programs")
    with forked_command(folder):
        yield folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "callsheet.catalog.yaml"
    path.write_text(GOOD)
    return path


def test_the_action_plans_against_a_database_and_says_whether_there_are_changes(
    empty: Installation, file: Path, tmp_path: Path, programs: Path
) -> None:
    job = Job(tmp_path, programs, {"files": file.name, "database": empty.url})
    done = job.run()
    assert done.returncode == 0, done.stderr
    assert "changes=true" in job.outputs.read_text()
    assert "claude-new" in job.summary.read_text()
    kept = re.search(r"plan=(.+)", job.outputs.read_text())
    assert kept is not None
    applied = run(programs / "callsheet", "apply", "--plan", kept[1], "--database", empty.url)
    assert applied.returncode == 0, applied.stderr
    job.outputs.unlink()
    assert job.run().returncode == 0
    assert "changes=false" in job.outputs.read_text()


def test_the_action_takes_files_that_stand_on_lines_of_their_own(
    empty: Installation, file: Path, tmp_path: Path, programs: Path
) -> None:
    (tmp_path / "more.catalog.yaml").write_text(GOOD.replace("claude-new", "claude-more"))
    job = Job(tmp_path, programs, {"files": f"{file.name}\nmore.catalog.yaml\n", "database": empty.url})
    done = job.run()
    assert done.returncode == 0, done.stderr
    assert "claude-more" in job.summary.read_text()


def test_the_action_plans_against_a_snapshot_without_a_database(
    empty: Installation, file: Path, tmp_path: Path, programs: Path
) -> None:
    snapshot = run(programs / "callsheet", "export", "--format", "snapshot", "--database", empty.url)
    (tmp_path / "snapshot.json").write_text(snapshot.stdout)
    job = Job(tmp_path, programs, {"files": file.name, "snapshot": "snapshot.json"})
    done = job.run()
    assert done.returncode == 0, done.stderr
    assert "changes=true" in job.outputs.read_text()


def test_the_action_fails_for_a_wrong_file_and_for_what_is_forbidden(
    empty: Installation, file: Path, tmp_path: Path, programs: Path
) -> None:
    job = Job(
        tmp_path,
        programs,
        {"files": file.name, "database": empty.url, "fail-on": "loses-model", "max-deletes": "0"},
    )
    file.write_text(BAD)
    done = job.run()
    assert (done.returncode, "did you mean max_tokens?" in done.stderr) == (1, True)
    file.write_text(GOOD)
    assert run(programs / "callsheet", "apply", file, "--database", empty.url).returncode == 0
    file.write_text("manager: team-a\nmodels: []\n")
    done = job.run()
    assert done.returncode == 1
    assert "would remove 1 things, and at most 0 are allowed" in done.stderr


def test_the_jobs_for_gitlab_check_plan_and_apply(
    empty: Installation, file: Path, tmp_path: Path, programs: Path
) -> None:
    config = yaml.safe_load(GITLAB.read_text())
    variables = {
        **starter.environment_at_start(),
        **config["variables"],
        "CALLSHEET_DATABASE_URL": empty.url,
        "PATH": os.environ["PATH"],
    }
    variables["HOME"] = str(tmp_path)
    for name in ("callsheet-validate", "callsheet-plan", "callsheet-apply"):
        script = "\n".join(config[name]["script"]).replace("/tmp/callsheet/bin", str(programs))
        done = run("bash", "-eo", "pipefail", "-c", script, env=variables, cwd=tmp_path)
        assert done.returncode == 0, (name, done.stdout, done.stderr)
    assert [item.model.id for item in empty.catalog.list()] == ["claude-new"]
    assert "claude-new" in (tmp_path / "plan.md").read_text()


def test_the_hook_is_as_pre_commit_describes_it_and_finds_catalogue_files(file: Path, programs: Path) -> None:
    done = run(PROGRAMS / "pre-commit", "validate-manifest", HOOKS)
    assert done.returncode == 0, done.stdout
    (hook,) = yaml.safe_load(HOOKS.read_text())
    names = ["callsheet.catalog.yaml", "catalog.json", "teams/a-catalog.toml", "catalog.yml"]
    assert all(re.search(hook["files"], name) for name in names)
    assert not re.search(hook["files"], "deploy/kubernetes/deployment.yaml")
    program, *arguments = hook["entry"].split()
    for text, code in ((GOOD, 0), (BAD, 1)):
        file.write_text(text)
        assert run(programs / program, *arguments, file).returncode == code


def test_the_hook_needs_what_the_command_line_and_yaml_need() -> None:
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (hook,) = yaml.safe_load(HOOKS.read_text())
    assert set(hook["additional_dependencies"]) == {*extras["cli"], extras["yaml"][0]}

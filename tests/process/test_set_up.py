"""Setting up: a lock is installed as it stands, checked as a whole, and a failure says what to do."""

import hashlib
import os
import pty
import re
import subprocess
import sys
import venv
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import packaging
import pytest

from tests.tiers import exhaustive

ROOT: Final = Path(__file__).parents[2]
INSTALLER: Final = ROOT / "requirements" / "install.py"

#: Name, version, and what it wants: one wants an extra of another, which wants a third.
PACKAGES: Final = (
    ("lock-one", "1.0", ('Requires-Dist: lock-two[more]>=1 ; python_version >= "3"',)),
    ("lock-two", "1.0", ("Provides-Extra: more", 'Requires-Dist: lock-three>=1 ; extra == "more"')),
    ("lock-three", "1.0", ()),
    ("lock-three", "2.0", ()),
)


#: Where `requirements/install.py` looks for uv.
UV: Final = Path(sys.executable).with_name("uv")

#: A setting that only pip has.
ONLY_PIP: Final = "PIP_PREFER_BINARY"


def make_wheel(folder: Path, name: str, version: str, lines: Sequence[str], program: str = "") -> Path:
    """Make a wheel, with a program of its name if the text of one is given."""
    stem = f"{name.replace('-', '_')}-{version}"
    metadata = "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines, ""])
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{stem}.dist-info/METADATA", metadata)
        wheel.writestr(
            f"{stem}.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(f"{stem}.dist-info/RECORD", "")
        if program:
            script = zipfile.ZipInfo(f"{stem}.data/scripts/{name}")
            script.external_attr = 0o100755 << 16  # a file that may be run
            wheel.writestr(script, program)
    return path


def line_of(wheel: Path) -> str:
    """The line of a lock for a wheel."""
    name, version, *_ = wheel.name.split("-")
    return f"{name.replace('_', '-')}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """All packages there are: a line of a lock for each."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    wheels = [make_wheel(folder, *package) for package in PACKAGES]
    return {line.partition(" ")[0]: line for line in map(line_of, wheels)}


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """The program of an empty environment."""
    venv.create(tmp_path / "environment", with_pip=False)
    return tmp_path / "environment" / "bin" / "python"


def install(python: Path, lock: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(INSTALLER), "--into", str(python), *arguments, str(lock)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def write_lock(folder: Path, *lines: str) -> Path:
    lock = folder / "lock.txt"
    lock.write_text("".join(f"{line}\n" for line in lines))
    return lock


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_a_lock_is_installed_as_it_stands_and_without_a_terminal_nothing_is_said(
    python: Path, index: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installer: str
) -> None:
    if installer == "pip":
        monkeypatch.setenv(ONLY_PIP, "1")
    lock = write_lock(tmp_path, index["lock-one==1.0"], index["lock-two==1.0"], index["lock-three==1.0"])
    done = install(python, lock, "--for", "lock-two[more]")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    listed = "import importlib.metadata as m; print(sorted((d.name, d.version) for d in m.distributions()))"
    there = subprocess.run([python, "-I", "-c", listed], capture_output=True, text=True, check=True).stdout
    assert there == "[('lock-one', '1.0'), ('lock-three', '1.0'), ('lock-two', '1.0')]\n"
    assert installers(python) == {installer}


def installers(python: Path) -> set[str]:
    """What the packages of an environment say that they were installed with."""
    return {
        path.read_text().strip() for path in python.parents[1].glob("lib/python*/site-packages/lock_*/INSTALLER")
    }


def test_the_uv_that_a_lock_names_installs_the_rest(
    python: Path, index: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{UV.parent}{os.pathsep}{os.environ['PATH']}")  # where pip is
    (site_packages,) = python.parents[1].glob("lib/python*/site-packages")
    (site_packages / "packaging").symlink_to(Path(packaging.__file__).parent)
    script = f'#!/bin/sh\necho "$@" >>{tmp_path}/called\nexec {UV} "$@"\n'
    wheel = make_wheel(tmp_path / "index", "uv", "1.0", (), script)
    lock = write_lock(tmp_path, index["lock-three==1.0"], line_of(wheel))
    done = subprocess.run([python, INSTALLER, lock], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert installers(python) == {"uv"}, done.stderr
    assert f"--python={python}" in (tmp_path / "called").read_text()


def test_what_an_extra_wants_that_the_lock_does_not_name_is_not_fetched_but_named(
    python: Path, index: dict[str, str], tmp_path: Path
) -> None:
    done = install(python, write_lock(tmp_path, index["lock-one==1.0"], index["lock-two==1.0"]))
    assert done.returncode == 1
    missing, advice = done.stderr.splitlines()
    assert missing.startswith("lock-two needs lock-three>=1;")
    assert missing.endswith("and lock-three is not there.")
    assert advice.startswith("The locked packages do not fit together: make the lock again ")


def test_packages_of_the_surroundings_do_not_hide_what_is_missing(
    python: Path, index: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    with zipfile.ZipFile(tmp_path / "index" / "lock_three-1.0-py3-none-any.whl") as wheel:
        wheel.extractall(elsewhere)
    monkeypatch.setenv("PYTHONPATH", str(elsewhere))
    done = install(python, write_lock(tmp_path, index["lock-one==1.0"], index["lock-two==1.0"]))
    assert done.returncode == 1
    assert "lock-three is not there." in done.stderr


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("lock-three==1.0 --hash=sha256:" + "0" * 64, id="another file"),
        pytest.param("lock-three==1.0", id="no hash"),
        pytest.param("lock-three==9.0 --hash=sha256:" + "0" * 64, id="no such version", marks=exhaustive),
    ],
)
def test_when_pip_fails_its_reason_and_what_to_do_are_said(
    python: Path, index: dict[str, str], tmp_path: Path, line: str
) -> None:
    done = install(python, write_lock(tmp_path, line))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "ERROR: " in done.stderr
    assert re.search(r"pip could not install .*lock\.txt for the reason above: make sure .*\.\n\Z", done.stderr)


def test_on_a_terminal_the_packages_are_counted(
    python: Path, index: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ONLY_PIP, "1")  # uv says nothing until it has finished, which takes seconds
    lock = write_lock(tmp_path, index["lock-two==1.0"], index["lock-three==2.0"])
    ours, theirs = pty.openpty()
    command = [sys.executable, str(INSTALLER), "--into", str(python), str(lock)]
    with subprocess.Popen(command, stderr=theirs) as process:
        os.close(theirs)
        said = b""
        with suppress(OSError):  # the end of a terminal
            while piece := os.read(ours, 65536):
                said += piece
    os.close(ours)
    assert process.returncode == 0
    for step in (
        b"Fetching package 1 of 2: lock_two",
        b"Fetching package 2 of 2: lock_three",
        b"Unpacking 2 packages",
    ):
        assert step in said


def test_an_environment_that_there_is_not_is_refused_with_those_there_are() -> None:
    done = subprocess.run([ROOT / "scripts" / "environment", "mysql"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "There is no environment 'mysql'; name server or dev, and behind server any of postgresql, redis, otel, "
        "yaml.\n"
    )


def test_nothing_else_installs_a_lock() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    others = [
        name
        for name in filter(None, listed.decode().split("\0"))
        if not name.endswith((".md", ".txt", ".svg")) and (ROOT / name) not in (INSTALLER, Path(__file__))
        if "--require-hashes" in (ROOT / name).read_text(errors="replace")
    ]
    assert not others


@pytest.mark.parametrize("extra", ["postgresql", "redis", "otel"])
def test_the_lock_of_an_extra_holds_the_versions_that_are_tested(extra: str) -> None:
    pinned, tested = (
        dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE))
        for name in (f"{extra}.txt", "dev.txt")
    )
    assert {name: version for name, version in pinned.items() if tested.get(name, version) != version} == {}

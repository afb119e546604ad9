"""Installs locked packages into an environment, and checks that they fit together.

    python requirements/install.py [--into PYTHON] [--for 'callsheet[server]'] LOCK…

Nothing but what the locks name is installed: pip must not look for what a package wants beside that, as it would
find the newest release, for which there is no hash. So the check that follows looks at everything that the packages
want, extras of each other included. On a terminal it says how far it is.

Where uv is installed beside this Python, or a lock names it, uv installs the rest, with a tenth of pip's CPU, from
where pip is configured to. pip installs where it has settings that uv does not share, and where uv fails.
"""

import argparse
import ast
import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any, Final

_PACKAGE: Final = re.compile(r"^([A-Za-z0-9][\w.-]*)", re.MULTILINE)
_FETCHED: Final = ("Collecting ", "Processing ")  # from an index, or from a folder
_SHOWN: Final = 20  # lines of what pip said

#: What a lock says of uv, with its hashes.
_UV: Final = re.compile(r"^uv==(?:.*\\\n)*.*\n", re.MULTILINE)

#: pip's settings, and the variables with which uv does the same.
_SHARED: Final = {
    "cert": "SSL_CERT_FILE",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "find-links": "UV_FIND_LINKS",
    "index-url": "UV_DEFAULT_INDEX",
    "no-index": "UV_NO_INDEX",
    "timeout": "UV_HTTP_TIMEOUT",
}

#: pip's settings that change nothing of what is installed.
_HARMLESS: Final = {"cache-dir", "compile", "disable-pip-version-check", "no-cache-dir", "no-color", "no-compile"}


def main() -> None:
    """Install and check; a failure ends the program with a sentence that says what to do."""
    parser = argparse.ArgumentParser(description="Installs locked packages, and checks that they fit together.")
    parser.add_argument("--into", default=sys.executable, metavar="PYTHON", help="whose environment (this one's)")
    parser.add_argument("--for", dest="wanted", action="append", default=[], metavar="REQUIREMENT")
    parser.add_argument("locks", nargs="*", type=Path, metavar="LOCK")
    given = parser.parse_args()
    if given.locks and not _install_with_uv(given.into, given.locks):
        _install(given.into, given.locks)
    missing = sorted(set(_find_missing(given.into, given.wanted)))
    if missing:
        advice = (
            "The locked packages do not fit together: make the lock again (see CONTRIBUTING.md), and repeat this."
        )
        sys.exit("\n".join([*missing, advice]))


def _install_with_uv(python: str, locks: Sequence[Path]) -> bool:
    """Install with uv; False if pip has to do it."""
    settings = _settings_for_uv()
    uv = None if settings is None else _find_uv(locks)
    if settings is None or uv is None:
        return False
    _show("Installing packages")
    named = ["--require-hashes", "--no-deps", *(f"--requirement={lock}" for lock in locks)]
    compiled = [] if os.environ.get("PIP_NO_COMPILE") else ["--compile-bytecode"]
    command = [uv, "pip", "install", "--quiet", f"--python={python}", *compiled, *named]
    done = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, check=False)
    _show("")
    return done.returncode == 0


def _find_uv(locks: Sequence[Path]) -> str | None:
    """The uv of this environment, which pip installs first if a lock names it; None if there is none."""
    folder = str(Path(sys.executable).parent)
    locked = next(filter(None, (_UV.search(lock.read_text()) for lock in locks)), None)
    if locked is not None and shutil.which("uv", path=folder) is None:
        with tempfile.TemporaryDirectory() as own:
            lock = Path(own, "uv.txt")
            lock.write_text(locked[0])
            _install(sys.executable, [lock])
    return shutil.which("uv", path=folder)


def _settings_for_uv() -> Mapping[str, str] | None:
    """How uv is to be configured to do as pip does; None if it cannot."""
    listed = subprocess.run(
        [*_pip(sys.executable), "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    found = re.findall(r"^(global|install|:env:)\.([\w-]+)=(.*)$", listed, re.MULTILINE)
    ordered = sorted(found, key=lambda line: ("global", "install", ":env:").index(line[0]))
    settings = {name: str(ast.literal_eval(value)) for _, name, value in ordered if name not in _HARMLESS}
    if not settings.keys() <= _SHARED.keys():
        return None
    if "find-links" in settings:  # pip passes over a folder that does not exist
        places = settings["find-links"].split()
        settings["find-links"] = ",".join(place for place in places if ":" in place or Path(place).exists())
    return {_SHARED[name]: value for name, value in settings.items() if value}


def _install(python: str, locks: Sequence[Path]) -> None:
    named = ["--require-hashes", "--no-deps", *(f"--requirement={lock}" for lock in locks)]
    count = len({name for lock in locks for name in _PACKAGE.findall(lock.read_text())})
    command = [*_pip(python), "install", "--disable-pip-version-check", "--progress-bar=off", "--no-color", *named]
    pip = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said: list[str] = []
    with pip:
        for line in pip.stdout or ():
            said.append(line)
            _show_progress(line, count, sum(each.startswith(_FETCHED) for each in said))
    if pip.returncode:
        _show("")
        advice = (
            f"pip could not install {' and '.join(map(str, locks))} for the reason above: make sure that it "
            "reaches a package index that has these versions (pip config list), and repeat this."
        )
        sys.exit("".join([*said[-_SHOWN:], advice]))
    _show("")


def _pip(python: str) -> list[str]:
    """The pip of that environment, or ours."""
    own = subprocess.run([python, "-I", "-c", "import pip"], capture_output=True, check=False)
    if own.returncode == 0:
        return [python, "-I", "-m", "pip"]
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "--python", python]
    return ["pip", "--python", python]


def _show_progress(line: str, count: int, fetched: int) -> None:
    if line.startswith(_FETCHED):
        name = re.split(r"==|-\d", Path(line.split()[1]).name)[0]
        _show(f"Fetching package {fetched} of {count}: {name}")
    elif line.startswith("Installing collected packages"):
        _show(f"Unpacking {count} packages")


def _show(text: str) -> None:
    """Show what is being done in place of what was, to a person."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def _find_missing(python: str, wanted: Sequence[str]) -> Iterator[str]:
    """What the packages of the environment, and ``wanted``, want that is not there, each as a sentence."""
    packaging = _packaging()
    folders = subprocess.run(
        [python, "-I", "-c", "import sysconfig as s; print(s.get_path('purelib')); print(s.get_path('platlib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    found = {_normal(each.name): each for each in metadata.distributions(path=list(dict.fromkeys(folders)))}
    todo = [("this set-up", packaging.Requirement(text)) for text in wanted]
    todo += [(name, packaging.Requirement(name)) for name in found]
    done = set()
    while todo:
        by, requirement = todo.pop()
        name = _normal(requirement.name)
        package = found.get(name)
        if package is None or not requirement.specifier.contains(package.version, prereleases=True):
            there = "is not there" if package is None else f"is {package.version}"
            yield f"{by} needs {requirement}, and {requirement.name} {there}."
            continue
        for extra in {"", *map(_normal, requirement.extras)}:
            if (name, extra) not in done:
                done.add((name, extra))
                todo += [(name, each) for each in _requirements(packaging, package, extra)]


def _requirements(packaging: Any, package: metadata.Distribution, extra: str) -> Iterator[Any]:
    """What ``package`` wants on this machine, for itself or for one of its extras."""
    for text in package.requires or ():
        requirement = packaging.Requirement(text)
        if requirement.marker is None:
            if not extra:
                yield requirement
        elif requirement.marker.evaluate({"extra": extra}) and not (
            extra and requirement.marker.evaluate({"extra": ""})
        ):
            yield requirement


def _packaging() -> ModuleType:
    """The part of `packaging` that reads requirements, pip's own if there is no other."""
    for name in ("packaging.requirements", "pip._vendor.packaging.requirements"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    sys.exit("Checking the packages needs pip; install it (Debian: apt-get install python3-venv).")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()

"""A stranger with a fresh clone and an empty home: what README says first, works."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.program import Program, wait_for
from tests.tiers import exhaustive

ROOT = Path(__file__).parents[2]

#: What a new machine gives a program; the rest of this one's environment stays out, but for how packages are found.
KEPT = re.compile(r"PATH|LANG|LC_ALL|TMPDIR|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|(PIP|HTTPS?|NO|https?|no)_.*")


pytestmark = pytest.mark.skipif(not (ROOT / "src").is_dir(), reason="A clone has src/; scripts/test-wheel has not.")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files of the project as a clone has them, in a folder of their own."""
    folder = tmp_path / "callsheet"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@exhaustive  # it installs everything; with what is installed, tests/docs follows the same page
def test_the_first_commands_of_the_readme_install_serve_and_examine(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = re.findall(r"```bash\n(.*?)```", (clone / "README.md").read_text(), re.DOTALL)
    first = next(block for block in blocks if "scripts/environment" in block)
    second = next(block for block in blocks if block.endswith("scripts/serve\n"))
    install, doctor = (line.partition(" #")[0].strip() for line in first.strip().splitlines())
    assert install == "scripts/environment server"
    home = tmp_path / "home"
    home.mkdir()
    for name in list(os.environ):
        if not KEPT.fullmatch(name):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    subprocess.run(["bash", "-c", install], cwd=clone, check=True, capture_output=True)
    command = ["bash", "-c", f"{second.strip()} --port 0"]  # any port: the usual one may be taken
    with Program(cwd=clone, command=command) as served:
        curl = served.printed(r"(?m)^  (curl .*)$")[1]
        answered = wait_for(
            lambda: subprocess.run(["bash", "-c", f"{curl} -sS"], capture_output=True, check=False).stdout,
            "an answer to the printed curl",
        )
        url, key = (served.printed(rf"{name}=(\S+)")[1] for name in ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"))
        examine = doctor.replace("https://your-gateway.example", url).replace("sk-your-key", key)
        report = subprocess.run(["bash", "-c", examine], cwd=clone, capture_output=True, text=True, check=False)
    assert answered.startswith(b'{"data":[{"type":"model","id":"claude-fable-5-2"')
    assert "Claude Code" in report.stdout, report.stderr
    assert (clone / "callsheet.db").is_file()

"""`scripts/bench --quick` ends with figures in every row. No figure is judged: this machine may be busy."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from benchmarks.charts import Chart
from benchmarks.contenders.everyone import EVERYONE
from benchmarks.requests import AS_IT_IS, AS_SDKS_ASK, Kind
from tests.tiers import exhaustive

ROOT: Final = Path(__file__).parents[2]
BENCHMARKS: Final = (sys.executable, "-m", "benchmarks")
TOOLS: Final = ("wrk", "nginx")

#: A number, or two; what stands where a contender cannot do something, or cannot run here.
FIGURE: Final = re.compile(r"[\d,]+(\.\d+)?( · [\d,]+(\.\d+)?)?")
NONE: Final = ("–", "not available")  # noqa: RUF001  # a dash

#: Tables: side by side twice; and compressed or not, costs, cold start, growth, crowd, workers, claims.
TABLES: Final = 10

pytestmark = [
    exhaustive,  # it takes a minute of two cores, and is no part of what is installed
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the benchmark needs Linux"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing and os.environ.get("CI") != "true":
        pytest.skip(f"install {' and '.join(missing)} to try the benchmark")
    folder = tmp_path_factory.mktemp("benchmarks")
    done = subprocess.run(
        [*BENCHMARKS, "--quick", "--output", folder / "benchmarks.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, "progress is for terminals only"
    return folder


def rows(page: Path) -> list[list[str]]:
    """The cells of every row of the tables that were measured."""
    measured = page.read_text().partition("<!-- measured: begin -->")[2].partition("<!-- measured: end -->")[0]
    lines = [line for line in measured.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_row_has_figures_in_every_column(folder: Path) -> None:
    found = rows(folder / "benchmarks.md")
    heads = {number - 1 for number, row in enumerate(found) if row[0] == "---"}
    assert len(heads) == TABLES
    for number, row in enumerate(found):
        if number in heads or number - 1 in heads:
            continue
        cells = [cell for cell in row[1:] if cell not in {*Kind, "all", f"`{AS_IT_IS}`", f"`{AS_SDKS_ASK}`"}]
        assert cells, row
        assert all(FIGURE.fullmatch(cell) or cell in NONE for cell in cells), row


def test_every_contender_stands_there_with_each_kind_it_can_answer(folder: Path) -> None:
    found = rows(folder / "benchmarks.md")
    for contender in EVERYONE:
        own = [row for row in found if row[0] == contender.title]
        assert own, contender.title
        if contender.why_not() is None:
            figures = {row[1]: row[2] for row in own if row[1] in set(Kind)}
            assert {kind for kind in Kind if figures[kind] not in NONE} == contender.kinds


def test_every_chart_is_drawn_and_shown(folder: Path) -> None:
    page = (folder / "benchmarks.md").read_text()
    for chart in Chart:
        assert f"(charts/{chart.file})" in page
        assert (folder / "charts" / chart.file).read_text().startswith("<svg ")


def test_wrong_names_are_refused_in_a_sentence() -> None:
    done = subprocess.run(
        [*BENCHMARKS, "--only", "apache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--only: apache is unknown; there are callsheet, " in done.stderr

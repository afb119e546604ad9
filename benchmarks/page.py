"""The page: an explanation written by people, and between two markers what was measured."""

from pathlib import Path
from typing import Final

from benchmarks.charts import draw
from benchmarks.results import Results
from benchmarks.tables import write

PAGE: Final = Path(__file__).parents[1] / "docs" / "benchmarks.md"

_BEGIN: Final = "<!-- measured: begin -->\n"
_END: Final = "<!-- measured: end -->\n"


def write_page(results: Results) -> None:
    """Write page and charts; the explanation is that of the documentation."""
    page = results.options.output
    folder = page.parent / "charts"
    folder.mkdir(parents=True, exist_ok=True)
    charts = draw(results)
    for chart, picture in charts.items():
        (folder / chart.file).write_text(picture, encoding="utf-8")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    measured = write(results, {chart: f"charts/{chart.file}" for chart in charts})
    page.write_text(f"{before}{_BEGIN}\n{measured}\n{_END}{after}", encoding="utf-8")

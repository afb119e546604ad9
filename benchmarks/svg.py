"""Charts as SVG: bars, dots on a logarithmic scale, and lines over the size of a catalogue.

Drawn 400 wide, so that text is as large on a phone as on a desk; colours follow the reader's light or dark.
"""

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10
from typing import Final, NamedTuple

_WIDTH: Final = 400
_LEFT: Final = 12
_RIGHT: Final = 388
_LINE: Final = 26
_TOP: Final = 44

_STYLE: Final = """\
<style>
  svg { font: 13px system-ui, sans-serif; }
  .paper { fill: #ffffff; } .text { fill: #1f2328; } .faint { fill: #59636e; font-size: 12px; }
  .bar, .dot { fill: #8c959f; } .own { fill: #0969da; } .axis { stroke: #d1d9e0; } .mark { stroke: #cf222e; }
  polyline { fill: none; }
  .line0 { stroke: #0969da; } .line1 { stroke: #bc4c00; } .line2 { stroke: #1a7f37; }
  .point0 { fill: #0969da; } .point1 { fill: #bc4c00; } .point2 { fill: #1a7f37; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; } .text { fill: #f0f6fc; } .faint { fill: #9198a1; }
    .bar, .dot { fill: #656c76; } .own { fill: #4493f8; } .axis { stroke: #3d444d; } .mark { stroke: #f85149; }
    .line0 { stroke: #4493f8; } .line1 { stroke: #f0883e; } .line2 { stroke: #3fb950; }
    .point0 { fill: #4493f8; } .point1 { fill: #f0883e; } .point2 { fill: #3fb950; }
  }
</style>"""


class Bar(NamedTuple):
    """One value with its name; ``own`` stands out."""

    name: str
    value: float
    label: str
    own: bool


class Series(NamedTuple):
    """One line: values by position on the x axis."""

    name: str
    values: Sequence[float]


def bars(title: str, below: str, values: Sequence[Bar], mark: float) -> str:
    """Return a chart of bars from zero, name above each, with a line at ``mark``."""
    longest = max(mark, *(bar.value for bar in values)) * 1.02
    scale = (_RIGHT - 60 - _LEFT) / longest
    parts = []
    for number, bar in enumerate(values):
        y = _TOP + 14 + number * (_LINE + 8)
        width = max(bar.value * scale, 1)
        kind = "bar own" if bar.own else "bar"
        parts += [
            _text(_LEFT, y, bar.name),
            f'<rect class="{kind}" x="{_LEFT}" y="{y + 5}" width="{width:.1f}" height="12" rx="2"/>',
            _text(_LEFT + width + 6, y + 16, bar.label),
        ]
    bottom = _TOP + len(values) * (_LINE + 8) + 4
    x = _LEFT + mark * scale
    parts.insert(
        0, f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom}" stroke-dasharray="3 3"/>'
    )
    return _frame(title, below, parts, bottom + 26)


def dots(title: str, below: str, values: Sequence[Bar]) -> str:
    """Return a chart of dots on a logarithmic scale, name above each."""
    low, high = _decades([bar.value for bar in values])
    scale = (_RIGHT - 50 - _LEFT) / (high - low)
    bottom = _TOP + len(values) * (_LINE + 8) + 4
    parts = []
    for decade in range(low, high + 1):
        x = _LEFT + (decade - low) * scale
        parts.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom}"/>')
        parts.append(_text(x, bottom + 14, _short(10.0**decade), "faint", "middle" if decade > low else "start"))
    for number, bar in enumerate(values):
        y = _TOP + 14 + number * (_LINE + 8)
        x = _LEFT + (log10(bar.value) - low) * scale
        kind = "dot own" if bar.own else "dot"
        parts += [
            _text(_LEFT, y, bar.name),
            f'<line class="axis" x1="{_LEFT}" x2="{x:.1f}" y1="{y + 11}" y2="{y + 11}"/>',
            f'<circle class="{kind}" cx="{x:.1f}" cy="{y + 11}" r="5"/>',
            _text(x + 9, y + 16, bar.label),
        ]
    return _frame(title, below, parts, bottom + 42)


def lines(title: str, below: str, names: Sequence[str], series: Sequence[Series]) -> str:
    """Return lines over equally spaced positions, on a logarithmic scale.

    One line has a number at each point, several at their ends.
    """
    low, high = _decades([value for each in series for value in each.values])
    top, bottom = _TOP + (20 if len(series) > 1 else 0), 240
    left, right = 48, _RIGHT - (36 if len(series) > 1 else 8)
    first = left + 22
    step = (right - 14 - first) / max(len(names) - 1, 1)
    parts = []
    for decade in range(low, high + 1):
        y = bottom - (decade - low) * (bottom - top) / (high - low)
        parts.append(f'<line class="axis" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(_text(left - 6, y + 4, _short(10.0**decade), "faint", "end"))
    parts += [_text(first + n * step, bottom + 18, name, "faint", "middle") for n, name in enumerate(names)]
    ends: list[tuple[tuple[float, float], float]] = []
    for number, each in enumerate(series):
        points = [
            (first + n * step, bottom - (log10(value) - low) * (bottom - top) / (high - low))
            for n, value in enumerate(each.values)
        ]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline class="line{number}" points="{drawn}" stroke-width="2"/>')
        parts += [f'<circle class="point{number}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in points]
        if len(series) == 1:
            parts += [
                _text(x, y - 8, _short(value), "faint", "middle")
                for (x, y), value in zip(points, each.values, strict=True)
            ]
        ends.append((points[-1], each.values[-1]))
        if len(series) > 1:
            x = left + number * (right - left + 24) / len(series)
            parts.append(f'<circle class="point{number}" cx="{x:.1f}" cy="{_TOP}" r="4"/>')
            parts.append(_text(x + 8, _TOP + 4, each.name, "faint"))
    if len(series) > 1:
        parts += _apart(ends)
    return _frame(title, below, parts, bottom + 48)


def _apart(ends: Sequence[tuple[tuple[float, float], float]]) -> list[str]:
    """The numbers at the ends of lines, from the top, none over another."""
    parts = []
    lowest = 0.0
    for (x, y), value in sorted(ends, key=lambda end: end[0][1]):
        lowest = max(y + 4, lowest + 14)
        parts.append(_text(x + 9, lowest, _short(value), "faint"))
    return parts


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    return low, max(high, low + 1)


def _short(value: float) -> str:
    """Three digits at most."""
    if value >= 1_000_000:
        return f"{value / 1_000_000:.3g}M"
    if value >= 1000:
        return f"{value / 1000:.0f}k" if value >= 10_000 else f"{value / 1000:.1f}".removesuffix(".0") + "k"
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _text(x: float, y: float, text: str, kind: str = "text", anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _frame(title: str, below: str, parts: Sequence[str], height: float) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}"',
            f'  width="{_WIDTH}" height="{height:.0f}" role="img" aria-label="{escape(title)}">',
            _STYLE,
            '<rect class="paper" width="100%" height="100%" rx="6"/>',
            f'<text class="text" x="{_LEFT}" y="26" font-weight="600">{escape(title)}</text>',
            *parts,
            _text(_LEFT, height - 9, below, "faint"),
            "</svg>",
            "",
        ]
    )

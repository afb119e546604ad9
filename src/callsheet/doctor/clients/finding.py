"""Make one finding."""

import json

from callsheet.doctor.probe.exchange import Exchange
from callsheet.doctor.probe.texts import quoted
from callsheet.doctor.report import Evidence, Finding, Level


def make_finding(
    code: str,
    level: Level,
    sentence: str,
    advice: str = "",
    models: tuple[str, ...] = (),
    exchange: Exchange | None = None,
) -> Finding:
    """Return a finding; ``exchange`` is its evidence."""
    return Finding(
        code=code,
        level=level,
        sentence=sentence,
        advice=advice,
        models=models,
        evidence=Evidence.of(exchange),
    )


def json_word(value: object) -> str:
    """Return a value of a page as a word in a sentence: true, false, null, or the value in backticks."""
    return json.dumps(value) if value is None or isinstance(value, bool) else quoted(value)

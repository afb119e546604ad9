"""Plans in files."""

import json
from pathlib import Path
from typing import Final

from callsheet.domain.errors import InvalidError
from callsheet.domain.plan.plan import Plan
from callsheet.domain.plan.reading import read_plan

MAX_PLAN_BYTES: Final = 2**30


def read_plan_file(file: str) -> Plan:
    """Return the plan that ``file`` holds; InvalidError if it cannot be read, or is not a plan."""
    try:
        with Path(file).open("rb") as opened:
            content = opened.read(MAX_PLAN_BYTES + 1)
    except OSError as error:
        raise InvalidError(f"The plan {file} cannot be read: {error.strerror}.") from None
    if len(content) > MAX_PLAN_BYTES:
        raise InvalidError(f"{file} is not a plan: it has more than {MAX_PLAN_BYTES // 2**20} MiB.")
    return read_plan(content)


def write_plan_file(file: str, plan: Plan) -> None:
    """Keep ``plan`` in ``file``; InvalidError if that cannot be written."""
    try:
        Path(file).write_text(json.dumps(plan.record(), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise InvalidError(f"The plan cannot be written to {file}: {error.strerror}; name another file.") from None

"""When release dates cannot tell models apart, and no server is to blame for it."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Final

from callsheet.doctor.contract.rule import require
from callsheet.domain.times import EPOCH

#: Models that may well have been released on one day: families of open models are.
_FAMILY: Final = 10


def require_several_releases(times: Sequence[datetime | None]) -> None:
    """Raise `NotApplicableError` where one time for all of them may be the truth.

    Constants of servers that do not care have a time of day; times of release mostly are midnights.
    """
    require(len(times) > 2, "fewer than three models are listed")
    known = {each for each in times if each is not None and each != EPOCH}
    require(known, "no release date is known")
    is_day = len(set(times)) == 1 and next(iter(known)).astimezone(UTC).time() == time()
    require(not is_day or len(times) > _FAMILY, "so few models may have been released on one day")

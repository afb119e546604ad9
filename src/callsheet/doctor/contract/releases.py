"""When all models may rightly have the same release date."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Final

from callsheet.doctor.contract.rule import require
from callsheet.domain.times import EPOCH

#: Families of open models, of up to about this size, are released on one day.
_MAX_FAMILY_SIZE: Final = 10


def require_several_releases(times: Sequence[datetime | None]) -> None:
    """Raise `NotApplicableError` if one time for all models may be true.

    A constant that a server makes up has a time of day; release dates are mostly midnights.
    """
    require(len(times) > 2, "fewer than three models are listed")
    known = {each for each in times if each is not None and each != EPOCH}
    require(known, "no release date is known")
    is_day = len(set(times)) == 1 and next(iter(known)).astimezone(UTC).time() == time()
    require(not is_day or len(times) > _MAX_FAMILY_SIZE, "so few models may have been released on one day")

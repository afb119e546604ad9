"""Under steady load nothing fails, and neither memory nor descriptors grow."""

import os
import shutil

import pytest

from tests.fleet.report import MOST_DESCRIPTORS
from tests.fleet.soak import soak
from tests.fleet.stage import staged
from tests.tiers import repeated

SECONDS = repeated(10, 30)

#: Of the load that it can bear.
SHARE = repeated(0.15, 0.5)


def test_steady_load_that_it_can_bear_leaves_no_trace() -> None:
    if not shutil.which("wrk") and os.environ.get("CI") != "true":
        pytest.skip("install wrk to try the soak")
    with staged(replicas=1, moves_clocks=False) as stage:
        stage.load.__exit__(None, None, None)
        soaked = soak(stage.fleet.replicas[0], stage.key, SECONDS, SHARE)
    assert soaked.failed == 0, soaked
    assert soaked.seconds > SECONDS / 2, soaked
    assert soaked.descriptors[1] <= soaked.descriptors[0] + MOST_DESCRIPTORS, soaked
    assert soaked.slope_kib_per_minute < 8 * 1024, soaked  # of a minute, caches still fill

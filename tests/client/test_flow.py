"""The worked example in the documentation of flows is true."""

import doctest

from callsheet.client import flow


def test_the_example_of_a_flow_runs_as_it_is_shown() -> None:
    result = doctest.testmod(flow, optionflags=doctest.ELLIPSIS)
    assert result.attempted > 8
    assert result.failed == 0

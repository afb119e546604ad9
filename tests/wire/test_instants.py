"""Times as servers write them: the quick way to read the usual form gives what the thorough one gives."""

from hypothesis import example, given
from hypothesis import strategies as st

from callsheet.wire.field_values import read_instant

_DIGITS = st.text("0123456789", min_size=14, max_size=14)


@given(_DIGITS)
@example("20261129235960")  # a leap second
@example("20261129240000")
@example("20260229000000")
@example("19691231235959")
@example("00010101000000")
def test_the_usual_form_is_read_as_any_other(digits: str) -> None:
    day, hour = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}", f"{digits[8:10]}:{digits[10:12]}:{digits[12:]}"
    assert read_instant(f"{day}T{hour}Z") == read_instant(f" {day}T{hour}Z") == read_instant(f"{day}T{hour}.0Z")

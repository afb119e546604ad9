"""What a client sends as the askers of a question never decides how its gateway judges the key."""

import re

from hypothesis import given
from hypothesis import strategies as st

from callsheet.service.delegation.asked_by import find_asked_by
from callsheet.service.delegation.circles import Circle

ASKER = "0123456789abcdef-fedcba9876543210"
QUESTION = re.compile(r"[0-9a-f]{16}-[0-9a-f]{16}(, [0-9a-f]{16}-[0-9a-f]{16}){0,8}")

values = st.binary(max_size=60) | st.lists(st.sampled_from([ASKER, "", "x", "\xff", ASKER + "0"])).map(
    lambda parts: ", ".join(parts).encode("latin-1")
)


@given(st.lists(values, max_size=3))
def test_whatever_a_client_sends_a_question_names_installations_and_nothing_else(sent: list[bytes]) -> None:
    asked_by = find_asked_by([(b"callsheet-asked-by", value) for value in sent])
    assert QUESTION.fullmatch(Circle().extended(asked_by, "org"))


def test_installations_named_in_several_lines_count_together() -> None:
    lines = [(b"callsheet-asked-by", ASKER.encode()), (b"x", b"y"), (b"callsheet-asked-by", b"x," + ASKER.encode())]
    assert find_asked_by(lines) == f"{ASKER}, {ASKER}".encode()

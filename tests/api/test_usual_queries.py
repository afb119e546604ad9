"""A query that is read in fewer steps, as most are, means what it means otherwise."""

from hypothesis import example, given
from hypothesis import strategies as st

from callsheet.api.request import parse_query
from callsheet.domain.errors import InvalidRequestError
from callsheet.domain.query import ListQuery
from tests.tiers import examples

names = st.sampled_from(
    [
        *(
            "limit",
            "after_id",
            "before_id",
            "lifecycle",
            "limit[]",
            "x",
            "limits",
            "LIMIT",
            "lifecycle[]",
            "%6cimit",
            "",
        )
    ]
)
values = st.sampled_from(
    ["", "1", "20", "1000", "1001", "0", "007", "a", "a:b@c/d.e-f_1", "a+b", "a%2Fb", "retired", "é"]
)
parts = st.builds(
    lambda name, equals, value: f"{name}{equals}{value}", names, st.sampled_from(["=", "=", "=", ""]), values
)
usual = st.builds("limit={}&after_id={}".format, values, values)
queries = st.one_of(
    st.lists(parts, max_size=4).map("&".join),
    st.builds(lambda first, more: "&".join([first, *more]), usual, st.lists(parts, max_size=2)),
)


def meaning(query: bytes) -> ListQuery | str:
    try:
        return parse_query(query, 20)
    except InvalidRequestError as error:
        return error.message


@given(queries)
@example("limit=20&after_id=claude-opus-5&x=1")
@example("limit=20&after_id=a&limit=30")
@examples(8)
def test_a_query_means_the_same_with_an_empty_parameter_before_it(query: str) -> None:
    sent = query.encode("latin-1")
    assert meaning(sent) == meaning(b"&" + sent)

"""Rows that no model can be are dropped, and counted; the rest of the list counts."""

from callsheet.sources.read import BAD_ID, NO_ID, NOT_AN_OBJECT, TWICE, read
from callsheet.sources.upstream import Dropped, Listed, Options
from tests.sources.recorded import reading_from


class Named:
    """An upstream whose rows are models with aliases."""

    def __init__(self, *models: Listed | Dropped) -> None:
        self.models = models

    def requests(self, options: object, answers: object) -> tuple[()]:
        return ()

    def rows(self, answers: object) -> list[object]:
        return [{"number": number} for number in range(len(self.models))]

    def listed(self, row: object, options: object) -> Listed | Dropped:
        assert isinstance(row, dict)
        return self.models[row["number"]]

    def authorization(self, secret: str) -> dict[str, str]:
        return {}


def test_rows_without_a_usable_id_are_dropped_and_the_others_stay() -> None:
    ids = ["good", "", None, 7, "x" * 257, ".", "tab\tin", "half\ud800", " blank ", "good", "also good"]
    reading = reading_from("openai", {"data": [*({"id": each} for each in ids), "text", None, ["list"]]})
    assert [each.id for each in reading.listed] == ["good", "also good"]
    assert reading.reasons() == {BAD_ID: 5, NO_ID: 3, NOT_AN_OBJECT: 3, TWICE: 1}


def test_what_is_shown_of_a_bad_id_is_short_and_printable() -> None:
    reading = reading_from("openai", {"data": [{"id": "\x1b[31m" + "x" * 500}]})
    assert reading.dropped == (Dropped("?[31m" + "x" * 55, BAD_ID),)


def test_an_alias_that_is_a_models_id_or_anothers_alias_is_left_out_with_a_note() -> None:
    upstream = Named(Listed("a", aliases=("b", "c", "a", "", "c")), Listed("b", aliases=("c", "d")))
    first, second = read(upstream, (), Options()).listed
    assert (first.aliases, second.aliases) == (("c",), ("d",))
    assert first.notes == (
        "the alias 'b' is left out: it is taken or not usable",
        "the alias '' is left out: it is taken or not usable",
    )
    assert second.notes == ("the alias 'c' is left out: it is taken or not usable",)


def test_the_most_frequent_reason_comes_first() -> None:
    reading = read(Named(Dropped("a", "x"), Dropped("b", "y"), Dropped("c", "y")), (), Options())
    assert list(reading.reasons().items()) == [("y", 2), ("x", 1)]

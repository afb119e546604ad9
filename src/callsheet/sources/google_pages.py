"""Lists of Google's APIs: pages with a token of the next. An empty list is left out of the JSON altogether."""

from collections.abc import Sequence
from typing import Any, Final

from callsheet.sources.answers import need_list
from callsheet.sources.following import first_or_next, need_answers, object_of
from callsheet.sources.upstream import Answer, Request

_NEXT: Final = "nextPageToken"


def next_page(path: str, answers: Sequence[Answer]) -> Sequence[Request]:
    """Return the request for the page that follows; none after the last. Raises as `first_or_next` does."""
    return first_or_next(path, "pageToken", answers, _NEXT)


def rows_of(answers: Sequence[Answer], name: str) -> list[Any]:
    """Return the rows of all pages, from their list ``name``.

    Raises
    ------
    SourceError
        There is no page, or one has no such list and is not one that is empty.
    """
    return [row for answer in need_answers(answers) for row in _rows(answer, name)]


def _rows(answer: Answer, name: str) -> list[Any]:
    page = object_of(answer)
    return [] if set(page) <= {_NEXT} else need_list(page, name, answer.request.path)

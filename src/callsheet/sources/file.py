"""A list of any shape that the client reads, as one file: recorded, or served at a fixed URL."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from callsheet.domain.errors import SourceError
from callsheet.domain.model import Lifecycle
from callsheet.sources.answers import check_status
from callsheet.sources.openai import NOT_RELEASE, authorization, may_be_release
from callsheet.sources.upstream import FIRST_SEEN, Answer, Dropped, Listed, Options, Request
from callsheet.sources.values import collect
from callsheet.wire.field_names import read_fields
from callsheet.wire.pages import read_page
from callsheet.wire.reading import find_id
from callsheet.wire.rows import UnreadableError, parse

__all__ = ["authorization", "listed", "requests", "rows"]

_ID: Final = "id of the row"  # what `rows` adds to each


def requests(_options: Options, answers: Sequence[Answer]) -> Sequence[Request]:
    """Return the request for the URL itself, until it is answered."""
    return () if answers else (Request("GET", ""),)


def rows(answers: Sequence[Answer]) -> Sequence[object]:
    """Return the rows of the list, None for one that cannot be read.

    Raises
    ------
    SourceError
        It is not a list, or only one page of a list.
    """
    if not answers:
        raise SourceError("The list was not read; run the source again.")
    check_status(answers[0])
    try:
        page = read_page(answers[0].body)
    except UnreadableError as error:
        raise SourceError(f"It holds {error}.") from None
    if page.has_more:
        raise SourceError("It is one page of a longer list; record the whole list, such as with ?limit=1000.")
    sent = [parse(row) for row in page.rows]
    return [*({**row, _ID: find_id(row, page.id_names)} for row in sent), *(None for _ in page.bad_rows)]


def listed(row: Mapping[str, Any], _options: Options) -> Listed | Dropped:
    """Return what the client reads of a row. A retirement without a lifecycle means that it is deprecated."""
    found = read_fields(row)
    model_id = str(row.get(_ID) or "")
    found.pop("type", None)
    if found.get("display_name") == model_id:
        del found["display_name"]
    if "retires_at" in found and "lifecycle" not in found:
        found = {"deprecated_at": FIRST_SEEN, **found, "lifecycle": Lifecycle.DEPRECATED.value}
    is_read = "created" not in row or may_be_release(model_id)
    if not is_read:
        found.pop("created_at", None)
    fields, notes = collect(found)
    return Listed(model_id, fields, notes=notes if is_read else (*notes, NOT_RELEASE))

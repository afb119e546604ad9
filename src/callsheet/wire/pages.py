"""Pages of models, read with tolerance: of either dialect, in any wrapper, and without rows that are not models.

A row is read when it is reached, so that a list of a million models takes little more memory than its bytes.
"""

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, NamedTuple

from callsheet.wire.field_names import ID_NAMES
from callsheet.wire.reading import ModelInfo, find_id, make_model, read_row, shown_id
from callsheet.wire.rows import LIST_NAMES, Listing, Rows, UnreadableError, parse, take_apart


class UnreadableModel(NamedTuple):
    """An entry of a list that cannot be read, and is left out.

    Attributes
    ----------
    position
        Its index in the list, from 0.
    id
        Its id, shortened, if it has one that is text; else None.
    reason
        What is wrong with it, such as ``it has no id``.
    """

    position: int
    id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class PageContent:
    """A page as it was sent; None for what it does not say.

    Parameters
    ----------
    rows
        Those that are models, in the server's order; `models` reads them.
    has_more
        Whether the server says that more follow.
    first_id, last_id
        The server's cursors.
    bad_rows, bad_positions
        Those that are not models, and where they are in the list.
    id_names
        The names that an id may have.
    age
        How old it is, if it is from a cache; else None.
    """

    rows: Rows = field(default_factory=Rows)
    has_more: bool | None = None
    first_id: str | None = None
    last_id: str | None = None
    bad_rows: Rows = field(default_factory=Rows)
    bad_positions: "array[int]" = field(default_factory=lambda: array("Q"))
    id_names: tuple[str, ...] = ID_NAMES[:1]
    age: timedelta | None = None

    def models(self) -> Iterator[ModelInfo]:
        """Yield its models; each is read when it is reached."""
        for row in self.rows:
            yield make_model(parse(row), self.id_names, self.age)

    def ids(self) -> Iterator[str]:
        """Yield the ids of its models."""
        for row in self.rows:
            yield str(find_id(parse(row), self.id_names))

    def unreadable(self) -> Iterator[UnreadableModel]:
        """Yield the rows that are left out of it."""
        for row, position in zip(self.bad_rows, self.bad_positions, strict=True):
            sent, reason = read_row(row, self.id_names)
            yield UnreadableModel(position, shown_id(sent), reason)

    @property
    def is_empty(self) -> bool:
        """Whether it lists nothing, readable or not."""
        return not (self.rows or self.bad_rows)

    def id_at(self, end: int) -> str | None:
        """Return the id of the model at an end: 0 is the first, -1 the last; None if it has no models."""
        if not self.rows:
            return None
        return str(find_id(parse(self.rows[end % len(self.rows)]), self.id_names))

    def aged(self, age: timedelta) -> "PageContent":
        """Return this page as one that was sent ``age`` ago."""
        return replace(self, age=age)


def read_page(body: bytes) -> PageContent:
    """Return the page in a body of either dialect, or of something in between.

    The list may be in an object, as ``data`` or ``models``, or bare. Programs in Go write an empty one as null.
    Rows that are not models are left out, and reported by `PageContent.unreadable`.

    Raises
    ------
    UnreadableError
        It is not a page.
    """
    listing = take_apart(body)
    around = listing.around
    if listing.name is None and not any(name in around and around[name] is None for name in LIST_NAMES):
        raise UnreadableError(_describe(body, around))
    if not listing.rows and (around.get("error") or around.get("success") is False):
        raise UnreadableError("an error in the place of a list")
    id_names = id_names_of(listing)
    good, bad = _sort(listing, id_names)
    return PageContent(
        listing.rows if not bad else listing.rows.pick(good),
        _has_more(around),
        _cursor(around.get("first_id")),
        _cursor(around.get("last_id")),
        listing.rows.pick(bad),
        bad,
        id_names,
    )


def read_first_page(body: bytes) -> PageContent:
    """Return the page in a body, as `read_page` does, but refuse one with rows none of which is a model.

    Raises
    ------
    UnreadableError
        It is not such a page. If the server says that more follow, it is not refused: the next page may have some.
    """
    page = read_page(body)
    if page.bad_rows and not page.rows and not page.has_more:
        count, first = len(page.bad_rows), next(page.unreadable())
        which = "whose only entry is not a model" if count == 1 else f"of whose {count:,} entries none is a model"
        raise UnreadableError(f"a list {which} (in the first, {first.reason})")
    return page


def id_names_of(listing: Listing) -> tuple[str, ...]:
    """Return the names that an id may have in a list."""
    return ID_NAMES if listing.name == "models" else ID_NAMES[:1]


def _sort(listing: Listing, id_names: tuple[str, ...]) -> "tuple[array[int], array[int]]":
    """The numbers of the rows that are models, and of those that are not."""
    good, bad = array("Q"), array("Q")
    for number, row in enumerate(listing.rows):
        (bad if read_row(row, id_names)[1] else good).append(number)
    return good, bad


def _has_more(around: Mapping[str, Any]) -> bool | None:
    has_more = around.get("has_more")
    if isinstance(has_more, bool):
        return has_more
    links = around.get("links")  # OpenRouter's; the token is Gemini's
    following = around.get("nextPageToken") or (links.get("next") if isinstance(links, Mapping) else None)
    return True if isinstance(following, str) and following else None


def _cursor(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _describe(body: bytes, around: Mapping[str, Any]) -> str:
    """What was sent instead of a list."""
    for name in LIST_NAMES:
        if name in around:
            return f'JSON whose "{name}" is not a list of models'
    if body.lstrip()[:1] != b"{":
        return "JSON that is not a list of models"
    names = ", ".join(name[:30] for name in list(around)[:5] if name.isprintable())
    return (
        f"JSON that is not a list of models (its members are {names})"
        if names
        else "JSON that is not a list of models"
    )

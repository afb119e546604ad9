"""Section 2 of the contract: the shape of a model and of a page."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from callsheet.doctor.checks.rule import RuleBook, expect, expect_status, require
from callsheet.doctor.exchange import Exchange, printable
from callsheet.doctor.reading import Listing, Model, read_listing
from callsheet.doctor.report import Level
from callsheet.doctor.subject import WHOLE, Subject
from callsheet.doctor.times import read_instant

BOOK: Final = RuleBook(2, "Models and pages")

_LIFECYCLES: Final = ("active", "deprecated", "retired")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_time(value: object) -> bool:
    return read_instant(value) is not None


#: What the fields beyond the four of 2025 may be, where they are present and not null.
_OPTIONAL: Final[Mapping[str, Callable[[Any], bool]]] = {
    "line": lambda value: isinstance(value, str),
    "max_input_tokens": _is_count,
    "max_tokens": _is_count,
    "lifecycle": lambda value: value in _LIFECYCLES,
    "deprecated_at": _is_time,
    "retires_at": _is_time,
    "description": lambda value: isinstance(value, str),
}


@BOOK.rule(Level.ERROR, needs=("page-is-served",))
def models_are_complete(subject: Subject) -> None:
    """Every model has `type`, `id`, `display_name` and `created_at`.

    Typed SDKs promise these four to their users.
    """
    for model in _models(subject):
        expect(model.get("type") == "model", f"`type` of {_name(model)} is not `model`.")
        for field in ("display_name", "created_at"):
            expect(model.get(field) not in (None, ""), f"{_name(model)} has no `{field}`.")
        expect(isinstance(model["display_name"], str), f"`display_name` of {_name(model)} is no text.")
    listing = read_listing(subject.ask(WHOLE))
    expect(listing is not None and not listing.nameless, "There are entries without an id.")


@BOOK.rule(Level.ERROR, needs=("models-are-complete",))
def created_at_is_a_time(subject: Subject) -> None:
    """`created_at` is a time as RFC 3339 writes it.

    SDKs parse it; a number or another form is no date to their users.
    """
    for model in _models(subject):
        shown = printable(repr(model["created_at"]))[:40]
        expect(_is_time(model["created_at"]), f"`created_at` of {_name(model)} is {shown}.")


@BOOK.rule(Level.WARNING, needs=("created-at-is-a-time",))
def created_at_differs(subject: Subject) -> None:
    """`created_at` tells models apart.

    Clients sort by it and show it; a constant makes every model equally old.
    """
    times = {model["created_at"] for model in _models(subject)}
    require(len(subject.ids) > 2, "fewer than three models are listed")
    expect(len(times) > 1, f"It is {min(times)} for all {len(subject.ids)} models.")


@BOOK.rule(Level.WARNING, needs=("list-is-served",))
def models_stay_the_same(subject: Subject) -> None:
    """A model does not change from answer to answer.

    A `created_at` of now, or of the last start, is no time of release.
    """
    require(subject.models, "no model is listed")
    again = subject.page("limit=1000", again=True)
    now = {model["id"]: model for model in again.models} if again else {}
    for model in _models(subject):
        other = now.get(model["id"], model)
        changed = next((name for name in model if model[name] != other.get(name)), None)
        expect(changed is None, f"`{changed}` of {_name(model)} was another a moment ago.")


@BOOK.rule(Level.WARNING, needs=("page-is-served",))
def other_fields_fit(subject: Subject) -> None:
    """The other fields hold what the contract says, or null.

    Clients read context windows and lifecycles from them.
    """
    for model in _models(subject):
        for field, fits in _OPTIONAL.items():
            value = model.get(field)
            shown = printable(repr(value))[:40]
            expect(value is None or fits(value), f"`{field}` of {_name(model)} is {shown}.")


@BOOK.rule(Level.NOTE, needs=("page-is-served",))
def capabilities_have_leaves(subject: Subject) -> None:
    """Capabilities are leaves of the form `{"supported": true}`, or groups of them.

    SDKs read model.capabilities.….supported.
    """
    told = [model for model in _models(subject) if model.get("capabilities") is not None]
    require(told, "no model tells its capabilities")
    for model in told:
        groups = model["capabilities"]
        good = isinstance(groups, dict) and all(map(_is_capability, groups.values()))
        expect(good, f"`capabilities` of {_name(model)} holds something else.")


@BOOK.rule(Level.ERROR, needs=("page-is-served",))
def pages_are_complete(subject: Subject) -> None:
    """A page has `data`, `has_more`, `first_id` and `last_id`.

    SDKs that miss `has_more` stop, or never do, depending on the language.
    """
    page = _page(subject, "limit=1000")
    expect(isinstance(page.has_more, bool), "`has_more` is missing or not true or false.")
    absent = [name for name in ("first_id", "last_id") if name not in page.fields]
    expect(not absent, f"`{'` and `'.join(absent)}` missing.")


@BOOK.rule(Level.ERROR, needs=("pages-are-complete",))
def cursors_name_the_ends(subject: Subject) -> None:
    """`first_id` and `last_id` are the ids of the page's first and last model.

    They are the cursors: with null in their place, paging stops after the first page.
    """
    require(subject.models, "no model is listed")
    page = _page(subject, "limit=2")
    require(page.ids, "the page is empty")
    for name, wanted in (("first_id", page.ids[0]), ("last_id", page.ids[-1])):
        shown = printable(str(page.fields[name]))[:80].replace("None", "null")
        expect(page.fields[name] == wanted, f"`{name}` is {shown}, not `{printable(wanted)}`.")


@BOOK.rule(Level.WARNING, needs=("page-is-served", "nothing-after-the-oldest"))
def empty_pages_have_null_cursors(subject: Subject) -> None:
    """On an empty page both cursors are null.

    Typed SDKs want them there.
    """
    require(subject.models, "no model is listed")
    page = _page(subject, f"limit=1000&after_id={subject.cursor(-1)}")
    for name in ("first_id", "last_id"):
        expect(name in page.fields, f"`{name}` is missing.")
        expect(page.fields[name] is None, f"`{name}` is {printable(repr(page.fields[name]))[:40]}.")


@BOOK.rule(Level.WARNING, needs=("models-are-complete", "listed-is-retrieved"))
def retrieved_is_as_listed(subject: Subject) -> None:
    """A retrieved model is the same as in the list.

    What a client shows must not depend on how it asked.
    """
    plain = [model for model in _models(subject) if "/" not in model["id"]]
    require(plain, "no model is listed whose id has no slash")
    exchange: Exchange = subject.retrieve(plain[0]["id"])
    expect_status(exchange, 200)
    differing = sorted(name for name in plain[0] if exchange.json.get(name) != plain[0][name])
    expect(not differing, f"These fields of {_name(plain[0])} differ: {', '.join(differing)}.")


def _models(subject: Subject) -> tuple[Model, ...]:
    """All models, with the request for them as the evidence."""
    subject.ask(WHOLE)
    return subject.models


def _page(subject: Subject, query: str) -> Listing:
    page = subject.page(query)
    expect(page is not None, "It answers with no list.")
    assert page is not None  # noqa: S101  # for the type
    return page


def _name(model: Model) -> str:
    return f"`{printable(model['id'])}`"


def _is_capability(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    supported = value.get("supported")
    rest = [child for name, child in value.items() if name != "supported"]
    return (supported is None or isinstance(supported, bool)) and bool(value) and all(map(_is_capability, rest))

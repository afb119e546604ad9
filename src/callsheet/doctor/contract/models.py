"""Section 2 of the contract: the shape of a model and of a page."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from callsheet.doctor.contract.pages_of import page_of
from callsheet.doctor.contract.releases import require_several_releases
from callsheet.doctor.contract.rule import FaultError, RuleBook, expect, expect_status, require
from callsheet.doctor.probe.exchange import Exchange, quoted
from callsheet.doctor.probe.listing import Model, read_listing
from callsheet.doctor.probe.server import WHOLE, Subject
from callsheet.doctor.probe.times import read_instant
from callsheet.doctor.report import Level
from callsheet.domain.model import MAX_DESCRIPTION_LENGTH

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
    "description": lambda value: isinstance(value, str) and len(value) <= MAX_DESCRIPTION_LENGTH,
}


#: Fields that are the same from answer to answer, in either dialect; a server's own may tell its state.
_STEADY: Final = ("type", "display_name", "created_at", "created", "capabilities", *_OPTIONAL)


@BOOK.rule(Level.ERROR, needs=("page-is-served",))
def models_are_complete(subject: Subject) -> None:
    """Every model has `type`, `id`, `display_name` and `created_at`.

    Typed SDKs promise these four to their users.
    """
    for model in _models(subject):
        expect(model.get("type") == "model", f"`type` of {_name(model)} is not `model`.")
        for field in ("display_name", "created_at"):
            expect(model.get(field) not in (None, ""), f"{_name(model)} has no `{field}`.")
        expect(isinstance(model["display_name"], str), f"`display_name` of {_name(model)} is not text.")
    listing = read_listing(subject.ask(WHOLE))
    expect(listing is not None and not listing.nameless, "The list has entries without an id.")


@BOOK.rule(Level.ERROR, needs=("models-are-complete",))
def created_at_is_a_time(subject: Subject) -> None:
    """`created_at` is a time in RFC 3339 format.

    SDKs parse it; with a number or another format their users get no date.
    """
    for model in _models(subject):
        shown = quoted(model["created_at"])
        expect(_is_time(model["created_at"]), f"`created_at` of {_name(model)} is {shown}, not an RFC 3339 time.")


@BOOK.rule(Level.WARNING, needs=("created-at-is-a-time",))
def created_at_differs(subject: Subject) -> None:
    """`created_at` tells models apart.

    Clients sort by it and show it; a constant makes every model equally old.
    """
    times = [read_instant(model["created_at"]) for model in _models(subject)]
    require_several_releases(times)
    expect(
        len(set(times)) > 1,
        f"`created_at` is {quoted(subject.models[0]['created_at'])} for all {len(times)} models.",
    )


@BOOK.rule(Level.WARNING, needs=("list-is-served",))
def models_stay_the_same(subject: Subject) -> None:
    """A model does not change from answer to answer.

    A `created_at` of now, or of the last start, is not a release date.
    """
    require(subject.models, "no model is listed")
    again = subject.page("limit=1000", again=True)
    now = {model["id"]: model for model in again.models} if again else {}
    for model in _models(subject):
        other = now.get(model["id"], model)
        changed = [name for name in _STEADY if model.get(name) != other.get(name)]
        expect(not changed, f"`{'` and `'.join(changed)}` of {_name(model)} changed within a moment.")


@BOOK.rule(Level.WARNING, needs=("page-is-served",))
def other_fields_fit(subject: Subject) -> None:
    """The other fields hold what Anthropic's API has there, or null.

    Clients read context windows and lifecycles from them.
    """
    for model in _models(subject):
        for field, fits in _OPTIONAL.items():
            value = model.get(field)
            if value is not None and not fits(value):
                raise FaultError(f"`{field}` of {_name(model)} is {quoted(value)}, which is not valid there.")


@BOOK.rule(Level.NOTE, needs=("other-fields-fit",))
def deprecation_is_dated(subject: Subject) -> None:
    """Deprecated and retired models have a `deprecated_at`.

    People plan by it.
    """
    old = [model for model in _models(subject) if model.get("lifecycle") in ("deprecated", "retired")]
    require(old, "no model is deprecated")
    for model in old:
        expect(model.get("deprecated_at"), f"{_name(model)} is {model['lifecycle']} and has no `deprecated_at`.")


@BOOK.rule(Level.NOTE, needs=("page-is-served",))
def capabilities_have_leaves(subject: Subject) -> None:
    """Capabilities are leaves of the form `{"supported": true}`, or groups of them.

    SDKs read model.capabilities.….supported.
    """
    told = [model for model in _models(subject) if model.get("capabilities") is not None]
    require(told, "no model has capabilities")
    for model in told:
        groups = model["capabilities"]
        good = isinstance(groups, dict) and all(map(_is_capability, groups.values()))
        expect(good, f'`capabilities` of {_name(model)} has leaves that are not `{{"supported": true}}` or false.')


@BOOK.rule(Level.ERROR, needs=("page-is-served",))
def pages_are_complete(subject: Subject) -> None:
    """A page has `data`, `has_more`, `first_id` and `last_id`.

    SDKs that miss `has_more` stop, or never do, depending on the language.
    """
    page = page_of(subject, "limit=1000")
    expect(isinstance(page.has_more, bool), "The page has no `has_more` that is true or false.")
    absent = [name for name in ("first_id", "last_id") if name not in page.fields]
    expect(not absent, f"The page has no `{'` and no `'.join(absent)}`.")


@BOOK.rule(Level.ERROR, needs=("pages-are-complete",))
def cursors_name_the_ends(subject: Subject) -> None:
    """`first_id` and `last_id` are the ids of the page's first and last model.

    They are the cursors: if they are null, paging stops after the first page.
    """
    require(subject.models, "no model is listed")
    page = page_of(subject, "limit=2")
    require(page.ids, "the page is empty")
    for name, wanted in (("first_id", page.ids[0]), ("last_id", page.ids[-1])):
        found = page.fields[name]
        expect(found == wanted, f"`{name}` is {quoted(found)}, not {quoted(wanted)}.")


@BOOK.rule(Level.WARNING, needs=("page-is-served", "nothing-after-the-oldest"))
def empty_pages_have_null_cursors(subject: Subject) -> None:
    """On an empty page both cursors are null.

    Typed SDKs require them.
    """
    require(subject.models, "no model is listed")
    page = page_of(subject, f"limit=1000&after_id={subject.cursor(-1)}")
    for name in ("first_id", "last_id"):
        expect(name in page.fields, f"An empty page has no `{name}`.")
        shown = quoted(page.fields[name])
        expect(page.fields[name] is None, f"`{name}` of an empty page is {shown} instead of null.")


@BOOK.rule(Level.WARNING, needs=("models-are-complete", "listed-is-retrieved"))
def retrieved_is_as_listed(subject: Subject) -> None:
    """A retrieved model is the same as in the list.

    What a client shows should not depend on how it asked.
    """
    plain = [model for model in _models(subject) if "/" not in model["id"]]
    require(plain, "no model is listed whose id has no slash")
    exchange: Exchange = subject.retrieve(plain[0]["id"])
    expect_status(exchange, 200, what=f"Retrieving {_name(plain[0])}")
    differing = [name for name in _STEADY if name in plain[0] and exchange.json.get(name) != plain[0][name]]
    expect(not differing, f"Retrieving {_name(plain[0])} gives other values than the list: {', '.join(differing)}.")


def _models(subject: Subject) -> list[Model]:
    """All models, with the request for them as the evidence."""
    subject.ask(WHOLE)
    return subject.models


def _name(model: Model) -> str:
    return quoted(model["id"])


def _is_capability(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    supported = value.get("supported")
    rest = [child for name, child in value.items() if name != "supported"]
    return (supported is None or isinstance(supported, bool)) and bool(value) and all(map(_is_capability, rest))

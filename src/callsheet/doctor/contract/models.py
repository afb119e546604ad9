"""Section 2 of the contract: the shape of a model and of a page."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from callsheet.doctor.contract.pages_of import page_of
from callsheet.doctor.contract.releases import require_several_releases
from callsheet.doctor.contract.rule import RuleBook, RuleBrokenError, expect, expect_status, require
from callsheet.doctor.probe.exchange import Exchange
from callsheet.doctor.probe.listing import Model, read_listing
from callsheet.doctor.probe.server import WHOLE, Server
from callsheet.doctor.probe.texts import quoted
from callsheet.doctor.probe.times import read_instant
from callsheet.doctor.report import Level
from callsheet.domain.model import MAX_DESCRIPTION_LENGTH

BOOK: Final = RuleBook(2, "Models and pages")

_LIFECYCLES: Final = ("active", "deprecated", "retired")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_time(value: object) -> bool:
    return read_instant(value) is not None


#: Whether a value is valid, for the fields beyond the four of 2025; null and absent are valid for all.
_OPTIONAL: Final[Mapping[str, Callable[[Any], bool]]] = {
    "line": lambda value: isinstance(value, str),
    "max_input_tokens": _is_count,
    "max_tokens": _is_count,
    "lifecycle": lambda value: value in _LIFECYCLES,
    "deprecated_at": _is_time,
    "retires_at": _is_time,
    "description": lambda value: isinstance(value, str) and len(value) <= MAX_DESCRIPTION_LENGTH,
}


#: Fields that do not change from response to response, in either dialect; a server's own fields may.
_STABLE_FIELDS: Final = ("type", "display_name", "created_at", "created", "capabilities", *_OPTIONAL)


@BOOK.rule(Level.ERROR, needs=("page-is-served",))
def models_are_complete(server: Server) -> None:
    """Every model has `type`, `id`, `display_name` and `created_at`.

    Typed SDKs promise these four fields to their users.
    """
    for model in _models(server):
        expect(model.get("type") == "model", f"`type` of {_name(model)} is not `model`.")
        for field in ("display_name", "created_at"):
            expect(model.get(field) not in (None, ""), f"{_name(model)} has no `{field}`.")
        expect(isinstance(model["display_name"], str), f"`display_name` of {_name(model)} is not a string.")
    listing = read_listing(server.request(WHOLE))
    expect(listing is not None and not listing.missing_ids, "The list has entries without an id.")


@BOOK.rule(Level.ERROR, needs=("models-are-complete",))
def created_at_is_a_time(server: Server) -> None:
    """`created_at` is a time in RFC 3339 format.

    SDKs parse it; with a number or another format their users get no date.
    """
    for model in _models(server):
        shown = quoted(model["created_at"])
        expect(_is_time(model["created_at"]), f"`created_at` of {_name(model)} is {shown}, not an RFC 3339 time.")


@BOOK.rule(Level.WARNING, needs=("created-at-is-a-time",))
def created_at_differs(server: Server) -> None:
    """`created_at` differs between models.

    Clients sort by it and show it; with a constant, every model looks equally old.
    """
    times = [read_instant(model["created_at"]) for model in _models(server)]
    require_several_releases(times)
    expect(
        len(set(times)) > 1,
        f"`created_at` is {quoted(server.models[0]['created_at'])} for all {len(times)} models.",
    )


@BOOK.rule(Level.WARNING, needs=("list-is-served",))
def models_stay_the_same(server: Server) -> None:
    """A model does not change from one response to the next.

    A `created_at` of now, or of the last start, is not a release date.
    """
    require(server.models, "no model is listed")
    again = server.list_page("limit=1000", again=True)
    now = {model["id"]: model for model in again.models} if again else {}
    for model in _models(server):
        other = now.get(model["id"], model)
        changed = [name for name in _STABLE_FIELDS if model.get(name) != other.get(name)]
        expect(not changed, f"`{'` and `'.join(changed)}` of {_name(model)} changed between two responses.")


@BOOK.rule(Level.WARNING, needs=("page-is-served",))
def other_fields_fit(server: Server) -> None:
    """The other fields have valid values, or null.

    Clients read context windows and lifecycles from them.
    """
    for model in _models(server):
        for field, fits in _OPTIONAL.items():
            value = model.get(field)
            if value is not None and not fits(value):
                raise RuleBrokenError(f"`{field}` of {_name(model)} is {quoted(value)}, which is not valid there.")


@BOOK.rule(Level.NOTE, needs=("other-fields-fit",))
def deprecation_is_dated(server: Server) -> None:
    """Deprecated and retired models have a `deprecated_at`.

    People plan their migration by it.
    """
    old = [model for model in _models(server) if model.get("lifecycle") in ("deprecated", "retired")]
    require(old, "no model is deprecated")
    for model in old:
        expect(model.get("deprecated_at"), f"{_name(model)} is {model['lifecycle']} and has no `deprecated_at`.")


@BOOK.rule(Level.NOTE, needs=("page-is-served",))
def capabilities_have_leaves(server: Server) -> None:
    """Capabilities are leaves of the form `{"supported": true}`, or groups of them.

    SDKs read model.capabilities.….supported.
    """
    known = [model for model in _models(server) if model.get("capabilities") is not None]
    require(known, "no model has capabilities")
    for model in known:
        groups = model["capabilities"]
        good = isinstance(groups, dict) and all(map(_is_capability, groups.values()))
        expect(good, f'`capabilities` of {_name(model)} has leaves that are not `{{"supported": true}}` or false.')


@BOOK.rule(Level.ERROR, needs=("page-is-served",))
def pages_are_complete(server: Server) -> None:
    """A page has `data`, `has_more`, `first_id` and `last_id`.

    Without `has_more`, SDKs stop after a page or never stop, depending on the language.
    """
    page = page_of(server, "limit=1000")
    expect(isinstance(page.has_more, bool), "The page's `has_more` is not true or false.")
    absent = [name for name in ("first_id", "last_id") if name not in page.fields]
    expect(not absent, f"The page has no `{'` and no `'.join(absent)}`.")


@BOOK.rule(Level.ERROR, needs=("pages-are-complete",))
def cursors_name_the_ends(server: Server) -> None:
    """`first_id` and `last_id` are the ids of the page's first and last model.

    SDKs use them as cursors; if they are null, paging stops after the first page.
    """
    require(server.models, "no model is listed")
    page = page_of(server, "limit=2")
    require(page.ids, "the page is empty")
    for name, wanted in (("first_id", page.ids[0]), ("last_id", page.ids[-1])):
        found = page.fields[name]
        expect(found == wanted, f"`{name}` is {quoted(found)}, not {quoted(wanted)}.")


@BOOK.rule(Level.WARNING, needs=("page-is-served", "nothing-after-the-oldest"))
def empty_pages_have_null_cursors(server: Server) -> None:
    """On an empty page both cursors are null.

    Typed SDKs require them.
    """
    require(server.models, "no model is listed")
    page = page_of(server, f"limit=1000&after_id={server.cursor(-1)}")
    for name in ("first_id", "last_id"):
        expect(name in page.fields, f"An empty page has no `{name}`.")
        shown = quoted(page.fields[name])
        expect(page.fields[name] is None, f"`{name}` of an empty page is {shown} instead of null.")


@BOOK.rule(Level.WARNING, needs=("models-are-complete", "listed-is-retrieved"))
def retrieved_is_as_listed(server: Server) -> None:
    """A retrieved model is the same as in the list.

    What a client shows should not depend on how it asked.
    """
    plain = [model for model in _models(server) if "/" not in model["id"]]
    require(plain, "no model is listed whose id has no slash")
    exchange: Exchange = server.retrieve(plain[0]["id"])
    expect_status(exchange, 200, what=f"Retrieving {_name(plain[0])}")
    differing = [name for name in _STABLE_FIELDS if name in plain[0] and exchange.json.get(name) != plain[0][name]]
    expect(not differing, f"Retrieving {_name(plain[0])} gives other values than the list: {', '.join(differing)}.")


def _models(server: Server) -> list[Model]:
    """All models, with the request for them as the evidence."""
    server.request(WHOLE)
    return server.models


def _name(model: Model) -> str:
    return quoted(model["id"])


def _is_capability(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    supported = value.get("supported")
    rest = [child for name, child in value.items() if name != "supported"]
    return (supported is None or isinstance(supported, bool)) and bool(value) and all(map(_is_capability, rest))

"""Section 7 of the contract: OpenAI's dialect."""

from collections.abc import Callable, Mapping
from typing import Final

from callsheet.doctor.contract.releases import require_several_releases
from callsheet.doctor.contract.rule import (
    NotApplicableError,
    RuleBook,
    RuleBrokenError,
    expect,
    expect_status,
    require,
)
from callsheet.doctor.probe.exchange import WRONG_KEY, Exchange
from callsheet.doctor.probe.listing import Listing, read_listing
from callsheet.doctor.probe.server import OPENAI, Server
from callsheet.doctor.probe.texts import quoted
from callsheet.doctor.probe.times import read_second
from callsheet.doctor.probe.wrappers import Wrapper
from callsheet.doctor.report import Level

BOOK: Final = RuleBook(7, "OpenAI's dialect")

_MISSING: Final = "callsheet-doctor-missing"
_WRONG_BEARER: Final = (("authorization", f"Bearer {WRONG_KEY}"),)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_text(value: object) -> bool:
    return isinstance(value, str)


#: Whether a value is valid, for fields of other servers that clients read.
_OPTIONAL: Final[Mapping[str, Callable[[object], bool]]] = {
    "context_window": _is_count,
    "max_completion_tokens": _is_count,
    "max_model_len": _is_count,
    "context_length": _is_count,
    "name": _is_text,
    "shutdown_date": _is_text,
}


@BOOK.rule(Level.WARNING)
def openai_models_are_complete(server: Server) -> None:
    """Every model has `id`, `object`, `created` and `owned_by`.

    OpenAI's SDKs promise these four to their users.
    """
    for model in _listing(server).models:
        name = quoted(model["id"])
        expect(model.get("object") == "model", f"`object` of {name} is not `model`.")
        created = model.get("created")
        is_second = isinstance(created, int) and not isinstance(created, bool)
        expect(is_second, f"`created` of {name} is not a number of seconds.")
        expect(isinstance(model.get("owned_by"), str), f"`owned_by` of {name} is not a string.")


@BOOK.rule(Level.NOTE, needs=("openai-models-are-complete",))
def openai_other_fields_fit(server: Server) -> None:
    """The fields that other servers add have valid values, or null.

    Clients read context windows and names from them.
    """
    for model in _listing(server).models:
        for name, fits in _OPTIONAL.items():
            value = model.get(name)
            valid = value is None or fits(value)
            expect(valid, f"`{name}` of {quoted(model['id'])} is {quoted(value)}, which is not valid there.")


@BOOK.rule(Level.ERROR)
def openai_list_is_whole(server: Server) -> None:
    """The list has all models at once.

    OpenAI's clients never page.
    """
    listing = _listing(server)
    require(server.ids, "no model is known")
    listed = set(listing.ids)
    missing = [model_id for model_id in server.ids if model_id not in listed]
    expect(not missing, f"OpenAI clients get {len(server.ids) - len(missing)} of {len(server.ids)} models.")


@BOOK.rule(Level.WARNING, needs=("openai-models-are-complete",))
def openai_created_differs(server: Server) -> None:
    """`created` differs between models.

    Clients sort by it and show it; with a constant, every model looks equally old.
    """
    listing = _listing(server)
    times = [model["created"] for model in listing.models]
    require_several_releases(list(map(read_second, times)))
    expect(len(set(times)) > 1, f"`created` is {times[0]} for all {len(times)} models.")


@BOOK.rule(Level.WARNING)
def openai_listed_is_retrieved(server: Server) -> None:
    """A listed model can be retrieved by its id.

    OpenAI's SDKs do so in `client.models.retrieve(id)`.
    """
    plain = [model_id for model_id in _listing(server).ids if "/" not in model_id]
    require(plain, "no model is listed whose id has no slash")
    exchange = server.retrieve(plain[0], OPENAI)
    expect_status(exchange, 200, what=f"Retrieving {quoted(plain[0])} as an OpenAI client")
    model = exchange.json if isinstance(exchange.json, dict) else {}
    expect(model.get("id") == plain[0], f"Retrieving {quoted(plain[0])} returns {quoted(model.get('id'))}.")


@BOOK.rule(Level.WARNING)
def openai_errors_are_in_the_envelope(server: Server) -> None:
    """Errors are in OpenAI's envelope: 404 for a missing model, 401 for a wrong key.

    OpenAI's SDKs raise their own errors by status, and show `error.message`.
    """
    _listing(server)
    _expect_error(server.retrieve(_MISSING, OPENAI), 404, "A missing model")
    _expect_error(server.request("/v1/models", _WRONG_BEARER), 401, "A wrong key")


@BOOK.rule(Level.NOTE, needs=("openai-errors-are-in-the-envelope", "openai-listed-is-retrieved"))
def openai_errors_have_codes(server: Server) -> None:
    """Errors have OpenAI's `code`: `model_not_found` and `invalid_api_key`.

    Programs tell errors apart by it.
    """
    missing = server.retrieve(_MISSING, OPENAI)
    refused = server.request("/v1/models", _WRONG_BEARER)
    for exchange, wanted in ((missing, "model_not_found"), (refused, "invalid_api_key")):
        found = exchange.json["error"].get("code")
        expect(found == wanted, f"The `code` of an error is {quoted(found)} instead of `{wanted}`.", exchange)


def _listing(server: Server) -> Listing:
    """The list in OpenAI's shape; where there is none, this section does not apply."""
    listing = read_listing(server.request("/v1/models", OPENAI))
    if listing is not None and listing.wrapper is not Wrapper.OBJECT:
        raise RuleBrokenError(f"OpenAI clients get {listing.wrapper.words}.")
    if listing is None or not listing.is_openai:
        raise NotApplicableError("the server does not speak OpenAI's dialect")
    return listing


def _expect_error(exchange: Exchange, status: int, what: str) -> None:
    expect_status(exchange, status, what=f"{what}, requested by an OpenAI client,")
    error = exchange.json.get("error") if isinstance(exchange.json, dict) else None
    good = isinstance(error, dict) and isinstance(error.get("message"), str)
    expect(good, f"{what} does not get an `error` with a `message`.", exchange)

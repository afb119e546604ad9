"""Section 7 of the contract: OpenAI's dialect."""

from typing import Final

from callsheet.doctor.contract.releases import require_several_releases
from callsheet.doctor.contract.rule import FaultError, NotApplicableError, RuleBook, expect, expect_status, require
from callsheet.doctor.probe.exchange import WRONG_KEY, Exchange, quoted
from callsheet.doctor.probe.listing import Listing, read_listing
from callsheet.doctor.probe.server import OPENAI, Subject
from callsheet.doctor.probe.times import read_second
from callsheet.doctor.probe.wrappers import Wrapper
from callsheet.doctor.report import Level

BOOK: Final = RuleBook(7, "OpenAI's dialect")

_MISSING: Final = "callsheet-doctor-missing"


@BOOK.rule(Level.WARNING)
def openai_models_are_complete(subject: Subject) -> None:
    """Every model has `id`, `object`, `created` and `owned_by`.

    OpenAI's SDKs promise these four to their users.
    """
    for model in _listing(subject).models:
        name = quoted(model["id"])
        expect(model.get("object") == "model", f"`object` of {name} is not `model`.")
        created = model.get("created")
        is_second = isinstance(created, int) and not isinstance(created, bool)
        expect(is_second, f"`created` of {name} is not a number of seconds.")
        expect(isinstance(model.get("owned_by"), str), f"`owned_by` of {name} is not text.")


@BOOK.rule(Level.ERROR)
def openai_list_is_whole(subject: Subject) -> None:
    """All models come at once.

    OpenAI's clients never page.
    """
    listing = _listing(subject)
    require(subject.ids, "no model is known")
    listed = set(listing.ids)
    missing = [model_id for model_id in subject.ids if model_id not in listed]
    expect(not missing, f"OpenAI clients get {len(subject.ids) - len(missing)} of {len(subject.ids)} models.")


@BOOK.rule(Level.WARNING, needs=("openai-models-are-complete",))
def openai_created_differs(subject: Subject) -> None:
    """`created` tells models apart.

    Clients sort by it and show it; a constant makes every model equally old.
    """
    listing = _listing(subject)
    times = [model["created"] for model in listing.models]
    require_several_releases(list(map(read_second, times)))
    expect(len(set(times)) > 1, f"`created` is {times[0]} for all {len(times)} models.")


@BOOK.rule(Level.WARNING)
def openai_listed_is_retrieved(subject: Subject) -> None:
    """A listed model can be retrieved by its id.

    OpenAI's SDKs do so in `client.models.retrieve(id)`.
    """
    plain = [model_id for model_id in _listing(subject).ids if "/" not in model_id]
    require(plain, "no model is listed whose id has no slash")
    exchange = subject.retrieve(plain[0], OPENAI)
    expect_status(exchange, 200, what=f"Retrieving {quoted(plain[0])} as an OpenAI client")
    model = exchange.json if isinstance(exchange.json, dict) else {}
    expect(model.get("id") == plain[0], f"Retrieving {quoted(plain[0])} returns {quoted(model.get('id'))}.")


@BOOK.rule(Level.WARNING)
def openai_errors_are_in_the_envelope(subject: Subject) -> None:
    """Errors are in OpenAI's envelope: 404 for a missing model, 401 for a wrong key.

    OpenAI's SDKs raise their own errors by status, and show `error.message`.
    """
    _listing(subject)
    _expect_error(subject.retrieve(_MISSING, OPENAI), 404, "A missing model")
    _expect_error(subject.ask("/v1/models", (("authorization", f"Bearer {WRONG_KEY}"),)), 401, "A wrong key")


def _listing(subject: Subject) -> Listing:
    """The list in OpenAI's shape; where there is none, this section does not apply."""
    listing = read_listing(subject.ask("/v1/models", OPENAI))
    if listing is not None and listing.wrapper is not Wrapper.OBJECT:
        raise FaultError(f"OpenAI clients get {listing.wrapper.words}.")
    if listing is None or not listing.is_openai:
        raise NotApplicableError("the server does not speak OpenAI's dialect")
    return listing


def _expect_error(exchange: Exchange, status: int, what: str) -> None:
    expect_status(exchange, status, what=f"{what}, asked for by an OpenAI client,")
    error = exchange.json.get("error") if isinstance(exchange.json, dict) else None
    good = isinstance(error, dict) and isinstance(error.get("message"), str)
    expect(good, f"{what} does not get an `error` with a `message`.", exchange)

"""Section 5 of the contract: errors."""

from typing import Final

from callsheet.doctor.checks.rule import FaultError, RuleBook, expect, expect_status, require
from callsheet.doctor.exchange import WRONG_KEY, Exchange, quoted
from callsheet.doctor.reading import read_listing
from callsheet.doctor.report import Level
from callsheet.doctor.subject import VERSION, X_API_KEY, Headers, Subject

BOOK: Final = RuleBook(5, "Errors")

_LIST: Final = "/v1/models?limit=1"

#: A version that there is not.
_NO_VERSION: Final = "2023-10-01"

#: A name that no model has.
_MISSING: Final = "callsheet-doctor-missing"

_LONG: Final = 70_000  # characters of a URL

_WRONG_X_API_KEY: Final[Headers] = (("x-api-key", WRONG_KEY), VERSION)
_WRONG_BEARER: Final[Headers] = (("authorization", f"Bearer {WRONG_KEY}"), VERSION)


@BOOK.rule(Level.WARNING, needs=("list-is-served",))
def no_key_is_refused(subject: Subject) -> None:
    """A request without a key is refused with 401.

    A list tells what an installation has.
    """
    _expect_error(subject.ask(_LIST, (VERSION,)), 401, "authentication_error")


@BOOK.rule(Level.WARNING, needs=("list-is-served",))
def unknown_key_is_refused(subject: Subject) -> None:
    """A wrong key is refused with 401, in either header.

    SDKs raise AuthenticationError at 401; users look for the key then, and nowhere else.
    """
    _expect_error(subject.ask(_LIST, _WRONG_X_API_KEY), 401, "authentication_error")
    _expect_error(subject.ask(_LIST, _WRONG_BEARER), 401, "authentication_error")


@BOOK.rule(Level.NOTE, needs=("page-is-served", "x-api-key-is-accepted"))
def version_is_required(subject: Subject) -> None:
    """`x-api-key` without `anthropic-version` is refused with 400.

    The caller's answer would depend on a default.
    """
    _expect_error(subject.ask(_LIST, (X_API_KEY,)), 400, "invalid_request_error")


@BOOK.rule(Level.NOTE, needs=("page-is-served",))
def unknown_version_is_refused(subject: Subject) -> None:
    """An unknown `anthropic-version` is refused with 400.

    Its caller expects a shape that nobody has defined.
    """
    _expect_error(_ask_in_vain(subject), 400, "invalid_request_error")


@BOOK.rule(Level.WARNING, needs=("page-is-served",))
def wrong_limit_is_refused(subject: Subject) -> None:
    """A limit that is none is refused with 400: `0`, `1001`, `abc`.

    A client must learn of its mistake, not get a list of another size.
    """
    for limit in ("0", "1001", "abc"):
        _expect_error(subject.ask(f"/v1/models?limit={limit}"), 400, "invalid_request_error")


@BOOK.rule(Level.NOTE, needs=("limit-is-honoured",))
def last_value_counts(subject: Subject) -> None:
    """Of a parameter that is given twice the last value counts.

    Proxies and clients add their own behind what is there.
    """
    require(len(subject.ids) > 1, "fewer than two models are listed")
    exchange = subject.ask("/v1/models?limit=1&limit=2")
    expect_status(exchange, 200)
    listing = read_listing(exchange)
    expect(listing is not None and len(listing.ids) == 2, "limit=1&limit=2 does not give two models.")


@BOOK.rule(Level.WARNING, needs=("page-is-served",))
def unknown_cursor_is_refused(subject: Subject) -> None:
    """A cursor that names nothing is refused with 400.

    Else a walk begins anew, and clients meet models twice.
    """
    for name in ("after_id", "before_id"):
        _expect_error(subject.ask(f"/v1/models?limit=1000&{name}={_MISSING}"), 400, "invalid_request_error")


@BOOK.rule(Level.NOTE, needs=("unknown-cursor-is-refused",))
def empty_cursor_is_refused(subject: Subject) -> None:
    """An empty cursor is refused with 400.

    It is the mistake of a client that lost its place.
    """
    _expect_error(subject.ask("/v1/models?limit=1000&after_id="), 400, "invalid_request_error")


@BOOK.rule(Level.NOTE, needs=("lifecycle-filters",))
def unknown_lifecycle_is_refused(subject: Subject) -> None:
    """An unknown lifecycle is refused with 400.

    An empty list would say that there is no such model.
    """
    require(any("lifecycle" in model for model in subject.models), "models have no lifecycle, as in 2025")
    _expect_error(subject.ask(f"{_LIST}&lifecycle[]=callsheet"), 400, "invalid_request_error")


@BOOK.rule(Level.ERROR)
def missing_model_is_404(subject: Subject) -> None:
    """A model that does not exist is answered with 404.

    SDKs take a 200 for the model, and fail later, somewhere else.
    """
    _expect_error(subject.retrieve(_MISSING), 404, "not_found_error")


@BOOK.rule(Level.NOTE)
def missing_path_is_404(subject: Subject) -> None:
    """An unknown path is answered with 404.

    A web page there looks like an answer.
    """
    _expect_error(subject.ask("/v1/callsheet-doctor"), 404, "not_found_error")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def other_method_is_405(subject: Subject) -> None:
    """Another method is answered with 405 and `Allow`.

    HTTP says so.
    """
    exchange = subject.ask("/v1/models", method="PROPFIND")  # one that changes nothing anywhere
    _expect_error(exchange, 405, "invalid_request_error")
    expect("GET" in (exchange.header("allow") or ""), "There is no `Allow` that names GET.")


@BOOK.rule(Level.NOTE, is_risky=True)
def long_url_is_answered(subject: Subject) -> None:
    """A URL that is too long is answered as an error, in the envelope.

    Not by closing the connection, or with the web page of something in between.
    """
    exchange = subject.ask(f"{_LIST}&callsheet-doctor={'x' * _LONG}")
    expect(exchange.answer is not None, f"The server {exchange.why}.")
    require(exchange.status >= 400, f"a URL of {_LONG} characters is not too long for it")
    expect_status(exchange, 400, 413, 414, 431)
    expect(_is_envelope(exchange), "It is in no envelope.")


@BOOK.rule(Level.WARNING)
def errors_are_in_the_envelope(subject: Subject) -> None:
    """Every error is in Anthropic's envelope.

    SDKs show its message; of anything else they show a status and a shrug.
    """
    errors = [each for each in subject.answers if each.status >= 400 and _is_anthropic(each)]
    require(errors, "no request was answered with an error")
    bad = [each for each in errors if not _is_envelope(each)]
    if bad:
        shown = quoted(bad[0].json or "no JSON")
        raise FaultError(f"Of {len(errors)} errors {len(bad)} came otherwise, the first as {shown}.", bad[0])


@BOOK.rule(Level.NOTE, needs=("errors-are-in-the-envelope",))
def request_ids_agree(subject: Subject) -> None:
    """An error's `request_id` is that of the header `request-id`.

    People quote the one and search for the other.
    """
    exchange = subject.retrieve(_MISSING)
    require(exchange.status >= 400, "the request is answered with a success")
    expect(exchange.json.get("request_id"), "There is no `request_id`.")
    expect(exchange.json["request_id"] == exchange.header("request-id"), "They differ, or the header is missing.")


@BOOK.rule(Level.NOTE, needs=("errors-are-in-the-envelope", "no-key-is-refused", "unknown-key-is-refused"))
def messages_are_as_recorded(subject: Subject) -> None:
    """Messages are those of Anthropic's API.

    People search for them.
    """
    for headers, wanted in (
        ((VERSION,), "x-api-key header is required"),
        (_WRONG_X_API_KEY, "invalid x-api-key"),
        (_WRONG_BEARER, "Invalid bearer token"),
    ):
        exchange = subject.ask(_LIST, headers)
        found = exchange.json["error"]["message"]
        expect(found == wanted, f"It says {quoted(found)}, not {quoted(wanted)}.", exchange)


@BOOK.rule(
    Level.NOTE,
    needs=(
        "errors-are-in-the-envelope",
        "version-is-required",
        "unknown-version-is-refused",
        "listed-is-retrieved",
        "missing-model-is-404",
    ),
)
def messages_name_what_is_wrong(subject: Subject) -> None:
    """Messages about versions and models are those of Anthropic's API, too.

    They name what the caller sent, or did not.
    """
    for exchange, wanted in (
        (subject.ask(_LIST, (X_API_KEY,)), "anthropic-version: header is required"),
        (_ask_in_vain(subject), f'anthropic-version: "{_NO_VERSION}" is not a valid version'),
        (subject.retrieve(_MISSING), f"model: {_MISSING}"),
    ):
        found = exchange.json["error"]["message"]
        expect(found == wanted, f"It says {quoted(found)}, not {quoted(wanted)}.", exchange)


@BOOK.rule(Level.NOTE, needs=("missing-model-is-404",))
def retries_are_declined(subject: Subject) -> None:
    """Errors that would come again say `x-should-retry: false`.

    SDKs obey it before they look at the status.
    """
    exchange = subject.retrieve(_MISSING)
    expect(exchange.header("x-should-retry") == "false", "A 404 does not.", exchange)


def _ask_in_vain(subject: Subject) -> Exchange:
    """Ask in a version that nobody knows."""
    headers = tuple(pair for pair in subject.headers if pair != VERSION)
    return subject.ask(_LIST, (*headers, ("anthropic-version", _NO_VERSION)))


def _expect_error(exchange: Exchange, status: int, kind: str) -> None:
    expect_status(exchange, status)
    if _is_envelope(exchange):  # else there is a finding of its own
        found = exchange.json["error"]["type"]
        expect(found == kind, f"Its type is {quoted(found)}, not {quoted(kind)}.", exchange)


def _is_anthropic(exchange: Exchange) -> bool:
    """Whether a request is answered in Anthropic's dialect, and with a body."""
    names = {name for name, _ in exchange.ask.headers}
    return bool(names & {"anthropic-version", "x-api-key"}) and exchange.ask.method != "HEAD"


def _is_envelope(exchange: Exchange) -> bool:
    envelope = exchange.json
    if not isinstance(envelope, dict) or envelope.get("type") != "error":
        return False
    error = envelope.get("error")
    return isinstance(error, dict) and all(isinstance(error.get(name), str) for name in ("type", "message"))

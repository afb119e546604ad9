"""Section 5 of the contract: errors."""

from typing import Final

from callsheet.doctor.contract.rule import RuleBook, RuleBrokenError, expect, expect_status, require
from callsheet.doctor.probe.exchange import WRONG_KEY, Exchange
from callsheet.doctor.probe.headers import Headers
from callsheet.doctor.probe.listing import read_listing
from callsheet.doctor.probe.server import VERSION, X_API_KEY, Server
from callsheet.doctor.probe.texts import quoted
from callsheet.doctor.report import Level

BOOK: Final = RuleBook(5, "Errors")

_LIST: Final = "/v1/models?limit=1"

#: A version that does not exist.
_UNKNOWN_VERSION: Final = "2023-10-01"

#: A name that no model has.
_MISSING: Final = "callsheet-doctor-missing"

_LONG_URL_LENGTH: Final = 70_000

_WRONG_X_API_KEY: Final[Headers] = (("x-api-key", WRONG_KEY), VERSION)
_WRONG_BEARER: Final[Headers] = (("authorization", f"Bearer {WRONG_KEY}"), VERSION)


@BOOK.rule(Level.WARNING, needs=("list-is-served",))
def no_key_is_refused(server: Server) -> None:
    """A request without a key is refused with 401.

    Otherwise anyone can read which models there are.
    """
    _expect_error(server.request(_LIST, (VERSION,)), 401, "authentication_error", "A request without a key")


@BOOK.rule(Level.WARNING, needs=("list-is-served",))
def unknown_key_is_refused(server: Server) -> None:
    """A wrong key is refused with 401, in either header.

    SDKs raise AuthenticationError at 401, so that users know what to look at: the key.
    """
    wrong = (("x-api-key", _WRONG_X_API_KEY), ("Authorization: Bearer", _WRONG_BEARER))
    for name, headers in wrong:
        _expect_error(server.request(_LIST, headers), 401, "authentication_error", f"A wrong key in `{name}`")


@BOOK.rule(Level.NOTE, needs=("page-is-served", "x-api-key-is-accepted"))
def version_is_required(server: Server) -> None:
    """`x-api-key` without `anthropic-version` is refused with 400.

    Otherwise the response depends on a default that may change.
    """
    what = "`x-api-key` without `anthropic-version`"
    _expect_error(server.request(_LIST, (X_API_KEY,)), 400, "invalid_request_error", what)


@BOOK.rule(Level.NOTE, needs=("page-is-served",))
def unknown_version_is_refused(server: Server) -> None:
    """An unknown `anthropic-version` is refused with 400.

    Its caller expects a format that does not exist.
    """
    what = f"The unknown `anthropic-version: {_UNKNOWN_VERSION}`"
    _expect_error(_with_unknown_version(server), 400, "invalid_request_error", what)


@BOOK.rule(Level.WARNING, needs=("page-is-served",))
def wrong_limit_is_refused(server: Server) -> None:
    """An invalid limit, such as `0`, `1001` or `abc`, is refused with 400.

    A client should learn of its mistake rather than get a list of another size.
    """
    for limit in ("0", "1001", "abc"):
        exchange = server.request(f"/v1/models?limit={limit}")
        _expect_error(exchange, 400, "invalid_request_error", f"`limit={limit}`")


@BOOK.rule(Level.NOTE, needs=("limit-is-honoured",))
def last_value_counts(server: Server) -> None:
    """If a parameter is given twice, the last value counts.

    Proxies and clients append their own.
    """
    require(len(server.ids) > 1, "fewer than two models are listed")
    exchange = server.request("/v1/models?limit=1&limit=2")
    expect_status(exchange, 200, what="`limit=1&limit=2`")
    listing = read_listing(exchange)
    expect(listing is not None and len(listing.ids) == 2, "`limit=1&limit=2` does not return two models.")


@BOOK.rule(Level.WARNING, needs=("page-is-served",))
def unknown_cursor_is_refused(server: Server) -> None:
    """A cursor that does not exist is refused with 400.

    Otherwise a client starts over without noticing, and sees models twice.
    """
    for name in ("after_id", "before_id"):
        exchange = server.request(f"/v1/models?limit=1000&{name}={_MISSING}")
        _expect_error(exchange, 400, "invalid_request_error", f"An unknown `{name}`")


@BOOK.rule(Level.NOTE, needs=("unknown-cursor-is-refused",))
def empty_cursor_is_refused(server: Server) -> None:
    """An empty cursor is refused with 400.

    It comes from a client that lost its place.
    """
    exchange = server.request("/v1/models?limit=1000&after_id=")
    _expect_error(exchange, 400, "invalid_request_error", "An empty `after_id`")


@BOOK.rule(Level.NOTE, needs=("lifecycle-filters",))
def unknown_lifecycle_is_refused(server: Server) -> None:
    """An unknown lifecycle is refused with 400.

    An empty list would mean that no model is in that state.
    """
    require(any("lifecycle" in model for model in server.models), "models have no lifecycle (the format of 2025)")
    exchange = server.request(f"{_LIST}&lifecycle[]=callsheet")
    _expect_error(exchange, 400, "invalid_request_error", "An unknown `lifecycle[]`")


@BOOK.rule(Level.ERROR)
def missing_model_is_404(server: Server) -> None:
    """A request for a model that does not exist is answered with 404.

    SDKs take the body of a 200 for the model, and fail later.
    """
    _expect_error(server.retrieve(_MISSING), 404, "not_found_error", "A request for a model that does not exist")


@BOOK.rule(Level.NOTE)
def missing_path_is_404(server: Server) -> None:
    """An unknown path is answered with 404.

    Otherwise a wrong URL may look like one that works.
    """
    _expect_error(server.request("/v1/callsheet-doctor"), 404, "not_found_error", "An unknown path")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def other_method_is_405(server: Server) -> None:
    """A method other than GET and HEAD gets 405, with `Allow`.

    HTTP requires it.
    """
    exchange = server.request("/v1/models", method="PROPFIND")  # one that changes nothing anywhere
    _expect_error(exchange, 405, "invalid_request_error", "A method other than GET")
    expect("GET" in (exchange.header("allow") or ""), "The 405 has no `Allow` that names GET.")


@BOOK.rule(Level.NOTE, is_risky=True)
def long_url_is_answered(server: Server) -> None:
    """An over-long URL gets a JSON error.

    Return Anthropic's error body rather than dropping the connection or showing a proxy's web page.
    """
    exchange = server.request(f"{_LIST}&callsheet-doctor={'x' * _LONG_URL_LENGTH}")
    expect(exchange.response is not None, f"An over-long URL gets no answer: the server {exchange.why}.")
    require(exchange.status >= 400, f"a URL of {_LONG_URL_LENGTH} characters is not too long for it")
    expect_status(exchange, 400, 413, 414, 431, what="An over-long URL")
    expect(_is_envelope(exchange), "An over-long URL did not get a JSON error.")


@BOOK.rule(Level.WARNING)
def errors_are_in_the_envelope(server: Server) -> None:
    """Every error is in Anthropic's envelope.

    SDKs show its message; of any other body they can show only the status.
    """
    errors = [each for each in server.exchanges if each.status >= 400 and _is_anthropic(each)]
    require(errors, "no request was answered with an error")
    bad = [each for each in errors if not _is_envelope(each)]
    if bad:
        shown = quoted(bad[0].json or "not JSON")
        raise RuleBrokenError(
            f"{len(bad)} of {len(errors)} errors are not in Anthropic's envelope; the first is {shown}.", bad[0]
        )


@BOOK.rule(Level.NOTE, needs=("errors-are-in-the-envelope",))
def request_ids_agree(server: Server) -> None:
    """The `request_id` in an error equals its `request-id` header.

    People quote one of them, and search the logs for the other.
    """
    exchange = server.retrieve(_MISSING)
    require(exchange.status >= 400, "the request is answered with a success")
    expect(exchange.json.get("request_id"), "Errors have no `request_id`.")
    same = exchange.json["request_id"] == exchange.header("request-id")
    expect(same, "The `request_id` in an error differs from its `request-id` header.")


@BOOK.rule(Level.NOTE, needs=("errors-are-in-the-envelope", "no-key-is-refused", "unknown-key-is-refused"))
def messages_are_as_recorded(server: Server) -> None:
    """Messages about keys are those of Anthropic's API.

    People search the web for them.
    """
    for headers, wanted in (
        ((VERSION,), "x-api-key header is required"),
        (_WRONG_X_API_KEY, "invalid x-api-key"),
        (_WRONG_BEARER, "Invalid bearer token"),
    ):
        exchange = server.request(_LIST, headers)
        found = exchange.json["error"]["message"]
        expect(found == wanted, f"An error says {quoted(found)} instead of {quoted(wanted)}.", exchange)


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
def messages_name_what_is_wrong(server: Server) -> None:
    """Messages about versions and models are those of Anthropic's API.

    They name what the caller sent, or left out.
    """
    for exchange, wanted in (
        (server.request(_LIST, (X_API_KEY,)), "anthropic-version: header is required"),
        (_with_unknown_version(server), f'anthropic-version: "{_UNKNOWN_VERSION}" is not a valid version'),
        (server.retrieve(_MISSING), f"model: {_MISSING}"),
    ):
        found = exchange.json["error"]["message"]
        expect(found == wanted, f"An error says {quoted(found)} instead of {quoted(wanted)}.", exchange)


@BOOK.rule(Level.NOTE, needs=("unknown-key-is-refused",))
def errors_hide_the_key(server: Server) -> None:
    """Errors do not repeat the key.

    Programs write errors to logs, and a key in a log is no longer secret.
    """
    for headers in (_WRONG_X_API_KEY, _WRONG_BEARER):
        exchange = server.request(_LIST, headers)
        expect(WRONG_KEY.encode() not in exchange.body, "An error repeats the key that was sent.", exchange)


@BOOK.rule(Level.NOTE, needs=("missing-model-is-404",))
def retries_are_declined(server: Server) -> None:
    """Non-retryable errors carry `x-should-retry: false`.

    SDKs obey it before they consider the status.
    """
    exchange = server.retrieve(_MISSING)
    expect(exchange.header("x-should-retry") == "false", "A 404 does not carry `x-should-retry: false`.", exchange)


def _with_unknown_version(server: Server) -> Exchange:
    """Send a request with a version that does not exist."""
    headers = tuple(pair for pair in server.headers if pair != VERSION)
    return server.request(_LIST, (*headers, ("anthropic-version", _UNKNOWN_VERSION)))


def _expect_error(exchange: Exchange, status: int, kind: str, what: str) -> None:
    expect_status(exchange, status, what=what)
    if _is_envelope(exchange):  # else another rule is broken
        found = exchange.json["error"]["type"]
        expect(found == kind, f"{what} gets an error of type {quoted(found)} instead of {quoted(kind)}.", exchange)


def _is_anthropic(exchange: Exchange) -> bool:
    """Whether a request is answered in Anthropic's dialect, and with a body."""
    names = {name for name, _ in exchange.request.headers}
    return bool(names & {"anthropic-version", "x-api-key"}) and exchange.request.method != "HEAD"


def _is_envelope(exchange: Exchange) -> bool:
    envelope = exchange.json
    if not isinstance(envelope, dict) or envelope.get("type") != "error":
        return False
    error = envelope.get("error")
    return isinstance(error, dict) and all(isinstance(error.get(name), str) for name in ("type", "message"))

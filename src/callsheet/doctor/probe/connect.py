"""Find out which headers a server answers to and which models it lists, or why it cannot be examined."""

from typing import Final

from callsheet.doctor.probe.budget import BudgetExhaustedError
from callsheet.doctor.probe.exchange import Exchange, FailureKind
from callsheet.doctor.probe.headers import Headers, merge_headers
from callsheet.doctor.probe.listing import Listing, read_listing
from callsheet.doctor.probe.reasons import quoted_reason, server_reason
from callsheet.doctor.probe.sender import Sender
from callsheet.doctor.probe.server import ANTHROPIC, ANTHROPIC_BEARER, OPENAI, WHOLE, Server
from callsheet.doctor.probe.texts import one_line, shortened
from callsheet.domain.errors import DoctorError

#: Pages of a thousand models that are read to know what the server lists.
_MAX_PAGES: Final = 5

_MAX_SUMMARY_LENGTH: Final = 160


def connect(
    sender: Sender, model: str | None, alias: str | None, extra: Headers = (), custom: Headers = ()
) -> Server:
    """Return the server with the headers that it answers best and the models that it lists.

    Parameters
    ----------
    extra
        Headers that every request carries.
    custom
        Headers that some clients add; if the server answers no list without them, every request carries them, too.

    Raises
    ------
    DoctorError
        The server cannot be examined; the sentence says what to do.
    """
    try:
        try:
            return _connect(Server(sender, extra=extra, model=model, alias=alias))
        except NoListError:
            if not custom:
                raise
            return _connect(Server(sender, extra=merge_headers(extra, custom), model=model, alias=alias))
    except BudgetExhaustedError as error:
        raise DoctorError(f"{sender.target.base_url} cannot be examined, as {error}; try again later.") from None


class NoListError(DoctorError):
    """The server answers, but not with a list."""


def _connect(server: Server) -> Server:
    found: list[tuple[Headers, Listing]] = []
    exchanges: list[Exchange] = []
    for headers in (ANTHROPIC, ANTHROPIC_BEARER, OPENAI):
        exchange = server.request(WHOLE, headers)
        _raise_if_unreachable(exchange)
        exchanges.append(exchange)
        listing = read_listing(exchange)
        if listing is not None:
            found.append((headers, listing))
            if listing.is_anthropic:
                break
    if found:
        # A server that answers in OpenAI's shape only is asked as an Anthropic client, so that the report shows it.
        server.headers, listing = found[-1] if found[-1][1].is_anthropic else found[0]
        _read_all_pages(server, listing)
    elif not any(exchange.is_redirect for exchange in exchanges):
        raise NoListError(_why_no_list(exchanges))
    return server


def _read_all_pages(server: Server, listing: Listing) -> None:
    """Add the models of a page and of those after it, until a page has nothing new."""
    server.add_models(listing.models)
    for _ in range(_MAX_PAGES - 1):
        if listing.has_more is not True or not server.models:
            return
        page = read_listing(server.request(f"{WHOLE}&after_id={server.cursor(-1)}"))
        if page is None or not server.add_models(page.models):
            return
        listing = page
    server.is_whole = listing.has_more is not True


def _raise_if_unreachable(exchange: Exchange) -> None:
    """Raise at once where other headers would not help."""
    if exchange.failure in (FailureKind.CONNECTION, FailureKind.TLS, FailureKind.TIMEOUT):
        raise DoctorError(_why_no_response(exchange))


def _why_no_response(exchange: Exchange) -> str:
    advice = {
        FailureKind.CONNECTION: "start it, or check host and port",
        FailureKind.TLS: "check the certificate and the port, or name your own authority in SSL_CERT_FILE",
        FailureKind.TIMEOUT: "find out what it waits for, or allow more with --timeout",
        FailureKind.TOO_LARGE: "a list of models is smaller, so check the URL",
    }
    chosen = advice.get(exchange.failure or FailureKind.PROTOCOL, "check scheme, host and port")
    return f"The server at {exchange.url} {exchange.why}; {chosen}."


def _why_no_list(exchanges: list[Exchange]) -> str:
    """Say why no headers got a list, from the response that helps most."""
    answered = [exchange for exchange in exchanges if exchange.response is not None]
    if not answered:
        return _why_no_response(exchanges[0])
    best = min(answered, key=_rank)
    where = f"{best.url}/v1/models"
    if best.status in (401, 403):
        refused = f"{where} refuses the key with {best.status}{quoted_reason(best)}"
        return f"{refused}; give a key that the server knows with --api-key, or what else it needs with --header."
    if best.status in (404, 405):
        return f"There is no {where} ({best.status}); give the URL that /v1/models is added to."
    if best.response is None or not best.response.is_success:
        reason = quoted_reason(best) or f" ({shortened(best.summary, _MAX_SUMMARY_LENGTH).rstrip('.')})"
        return f"{where} fails with {best.status}{reason}; see the server's log."
    if best.response.media_type == "text/html":
        return f"{where} answers with a web page; give the base URL of the API, not of its web interface."
    if best.json is None:
        kind = one_line(best.response.media_type) or "no content type"
        return f"{where} answers with {best.status} and a body ({kind}) that is not JSON; check the URL."
    if server_reason(best):
        refused = f"{where} answers with {best.status} and an error instead of a list{quoted_reason(best)}"
        return f"{refused}; see the server's log."
    return f"{where} answers with JSON that holds no list of models; check the URL."


def _rank(exchange: Exchange) -> int:
    """Return the rank of a response that is not a list: successes help most, refusals of the key least."""
    if exchange.status < 400:
        return 0
    return {401: 3, 403: 3, 404: 2, 405: 2}.get(exchange.status, 1)

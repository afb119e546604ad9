"""Contact: find out how a server likes to be asked and what it lists, or say why it cannot be examined."""

from typing import Final

from callsheet.doctor.probe.exchange import Exchange, FailureKind, printable, shortened
from callsheet.doctor.probe.headers import Headers, overlaid
from callsheet.doctor.probe.listing import Listing, read_listing
from callsheet.doctor.probe.player import ExhaustedError, Player
from callsheet.doctor.probe.reasons import because, reason_of
from callsheet.doctor.probe.server import ANTHROPIC, ANTHROPIC_BEARER, OPENAI, WHOLE, Subject
from callsheet.domain.errors import DoctorError

#: Pages of a thousand models that are read to know what there is.
_MAX_PAGES: Final = 5


def make_contact(
    player: Player, model: str | None, alias: str | None, extra: Headers = (), custom: Headers = ()
) -> Subject:
    """Return the server as a subject, with the headers that it answers best to and the models that it lists.

    Parameters
    ----------
    extra
        Headers that every request carries.
    custom
        Headers that some clients add; every request carries them, too, if the server answers no list without.

    Raises
    ------
    DoctorError
        It cannot be examined; the sentence says what to do.
    """
    try:
        try:
            return _make_contact(Subject(player, extra=extra, model=model, alias=alias))
        except _NoListError:
            if not custom:
                raise
            return _make_contact(Subject(player, extra=overlaid(extra, custom), model=model, alias=alias))
    except ExhaustedError as error:
        raise DoctorError(f"{player.target.base_url} cannot be examined, as {error}; try again later.") from None


class _NoListError(DoctorError):
    """The server answers, but not with a list."""


def _make_contact(subject: Subject) -> Subject:
    found: list[tuple[Headers, Listing]] = []
    exchanges: list[Exchange] = []
    for headers in (ANTHROPIC, ANTHROPIC_BEARER, OPENAI):
        exchanges.append(subject.ask(WHOLE, headers))
        _refuse_to_wait(exchanges[-1])
        listing = read_listing(exchanges[-1])
        if listing is not None:
            found.append((headers, listing))
            if listing.is_anthropic:
                break
    if found:
        # A server that speaks OpenAI's dialect to everybody is asked in Anthropic's, so that this shows.
        subject.headers, listing = found[-1] if found[-1][1].is_anthropic else found[0]
        _read_on(subject, listing)
    elif not any(exchange.answer is not None and exchange.answer.is_redirect for exchange in exchanges):
        raise _NoListError(_why_not(exchanges))
    return subject


def _read_on(subject: Subject, listing: Listing) -> None:
    """Learn the models of a list and of the pages after it, as far as they bring new ones."""
    subject.learn(listing.models)
    for _ in range(_MAX_PAGES - 1):
        if listing.has_more is not True or not subject.models:
            return
        page = read_listing(subject.ask(f"{WHOLE}&after_id={subject.cursor(-1)}"))
        if page is None or not subject.learn(page.models):
            return
        listing = page
    subject.is_whole = listing.has_more is not True


def _refuse_to_wait(exchange: Exchange) -> None:
    """Give up at once where asking in another way would not help."""
    if exchange.failure in (FailureKind.CONNECTION, FailureKind.TLS, FailureKind.TIMEOUT):
        raise DoctorError(_failure(exchange))


def _failure(exchange: Exchange) -> str:
    advice = {
        FailureKind.CONNECTION: "start it, or check host and port",
        FailureKind.TLS: "check the certificate and the port, or name your own authority in SSL_CERT_FILE",
        FailureKind.TIMEOUT: "see what it waits for, or allow more with --timeout",
        FailureKind.TOO_LARGE: "a list of models is smaller, so check the URL",
    }
    told = advice.get(exchange.failure or FailureKind.PROTOCOL, "check scheme, host and port")
    return f"The server at {exchange.url} {exchange.why}; {told}."


def _why_not(exchanges: list[Exchange]) -> str:
    """Why no way of asking gave a list, judged by the answer that says most."""
    answered = [exchange for exchange in exchanges if exchange.answer is not None]
    if not answered:
        return _failure(exchanges[0])
    best = min(answered, key=_telling)
    where = f"{best.url}/v1/models"
    if best.status in (401, 403):
        said = f"{where} refuses the key with {best.status}{because(best)}"
        return f"{said}; give one that the server knows with --api-key, or what else it asks for with --header."
    if best.status in (404, 405):
        return f"There is no {where} ({best.status}); give the URL that /v1/models is added to."
    if not (best.answer and best.answer.is_success):
        said = because(best) or f" ({shortened(best.outcome, 160).rstrip('.')})"
        return f"{where} fails with {best.status}{said}; see the server's log."
    if best.answer.kind == "text/html":
        return f"{where} answers with a web page; give the base URL of the API, not of its web interface."
    if best.answer.json is None:
        kind = printable(best.answer.kind) or "no type"
        return f"{where} answers with {best.status} and a body ({kind}) that is not JSON; check the URL."
    if reason_of(best):
        said = f"{where} answers with {best.status} and an error instead of a list{because(best)}"
        return f"{said}; see the server's log."
    return f"{where} answers with JSON that holds no list of models; check the URL."


def _telling(exchange: Exchange) -> int:
    """The rank of an answer among those that are no list: successes tell most, refusals of the key least."""
    if exchange.status < 400:
        return 0
    return {401: 3, 403: 3, 404: 2, 405: 2}.get(exchange.status, 1)

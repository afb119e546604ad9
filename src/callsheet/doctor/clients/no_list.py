"""Findings about a client that gets no list, or one that it cannot use."""

from typing import Final

from callsheet.doctor.clients.entries import RejectedEntry
from callsheet.doctor.clients.finding import json_word, make_finding
from callsheet.doctor.clients.rules import ClientRules, Way
from callsheet.doctor.clients.walk import WalkResult, is_late
from callsheet.doctor.probe.exchange import Exchange
from callsheet.doctor.probe.listing import Listing, read_any_json
from callsheet.doctor.probe.reasons import quoted_reason
from callsheet.doctor.probe.texts import quoted
from callsheet.doctor.report import Finding, Level

_REDIRECT_ADVICE: Final = (
    "Serve /v1/models without a redirect; the cause is often a proxy that adds or removes a slash."
)

_WRAPPER_ADVICE: Final = 'Return {"data": […]}, with an empty array if there are no models.'


def no_list(rules: ClientRules, way: Way, exchange: Exchange) -> Finding:
    """Return the finding about a response that the client cannot read as a list."""
    if is_late(way, exchange):
        return _late(rules, way, exchange)
    if exchange.response is None:
        return make_finding("no-answer", Level.ERROR, f"The server {exchange.why}.", exchange=exchange)
    if exchange.is_redirect:
        return _redirected(rules, way, exchange)
    if not exchange.response.is_success:
        return _refused(exchange)
    found = read_any_json(exchange)
    if found is None:
        sentence = f"The response ({exchange.response.media_type or 'no content type'}) is not valid JSON."
        return make_finding("unreadable", Level.ERROR, sentence, "Return a list of models.", exchange=exchange)
    sentence = f"The response is {found.wrapper.words}{quoted_reason(exchange)}; {rules.title} cannot read that."
    return make_finding("unreadable", Level.ERROR, sentence, _WRAPPER_ADVICE, exchange=exchange)


def loops(result: WalkResult) -> Finding:
    """Return the finding about a client that never stops asking for a further page."""
    page = result.pages[-1]
    return make_finding(
        "loops",
        Level.ERROR,
        f"Paging never ends: page {len(result.pages)} leads back to an earlier page, and has_more is "
        f"{json_word(page.has_more)}.",
        "Honour after_id, so that paging ends with an empty page or with has_more false.",
        exchange=page.exchange,
    )


def gives_up(rules: ClientRules, way: Way, result: WalkResult) -> Finding:
    """Return the finding about a client that reads no more than so many pages."""
    size = len(result.pages[0].models)
    then = f"{rules.title} then gives up and shows no models"
    sentence = f"The list has more than {way.max_pages} pages of {size} models; {then}."
    return make_finding("gives-up", Level.ERROR, sentence, way.cut, exchange=result.pages[0].exchange)


def looks_empty(rules: ClientRules, page: Listing) -> Finding:
    """Return the finding about a client that takes this wrapper for an empty list."""
    then = f"{rules.title} takes that for an empty list and reports no error"
    sentence = f"The response is {page.wrapper.words}{quoted_reason(page.exchange)}; {then}."
    return make_finding("unreadable", Level.ERROR, sentence, _WRAPPER_ADVICE, exchange=page.exchange)


def rejected(rules: ClientRules, exchange: Exchange, entry: RejectedEntry) -> Finding:
    """Return the finding about a client that rejects the list for one of its entries."""
    which = quoted(entry.model_id) if entry.model_id else f"Entry {entry.place} of the list"
    return make_finding(
        "thrown-away",
        Level.ERROR,
        f"{which} {entry.why}, so {rules.title} rejects the whole list.",
        "Correct or remove that entry; a single one hides all models.",
        (entry.model_id,) if entry.model_id else (),
        exchange,
    )


def _late(rules: ClientRules, way: Way, exchange: Exchange) -> Finding:
    arrives = "does not arrive" if exchange.response is None else f"arrives after {exchange.seconds:.1f} s"
    longer = f", or raise {way.seconds_setting} (milliseconds; newer versions)" if way.seconds_setting else ""
    return make_finding(
        "too-slow",
        Level.ERROR,
        f"The list {arrives}; {rules.title} gives up after {way.seconds:g} s.",
        f"Serve the list from memory instead of asking upstreams on every request{longer}.",
        exchange=exchange,
    )


def _redirected(rules: ClientRules, way: Way, exchange: Exchange) -> Finding:
    sentence = f"The list is redirected: {exchange.status} to {quoted(exchange.header('location') or 'nowhere')}."
    if way.follows_redirects:
        more = " This client follows redirects; the doctor does not, as it would send the key along."
        return make_finding("redirected", Level.WARNING, sentence + more, _REDIRECT_ADVICE, exchange=exchange)
    more = f" {rules.title} treats a redirect as a failure, so that its key goes to no other server."
    return make_finding("redirected", Level.ERROR, sentence + more, _REDIRECT_ADVICE, exchange=exchange)


def _refused(exchange: Exchange) -> Finding:
    version = exchange.request.header("anthropic-version")
    key = "x-api-key" if exchange.request.header("x-api-key") else "Authorization: Bearer"
    headers = f"`{key}` and `anthropic-version: {version}`" if version else f"`{key}` and no `anthropic-version`"
    sentence = f"A request with {headers} gets {exchange.status}{quoted_reason(exchange)}."
    if exchange.status in (400, 401, 403):
        return make_finding("refused", Level.ERROR, sentence, f"Accept {headers}.", exchange=exchange)
    return make_finding("failed", Level.ERROR, sentence, "Return 200 to GET /v1/models.", exchange=exchange)

"""Judging: from a client's walk through the list to what goes wrong for its user. It asks nothing."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

from callsheet.doctor.exchange import Exchange, quoted
from callsheet.doctor.reading import Listing, Model
from callsheet.doctor.report import Evidence, Finding, Level
from callsheet.doctor.rules import ClientRules, Keeps, Walk, Way
from callsheet.doctor.walking import Ending, Walked, is_late

_REDIRECT_ADVICE = "Answer /v1/models in place; a proxy that adds or drops a slash is often the cause."


def judge(rules: ClientRules, way: Way, walked: Walked, known: Sequence[str]) -> Iterator[Finding]:
    """Give what goes wrong for the users of a client that asks in this ``way``.

    Parameters
    ----------
    known
        Ids that the server lists.
    """
    if walked.last is None or walked.ending is Ending.NOT_ASKED:
        yield _finding("not-asked", Level.NOTE, f"Not asked to the end: {walked.why}.")
    elif walked.ending is Ending.NO_LIST:
        yield _no_list(rules, way, walked.last)
    elif walked.ending is Ending.LOOPED:
        yield _loops(walked)
    else:
        yield from _shown(rules, way, walked, known)


# --- without a list


def _no_list(rules: ClientRules, way: Way, exchange: Exchange) -> Finding:
    if is_late(way, exchange):
        return _late(rules, way, exchange)
    answer = exchange.answer
    if answer is None:
        return _finding("no-answer", Level.ERROR, f"The server {exchange.why}.", exchange=exchange)
    if answer.is_redirect:
        return _redirected(rules, way, exchange)
    if not answer.is_success:
        return _refused(exchange)
    what = "JSON without a list `data`" if answer.json is not None else f"{answer.kind or 'a body'} that is no JSON"
    sentence = f"The list is answered with {what}."
    return _finding("unreadable", Level.ERROR, sentence, "Answer a list of models.", exchange=exchange)


def _late(rules: ClientRules, way: Way, exchange: Exchange) -> Finding:
    took = "does not come" if exchange.answer is None else f"comes after {exchange.seconds:.1f} s"
    return _finding(
        "too-slow",
        Level.ERROR,
        f"The list {took}; {rules.title} gives up after {way.seconds:g} s.",
        "Let the list come from memory instead of asking upstreams on every request.",
        exchange=exchange,
    )


def _redirected(rules: ClientRules, way: Way, exchange: Exchange) -> Finding:
    sentence = f"The list is redirected: {exchange.status} to {quoted(exchange.header('location') or 'nowhere')}."
    if way.follows_redirects:
        more = " Clients like this one follow; the doctor does not, as the key would go with it."
        return _finding("redirected", Level.WARNING, sentence + more, _REDIRECT_ADVICE, exchange=exchange)
    more = f" {rules.title} takes that for a failure, as it will not hand its key on."
    return _finding("redirected", Level.ERROR, sentence + more, _REDIRECT_ADVICE, exchange=exchange)


def _refused(exchange: Exchange) -> Finding:
    version = exchange.ask.header("anthropic-version")
    key = "x-api-key" if exchange.ask.header("x-api-key") else "Authorization: Bearer"
    asked = f"`{key}` with `anthropic-version: {version}`" if version else f"`{key}` without `anthropic-version`"
    code = "refused" if exchange.status in (400, 401, 403) else "failed"
    advice = {"refused": f"Accept {asked}."}.get(code, "Answer GET /v1/models with 200.")
    return _finding(
        code, Level.ERROR, f"The list is answered with {exchange.status} to {asked}.", advice, (), exchange
    )


def _loops(walked: Walked) -> Finding:
    page = walked.pages[-1]
    return _finding(
        "loops",
        Level.ERROR,
        f"Paging never ends: page {len(walked.pages)} leads back to one that came before, and has_more is "
        f"{_json(page.has_more)}.",
        "Honour after_id, so that a walk comes to an empty page, or to has_more false.",
        exchange=page.exchange,
    )


# --- with a list


def _shown(rules: ClientRules, way: Way, walked: Walked, known: Sequence[str]) -> Iterator[Finding]:
    received = [model for page in walked.pages for model in page.models]
    reasons = [way.why_dropped(model, rules.title) for model in received]
    kept = [model for model, reason in zip(received, reasons, strict=True) if reason is None]
    if not received and not known:
        sentence = "The list is empty."
        yield _finding("empty", Level.WARNING, sentence, "Give the key models to see.", exchange=walked.last)
    yield from _dropped(way, received, reasons, none_left=not kept)
    if walked.ending is Ending.STOPPED:
        yield _stops(walked, known)
    elif walked.ending is Ending.DONE:
        yield from _cut(way, walked.pages, received, known)
    yield from _repeated(kept, walked.pages[-1])
    yield from _nameless(way, kept, walked.pages)


def _dropped(
    way: Way, received: Sequence[Model], reasons: Sequence[str | None], *, none_left: bool
) -> Iterator[Finding]:
    for why in dict.fromkeys(filter(None, reasons)):
        ids = _unique(model for model, reason in zip(received, reasons, strict=True) if reason == why)
        level = Level.ERROR if none_left else Level.WARNING
        advice = "Answer in Anthropic's shape."
        if way.keeps is not None and why == way.keeps.why:
            level = level if way.keeps.verified else level.milder
            advice = _rename(way.keeps, ids[0])
        yield _finding("dropped", level, f"{why}.", advice, ids)


def _rename(keeps: Keeps, model_id: str) -> str:
    model_id, name = (quoted(each).strip("`") for each in (model_id, model_id.rpartition("/")[2]))
    advice = keeps.advice.format(id=model_id, name=name)
    return f"{advice[:1].upper()}{advice[1:]}."


def _stops(walked: Walked, known: Sequence[str]) -> Finding:
    page = walked.pages[-1]
    received = set(chain.from_iterable(each.ids for each in walked.pages))
    return _finding(
        "stops",
        Level.ERROR,
        f"Paging stops after page {len(walked.pages)}: has_more is {_json(page.has_more)}, but last_id, the cursor "
        f"for the next page, is {_json(page.fields.get('last_id'))}.",
        "Give the id of the page's last model as last_id.",
        tuple(model_id for model_id in known if model_id not in received),
        page.exchange,
    )


def _cut(way: Way, pages: Sequence[Listing], received: Sequence[Model], known: Sequence[str]) -> Iterator[Finding]:
    page = pages[-1]
    ids = {model["id"] for model in received}
    missing = tuple(model_id for model_id in known if model_id not in ids)
    if not missing:
        return
    got = f"{len(known) - len(missing)} of {len(known)} models"
    if way.walk is Walk.ONE_PAGE:
        limit = "a limit" if "limit=" in way.target else "no limit"
        sentence, advice = f"One request, with {limit}, is all that is sent, and it brings {got}.", way.cut
    else:
        sentence = f"Paging ends early: has_more is {_json(page.has_more)} on page {len(pages)}, after {got}."
        advice = "Let has_more be true, and last_id the page's last model, as long as models remain."
    yield _finding("cut", Level.WARNING if ids else Level.ERROR, sentence, advice, missing, page.exchange)


def _repeated(kept: Sequence[Model], page: Listing) -> Iterator[Finding]:
    times = Counter(model["id"] for model in kept)
    if repeated := tuple(model_id for model_id, count in times.items() if count > 1):
        sentence = "These are shown more than once."
        yield _finding("repeated", Level.WARNING, sentence, "List each model once.", repeated, page.exchange)


def _nameless(way: Way, kept: Sequence[Model], pages: Sequence[Listing]) -> Iterator[Finding]:
    first = pages[0].exchange
    if way.label is not None and (ids := _unique(model for model in kept if not model.get(way.label))):
        sentence = f"Ids are shown where names would be: models have no `{way.label}`."
        yield _finding("no-names", Level.NOTE, sentence, f"Give each model a `{way.label}`.", ids, first)
    if nameless := sum(page.nameless for page in pages):
        sentence = f"Entries without an id are in the list: {nameless}."
        yield _finding("no-ids", Level.WARNING, sentence, "Give each model an `id`.", exchange=first)


def _unique(models: Iterator[Model]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(model["id"] for model in models))


def _json(value: object) -> str:
    """A value of a page in words that stand in a sentence."""
    return json.dumps(value) if value is None or isinstance(value, bool) else quoted(value)


def _finding(
    code: str,
    level: Level,
    sentence: str,
    advice: str = "",
    models: tuple[str, ...] = (),
    exchange: Exchange | None = None,
) -> Finding:
    return Finding(
        code=code,
        level=level,
        sentence=sentence,
        advice=advice,
        models=models,
        evidence=Evidence.of(exchange),
    )

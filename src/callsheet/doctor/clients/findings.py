"""Judging: from a client's walk through the list to what goes wrong for its user. It asks nothing."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

from callsheet.doctor.clients.entries import Fault, find_fault
from callsheet.doctor.clients.rules import ClientRules, Keeps, Walk, Way
from callsheet.doctor.clients.walk import Ending, Walked, is_late
from callsheet.doctor.probe.exchange import Exchange, quoted
from callsheet.doctor.probe.listing import Listing, Model, read_anything
from callsheet.doctor.probe.reasons import because
from callsheet.doctor.probe.wrappers import Wrapper
from callsheet.doctor.report import Evidence, Finding, Level

_REDIRECT_ADVICE = "Answer /v1/models in place; a proxy that adds or drops a slash is often the cause."

_WRAPPER_ADVICE = 'Answer {"data": […]}, with an empty array if there are no models.'


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
    elif walked.ending is Ending.GAVE_UP:
        yield _gives_up(rules, way, walked)
    elif walked.pages[0].wrapper is not Wrapper.OBJECT and not walked.pages[0].models:
        yield _seems_empty(rules, walked.pages[0])
    elif (fault := why_thrown_away(way, walked)) is not None:
        yield _thrown_away(rules, walked, fault)
    else:
        yield from _shown(way, walked, known)


def why_thrown_away(way: Way, walked: Walked) -> Fault | None:
    """Return the entry for which the client takes none of a page; None if there is no such entry."""
    faults = (find_fault(page.entries, way.every_entry) for page in walked.pages if way.every_entry)
    return next(filter(None, faults), None)


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
    found = read_anything(exchange)
    if found is None:
        sentence = f"The list comes as {answer.kind or 'a body'} that is not JSON."
        return _finding("unreadable", Level.ERROR, sentence, "Answer a list of models.", exchange=exchange)
    sentence = f"The list comes as {found.wrapper.words}{because(exchange)}; {rules.title} cannot read that."
    return _finding("unreadable", Level.ERROR, sentence, _WRAPPER_ADVICE, exchange=exchange)


def _late(rules: ClientRules, way: Way, exchange: Exchange) -> Finding:
    took = "does not come" if exchange.answer is None else f"comes after {exchange.seconds:.1f} s"
    return _finding(
        "too-slow",
        Level.ERROR,
        f"The list {took}; {rules.title} gives up after {way.seconds:g} s.",
        f"Let the list come from memory instead of asking upstreams on every request{_or_wait_longer(way)}.",
        exchange=exchange,
    )


def _or_wait_longer(way: Way) -> str:
    return f", or allow more milliseconds in {way.seconds_setting} (newer versions)" if way.seconds_setting else ""


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
    sentence = f"The list is answered with {exchange.status} to {asked}{because(exchange)}."
    return _finding(code, Level.ERROR, sentence, advice, exchange=exchange)


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


def _gives_up(rules: ClientRules, way: Way, walked: Walked) -> Finding:
    size = len(walked.pages[0].models)
    then = f"{rules.title} gives up then, and shows none"
    sentence = f"The list has more than {way.most_pages} pages of {size} models; {then}."
    return _finding("gives-up", Level.ERROR, sentence, way.cut, exchange=walked.pages[0].exchange)


def _seems_empty(rules: ClientRules, page: Listing) -> Finding:
    then = f"{rules.title} takes that for an empty list, and says nothing"
    sentence = f"The list comes as {page.wrapper.words}{because(page.exchange)}; {then}."
    return _finding("unreadable", Level.ERROR, sentence, _WRAPPER_ADVICE, exchange=page.exchange)


def _thrown_away(rules: ClientRules, walked: Walked, fault: Fault) -> Finding:
    which = quoted(fault.model_id) if fault.model_id else f"Entry {fault.place} of the list"
    return _finding(
        "thrown-away",
        Level.ERROR,
        f"{which} {fault.why}, and so {rules.title} throws the whole list away.",
        "Mend or leave out that entry: one is enough to hide all models.",
        (fault.model_id,) if fault.model_id else (),
        walked.last,
    )


# --- with a list


def _shown(way: Way, walked: Walked, known: Sequence[str]) -> Iterator[Finding]:
    received = [model for page in walked.pages for model in page.models]
    reasons = [way.why_dropped(model) for model in received]
    kept = [model for model, reason in zip(received, reasons, strict=True) if reason is None]
    if not received and not known:
        sentence = "The list is empty."
        yield _finding("empty", Level.WARNING, sentence, "Give the key models to see.", exchange=walked.last)
    yield from _dropped(way, received, reasons, none_left=not kept)
    if walked.ending is Ending.STOPPED:
        yield _stops(walked, known)
    elif walked.ending is Ending.DONE:
        yield from _cut(way, walked.pages, received, known)
    if not way.lists_once:
        yield from _repeated(kept, walked.pages[-1])
    yield from _nameless(way, kept, walked.pages)
    yield from _cut_texts(way, kept, walked.pages[0])


def _dropped(
    way: Way, received: Sequence[Model], reasons: Sequence[str | None], *, none_left: bool
) -> Iterator[Finding]:
    """What a filter leaves out, a finding for each thing to be done about it."""
    keeps = way.keeps
    if keeps is None or not any(reasons):
        return
    level = Level.ERROR if none_left else Level.WARNING
    level = level if keeps.verified else level.milder
    dropped = _unique(model for model, reason in zip(received, reasons, strict=True) if reason)
    inside = [
        model_id for model_id in dropped if keeps.inside and any(word in model_id.lower() for word in keeps.words)
    ]
    outside = [model_id for model_id in dropped if model_id not in inside]
    for ids in (outside, inside):
        if ids:
            yield _finding("dropped", level, f"{keeps.why}.", _rename(keeps, ids[0]), tuple(ids))


def _rename(keeps: Keeps, model_id: str) -> str:
    advice = keeps.advice_for(quoted(model_id).strip("`"))
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
    if not way.walk.is_whole:
        limit = "a limit" if "limit=" in way.target else "no limit"
        paging = "it never asks for a further page" if way.walk is Walk.ONE_PAGE else "it cannot page forwards"
        sentence, advice = f"It asks with {limit}, and {paging}: {got} come.", way.cut
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
    if (
        way.label is not None
        and way.expects_label
        and (ids := _unique(model for model in kept if not model.get(way.label)))
    ):
        sentence = f"Ids are shown in the place of names: models have no `{way.label}`."
        yield _finding("no-names", Level.NOTE, sentence, f"Give each model a `{way.label}`.", ids, first)
    if nameless := sum(page.nameless for page in pages):
        sentence = f"The list has {nameless} {'entry' if nameless == 1 else 'entries'} without an id."
        yield _finding("no-ids", Level.WARNING, sentence, "Give each model an `id`.", exchange=first)


def _cut_texts(way: Way, kept: Sequence[Model], page: Listing) -> Iterator[Finding]:
    for field, text in way.texts.items():
        if ids := _unique(model for model in kept if text.is_cut(_text(model, field))):
            sentence = f"`{field}` is cut: no more than {text.longest} characters are shown."
            yield _finding(
                "cut-text", Level.NOTE, sentence, "Say what matters at its beginning.", ids, page.exchange
            )


def _text(model: Model, field: str) -> str:
    value = model.get(field)
    return value if isinstance(value, str) else ""


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

"""Findings about a client that shows a list: models that it drops, misses or shows badly."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from callsheet.doctor.clients.finding import json_word, make_finding
from callsheet.doctor.clients.rules import Keeps, Walk, Way
from callsheet.doctor.clients.walk import Ending, WalkResult
from callsheet.doctor.probe.listing import Listing, Model
from callsheet.doctor.probe.texts import quoted
from callsheet.doctor.report import Finding, Level


def findings_in_list(way: Way, result: WalkResult, known: Sequence[str]) -> Iterator[Finding]:
    """Yield what goes wrong although the client has a list.

    Parameters
    ----------
    known
        Ids that the server lists.
    """
    received = [model for page in result.pages for model in page.models]
    dropped = [model for model in received if way.why_dropped(model) is not None]
    kept = [model for model in received if way.why_dropped(model) is None]
    if not received and not known:
        advice = "Check which models this key may see."
        yield make_finding("empty", Level.WARNING, "The list is empty.", advice, exchange=result.last)
    if way.keeps is not None and dropped:
        yield from _dropped(way.keeps, _unique(dropped), none_left=not kept)
    if result.ending is Ending.STOPPED:
        yield _stops(result, known)
    elif result.ending is Ending.DONE:
        yield from _cut(way, result.pages, received, known)
    if not way.lists_once:
        yield from _repeated(kept, result.pages[-1])
    yield from _unnamed(way, kept, result.pages)
    yield from _cut_texts(way, kept, result.pages[0])


def _dropped(keeps: Keeps, ids: Sequence[str], *, none_left: bool) -> Iterator[Finding]:
    """Yield a finding for each advice about ids that a filter drops."""
    level = Level.ERROR if none_left else Level.WARNING
    level = level if keeps.verified else level.milder
    groups: dict[bool, list[str]] = {}
    for model_id in ids:
        groups.setdefault(keeps.is_word_inside(model_id), []).append(model_id)
    for is_inside in (False, True):
        if group := groups.get(is_inside):
            yield make_finding("dropped", level, f"{keeps.why}.", _rename(keeps, group[0]), tuple(group))


def _rename(keeps: Keeps, model_id: str) -> str:
    advice = keeps.advice_for(quoted(model_id).strip("`"))
    return f"{advice[:1].upper()}{advice[1:]}."


def _stops(result: WalkResult, known: Sequence[str]) -> Finding:
    page = result.pages[-1]
    received = set(chain.from_iterable(each.ids for each in result.pages))
    return make_finding(
        "stops",
        Level.ERROR,
        f"Paging stops after page {len(result.pages)}: has_more is {json_word(page.has_more)}, but last_id, the "
        f"cursor for the next page, is {json_word(page.fields.get('last_id'))}.",
        "Set last_id to the id of the page's last model.",
        tuple(model_id for model_id in known if model_id not in received),
        page.exchange,
    )


def _cut(way: Way, pages: Sequence[Listing], received: Sequence[Model], known: Sequence[str]) -> Iterator[Finding]:
    """Yield a finding if the client misses models that the server lists."""
    ids = {model["id"] for model in received}
    missing = tuple(model_id for model_id in known if model_id not in ids)
    others = ids.difference(known)  # LiteLLM gives Claude Code other ids for the same models
    if len(missing) <= len(others):
        return
    page = pages[-1]
    count = f"{len(known) - len(missing)} of {len(known)} models"
    if way.walk.is_whole:
        sentence = f"Paging ends early: has_more is {json_word(page.has_more)} on page {len(pages)}, after {count}."
        advice = "While models remain, set has_more to true and last_id to the id of the page's last model."
    else:
        limit = "a limit" if "limit=" in way.target else "no limit"
        paging = "never for a further page" if way.walk is Walk.ONE_PAGE else "cannot page forwards"
        sentence, advice = f"It asks with {limit} and {paging}, so it gets {count}.", way.cut
    yield make_finding("cut", Level.WARNING if ids else Level.ERROR, sentence, advice, missing, page.exchange)


def _repeated(kept: Iterable[Model], page: Listing) -> Iterator[Finding]:
    times = Counter(model["id"] for model in kept)
    if repeated := tuple(model_id for model_id, count in times.items() if count > 1):
        sentence = "Models are shown more than once."
        yield make_finding("repeated", Level.WARNING, sentence, "List each model once.", repeated, page.exchange)


def _unnamed(way: Way, kept: Iterable[Model], pages: Sequence[Listing]) -> Iterator[Finding]:
    first = pages[0].exchange
    if way.label is not None and way.expects_label:
        label = way.label
        if ids := _unique(model for model in kept if not model.get(label)):
            sentence = f"Ids are shown instead of names: models have no `{label}`."
            yield make_finding("no-names", Level.NOTE, sentence, f"Give each model a `{label}`.", ids, first)
    if count := sum(page.missing_ids for page in pages):
        sentence = f"The list has {count} {'entry' if count == 1 else 'entries'} without an id."
        yield make_finding("no-ids", Level.WARNING, sentence, "Give each model an `id`.", exchange=first)


def _cut_texts(way: Way, kept: Sequence[Model], page: Listing) -> Iterator[Finding]:
    for name, text in way.texts.items():
        if ids := _unique(model for model in kept if text.is_cut(_text(model, name))):
            sentence = f"`{name}` is cut after {text.max_length} characters."
            yield make_finding("cut-text", Level.NOTE, sentence, "Put what matters first.", ids, page.exchange)


def _text(model: Model, name: str) -> str:
    value = model.get(name)
    return value if isinstance(value, str) else ""


def _unique(models: Iterable[Model]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(model["id"] for model in models))

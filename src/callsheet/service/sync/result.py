"""Result: what a list comes to, given what is in the database."""

from datetime import datetime
from typing import NamedTuple

from callsheet.domain.errors import InvalidError, SourceError
from callsheet.domain.sources.source import SourceRecord
from callsheet.domain.sources.state import SourceState
from callsheet.domain.times import parse_instant
from callsheet.service.sync.builtin import lists_models, may_inform
from callsheet.service.sync.config import SourceConfig, read_config
from callsheet.service.sync.decide import Decision, decide, names_that_are_new
from callsheet.service.sync.known import Said
from callsheet.service.sync.listing import Lists, choice_of
from callsheet.service.sync.memory import CONFIG
from callsheet.service.sync.pending import Pending, pending_of
from callsheet.service.sync.surroundings import around_facts, around_names, count_suppressed, known_of
from callsheet.sources.choosing import choose
from callsheet.storage.transactions.read import Installation, ReadTransaction


class Before(NamedTuple):
    """What a run begins with."""

    record: SourceRecord
    config: SourceConfig
    state: SourceState
    installation: Installation


class Result(NamedTuple):
    """What a list comes to, before it is written."""

    decision: Decision
    pending: Pending | None
    suppressed: int
    informs: bool


def look(reading: ReadTransaction, record: SourceRecord, lists: Lists, now: datetime) -> tuple[Decision, bool]:
    """Return what a list would come to, and whether the built-in facts would cease to list models; write nothing.

    Parameters
    ----------
    record
        The source, which need not have been added yet.
    """
    config = read_config(record.config)
    state = reading.source_states([record.name]).get(record.name) or SourceState(record.name)
    installation = reading.installation()
    assert installation is not None  # noqa: S101  # a store that is ready has one
    informs = may_inform(reading, config)
    before = Before(record, config, state, installation)
    decision = _decide(reading, before, lists, now, informs=informs)
    return decision, informs and lists_models((*decision.changed, *decision.held))


def result_of(reading: ReadTransaction, before: Before, lists: Lists, now: datetime) -> Result:
    """Return what a list comes to for its source, as it is in the database now; write nothing."""
    informs = may_inform(reading, before.config)
    decision = _decide(reading, before, lists, now, informs=informs)
    pending = None
    if decision.reasons or decision.held:
        accepted = _decide(reading, before, lists, now, informs=informs, accepts=True)
        pending = pending_of(decision, accepted, _since(before.state, decision, now))
    suppressed = count_suppressed(reading, (each.id for each in lists.chosen))
    return Result(decision, pending, suppressed, informs and lists_models(decision.changed))


def _since(state: SourceState, decision: Decision, now: datetime) -> datetime:
    """When what waits began to: the list as a whole, or what is new in it, with whatever else has come since."""
    waiting = state.pending
    if waiting is None or bool(waiting["reasons"]) is not bool(decision.reasons):
        return now
    return parse_instant(waiting["since"])


def _decide(
    reading: ReadTransaction, before: Before, lists: Lists, now: datetime, *, informs: bool, accepts: bool = False
) -> Decision:
    config = before.config
    manager = config.manager(before.record.name)
    known = known_of(reading, manager, before.state)
    said = Said(lists.chosen, _excluded(before, lists))
    if config.is_enrichment:
        surroundings = around_facts(reading)
    else:
        names = names_that_are_new(known, said)
        surroundings = around_names(reading, manager, names, without_builtin=informs)
    return decide(manager, config, known, said, surroundings, now, accepts=accepts)


def _excluded(before: Before, lists: Lists) -> frozenset[str]:
    """The names that the list would have held, had the configuration stayed as it was in the last good run."""
    past = before.state.memory.get(CONFIG)
    if past is None or past == before.record.config:
        return frozenset()
    try:
        then = choose(lists.reading.listed, choice_of(read_config(past)))
    except (InvalidError, SourceError):  # it does not fit the list, which may be why it was changed
        return frozenset()
    now = {name for each in lists.chosen for name in (each.id, *each.aliases)}
    return frozenset(name for each in then for name in (each.id, *each.aliases)) - now

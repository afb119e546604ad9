"""Examine: play the clients, check the rules, and make the report."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import chain

from callsheet._version import __version__
from callsheet.doctor.checks import BOOKS
from callsheet.doctor.checks.rule import FaultError, NotApplicableError, Rule, RuleBook
from callsheet.doctor.contact import make_contact
from callsheet.doctor.player import MAX_REQUESTS, ExhaustedError, Player
from callsheet.doctor.playing import play_client
from callsheet.doctor.reading import read_listing
from callsheet.doctor.report import Check, Evidence, Report, Result, Section, score_of, worst_of
from callsheet.doctor.rules import ClientRules
from callsheet.doctor.subject import ANTHROPIC, ANTHROPIC_BEARER, OPENAI, WHOLE, Subject
from callsheet.doctor.target import Target

Progress = Callable[[str], None]


def examine(
    target: Target,
    key: str,
    clients: Sequence[ClientRules],
    *,
    patience: float,
    model: str | None = None,
    alias: str | None = None,
    progress: Progress = lambda _what: None,
) -> Report:
    """Examine a server and return the report, which holds the key nowhere.

    Parameters
    ----------
    key
        An API key of the server.
    clients
        Those to be played.
    patience
        Seconds to wait for one answer.
    model, alias
        Names known to exist.
    progress
        Is told what is being done.

    Raises
    ------
    DoctorError
        The server cannot be examined; the sentence says what to do.
    """
    began, at = time.perf_counter(), datetime.now(UTC)
    with Player(target, key, patience) as player:
        progress("Asking for the list…")
        subject = make_contact(player, model, alias)
        played = []
        for rules in clients:
            progress(f"Asking as {rules.title}…")
            played.append(play_client(rules, subject.play, subject.ids))
        sections = tuple(_Marking(subject).section(book, progress) for book in BOOKS)
        speaks = _dialects(subject)
        requests = MAX_REQUESTS - player.budget.requests
    checks = [check for section in sections for check in section.checks]
    findings = chain.from_iterable(client.findings for client in played)
    return Report(
        callsheet=__version__,
        url=player.shown_url,
        at=at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        requests=requests,
        seconds=round(time.perf_counter() - began, 3),
        models=tuple(subject.ids),
        speaks=speaks,
        clients=tuple(played),
        sections=sections,
        score=score_of(checks),
        worst=worst_of(
            chain(
                (finding.level for finding in findings),
                (check.level for check in checks if check.result is Result.FAILED),
            )
        ),
    )


class _Marking:
    """Applies rules, each once, those that others need first."""

    _done: dict[str, Check]

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._done = {}
        self._rules = {rule.code: rule for book in BOOKS for rule in book.rules}

    def section(self, book: RuleBook, progress: Progress) -> Section:
        progress(f"Checking: {book.title}…")
        checks = tuple(self._check(rule) for rule in book.rules)
        return Section(number=book.number, title=book.title, checks=checks)

    def _check(self, rule: Rule) -> Check:
        if rule.code not in self._done:
            self._done[rule.code] = self._hindrance(rule) or self._apply(rule)
        return self._done[rule.code]

    def _hindrance(self, rule: Rule) -> Check | None:
        """The check of a rule that cannot be told, as one that it needs was not passed."""
        for needed in (self._check(self._rules[code]) for code in rule.needs):
            if needed.result is Result.NOT_APPLICABLE:
                return _check(rule, Result.NOT_APPLICABLE, needed.sentence)
            if needed.result is not Result.PASSED:
                return _check(rule, Result.BLOCKED, f"not told, as this does not hold: {needed.title}")
        return None

    def _apply(self, rule: Rule) -> Check:
        trace = self._subject.trace
        trace.clear()
        try:
            rule.function(self._subject)
        except FaultError as fault:
            shown = fault.exchange or (trace[-1] if trace else None)
            return _check(rule, Result.FAILED, str(fault), Evidence.of(shown))
        except (NotApplicableError, ExhaustedError) as reason:
            return _check(rule, Result.NOT_APPLICABLE, str(reason))
        return _check(rule, Result.PASSED, "", Evidence.of(trace[-1] if trace else None))


def _check(rule: Rule, result: Result, sentence: str, evidence: Evidence | None = None) -> Check:
    return Check(
        code=rule.code,
        title=rule.title,
        level=rule.level,
        result=result,
        sentence=sentence,
        why=rule.why,
        evidence=evidence,
    )


def _dialects(subject: Subject) -> tuple[str, ...]:
    """In which dialects it lists models; what was asked before is not asked again."""
    found = set()
    for headers in (ANTHROPIC, ANTHROPIC_BEARER, OPENAI):
        try:
            listing = read_listing(subject.ask(WHOLE, headers))
        except ExhaustedError:
            break
        if listing is not None:
            found.add("anthropic" if listing.is_anthropic else "openai")
    return tuple(sorted(found))

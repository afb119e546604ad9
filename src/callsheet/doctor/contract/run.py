"""Marking: check every rule, in an order in which the one does not spoil the other."""

from collections.abc import Callable, Iterable

from callsheet.doctor.contract import BOOKS
from callsheet.doctor.contract.rule import FaultError, NotApplicableError, Rule
from callsheet.doctor.probe.player import ExhaustedError
from callsheet.doctor.probe.server import Subject
from callsheet.doctor.report import Check, Evidence, Result, Section

Progress = Callable[[str], None]


def mark(subject: Subject, progress: Progress) -> tuple[Section, ...]:
    """Return every section of the contract with its rules checked.

    Parameters
    ----------
    progress
        Is told what is being checked.
    """
    return _Marking(subject, progress).sections()


class _Marking:
    """Applies rules, each once: those that others need first, and last those that a server may not survive."""

    _done: dict[str, Check]

    def __init__(self, subject: Subject, progress: Progress) -> None:
        self._subject = subject
        self._progress = progress
        self._done = {}
        self._rules = {rule.code: rule for book in BOOKS for rule in book.rules}

    def sections(self) -> tuple[Section, ...]:
        """Every section, with all that is risky asked last."""
        for book in BOOKS:
            self._progress(f"Checking: {book.title}…")
            self._check_all(rule for rule in book.rules if not rule.is_risky)
        self._check_all(self._rules.values())
        return tuple(
            Section(number=book.number, title=book.title, checks=self._check_all(book.rules)) for book in BOOKS
        )

    def _check_all(self, rules: Iterable[Rule]) -> tuple[Check, ...]:
        return tuple(map(self._check, rules))

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
                return _check(rule, Result.BLOCKED, f"not tested, as this does not hold: {needed.title}")
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

"""Check every rule of the contract, in an order in which no rule spoils another."""

from collections.abc import Callable, Iterable

from callsheet.doctor.contract.page import section_link
from callsheet.doctor.contract.rule import NotApplicableError, Rule, RuleBrokenError
from callsheet.doctor.contract.sections import BOOKS
from callsheet.doctor.probe.budget import BudgetExhaustedError
from callsheet.doctor.probe.server import Server
from callsheet.doctor.report import Check, Evidence, Result, Section

Progress = Callable[[str], None]


def check_contract(server: Server, progress: Progress) -> tuple[Section, ...]:
    """Return every section of the contract with its rules checked.

    Parameters
    ----------
    progress
        Called with a sentence on each step.
    """
    return _ContractRun(server, progress).sections()


class _ContractRun:
    """Checks each rule once: first those that others need, last those that may bring a server down."""

    _done: dict[str, Check]

    def __init__(self, server: Server, progress: Progress) -> None:
        self._server = server
        self._progress = progress
        self._done = {}
        self._rules = {rule.code: rule for book in BOOKS for rule in book.rules}

    def sections(self) -> tuple[Section, ...]:
        """Return every section, with the risky rules checked last."""
        for book in BOOKS:
            self._progress(f"Checking: {book.title}…")
            self._check_all(rule for rule in book.rules if not rule.is_risky)
        self._check_all(self._rules.values())
        return tuple(
            Section(
                number=book.number,
                title=book.title,
                contract=section_link(book.number),
                checks=self._check_all(book.rules),
            )
            for book in BOOKS
        )

    def _check_all(self, rules: Iterable[Rule]) -> tuple[Check, ...]:
        return tuple(map(self._check, rules))

    def _check(self, rule: Rule) -> Check:
        if rule.code not in self._done:
            self._done[rule.code] = self._blocked(rule) or self._apply(rule)
        return self._done[rule.code]

    def _blocked(self, rule: Rule) -> Check | None:
        """Return the result of a rule that cannot be tested, as one that it needs did not pass; None if it can."""
        for needed in (self._check(self._rules[code]) for code in rule.needs):
            if needed.result is Result.NOT_APPLICABLE:
                return _check(rule, Result.NOT_APPLICABLE, needed.sentence)
            if needed.result is not Result.PASSED:
                return _check(rule, Result.BLOCKED, f"not tested, as this rule is broken: {needed.title}")
        return None

    def _apply(self, rule: Rule) -> Check:
        trace = self._server.trace
        trace.clear()
        try:
            rule.function(self._server)
        except RuleBrokenError as fault:
            shown = fault.exchange or (trace[-1] if trace else None)
            return _check(rule, Result.FAILED, str(fault), Evidence.of(shown))
        except (NotApplicableError, BudgetExhaustedError) as reason:
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

"""A rule of the contract as a check: a small function with its section, title, level and reason."""

from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import getdoc

from callsheet.doctor.probe.exchange import Exchange
from callsheet.doctor.probe.server import Subject
from callsheet.doctor.report import Level

Function = Callable[[Subject], None]


class FaultError(Exception):
    """The server breaks the rule.

    Parameters
    ----------
    sentence
        What the server does: a headline that needs no other to be understood.
    exchange
        Shows it; else the last one that the check asked does.
    """

    def __init__(self, sentence: str, exchange: Exchange | None = None) -> None:
        super().__init__(sentence)
        self.exchange = exchange


class NotApplicableError(Exception):
    """The rule cannot be applied to this server; ``str(error)`` says why."""


@dataclass(frozen=True)
class Rule:
    """One rule.

    Parameters
    ----------
    code
        Names it, for programs.
    why
        Whom it matters to.
    needs
        Codes of rules without which it cannot be told; if one of them fails, this one counts as broken, too, but is
        not reported as a finding of its own.
    is_risky
        Whether a server may not survive being asked, so that nothing should be left to ask.
    """

    code: str
    title: str
    level: Level
    why: str
    needs: tuple[str, ...]
    is_risky: bool
    function: Function


@dataclass
class RuleBook:
    """The rules of one section of the contract, in the order in which they are checked."""

    number: int
    title: str
    rules: list[Rule] = field(default_factory=list)

    def rule(
        self, level: Level, *, needs: tuple[str, ...] = (), is_risky: bool = False
    ) -> Callable[[Function], Function]:
        """Make a rule of a function: its name is the code, the first line of its docstring the title, the rest why.

        The function returns if the rule is kept, and raises `FaultError` or `NotApplicableError`.
        """

        def register(function: Function) -> Function:
            code = function.__name__.replace("_", "-")
            title, _, why = (getdoc(function) or code).partition("\n")
            why = " ".join(why.split())
            self.rules.append(Rule(code, title.rstrip("."), level, why, needs, is_risky, function))
            return function

        return register


def expect(condition: object, sentence: str, exchange: Exchange | None = None) -> None:
    """Raise `FaultError` unless ``condition`` is true."""
    if not condition:
        raise FaultError(sentence, exchange)


def expect_status(exchange: Exchange, *statuses: int, what: str = "This request") -> None:
    """Raise `FaultError` unless the answer has one of ``statuses``; ``what`` was asked begins the sentence."""
    if exchange.answer is None:
        raise FaultError(f"{what} gets no answer: the server {exchange.why}.", exchange)
    if exchange.status not in statuses:
        wanted = " or ".join(map(str, statuses))
        raise FaultError(f"{what} gets {exchange.status} instead of {wanted}.", exchange)


def require(condition: object, why: str) -> None:
    """Raise `NotApplicableError` unless ``condition`` is true."""
    if not condition:
        raise NotApplicableError(why)

"""A rule of the contract: a small function that checks it, with its title, level and reason."""

from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import getdoc

from callsheet.doctor.probe.exchange import Exchange
from callsheet.doctor.probe.server import Server
from callsheet.doctor.report import Level

Function = Callable[[Server], None]


class RuleBrokenError(Exception):
    """The server breaks the rule.

    Parameters
    ----------
    sentence
        What the server does; the report prints it without the title of the rule.
    exchange
        Shows it; by default, the last one of the check.
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
        Identifies it, for programs.
    why
        To whom it matters.
    needs
        Codes of rules without which it cannot be tested. If one of them fails, this one is blocked: it costs points
        in the score, but is not reported as a finding.
    is_risky
        Whether its requests may bring a server down, so that they are sent last.
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

        The function returns if the rule is kept, and raises `RuleBrokenError` or `NotApplicableError`.
        """

        def register(function: Function) -> Function:
            code = function.__name__.replace("_", "-")
            title, _, why = (getdoc(function) or code).partition("\n")
            why = " ".join(why.split())
            self.rules.append(Rule(code, title.rstrip("."), level, why, needs, is_risky, function))
            return function

        return register


def expect(condition: object, sentence: str, exchange: Exchange | None = None) -> None:
    """Raise `RuleBrokenError` unless ``condition`` is true."""
    if not condition:
        raise RuleBrokenError(sentence, exchange)


def expect_status(exchange: Exchange, *statuses: int, what: str = "This request") -> None:
    """Raise `RuleBrokenError` unless the response has one of ``statuses``; ``what`` begins the sentence."""
    if exchange.response is None:
        raise RuleBrokenError(f"{what} gets no answer: the server {exchange.why}.", exchange)
    if exchange.status not in statuses:
        wanted = " or ".join(map(str, statuses))
        raise RuleBrokenError(f"{what} gets {exchange.status} instead of {wanted}.", exchange)


def require(condition: object, why: str) -> None:
    """Raise `NotApplicableError` unless ``condition`` is true."""
    if not condition:
        raise NotApplicableError(why)

"""Report: what an examination found, as values; also the JSON of ``callsheet doctor --json``."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from callsheet.doctor.probe.exchange import Exchange, printable, shortened

#: Characters of the longest line.
_LONGEST: Final = 1000


def _in_a_line(text: str) -> str:
    return printable(shortened(text, _LONGEST))


#: One line, not too long, that moves no cursor and colours no terminal, whatever a server put into it.
Line = Annotated[str, BeforeValidator(_in_a_line)]


class Level(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def weight(self) -> int:
        """Points of a rule of this level in the score."""
        return {Level.ERROR: 5, Level.WARNING: 2, Level.NOTE: 1}[self]

    @property
    def milder(self) -> "Level":
        """The next level down; a note stays one."""
        return {Level.ERROR: Level.WARNING}.get(self, Level.NOTE)


class Result(StrEnum):
    """What became of a rule."""

    PASSED = "passed"
    FAILED = "failed"
    BLOCKED = "blocked"
    NOT_APPLICABLE = "not_applicable"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Evidence(_Value):
    """The request that shows something, and what was answered."""

    request: str = Field(description="As a curl command; the key is $ANTHROPIC_API_KEY.")
    answer: Line = Field(description="Status, telling headers, and the beginning of the body.")
    seconds: float

    @classmethod
    def of(cls, exchange: Exchange | None) -> "Evidence | None":
        """Return the evidence that an exchange gives."""
        if exchange is None:
            return None
        return cls(request=exchange.curl, answer=exchange.outcome, seconds=round(exchange.seconds, 4))


class Finding(_Value):
    """Something that goes wrong for the users of one client."""

    code: str = Field(description="Names the kind of finding, for programs.")
    level: Level
    sentence: Line = Field(description="What happens.")
    advice: Line = Field(default="", description="What to do about it.")
    models: tuple[Line, ...] = Field(default=(), description="The models concerned.")
    evidence: Evidence | None = None


class Play(_Value):
    """One way in which a client asks, and what its user would see."""

    versions: str = Field(description="Of the client.")
    way: str = Field(description="What sets this way of asking apart; empty if there is no other.")
    verified: bool = Field(description="Whether the rules were read in or recorded from the client itself.")
    unverified: Line = Field(description="Which rules were not, and why.")
    silent_if: str = Field(default="", description="When it asks for no list at all; empty if it always asks.")
    shown: tuple[Line, ...] | None = Field(description="Ids its user would see; null if it gets no list.")
    names: tuple[Line, ...] = Field(
        default=(), description="The names in the place of these ids, in the same order."
    )
    listed: int = Field(description="Models that the server is known to list.")
    requests: int
    seconds: float = Field(description="Of the slowest request.")
    seconds_allowed: float | None = Field(description="After which the client gives up; null if not known.")
    findings: tuple[Finding, ...]


class ClientReport(_Value):
    """What one client makes of the server."""

    name: str
    title: str
    otherwise: str = Field(description='What its user sees without the list; the rest of "Its user sees …".')
    plays: tuple[Play, ...]

    @property
    def findings(self) -> Iterator[Finding]:
        """Every finding, play by play."""
        for play in self.plays:
            yield from play.findings


class Check(_Value):
    """A rule of the contract, and whether the server keeps it."""

    code: str
    title: str
    level: Level
    result: Result
    sentence: Line = Field(description="Why it failed, is blocked or not applicable; empty if it passed.")
    why: str = Field(description="Why the rule matters.")
    evidence: Evidence | None

    @property
    def is_broken(self) -> bool:
        """Whether the server breaks it."""
        return self.result is Result.FAILED


class Section(_Value):
    """A section of the contract."""

    number: int
    title: str
    checks: tuple[Check, ...]

    def count(self, result: Result) -> int:
        """How many rules came out so."""
        return sum(check.result is result for check in self.checks)

    @property
    def applicable(self) -> int:
        """How many rules could be applied, in principle."""
        return len(self.checks) - self.count(Result.NOT_APPLICABLE)


class Report(_Value):
    """The whole examination."""

    callsheet: str = Field(description="Version of the program.")
    url: Line
    at: str = Field(description="Time of the beginning, RFC 3339.")
    requests: int
    seconds: float
    models: tuple[Line, ...] = Field(description="Ids that the server is known to list, in its order.")
    is_whole: bool = Field(description="Whether it lists no more than these.")
    unfinished: Line = Field(description="Why not everything could be asked; empty if it could.")
    focused: bool = Field(
        description="Whether only findings about clients count in `worst`, as clients were named."
    )
    speaks: tuple[str, ...] = Field(description="Dialects: anthropic, openai.")
    clients: tuple[ClientReport, ...]
    sections: tuple[Section, ...]
    score: int = Field(description="Per cent of the points of the applicable rules, rounded down.")
    worst: Level | None = Field(description="The worst level of what counts: findings, and failed rules.")


def score_of(checks: Iterable[Check]) -> int:
    """Return the per cent of points that were reached; 0 if no rule is applicable. Only all of them make 100."""
    applicable = [check for check in checks if check.result is not Result.NOT_APPLICABLE]
    points = sum(check.level.weight for check in applicable)
    reached = sum(check.level.weight for check in applicable if check.result is Result.PASSED)
    return 100 * reached // points if points else 0


def worst_of(levels: Iterable[Level]) -> Level | None:
    """Return the worst of ``levels``."""
    found = set(levels)
    return next((level for level in Level if level in found), None)

"""The report of an examination; its fields are the JSON of ``callsheet doctor --json``."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from callsheet.doctor.probe.exchange import Exchange
from callsheet.doctor.probe.texts import one_line, shortened

_MAX_LINE_LENGTH: Final = 1000


def _line(text: str) -> str:
    return one_line(shortened(text, _MAX_LINE_LENGTH))


#: One line of a limited length, without what would move a cursor or colour a terminal.
Line = Annotated[str, BeforeValidator(_line)]


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
        """The next level down; that of a note is a note."""
        return {Level.ERROR: Level.WARNING}.get(self, Level.NOTE)


class Result(StrEnum):
    """The result of a rule."""

    PASSED = "passed"
    FAILED = "failed"
    BLOCKED = "blocked"
    NOT_APPLICABLE = "not_applicable"


class Value(BaseModel):
    """A part of a report: it does not change."""

    model_config = ConfigDict(frozen=True)


class Evidence(Value):
    """A request that shows a finding, and its response."""

    request: str = Field(description="As a curl command; the key is $ANTHROPIC_API_KEY.")
    answer: Line = Field(description="Status, a few headers, and the beginning of the body.")
    seconds: float

    @classmethod
    def of(cls, exchange: Exchange | None) -> "Evidence | None":
        """Return an exchange as evidence; None if there is none."""
        if exchange is None:
            return None
        return cls(request=exchange.curl, answer=exchange.summary, seconds=round(exchange.seconds, 4))


class Finding(Value):
    """Something that goes wrong for the users of one client."""

    code: str = Field(description="The kind of finding, for programs.")
    level: Level
    sentence: Line = Field(description="What happens.")
    advice: Line = Field(default="", description="What to do about it.")
    models: tuple[Line, ...] = Field(default=(), description="The models concerned.")
    evidence: Evidence | None = None


class Play(Value):
    """One way in which a client asks, and what its user would see."""

    versions: str = Field(description="Of the client.")
    way: str = Field(description="What distinguishes this way of asking; empty if there is only one.")
    verified: bool = Field(description="Whether the rules were read in or recorded from the client itself.")
    unverified: Line = Field(description="Which rules were not verified, and why.")
    silent_if: str = Field(default="", description="When it requests no list at all; empty if it always does.")
    shown: tuple[Line, ...] | None = Field(description="Ids its user would see; null if it gets no list.")
    names: tuple[Line, ...] = Field(default=(), description="The names shown for these ids, in the same order.")
    listed: int = Field(description="Models that the server is known to list.")
    requests: int
    seconds: float = Field(description="Of the slowest request.")
    seconds_allowed: float | None = Field(description="After which the client gives up; null if not known.")
    findings: tuple[Finding, ...]


class ClientReport(Value):
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


class Check(Value):
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


class Section(Value):
    """A section of the contract."""

    number: int
    title: str
    contract: str = Field(description="The section of the contract, as page#anchor in Callsheet's repository.")
    checks: tuple[Check, ...]

    def count(self, result: Result) -> int:
        """Return how many rules have this result."""
        return sum(check.result is result for check in self.checks)

    @property
    def applicable(self) -> int:
        """How many rules apply to this server."""
        return len(self.checks) - self.count(Result.NOT_APPLICABLE)


class Report(Value):
    """The whole examination."""

    callsheet: str = Field(description="Version of the program.")
    url: Line
    at: str = Field(description="Time of the beginning, RFC 3339.")
    requests: int
    seconds: float
    models: tuple[Line, ...] = Field(description="Ids that the server lists, in its order, as far as read.")
    is_whole: bool = Field(description="Whether `models` are all models that it lists.")
    unfinished: Line = Field(description="Why not everything could be tested; empty if it could.")
    focused: bool = Field(
        description="Whether clients were named, so that only findings about them count in `worst`."
    )
    speaks: tuple[str, ...] = Field(description="Dialects: anthropic, openai.")
    clients: tuple[ClientReport, ...]
    sections: tuple[Section, ...]
    score: int = Field(description="Percentage of the points of the rules that apply, rounded down.")
    worst: Level | None = Field(description="The worst level of all findings and failed rules that count.")


def score_of(checks: Iterable[Check]) -> int:
    """Return the percentage of points reached, rounded down; 0 if no rule applies."""
    applicable = [check for check in checks if check.result is not Result.NOT_APPLICABLE]
    points = sum(check.level.weight for check in applicable)
    reached = sum(check.level.weight for check in applicable if check.result is Result.PASSED)
    return 100 * reached // points if points else 0


def worst_of(levels: Iterable[Level]) -> Level | None:
    """Return the worst of ``levels``."""
    found = set(levels)
    return next((level for level in Level if level in found), None)

"""Limits: what questions about keys may take, and how long what was answered holds."""

from typing import Final, NamedTuple

#: How long what a gateway lists to a key that it accepts holds, from the moment it was asked.
ACCEPTED_SECONDS: Final = 60.0
#: How long a refusal holds.
REFUSED_SECONDS: Final = 10.0
#: How long it takes until a gateway that did not answer is asked about the same key again.
AWAY_SECONDS: Final = 10.0

#: How long a caller who is answered before the gateway is should leave it until the next attempt.
RETRY_SECONDS: Final = 2.0

#: Longer credentials are refused without asking.
MAX_CREDENTIAL_BYTES: Final = 4_096


class QuestionLimits(NamedTuple):
    """What questions may take.

    Parameters
    ----------
    max_bytes
        Of all pages of one answer together, unpacked.
    max_rows
        Of all pages of one answer together.
    connect_seconds
        Until a connection is there, TLS included.
    question_seconds
        From the first byte sent until the last page has been read.
    caller_seconds
        Until a caller is answered, while the question goes on; Claude Code gives up after 3.
    waiting_seconds
        Until a question may begin, where too many are under way.
    max_questions
        Under way at a time.
    reserved_questions
        Of these, those that are left to credentials that were accepted before.
    pace_seconds
        From when some questions begin until the next begin, where some have to wait: callers whose keys are known
        share the event loop with them.
    begun_together
        How many begin then: two in one go hold up fewer of these callers than one in half the time.
    max_waiting
        Credentials that wait for a question to begin: of those that were accepted before, and of all others.
    """

    max_bytes: int = 16 << 20
    max_rows: int = 100_000
    connect_seconds: float = 3
    question_seconds: float = 10
    caller_seconds: float = 2.5
    waiting_seconds: float = 10
    max_questions: int = 32
    reserved_questions: int = 8
    pace_seconds: float = 0.008
    begun_together: int = 2
    max_waiting: int = 1_024


LIMITS: Final = QuestionLimits()

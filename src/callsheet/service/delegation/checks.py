"""KeyChecks: has the gateway judge the credentials of a request that are not known here, before it is answered.

Whatever happens, `State.grants` then holds a verdict for each, from which the request is answered as any other. A
question is a separate task, so a caller who leaves ends none that others wait for.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from traceback import format_exc
from typing import Final

from anyio.to_thread import run_sync

from callsheet.api.grants import Grants, Verdict
from callsheet.api.request import Request
from callsheet.api.state import State
from callsheet.domain.access.delegation import KeyMode
from callsheet.domain.errors import InvalidError, OverloadedError
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.service.delegation.asking import Around, Asker
from callsheet.service.delegation.circles import Circle
from callsheet.service.delegation.comparing import Differences, compare
from callsheet.service.delegation.counts import KeyCounts
from callsheet.service.delegation.deciding import Outcome, accepted_before, decide, stale_until
from callsheet.service.delegation.key_source import KeySource, read_key_source
from callsheet.service.delegation.limits import (
    AWAY_SECONDS,
    LIMITS,
    RETRY_SECONDS,
    QuestionLimits,
)
from callsheet.service.delegation.observing import Observation
from callsheet.service.delegation.own_secret import OwnSecret
from callsheet.service.delegation.replies import Away, Listed, Refused, Reply
from callsheet.service.delegation.slots import FullError, Slots
from callsheet.service.delegation.standing import Condition, Standing
from callsheet.service.delegation.unknown import Credential, must_be_asked, unknown_credentials
from callsheet.sources.secret_texts import SecretTexts

_log = logging.getLogger("callsheet")

_MAX_PROMPT_ROWS: Final = 500  # that are compared at once


class _Loop:
    """What belongs to one event loop: connections, and the questions that are under way."""

    def __init__(self, limits: QuestionLimits, clock: Clock, counts: KeyCounts) -> None:
        self.loop = asyncio.get_running_loop()
        self.asker = Asker(limits, clock)
        self.own_secret = OwnSecret(self.asker, clock)
        self.slots = Slots(limits)
        self.observation = Observation(counts)
        self.questions: dict[tuple[Grants, bytes, bytes], asyncio.Task[bool]] = {}

    async def close(self) -> None:
        """End every question, and close the connections."""
        questions = list(self.questions.values())
        for each in questions:
            each.cancel()
        await asyncio.gather(*questions, return_exceptions=True)
        await self.asker.close()


class KeyChecks:
    """Asks about keys; for an application, which may run in one event loop after the other.

    Parameters
    ----------
    clock
        Where the time comes from.
    limits
        What questions may take.
    """

    def __init__(self, clock: Clock = SYSTEM_CLOCK, limits: QuestionLimits = LIMITS) -> None:
        self._clock = clock
        self._limits = limits
        self._here: _Loop | None = None
        self._circle = Circle()
        self._read: tuple[Mapping[str, object] | None, KeySource | None] = None, None
        self.counts = KeyCounts()
        self.standing = Standing(clock)

    @property
    def under_way(self) -> int:
        """How many questions are under way."""
        return 0 if self._here is None else self._here.slots.under_way

    @property
    def waiting(self) -> int:
        """How many credentials wait for a question to begin."""
        return 0 if self._here is None else self._here.slots.waiting

    def must_ask(self, state: State, request: Request) -> bool:
        """Return whether ``request`` has a credential that `settle` has to ask about."""
        return must_be_asked(state, request)

    async def settle(self, state: State, headers: Mapping[bytes, bytes], now: float, asked_by: bytes = b"") -> None:
        """Make sure that ``state.grants`` has a verdict for each credential that ``state`` does not know.

        Parameters
        ----------
        state, headers
            The installation, whose ``delegation`` is not None, and the headers of the request as `read_headers`
            gives them.
        now
            Seconds since the epoch.
        asked_by
            The header in which another installation that asks says whom the question comes from.

        Raises
        ------
        OverloadedError
            Too many credentials wait already, or the gateway takes longer than a caller waits; the question goes on
            then, so that a later request finds its answer.
        """
        source = self._source_of(state)
        if source is None:
            return
        end = asyncio.get_running_loop().time() + self._limits.caller_seconds
        for credential in unknown_credentials(state, headers, now):
            if self._is_circle(source, state, asked_by):
                continue
            question = self._begin(state, source, credential, asked_by)
            if self._is_away and self._serves_last(state.grants, credential):
                continue
            has_begun = await _ended(question, end)
            if has_begun is None and not self._serves_last(state.grants, credential):
                raise _overloaded(RETRY_SECONDS)
            if has_begun is False:
                self.counts.overloaded += 1
                raise _overloaded(AWAY_SECONDS)

    async def close(self) -> None:
        """End all questions and close all connections; a later request opens others."""
        here, self._here = self._here, None
        if here is not None and here.loop is asyncio.get_running_loop():
            await here.close()

    def _source_of(self, state: State) -> KeySource | None:
        record, source = self._read
        if record is not state.key_source:
            try:
                source = None if state.key_source is None else read_key_source(state.key_source)
            except InvalidError as error:
                _log.error("The source that is asked about keys cannot be: %s", error)
                source = None
            self._read = state.key_source, source
            self.standing.reset()
        return source

    def _is_circle(self, source: KeySource, state: State, asked_by: bytes) -> bool:
        """Whether the gateway leads back to this installation, so that it must not be asked."""
        if self._circle.is_own(asked_by):
            self.standing.is_itself(
                source.name,
                f"{source.url} leads back to this installation; give the URL of the gateway itself.",
            )
        return self.standing.condition is Condition.ITSELF or self._circle.is_closed(
            asked_by, state.organization_id
        )

    @property
    def _is_away(self) -> bool:
        """Whether the gateway was away a moment ago, so that those accepted before need not wait for it."""
        return self.standing.condition in (Condition.AWAY, Condition.OUTAGE)

    def _serves_last(self, grants: Grants, credential: Credential) -> bool:
        """Let the last answer about a credential serve while its question goes on; False if there is none."""
        now, last = self._clock.time(), grants.last(credential.secret, credential.client)
        if not accepted_before(last, now):
            return False
        grants.keep(credential.secret, stale_until(last, now), credential.client)
        return True

    def _begin(
        self, state: State, source: KeySource, credential: Credential, asked_by: bytes
    ) -> asyncio.Task[bool]:
        """Ask about a credential, unless a question about it is under way."""
        here = self._here
        if here is None or here.loop is not asyncio.get_running_loop():
            here = self._here = _Loop(self._limits, self._clock, self.counts)
        name = state.grants, credential.secret, credential.client
        question = here.questions.get(name)
        if question is None:
            sent = self._circle.extended(asked_by, state.organization_id)
            around = Around(state.organization_id, state.catalog, sent, credential.client)
            question = here.loop.create_task(self._question(here, state, source, credential, around))
            here.questions[name] = question
            question.add_done_callback(lambda _: here.questions.pop(name, None))
        return question

    async def _question(
        self, here: _Loop, state: State, source: KeySource, credential: Credential, around: Around
    ) -> bool:
        """Ask, and remember what comes of it; return False if too many credentials wait."""
        last = state.grants.last(credential.secret, credential.client)
        try:
            async with here.slots.slot(is_known=accepted_before(last, self._clock.time())):
                asked_at, sent_at = self._clock.time(), self._clock.monotonic()
                reply = await self._reply(here, source, credential, around)
                if isinstance(reply, Listed):
                    await here.own_secret.compare(source, around, sent_at)
                is_outage = (
                    isinstance(reply, Refused)
                    and accepted_before(last, self._clock.time())
                    and await here.own_secret.is_refused(source, around)
                )
        except FullError:
            return False
        now = self._clock.time()
        outcome, until = decide(reply, last, asked_at, now, is_outage=is_outage)
        self._remember(state.grants, credential, reply, outcome, asked_at, now, until)
        self._note(source, reply, is_outage=is_outage, was_accepted=accepted_before(last, now))
        if isinstance(reply, Listed) and source.mode is KeyMode.OBSERVE:
            await self._observe(here, state, source, reply)
        return True

    async def _reply(self, here: _Loop, source: KeySource, credential: Credential, around: Around) -> Reply:
        secret = credential.secret.decode("ascii")
        try:
            return await here.asker.ask(source, secret, credential.form, around)
        except Exception:  # whatever it was, the callers who wait need an answer
            known = SecretTexts(secret)
            _log.error("A question about a key to source %s failed.\n%s", source.name, known.hide(format_exc()))
            return Away("the question failed; the log says why.")

    def _remember(
        self,
        grants: Grants,
        credential: Credential,
        reply: Reply,
        outcome: Outcome,
        asked_at: float,
        now: float,
        until: float,
    ) -> None:
        self.counts.outcomes[outcome] += 1
        secret, _, client = credential
        match outcome:
            case Outcome.ASKED if isinstance(reply, Listed):
                grants.put(secret, Verdict.ACCEPTED, reply.models, asked_at, until, client)
            case Outcome.STALE:
                grants.keep(secret, until, client)
            case Outcome.REFUSED:
                grants.put(secret, Verdict.REFUSED, None, now, until, client)
            case _:
                grants.put(secret, Verdict.AWAY, None, now, until, client)

    def _note(self, source: KeySource, reply: Reply, *, is_outage: bool, was_accepted: bool) -> None:
        """Note how asking goes."""
        standing = self.standing
        match reply:
            case Away(sentence, is_loop=True):
                standing.is_itself(source.name, sentence)
            case Away(sentence):
                standing.is_away(source.name, sentence)
            case Refused() if is_outage:
                standing.is_outage(source.name)
            case Refused() if standing.condition is Condition.OUTAGE and not was_accepted:
                pass  # a wrong key is refused during an outage as well
            case _:
                standing.is_up(source.name)

    async def _observe(self, here: _Loop, state: State, source: KeySource, reply: Listed) -> None:
        """Compare what the gateway lists with what would be shown."""
        delegation = state.delegation
        workspace_id = state.default_workspace_id
        if delegation is not None and delegation.workspace_id is not None:
            workspace_id = delegation.workspace_id
        workspace = state.workspaces.get(workspace_id)
        if workspace is None:
            return
        models, catalog, rules = reply.models, state.catalog, workspace.visibility
        differences = here.observation.find(models, catalog, rules)
        if differences is None:
            differences = await _work(len(models), partial(compare, models, catalog, rules))
        here.observation.record(source.name, models, catalog, rules, differences)


async def _ended(question: asyncio.Task[bool], end: float) -> bool | None:
    """Return what a question comes to; None if it has not ended at ``end``, by the clock of the event loop.

    It goes on then, and if the caller who waits is cancelled.
    """
    await asyncio.wait((question,), timeout=max(0.0, end - asyncio.get_running_loop().time()))
    if not question.done():
        return None
    return not question.cancelled() and question.result()  # it is cancelled as the application ends


def _overloaded(retry_after: float) -> OverloadedError:
    error = OverloadedError("Overloaded")
    error.retry_after = retry_after
    return error


async def _work(rows: int, do: Callable[[], Differences]) -> Differences:
    """Return what ``do`` returns, on a thread if it works on so many rows that it would hold up the event loop."""
    return do() if rows <= _MAX_PROMPT_ROWS else await run_sync(do)

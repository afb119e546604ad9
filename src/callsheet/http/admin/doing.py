"""What a call does in the database, on a thread: authenticate, read or change, and word the answer."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from callsheet.api.request import Header
from callsheet.api.state import State
from callsheet.domain.access.admin_key import allows
from callsheet.domain.access.administrator import Administrator
from callsheet.domain.errors import CallsheetError
from callsheet.domain.times import EPOCH
from callsheet.http.admin.admitting import Admission
from callsheet.http.admin.asking import Head
from callsheet.http.admin.endpoint import Answer, Asked, Body, Doing, Endpoint, Input, Query
from callsheet.http.admin.errors import AdminError, Code, refusal_of
from callsheet.service.apply import rehearse
from callsheet.service.giving_way import giving_way
from callsheet.service.ids import NewThings
from callsheet.service.moments.kept import KeptMoments
from callsheet.service.sync.guard import UpstreamGuard
from callsheet.storage.store import Store, Within
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.transactions.read_admin import GivenAnswer, UnknownCursorError
from callsheet.storage.transactions.write import WriteTransaction

#: For how long the answer to a request with an idempotency key is kept.
KEPT_ANSWER: Final = timedelta(hours=24)

#: For how long a body is read for those who have been looked up, and of how many that is remembered.
_KNOWN: Final = timedelta(seconds=10)
_MAX_KNOWN: Final = 1000
_NOBODY: Final = (None, EPOCH)

_SWEEP_INTERVAL: Final = timedelta(minutes=10)

_REPEATED: Final = "This repeats an earlier request, which was answered with the secret; it is shown once."


class Done(NamedTuple):
    """A call that was answered.

    Parameters
    ----------
    status, body
        Of the answer; the body as JSON.
    headers
        That only this answer has.
    by
        Who asked.
    """

    status: int
    body: bytes
    headers: tuple[Header, ...]
    by: Administrator


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call, as far as it is known without the database.

    Parameters
    ----------
    endpoint, ids
        As the path says.
    query, body
        As the endpoint has them.
    admission
        By what it is let in.
    head
        The headers.
    digest
        What equal requests share.
    now, state
        The time (aware), and what is served.
    guard
        Which upstreams sources may be set to.
    private
        Where webhooks may go beside public addresses.
    max_ids
        Models of each group that a plan names; None for all, as `callsheet.domain.plan.plan.Plan.record` has it.
    """

    endpoint: Endpoint
    ids: Mapping[str, str]
    query: Query
    body: Input | None
    admission: Admission
    head: Head
    digest: str
    now: datetime
    state: State
    guard: UpstreamGuard
    private: Sequence[str] = ()
    max_ids: int | None = None

    def admit(self, reading: ReadTransaction) -> Administrator:
        """Return who asks; AdminError if they are not let in."""
        return self.admission.admit(reading, self.endpoint.scope, self.now, self.state)

    def asked(self, by: Administrator, moments: KeptMoments | None = None) -> Asked:
        """Return what the handlers of the endpoint get, as ``by`` asks it; ``moments`` is as in `Asked`."""
        body = Body() if self.body is None else self.body
        return Asked(
            self.ids,
            self.query,
            body,
            self.now,
            by,
            self.state,
            self.guard,
            private=self.private,
            moments=moments,
        )


class Worker:
    """Does calls, each in one transaction; callable from several threads.

    Parameters
    ----------
    store
        The database.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[bytes, tuple[Administrator, datetime]] = {}
        self._swept_at: datetime | None = None
        self._sweeping = threading.Lock()
        self._moments = KeptMoments()

    def authenticate(self, endpoint: Endpoint, admission: Admission, now: datetime, state: State) -> Administrator:
        """Return who sends a request whose body is still to be read; AdminError if they are not let in.

        Who was found a moment ago need not be looked up again, as `read` and `change` do that in any case.
        """
        with _refusing(), giving_way():
            admission.check_form(state)
            known, until = self._known.get(admission.digest, _NOBODY)
            if known is not None and now < until and allows(known.scopes, endpoint.scope):
                return known
            with self._store.read() as reading:
                by = admission.admit(reading, endpoint.scope, now, state)
            if len(self._known) >= _MAX_KNOWN:
                self._known = {}
            self._known[admission.digest] = by, now + _KNOWN
            return by

    def reading(self) -> AbstractContextManager[ReadTransaction]:
        """Return a transaction in which several calls can be read; StorageError if the database cannot be used."""
        return self._store.read()

    def read(self, wanted: Wanted, within: ReadTransaction | None = None) -> Done:
        """Answer a call that changes nothing; AdminError if it is refused.

        What the database refuses ``within`` a transaction is raised as StorageError where that ends.
        """
        with _refusing(), giving_way():
            wanted.admission.check_form(wanted.state)
            with self._store.read() if within is None else nullcontext(within) as reading:
                by = wanted.admit(reading)
                revision = _revision(reading)
                _check_match(wanted.head, revision)
                assert wanted.endpoint.read is not None  # noqa: S101  # it changes nothing
                answer = wanted.endpoint.read(reading, wanted.asked(by, self._moments))
                return Done(wanted.endpoint.status, _json(_plain(answer)), (_etag(revision),), by)

    def run(self, wanted: Wanted) -> Done:
        """Answer a call that opens transactions itself; AdminError if it is refused."""
        with _refusing(), giving_way():
            with self._store.read() as reading:
                by = wanted.admit(reading)
                _check_match(wanted.head, _revision(reading))
            assert wanted.endpoint.run is not None  # noqa: S101  # it is neither read nor changed in one
            answer = wanted.endpoint.run(self._store, wanted.asked(by))
            with self._store.read() as reading:
                return Done(wanted.endpoint.status, _json(_plain(answer)), (_etag(_revision(reading)),), by)

    def change(self, wanted: Wanted) -> Done:
        """Make the changes of a call and answer it, all in one transaction; AdminError if it is refused."""
        with _refusing(), giving_way():
            by = self.authenticate(wanted.endpoint, wanted.admission, wanted.now, wanted.state)
            if wanted.endpoint.check is not None:
                wanted.endpoint.check(self._store, wanted.asked(by))
            if getattr(wanted.query, "dry_run", "false") == "true":
                return self._rehearse(wanted, by)
            sweeps = wanted.head.idempotency_key is not None and self._is_due(wanted.now)
            with self._store.write(by.actor, wanted.now, wanted.head.reason) as writing:
                if sweeps:
                    writing.drop_answers(wanted.now - KEPT_ANSWER)
                return _change(writing, wanted, by)

    def _rehearse(self, wanted: Wanted, by: Administrator) -> Done:
        endpoint = wanted.endpoint

        def act(rehearsal: Any, new: NewThings) -> None:
            wanted.admit(rehearsal.transaction)
            _check_match(wanted.head, _revision(rehearsal.transaction))
            asked = wanted.asked(by)
            assert endpoint.act is not None  # noqa: S101  # it changes something
            endpoint.act(Doing(rehearsal, new, asked), asked)

        plan = rehearse(self._store, act, wanted.now, wanted.state.options, wanted.state)
        return Done(200, _json({"type": "plan", **plan.record(wanted.max_ids)}), (_etag(plan.base_revision),), by)

    def _is_due(self, now: datetime) -> bool:
        """Whether this thread is to drop old answers."""
        with self._sweeping:
            due = self._swept_at is None or now - self._swept_at >= _SWEEP_INTERVAL
            if due:
                self._swept_at = now
            return due


def _change(writing: WriteTransaction, wanted: Wanted, expected: Administrator) -> Done:
    endpoint, head = wanted.endpoint, wanted.head
    by = wanted.admit(writing)  # their admin key may have been archived just now
    if by.id != expected.id:
        raise AdminError(Code.INVALID_CREDENTIAL, "The admin key no longer works.")
    if head.idempotency_key is not None:
        given = writing.given_answer(by.id, head.idempotency_key)
        if given is not None:
            return _repeat(given, wanted, by)
    _check_match(head, _revision(writing))
    asked = wanted.asked(by)
    assert endpoint.act is not None and endpoint.show is not None  # noqa: S101, PT018  # it changes something
    result = endpoint.act(Doing(Within(writing), NewThings(), asked), asked)
    answer = _plain(endpoint.show(writing, asked, result))
    revision = _revision(writing)
    if head.idempotency_key is not None:
        secrets = {name: None for name in endpoint.shown_once if name in answer}
        had_secret = any(answer[name] for name in secrets)
        content = {"body": {**answer, **secrets}, "revision": revision, "had_secret": had_secret}
        writing.keep_answer(
            by.id, head.idempotency_key, GivenAnswer(wanted.digest, endpoint.status, content), wanted.now
        )
    return Done(endpoint.status, _json(answer), (_etag(revision),), by)


def _repeat(given: GivenAnswer, wanted: Wanted, by: Administrator) -> Done:
    """The answer that an equal request got before, without its secret."""
    if given.request_digest != wanted.digest:
        raise AdminError(
            Code.IDEMPOTENCY_KEY_REUSED,
            "idempotency-key: another request was sent with this key; send each request with its own.",
            "idempotency-key",
        )
    body = given.answer["body"]
    if given.answer["had_secret"]:
        body = {**body, "note": _REPEATED}
    headers = (_etag(given.answer["revision"]), (b"idempotency-replayed", b"true"))
    return Done(given.status, _json(body), headers, by)


def _check_match(head: Head, revision: int) -> None:
    if head.if_match is not None and revision not in head.if_match:
        raise AdminError(
            Code.CHANGED_CONCURRENTLY,
            f"if-match: the revision is {revision}, and not one of those that were sent; read again what is to be "
            "changed, and send the etag of that answer.",
            "if-match",
            [_etag(revision)],
        )


def _revision(reading: ReadTransaction) -> int:
    installation = reading.installation()
    return 0 if installation is None else installation.revision


def _etag(revision: int) -> Header:
    return b"etag", b'"%d"' % revision


def _plain(answer: Answer) -> dict[str, Any]:
    return answer.model_dump(mode="json") if isinstance(answer, BaseModel) else dict(answer)


def _json(answer: Mapping[str, Any]) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


@contextmanager
def _refusing() -> Iterator[None]:
    """Raise what the services raise, and unknown cursors, as AdminError."""
    try:
        yield
    except CallsheetError as error:
        raise refusal_of(error) from error
    except UnknownCursorError as error:
        name = str(error)
        raise AdminError(Code.INVALID_CURSOR, f"Invalid pagination cursor for '{name}'", name) from None

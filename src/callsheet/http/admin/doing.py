"""What a call does in the database, on a thread: authenticate, read or change, and word the answer."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from callsheet.api.request import Header
from callsheet.api.state import State
from callsheet.domain.access.admin_key import AdminKey, Scope, allows
from callsheet.domain.access.secret import fingerprint, may_be_admin_secret
from callsheet.domain.errors import CallsheetError
from callsheet.http.admin.asking import Head, Secrets
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

#: For how long a body is read for an admin key that has been looked up, and of how many that is remembered.
_KNOWN: Final = timedelta(seconds=10)
_MAX_KNOWN_KEYS: Final = 1000

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
    key
        Who asked.
    """

    status: int
    body: bytes
    headers: tuple[Header, ...]
    key: AdminKey


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call, as far as it is known without the database.

    Parameters
    ----------
    endpoint, ids
        As the path says.
    query, body
        As the endpoint has them.
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
    moments
        What is known of the moments that were read last.
    """

    endpoint: Endpoint
    ids: Mapping[str, str]
    query: Query
    body: Input | None
    head: Head
    digest: str
    now: datetime
    state: State
    guard: UpstreamGuard
    private: Sequence[str] = ()
    moments: KeptMoments = field(default_factory=KeptMoments)

    def asked(self, key: AdminKey) -> Asked:
        """Return what the handlers of the endpoint get, as ``key`` asks it."""
        body = Body() if self.body is None else self.body
        return Asked(
            self.ids,
            self.query,
            body,
            self.now,
            key,
            actor_of(key),
            self.state,
            self.guard,
            private=self.private,
            moments=self.moments,
        )


def actor_of(key: AdminKey) -> str:
    """Return what change records call those who ask with ``key``."""
    return f"admin:{key.id}"


class Worker:
    """Does calls, each in one transaction; callable from several threads.

    Parameters
    ----------
    store
        The database.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[bytes, tuple[AdminKey, datetime]] = {}
        self._swept_at: datetime | None = None
        self._sweeping = threading.Lock()

    def authenticate(self, endpoint: Endpoint, secrets: Secrets, now: datetime, state: State) -> AdminKey:
        """Return the admin key of a request whose body is still to be read; AdminError if there is none.

        What was found a moment ago need not be looked up again, as `read` and `change` do that in any case.
        """
        with _refusing(), giving_way():
            check_form(secrets, state)
            known = [self._known.get(fingerprint(secret)) for secret in secrets.found]
            for key, until in filter(None, known if len(known) == 1 else ()):
                if now < until and key.fault(now) is None and allows(key.scopes, endpoint.scope):
                    return key
            with self._store.read() as reading:
                key = _admit(reading, endpoint, secrets, now, state)
            if len(self._known) >= _MAX_KNOWN_KEYS:
                self._known = {}
            self._known[key.fingerprint] = key, now + _KNOWN
            return key

    def read(self, wanted: Wanted) -> Done:
        """Answer a call that changes nothing; AdminError if it is refused."""
        with _refusing(), giving_way():
            check_form(wanted.head.secrets, wanted.state)
            with self._store.read() as reading:
                key = _admit(reading, wanted.endpoint, wanted.head.secrets, wanted.now, wanted.state)
                revision = _revision(reading)
                _check_match(wanted.head, revision)
                assert wanted.endpoint.read is not None  # noqa: S101  # it changes nothing
                answer = wanted.endpoint.read(reading, wanted.asked(key))
                return Done(wanted.endpoint.status, _json(_plain(answer)), (_etag(revision),), key)

    def run(self, wanted: Wanted) -> Done:
        """Answer a call that opens transactions itself; AdminError if it is refused."""
        with _refusing(), giving_way():
            with self._store.read() as reading:
                key = _admit(reading, wanted.endpoint, wanted.head.secrets, wanted.now, wanted.state)
                _check_match(wanted.head, _revision(reading))
            assert wanted.endpoint.run is not None  # noqa: S101  # it is neither read nor changed in one
            answer = wanted.endpoint.run(self._store, wanted.asked(key))
            with self._store.read() as reading:
                return Done(wanted.endpoint.status, _json(_plain(answer)), (_etag(_revision(reading)),), key)

    def change(self, wanted: Wanted) -> Done:
        """Make the changes of a call and answer it, all in one transaction; AdminError if it is refused."""
        with _refusing(), giving_way():
            key = self.authenticate(wanted.endpoint, wanted.head.secrets, wanted.now, wanted.state)
            if wanted.endpoint.check is not None:
                wanted.endpoint.check(self._store, wanted.asked(key))
            if getattr(wanted.query, "dry_run", "false") == "true":
                return self._rehearse(wanted, key)
            sweeps = wanted.head.idempotency_key is not None and self._is_due(wanted.now)
            with self._store.write(actor_of(key), wanted.now, wanted.head.reason) as writing:
                if sweeps:
                    writing.drop_answers(wanted.now - KEPT_ANSWER)
                return _change(writing, wanted, key)

    def _rehearse(self, wanted: Wanted, key: AdminKey) -> Done:
        endpoint = wanted.endpoint

        def act(rehearsal: Any, new: NewThings) -> None:
            _admit(rehearsal.transaction, endpoint, wanted.head.secrets, wanted.now, wanted.state)
            _check_match(wanted.head, _revision(rehearsal.transaction))
            asked = wanted.asked(key)
            assert endpoint.act is not None  # noqa: S101  # it changes something
            endpoint.act(Doing(rehearsal, new, asked), asked)

        plan = rehearse(self._store, act, wanted.now, wanted.state.options)
        return Done(200, _json({"type": "plan", **plan.record()}), (_etag(plan.base_revision),), key)

    def _is_due(self, now: datetime) -> bool:
        """Whether this thread is to drop old answers."""
        with self._sweeping:
            due = self._swept_at is None or now - self._swept_at >= _SWEEP_INTERVAL
            if due:
                self._swept_at = now
            return due


def _change(writing: WriteTransaction, wanted: Wanted, actor: AdminKey) -> Done:
    endpoint, head = wanted.endpoint, wanted.head
    key = _admit(writing, endpoint, head.secrets, wanted.now, wanted.state)  # it may have been archived just now
    if key.id != actor.id:
        raise AdminError(Code.INVALID_CREDENTIAL, "The admin key no longer works.")
    if head.idempotency_key is not None:
        given = writing.given_answer(key.id, head.idempotency_key)
        if given is not None:
            return _repeat(given, wanted, key)
    _check_match(head, _revision(writing))
    asked = wanted.asked(key)
    assert endpoint.act is not None and endpoint.show is not None  # noqa: S101, PT018  # it changes something
    result = endpoint.act(Doing(Within(writing), NewThings(), asked), asked)
    answer = _plain(endpoint.show(writing, asked, result))
    revision = _revision(writing)
    if head.idempotency_key is not None:
        secrets = {name: None for name in endpoint.shown_once if name in answer}
        had_secret = any(answer[name] for name in secrets)
        content = {"body": {**answer, **secrets}, "revision": revision, "had_secret": had_secret}
        writing.keep_answer(
            key.id, head.idempotency_key, GivenAnswer(wanted.digest, endpoint.status, content), wanted.now
        )
    return Done(endpoint.status, _json(answer), (_etag(revision),), key)


def _repeat(given: GivenAnswer, wanted: Wanted, key: AdminKey) -> Done:
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
    return Done(given.status, _json(body), headers, key)


def check_form(secrets: Secrets, state: State) -> None:
    """Raise AdminError if there is nothing that could be an admin key, before the database is asked."""
    if not secrets.found:
        raise AdminError(
            Code.NO_CREDENTIAL, "An admin key is required: send it as x-api-key, or as Authorization: Bearer."
        )
    if not any(map(may_be_admin_secret, secrets.found)):
        raise _invalid(secrets, state)


def _invalid(secrets: Secrets, state: State) -> AdminError:
    if any(state.keyring.find(secret.encode("latin-1")) is not None for secret in secrets.found):
        return AdminError(
            Code.CLIENT_KEY,
            "This is an API key of the Models API, which administers nothing; send an admin key (sk-cs-admin-…).",
        )
    return AdminError(Code.INVALID_CREDENTIAL, "invalid admin key")


def _admit(reading: ReadTransaction, endpoint: Endpoint, secrets: Secrets, now: datetime, state: State) -> AdminKey:
    """The admin key by which a request is authenticated, after a check of what it may do."""
    fault, lacking = None, None
    for secret in filter(may_be_admin_secret, secrets.found):
        key = reading.admin_key_with(fingerprint(secret))
        if key is None:
            continue
        fault = key.fault(now)
        if fault is not None:
            continue
        if allows(key.scopes, endpoint.scope):
            return key
        lacking = key
    if lacking is not None:
        needed = " or ".join(dict.fromkeys((endpoint.scope, Scope.ALL)))
        raise AdminError(
            Code.SCOPE_MISSING,
            f"This needs an admin key with the scope {needed}; this one has {', '.join(lacking.scopes)}.",
        )
    if fault is not None:
        raise AdminError(Code.INVALID_CREDENTIAL, f"The admin key does not work: {fault}.")
    raise _invalid(secrets, state)


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

"""Sessions: signing in at the console and out of it."""

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.access.administrator import administrator_with
from callsheet.domain.access.secret import fingerprint, may_be_admin_secret
from callsheet.domain.access.session import (
    MAX_LINK,
    MAX_SESSION,
    USER_ACTOR,
    Session,
    SignInLink,
    link_name,
    user_fingerprint,
)
from callsheet.domain.errors import DoesNotExistError, InvalidError, StorageError
from callsheet.domain.hints import Hint
from callsheet.service.ids import make_id
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.transactions.write import WriteTransaction

#: How exactly it is known when someone was last there, so that most pages write nothing.
SEEN_INTERVAL: Final = timedelta(minutes=5)

#: The actor of what is written, which no change record names.
_ACTOR: Final = "callsheet"

_TOKEN_BYTES: Final = 32

_NO_LINK: Final = "This link has already been used, or has expired"


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just begun, with its token, which only the browser keeps."""

    session: Session
    token: str = field(repr=False)


class SessionService:
    """Who is signed in, of one installation.

    Parameters
    ----------
    store
        The database.
    clock
        Where the time comes from (aware).

    Each method may also raise StorageError: the database cannot be used.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def sign_in(self, secret: str) -> NewSession:
        """Begin a session with an admin key.

        Raises
        ------
        InvalidError
            It is not the secret of an admin key, or of one that does not work.
        """
        if not may_be_admin_secret(secret):
            raise InvalidError("This is not the secret of an admin key; one begins with sk-cs-admin-.")
        with self._store.write(_ACTOR, self._now()) as writing:
            key = writing.admin_key_with(fingerprint(secret))
            if key is None:
                raise InvalidError("There is no admin key with this secret.")
            fault = key.fault(writing.now)
            if fault is not None:
                raise InvalidError(f"This admin key does not work: {fault}.")
            by = administrator_with(key)
            return self._begin_new(writing, key.name, by.actor, by.scopes, key.id)

    def follow_link(self, token: str) -> NewSession:
        """Begin a session with a link; it works once. InvalidError if it was used, has expired or is none."""
        digest = fingerprint(token)
        with self._store.write(_ACTOR, self._now()) as writing:
            link = writing.sign_in_link_with(digest)
            if link is None or not writing.take_sign_in_link(digest) or link.expires_at <= writing.now:
                raise InvalidError(_NO_LINK, hint=Hint.MAKE_SIGN_IN_LINK)
            return self._begin_new(writing, link.name, link.actor, link.scopes)

    def of_user(self, name: str, scopes: Sequence[Scope]) -> Session:
        """Return the session of someone whom an authenticating proxy names; it begins if there is none.

        All their browsers share it, and those who may do something else have another.
        """
        digest = user_fingerprint(name, scopes)
        session = self._find(digest)
        if session is not None:
            return session
        with self._store.write(_ACTOR, self._now()) as writing:
            begun = find_session(writing, digest, writing.now)  # by another request, meanwhile
            if begun is not None:
                return begun
            writing.drop_session(digest)
            return self._begin(writing, digest, name, f"{USER_ACTOR}{name}", tuple(scopes))

    def make_link(self, person: str, scopes: Sequence[Scope]) -> str:
        """Make a link that signs ``person`` in once, within `MAX_LINK`; return its token.

        An empty ``person`` is an account of the host without a name.
        """
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        with self._store.write(_ACTOR, self._now()) as writing:
            writing.drop_old_sign_in_links(writing.now)
            writing.add_sign_in_link(
                SignInLink(
                    fingerprint=fingerprint(token),
                    name=link_name(person),
                    actor=f"{USER_ACTOR}{person}" if person else USER_ACTOR.rstrip(":"),
                    scopes=tuple(scopes),
                    expires_at=writing.now + MAX_LINK,
                )
            )
        return token

    def find(self, token: str) -> Session | None:
        """Return the session with this token, and note that it is in use; None if there is none, or it is over."""
        return self._find(fingerprint(token))

    def is_over(self, token: str) -> bool:
        """Return whether there was a session with this token, not long ago, that has ended by itself."""
        with self._store.read() as reading:
            return reading.session_with(fingerprint(token)) is not None

    def list(self) -> Sequence[Session]:
        """Return who is signed in, oldest first."""
        with self._store.read() as reading:
            return present_sessions(reading, self._now())

    def end(self, session_id: str) -> Session:
        """End a session at once, and return it; DoesNotExistError if there is none with this id, or it is over."""
        with self._store.write(_ACTOR, self._now()) as writing:
            found = next((each for each in present_sessions(writing, writing.now) if each.id == session_id), None)
            if found is None:
                raise DoesNotExistError(f"There is no session {session_id[:80]!r}; it may have ended.")
            writing.drop_session(found.fingerprint)
            return found

    def end_all(self) -> Sequence[Session]:
        """End every session at once, and return them; links that were not followed yet no longer work."""
        with self._store.write(_ACTOR, self._now()) as writing:
            found = present_sessions(writing, writing.now)
            writing.drop_every_session()
            return found

    def sign_out(self, session: Session, *, everywhere: bool = False) -> None:
        """End a session; ``everywhere`` all those of the same actor."""
        with self._store.write(_ACTOR, self._now()) as writing:
            writing.drop_session(session.fingerprint)
            if everywhere:
                writing.drop_sessions_of(session.actor)

    def _find(self, digest: bytes) -> Session | None:
        now = self._now()
        with self._store.read() as reading:
            session = find_session(reading, digest, now)
        if session is not None and now - session.seen_at >= SEEN_INTERVAL:
            with suppress(StorageError), self._store.write(_ACTOR, now) as writing:  # else with the next page
                writing.note_session_seen(session.id, now)
        return session

    def _now(self) -> datetime:
        return self._clock().replace(microsecond=0)

    def _begin_new(
        self,
        writing: WriteTransaction,
        name: str,
        actor: str,
        scopes: tuple[Scope, ...],
        admin_key_id: str | None = None,
    ) -> NewSession:
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        return NewSession(self._begin(writing, fingerprint(token), name, actor, scopes, admin_key_id), token)

    def _begin(
        self,
        writing: WriteTransaction,
        digest: bytes,
        name: str,
        actor: str,
        scopes: tuple[Scope, ...],
        admin_key_id: str | None = None,
    ) -> Session:
        now = writing.now
        session = Session(
            id=make_id("session_"),
            fingerprint=digest,
            name=name,
            actor=actor,
            scopes=scopes,
            admin_key_id=admin_key_id,
            created_at=now,
            seen_at=now,
        )
        writing.drop_old_sessions(now - MAX_SESSION)  # until then, browsers have cookies of those that are over
        writing.add_session(session)
        return session


def find_session(reading: ReadTransaction, digest: bytes, now: datetime) -> Session | None:
    """Return the session whose token has this SHA-256; None if there is none, or it is over at ``now``."""
    session = reading.session_with(digest)
    if session is None:
        return None
    keys = [] if session.admin_key_id is None else reading.admin_keys([session.admin_key_id])
    return None if session.has_ended(now, next(iter(keys), None)) else session


def present_sessions(reading: ReadTransaction, now: datetime) -> Sequence[Session]:
    """Return the sessions that are not over at ``now``, oldest first."""
    sessions = reading.sessions()
    ids = {each.admin_key_id for each in sessions if each.admin_key_id is not None}
    keys = {key.id: key for key in reading.admin_keys(ids)}
    return [each for each in sessions if not each.has_ended(now, keys.get(each.admin_key_id or ""))]

"""The messages of PostgreSQL, its client library and the network, each as a sentence for people."""

import re
from typing import Final

import psycopg

from callsheet.domain.errors import StorageError, StorageUnavailableError
from callsheet.domain.hints import Hint
from callsheet.storage.meaning import DAMAGED, FOREIGN, HELD, TABLE_MISSING, Meaning

_FULL: Final = Meaning("cannot grow: the disk is full")
_LOGIN: Final = Meaning("refuses this user or password; correct the URL, PGPASSWORD or the password file")
_REFUSED: Final = Meaning("does not let this user in from here; its administrator can, in pg_hba.conf")
_UNMADE: Final = Meaning("does not exist", hint=Hint.CREATE_WITH_CREATEDB)
_READ_ONLY: Final = Meaning("can only be read: it is a replica, or set to read-only; name the primary")
_FORBIDDEN: Final = Meaning("does not allow this user what is needed ({}); grant it, or name another user")
_TLS: Final = Meaning("cannot be reached over TLS ({}); correct the URL or the certificates")

_BUSY: Final = Meaning("is too busy to answer in time; try again in a moment", StorageUnavailableError)
_CROWDED: Final = Meaning(
    "has no connection left ({}); raise that limit, or let fewer processes connect", StorageUnavailableError
)
_CLOSED: Final = Meaning("closed the connection; try again in a moment", StorageUnavailableError)
_TURNING: Final = Meaning("is starting or stopping; try again in a moment", StorageUnavailableError)
_SILENT: Final = Meaning("did not answer in time; check the server and the network", StorageUnavailableError)
_NO_PRIMARY: Final = Meaning("has no primary at the moment; check the failover", StorageUnavailableError)
_UNREACHED: Final = Meaning(
    "cannot be reached: nothing answers there; start it, or correct host and port", StorageUnavailableError
)
_UNKNOWN_HOST: Final = Meaning(
    "is on a host that is not known; correct the URL, or check the name server", StorageUnavailableError
)

#: By SQLSTATE, or by its class, the first two characters; the full code takes precedence.
_BY_STATE: Final = {
    "08": _CLOSED,
    "25006": _READ_ONLY,
    "25P03": _CLOSED,
    "28000": _REFUSED,
    "28P01": _LOGIN,
    "3D000": _UNMADE,
    "40": HELD,
    "42501": _FORBIDDEN,
    "42P01": TABLE_MISSING,
    "42703": TABLE_MISSING,
    "42P07": FOREIGN,
    "42710": FOREIGN,
    "42723": FOREIGN,
    "53100": _FULL,
    "53300": _CROWDED,
    "55P03": HELD,
    "57014": _BUSY,
    "57": _CLOSED,
    "57P03": _TURNING,
    "58": Meaning("cannot be read or written ({}); check its disk"),
    "XX001": DAMAGED,
    "XX002": DAMAGED,
}

#: Before there is a connection, there is no SQLSTATE either, only text: of the server, the library or the system.
#: Temporary causes come first, as their text may name a role or a database: "too many connections for role".
#: Quoted names are ignored.
_BY_TEXT: Final = (
    ("too many", _CROWDED),
    ("connection slots", _CROWDED),
    ("starting up", _TURNING),
    ("shutting down", _TURNING),
    ("recovery mode", _TURNING),
    ("not accepting connections", _TURNING),
    ("not yet accepting", _TURNING),
    ("password authentication", _LOGIN),
    ("no password", _LOGIN),
    ('role "', _LOGIN),
    ("does not exist", _UNMADE),
    ("pg_hba.conf", _REFUSED),
    ("session is read-only", _NO_PRIMARY),  # the message of the last of several hosts during a failover
    ("not in hot standby", _NO_PRIMARY),
    ("read-only", _READ_ONLY),
    ("permission denied for database", _FORBIDDEN),
    ("refused", _UNREACHED),
    ("no such file", _UNREACHED),
    ("unreachable", _UNREACHED),
    ("no route", _UNREACHED),
    ("failed to resolve", _UNKNOWN_HOST),
    ("not known", _UNKNOWN_HOST),
    ("name resolution", _UNKNOWN_HOST),
    ("could not translate host", _UNKNOWN_HOST),
    ("timeout", _SILENT),
    ("timed out", _SILENT),
    ("no answer", _SILENT),
    ("closed", _CLOSED),
    ("lost", _CLOSED),
    ("reset by peer", _CLOSED),
    ("eof", _CLOSED),  # within TLS, that is how a connection ends
    ("ssl syscall", _CLOSED),
    ("ssl", _TLS),
    ("certificate", _TLS),
    ("connection is bad", Meaning("cannot be reached: {}")),  # a parameter of the connection is
)

#: The part in front of the message that only repeats where the connection was to go.
_WAY: Final = re.compile(r"connection (?:failed|is bad): (?:connection to server .*? failed: )?(?:FATAL: +)?")

_NAME: Final = re.compile('"[^"]*"')

#: Raised while connecting, or where the connection was lost.
_NO_CONNECTION: Final = (psycopg.OperationalError, psycopg.InterfaceError, OSError)

_OTHER: Final = Meaning("failed: {}")
_OTHER_WAY: Final = Meaning("cannot be reached: {}", StorageUnavailableError)


def explain(display_name: str, error: BaseException) -> StorageError:
    """Return what ``error``, of psycopg or the system, means for the database called ``display_name``."""
    state: str | None = getattr(error, "sqlstate", None)
    said = _said(error)
    if state is not None:
        meaning = _BY_STATE.get(state) or _BY_STATE.get(state[:2]) or _OTHER
    else:
        meaning = _of_text(said.lower()) if isinstance(error, _NO_CONNECTION) else _OTHER
    return meaning.error(display_name, _WAY.sub("", said))


def _of_text(said: str) -> Meaning:
    said = _NAME.sub('""', said)
    for part, meaning in _BY_TEXT:
        if part in said:
            return meaning
    return _OTHER_WAY


def _said(error: BaseException) -> str:
    """The message, in one line; of the server, without the place in its source."""
    diagnosis = getattr(error, "diag", None)
    text = (diagnosis and diagnosis.message_primary) or str(error)
    return " ".join(text.split()).rstrip(".")

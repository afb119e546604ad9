"""What PostgreSQL, its client library and the network say, each in a sentence for people."""

import re
from typing import Final, NamedTuple

import psycopg

from callsheet.domain.errors import CorruptDatabaseError, StorageError, StorageUnavailableError


class _Meaning(NamedTuple):
    """What it means, and whether it may be over in a moment. ``{}`` is what was said, where that helps."""

    reason: str
    kind: type[StorageError] = StorageError


_MISSING: Final = _Meaning("lacks a table it should have; restore it from a backup", CorruptDatabaseError)
_FOREIGN: Final = _Meaning("belongs to another program; name another with --database")
_DAMAGED: Final = _Meaning("is damaged; restore it from a backup", CorruptDatabaseError)
_FULL: Final = _Meaning("cannot grow: the disk is full")
_LOGIN: Final = _Meaning("refuses this user or password; correct the URL, PGPASSWORD or the password file")
_REFUSED: Final = _Meaning("does not let this user in from here; its administrator can, in pg_hba.conf")
_UNMADE: Final = _Meaning("does not exist; create it with createdb, or name another with --database")
_READ_ONLY: Final = _Meaning("can only be read: it is a replica, or set to read-only; name the primary")
_FORBIDDEN: Final = _Meaning("does not allow this user what is needed ({}); grant it, or name another user")
_TLS: Final = _Meaning("cannot be reached over TLS ({}); correct the URL or the certificates")

_HELD: Final = _Meaning("is held by another process; try again in a moment", StorageUnavailableError)
_BUSY: Final = _Meaning("is too busy to answer in time; try again in a moment", StorageUnavailableError)
_CROWDED: Final = _Meaning(
    "has no connection left ({}); raise that limit, or let fewer processes connect", StorageUnavailableError
)
_CLOSED: Final = _Meaning("closed the connection; try again in a moment", StorageUnavailableError)
_TURNING: Final = _Meaning("is starting or stopping; try again in a moment", StorageUnavailableError)
_SILENT: Final = _Meaning("did not answer in time; see to the server and the network", StorageUnavailableError)
_NO_PRIMARY: Final = _Meaning("has no primary at the moment; see to the failover", StorageUnavailableError)
_UNREACHED: Final = _Meaning(
    "cannot be reached: nothing answers there; start it, or correct host and port", StorageUnavailableError
)
_UNKNOWN_HOST: Final = _Meaning(
    "is on a host nobody knows; correct the URL, or see to the name server", StorageUnavailableError
)

#: By SQLSTATE, or the class of it that the first two characters are; the full one counts first.
_BY_STATE: Final = {
    "08": _CLOSED,
    "25006": _READ_ONLY,
    "25P03": _CLOSED,
    "28000": _REFUSED,
    "28P01": _LOGIN,
    "3D000": _UNMADE,
    "40": _HELD,
    "42501": _FORBIDDEN,
    "42P01": _MISSING,
    "42703": _MISSING,
    "42P07": _FOREIGN,
    "42710": _FOREIGN,
    "42723": _FOREIGN,
    "53100": _FULL,
    "53300": _CROWDED,
    "55P03": _HELD,
    "57014": _BUSY,
    "57": _CLOSED,
    "57P03": _TURNING,
    "58": _Meaning("cannot be read or written ({}); check its disk"),
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}

#: Before there is a connection, there is no SQLSTATE either, only text: of the server, the library or the system.
#: What passes by itself comes first, as it may be said of a role or a database that is there: "too many connections
#: for role". What is quoted is a name, and is not looked into.
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
    ("session is read-only", _NO_PRIMARY),  # what the last of several hosts says during a failover
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
    ("connection is bad", _Meaning("cannot be reached: {}")),  # a parameter of the connection is
)

#: The way there, which the sentence tells already, before what was said.
_WAY: Final = re.compile(r"connection (?:failed|is bad): (?:connection to server .*? failed: )?(?:FATAL: +)?")

_NAME: Final = re.compile('"[^"]*"')

#: What is raised where there is no connection, or no longer one.
_NO_CONNECTION: Final = (psycopg.OperationalError, psycopg.InterfaceError, OSError)

_OTHER: Final = _Meaning("failed: {}")
_OTHER_WAY: Final = _Meaning("cannot be reached: {}", StorageUnavailableError)


def explain(place: str, error: BaseException) -> StorageError:
    """Return ``error``, of psycopg or the system, as a sentence about the database at ``place``."""
    state: str | None = getattr(error, "sqlstate", None)
    said = _said(error)
    if state is not None:
        meaning = _BY_STATE.get(state) or _BY_STATE.get(state[:2]) or _OTHER
    else:
        meaning = _of_text(said.lower()) if isinstance(error, _NO_CONNECTION) else _OTHER
    return meaning.kind(f"The database {place} {meaning.reason.format(_WAY.sub('', said))}.")


def _of_text(said: str) -> _Meaning:
    said = _NAME.sub('""', said)
    for part, meaning in _BY_TEXT:
        if part in said:
            return meaning
    return _OTHER_WAY


def _said(error: BaseException) -> str:
    """What was said, in one line: of the server only the message, without where in its source it stands."""
    diagnosis = getattr(error, "diag", None)
    text = (diagnosis and diagnosis.message_primary) or str(error)
    return " ".join(text.split()).rstrip(".")

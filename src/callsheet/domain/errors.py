"""The error tree: every error that Callsheet raises on purpose.

Each class below `APIError` has the protocol's ``error.type`` (contract, section 5). HTTP statuses are in one
table, in ``wire/status.py``.

    CallsheetError
    ├── APIError                    answered to a caller of the public API, and raised by the client for it
    │   ├── InvalidRequestError
    │   │   └── MethodNotAllowedError
    │   ├── AuthenticationError
    │   ├── PermissionDeniedError
    │   ├── NotFoundError
    │   │   └── ModelNotFoundError
    │   ├── RequestTooLargeError
    │   ├── RequestTimeoutError
    │   ├── RateLimitError
    │   ├── OverloadedError
    │   └── InternalServerError
    ├── ClientError                 the client got no answer, or one that is not a Models API's
    │   ├── APIConnectionError
    │   │   └── APITimeoutError
    │   ├── APIResponseError
    │   └── PagingError
    ├── RefusedError                a change that is not allowed; nothing was changed
    │   ├── InvalidError            a value is not valid
    │   │   └── ManifestError       a catalogue file is wrong, in one or more places
    │   ├── DoesNotExistError       it names something that does not exist
    │   └── ConflictError           it contradicts something that exists
    ├── StorageError                the database cannot be used
    │   ├── StorageUnavailableError temporarily: it is unreachable, starting or busy; a retry may succeed
    │   │   └── DatabaseReplacedError  one of its files is no longer the one that was opened
    │   ├── ForeignDatabaseError    it holds another installation than the one that is served
    │   └── CorruptDatabaseError    it is corrupt, or has lost rows or tables
    ├── StateFileError              a saved State cannot be used
    ├── SettingsError               the program is configured wrongly
    ├── SourceError                 an upstream's answer cannot be used
    ├── DoctorError                 a server cannot be examined
    └── ServeError                  the server cannot start
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

from callsheet.domain.faults import FileFault
from callsheet.domain.hints import Hint


class CallsheetError(Exception):
    """The root of all errors that this project raises on purpose.

    ``str(error)`` is one sentence for a person: what is wrong and what to do.

    Parameters
    ----------
    problem
        What is wrong, and with what. Without a ``hint``, a whole sentence, which also says what to do; with one, a
        clause without a full stop.
    hint
        What to do, worded by each door for its own users: the command line names a flag, for example.
    hint_about
        The id or name that the remedy applies to, if a door's words need it.
    """

    def __init__(self, problem: str, *, hint: Hint | None = None, hint_about: str | None = None) -> None:
        super().__init__(problem if hint is None else f"{problem}; {hint}.")
        self.problem = problem
        self.hint = hint
        self.hint_about = hint_about


class APIError(CallsheetError):
    """A request that the public API answers with an error envelope.

    Parameters
    ----------
    message
        The text of ``error.message``.

    Attributes
    ----------
    status, request_id, body, retry_after
        Set on errors that the client raises: the HTTP status; the server's request id; the body, parsed if it is
        JSON, else as text; the seconds that the server asked to wait. None where the server did not send it.
    """

    type: ClassVar[str] = "api_error"
    status: int | None = None
    request_id: str | None = None
    body: object = None
    retry_after: float | None = None

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidRequestError(APIError):
    """The request is malformed (400)."""

    type = "invalid_request_error"


class MethodNotAllowedError(InvalidRequestError):
    """The path exists, but not with this method (405)."""


class AuthenticationError(APIError):
    """Credentials are missing, unknown or unusable (401)."""

    type = "authentication_error"


class PermissionDeniedError(APIError):
    """The key is not allowed to do this (403)."""

    type = "permission_error"


class NotFoundError(APIError):
    """No such path, or no such model for this caller (404)."""

    type = "not_found_error"


class ModelNotFoundError(NotFoundError):
    """No such model, or none that this caller may see (404)."""


class RequestTooLargeError(APIError):
    """A part of the request is too large; ``part`` is ``url``, ``headers`` or ``body`` (414, 431, 413)."""

    type = "request_too_large"

    def __init__(self, message: str, part: str) -> None:
        super().__init__(message)
        self.part = part


class RequestTimeoutError(APIError):
    """The request took too long to arrive (408)."""

    type = "timeout_error"


class RateLimitError(APIError):
    """Too many requests (429); ``retry_after`` is when to retry, in whole seconds, where that is known."""

    type = "rate_limit_error"

    def __init__(self, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class OverloadedError(APIError):
    """The server cannot answer this now; a retry may succeed (529)."""

    type = "overloaded_error"


class InternalServerError(APIError):
    """Something unexpected happened; the cause is logged, and not sent (500)."""


class ClientError(CallsheetError):
    """The client got no answer, or one that is not a Models API's.

    Attributes
    ----------
    status, request_id, body
        As in `APIError`; None where there was no answer.
    """

    status: int | None = None
    request_id: str | None = None
    body: object = None


class APIConnectionError(ClientError):
    """The server was not reached, or closed the connection early."""


class APITimeoutError(APIConnectionError):
    """The server did not answer in time."""


class APIResponseError(ClientError):
    """The answer is not a Models API's: a web page, a redirect, invalid or endless JSON."""


class PagingError(ClientError):
    """The server's pages do not end: it ignores the cursor, repeats a page, or sends too few models."""


class RefusedError(CallsheetError):
    """A change that is not allowed. Nothing was changed.

    Parameters
    ----------
    problem, hint, hint_about
        As for `CallsheetError`.
    field
        The member of what was given that is wrong, as the Admin API calls it; None if it is not about a single one.
    """

    def __init__(
        self, problem: str, *, hint: Hint | None = None, hint_about: str | None = None, field: str | None = None
    ) -> None:
        super().__init__(problem, hint=hint, hint_about=hint_about)
        self.field = field


@contextmanager
def about(field: str) -> Iterator[None]:
    """Let a refusal within the block name ``field``, unless it names one already."""
    try:
        yield
    except RefusedError as error:
        error.field = error.field or field
        raise


class InvalidError(RefusedError):
    """A value is not valid."""


class ManifestError(InvalidError):
    """A catalogue file is wrong.

    Parameters
    ----------
    faults
        Everything that was found, at least one fault.
    """

    def __init__(self, faults: Sequence[FileFault]) -> None:
        more = f" There are {len(faults) - 1} more faults." if len(faults) > 1 else ""
        super().__init__(f"{faults[0]}{more}")
        self.faults = tuple(faults)


class DoesNotExistError(RefusedError):
    """The change names something that does not exist."""


class ConflictError(RefusedError):
    """The change contradicts something that exists."""


class StorageError(CallsheetError):
    """The database cannot be used."""


class StorageUnavailableError(StorageError):
    """The database is temporarily unavailable (unreachable, starting, stopping, busy); a retry may succeed.

    Any other StorageError lasts until an operator corrects its cause.
    """


class DatabaseReplacedError(StorageUnavailableError):
    """A file of the database was replaced or removed while it was open; it has to be opened again."""


class ForeignDatabaseError(StorageError):
    """The database holds another installation than the one that is served from memory."""


class CorruptDatabaseError(StorageError):
    """The database is corrupt; restore it from a backup."""


class StateFileError(CallsheetError):
    """A saved State cannot be read, or a State cannot be saved."""


class SettingsError(CallsheetError):
    """The program is configured wrongly."""


class SourceError(CallsheetError):
    """What an upstream answered, or how a source is configured, cannot be used."""


class DoctorError(CallsheetError):
    """A server cannot be examined."""


class ServeError(CallsheetError):
    """The server cannot start."""

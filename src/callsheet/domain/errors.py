"""The error tree: everything Callsheet refuses, by the name the protocol gives it.

Each class carries the protocol's ``error.type`` (contract, section 5). Numbers live in
one table, ``wire/status.py``.

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
    ├── ClientError                 the client got no answer, or none of a Models API
    │   ├── APIConnectionError
    │   │   └── APITimeoutError
    │   ├── APIResponseError
    │   └── PagingError
    ├── RefusedError                a change that may not be made; it changed nothing
    │   ├── InvalidError            a value that is not valid
    │   ├── UnknownError            it names something that does not exist
    │   └── ConflictError           it contradicts something that exists
    ├── StorageError                the database cannot be used
    │   ├── StorageAwayError        for now: it is out of reach, or busy; the same may do a moment later
    │   │   └── ReplacedError       a file of it is no longer the one that was opened
    │   ├── ForeignError            it holds another installation than is served
    │   └── DamagedError            it has lost something of what it held
    ├── StateFileError              a saved State cannot be used
    ├── SettingsError               the program is configured wrongly
    ├── DoctorError                 a server cannot be examined
    └── ServeError                  the server cannot start
"""

from typing import ClassVar

from callsheet.domain.hints import Hint


class CallsheetError(Exception):
    """The root: every error this project raises on purpose.

    ``str(error)`` is one sentence for a person: what is wrong and what to do.

    Parameters
    ----------
    problem
        What is wrong, and with what. A whole sentence if it also says what to do; with a ``hint``, a clause
        without its full stop.
    hint
        What to do, where each door words that for its own users: the command line names a flag, for example.
    """

    def __init__(self, problem: str, *, hint: Hint | None = None) -> None:
        super().__init__(problem if hint is None else f"{problem}; {hint}.")
        self.problem = problem
        self.hint = hint


class APIError(CallsheetError):
    """A request the public API answers with an error envelope.

    Parameters
    ----------
    message
        The text of ``error.message``, word for word.

    Attributes
    ----------
    status, request_id, body, retry_after
        Set on what the client raises: the HTTP status; the server's id of the request; the answer, parsed if
        it is JSON and else text; how many seconds the server asked to wait. None where it did not say.
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
    """The path exists and does not take this method (405)."""


class AuthenticationError(APIError):
    """Nobody the installation knows is asking (401)."""

    type = "authentication_error"


class PermissionDeniedError(APIError):
    """The key may not do this (403)."""

    type = "permission_error"


class NotFoundError(APIError):
    """No such path, or no such model for this caller (404)."""

    type = "not_found_error"


class ModelNotFoundError(NotFoundError):
    """No such model, or none that this caller may see (404)."""


class RequestTooLargeError(APIError):
    """A limit on size was passed; ``part`` says of what: ``url``, ``headers`` or ``body`` (414, 431, 413)."""

    type = "request_too_large"

    def __init__(self, message: str, part: str) -> None:
        super().__init__(message)
        self.part = part


class RequestTimeoutError(APIError):
    """The request took too long to arrive (408)."""

    type = "timeout_error"


class RateLimitError(APIError):
    """Too many requests (429); ``retry_after`` says in how many whole seconds to come back, where that is known."""

    type = "rate_limit_error"

    def __init__(self, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class OverloadedError(APIError):
    """The server cannot take this now (529)."""

    type = "overloaded_error"


class InternalServerError(APIError):
    """Something unexpected happened; its cause is in the log, never in the message (500)."""


class ClientError(CallsheetError):
    """The client got no answer, or none that a Models API gives.

    Attributes
    ----------
    status, request_id, body
        As those of `APIError`; None where there was no answer.
    """

    status: int | None = None
    request_id: str | None = None
    body: object = None


class APIConnectionError(ClientError):
    """The server was not reached, or broke the connection off."""


class APITimeoutError(APIConnectionError):
    """The server did not answer in time."""


class APIResponseError(ClientError):
    """What answered is no Models API: a web page, a redirect, broken or endless JSON."""


class PagingError(ClientError):
    """The server's pages lead nowhere: it ignores the cursor, repeats a page, or gives less than it promises."""


class RefusedError(CallsheetError):
    """A change that may not be made. Nothing was changed."""


class InvalidError(RefusedError):
    """A value is not valid."""


class DoesNotExistError(RefusedError):
    """The change names something that does not exist."""


class ConflictError(RefusedError):
    """The change contradicts something that exists."""


class StorageError(CallsheetError):
    """The database cannot be used."""


class StorageUnavailableError(StorageError):
    """The database cannot be used for now: out of reach, starting, stopping or busy. Trying again may do.

    Whatever else is a StorageError stays wrong until somebody puts it right.
    """


class DatabaseReplacedError(StorageUnavailableError):
    """A file of the database was replaced or removed while it was open; opening it again shows what is there."""


class ForeignDatabaseError(StorageError):
    """The database holds another installation than the one that is served from memory."""


class CorruptDatabaseError(StorageError):
    """The database has lost something of what it held; only a backup has that."""


class StateFileError(CallsheetError):
    """A saved State cannot be used, or not be saved."""


class SettingsError(CallsheetError):
    """The program is configured wrongly."""


class DoctorError(CallsheetError):
    """A server cannot be examined."""


class ServeError(CallsheetError):
    """The server cannot start."""

"""Callsheet: a self-hosted Models API for Claude and OpenAI clients, and a client of any such API."""

from importlib import import_module

from callsheet._version import __version__

TYPE_CHECKING = False  # as type checkers read it, True; importing typing takes longer than `callsheet --version`

if TYPE_CHECKING:
    from callsheet.client.async_client import AsyncClient, AsyncModels
    from callsheet.client.client import Client, Models
    from callsheet.client.page import AsyncListing, AsyncPage, Page
    from callsheet.domain.errors import (
        APIConnectionError,
        APIError,
        APIResponseError,
        APITimeoutError,
        AuthenticationError,
        CallsheetError,
        ClientError,
        InternalServerError,
        InvalidError,
        InvalidRequestError,
        MethodNotAllowedError,
        ModelNotFoundError,
        NotFoundError,
        OverloadedError,
        PagingError,
        PermissionDeniedError,
        RateLimitError,
        RequestTimeoutError,
        RequestTooLargeError,
        SettingsError,
    )
    from callsheet.domain.model import Lifecycle
    from callsheet.wire.pages import UnreadableModel
    from callsheet.wire.reading import ModelInfo

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseError",
    "APITimeoutError",
    "AsyncClient",
    "AsyncListing",
    "AsyncModels",
    "AsyncPage",
    "AuthenticationError",
    "CallsheetError",
    "Client",
    "ClientError",
    "InternalServerError",
    "InvalidError",
    "InvalidRequestError",
    "Lifecycle",
    "MethodNotAllowedError",
    "ModelInfo",
    "ModelNotFoundError",
    "Models",
    "NotFoundError",
    "OverloadedError",
    "Page",
    "PagingError",
    "PermissionDeniedError",
    "RateLimitError",
    "RequestTimeoutError",
    "RequestTooLargeError",
    "SettingsError",
    "UnreadableModel",
    "__version__",
]

# Where each name lives; errors, the most of them, need no entry. Imported when asked for: the command line, the
# server and the plugin for pytest import this package, too, and must not wait for an HTTP client. There is no
# __dir__ to tell of names that are not imported yet: freezegun asks every module for whatever dir() says it has,
# while time is frozen, and what is imported then keeps the wrong classes.
_HOMES = {
    "AsyncClient": "callsheet.client.async_client",
    "AsyncListing": "callsheet.client.page",
    "AsyncModels": "callsheet.client.async_client",
    "AsyncPage": "callsheet.client.page",
    "Client": "callsheet.client.client",
    "Lifecycle": "callsheet.domain.model",
    "ModelInfo": "callsheet.wire.reading",
    "Models": "callsheet.client.client",
    "Page": "callsheet.client.page",
    "UnreadableModel": "callsheet.wire.pages",
}


if not TYPE_CHECKING:  # else a type checker would take any name for one of ours

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(_HOMES.get(name, "callsheet.domain.errors")), name)
        globals()[name] = value
        return value

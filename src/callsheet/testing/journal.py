"""The journal: the requests that the double received, in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from callsheet.api.answer import Response
from callsheet.api.request import Header, Request, find_model_id
from callsheet.domain.errors import APIError
from callsheet.domain.times import format_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """A request, and the status of its response.

    Parameters
    ----------
    method, path
        As sent; the path is percent-encoded, without the query.
    query
        Every parameter with its values, decoded: ``{"limit": ["2"]}``.
    headers
        Names in small letters; repeated lines are joined by ``, ``. The key is among them: it is a test's.
    model_id
        The id that was asked for, decoded; None for the list and for other paths.
    status
        Of the response, which may not be sent yet.
    request_id
        Of the response.
    at
        By the clock of the double.
    """

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    model_id: str | None
    status: int
    request_id: str
    at: datetime

    def record(self) -> dict[str, Any]:
        """Return every field as plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__} | {"at": format_instant(self.at)}


def record(request: Request, response: Response, at: datetime) -> RecordedRequest:
    """Return the entry of the journal for ``request``."""
    return RecordedRequest(
        method=request.method,
        path=request.path.decode("latin-1"),
        query=read_query(request.query),
        headers=_joined(request.headers),
        model_id=_model_id(request.path),
        status=response.status,
        request_id=request.request_id,
        at=at,
    )


def read_query(query: bytes) -> dict[str, list[str]]:
    """Return every parameter with its values, decoded; a plus sign stands for itself, as in the contract."""
    return parse_qs(query.replace(b"+", b"%2B").decode("latin-1"), keep_blank_values=True)


def _joined(headers: Sequence[Header]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        joined[key] = f"{joined[key]}, {text}" if key in joined else text
    return joined


def _model_id(path: bytes) -> str | None:
    try:
        return find_model_id(path)
    except APIError:
        return None

"""Connection: requests to the administration API of a server, and its answers as plain JSON or as our errors."""

import copy
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias
from urllib.parse import quote, urlencode

import httpx2

from callsheet._version import __version__
from callsheet.client.deadline import Deadlines
from callsheet.client.http_client import open_client
from callsheet.remote.address import ORGANIZATIONS
from callsheet.remote.errors import error_of
from callsheet.remote.failures import RemoteError, late, not_callsheet, unreached

JSON: TypeAlias = Any

#: Of one request, from connecting to the last byte; a plan over a million models takes some seconds.
TIMEOUT_SECONDS: Final = 60.0

#: Of one answer; a page of a thousand models has about one.
MAX_ANSWER_BYTES: Final = 256 * 2**20

_PAGE_ROWS: Final = 1_000
_FIRST_REDIRECT: Final = 300
_USER_AGENT: Final = f"callsheet/{__version__} (remote)"


class Connection:
    """A server that is administered.

    Parameters
    ----------
    root
        Its address, as `check_address` returns it.
    admin_key
        The secret of an admin key.
    timeout_seconds
        How long one request may take; `TIMEOUT_SECONDS` if None.

    Raises
    ------
    SettingsError
        The environment names a proxy or certificates that cannot be used.
    """

    def __init__(self, root: str, admin_key: str, timeout_seconds: float | None = None) -> None:
        self.root = root
        self._timeout_seconds = timeout_seconds or TIMEOUT_SECONDS
        self._deadlines = Deadlines()
        self._as_of: str | None = None
        self._client = open_client(httpx2.Client, timeout=None, follow_redirects=False)
        self._client.headers.update(
            {
                "user-agent": _USER_AGENT,
                "accept": "application/json",
                "anthropic-version": "2023-06-01",
                "x-api-key": admin_key,
            }
        )

    def at(self, as_of: str) -> "Connection":
        """Return the same, of which every request is of the moment that ``as_of`` names; it is closed with this."""
        other = copy.copy(self)
        other._as_of = as_of
        return other

    def close(self) -> None:
        """Close it."""
        self._client.close()

    def get(self, *segments: str, **query: object) -> JSON:
        """Return what is at a path; each of ``segments`` is encoded, and a query without a value is left out.

        Raises
        ------
        CallsheetError
            The server refuses, in its words; or it does not answer as one.
        """
        return self._ask("GET", segments, query, None)

    def post(self, *segments: str, body: Mapping[str, Any] | None = None, **query: object) -> JSON:
        """Send ``body`` to a path and return the answer; raise as `get`."""
        return self._ask("POST", segments, query, {} if body is None else body)

    def delete(self, *segments: str, **query: object) -> JSON:
        """Remove what is at a path and return the answer; raise as `get`."""
        return self._ask("DELETE", segments, query, None)

    def pages(self, *segments: str, at_most: int | None = None, **query: object) -> Iterator[JSON]:
        """Yield every row of a list, page by page, or a page with ``at_most`` of them; raise as `get`."""
        after = None
        limit = _PAGE_ROWS if at_most is None else min(at_most, _PAGE_ROWS)
        while True:
            page = self.get(*segments, limit=limit, after_id=after, **query)
            rows = page["data"]
            if not isinstance(rows, list):
                raise not_callsheet(self.root)
            yield from rows
            if not page["has_more"] or not rows:
                return
            if page["last_id"] in (None, after):  # it would never end
                raise not_callsheet(self.root)
            after = page["last_id"]

    def _ask(
        self, method: str, segments: tuple[str, ...], query: Mapping[str, object], body: Mapping[str, Any] | None
    ) -> JSON:
        path = "".join(f"/{quote(each, safe='')}" for each in segments)
        whole = query if self._as_of is None else {**query, "as_of": self._as_of}
        asked = [(name, _text(value)) for name, values in whole.items() for value in _each(values)]
        url = f"{self.root}{ORGANIZATIONS}{path}{'?' if asked else ''}{urlencode(asked)}"
        headers = {} if method == "GET" else {"idempotency-key": str(uuid.uuid4())}
        response, content = self._send(method, url, headers, body)
        answer = self._parse(content)
        if response.status_code >= _FIRST_REDIRECT:
            raise error_of(self.root, response.status_code, answer)
        return answer

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> tuple[httpx2.Response, bytes]:
        try:
            with (
                self._deadlines.within(self._timeout_seconds, self._late) as extensions,
                self._client.stream(
                    method, url, headers=dict(headers), json=body, extensions=extensions or {}
                ) as response,
            ):
                pieces, size = [], 0
                for piece in response.iter_bytes():
                    size += len(piece)
                    if size > MAX_ANSWER_BYTES:
                        raise RemoteError(f"{self.root} answered with more than {MAX_ANSWER_BYTES >> 20} MiB.")
                    pieces.append(piece)
                return response, b"".join(pieces)
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            raise unreached(self.root, error, self._timeout_seconds) from None

    def _late(self) -> RemoteError:
        return late(self.root, self._timeout_seconds)

    def _parse(self, content: bytes) -> JSON:
        try:
            answer = json.loads(content, object_hook=partial(_Record, self.root))
        except (ValueError, RecursionError):
            raise not_callsheet(self.root) from None
        if not isinstance(answer, dict):
            raise not_callsheet(self.root)
        return answer


class _Record(dict[str, JSON]):
    """An object of an answer; RemoteError if a member is asked for that it does not have."""

    def __init__(self, root: str, members: Mapping[str, JSON]) -> None:
        super().__init__(members)
        self._root = root

    def __missing__(self, name: str) -> JSON:
        raise not_callsheet(self._root)


def _each(value: object) -> Sequence[object]:
    """The values of a parameter: none, one, or several."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

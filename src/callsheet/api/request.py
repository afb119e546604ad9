"""A request as `answer` takes it, and what its bytes mean (contract, sections 1, 3 and 4)."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import unquote_to_bytes

from callsheet.domain.errors import InvalidRequestError, NotFoundError
from callsheet.domain.model import STAGES, Lifecycle
from callsheet.domain.query import LISTED, MAX_LIMIT, MIN_LIMIT, ListQuery

Header: TypeAlias = tuple[bytes, bytes]

#: How much of what the caller sent an error may repeat, in characters.
QUOTED: Final = 200

_PATH: Final = b"/v1/models"
_DOUBLED: Final = b"/v1/v1/models"  # from base URLs that end in /v1 already

#: The headers an answer depends on.
READ: Final = frozenset(
    {
        b"accept-encoding",
        b"access-control-request-headers",
        b"access-control-request-method",
        b"anthropic-beta",
        b"anthropic-version",
        b"anthropic-workspace-id",
        b"authorization",
        b"if-none-match",
        b"origin",
        b"x-api-key",
    }
)

_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_DIGITS = re.compile(r"-?[0-9]+", re.ASCII)
_USUAL_LIMITS: Final = {b"%d" % limit: limit for limit in range(MIN_LIMIT, MAX_LIMIT + 1)}
_MOST_LIFECYCLES: Final = len(STAGES)


class Request(NamedTuple):
    """One request.

    Parameters
    ----------
    method
        In capitals.
    path
        As sent, still percent-encoded, without the prefix the app is mounted under.
    query
        As sent, without the question mark.
    headers
        Names in small letters, in the order sent.
    now
        Seconds since the epoch.
    request_id
        ``req_01`` and 22 characters of base 58.
    """

    method: str
    path: bytes
    query: bytes
    headers: Sequence[Header]
    now: float
    request_id: str


def read_headers(headers: Sequence[Header]) -> dict[bytes, bytes]:
    """Return the headers the contract knows; repeated lines are joined by a comma, empty ones are absent."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in READ:
            text = value.strip()
            if text:
                found[name] = found[name] + b", " + text if name in found else text
    return found


def bearer(authorization: bytes | None) -> bytes | None:
    """Return the secret of an ``authorization`` of scheme Bearer (empty if there is none), else None."""
    if authorization is None:
        return None
    scheme, _, secret = authorization.partition(b" ")
    scheme = scheme.rstrip(b",").lower()  # a comma stands there when the first of repeated lines had no secret
    return secret.strip() if scheme == b"bearer" else None


def find_model_id(path: bytes) -> str | None:
    """Return the model id that ``path`` asks for, or None if it asks for the list.

    Raises
    ------
    NotFoundError
        The path is neither.
    InvalidRequestError
        The id is not percent-encoded UTF-8.
    """
    if path.startswith(_PATH):
        rest = path[len(_PATH) :]
    elif path.startswith(_DOUBLED):
        rest = path[len(_DOUBLED) :]
    else:
        raise NotFoundError("Not found")
    if rest in (b"", b"/"):
        return None
    if not rest.startswith(b"/"):
        raise NotFoundError("Not found")
    encoded = rest[1:]
    if len(encoded) > 1:
        encoded = encoded.removesuffix(b"/")
    return _decode_id(encoded)


def _decode_id(encoded: bytes) -> str:
    if _BROKEN_ESCAPE.search(encoded):
        raise InvalidRequestError("model_id: Input should be valid percent-encoding")
    try:
        return unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        raise InvalidRequestError("model_id: Input should be valid UTF-8") from None


def parse_query(query: bytes, default_limit: int) -> ListQuery:
    """Return what the query string asks for; parameters nobody knows are ignored.

    A plus sign stands for itself, as ids may hold one and nothing here may hold a space.

    Raises
    ------
    InvalidRequestError
        A known parameter has a value outside the contract (section 5).
    """
    if not query:
        return ListQuery(default_limit)
    pairs = [part.partition(b"=") for part in query.split(b"&")]
    if b"%" in query:
        pairs = [(unquote_to_bytes(name), equals, value) for name, equals, value in pairs]
    limit = after_id = before_id = None
    stages: list[bytes] = []
    for name, _, value in pairs:
        if name == b"limit":
            limit = value
        elif name == b"after_id":
            after_id = value
        elif name == b"before_id":
            before_id = value
        elif name == b"lifecycle[]" or name == b"lifecycle":  # quicker so
            stages.append(value)
    return ListQuery(
        default_limit if limit is None else _USUAL_LIMITS.get(limit) or _parse_limit(_decode(limit)),
        None if after_id is None else _parse_cursor("after_id", after_id),
        None if before_id is None else _parse_cursor("before_id", before_id),
        _parse_lifecycles(stages) if stages else LISTED,
    )


def _decode(part: bytes) -> str:
    if b"%" in part:
        part = unquote_to_bytes(part)
    return str(part, "utf-8", "replace")


def _parse_limit(text: str) -> int:
    if not _DIGITS.fullmatch(text):
        raise InvalidRequestError("limit: Input should be a valid integer, unable to parse string as an integer")
    if text.startswith("-") or not text.strip("0"):
        raise InvalidRequestError(f"limit: Input should be greater than or equal to {MIN_LIMIT}")
    digits = text.lstrip("0")
    if len(digits) > len(str(MAX_LIMIT)) or int(digits) > MAX_LIMIT:
        raise InvalidRequestError(f"limit: Input should be less than or equal to {MAX_LIMIT}")
    return int(digits)


def _parse_cursor(name: str, value: bytes) -> str:
    if not value:
        raise InvalidRequestError(f"{name}: String should have at least 1 character")
    return _decode(value)


def _parse_lifecycles(values: list[bytes]) -> frozenset[Lifecycle]:
    stages = [stage for value in values for stage in _decode(value).split(",")]
    for number, stage in enumerate(stages):
        if stage not in STAGES:
            raise InvalidRequestError(f"lifecycle[].{number}: Input is not one of the permitted values.")
    if len(stages) > _MOST_LIFECYCLES:
        raise InvalidRequestError(f"lifecycle[]: List should have at most {_MOST_LIFECYCLES} items")
    return frozenset(STAGES[stage] for stage in stages)

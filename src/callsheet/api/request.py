"""A request as `answer` takes it, and what its bytes mean (contract, sections 1, 3 and 4)."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from callsheet.api.percent import unquote_to_bytes
from callsheet.domain.errors import InvalidRequestError, NotFoundError
from callsheet.domain.model import LIFECYCLES, Lifecycle
from callsheet.domain.query import LISTED, MAX_LIMIT, MIN_LIMIT, ListQuery

Header: TypeAlias = tuple[bytes, bytes]

#: How much of what the caller sent an error may repeat, in characters.
QUOTED: Final = 200

_PATH: Final = b"/v1/models"
#: The same from base URLs that end in /v1 already, or in a slash.
_DOUBLED: Final = re.compile(rb"/+v1/+(?:v1/+)?models(?=/|\Z)")

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

#: Where clients send messages and the like, of either dialect.
_GATEWAY: Final = re.compile(
    rb"/+v1/+(?:v1/+)?(?:messages|complete|chat/completions|completions|responses|embeddings)(?:/.*)?\Z", re.DOTALL
)
_MESSAGES_ELSEWHERE: Final = (
    "Not found: Callsheet serves the list of models only (GET /v1/models); send messages to your gateway"
)

#: As numbers, which are found in bytes several times faster than bytes are.
_PERCENT: Final = ord("%")
_BRACKET: Final = ord("[")
_PLUS: Final = ord("+")

_BEARER: Final = b"bearer"
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
#: What Pydantic's lax integer takes, around which it lets stand what Unicode calls white space.
_INTEGER = re.compile(r"([+-]?)([0-9]+(?:_[0-9]+)*)(?:\.0+)?", re.ASCII)
#: What Unicode calls white space, of which Python has four characters more.
_WHITE_SPACE: Final = "".join(
    each for each in map(chr, range(0x3001)) if each.isspace() and not "\x1c" <= each <= "\x1f"
)
_USUAL_LIMITS: Final = {b"%d" % limit: limit for limit in range(MIN_LIMIT, MAX_LIMIT + 1)}
_MOST_LIFECYCLES: Final = len(LIFECYCLES)


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
    """Return the secret of an ``authorization`` of scheme Bearer (empty if there is none), else None.

    Where lines were joined, the first of them without a secret, a comma stands behind the scheme. It is returned
    with what follows it, which no key can be: one line must hold one secret.
    """
    if authorization is None or authorization[: len(_BEARER)].lower() != _BEARER:
        return None
    rest = authorization[len(_BEARER) :]
    return rest.strip() if rest[:1] in (b"", b" ") or rest == b"," or rest.startswith(b", ") else None


def find_names(path: bytes) -> tuple[str, ...]:
    """Return the names that ``path`` may ask for, the likelier first; none if it asks for the list.

    They are two where a slash stands at the end: it may belong to the id, and it may not (contract, section 1).

    Raises
    ------
    NotFoundError
        The path is neither.
    InvalidRequestError
        The id is not percent-encoded UTF-8.
    """
    if path.startswith(_PATH):
        rest = path[len(_PATH) :]
    elif (prefix := _DOUBLED.match(path)) is not None:
        rest = path[prefix.end() :]
    else:
        raise NotFoundError(_MESSAGES_ELSEWHERE if is_for_gateway(path) else "Not found")
    if not rest:
        return ()
    if not rest.startswith(b"/"):
        raise NotFoundError("Not found")
    if not rest.endswith(b"/"):
        return (_decode_id(rest[1:]),)
    if not rest.strip(b"/"):
        return ()
    name = _decode_id(rest[1:])
    return name, name[:-1]


def find_model_id(path: bytes) -> str | None:
    """Return the model id that ``path`` asks for, without a slash at its end; None if it asks for the list.

    Raises
    ------
    APIError
        As for `find_names`.
    """
    names = find_names(path)
    return names[-1] if names else None


def is_for_gateway(path: bytes) -> bool:
    """Return whether ``path`` is one that messages are sent to, which is what gateways are there for."""
    return _GATEWAY.match(path) is not None


def _decode_id(encoded: bytes) -> str:
    if _BROKEN_ESCAPE.search(encoded):
        raise InvalidRequestError("model_id: Input should be valid percent-encoding")
    try:
        return unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        raise InvalidRequestError("model_id: Input should be valid UTF-8") from None


def parse_query(query: bytes, default_limit: int) -> ListQuery:
    """Return what the query string asks for; parameters nobody knows are ignored.

    A plus sign in a cursor is a space, as forms and most SDKs write it; `ListQuery` has the other meaning, too.

    Raises
    ------
    InvalidRequestError
        A known parameter has a value outside the contract (section 5).
    """
    if not query:
        return ListQuery(default_limit)
    pairs = [part.partition(b"=") for part in query.split(b"&")]
    if _PERCENT in query or _BRACKET in query:
        pairs = [(_plain_name(name), equals, value) for name, equals, value in pairs]
    limit = after_id = before_id = None
    lifecycles: list[bytes] = []
    for name, _, value in pairs:
        if name == b"limit":
            limit = value
        elif name == b"after_id":
            after_id = value
        elif name == b"before_id":
            before_id = value
        elif name == b"lifecycle":
            lifecycles.append(value)
    asked = ListQuery(
        default_limit if limit is None else _USUAL_LIMITS.get(limit) or _parse_limit(limit),
        None if after_id is None else _parse_cursor("after_id", after_id),
        None if before_id is None else _parse_cursor("before_id", before_id),
        _parse_lifecycles(lifecycles) if lifecycles else LISTED,
    )
    return _with_spaces(asked, after_id, before_id) if _PLUS in query else asked


def _plain_name(name: bytes) -> bytes:
    """The name of a parameter without the brackets of a list, which PHP writes behind whatever it sends twice."""
    return unquote_to_bytes(name).removesuffix(b"[]") if b"%" in name else name.removesuffix(b"[]")


def _decode(part: bytes) -> str:
    """The text of a value; what is not UTF-8 becomes what no valid value can hold."""
    if _PERCENT in part:
        part = unquote_to_bytes(part)
    return str(part, "utf-8", "surrogateescape")


def _parse_limit(value: bytes) -> int:
    number = _INTEGER.fullmatch(_decode(value.replace(b"+", b" ")).strip(_WHITE_SPACE))
    if number is None:
        raise InvalidRequestError("limit: Input should be a valid integer, unable to parse string as an integer")
    sign, digits = number[1], number[2].replace("_", "").lstrip("0")
    if sign == "-" or not digits:
        raise InvalidRequestError(f"limit: Input should be greater than or equal to {MIN_LIMIT}")
    if len(digits) > len(str(MAX_LIMIT)) or int(digits) > MAX_LIMIT:
        raise InvalidRequestError(f"limit: Input should be less than or equal to {MAX_LIMIT}")
    return int(digits)


def _parse_cursor(name: str, value: bytes) -> str:
    if not value:
        raise InvalidRequestError(f"{name}: String should have at least 1 character")
    return _decode(value)


def _with_spaces(asked: ListQuery, after_id: bytes | None, before_id: bytes | None) -> ListQuery:
    """The same with the plus signs of its cursors, as they were sent, for spaces."""
    if after_id is not None and b"+" in after_id:
        asked = asked._replace(after_id=_decode(after_id.replace(b"+", b" ")), after_literal=asked.after_id)
    if before_id is not None and b"+" in before_id:
        asked = asked._replace(before_id=_decode(before_id.replace(b"+", b" ")), before_literal=asked.before_id)
    return asked


def _parse_lifecycles(values: list[bytes]) -> frozenset[Lifecycle]:
    names = [name for value in values for name in _decode(value).split(",")]
    for number, name in enumerate(names):
        if name not in LIFECYCLES:
            raise InvalidRequestError(f"lifecycle[].{number}: Input is not one of the permitted values.")
    if len(names) > _MOST_LIFECYCLES:
        raise InvalidRequestError(f"lifecycle[]: List should have at most {_MOST_LIFECYCLES} items")
    return frozenset(LIFECYCLES[name] for name in names)

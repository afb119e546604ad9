"""A request as `answer` takes it, and what its bytes mean (contract, sections 1, 3 and 4)."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from callsheet.api.percent import unquote_to_bytes
from callsheet.domain.errors import InvalidRequestError, NotFoundError
from callsheet.domain.model import LIFECYCLES, Lifecycle
from callsheet.domain.query import LISTED, MAX_LIMIT, MIN_LIMIT, ListQuery

Header: TypeAlias = tuple[bytes, bytes]

#: How many characters of what the caller sent an error may quote.
MAX_QUOTED_CHARACTERS: Final = 200

_PATH: Final = b"/v1/models"
#: The same from base URLs that end in /v1 already, or in a slash.
_DOUBLED: Final = re.compile(rb"/+v1/+(?:v1/+)?models(?=/|\Z)")

#: The request headers that a response depends on.
READ_HEADERS: Final = frozenset(
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
        b"user-agent",
        b"x-api-key",
        b"x-gateway-client",
    }
)

#: Where clients send messages and the like, of either dialect.
_GATEWAY: Final = re.compile(
    rb"/+v1/+(?:v1/+)?(?:messages|complete|chat/completions|completions|responses|embeddings)(?:/.*)?\Z", re.DOTALL
)
_MESSAGES_ELSEWHERE: Final = (
    "Not found: Callsheet serves the list of models only (GET /v1/models); send messages to your gateway"
)

#: As numbers: `in` finds a number in bytes several times faster than bytes.
_PERCENT: Final = ord("%")
_BRACKET: Final = ord("[")
_PLUS: Final = ord("+")

_BEARER: Final = b"bearer"
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
#: What Pydantic's lax integer takes; around it, Unicode's white space is allowed.
_INTEGER = re.compile(r"([+-]?)([0-9]+(?:_[0-9]+)*)(?:\.0+)?", re.ASCII)
#: Unicode's white space; that of Python has four characters more.
_WHITE_SPACE: Final = "".join(
    each for each in map(chr, range(0x3001)) if each.isspace() and not "\x1c" <= each <= "\x1f"
)
_USUAL_LIMITS: Final = {b"%d" % limit: limit for limit in range(MIN_LIMIT, MAX_LIMIT + 1)}
#: What clients that page through a list send, perhaps before a parameter that is unknown here. All quantifiers are
#: possessive, so that a match takes no longer than the query is long.
_USUAL_QUERY: Final = re.compile(
    rb"limit=([0-9]{1,4}+)&after_id=([A-Za-z0-9._:@/-]++)"
    rb"(?:&(?!limit|after_id|before_id|lifecycle)[a-z_]++=[A-Za-z0-9._:@/-]*+)*+"
)
_MAX_LIFECYCLES: Final = len(LIFECYCLES)


class Request(NamedTuple):
    """One request.

    Parameters
    ----------
    method
        In capitals.
    path
        As sent, still percent-encoded, without the prefix that the app is mounted under.
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
    """Return the headers in `READ_HEADERS`; repeated lines are joined by a comma, empty ones are left out."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in READ_HEADERS:
            text = value.strip()
            if text:
                found[name] = found[name] + b", " + text if name in found else text
    return found


def bearer(authorization: bytes | None) -> bytes | None:
    """Return the secret of an ``authorization`` of scheme Bearer, empty if it has none; None for another scheme.

    If several lines were joined and the first has no secret, a comma follows the scheme. It is returned with what
    follows it, which is never a valid key: each line must hold its own secret.
    """
    if authorization is None or authorization[: len(_BEARER)].lower() != _BEARER:
        return None
    rest = authorization[len(_BEARER) :]
    return rest.strip() if rest[:1] in (b"", b" ") or rest == b"," or rest.startswith(b", ") else None


def find_names(path: bytes) -> tuple[str, ...]:
    """Return the names that ``path`` may ask for, the likelier first; none if it asks for the list.

    There are two if the path ends in a slash, which may or may not belong to the id (contract, section 1).

    Raises
    ------
    NotFoundError
        The path asks for neither a model nor the list.
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


def is_public(path: bytes) -> bool:
    """Return whether ``path`` begins like those of the public API, in any of the accepted spellings."""
    return path.startswith(_PATH) or _DOUBLED.match(path) is not None


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
    """Return whether ``path`` is one that clients send messages to, which a gateway answers."""
    return _GATEWAY.match(path) is not None


def _decode_id(encoded: bytes) -> str:
    if _BROKEN_ESCAPE.search(encoded):
        raise InvalidRequestError("model_id: Input should be valid percent-encoding")
    try:
        return unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        raise InvalidRequestError("model_id: Input should be valid UTF-8") from None


def parse_query(query: bytes, default_limit: int) -> ListQuery:
    """Return what the query string asks for; unknown parameters are ignored.

    A plus sign in a cursor is a space, as forms and most SDKs write it; `ListQuery` has the other meaning, too.

    Raises
    ------
    InvalidRequestError
        A known parameter has a value outside the contract (section 5).
    """
    if not query:
        return ListQuery(default_limit)
    usual = _USUAL_QUERY.fullmatch(query)
    if usual is not None and (number := _USUAL_LIMITS.get(usual[1])) is not None:
        return ListQuery(number, str(usual[2], "ascii"))
    limit, after_id, before_id, lifecycles = _last_values(query)
    asked = ListQuery(
        default_limit if limit is None else _USUAL_LIMITS.get(limit) or _parse_limit(limit),
        None if after_id is None else _parse_cursor("after_id", after_id),
        None if before_id is None else _parse_cursor("before_id", before_id),
        _parse_lifecycles(lifecycles) if lifecycles else LISTED,
    )
    return _with_spaces(asked, after_id, before_id) if _PLUS in query else asked


def _last_values(query: bytes) -> tuple[bytes | None, bytes | None, bytes | None, list[bytes]]:
    """The last ``limit``, ``after_id`` and ``before_id`` of a query string, and every ``lifecycle``, as sent."""
    has_plain_names = _PERCENT not in query and _BRACKET not in query
    limit = after_id = before_id = None
    lifecycles: list[bytes] = []
    for part in query.split(b"&"):
        sent, _, value = part.partition(b"=")
        name = sent if has_plain_names else _plain_name(sent)
        if name == b"limit":
            limit = value
        elif name == b"after_id":
            after_id = value
        elif name == b"before_id":
            before_id = value
        elif name == b"lifecycle":
            lifecycles.append(value)
    return limit, after_id, before_id, lifecycles


def _plain_name(name: bytes) -> bytes:
    """The name of a parameter without the brackets of a list, which PHP appends to every name from page 2 on."""
    return unquote_to_bytes(name).removesuffix(b"[]") if b"%" in name else name.removesuffix(b"[]")


def _decode(part: bytes) -> str:
    """The text of a value; bytes that are not UTF-8 become surrogates, which no valid value holds."""
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
    """The same query, with the plus signs of its cursors read as spaces."""
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
    if len(names) > _MAX_LIFECYCLES:
        raise InvalidRequestError(f"lifecycle[]: List should have at most {_MAX_LIFECYCLES} items")
    return frozenset(LIFECYCLES[name] for name in names)

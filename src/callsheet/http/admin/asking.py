"""What the head and the body of a request say, checked before anything is decided."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

from pydantic import ValidationError

from callsheet.api.request import Header, bearer
from callsheet.http.admin.endpoint import Endpoint, Input, Query
from callsheet.http.admin.errors import AdminError, Code, invalid
from callsheet.http.logs.redact import hide_secrets

MAX_REASON_CHARACTERS: Final = 500
MAX_IDEMPOTENCY_KEY_CHARACTERS: Final = 255

_MAX_PARAMETERS: Final = 200
_VISIBLE: Final = re.compile(rb"[!-~]{1,%d}" % MAX_IDEMPOTENCY_KEY_CHARACTERS)
_TAG: Final = re.compile(rb'(?:W/)?"[!#-~]*"')

_ONCE: Final = (
    *(b"x-api-key", b"authorization", b"if-match", b"idempotency-key"),
    *(b"x-callsheet-reason", b"content-type"),
)

#: Without which a change might be made that was not wanted, so that an empty one does not count as none.
_GUARDS: Final = (b"if-match", b"idempotency-key")


class Secrets(NamedTuple):
    """The credentials of a request; ``repr`` does not show them."""

    found: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Secrets: {len(self.found)}>"


class Head(NamedTuple):
    """What the headers of a request say.

    Parameters
    ----------
    secrets
        What it is authenticated by.
    if_match
        The revisions at which it may be done; None for any.
    idempotency_key, reason
        As sent, or None.
    content_type
        Of the body; empty if none is said.
    """

    secrets: Secrets
    if_match: frozenset[int] | None
    idempotency_key: str | None
    reason: str | None
    content_type: str


def read_secrets(headers: Sequence[Header]) -> Secrets:
    """Return the credentials in ``headers``: ``x-api-key`` first, then that of a Bearer."""
    values = _values(headers)
    found = (values.get(b"x-api-key"), bearer(values.get(b"authorization")))
    return Secrets(tuple(dict.fromkeys(secret.decode("latin-1") for secret in found if secret)))


def read_head(headers: Sequence[Header]) -> Head:
    """Return what ``headers`` say.

    Raises
    ------
    AdminError
        One that counts once is there twice, or is not valid.
    """
    values = _values(headers)
    names = [name for name, _ in headers]
    twice = next((name for name in _ONCE if names.count(name) > 1), None)
    if twice is not None:
        name = twice.decode("ascii")
        raise AdminError(Code.INVALID_REQUEST, f"{name}: the header is there more than once; send it once.", name)
    empty = next((name for name in _GUARDS if name in names and name not in values), None)
    if empty is not None:
        name = empty.decode("ascii")
        raise AdminError(Code.INVALID_REQUEST, f"{name}: the header is empty; leave it out, or say which.", name)
    key = values.get(b"idempotency-key")
    if key is not None and not _VISIBLE.fullmatch(key):
        raise AdminError(
            Code.INVALID_REQUEST,
            f"idempotency-key: must be 1 to {MAX_IDEMPOTENCY_KEY_CHARACTERS} visible ASCII characters.",
            "idempotency-key",
        )
    return Head(
        read_secrets(headers),
        _revisions(values.get(b"if-match")),
        None if key is None else key.decode("ascii"),
        _reason(values.get(b"x-callsheet-reason")),
        values.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1"),
    )


def _values(headers: Sequence[Header]) -> dict[bytes, bytes]:
    return {name: value.strip() for name, value in headers if name in _ONCE and value.strip()}


def _revisions(value: bytes | None) -> frozenset[int] | None:
    """The revisions that an If-Match names; weak tags match none, as HTTP has it."""
    if value is None or value == b"*":
        return None
    tags = [tag.strip() for tag in value.split(b",")]
    if not all(_TAG.fullmatch(tag) for tag in tags):
        raise AdminError(
            Code.INVALID_REQUEST,
            'if-match: must be the etag of an answer, in quotes as it came, such as "42".',
            "if-match",
        )
    strong = [tag[1:-1] for tag in tags if tag.startswith(b'"')]
    return frozenset(int(tag) for tag in strong if re.fullmatch(rb"[0-9]{1,18}", tag))


def _reason(value: bytes | None) -> str | None:
    if value is None:
        return None
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return check_reason(text, "x-callsheet-reason")


def check_reason(text: str, name: str) -> str:
    """Return why a change is made, as its records keep it: without secrets.

    Raises
    ------
    AdminError
        It is too long, or not printable; ``name`` is its field.
    """
    if len(text) > MAX_REASON_CHARACTERS or not text.isprintable():
        raise AdminError(
            Code.INVALID_REQUEST, f"{name}: must be at most {MAX_REASON_CHARACTERS} printable characters.", name
        )
    return hide_secrets(text)


def read_query(endpoint: Endpoint, query: bytes) -> Query:
    """Return the parameters of ``query`` as the type that ``endpoint`` says.

    Raises
    ------
    AdminError
        One is unknown, repeated or not valid.
    """
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(query),
            errors="strict",
            max_num_fields=_MAX_PARAMETERS,
        )
    except ValueError:
        raise AdminError(
            Code.INVALID_REQUEST, "The query is not one of names and values in percent-encoded UTF-8."
        ) from None
    lists = {name for name, field in endpoint.query.model_fields.items() if _is_list(field.annotation)}
    values: dict[str, Any] = {}
    for sent, value in pairs:
        name = sent.removesuffix("[]")
        if name in lists:
            values.setdefault(name, []).append(value)
        elif sent in values:
            raise AdminError(Code.INVALID_REQUEST, f"{sent}: the parameter is there more than once.", sent)
        elif value or sent not in endpoint.query.nullable:
            values[sent] = value
    try:
        return endpoint.query.model_validate(values)
    except ValidationError as error:
        raise invalid(error, endpoint.query, query=True) from None


def _is_list(annotation: object) -> bool:
    return "list[" in str(annotation)


def read_body(endpoint: Endpoint, content_type: str, body: bytes) -> Input | None:
    """Return the body as the type that ``endpoint`` says; None if it takes none.

    Raises
    ------
    AdminError
        It is not JSON, or a member is unknown or not valid.
    """
    if endpoint.body is None:
        return None
    if body and content_type not in ("application/json", ""):
        raise AdminError(Code.UNSUPPORTED_MEDIA_TYPE, "content-type: must be application/json.", "content-type")
    try:
        read = endpoint.body.model_validate_json(body or b"{}")
    except ValidationError as error:
        raise invalid(error, endpoint.body) from None
    if body:
        json.loads(body, object_pairs_hook=_refuse_doubles)
    return read


def _refuse_doubles(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of an object; AdminError if one comes twice, as only the last would count."""
    found = dict(members)
    if len(found) < len(members):
        twice = Counter(name for name, _ in members).most_common(1)[0][0][:100]
        raise AdminError(Code.INVALID_REQUEST, f"{twice}: stands twice in the body; say it once.", twice)
    return found


def digest_of(method: str, path: bytes, query: bytes, body: bytes) -> str:
    """Return what two requests share only if they ask for the same."""
    digest = sha256()
    for part in (method.encode(), path, query, body):
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.hexdigest()

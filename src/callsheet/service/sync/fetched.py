"""Fetched: what an upstream answered, and what the next request may refer to."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from callsheet.sources.upstream import Answer, Request

_OK: Final = 200

#: How much of earlier answers is kept for the next run of a source, in bytes of their bodies.
_MAX_KEPT_BYTES: Final = 8 << 20

#: What a header can carry.
CARRIED: Final = re.compile(r"[!-~]+(?: [!-~]+)*", re.ASCII)

#: Earlier answers that count as long as the version of their request is the same; see `Request.version`.
Kept: TypeAlias = Mapping[tuple[str, bytes | None, str], Answer]


class Validators(NamedTuple):
    """What a conditional request asks with: the ``etag`` and ``last-modified`` of the answer that is known."""

    etag: str | None = None
    last_modified: str | None = None

    def headers(self) -> dict[str, str]:
        """Return the headers that make a request conditional; none if nothing is known that a header can carry."""
        named = {"if-none-match": self.etag, "if-modified-since": self.last_modified}
        return {name: value for name, value in named.items() if value is not None and CARRIED.fullmatch(value)}


NOTHING_KNOWN: Final = Validators()


class Fetched(NamedTuple):
    """What an upstream answered.

    Parameters
    ----------
    answers
        To all requests, in their order; none if ``is_unchanged``.
    digest
        Of all of them: equal for equal answers; empty if ``is_unchanged``.
    validators
        For the next run; empty if there was more than one answer, as then the first does not speak for all.
    path
        The marks of the Callsheet installations that the list came through; see `loop`.
    is_unchanged
        Whether the upstream says that its list is the one of ``validators`` still.
    """

    answers: tuple[Answer, ...]
    digest: str
    validators: Validators
    path: frozenset[str] = frozenset()
    is_unchanged: bool = False


def digest_of(answers: Sequence[Answer]) -> str:
    """Return what is equal for equal answers to equal requests."""
    digest = hashlib.sha256()
    for answer in answers:
        request = answer.request
        for part in (request.path.encode(), request.body or b"", b"%d" % answer.status, answer.body):
            digest.update(b"%d:" % len(part))
            digest.update(part)
    return digest.hexdigest()


def validators_of(answers: Sequence[Answer]) -> Validators:
    """Return the validators of the only answer; none of several, as the first does not speak for all."""
    if len(answers) != 1 or answers[0].status != _OK:
        return Validators()
    headers = answers[0].headers
    return Validators(headers.get("etag"), headers.get("last-modified"))


def kept_of(answers: Iterable[Answer]) -> Kept:
    """Return those answers that may be used again, as far as there is room for them."""
    kept: dict[tuple[str, bytes | None, str], Answer] = {}
    size = 0
    for answer in answers:
        size += len(answer.body)
        if size > _MAX_KEPT_BYTES:
            break
        if answer.request.version and answer.status == _OK:
            kept[key_of(answer.request)] = answer
    return kept


def key_of(request: Request) -> tuple[str, bytes | None, str]:
    """Return what an earlier answer to ``request`` is found by."""
    return request.path, request.body, request.version

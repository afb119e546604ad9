"""Gateway: what answers where the operator says that a gateway is, and the source that follows it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from callsheet.domain.changes.change import Action
from callsheet.domain.errors import ConflictError, DoesNotExistError, SourceError
from callsheet.domain.hints import Hint
from callsheet.service.sync.config import DEFAULT_INTERVAL_SECONDS, SourceConfig, read_config
from callsheet.service.sync.durations import format_duration
from callsheet.service.sync.failures import refused
from callsheet.service.sync.limits import Limits
from callsheet.service.sync.probing import answers_to_probes
from callsheet.service.sync.secret import SecretReference
from callsheet.service.sync.sources import Source, SourcesService
from callsheet.sources.answers import has_succeeded
from callsheet.sources.recognise import recognise
from callsheet.sources.registry import ASKABLE
from callsheet.sources.upstream import Answer, SourceKind
from callsheet.storage.store import Store

#: The name of the source that follows the gateway.
NAME: Final = "gateway"

#: Who is put down in the change records.
ACTOR: Final = "callsheet gateway"

#: A start waits for the gateway no longer than this.
GATEWAY_LIMITS: Final = Limits(
    max_bytes=16 << 20, connect_seconds=3, read_seconds=10, request_seconds=10, run_seconds=30
)

_LIST: Final = "/v1/models"
_REFUSED: Final = frozenset({401, 403})
_TOO_MANY: Final = 429
_FIRST_SERVER_ERROR: Final = 500
_BODY_BYTES: Final = 4_096  # of an error, in which a name of a header is searched

#: Gateways without keys, whose list can be served to everybody.
_WITHOUT_KEYS: Final = (SourceKind.OLLAMA, SourceKind.LMSTUDIO)

_HEADER: Final = re.compile(rb"\bx-[a-z0-9]+(?:-[a-z0-9]+)+\b|\bapi-key(?= header)", re.IGNORECASE)
_CARRIED: Final = re.compile(rb"authorization|bearer|x-api-key", re.IGNORECASE)


class KeyRefusedError(SourceError):
    """A gateway refuses the key by which it is asked for its own list; the keys of callers may be good."""


class Listing(StrEnum):
    """Whom a gateway lists its models to."""

    EVERYBODY = "everybody"
    OWN_KEY = "own key"
    CALLERS = "callers"


class Found(NamedTuple):
    """What answers at the URL of a gateway.

    Parameters
    ----------
    kind, evidence
        As of `Recognised`.
    listing
        Whom it lists its models to: to everybody, to the key that was given among others, or only to the keys of
        callers, as none was given.
    is_certain
        Whether ``kind`` was recognised, rather than taken for OpenAI's because nothing else is known.
    """

    kind: SourceKind
    evidence: tuple[str, ...]
    listing: Listing
    is_certain: bool = True

    @property
    def lists(self) -> bool:
        """Whether Callsheet can ask for a list without the key of a caller."""
        return self.listing is not Listing.CALLERS


class FollowedGateway(NamedTuple):
    """The gateway as it was found at a start.

    Parameters
    ----------
    source
        The source that follows it.
    found
        What answers there; None if nothing that can be used does at the moment.
    why
        Why not, in a sentence; empty if ``found``.
    failure
        Why the source could not be run, or its list waits for a person; empty if all is well.
    refuses_key
        Whether it only refuses the key by which it is asked for its own list.
    """

    source: Source
    found: Found | None
    why: str
    failure: str
    refuses_key: bool = False


def examine_gateway(
    url: str,
    secret: SecretReference | None,
    organization_id: str,
    *,
    any_key: bool,
    limits: Limits = GATEWAY_LIMITS,
) -> Found:
    """Return what answers at the URL of a gateway.

    Parameters
    ----------
    secret
        Where the key is by which it is asked for its own list; None if there is none.
    organization_id
        Of this installation.
    any_key
        Whether its list is to be served to everybody, instead of being asked about keys.
    limits
        What asking may take.

    Raises
    ------
    AwayError
        It does not answer at the moment.
    SourceError
        What answers cannot be used; the sentence says why, and what to do.
    """
    key = "" if secret is None else secret.read()
    answers = answers_to_probes(url, key, organization_id, limits)
    lists = [each for each in answers if each.request.path == _LIST]
    if lists and all(_is_away(each) for each in lists):
        raise refused(url, lists[0], key)
    found = _found(url, answers, lists, secret)
    if any_key and not found.lists:
        raise SourceError(
            f"{url} lists nothing without a key, so there is no list to serve to everybody",
            hint=Hint.GIVE_GATEWAY_KEY,
        )
    if not any_key and found.kind in _WITHOUT_KEYS:
        raise SourceError(f"{url} answers as {found.kind} does, which has no keys", hint=Hint.SERVE_TO_EVERYBODY)
    return found


def follow_gateway(
    store: Store,
    clock: Callable[[], datetime],
    url: str,
    secret: SecretReference | None,
    found: Found | None,
    *,
    any_key: bool,
) -> tuple[Source, bool]:
    """Add or change the source that follows the gateway; return it, and whether that changed anything.

    What people have configured beside stays as it is.

    Parameters
    ----------
    found
        What answers there; None if it does not at the moment.

    Raises
    ------
    ConflictError
        Another source is asked about keys.
    InvalidError
        There is a source of this name that cannot follow a gateway.
    """
    sources = SourcesService(store, ACTOR, clock)
    for _ in range(2):
        try:
            present = sources.show(NAME)
        except DoesNotExistError:
            try:
                return sources.add(NAME, read_config(_members(url, secret, found, None, any_key=any_key))), True
            except ConflictError:
                if not any(each.name == NAME for each in sources.list()):
                    raise
                continue  # another process was faster
        before = present.config.record()
        members = _members(url, secret, found, present.config, any_key=any_key)
        if read_config({**before, **members}) == present.config:
            return present, False
        return sources.change(NAME, members), True
    raise AssertionError


def followed_before(store: Store) -> Source | None:
    """Return the source that followed a gateway and is still there; None if there is none, or a person added it."""
    with store.read() as reading:
        if not any(each.name == NAME for each in reading.sources()):
            return None
        added = [each for each in reading.changes_of([NAME]) if each.kind == "source" and each.action == Action.ADD]
    if not added or max(added, key=lambda each: each.number).actor != ACTOR:
        return None
    return next((each for each in SourcesService(store, ACTOR, _never).list() if each.name == NAME), None)


def _never() -> datetime:
    raise AssertionError


def _members(
    url: str, secret: SecretReference | None, found: Found | None, present: SourceConfig | None, *, any_key: bool
) -> dict[str, Any]:
    members: dict[str, Any] = {
        "url": url,
        "secret": None if secret is None else str(secret),
        "asks_keys": not any_key,
    }
    is_the_same = present is not None and present.url == url
    if found is not None and (found.is_certain or not is_the_same):
        members["kind"] = str(found.kind)
    elif found is None and not is_the_same:
        members["kind"] = str(SourceKind.OPENAI)
    return {**members, **_interval(found, present, secret, is_the_same=is_the_same)}


def _interval(
    found: Found | None, present: SourceConfig | None, secret: SecretReference | None, *, is_the_same: bool
) -> Mapping[str, Any]:
    """How often it is asked for a list; what people chose stays, as long as there is one to ask for."""
    often = format_duration(DEFAULT_INTERVAL_SECONDS)
    if found is None:
        return {} if is_the_same else {"every": often}
    if not found.lists:
        return {"every": "never"}
    was_unable = present is None or not is_the_same or (present.secret is None and secret is not None)
    return {"every": often} if was_unable and (present is None or not present.every_seconds) else {}


def _found(url: str, answers: list[Answer], lists: list[Answer], secret: SecretReference | None) -> Found:
    try:
        recognised = recognise(answers)
    except SourceError:
        _check_usable(url, lists)
        if secret is not None:
            raise _refuses_key(url, secret) from None
        evidence = ("/v1/models refuses a request without a key",)
        return Found(SourceKind.OPENAI, evidence, Listing.CALLERS, is_certain=False)
    kind = recognised.kind
    if kind not in (*ASKABLE, *_WITHOUT_KEYS):
        raise SourceError(
            f"{url} answers as {kind} does, which no client of the Models API can call; give the URL of a gateway "
            "that answers /v1/models."
        )
    listing = _listing(url, lists, secret) if kind in ASKABLE else Listing.EVERYBODY
    return Found(kind, recognised.evidence, listing)


def _listing(url: str, lists: Iterable[Answer], secret: SecretReference | None) -> Listing:
    if any(has_succeeded(each) for each in lists):
        return Listing.EVERYBODY if secret is None else Listing.OWN_KEY
    if secret is not None and any(each.status in _REFUSED for each in lists):
        raise _refuses_key(url, secret)
    return Listing.CALLERS


def _check_usable(url: str, lists: Sequence[Answer]) -> None:
    """Raise SourceError unless what was not recognised refuses a request only because it has no key."""
    if any(each.headers.get("www-authenticate", "").lower().startswith("basic") for each in lists):
        raise SourceError(
            f"{url} wants a user name and a password (Basic), which clients do not send; let a proxy in front of "
            "it add them, and give the URL of the proxy."
        )
    if any(map(_is_page, lists)):
        raise SourceError(
            f"{url} answers with a web page, not with a list of models; give the base URL of the gateway's API, to "
            "which clients add /v1/models."
        )
    if name := _other_header(lists):
        raise SourceError(
            f"{url} wants the header {name}, which clients do not send; let a proxy in front of it add that "
            "header, and give the URL of the proxy."
        )
    if not any(each.status in _REFUSED for each in lists):
        statuses = ", ".join(sorted({str(each.status) for each in lists}))
        raise SourceError(
            f"{url} does not answer /v1/models with a list of models (status {statuses}); check the URL."
        )


def _refuses_key(url: str, secret: SecretReference) -> KeyRefusedError:
    return KeyRefusedError(
        f"{url} refuses the key in {secret.name}; put one there that it accepts, or none, as callers bring theirs."
    )


def _is_away(answer: Answer) -> bool:
    return answer.status == _TOO_MANY or answer.status >= _FIRST_SERVER_ERROR


def _is_page(answer: Answer) -> bool:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "text/html" or answer.body.lstrip()[:1] == b"<"


def _other_header(lists: Iterable[Answer]) -> str:
    """The name of a header that a refusal asks for, and that no client sends; empty if there is none."""
    for answer in lists:
        body = answer.body[:_BODY_BYTES]
        is_refused = 400 <= answer.status < 404
        if is_refused and not _CARRIED.search(body) and (named := _HEADER.search(body)):
            return named.group().decode("ascii").lower()
    return ""

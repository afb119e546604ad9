"""Endpoint: one call of the Admin API, from which it is routed, checked, answered and described."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final, Literal, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from callsheet.api.percent import unquote_to_bytes
from callsheet.api.state import State
from callsheet.domain.access.admin_key import Scope
from callsheet.domain.access.administrator import Administrator
from callsheet.domain.addresses import AllowedAddresses
from callsheet.domain.history.moment import AsOf
from callsheet.domain.query import DEFAULT_LIMIT, MAX_LIMIT, MIN_LIMIT
from callsheet.http.admin.errors import AdminError, Code
from callsheet.service.access import AccessService
from callsheet.service.admin.admin_keys import AdminKeyService
from callsheet.service.catalog import CatalogService
from callsheet.service.ids import NewThings
from callsheet.service.moments.kept import KeptMoments
from callsheet.service.retirements.calendars import CalendarService
from callsheet.service.sync.guard import UpstreamGuard
from callsheet.service.webhooks.service import WebhooksService
from callsheet.storage.store import Store, Transactions
from callsheet.storage.transactions.read import ReadTransaction

#: The path that all others begin with.
ROOT: Final = "/v1/organizations"

#: An answer as plain JSON values, or as the type that it has.
Answer: TypeAlias = BaseModel | Mapping[str, Any]


class Input(BaseModel):
    """What callers send: nothing else than what is described, and of the types that are."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Query(Input):
    """The parameters of a call that has none; those of other calls inherit from it."""

    model_config = ConfigDict(extra="forbid", strict=False, hide_input_in_errors=True)

    #: Parameters that may be null, which SDKs write as nothing behind the name.
    nullable: ClassVar[frozenset[str]] = frozenset()


class PageQuery(Query):
    """Which page of a list."""

    limit: int = Field(DEFAULT_LIMIT, ge=MIN_LIMIT, le=MAX_LIMIT, description="Maximum number of items.")
    after_id: str | None = Field(None, min_length=1, description="The items behind the one with this id.")
    before_id: str | None = Field(None, min_length=1, description="The items before the one with this id.")


class ChangeQuery(Query):
    """The parameters of every call that changes something."""

    dry_run: Literal["true", "false"] = Field(
        "false", description="Whether to answer with the plan of what would change, and to change nothing."
    )


class Body(Input):
    """The body of a call that needs none: an empty object, or nothing at all."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call asks for, as the handlers of endpoints get it.

    Parameters
    ----------
    ids
        The parts of the path that are not fixed, by name, decoded.
    query, body
        Of the types that the endpoint says.
    now
        The time (aware).
    by
        Who asks.
    state
        What is served at the moment, which may be a little older than the database.
    guard
        Which upstreams sources may be set to.
    as_of
        The moment that is asked for; None for the present.
    private
        The addresses that webhooks may be sent to beside public ones.
    moments
        What is known of the moments that were read last; None to know nothing of them.
    """

    ids: Mapping[str, str]
    query: Any
    body: Any
    now: datetime
    by: Administrator
    state: State
    guard: UpstreamGuard
    as_of: AsOf | None = None
    private: Sequence[str] = ()
    moments: KeptMoments | None = None

    @property
    def actor(self) -> str:
        """What change records call who asks."""
        return self.by.actor


class Doing:
    """The services by which a call changes something, all in one transaction, or in a rehearsal.

    Parameters
    ----------
    store
        Gives them that transaction.
    new
        Gives ids and secrets.
    asked
        What is asked.
    """

    def __init__(self, store: Transactions, new: NewThings, asked: Asked) -> None:
        self.store = store
        self.new = new
        self.now = asked.now
        self.actor = asked.actor
        self._private = asked.private

    def clock(self) -> datetime:
        """Return the time of the whole transaction."""
        return self.now

    @property
    def access(self) -> AccessService:
        """Workspaces and keys."""
        return AccessService(self.store, self.actor, self.clock, self.new)

    @property
    def catalog(self) -> CatalogService:
        """Models and aliases."""
        return CatalogService(self.store, self.actor, self.clock, counts=False)

    @property
    def webhooks(self) -> WebhooksService:
        """Webhooks."""
        return WebhooksService(self.store, self.actor, self.clock, AllowedAddresses(self._private), self.new)

    @property
    def calendars(self) -> CalendarService:
        """Calendars."""
        return CalendarService(self.store, self.actor, self.clock, self.new)

    @property
    def admin_keys(self) -> AdminKeyService:
        """Admin keys."""
        return AdminKeyService(self.store, self.actor, self.clock, self.new)


class Read(Protocol):
    """Returns the answer to a call that reads."""

    def __call__(self, reading: ReadTransaction, asked: Asked, /) -> Answer:
        """Return it; raise AdminError or CallsheetError to refuse."""


#: Answers a call that does not fit into one transaction, or that changes nothing of it; raises as `Read`.
Run: TypeAlias = Callable[[Store, "Asked"], Answer]

#: Refuses a call before there is a transaction, as what it looks at may take long; raises as `Read`.
Check: TypeAlias = Callable[[Store, "Asked"], None]

#: Makes the changes of a call, and returns what `Show` needs; raises as `Read`.
Act: TypeAlias = Callable[[Doing, Asked], Any]

#: Returns the answer once the changes are made, in the same transaction. What of it is shown once is never kept.
Show: TypeAlias = Callable[[ReadTransaction, Asked, Any], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One call.

    Parameters
    ----------
    method, path
        ``GET`` or ``POST`` and so on, and the path with its variable parts in braces; each is one segment, in which
        a slash is written ``%2F``.
    operation, summary
        Its name for programs and metrics, and what it does.
    scope
        What an admin key must be allowed to do.
    answer
        The type of the answer.
    query, body
        The types of what is sent.
    read
        Answers a call that changes nothing; None for one that does.
    run
        Answers a call by transactions that it opens; None for one that is done in one.
    check
        Refuses what `act` would do; None for nothing that takes long to look at.
    act, show
        Make the changes, and the answer.
    status
        Of a successful answer.
    shown_once
        The members of the answer that hold a secret.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    operation: str
    summary: str
    scope: Scope
    answer: type[BaseModel]
    query: type[Query] = Query
    body: type[Input] | None = None
    read: Read | None = None
    run: Run | None = None
    check: Check | None = None
    act: Act | None = None
    show: Show | None = None
    status: int = 200
    shown_once: tuple[str, ...] = ("secret",)

    @property
    def changes(self) -> bool:
        """Whether it changes something."""
        return self.act is not None


class Routes:
    """The endpoints by path.

    Parameters
    ----------
    endpoints
        All of them; the fixed path wins over the one with a variable part.
    """

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        by_path: dict[str, dict[str, Endpoint]] = {}
        for endpoint in endpoints:
            by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
        ordered = sorted(by_path, key=lambda path: (path.count("{"), path))
        self._patterns = [(_pattern(path), by_path[path]) for path in ordered]
        self.endpoints = tuple(endpoints)

    def find(self, method: str, path: bytes) -> tuple[Endpoint, dict[str, str]]:
        """Return the endpoint that answers ``method`` on ``path``, as sent below `ROOT`, and the parts of the path.

        Raises
        ------
        AdminError
            There is none, or not for this method; or a part of the path is not percent-encoded UTF-8.
        """
        for pattern, methods in self._patterns:
            match = pattern.fullmatch(path)
            if match is None:
                continue
            endpoint = methods.get("GET" if method == "HEAD" else method)
            if endpoint is None:
                allowed = ", ".join([*sorted(methods), *(["HEAD"] if "GET" in methods else [])])
                raise AdminError(
                    Code.METHOD_NOT_ALLOWED,
                    f"This path has no {method[:20]}; it has {allowed}.",
                    headers=[(b"allow", allowed.encode("ascii"))],
                )
            return endpoint, {name: _decode(name, part) for name, part in match.groupdict().items()}
        raise AdminError(Code.NOT_FOUND, "Not found")


_VARIABLE: Final = re.compile(r"\{(\w+)\}")
_BROKEN_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def _pattern(path: str) -> re.Pattern[bytes]:
    fixed = path.removeprefix(ROOT)
    return re.compile(_VARIABLE.sub(r"(?P<\1>[^/]+)", fixed).encode("ascii"))


def _decode(name: str, part: bytes) -> str:
    try:
        if not _BROKEN_ESCAPE.search(part):
            return unquote_to_bytes(part).decode()
    except UnicodeDecodeError:
        pass
    raise AdminError(Code.INVALID_REQUEST, f"{name}: Input should be percent-encoded UTF-8", name)

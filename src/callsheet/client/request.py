"""Requests of a client, as they are sent. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode

from callsheet.client.options import ClientOptions
from callsheet.domain.errors import InvalidError

_SAFE: Final = ":@"  # in an id, as the official Python SDK has it


class ClientRequest(NamedTuple):
    """A GET request.

    Parameters
    ----------
    url
        With its query.
    headers
        All of them; the secret is among them.
    etag
        The entity tag of the answer that is known already, or None.
    """

    url: str
    headers: tuple[tuple[str, str], ...]
    etag: str | None = None

    def __repr__(self) -> str:  # a traceback may show it, but must not show the headers
        return f"<{type(self).__name__} {self.url}>"

    @property
    def key(self) -> str:
        """A hash of everything that the answer may depend on; it does not reveal the secret."""
        relevant = sorted(pair for pair in self.headers if pair[0] != "user-agent")
        return sha256(repr((self.url, relevant)).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestScope:
    """The headers by which the arguments of one call differ from those of another.

    Parameters
    ----------
    workspace_id
        Selects a workspace, for keys that may choose, or None.
    betas
        Values of ``anthropic-beta``.
    """

    workspace_id: str | None = None
    betas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQuery:
    """The page to ask for; the parameters are those of `Models.list`."""

    after_id: str | None = None
    before_id: str | None = None
    limit: int | None = None
    lifecycle: tuple[str, ...] = ()
    scope: RequestScope = RequestScope()

    @property
    def is_backward(self) -> bool:
        """Whether it walks to newer models. With both cursors it walks forward, up to ``before_id``."""
        return self.before_id is not None and self.after_id is None

    @property
    def cursor(self) -> str | None:
        """The id or alias that the page is next to, or None."""
        return self.before_id if self.is_backward else self.after_id


def make_scope(workspace_id: str | None, betas: str | Iterable[str] | None) -> RequestScope:
    """Return the scope for the arguments of a call.

    Raises
    ------
    InvalidError
        A value cannot be sent in a header.
    """
    if workspace_id is not None:
        _check_header(workspace_id, "workspace_id")
    listed = texts(betas)
    for beta in listed:
        _check_header(beta, "betas")
    return RequestScope(workspace_id=workspace_id, betas=listed)


def make_query(
    after_id: str | None,
    before_id: str | None,
    limit: int | None,
    lifecycle: str | Iterable[str] | None,
    scope: RequestScope,
) -> PageQuery:
    """Return the query for the arguments of a call."""
    return PageQuery(after_id=after_id, before_id=before_id, limit=limit, lifecycle=texts(lifecycle), scope=scope)


def texts(values: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return ``values``, one text or several, as a tuple."""
    return (values,) if isinstance(values, str) else tuple(values or ())


def list_request(options: ClientOptions, query: PageQuery) -> ClientRequest:
    """Return the request for a page.

    Raises
    ------
    InvalidError
        OpenAI's dialect has no such parameter.
    """
    cursors = {"after_id": query.after_id, "before_id": query.before_id, "limit": query.limit}
    pairs = [(name, str(value)) for name, value in cursors.items() if value is not None]
    pairs += [("lifecycle[]", lifecycle) for lifecycle in query.lifecycle]
    if pairs and options.dialect == "openai":
        raise InvalidError(f"OpenAI's dialect has no {pairs[0][0]}; it lists all models at once.")
    try:
        asked = urlencode(pairs)
    except UnicodeEncodeError:
        raise InvalidError("A cursor and a lifecycle must be text that UTF-8 can carry.") from None
    return ClientRequest(f"{options.root}/models{'?' if asked else ''}{asked}", _headers(options, query.scope))


def retrieve_request(options: ClientOptions, model_id: str, scope: RequestScope) -> ClientRequest:
    """Return the request for one model.

    Raises
    ------
    InvalidError
        ``model_id`` would not ask for a model: an empty one asks for the list.
    """
    if not model_id or model_id in (".", ".."):
        raise InvalidError(f"model_id must be the id or alias of a model, not {model_id!r}.")
    try:
        segment = quote(model_id, safe=_SAFE)
    except UnicodeEncodeError:
        raise InvalidError("model_id must be text that UTF-8 can carry.") from None
    return ClientRequest(f"{options.root}/models/{segment}", _headers(options, scope))


def _headers(options: ClientOptions, scope: RequestScope) -> tuple[tuple[str, str], ...]:
    named = dict(options.headers)
    if scope.workspace_id is not None:
        named["anthropic-workspace-id"] = scope.workspace_id
    if scope.betas:
        named["anthropic-beta"] = ",".join(scope.betas)
    return tuple(named.items())


def _check_header(text: str, name: str) -> None:
    if not text or not text.isascii() or not text.isprintable():
        raise InvalidError(f"{name} must be printable ASCII, as a header carries it, not {text[:60]!r}.")

"""Visit: one request of a person who is signed in; and what a page function makes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from callsheet.domain.access.admin_key import Scope, allows
from callsheet.domain.access.session import Session
from callsheet.http.console.address import Address
from callsheet.http.console.calls import Calls
from callsheet.http.console.change import Change
from callsheet.http.console.forms import Form
from callsheet.http.console.session_cookie import proof


@dataclass(frozen=True, slots=True)
class Page:
    """A page, before it is rendered.

    Parameters
    ----------
    template
        The name of its file.
    data
        What it shows, as plain JSON values: what the page's ``.json`` answers.
    title
        Of the window.
    status
        Of the answer.
    extra
        What only the template gets, such as a form.
    """

    template: str
    data: Mapping[str, Any]
    title: str
    status: int = 200
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Another page to go to."""

    location: str


@dataclass(frozen=True, slots=True)
class Review:
    """A change that a person wants, to be shown as a plan before it is made.

    Parameters
    ----------
    change
        What is wanted.
    back
        The address of the page to come back to.
    title
        What is wanted, in a few words, such as ``Hide claude-opus-4-1``.
    """

    change: Change
    back: str
    title: str


Outcome: TypeAlias = Page | Redirect | Review


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of a person who is signed in.

    Parameters
    ----------
    session
        Who it is.
    calls
        What they may call.
    address
        Makes the addresses of pages.
    ids
        The variable parts of the path, decoded.
    query
        The parameters, the last of each name.
    form
        What was sent; of a page that is only shown, without anything typed.
    now
        The time (aware).
    token
        That of the session, from which proofs are made.
    origin
        Scheme, host and port of the address that the browser uses.
    """

    session: Session
    calls: Calls
    address: Address
    ids: Mapping[str, str]
    query: Mapping[str, str]
    form: Form
    now: datetime
    token: str = field(repr=False)
    origin: str = ""

    def proof(self, purpose: str) -> str:
        """Return what shows that this console made an address with ``purpose`` in it."""
        return proof(self.token, purpose)

    def url(self, *segments: object, **query: Any) -> str:
        """Return the address of a page of the console."""
        return self.address.url(*segments, **query)

    @property
    def base_url(self) -> str:
        """Where clients find the Models API if they come as the browser does."""
        return self.address.base_url(self.origin)

    @property
    def colors(self) -> Mapping[str, str]:
        """The colour of each workspace that is in use, by id."""
        return {each.id: each.color for each in self.calls.state.workspaces.values()}

    @property
    def workspace_names(self) -> Mapping[str, str]:
        """The name of each workspace that is in use, by id."""
        return {each.id: each.name for each in self.calls.state.workspaces.values()}

    def own(self, location: str) -> str:
        """Return ``location`` if it is a page of this console, else the address of the first page."""
        return location if self.address.is_own(location) else self.url()

    def can(self, scope: str) -> bool:
        """Return whether the person may do what needs ``scope``."""
        return allows(self.session.scopes, Scope(scope))


#: Shows a page, or says where it is; raises AdminError if there is none.
Show: TypeAlias = Callable[[Visit], Page | Redirect]

#: Returns what a form that was sent asks for; raises FieldError or AdminError for what cannot be used.
Submit: TypeAlias = Callable[[Visit], Outcome]

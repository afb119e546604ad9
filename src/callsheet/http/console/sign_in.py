"""Signing in: by an admin key, or by a link that was made on the host; and out of it."""

import json
from typing import Final

from callsheet.api.request import Header
from callsheet.domain.access.session import Means
from callsheet.domain.errors import InvalidError
from callsheet.http.console.address import Address
from callsheet.http.console.asking import Asking, Fields
from callsheet.http.console.forms import read_json
from callsheet.http.console.recognising import Recognised, Stranger
from callsheet.http.console.rendering import render
from callsheet.http.console.response import Response, redirect
from callsheet.http.console.session_cookie import forget_token, keep_token, proof, token_in
from callsheet.service.admin.sessions import SessionService

#: What is said after signing out.
_LEFT: Final = {
    "here": "You are signed out.",
    "everywhere": "You are signed out, in this browser and in every other.",
}
_LEFT_TO_PROXY: Final = (
    "The session has ended, but the proxy in front of this server has signed you in again. Sign out at the proxy."
)


class SignIn:
    """The pages for those who are not signed in.

    Parameters
    ----------
    sessions
        Who is.
    address
        Makes the addresses of pages.
    """

    def __init__(self, sessions: SessionService, address: Address) -> None:
        self._sessions = sessions
        self._address = address

    def show(self, asking: Asking) -> Response:
        """Return the page on which one signs in."""
        following = asking.query.get("next", "")
        if asking.user is not None:  # the proxy has asked who it is
            if "left" in asking.query:
                return self._page(said=_LEFT_TO_PROXY)
            return redirect(following if self._address.is_own(following) else self._address.url())
        if "left" in asking.query and token_in(asking) is None:
            return self._page(said=_LEFT.get(asking.query["left"], _LEFT["here"]))
        return self._page(link=asking.query.get("link", ""), following=following)

    def submit(self, asking: Asking, who: Recognised | Stranger) -> Response:
        """Sign someone in, by what they sent; ``who`` it was before is signed out."""
        fields = asking.fields
        secret, link = (_last(fields, name).strip() for name in ("secret", "link"))
        following, carried = _last(fields, "next"), _last(fields, "carried")
        try:
            new = self._sessions.follow_link(link) if link else self._sessions.sign_in(secret)
        except InvalidError as error:
            return self._page(401, problem=str(error), following=following, carried=carried)
        if isinstance(who, Recognised) and who.session.means is not Means.PROXY:
            self._sessions.sign_out(who.session)
        kept = keep_token(asking, new.token)
        if carried:
            return self._offer(carried, new.token, kept)
        return redirect(following if self._address.is_own(following) else self._address.url(), kept)

    def ask(self, asking: Asking) -> Response:
        """Return what is answered to a page or a form of someone who is not signed in."""
        here = self._address.here(asking.path, asking.query)
        if not asking.is_sent:
            return redirect(self._address.url("sign-in", next=here))
        return self._page(
            401,
            problem="You were signed out. Sign in to go on; what you typed is kept.",
            carried=self._carried(asking),
        )

    def offer_again(self, asking: Asking, token: str, *kept: Header) -> Response:
        """Return the page that sends a form again of a session before the one that the browser has now."""
        return self._offer(self._carried(asking), token, *kept)

    def _carried(self, asking: Asking) -> str:
        """A form that was sent, as text that another form carries along."""
        fields = {name: values for name, values in asking.fields.items() if name != "csrf"}
        return json.dumps([self._address.here(asking.path, asking.query), fields])

    def leave(self, asking: Asking, who: Recognised | Stranger) -> Response:
        """Sign someone out, in this browser or in every one."""
        everywhere = bool(_last(asking.fields, "everywhere"))
        if isinstance(who, Recognised):
            self._sessions.sign_out(who.session, everywhere=everywhere)
        left = "everywhere" if everywhere else "here"
        return redirect(self._address.url("sign-in", left=left), forget_token(asking))

    def _page(
        self,
        status: int = 200,
        *,
        problem: str = "",
        said: str = "",
        link: str = "",
        following: str = "",
        carried: str = "",
    ) -> Response:
        body = render(
            "sign_in.html",
            self._address,
            title="Sign in",
            who=None,
            nav="",
            problem=problem,
            said=said,
            link=link,
            next=following,
            carried=carried,
        )
        return Response(status, body)

    def _offer(self, carried: str, token: str, *kept: Header) -> Response:
        """The page that sends a form again which was sent by someone who had been signed out."""
        try:
            location, fields = read_json(carried)
            pairs = [(str(name), str(value)) for name, values in dict(fields).items() for value in values]
            is_own = self._address.is_own(location)
        except (ValueError, TypeError, AttributeError):
            is_own = False
        if not is_own:
            return redirect(self._address.url(), *kept)
        body = render(
            "carried.html",
            self._address,
            title="Go on",
            who=None,
            nav="",
            location=location,
            fields=pairs,
            csrf=proof(token),
        )
        return Response(200, body, headers=kept)


def _last(fields: Fields, name: str) -> str:
    return fields.get(name, [""])[-1]

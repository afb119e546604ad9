"""Frame: from a request to its answer: who it is, which page, and what becomes of a form."""

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from callsheet.domain.access.session import Session
from callsheet.domain.errors import StorageError
from callsheet.http.admin.errors import AdminError, Code, refusal_of
from callsheet.http.console.address import Address
from callsheet.http.console.asking import SIGN_IN, Asking
from callsheet.http.console.calls import Calls
from callsheet.http.console.done import done_before, without, without_done
from callsheet.http.console.forms import Form
from callsheet.http.console.recognising import Recognised, Stranger
from callsheet.http.console.rendering import relative, render
from callsheet.http.console.response import Response, json_response, redirect
from callsheet.http.console.routes import Found, Route, Routes
from callsheet.http.console.session_cookie import forget_token, is_proof, may_be_proof, proof, token_in
from callsheet.http.console.showing import shown
from callsheet.http.console.sign_in import SignIn
from callsheet.http.console.submission import submitted
from callsheet.http.console.visit import Page, Redirect, Visit
from callsheet.service.admin.sessions import SessionService

_log = logging.getLogger("callsheet")

_ELSEWHERE: Final = "This form was not sent by a page of this console; open the page again and send it from there."

#: Sentences for people, where those of the Admin API are for programs.
_MESSAGES: Final = {Code.DATABASE_UNAVAILABLE: "The database cannot be reached at the moment; try again soon."}


class Frame:
    """Answers requests, each on a thread.

    Parameters
    ----------
    sessions
        Who is signed in.
    routes
        All pages.
    address
        Makes their addresses.
    """

    def __init__(self, sessions: SessionService, routes: Routes, address: Address) -> None:
        self._routes = routes
        self._address = address
        self._sign_in = SignIn(sessions, address)

    def answer(self, asking: Asking, who: Recognised | Stranger, calls_of: Any) -> Response:
        """Return the answer to a request.

        Parameters
        ----------
        asking
            The request.
        who
            Sends it.
        calls_of
            Returns the `Calls` of a session.
        """
        if asking.is_sent and not asking.is_own:
            return self._refused(AdminError(Code.INVALID_REQUEST, _ELSEWHERE), 403)
        try:
            _ = asking.fields  # read, and checked, only on access
        except ValueError:
            return self._refused(
                AdminError(
                    Code.INVALID_REQUEST, "The form could not be read; open the page again and send it from there."
                )
            )
        if asking.place == SIGN_IN:
            response = self._sign_in.submit(asking, who) if asking.is_sent else self._sign_in.show(asking)
            return _forgetting(response, asking, who)
        if asking.place == b"/sign-out" and asking.is_sent:
            return self._sign_in.leave(asking, who)
        if isinstance(who, Stranger):
            return _forgetting(self._unknown(asking), asking, who)
        if who.kept is None:
            return self._answer(asking, calls_of, who.session, who.token)
        if asking.is_sent:
            return self._sign_in.offer_again(asking, who.token, who.kept)
        response = self._answer(asking, calls_of, who.session, who.token)
        return response._replace(headers=(*response.headers, who.kept))

    def _answer(self, asking: Asking, calls_of: Any, session: Session, token: str) -> Response:
        try:
            found = self._routes.find(asking.place)
            form = Form(asking.fields if asking.is_sent else None)
        except AdminError as error:
            return self._refused(error, session=session, token=token)
        given = form.raw("csrf")
        if given is not None and may_be_proof(given) and not is_proof(given, token):
            return self._sign_in.offer_again(asking, token)
        calls: Calls = calls_of(session)
        visit = Visit(
            session=session,
            calls=calls,
            address=self._address,
            ids=found.ids,
            query=without_done(asking.query),
            form=form,
            now=calls.now,
            token=token,
            origin=asking.origin,
        )
        return self._visit(asking, found, visit)

    def _unknown(self, asking: Asking) -> Response:
        if asking.path.endswith(b".json"):
            return json_response({"error": {"message": "You are signed out; sign in with a browser."}}, 401)
        return self._sign_in.ask(asking)

    def _visit(self, asking: Asking, found: Found, visit: Visit) -> Response:
        try:
            outcome = self._outcome(asking, found.route, visit)
        except AdminError as error:
            if error.code is Code.INVALID_CREDENTIAL:
                return self._unknown(asking)
            if error.code is Code.STORAGE:
                _log.error("console failed: %s", error.__cause__)
            if found.is_json:
                return json_response({"error": {"message": _MESSAGES.get(error.code, error.message)}}, error.status)
            return self._refused(error, session=visit.session, token=visit.token)
        if isinstance(outcome, Redirect):
            return redirect(outcome.location)
        if found.is_json:
            return json_response(outcome.data, outcome.status)
        return Response(outcome.status, self._render(outcome, visit, asking))

    def _outcome(self, asking: Asking, route: Route, visit: Visit) -> Page | Redirect:
        if not visit.can(route.scope):
            raise AdminError(Code.SCOPE_MISSING, f"This page needs an admin key with the scope {route.scope}.")
        if not asking.is_sent:
            if route.show is None:
                return Redirect(visit.url())
            return shown(route.show, visit)
        if not is_proof(visit.form.raw("csrf"), visit.token):
            raise AdminError(Code.INVALID_REQUEST, _ELSEWHERE)
        return submitted(route, visit, self._address.here(asking.path, without_done(asking.query)))

    def _render(self, page: Page, visit: Visit, asking: Asking) -> bytes:
        return render(
            page.template,
            self._address,
            **{**page.data, **page.extra},
            title=page.title,
            who=_who(visit.session),
            can=visit.can,
            csrf=proof(visit.token),
            form=visit.form,
            nav=_section(asking.path),
            json_url=None if asking.is_sent else self._json_url(asking),
            done=done_before(visit, asking.path, asking.query),
            present_url=self._address.here(asking.path, without(asking.query, "as_of")),
            relative=partial(relative, now=visit.now),
            now=visit.now,
        )

    def _json_url(self, asking: Asking) -> str:
        path = asking.place or b"/models"
        return self._address.here(path + b".json", without_done(asking.query))

    def _refused(
        self,
        error: AdminError,
        status: int | None = None,
        *,
        session: Session | None = None,
        token: str | None = None,
    ) -> Response:
        body = render(
            "error.html",
            self._address,
            title="Not possible",
            status=status or error.status,
            message=_MESSAGES.get(error.code, error.message),
            nav="",
            who=None if session is None else _who(session),
            csrf="" if token is None else proof(token),
            done=None,
        )
        return Response(status or error.status, body)

    def unavailable(self, error: StorageError) -> Response:
        """Return what is answered while the database cannot be used."""
        return self._refused(refusal_of(error))

    def broken(self, request_id: str) -> Response:
        """Return what is answered to an unexpected error."""
        message = f"Something went wrong; the log of the server has the details under {request_id}."
        return self._refused(AdminError(Code.INTERNAL, message))


def _forgetting(response: Response, asking: Asking, who: Recognised | Stranger) -> Response:
    """The answer, which has the browser forget a token that is of no use, unless it is sent another."""
    keeps = any(name == b"set-cookie" for name, _ in response.headers)
    if keeps or isinstance(who, Recognised) or token_in(asking) is None:
        return response
    return response._replace(headers=(*response.headers, forget_token(asking)))


def _who(session: Session) -> Mapping[str, Any]:
    return {"name": session.name, "scopes": [str(scope) for scope in session.scopes]}


def _section(path: bytes) -> str:
    """The entry of the navigation that a page belongs to."""
    return path.decode("latin-1").strip("/").partition("/")[0].removesuffix(".json") or "models"

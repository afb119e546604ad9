"""A browser in process: it keeps cookies, follows redirects, and sends the forms of the pages that it shows."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode, urljoin

from bs4 import BeautifulSoup, Tag

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.errors import StorageError
from callsheet.http.admin.doing import Worker
from callsheet.http.console.calls import Calls
from callsheet.http.console.change import Change
from callsheet.http.console.session_admission import SessionAdmission
from callsheet.service.admin.admin_keys import AdminKeyService
from callsheet.service.admin.sessions import SessionService
from callsheet.service.sync.guard import UpstreamGuard
from callsheet.settings import Settings
from tests.http.admin.asking import Reply, exchange
from tests.installation import Installation, now

HOST: Final = "127.0.0.1:8484"
COOKIE: Final = "callsheet-8484"
_FORM: Final = "application/x-www-form-urlencoded"
_MAX_REDIRECTS: Final = 5


class Shown:
    """What a browser shows.

    Parameters
    ----------
    path
        Its address, without scheme and host.
    reply
        What was answered.
    """

    def __init__(self, path: str, reply: Reply) -> None:
        self.path = path
        self.reply = reply

    @cached_property
    def soup(self) -> BeautifulSoup:
        """The page, parsed; most of what a browser passes on its way nobody looks at."""
        return BeautifulSoup(self.reply.content.decode(), "html.parser", multi_valued_attributes=None)

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self.reply.status

    @property
    def text(self) -> str:
        """What one reads on the page, with one space between words."""
        return " ".join(self.soup.get_text(" ").split())

    @property
    def json(self) -> Any:
        """The answer, of an address that ends in ``.json``."""
        return json.loads(self.reply.content)

    @property
    def heading(self) -> str:
        """The first heading."""
        found = self.soup.find("h1")
        assert found is not None, self.text
        return " ".join(found.get_text(" ").split())

    def form(self, button: str) -> Tag:
        """The form with a button of this text."""
        for form in self.soup.find_all("form"):
            if any(_words(each) == button for each in form.find_all("button")):
                return form
        raise AssertionError(f"no form with a button {button!r} on {self.path}: {self.text}")

    def link(self, words: str) -> str:
        """Where the link of this text leads."""
        for each in self.soup.find_all("a"):
            if _words(each) == words:
                return str(each["href"])
        raise AssertionError(f"no link {words!r} on {self.path}: {self.text}")

    def error_of(self, field: str) -> str:
        """What is wrong with a field, as it is said there; empty if nothing is."""
        control = self.soup.find(id=f"f-{field}")
        assert isinstance(control, Tag), f"no field {field!r} on {self.path}: {self.text}"
        ids = str(control.get("aria-describedby") or "").split()
        said = [self.soup.find(id=each) for each in ids if each.endswith("-error")]
        return " ".join(_words(each) for each in said if isinstance(each, Tag))

    def fields(self, button: str) -> dict[str, list[str]]:
        """What the form with this button would send as it is."""
        return _fields(self.form(button))


class Browser:
    """A browser at the console of an installation.

    Beside the console, nothing runs: what was written is read before each request, instead of by a watch.

    Parameters
    ----------
    installation
        Whose console it is.
    options
        Settings of the app, by name.
    """

    def __init__(self, installation: Installation, **options: Any) -> None:
        self.installation = installation
        self.served = installation.app(Settings(**options))
        self.served.start = _start_nothing  # type: ignore[method-assign]
        self.app: Any = self.served
        self._commits = installation.commits()
        self.cookies: dict[str, str] = {}
        self.page: Shown | None = None

    def make_key(self, name: str = "everything", *scopes: Scope) -> str:
        """The secret of a new admin key."""
        service = AdminKeyService(self.installation.store, "test", now)
        return service.create(name, scopes or (Scope.ALL,)).secret

    def sign_in(self, *scopes: Scope, name: str = "everything") -> "Browser":
        """Sign in with a new admin key, without the page for it, which tests/console/test_sessions.py is about."""
        service = SessionService(self.installation.store, now)
        self.cookies = {COOKIE: service.sign_in(self.make_key(name, *scopes)).token}
        return self

    def rehearse(self, change: Change) -> dict[str, Any]:
        """The plan of a change, as the console makes it for somebody who may do everything."""
        session = SessionService(self.installation.store, now).of_user("test", (Scope.ALL,))
        calls = Calls(
            worker=Worker(self.installation.store),
            admission=SessionAdmission(session.fingerprint),
            now=now(),
            state=self.served.live.current,
            guard=UpstreamGuard(("*",)),
        )
        return calls.rehearse(change)

    def open(self, path: str, **headers: str) -> Shown:
        """Go to a page, and on to wherever it leads."""
        return self._follow("GET", path, b"", headers)

    def send(self, shown: Shown, button: str, **typed: str | Sequence[str] | None) -> Shown:
        """Send the form with a button of this text, after typing into fields; None leaves one out."""
        form = shown.form(button)
        fields: dict[str, Any] = {**_fields(form), **typed}
        sent = {name: value for name, value in fields.items() if value is not None}
        return self.post(urljoin(shown.path, str(form.get("action") or shown.path)), sent)

    def post(self, path: str, fields: Mapping[str, Any], **headers: str) -> Shown:
        """Send fields to an address, as a page of the console does."""
        body = urlencode(fields, doseq=True).encode()
        return self._follow("POST", path, body, {"origin": f"http://{HOST}", "content_type": _FORM, **headers})

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Reply:
        """Send a request as it is, with the cookies; what it answers is not followed."""
        sent = {"host": HOST, **headers}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self.catch_up()
        lines = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in sent.items()]
        reply = asyncio.run(exchange(self.app, method, path, lines, body))
        self._keep(reply)
        return reply

    def catch_up(self) -> None:
        """Read what was written since the last request."""
        if self._commits.are_new():
            with suppress(StorageError):  # the State stays as it was
                self.served.live.refresh()

    def _follow(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Shown:
        for _ in range(_MAX_REDIRECTS):
            reply = self.ask(method, path, body, **headers)
            if reply.status != 303:
                self.page = Shown(path, reply)
                return self.page
            method, path, body, headers = "GET", urljoin(path, reply.headers["location"]), b"", {}
        raise AssertionError(f"{path} leads nowhere")

    def _keep(self, reply: Reply) -> None:
        given = reply.headers.get("set-cookie")
        if given is not None:
            name, _, value = given.partition(";")[0].partition("=")
            self.cookies = {**self.cookies, name: value}
            if not value:
                del self.cookies[name]


def _start_nothing() -> None:
    """Do nothing."""


def _words(tag: Tag) -> str:
    return " ".join(tag.get_text(" ").split())


def _fields(form: Tag) -> dict[str, list[str]]:
    """What a browser would send of a form."""
    found: dict[str, list[str]] = {}
    for each in form.find_all(["input", "textarea", "select"]):
        name = each.get("name")
        if not name or each.has_attr("disabled"):
            continue
        if each.name == "textarea":
            found.setdefault(str(name), []).append(each.get_text().removeprefix("\n"))
        elif each.name == "select":
            chosen = [option for option in each.find_all("option") if option.has_attr("selected")]
            chosen = chosen or each.find_all("option")[:1]
            found.setdefault(str(name), []).extend(str(option.get("value", option.get_text())) for option in chosen)
        elif each.get("type") not in ("checkbox", "radio") or each.has_attr("checked"):
            found.setdefault(str(name), []).append(str(each.get("value", "on" if each.get("type") else "")))
    return found

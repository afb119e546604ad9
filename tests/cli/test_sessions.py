"""``callsheet sessions``."""

import pytest

from callsheet.domain.access.admin_key import Scope
from callsheet.service.admin.admin_keys import AdminKeyService
from callsheet.service.admin.sessions import SessionService
from tests.cli.conftest import CLI
from tests.installation import Installation, now


@pytest.fixture
def service(installation: Installation) -> SessionService:
    """The sessions of the installation, of each means one."""
    service = SessionService(installation.store, now)
    service.sign_in(AdminKeyService(installation.store, "test", now).create("ci", [Scope.KEYS]).secret)
    service.follow_link(service.make_link("ada", (Scope.ALL,)))
    service.of_user("grace", (Scope.READ,))
    return service


@pytest.mark.usefixtures("service")
def test_a_list_says_who_is_signed_in_and_by_what(cli: CLI) -> None:
    listed = cli("sessions", "list", "--json").json
    means = {each["name"]: (each["signed_in_by"], each["scopes"], each["actor"][:8]) for each in listed}
    assert means == {
        "ci": ("admin_key", ["keys"], "admin:ad"),
        "ada (link)": ("link", ["all"], "console:"),
        "grace": ("proxy", ["read"], "console:"),
    }
    shown = cli("sessions", "list").out
    assert all(words in shown for words in ("admin key", "link", "proxy", *(each["id"] for each in listed)))


def test_a_session_is_ended_by_its_id(cli: CLI, service: SessionService) -> None:
    of_key, of_link, of_proxy = sorted(service.list(), key=lambda session: session.means)
    ended = cli("sessions", "end", of_key.id)
    assert ended.err == f"Ended the session of ci: {of_key.id}.\n"
    assert "The proxy signs grace in again" in cli("sessions", "end", of_proxy.id).err
    assert [each.id for each in service.list()] == [of_link.id]
    assert "it may have ended" in cli("sessions", "end", of_key.id).err


def test_all_sessions_and_links_are_ended(cli: CLI, service: SessionService) -> None:
    link = service.make_link("eve", (Scope.ALL,))
    assert "Ended 3 sessions." in cli("sessions", "end", "--all").err
    assert cli("sessions", "list", "--json").json == []
    with pytest.raises(Exception, match="already been used"):
        service.follow_link(link)
    assert "Ended 0 sessions." in cli("sessions", "end", "--all").err


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Name a session, or say --all."),
        (("session_x", "--all"), "A session and --all are both given; say one."),
        (("session_x",), "There is no session 'session_x'; it may have ended."),
    ],
)
def test_what_cannot_be_ended_is_refused(arguments: tuple[str, ...], sentence: str, cli: CLI) -> None:
    refused = cli("sessions", "end", *arguments)
    assert refused.code == 1
    assert sentence in refused.err
    assert len(cli("sessions", "list", "--json").json) == 3

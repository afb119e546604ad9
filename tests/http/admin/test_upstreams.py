"""Sources of the Admin API lead to nothing that only the server reaches, unless its operator allows it."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import pytest

from callsheet.domain.access.admin_key import Scope
from callsheet.http.app import create_app
from callsheet.service.sync.config import read_config
from callsheet.service.sync.guard import UpstreamGuard
from callsheet.service.sync.sources import SourcesService
from callsheet.settings import Settings
from tests.http.admin.asking import Admin, Reply
from tests.installation import Installation, now

HOSTS: Final = {
    "public.example": ["8.8.8.8"],
    "inside.example": ["10.1.2.3"],
    "mixed.example": ["8.8.8.8", "192.168.1.1"],
    "metadata.example": ["169.254.169.254"],
    "localhost": ["127.0.0.1", "::1"],
}


def resolve(host: str, _port: int) -> Sequence[str]:
    """Literal addresses are what they are; others are known or are not."""
    if host in HOSTS:
        return HOSTS[host]
    if host.replace(".", "").isdigit() or ":" in host:
        return [host]
    raise OSError("no such host")


def caller(installation: Installation, *private: str) -> Admin:
    return Admin(installation, guard=UpstreamGuard(private, resolve))


def add(admin: Admin, url: str, query: str = "") -> Reply:
    return admin.post(f"/catalog/sources{query}", {"name": "acme", "config": {"kind": "openai", "url": url}})


def change(admin: Admin, url: str, query: str = "") -> Reply:
    return admin.post(f"/catalog/sources/there{query}", {"config": {"url": url}})


def apply(admin: Admin, url: str, query: str = "") -> Reply:
    document = {"manager": "git", "sources": [{"name": "filed", "kind": "openai", "url": url}]}
    planned = admin.post("/catalog/plans", {"document": document}).json
    return admin.post(f"/catalog/plans/{planned['id']}/apply{query}", {"plan": planned["plan"]})


def add_on_host(installation: Installation, url: str) -> None:
    service = SourcesService(installation.store, "test", now)
    service.add("there", read_config({"kind": "openai", "url": url}))


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
@pytest.mark.parametrize("do", [add, change, apply])
def test_a_source_is_set_to_nothing_private_and_nothing_is_changed(
    installation: Installation, do: Callable[[Admin, str, str], Reply], query: str
) -> None:
    add_on_host(installation, "https://public.example")
    admin = caller(installation)
    before = admin.revision
    for url, address in (
        ("http://127.0.0.1:8000", "127.0.0.1"),
        ("http://[::ffff:10.0.0.1]/v1", "::ffff:10.0.0.1"),
        ("http://[fe80::1]", "fe80::1"),
        ("https://inside.example", "The host inside.example has the address 10.1.2.3, which"),
        ("https://mixed.example", "The host mixed.example has the address 192.168.1.1, which"),
        ("http://localhost:11434", "The host localhost has the address 127.0.0.1, which"),
    ):
        refused = do(admin, url, query)
        assert (refused.status, refused.code, admin.revision) == (400, "invalid", before)
        assert refused.message == (
            f"{address} is not public; to let the Admin API set sources there, name it in the setting "
            "sources_private, or set the source on the command line of the host."
        )
    assert do(admin, "https://public.example/v1", query).status == 200


@pytest.mark.parametrize(
    ("private", "refused"), [(("10.0.0.0/8", "169.254.0.0/16"), "127.0.0.1"), (("*",), "169.254.1.1")]
)
@pytest.mark.parametrize("do", [add, change, apply])
def test_a_setting_allows_a_network_and_never_the_addresses_of_credentials(
    installation: Installation, do: Callable[[Admin, str], Reply], private: tuple[str, ...], refused: str
) -> None:
    add_on_host(installation, "https://public.example")
    admin = caller(installation, *private)
    for url in ("http://169.254.169.254/latest", "http://metadata.example", "http://[fd00:ec2::254]"):
        assert "answer with credentials; no source is asked there." in do(admin, url).message
    assert "is not public" in do(admin, f"http://{refused}").message
    assert do(admin, "http://inside.example").status == 200


def test_what_the_host_has_set_may_be_changed_otherwise(installation: Installation) -> None:
    add_on_host(installation, "http://localhost:11434")
    admin = caller(installation)
    sent = {"config": {"url": "http://localhost:11434", "every": "10m"}}
    changed = admin.post("/catalog/sources/there", sent)
    assert (changed.status, changed.json["config"]["every"]) == (200, "10m")
    assert admin.post("/catalog/sources/there", {"config": {"url": "http://localhost:11435"}}).status == 400


def test_a_host_without_an_address_is_let_through_as_a_proxy_may_know_it(installation: Installation) -> None:
    assert add(caller(installation), "https://only-the-proxy.example").status == 200


def test_others_change_things_while_a_name_server_is_asked(installation: Installation) -> None:
    asked = []

    def slow(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        installation.catalog.alias("fast", "claude-opus-5")
        return resolve(host, port)

    assert add(Admin(installation, guard=UpstreamGuard((), slow)), "https://public.example").status == 200
    assert asked == ["public.example"]


def test_a_caller_who_may_not_change_sources_has_no_host_resolved(installation: Installation) -> None:
    def never(_host: str, _port: int) -> Sequence[str]:
        raise AssertionError("a name server was asked")

    admin = Admin(installation, guard=UpstreamGuard((), never))
    body: dict[str, Any] = {"name": "acme", "config": {"kind": "openai", "url": "https://public.example"}}
    for scope in ("read", "keys"):
        narrow = admin.make_key(scope, Scope(scope))
        assert admin.post("/catalog/sources", body, x_api_key=narrow).code == "scope_missing"


def test_the_setting_of_a_server_decides(installation: Installation) -> None:
    admin = Admin(installation)
    for private, status in (([], 400), (["127.0.0.0/8"], 200)):
        app = create_app(Settings(database=installation.url, sources_private=private))
        admin.api = app.admin
        assert add(admin, "http://127.0.0.1:8000", "?dry_run=true").status == status

"""``callsheet admin-keys``."""

import pytest

from callsheet.domain.access.secret import may_be_admin_secret
from callsheet.service.maintenance.check import check_database
from tests.cli.conftest import CLI
from tests.installation import Installation


def test_a_key_is_made_and_its_secret_is_printed_once(cli: CLI) -> None:
    made = cli("admin-keys", "create", "--name", "ci", "--scope", "keys", "--scope", "read", "--json").json
    assert may_be_admin_secret(made.pop("secret"))
    assert (made["name"], made["scopes"], made["status"]) == ("ci", ["read", "keys"], "active")
    assert cli("admin-keys", "list", "--json").json == [{**made, "expired": False}]
    assert cli("admin-keys", "show", "ci", "--json").json == {**made, "expired": False, "works": True}
    plain = cli("admin-keys", "create", "--name", "other", "--scope", "all")
    assert may_be_admin_secret(plain.out.strip())
    assert "shown this once" in plain.err
    assert plain.out.strip() not in cli("admin-keys", "list").out + cli("catalog", "history", "--json").out


def test_every_change_is_recorded_and_checked(cli: CLI, installation: Installation) -> None:
    cli("admin-keys", "create", "--name", "ci", "--scope", "all")
    for verb, status in (("disable", "disabled"), ("enable", "active")):
        assert cli("admin-keys", verb, "ci", "--json").json["status"] == status
    rotated = cli("admin-keys", "rotate", "ci", "--overlap", "2", "--json").json
    assert cli("admin-keys", "show", "ci", "--json").json["id"] == rotated["id"]
    assert cli("admin-keys", "archive", rotated["id"], "--json").json["status"] == "archived"
    history = cli("catalog", "history", "--json").json
    actions = [each["action"] for each in history if each["kind"] == "admin_key"]
    assert actions == ["archive", "create", "rotate", "enable", "disable", "create"]
    assert "archive admin key ci" in cli("catalog", "history", "--limit", "1").out
    assert check_database(installation.store).problems == []


def test_a_dry_run_makes_no_key(cli: CLI) -> None:
    assert "ci" in cli("admin-keys", "create", "--name", "ci", "--scope", "all", "--dry-run").out
    assert cli("admin-keys", "list", "--json").json == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("create", "--name", "a", "--scope", "every"),
            "The scopes of an admin key are read, catalog, keys, all: name at least one, not 'every'.",
        ),
        (
            ("create", "--name", "", "--scope", "all"),
            "The name of an admin key must be 1 to 128 printable characters",
        ),
        (("create", "--name", "known", "--scope", "all"), "There is an admin key named 'known' already"),
        (("create", "--name", "a", "--scope", "all", "--expires-at", "2020-01-01"), "must lie in the future"),
        (("show", "knwon"), "There is no admin key 'knwon'; did you mean 'known'?"),
        (("archive", "xyz"), "There is no admin key 'xyz'; callsheet admin-keys list shows all."),
    ],
)
def test_what_cannot_be_done_is_refused(cli: CLI, arguments: tuple[str, ...], sentence: str) -> None:
    cli("admin-keys", "create", "--name", "known", "--scope", "read")
    assert sentence in cli("admin-keys", *arguments).refusal
    assert len(cli("admin-keys", "list", "--json").json) == 1

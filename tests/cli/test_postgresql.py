"""Every command works on PostgreSQL as it does on SQLite, and none tells a password."""

from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.cli.conftest import CLI
from tests.postgres import Databases, Server, execute


@pytest.fixture
def url(postgres: Databases) -> str:
    """An empty database."""
    return postgres.make()


def test_every_command_does_its_work(call: CLI, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_DATABASE_URL", url)

    def done(command: str) -> str:
        result = call(*command.split())
        assert (result.code, command) == (0, command), result.err
        return result.out

    done("migrate")
    done("catalog add m --display-name Ünal --line opus")
    done("catalog change m --max-tokens 9007199254740991")
    done("catalog alias short m")
    done("catalog hide m")
    shown = call("catalog", "show", "short", "--json").json
    assert {name: shown[name] for name in ("display_name", "max_tokens", "hidden", "aliases")} == {
        "display_name": "Ünal",
        "max_tokens": 9007199254740991,
        "hidden": True,
        "aliases": ["short"],
    }
    done("catalog unhide m")
    done("catalog unalias short")
    done("catalog deprecate m --replacement claude-opus-5")
    done("catalog retire m")
    done("catalog remove m")
    assert "claude-opus-5" in done("catalog list")
    done("workspaces create team --allow *haiku*")
    done("workspaces change team --shape classic")
    assert call("workspaces", "show", "team", "--json").json["shape"] == "classic"
    assert done("keys create --name k --workspace team").startswith("sk-cs-")
    done("keys disable k")
    done("keys enable k")
    done("keys rotate k")
    done("keys archive k")
    assert len(call("keys", "list", "--json").json) == 2
    done("workspaces archive team")
    assert "team" in done("workspaces list")
    history = call("catalog", "history", "m", "--json").json
    assert [change["action"] for change in history] == [
        "remove", "retire", "deprecate", "unhide", "hide", "change", "add",
    ]  # fmt: skip
    assert [change["number"] for change in history] == sorted(
        (change["number"] for change in history), reverse=True
    )


def test_migrate_says_what_it_did_and_that_there_is_nothing_left_to_do(call: CLI, url: str) -> None:
    assert call("migrate", "--database", url).err.startswith("Migrated the schema from nothing to ")
    assert call("migrate", "--database", url).err.startswith("The schema is ")


def test_a_command_about_what_exists_refuses_an_empty_database_and_makes_nothing(call: CLI, url: str) -> None:
    place = make_url(url).render_as_string()
    assert call("catalog", "list", "--database", url).refusal == (
        f"There is no database at {place}; callsheet serve makes one, or callsheet migrate."
    )
    assert call("migrate", "--database", url).err.startswith("Migrated the schema from nothing to ")


@pytest.mark.parametrize("command", ["catalog list", "catalog add m", "migrate", "keys list"])
def test_a_refusal_is_one_sentence_without_the_password(call: CLI, command: str) -> None:
    for url in (
        "postgresql://user:hunter2@127.0.0.1:1/db",
        "postgresql://user@127.0.0.1:1/db?password=hunter2",
        "postgres://user:hunter2@no-such-host.invalid/db",
        "postgresql://user:hun@ter2@127.0.0.1:1/db",
    ):
        sentence = call(*command.split(), "--database", url).refusal
        assert "ter2" not in sentence


def test_a_password_is_taken_from_the_environment_and_shown_nowhere(
    call: CLI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Server() as server:
        execute(server.url, "CREATE USER with_password SUPERUSER PASSWORD 'hunter2'")
        url = f"postgresql://with_password@127.0.0.1:{server.port}/postgres"
        assert "refuses this user or password" in call("migrate", "--database", url).refusal
        monkeypatch.setenv("PGPASSWORD", "hunter2")
        monkeypatch.setenv("CALLSHEET_DATABASE_URL", url)
        assert call("migrate").code == 0
        monkeypatch.delenv("PGPASSWORD")
        monkeypatch.setenv("CALLSHEET_DATABASE_URL", f"{url}?password=hunter2&application_name=us")
        assert call("keys", "list").code == 0
        settings = call("settings", "--json")
        assert "hunter2" not in settings.out
        assert settings.json["database"]["value"] == f"{url}?password=***&application_name=us"

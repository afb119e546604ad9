"""``callsheet settings``: what the program believes, and why."""

from pathlib import Path

import pytest

from callsheet.settings import Settings
from tests.cli.conftest import CLI


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_lists_every_setting_with_value_origin_and_meaning(call: CLI, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("callsheet.toml").write_text('port = 9000\nextra_versions = ["2027-01-01"]\n')
    monkeypatch.setenv("CALLSHEET_DATABASE_URL", "sqlite:///a.db")
    listing = call("settings", "--json").json
    assert list(listing) == list(Settings.model_fields)
    assert all(each["description"] for each in listing.values())
    told = {name: (each["value"], each["origin"]) for name, each in listing.items()}
    assert told["database"] == ("sqlite:///a.db", "CALLSHEET_DATABASE_URL")
    assert told["port"] == (9000, "port in callsheet.toml")
    assert told["extra_versions"] == (["2027-01-01"], "extra_versions in callsheet.toml")
    assert told["shape"] == ("current", "default")


def test_the_table_for_people_has_the_same(call: CLI) -> None:
    lines = call("settings", "--database", "sqlite:///b.db").out.splitlines()
    assert lines[0].split() == ["Setting", "Value", "Comes", "from", "What", "it", "is"]
    assert [line.split()[0] for line in lines[2:]] == list(Settings.model_fields)
    assert lines[2].split()[:3] == ["database", "sqlite:///b.db", "--database"]


def test_passwords_are_hidden(call: CLI) -> None:
    url = "postgresql://user:hunter2@db.example/callsheet"
    for form in ((), ("--json",)):
        out = call("settings", "--database", url, *form).out
        assert "hunter2" not in out
        assert "user:***@db.example" in out


def test_it_opens_no_database(call: CLI, folder: Path) -> None:
    assert call("settings", "--database", f"sqlite:///{folder}/a.db").code == 0
    assert list(folder.iterdir()) == []


def test_it_reads_the_file_that_is_named(call: CLI, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("one.toml").write_text("port = 1\n")
    Path("two.toml").write_text("port = 2\n")
    monkeypatch.setenv("CALLSHEET_CONFIG", "one.toml")
    assert call("settings", "--json").json["port"]["origin"] == "port in one.toml"
    assert call("settings", "--config", "two.toml", "--json").json["port"]["value"] == 2


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("CALLSHEET_PROT", "1", "CALLSHEET_PROT is not a setting; did you mean CALLSHEET_PORT?"),
        ("CALLSHEET_DATABASE", "x", "CALLSHEET_DATABASE is not a setting; did you mean CALLSHEET_DATABASE_URL?"),
        ("CALLSHEET_XYZZY", "1", "CALLSHEET_XYZZY is not a setting; callsheet serve --help lists all of them."),
        ("CALLSHEET_WORKERS", "0", "CALLSHEET_WORKERS: input should be greater than or equal to 1."),
        ("CALLSHEET_FAST", "?", "CALLSHEET_FAST: input should be a valid boolean, unable to interpret input."),
        ("CALLSHEET_CONFIG", "no.toml", "The settings file no.toml cannot be read: No such file or directory."),
    ],
)  # fmt: skip
def test_a_wrong_variable_stops_the_program_with_its_name_and_the_reason(
    call: CLI, monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)
    for command in (("settings",), ("catalog", "list"), ("serve",)):
        assert call(*command).refusal == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("prot = 1", "prot in callsheet.toml is not a setting; did you mean port in callsheet.toml?"),
        ("port = 70000", "port in callsheet.toml: input should be less than or equal to 65535."),
        ('root_path = "x"', "root_path in callsheet.toml: must begin with a slash."),
        ("port = ", "The settings file callsheet.toml is not valid TOML: Invalid value (at end of document)."),
    ],
)  # fmt: skip
def test_a_wrong_line_of_the_file_stops_the_program_with_its_name_and_the_reason(
    call: CLI, text: str, sentence: str
) -> None:
    Path("callsheet.toml").write_text(text)
    assert call("settings").refusal == sentence

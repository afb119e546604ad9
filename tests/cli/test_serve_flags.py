"""``callsheet serve --help`` and what serve refuses before it does anything."""

from pathlib import Path

import pytest

from callsheet.cli.app import command_tree
from callsheet.settings import Settings
from tests.cli.conftest import CLI

TO_ALL = "to everybody; serve on 127.0.0.1, or set insecure (--insecure) if you mean it."


def flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def test_every_setting_has_a_flag_and_every_flag_is_a_setting() -> None:
    command = command_tree().commands["serve"]
    flags = {parameter.name for parameter in command.params if not parameter.hidden}
    assert flags - {"config", "help"} == set(Settings.model_fields)


def test_the_help_explains_every_setting_in_its_own_words(call: CLI) -> None:
    text = "".join(call("serve", "--help").out.split())  # lines also break behind a hyphen
    for name, field in Settings.model_fields.items():
        assert flag(name) in text
        if name != "database":  # of which it says how to write it
            assert field.description is not None
            assert "".join(field.description.split()) in text


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ("--any-key --host 0.0.0.0", f"any_key would open 0.0.0.0 {TO_ALL}"),
        ("--any-key --host 192.0.2.1", f"any_key would open 192.0.2.1 {TO_ALL}"),
        ("--port 70000", "--port: input should be less than or equal to 65535."),
        ("--workers 0", "--workers: input should be greater than or equal to 1."),
        ("--default-limit 1001", "--default-limit: input should be less than or equal to 1000."),
        ("--root-path x", "--root-path: must begin with a slash."),
        ("--cors-origins example.com",
         "--cors-origins: 'example.com' is not an origin such as https://app.example.com."),
    ],
)  # fmt: skip
def test_a_bad_flag_is_refused_before_anything_is_made(
    call: CLI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("serve", "--database", f"sqlite:///{tmp_path}/a.db", *flags.split()).refusal == sentence
    assert list(tmp_path.iterdir()) == []


def test_a_flag_of_the_wrong_kind_is_wrong_usage(call: CLI) -> None:
    assert call("serve", "--port", "many").code == 2
    assert call("serve", "--shape", "odd").code == 2

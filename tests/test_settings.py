"""Settings: a file, the environment and flags, in that order of increasing strength."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from callsheet.domain.access.workspace import Shape
from callsheet.domain.errors import SettingsError
from callsheet.settings import LogFormat, MessageFormat, MissingVersion, Otel, Settings, hide_password, load


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


#: Of every setting: what is written in the file, in the environment and as a flag, with what each means.
VALUES: Mapping[str, tuple[tuple[str, Any], tuple[str, Any], tuple[Any, Any]]] = {
    "database": (('"sqlite:///f"', "sqlite:///f"), ("sqlite:///e", "sqlite:///e"), ("sqlite:///a", "sqlite:///a")),
    "host": (('"::1"', "::1"), ("localhost", "localhost"), ("0.0.0.0", "0.0.0.0")),
    "port": (("1", 1), ("2", 2), (3, 3)),
    "workers": (("2", 2), ("3", 3), (4, 4)),
    "missing_version": (
        ('"openai"', MissingVersion.OPENAI),
        ("refuse", MissingVersion.REFUSE),
        ("openai", MissingVersion.OPENAI),
    ),
    "any_key": (("true", True), ("false", False), (True, True)),
    "gateway": (('"http://f"', "http://f"), ("https://e/v1/", "https://e"), ("http://a:4000/", "http://a:4000")),
    "forward": (("false", False), ("no", False), (False, False)),
    "insecure": (("true", True), ("no", False), (True, True)),
    "root_path": (('"/f/"', "/f"), ("/e", "/e"), ("", "")),
    "default_limit": (("1", 1), ("1000", 1000), (3, 3)),
    "shape": (('"classic"', Shape.CLASSIC), ("current", Shape.CURRENT), (Shape.CLASSIC, Shape.CLASSIC)),
    "openai_dialect": (("false", False), ("1", True), (False, False)),
    "strict_betas": (("true", True), ("0", False), (True, True)),
    "extra_betas": (('["f", "g"]', ["f", "g"]), ("e, f ,", ["e", "f"]), ("a", ["a"])),
    "extra_versions": (('["f"]', ["f"]), ("e,f", ["e", "f"]), ("", [])),
    "cors_origins": (('["https://f"]', ["https://f"]), ("https://e,*", ["https://e", "*"]), ("*", ["*"])),
    "console": (("false", False), ("no", False), (False, False)),
    "console_user_header": (('""', ""), ("", ""), ("", "")),  # alone, it may be nothing else
    "console_user_scopes": (('["keys"]', ["keys"]), ("read, catalog", ["read", "catalog"]), (["all"], ["all"])),
    "console_proxies": (('["10.0.0.7"]', ["10.0.0.7/32"]), ("10.0.0.0/8", ["10.0.0.0/8"]), (["::1"], ["::1/128"])),
    "sync": (("false", False), ("no", False), (False, False)),
    "move_aliases": (("true", True), ("yes", True), (True, True)),
    "forward_connect_seconds": (("1", 1.0), ("0.5", 0.5), (2.0, 2.0)),
    "forward_idle_seconds": (("1", 1.0), ("2.5", 2.5), (3.0, 3.0)),
    "forward_max_requests": (("10", 10), ("20", 20), (30, 30)),
    "poll_seconds": (("1", 1.0), ("0.5", 0.5), (2.0, 2.0)),
    "sources_private": (
        ('["10.0.0.1"]', ["10.0.0.1"]),
        ("10.0.0.0/8, *", ["10.0.0.0/8", "*"]),
        (["192.168.0.0/16"], ["192.168.0.0/16"]),
    ),
    "webhooks": (("false", False), ("no", False), (False, False)),
    "webhooks_private": (
        ('["10.0.0.1"]', ["10.0.0.1"]),
        ("10.0.0.0/8, *", ["10.0.0.0/8", "*"]),
        (["192.168.0.0/16"], ["192.168.0.0/16"]),
    ),
    "max_url_bytes": (("1000", 1000), ("2000", 2000), (3000, 3000)),
    "max_header_bytes": (("2000", 2000), ("3000", 3000), (4000, 4000)),
    "max_body_bytes": (("0", 0), ("1", 1), (2, 2)),
    "max_connections": (("10", 10), ("20", 20), (30, 30)),
    "head_seconds": (("1", 1.0), ("0.5", 0.5), (2.5, 2.5)),
    "idle_seconds": (("1", 1), ("2", 2), (3, 3)),
    "answer_seconds": (("1", 1.0), ("0.5", 0.5), (2.5, 2.5)),
    "max_unread_bytes": (("1048576", 2**20), ("2097152", 2**21), (2**22, 2**22)),
    "trusted_proxies": (
        ('["10.0.0.0/8"]', ["10.0.0.0/8"]),
        ("10.1.2.3/8, ::1", ["10.0.0.0/8", "::1"]),
        ("*", ["*"]),
    ),
    "rate_limit_key": (('"1/minute"', "1/minute"), ("2 per hour", "2 per hour"), ("", "")),
    "rate_limit_address": (('"1/minute"', "1/minute"), ("1/second;5/hour",) * 2, ("", "")),
    "rate_limit_failures": (('"1/minute"', "1/minute"), ("2/3 day", "2/3 day"), ("", "")),
    "rate_limit_storage": (('"redis://f"', "redis://f"), ("valkey://e", "valkey://e"), ("memory://", "memory://")),
    "log_format": (
        ('"json"', MessageFormat.JSON),
        ("logfmt", MessageFormat.LOGFMT),
        (MessageFormat.TEXT, MessageFormat.TEXT),
    ),
    "fast": (("false", False), ("true", True), (False, False)),
    "memo_bytes": (("0", 0), ("1", 1), (2, 2)),
    "access_log": (('"json"', LogFormat.JSON), ("common", LogFormat.COMMON), (LogFormat.OFF, LogFormat.OFF)),
    "otel": (('"metrics"', Otel.METRICS), ("traces", Otel.TRACES), (Otel.BOTH, Otel.BOTH)),
    "max_stale_seconds": (("1", 1.0), ("2.5", 2.5), (3, 3.0)),
    "admin_host": (('"::1"', "::1"), ("127.0.0.2", "127.0.0.2"), ("127.0.0.3", "127.0.0.3")),
    "admin_port": (("1", 1), ("2", 2), (3, 3)),
    "catalog": (('"f.yaml"', "f.yaml"), ("/e", "/e"), ("", "")),
    "state_file": (('"f"', "f"), ("/e", "/e"), ("", "")),
    "drain_seconds": (("1", 1.0), ("2.5", 2.5), (3, 3.0)),
    "shutdown_seconds": (("0", 0), ("1", 1), (2, 2)),
}


def variable(name: str) -> str:
    return "CALLSHEET_DATABASE_URL" if name == "database" else f"CALLSHEET_{name.upper()}"


def value_and_origin(name: str, flags: Mapping[str, Any] | None = None) -> tuple[Any, str]:
    loaded = load(flags)
    setting = next(each for each in loaded.listing if each.name == name)
    assert setting.value == getattr(loaded.settings, name)
    return setting.value, setting.origin


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_flag_wins_over_the_environment_over_the_file_over_the_default(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    in_file, in_environment, as_flag = VALUES[name]
    default = getattr(Settings(), name)
    assert value_and_origin(name) == (default, "default")
    Path("callsheet.toml").write_text(f"{name} = {in_file[0]}\n")
    assert value_and_origin(name) == (in_file[1], f"{name} in callsheet.toml")
    monkeypatch.setenv(variable(name), in_environment[0])
    assert value_and_origin(name) == (in_environment[1], variable(name))
    flag = f"--{name.replace('_', '-')}"
    assert value_and_origin(name, {name: as_flag[0]}) == (as_flag[1], flag)
    assert value_and_origin(name, {name: None}) == (in_environment[1], variable(name))


def test_a_state_may_be_older_than_the_time_between_two_questions() -> None:
    for stale, poll in ((1, 1), (0.5, 1)):
        with pytest.raises(SettingsError, match="max_stale_seconds must be more than poll_seconds, 1; "):
            load({"max_stale_seconds": stale, "poll_seconds": poll})
    assert load({"max_stale_seconds": 1.1, "poll_seconds": 1}).settings.max_stale_seconds == 1.1
    assert load({"max_stale_seconds": 0, "poll_seconds": 1}).settings.max_stale_seconds == 0


def test_every_setting_has_a_sentence() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith(".")


def test_the_file_may_be_named_by_the_environment_and_by_a_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.toml").write_text("port = 1")
    Path("b.toml").write_text("port = 2")
    monkeypatch.setenv("CALLSHEET_CONFIG", "a.toml")
    assert load().settings.port == 1
    assert load(config="b.toml").settings.port == 2


def test_a_file_that_is_named_must_be_there() -> None:
    with pytest.raises(SettingsError, match=r"^The settings file no\.toml cannot be read: No such file"):
        load(config="no.toml")


@pytest.mark.parametrize("content", [b"port", b"port = 1\nport = 2", b"\xff\xfe"])
def test_a_file_that_is_not_toml_is_refused(content: bytes) -> None:
    Path("callsheet.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"^The settings file callsheet\.toml is not valid TOML: .*\.$"):
        load()


@pytest.mark.parametrize("name", ["nope", "PORT", "callsheet"])
def test_an_unknown_name_in_the_file_is_refused(name: str) -> None:
    Path("callsheet.toml").write_text(f"{name} = 1")
    with pytest.raises(SettingsError, match=rf"^{name} in callsheet\.toml is not a setting; "):
        load()


@pytest.mark.parametrize("name", ["CALLSHEET_", "CALLSHEET_NOPE", "CALLSHEET_DATABASE", "CALLSHEET_port"])
def test_an_unknown_variable_is_refused_by_its_own_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(SettingsError, match=rf"^{name} is not a setting; "):
        load()


@pytest.mark.parametrize("name", ["CALLSHEETPORT", "_CALLSHEET_COMPLETE", "PORT", "CALLSHEET_TEST_SOMETHING"])
def test_a_variable_of_somebody_else_is_not_ours_to_judge(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    assert load().settings == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("port", value) for value in (-1, 65536, "x", 1.5)),
        *(("workers", value) for value in (0, 257)),
        *(("default_limit", value) for value in (0, 1001)),
        *(("shape", value) for value in ("", "Classic")),
        *(("root_path", value) for value in ("x", "x/")),
        *(("cors_origins", value) for value in (["example.com"], ["https://a/b"], ["https://a/"], 5)),
        *(("poll_seconds", value) for value in (0, 61, "soon")),
        *(("max_url_bytes", value) for value in (255, 65537)),
        *(("shutdown_seconds", value) for value in (-1,)),
        *(("max_connections", value) for value in (0, -1)),
        *((name, value) for name in ("head_seconds", "answer_seconds") for value in (0, -1, "soon")),
        *(("idle_seconds", value) for value in (0, 0.5)),
        *(("max_unread_bytes", value) for value in (0, 2**20 - 1)),
        *(("sources_private", value) for value in ("localhost", "10.0.0.0/99")),
        *(("webhooks_private", value) for value in ("localhost", "10.0.0.0/99")),
        *(("console_user_header", value) for value in ("cookie", "a b", "x-forwarded-for")),
        *(("console_user_scopes", value) for value in ("admin", "", ["read", "All"])),
        *(("console_proxies", value) for value in ("*", "example.com", "10.0.0.0/99")),
        *(("trusted_proxies", value) for value in ("example.com", "10.0.0.0/99", "10.0.0.1:80")),
        *(("rate_limit_key", value) for value in ("5", "5/fortnight", "minute", "-1/minute", "0/minute")),
        *(
            ("rate_limit_storage", value)
            for value in ("", "memory", "memcached://localhost", "redis:", "file:///x")
        ),
        *(("any_key", value) for value in ("maybe", 2)),
    ],
)
def test_a_bad_value_is_refused_with_who_said_so(name: str, value: object) -> None:
    flag = f"--{name.replace('_', '-')}"
    with pytest.raises(SettingsError, match=rf"^{flag}: [a-z'].*\.$"):
        load({name: value})


def test_a_header_with_names_of_people_needs_proxies_that_are_believed() -> None:
    with pytest.raises(SettingsError, match=r"^console_user_header needs console_proxies: "):
        load({"console_user_header": "x-forwarded-user"})
    flags = {"console_user_header": "X-Forwarded-User", "console_proxies": "10.0.0.7"}
    assert load(flags).settings.console_user_header == "x-forwarded-user"


def test_a_missing_version_can_only_mean_openai_where_that_is_spoken() -> None:
    with pytest.raises(SettingsError, match=r"^missing_version is openai, which needs openai_dialect; "):
        load({"missing_version": "openai", "openai_dialect": False})


GATEWAY = "http://localhost:4000"


def test_forwarding_needs_a_gateway() -> None:
    with pytest.raises(
        SettingsError, match=r"^forward needs a gateway to pass requests on to; set gateway, such as"
    ):
        load({"forward": True})
    assert load({"forward": True, "gateway": GATEWAY}).settings.forward


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_forwarding_elsewhere_needs_insecure(host: str) -> None:
    with pytest.raises(SettingsError, match=r"^forward would carry prompts and keys to .* without TLS; "):
        load({"forward": True, "gateway": GATEWAY, "host": host})
    assert load({"forward": True, "gateway": GATEWAY, "host": host, "insecure": True}).settings.forward


@pytest.mark.parametrize(
    ("url", "words"),
    [
        *(
            (url, "the base URL of a gateway, such as")
            for url in ("ftp://a", "http://", "http://a b", "http://a:b", "/v1")
        ),
        ("localhost:4000", r"begin with http:// or https://; write http://localhost:4000"),
        ("http://a?key=sesame", r"a URL that ends with its path; leave out the \? and what follows it"),
        ("http://a#b", "a URL that ends with its path; leave out the # and what follows it"),
    ],
)
def test_a_gateway_is_an_http_url_and_what_is_wrong_is_said(url: str, words: str) -> None:
    with pytest.raises(SettingsError, match=rf"^--gateway: must (be )?{words}") as raised:
        load({"gateway": url})
    assert "sesame" not in str(raised.value)


def test_a_gateway_whose_url_holds_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(SettingsError, match=r"without a user name and password") as raised:
        load({"gateway": "http://me:sesame@example.com"})
    assert "sesame" not in str(raised.value)


def test_the_key_of_the_gateway_is_not_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_GATEWAY_KEY", "sesame")
    assert "sesame" not in repr(load())


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_any_key_is_for_loopback(host: str) -> None:
    assert load({"any_key": True, "host": host}).settings.any_key


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
def test_any_key_elsewhere_needs_insecure(host: str) -> None:
    with pytest.raises(SettingsError, match=r"^any_key would open "):
        load({"any_key": True, "host": host})
    assert load({"any_key": True, "host": host, "insecure": True}).settings.any_key


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://user:secret@host/db", "postgresql://user:***@host/db"),
        ("postgresql+psycopg://user:a:b@host:1/db", "postgresql+psycopg://user:***@host:1/db"),
        ("postgresql://:secret@host/db", "postgresql://:***@host/db"),
        ("postgresql:/user:secret@host/db", "postgresql:/user:***@host/db"),
        ("redis://:secret@host/0", "redis://:***@host/0"),
        ("postgresql://user:se%40c%3Aret@host/db", "postgresql://user:***@host/db"),
        ("postgresql://user:se@cret@host/db", "postgresql://user:***@host/db"),
        ("postgresql://user:se/c?ret@host/db", "postgresql://user:***@host/db"),
        ("postgresql://user@host/db?password=secret", "postgresql://user@host/db?password=***"),
        ("postgresql://host/db?a=b&password=se%26cret&c=d", "postgresql://host/db?a=b&password=***&c=d"),
        ("postgresql://host/db?p%61ssword=secret", "postgresql://host/db?p%61ssword=***"),
        ("postgresql://host/db?sslpassword=secret&c=", "postgresql://host/db?sslpassword=***&c="),
        ("postgresql://host/db?sslmode=require", "postgresql://host/db?sslmode=require"),
        ("postgresql://user@host/db", "postgresql://user@host/db"),
        ("sqlite:////home/a@b/callsheet.db", "sqlite:////home/a@b/callsheet.db"),
        ("plain text: nothing@all", "plain text: nothing@all"),
    ],
)
def test_the_password_of_a_url_is_hidden_and_nothing_else(text: str, shown: str) -> None:
    assert hide_password(text) == shown


def test_no_password_is_in_what_a_debugger_or_a_log_would_show() -> None:
    flags = {"database": "postgresql://u:hunter2@h/db", "rate_limit_storage": "redis://:hunter2@h:1"}
    loaded = load(flags)
    assert "hunter2" not in f"{loaded} {loaded.settings!r} {loaded.settings} {loaded.listing}"
    assert "hunter2" not in str([setting.shown() for setting in loaded.listing])


def test_settings_do_not_change() -> None:
    settings = Settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]  # which is the point

"""The configuration of a source: what it was is what JSON gives back, and what it cannot be is refused by name."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access.delegation import Delegation, KeyMode
from callsheet.domain.errors import InvalidError, SourceError
from callsheet.service.sync.config import Missing, New, SourceConfig, read_config
from callsheet.service.sync.durations import Grace, format_duration, parse_duration, parse_grace
from callsheet.service.sync.secret import Place, SecretReference, parse_reference
from callsheet.sources.registry import ASKABLE
from callsheet.sources.upstream import SourceKind

_names: Final = st.from_regex(r"[a-z][a-z0-9./:-]{0,20}", fullmatch=True).filter(lambda text: text.strip() == text)
_patterns: Final = st.lists(st.from_regex(r"[a-z*:?]{1,10}", fullmatch=True), max_size=3).map(tuple)
_secrets: Final = st.one_of(
    st.none(),
    st.from_regex(r"[A-Z_]{1,10}", fullmatch=True).map(lambda name: SecretReference(Place.ENVIRONMENT, name)),
    st.from_regex(r"/[a-z/]{1,10}", fullmatch=True).map(lambda name: SecretReference(Place.FILE, name)),
)
configs: Final = st.builds(
    SourceConfig,
    kind=st.sampled_from(SourceKind),
    url=st.sampled_from(["http://localhost:8000", "https://gateway.example.com/v1"]),
    secret=_secrets,
    prefix=st.one_of(st.just(""), _names),
    rename=st.dictionaries(_names, _names, max_size=3),
    allow=_patterns,
    deny=_patterns,
    fold_variants=st.booleans(),
    long_context_rows=st.booleans(),
    every_seconds=st.one_of(st.just(0), st.integers(10, 10_000_000)),
    new=st.sampled_from(New),
    missing=st.sampled_from(Missing),
    grace=st.builds(Grace, st.integers(0, 100), st.integers(0, 10_000_000)),
    provider=st.sampled_from(["", "anthropic"]),
    region=st.sampled_from(["", "eu-west-1"]),
    picker_prefix=st.sampled_from(["", "anthropic/"]),
    key_mode=st.sampled_from(KeyMode),
    workspace=st.sampled_from(["", "wrkspc_1"]),
    keys_forgotten_at=st.sampled_from(["", "2026-11-20T12:00:00Z"]),
)


@given(configs, st.booleans())
def test_json_gives_back_what_was_configured(config: SourceConfig, asks: bool) -> None:
    config = replace(config, asks_keys=asks and config.kind in ASKABLE)
    assert read_config(config.record()) == config


@given(configs)
def test_a_source_that_is_asked_about_keys_says_how_they_are_answered(config: SourceConfig) -> None:
    assert config.delegation("gateway") is None
    asked = replace(config, kind=SourceKind.LITELLM, asks_keys=True)
    workspace_id = config.workspace or None
    expected = Delegation("gateway", config.key_mode, workspace_id, config.keys_forgotten_at)
    assert asked.delegation("gateway") == expected


@pytest.mark.parametrize("kind", SourceKind)
def test_only_kinds_that_list_models_by_key_can_be_asked_about_keys(kind: SourceKind) -> None:
    record = {"kind": str(kind), "url": "http://localhost:8000", "asks_keys": True}
    if str(kind) in ["callsheet", "anthropic", "openai", "litellm", "vllm", "sglang", "llamacpp", "openrouter"]:
        assert read_config(record).delegation("x") is not None
    else:
        with pytest.raises(InvalidError, match=f"A source of kind {kind} cannot be asked about keys"):
            read_config(record)


def test_json_holds_what_is_not_as_by_default() -> None:
    config = SourceConfig(kind=SourceKind.VLLM, url="http://localhost:8000")
    assert config.record() == {"kind": "vllm", "url": "http://localhost:8000"}


@pytest.mark.parametrize(
    ("member", "value", "words"),
    [
        ("kind", "vlm", "kind of a source must be one of anthropic, openai, vllm"),
        ("kind", 5, "kind of a source must be text"),
        ("url", "localhost:8000", "must be such as http://localhost:8000"),
        ("url", "ftp://example.com", "must be such as http://localhost:8000"),
        ("url", "http://example.com:port", "must be such as http://localhost:8000"),
        ("url", "https://example.com/v1?key=x", "must end with its path"),
        ("url", "file://host/list.json", "file:///PATH"),
        ("url", "http://exämple.com", "must be visible ASCII"),
        ("secret", "sk-1234", "must be referred to as env:NAME or file:PATH"),
        ("secret", "env:", "must be named by an environment variable"),
        ("secret", "file:key.txt", "must be an absolute path"),
        ("allow", "gpt-*", "allow of a source must be a list of texts"),
        ("allow", [""], "A pattern must be 1 to 256"),
        ("rename", {"a": " b"}, "A new id must be"),
        ("rename", {"a": 1}, "rename of a source must be texts by text"),
        ("fold_variants", "yes", "fold_variants of a source must be true or false"),
        ("every", "5", "every must be a number with s, m, h or d"),
        ("every", "9s", "asked at most every 10s"),
        ("new", "show", "new of a source must be one of list, hide, hold"),
        ("missing", "delete", "missing of a source must be one of keep, hide, deprecate, retire"),
        ("after", "soon", "A grace must be such as '3 runs and 1h'"),
        ("region", "eu west", "region of a source must be one word"),
        ("picker_prefix", "gw/", "A picker prefix must contain claude or anthropic"),
        ("picker_prefix", " claude", "A picker prefix must"),
        ("asks_keys", "yes", "asks_keys of a source must be true or false"),
        ("key_mode", "show", "key_mode of a source must be one of observe, fill, govern"),
        ("workspace", "a\nb", "workspace of a source must be the id or the name of a workspace"),
        ("keys_forgotten_at", "soon", "keys_forgotten_at must be a day"),
        ("interval", "5m", "'interval' is not a setting of a source"),
    ],
)
def test_what_is_not_valid_is_refused_by_name(member: str, value: Any, words: str) -> None:
    with pytest.raises(InvalidError) as raised:
        read_config({"kind": "openai", "url": "http://localhost:8000", member: value})
    assert words in str(raised.value)


def test_a_recorded_list_cannot_be_asked_about_keys() -> None:
    with pytest.raises(InvalidError, match="A recorded list cannot be asked about keys"):
        read_config({"kind": "openai", "url": "file:///list.json", "asks_keys": True})


def test_a_url_that_holds_a_password_is_not_shown() -> None:
    with pytest.raises(InvalidError) as raised:
        read_config({"kind": "openai", "url": "https://me:sesame@example.com"})
    assert "sesame" not in str(raised.value)


def test_what_is_given_as_a_secret_itself_is_not_shown() -> None:
    for text in ("sk-sesame-1234", "env:sk-sesame-1234"):
        with pytest.raises(InvalidError) as raised:
            parse_reference(text)
        assert "sesame" not in str(raised.value)


@given(st.integers(0, 366 * 86_400))
def test_a_duration_is_read_as_it_was_written(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "grace"),
    [
        ("3 runs and 1h", Grace(3, 3_600)),
        ("1 run", Grace(1, 0)),
        ("2d", Grace(0, 172_800)),
        ("0 runs", Grace(0, 0)),
    ],
)
def test_a_grace_is_runs_and_time(text: str, grace: Grace) -> None:
    assert parse_grace(text) == grace
    assert parse_grace(str(grace)) == grace


def test_a_secret_is_read_where_it_is_when_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret"
    file.write_text("sk-one\n")
    reference = parse_reference(f"file:{file}")
    assert reference.read() == "sk-one"
    file.write_text("sk-two")
    assert reference.read() == "sk-two"
    monkeypatch.setenv("GATEWAY_KEY", "sk-three")
    assert parse_reference("env:GATEWAY_KEY").read() == "sk-three"


def test_a_pipe_without_a_writer_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(SourceError, match="is empty; put the secret there"):
        SecretReference(Place.FILE, str(pipe)).read()


@pytest.mark.parametrize("content", [b"", b"\n", b"sk-\xff", b"x" * 100_000])
def test_a_file_that_holds_no_secret(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    with pytest.raises(SourceError) as raised:
        parse_reference(f"file:{file}").read()
    assert str(file) in str(raised.value)


def test_a_secret_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="GATEWAY_KEY, which is to hold the secret, is not set"):
        parse_reference("env:GATEWAY_KEY").read()
    with pytest.raises(SourceError, match="cannot be read"):
        parse_reference(f"file:{tmp_path}/none").read()

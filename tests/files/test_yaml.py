"""What is written in YAML is what is meant: nothing turns into something else."""

import pytest
from ruamel.yaml import YAML

from callsheet.domain.errors import ManifestError
from callsheet.files import yaml_text
from callsheet.files.load import parse_manifest
from callsheet.files.yaml_text import parse_yaml


@pytest.mark.parametrize(
    "text", ["no", "yes", "on", "1e3", "010", "4.10", "2026-01-01", "12:30:00", "0x1F", "true", "1_000", "=", "NO"]
)
def test_an_id_and_a_name_are_the_text_that_is_written(text: str) -> None:
    manifest = parse_manifest(f"manager: a\nmodels:\n- id: {text}\n  display_name: {text}\n", "x.yaml")
    (entry,) = manifest.models or ()
    assert (entry.subject, entry.fields["display_name"]) == (text, text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5), ("+5", 5), ("-5", -5), ("010", 10), ("0o10", 8), ("0x1F", 31), ("1e3", 1000.0), (".5", 0.5),
        ("true", True), ("False", False), ("no", "no"), ("on", "on"), ("1_000", "1_000"), ("null", None),
        ("~", None), ("", None), ("'null'", "null"), ('"5"', "5"), ("2026-01-01", "2026-01-01"), ("1:30", "1:30"),
        ("0b11", "0b11"), ("1.5.2", "1.5.2"), ("<<", "<<"), ("=", "="), ("|\n  text\n", "text\n"),
    ],
)  # fmt: skip
def test_scalars_are_those_of_the_core_schema(text: str, value: object) -> None:
    assert parse_yaml(f"x: {text}").plain() == {"x": value}


def test_a_day_without_quotes_is_a_time() -> None:
    manifest = parse_manifest("manager: a\nmodels:\n- {id: x, created_at: 2026-01-01}\n", "x.yaml")
    assert (manifest.models or ())[0].fields == {"created_at": "2026-01-01T00:00:00Z"}


def test_anchors_repeat_and_merge_and_what_is_written_wins() -> None:
    text = """\
x: &limits {max_tokens: 5, line: opus}
y:
  - <<: *limits
    line: haiku
  - {<<: [*limits, {hidden: true}]}
  - *limits
"""
    limits = {"max_tokens": 5, "line": "opus"}
    assert parse_yaml(text).plain()["y"] == [{**limits, "line": "haiku"}, {**limits, "hidden": True}, limits]


def test_without_the_fast_parser_the_same_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "manager: a\nmodels:\n- id: 1e3\n  description: |\n    two\n    lines\n"
    text += "- {id: 'b', hidden: true, line: &line opus}\n- {id: c, line: *line}\n"
    fast = parse_manifest(text, "x.yaml")
    monkeypatch.setattr(yaml_text, "yaml_library", lambda **options: YAML(**options, pure=True))
    assert parse_manifest(text, "x.yaml") == fast
    assert [entry.place for entry in parse_manifest(text, "x.yaml").models or ()] == [
        entry.place for entry in fast.models or ()
    ]
    for wrong, line in (("manager: a\nmodels: [\n", 3), ("a: 1\na: 2\n", 2), ("manager: *nothing\n", 1)):
        with pytest.raises(ManifestError) as caught:
            parse_manifest(wrong, "x.yaml")
        assert caught.value.faults[0].place.line == line

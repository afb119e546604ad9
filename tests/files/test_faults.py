"""A wrong file: every fault is named with file, line, model and field, and with what would be right."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from callsheet.domain.errors import ManifestError
from callsheet.files.load import load_manifests, parse_manifest
from tests.program import DEADLINE


def faults(text: str, file: str = "x.yaml") -> list[str]:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(text, file)
    return [str(fault) for fault in caught.value.faults]


WRONG = """\
manager: team-a
models:
  - id: claude-x
    max_token: 5
    line: OPUS
    same_as: claude-x
  - id: claude-y
    max_tokens: 200k
    created_at: 2026-13
    hidden: yes
    lifecycle: gone
    capabilities: [batch]
  - display_name: nameless
  - id: claude-z
    lifecycle: active
    retires_at: 2026-11-20
  - claude-v
aliases:
  - alias: a
  - alias: b
    model_id: b
workspaces:
  - name: research
    allow: claude-*
keys:
  - name: ci
    secret: sk-very-secret
keyz: []
"""


def test_all_faults_of_a_file_are_named_at_once_each_with_its_line_and_what_would_be_right() -> None:
    assert faults(WRONG) == [
        "x.yaml:4: model claude-x: max_token: 'max_token' is not a field of a model; did you mean max_tokens?",
        "x.yaml:5: model claude-x: line must be 1 to 64 small letters, digits and . _ -, such as opus, not 'OPUS'.",
        "x.yaml:6: model claude-x: same_as: claude-x cannot be the same as itself.",
        "x.yaml:8: model claude-y: max_tokens: it must be a whole number such as 200000, not '200k'.",
        "x.yaml:9: model claude-y: created_at: it must be a day such as 2026-02-04, or an RFC 3339 time, not '2026-13'.",  # noqa: E501
        "x.yaml:10: model claude-y: hidden: it must be true or false, not 'yes'.",
        "x.yaml:11: model claude-y: lifecycle: it must be active or deprecated or retired, not 'gone'.",
        'x.yaml:12: model claude-y: capabilities: Capabilities must be a JSON object such as {"batch": {"supported": true}}.',  # noqa: E501
        "x.yaml:13: model ?: id: it is missing, and names the entry.",
        "x.yaml:16: model claude-z: retires_at: an active model has none; leave it out, or change lifecycle.",
        "x.yaml:17: models: an entry must be a mapping with id.",
        "x.yaml:19: alias a: model_id: it is missing; name the model that the alias means.",
        "x.yaml:21: alias b: model_id: an alias cannot mean itself.",
        "x.yaml:24: workspace research: allow: it must be a list of texts such as [\"claude-*\"], not 'claude-*'.",
        "x.yaml:26: key ci: secret_sha256: give either secret_sha256 or secret_env, one of them.",
        "x.yaml:27: key ci: secret: 'secret' is not a field of a key; did you mean secret_env?",
        "x.yaml:28: keyz: 'keyz' is not a field of a catalogue file; did you mean keys?",
    ]


def test_no_message_repeats_a_secret() -> None:
    assert "sk-very-secret" not in "".join(faults(WRONG))
    text = "manager: a\nkeys:\n  - {name: ci, secret_sha256: sk-very-secret-too}\n"
    assert "sk-very-secret-too" not in "".join(faults(text))


def test_the_lines_of_toml_and_json_are_named_too() -> None:
    toml = 'manager = "a"\n\n[[models]]\nid = "x"\n\n[[models]]\nid = "y"\nmax_tokens = "5"\n'
    assert faults(toml, "x.toml") == [
        "x.toml:8: model y: max_tokens: it must be a whole number such as 200000, not '5'."
    ]
    text = json.dumps({"manager": "a", "models": [{"id": "x"}, {"id": "y", "hidden": 1}]}, indent=1)
    assert faults(text, "x.json") == ["x.json:9: model y: hidden: it must be true or false, not 1."]


@pytest.mark.parametrize(
    ("file", "text", "line", "reason"),
    [
        ("x.yaml", "manager: a\nmodels: [\n", 3, "it is not valid YAML"),
        ("x.yaml", "manager: a\nmodels:\n\t- id: x\n", 3, "it is not valid YAML"),
        ("x.yaml", "manager: a\nnote: \x01\n", 2, "it holds a control character"),
        ("x.yaml", "manager: a\nmanager: b\n", 2, "'manager' is there twice, first in line 1"),
        ("x.yaml", "manager: a\nmodels:\n- id: x\n  id: y\n", 4, "'id' is there twice, first in line 3"),
        ("x.yaml", "manager: a\n---\nmanager: b\n", 3, "it holds a second document"),
        ("x.yaml", "manager: !!str a\n", 1, "leave tags out"),
        ("x.yaml", "manager: !!python/object/apply:os.system [ls]\n", 1, "leave tags out"),
        ("x.yaml", "manager: *nothing\n", 1, "there is no anchor &nothing"),
        ("x.yaml", "? [a, b]\n: c\n", 1, "a key is not a text"),
        ("x.yaml", "a: " + "[" * 60 + "]" * 60, 1, "nested deeper than 32 levels"),
        ("x.yaml", "", 1, "it must hold manager"),
        ("x.yaml", "- manager\n", 1, "it must hold manager"),
        ("x.yaml", "models: []\n", 1, "manager: it is missing"),
        ("x.yaml", "manager: Team A\n", 1, "manager: The name of a file must be 1 to 63 small letters"),
        ("x.yaml", "manager: a\nmodels: {x: {}}\n", 2, "models: it must be a list of entries"),
        ("x.yaml", "manager: a\nmodels:\n", 2, "[] says that there are none"),
        ("x.toml", 'manager = "a"\nmodels = [\n', 2, "it is not valid TOML"),
        ("x.toml", 'manager = "a"\nmanager = "b"\n', 2, "it is not valid TOML"),
        ("x.json", '{"manager": "a",\n "manager": "b"}', 2, "'manager' is there twice"),
        ("x.json", '{"manager": "a",}', 1, "a key in double quotes is missing"),
        ("x.json", '{"manager": "a"\n "models": []}', 2, "a comma or } is missing"),
        ("x.json", "[" * 60, 1, "32 levels"),
        ("x.json", '{"manager": NaN}', 1, "a value is missing"),
        ("x.json", '{"manager": "a\n"}', 1, "a string does not end"),
        ("x.json", '{"manager": "a"} x', 1, "something follows its end"),
        ("x.txt", "manager: a\n", 0, "its name must end in .yaml, .yml, .toml, .json"),
    ],
)  # fmt: skip
def test_a_text_that_cannot_be_read_is_refused_with_its_line(file: str, text: str, line: int, reason: str) -> None:
    found = faults(text, file)
    assert len(found) == 1
    assert found[0].startswith(f"{file}:{line}: " if line else f"{file}: "), found
    assert reason in found[0]


def test_anchors_cannot_blow_a_file_up() -> None:
    """The "billion laughs": ten lines that would be 10^9 values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert "more than 2,000,000 values" in faults("\n".join(lines))[0]


@pytest.mark.parametrize(
    "entries",
    [
        "  - {id: a}\n  - {id: a}\n",
        "  - {id: a, was: b}\n  - {id: b}\n",
        "  - {id: a, was: c}\n  - {id: b, was: c}\n",
        "  - {id: a, same_as: b}\n  - {id: b, same_as: c}\n  - {id: c, same_as: b}\n",
        "  - {id: a, listed: false, max_tokens: 5}\n",
        "  - {id: a, was: a}\n",
        "  - {id: a, unset: [id]}\n",
        "  - {id: a, unset: [line], line: opus}\n",
        "  - {id: ' a'}\n",
        "  - {id: a, display_name: 5, description: []}\n",
        "  - {id: a, lifecycle: deprecated, deprecated_at: 2026-02-01, retires_at: 2026-01-01}\n",
    ],
)
def test_entries_that_contradict_themselves_or_each_other_are_refused(entries: str) -> None:
    assert len(faults(f"manager: a\nmodels:\n{entries}")) == 1


def test_files_of_one_manager_are_one_and_contradict_each_other_by_name_and_line(tmp_path: Path) -> None:
    one, other = tmp_path / "one.yaml", tmp_path / "other.toml"
    one.write_text("manager: a\nmodels:\n- id: x\n")
    other.write_text('manager = "a"\naliases = []\n[[models]]\nid = "y"\n')
    (manifest,) = load_manifests([str(one), str(other)])
    assert [entry.subject for entry in manifest.models or ()] == ["x", "y"]
    assert manifest.aliases == ()
    assert manifest.keys is None
    other.write_text('manager = "a"\n[[models]]\nid = "x"\n')
    with pytest.raises(ManifestError) as caught:
        load_manifests([str(one), str(other)])
    assert str(caught.value) == f"{other}:2: model x: id: it is there already, at {one}:3."


def test_a_folder_is_read_without_what_is_hidden(tmp_path: Path) -> None:
    """Kubernetes mounts a ConfigMap as links into ``..data``, which is a link itself."""
    copy = tmp_path / "..2026_11_29"
    copy.mkdir()
    (copy / "catalog.yaml").write_text("manager: a\nmodels: []\n")
    (tmp_path / "..data").symlink_to(copy.name)
    (tmp_path / "catalog.yaml").symlink_to("..data/catalog.yaml")
    (tmp_path / "README.md").write_text("# Not a catalogue\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.json").write_text('{"manager": "b"}')
    assert [manifest.name for manifest in load_manifests([str(tmp_path)])] == ["a", "b"]


def test_faults_of_all_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("manager: a\nmodels: 5\n")
    (tmp_path / "b.yaml").write_bytes(b"manager: a\nmodels: \xff\n")
    with pytest.raises(ManifestError) as caught:
        load_manifests([str(tmp_path), str(tmp_path / "missing.yaml")])
    found = [str(fault) for fault in caught.value.faults]
    assert found[0].startswith(f"{tmp_path}/a.yaml:2: models: it must be a list")
    assert found[1:] == [
        f"{tmp_path}/b.yaml:2: it is not UTF-8 text; save it as UTF-8.",
        f"{tmp_path}/missing.yaml: it cannot be read: No such file or directory; name another file.",
    ]
    assert str(caught.value).endswith(" There are 2 more faults.")


def test_an_empty_folder_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"it holds no file that ends in \.yaml"):
        load_manifests([str(tmp_path)])


def test_a_file_with_very_many_faults_names_the_first_hundred() -> None:
    text = "manager: a\nmodels:\n" + "".join(f"- {{id: m{n}, max: 1}}\n" for n in range(150))
    found = faults(text)
    assert len(found) == 101
    assert "x.yaml: it has 50 further faults." in found


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callsheet.files.load.MAX_FILE_BYTES", 2**20)
    file = tmp_path / "large.yaml"
    file.write_text("manager: a\n" + "#" * 2**20)
    with pytest.raises(ManifestError, match="more than 1 MiB; divide it"):
        load_manifests([str(file)])


def test_without_the_package_for_yaml_a_sentence_says_what_to_install(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['ruamel'] = sys.modules['ruamel.yaml'] = None\n"
        "from callsheet.domain.errors import CallsheetError\n"
        "from callsheet.files.load import parse_manifest\n"
        "print(parse_manifest('manager = \"a\"', 'x.toml').name)\n"
        "print(parse_manifest('{\"manager\": \"b\"}', 'x.json').name)\n"
        "try: parse_manifest('manager: a', 'x.yaml')\n"
        "except CallsheetError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=DEADLINE, check=True
    )
    assert done.stdout == (
        "a\nb\nYAML files need a package that is missing; add the extra yaml "
        "(in a clone: scripts/environment server yaml), or use TOML or JSON\n"
    )


def test_a_number_of_thousands_of_digits_is_a_fault_in_every_format() -> None:
    digits = "9" * 5_000
    assert faults(f'manager = "a"\n[[models]]\nid = "x"\nmax_tokens = {digits}\n', "x.toml")
    assert faults(f"manager: a\nmodels:\n  - id: x\n    max_tokens: {digits}\n")
    assert faults(f'{{"manager": "a", "models": [{{"id": "x", "max_tokens": {digits}}}]}}', "x.json")


def test_dates_are_compared_as_times_and_not_as_texts() -> None:
    dates = "deprecated_at: '2026-02-01T00:00:00Z', retires_at: '2026-02-01T00:00:00.5Z'"
    text = f"manager: a\nmodels:\n  - {{id: m, lifecycle: deprecated, {dates}}}\n"
    assert parse_manifest(text, "x.yaml").models is not None


def test_a_plan_is_recognised() -> None:
    (fault,) = faults('{"format_version": 1, "base_revision": 3, "manager": "file:a", "steps": []}', "plan.json")
    assert fault.startswith("plan.json:1: it is a plan; apply it with callsheet apply --plan, and keep it out of ")


def test_the_schema_beside_files_of_a_folder_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"manager": "a"}')
    (tmp_path / "callsheet.catalog.schema.json").write_text('{"type": "object"}')
    assert [each.name for each in load_manifests([str(tmp_path)])] == ["a"]

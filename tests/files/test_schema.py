"""The published schema and the reader agree, and check-jsonschema reads the schema as editors do."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.claims.claims import CLAIMABLE
from callsheet.domain.errors import ManifestError
from callsheet.domain.manifest import Collection
from callsheet.files.fields import OF_THE_ENTRY, SHAPES
from callsheet.files.load import parse_manifest
from callsheet.files.schema import SCHEMA_FILE, catalog_schema, schema_text
from tests.program import DEADLINE

CHECK = Path(sys.executable).parent / "check-jsonschema"
VALIDATOR = jsonschema.Draft7Validator(catalog_schema())

GOOD = """\
# yaml-language-server: $schema=callsheet.catalog.schema.json
manager: team-a
models:
  - id: team-sonnet
    same_as: claude-sonnet-5
    created_at: 2026-01-01
    description: no
aliases: [{alias: sonnet, model_id: team-sonnet}]
workspaces: [{name: research, allow: [claude-*], shape: classic}]
keys: [{name: ci, secret_env: CI_KEY, workspace: research}]
"""


def check(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    schema, file = folder / SCHEMA_FILE, folder / "callsheet.catalog.yaml"
    schema.write_text(schema_text())
    file.write_text(text)
    command: list[str | Path] = [CHECK, "--schemafile", schema, file]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)


def test_check_jsonschema_accepts_a_good_file(tmp_path: Path) -> None:
    done = check(tmp_path, GOOD)
    assert done.returncode == 0, done.stdout
    assert parse_manifest(GOOD, "x.yaml").models


def test_check_jsonschema_finds_what_the_reader_finds(tmp_path: Path) -> None:
    done = check(tmp_path, GOOD.replace("same_as", "sameas"))
    assert done.returncode == 1
    assert "sameas" in done.stdout


def test_the_schema_is_one_of_draft_7(tmp_path: Path) -> None:
    jsonschema.Draft7Validator.check_schema(catalog_schema())
    file = tmp_path / "schema.json"
    file.write_text(schema_text())
    done = subprocess.run([CHECK, "--check-metaschema", file], capture_output=True, timeout=DEADLINE, check=False)
    assert done.returncode == 0, done.stdout


def test_every_field_that_can_be_claimed_is_in_the_file_format() -> None:
    assert set(SHAPES[Collection.MODELS].fields) - OF_THE_ENTRY - {"id"} == CLAIMABLE


def test_every_example_of_the_schema_is_valid() -> None:
    definitions = catalog_schema()["definitions"]
    for definition in definitions.values():
        for field in definition["properties"].values():
            for example in field.get("examples", ()):
                jsonschema.Draft7Validator({"definitions": definitions, **field}).validate(example)


values: st.SearchStrategy[object] = st.sampled_from(
    [
        None,
        True,
        False,
        5,
        0,
        1.5,
        "",
        "x",
        "2026-01-01",
        "classic",
        "active",
        "others",
        [],
        ["x"],
        {},
        {"batch": {}},
    ]
)
entries = st.dictionaries(
    st.sampled_from(sorted({name for shapes in SHAPES.values() for name in shapes.fields} | {"nope"})),
    values,
    max_size=4,
)
files = st.dictionaries(
    st.sampled_from([*Collection, "nope"]), st.lists(entries, max_size=2) | values, max_size=2
).map(lambda collections: {"manager": "a", **collections})


@given(files)
def test_what_the_reader_accepts_the_schema_accepts(content: dict[str, object]) -> None:
    """The other way round the schema is wider: it cannot know what contradicts what."""
    try:
        parse_manifest(json.dumps(content), "x.json")
    except ManifestError:
        return
    VALIDATOR.validate(content)


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
@pytest.mark.parametrize("ending", [".yaml", ".toml", ".json"])
def test_any_text_is_read_or_refused(ending: str, text: str) -> None:
    try:
        parse_manifest(text, f"x{ending}")
    except ManifestError as error:
        refused = error.faults
        assert refused  # there is no error if the text is a catalogue

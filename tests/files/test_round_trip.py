"""What is written is what is read, in every format, whatever the texts look like."""

import json
import tomllib

import jsonschema
import pytest
import yaml
from hypothesis import assume, given
from ruamel.yaml import YAML

from callsheet.domain.manifest import Collection, Entries, Entry, Manifest
from callsheet.files.contradictions import contradictions
from callsheet.files.into import manifest_into
from callsheet.files.load import parse_manifest
from callsheet.files.schema import catalog_schema
from callsheet.files.texts import manifest_record, manifest_text
from tests.files.entries import manifests
from tests.tiers import examples

ENDINGS = [".yaml", ".toml", ".json"]


@pytest.mark.parametrize("ending", ENDINGS)
@given(manifest=manifests())
@examples(2)
def test_a_written_manifest_is_read_as_it_was(ending: str, manifest: Manifest) -> None:
    assert parse_manifest(manifest_text(manifest, ending), f"x{ending}") == manifest


@given(manifest=manifests())
def test_other_readers_read_the_same_json_and_toml(manifest: Manifest) -> None:
    record = json.loads(manifest_text(manifest, ".json"))
    assert record == {"$schema": "callsheet.catalog.schema.json", **manifest_record(manifest)}
    assert tomllib.loads(manifest_text(manifest, ".toml"))["manager"] == manifest.name


@given(manifest=manifests())
def test_readers_of_yaml_1_1_and_1_2_read_the_same(manifest: Manifest) -> None:
    text = manifest_text(manifest, ".yaml")
    assert yaml.safe_load(text) == YAML(typ="safe", pure=True).load(text) == manifest_record(manifest)


@given(manifest=manifests())
def test_what_is_written_is_valid_by_the_schema(manifest: Manifest) -> None:
    jsonschema.Draft7Validator(catalog_schema()).validate(json.loads(manifest_text(manifest, ".json")))


@given(before=manifests(), after=manifests())
def test_writing_into_a_file_says_what_is_wanted_and_leaves_the_other_collections(
    before: Manifest, after: Manifest
) -> None:
    kept = Manifest(after.name, *(_kept(before, after, each) for each in Collection))
    assume(not list(contradictions(kept)))  # such as an alias that stays and has the name of a model that comes
    text = manifest_into(manifest_text(before, ".yaml"), "x.yaml", after)
    found = parse_manifest(text, "x.yaml")
    for collection, entries in [*before.collections(), *after.collections()]:
        wanted = after.entries(collection)
        assert by_subject(found.entries(collection)) == by_subject(entries if wanted is None else wanted)


def _kept(before: Manifest, after: Manifest, collection: Collection) -> Entries | None:
    wanted = after.entries(collection)
    return before.entries(collection) if wanted is None else wanted


def by_subject(entries: Entries | None) -> dict[str, Entry] | None:
    return None if entries is None else {entry.subject: entry for entry in entries}


KEPT = """\
# what team a serves
manager: team-a   # us

models:
    # the good one
    - id: team-sonnet     # keep this id
      same_as: claude-sonnet-5
      description: 'with "quotes"'
      capabilities: {batch: {supported: true}}
    - id: gone
    - id: other
      max_tokens: 5   # measured
"""


def test_writing_into_a_file_keeps_comments_order_quotes_and_indentation() -> None:
    present = parse_manifest(KEPT, "x.yaml")
    assert present.models is not None
    wanted = (
        present.models[0],
        Entry("other", {"max_tokens": 6, "line": "opus"}),
        Entry("new", {"display_name": "no"}),
    )
    assert (
        manifest_into(KEPT, "x.yaml", Manifest("team-a", models=wanted))
        == KEPT.replace("    - id: gone\n", "").replace("max_tokens: 5 ", "max_tokens: 6 ")
        + "      line: opus\n    - id: new\n      display_name: no\n"
    )


def test_writing_what_a_file_says_already_changes_no_byte() -> None:
    untidy = KEPT.replace("same_as: claude", "same_as:    claude") + "\n\n# the end\n"
    assert manifest_into(untidy, "x.yaml", parse_manifest(untidy, "x.yaml")) == untidy

"""The reference is true and complete: what is made from the program is up to date, and nothing is left out."""

import re
from pathlib import Path

import pytest

from callsheet.api.state import Options
from callsheet.api.versions import ACCEPTED_VERSIONS
from callsheet.http.openapi import describe
from callsheet.settings import Settings
from tests.docs.pages import ROOT, anchors, name
from tests.docs.reference import commands, pages

REFERENCE = ROOT / "docs" / "reference"
HTTP = (REFERENCE / "http.md").read_text(encoding="utf-8")
CONTRACT = (REFERENCE / "contract.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", pages(), ids=name)
def test_generated_pages_are_as_the_program_is(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == pages()[page](), "run: scripts/docs"


def test_every_command_and_option_is_documented() -> None:
    text = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    for path, command in commands():
        assert path.replace(" ", "-") in anchors(REFERENCE / "cli.md")
        assert command.help, path
        for parameter in command.params:
            assert parameter.help, (path, parameter.name)
            assert parameter.opts[0].startswith("-") is False or f"`{parameter.opts[0]}" in text


def test_every_setting_is_documented_in_a_sentence() -> None:
    text = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    for setting, field in Settings.model_fields.items():
        assert f"| `{setting}` |" in text
        assert field.description is not None
        assert field.description.endswith("."), setting


def test_every_public_path_parameter_and_header_is_documented() -> None:
    description = describe(Options())
    for path, operations in {**description["paths"], "/openapi.json": {}}.items():
        assert f"GET {path}`" in HTTP
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if "name" in parameter and parameter["in"] == "query":
                    assert f"`{parameter['name']}`" in HTTP, parameter
    for parameter in description["components"]["parameters"].values():
        assert f"`{parameter['name']}`" in HTTP, parameter
    for version in ACCEPTED_VERSIONS:
        assert f"`{version.decode()}`" in HTTP


def test_every_field_of_a_model_is_documented() -> None:
    schemas = describe(Options())["components"]["schemas"]
    for schema in ("ModelInfo", "ModelPage", "OpenAIModel"):
        for field in schemas[schema]["properties"]:
            assert re.search(rf"""[`"]{field}[`"]""", CONTRACT), (schema, field)


def test_every_error_type_is_documented() -> None:
    from callsheet.wire.status import STATUS

    for error, status in STATUS.items():
        assert f"`{error.type}`" in HTTP
        assert f"| {status} | {error.type} |" in re.sub(r" \+ `[^`]+`", "", CONTRACT)
        assert str(status) in HTTP


def test_every_script_is_among_the_commands_of_contributing() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(scripts/[\w-]+)` \|", text, re.MULTILINE)
    assert sorted(listed) == sorted(f"scripts/{path.name}" for path in (ROOT / "scripts").iterdir())

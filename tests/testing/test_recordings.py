"""Catalogues that are given: recorded lists, files, a few models written down; and what is wrong with others."""

import json
from pathlib import Path
from typing import Any

import pytest

from callsheet.domain.errors import InvalidError
from callsheet.testing import ModelsAPI
from tests.api.states import ask
from tests.cli.conftest import CLI, call, cli  # noqa: F401  # fixtures
from tests.installation import make_model

RECORDED = Path(__file__).parents[1] / "fixtures" / "recorded-lists.json"


def ids(api: ModelsAPI) -> list[str]:
    return [model.id for model in api.state.catalog]


def everything(api: ModelsAPI) -> Any:
    """The body of a list with all that it can hold."""
    headers = [(b"x-api-key", api.api_key.encode()), (b"anthropic-version", b"2023-06-01")]
    query = b"limit=1000&lifecycle=active,deprecated,retired"
    return json.loads(ask(api.state, query=query, headers=headers).body)


def test_every_recorded_page_of_the_real_api_is_given_back(tmp_path: Path) -> None:
    bodies = [json.loads(answer["body"]) for answer in json.loads(RECORDED.read_text())["answers"]]
    pages = [body for body in bodies if body.get("data")]
    for number, page in enumerate(pages):
        file = tmp_path / f"{number}.json"
        file.write_text(json.dumps(page))
        shape = "current" if "lifecycle" in page["data"][0] else "classic"
        # The old shape knows no lines, by which models of the same time are ordered.
        assert by_time(everything(ModelsAPI(file, shape=shape))["data"]) == by_time(page["data"])
    assert len(pages) > 1


def by_time(models: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(models, key=lambda model: (model["created_at"], model["id"]), reverse=True)


def test_what_the_double_answered_makes_the_same_double() -> None:
    api = ModelsAPI()
    assert everything(ModelsAPI(everything(api))) == everything(api)


def test_what_the_command_line_printed_makes_the_same_catalogue(cli: CLI, tmp_path: Path) -> None:  # noqa: F811
    cli("catalog", "add", "acme/m", "--hidden", "--source", "vllm")
    cli("catalog", "alias", "m", "acme/m")
    printed = cli("catalog", "list", "--json").json
    file = tmp_path / "catalog.json"
    file.write_text(json.dumps(printed))
    catalog = ModelsAPI(str(file)).state.catalog
    aliases = catalog.aliases().items()
    assert printed == [
        {**model.record(), "aliases": [alias for alias, target in aliases if target == model.id]}
        for model in catalog
    ]


def test_ids_alone_and_models_are_enough() -> None:
    api = ModelsAPI(["claude-b", {"id": "claude-a"}, make_model("claude-new", "2026-01-01")])
    assert ids(api) == ["claude-new", "claude-a", "claude-b"]
    assert ids(ModelsAPI([])) == []
    assert ids(ModelsAPI({"models": ["x"]})) == ["x"]


def test_an_openai_list_will_do() -> None:
    listed = {
        "object": "list",
        "data": [
            {"id": "gpt-x", "object": "model", "created": 1767225600, "owned_by": "acme", "context_window": 131072}
        ],
    }
    (model,) = ModelsAPI(listed).state.catalog
    assert (model.id, model.display_name, model.created_at.isoformat(), model.max_input_tokens) == (
        "gpt-x", "gpt-x", "2026-01-01T00:00:00+00:00", 131072,
    )  # fmt: skip


def test_null_and_unknown_fields_are_passed_over() -> None:
    (model,) = ModelsAPI([{"id": "x", "display_name": None, "type": "model", "pricing": {"in": 1}}]).state.catalog
    assert model.display_name == "x"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"data": [', "The catalogue {file} is not valid JSON: Expecting value at line 1 column 11."),
        ("{}", '{file}: A catalogue is a list of models, or an object with such a list as "data".'),
        ("7", "{file}: A catalogue must be a list of models."),
        ('"x"', "{file}: A catalogue must be a list of models."),
        ('{"data": {"id": "x"}}', "{file}: data must be a list of models."),
        ('[{"id": "a"}, 7]', "{file}: [1]: a model must be an object with an id that is text."),
        ('{"data": [{"id": "a"}, {"name": "b"}]}',
         "{file}: data[1]: a model must be an object with an id that is text."),
        ('["a", "a"]', "{file}: [1]: a stands here for the second time."),
        ('[{"id": "a", "max_tokens": "many"}]',
         "{file}: [0]: max_tokens must be a whole number of tokens, at least 1."),
        ('[{"id": "a", "created_at": 5}]',
         "{file}: [0]: created_at must be a time with a time zone, or text such as 2026-11-20T00:00:00Z."),
        ('[{"id": "a", "created": -1}]', "{file}: [0]: created_at must not be before 1970."),
        ('[{"id": "a", "lifecycle": "old"}]',
         "{file}: [0]: lifecycle must be active, deprecated or retired, not 'old'."),
        ('[{"id": "a", "lifecycle": ["old"]}]',
         "{file}: [0]: lifecycle must be active, deprecated or retired, not ['old']."),
        ('[{"id": "a", "replacement": 5}]', "{file}: [0]: replacement must be text."),
        ('[{"id": "a", "aliases": "b"}]', "{file}: [0]: aliases must be a list of text."),
        ('[{"id": "a", "aliases": ["b", 5]}]', "{file}: [0]: aliases must be a list of text."),
        ('[{"id": "a", "aliases": ["x"]}, {"id": "b", "aliases": ["x"]}]',
         "{file}: [1]: x stands here for the second time."),
        ('["b", {"id": "a", "aliases": ["b"]}]',
         "{file}: b is a model and an alias of a; it can be one of them."),
    ],
)  # fmt: skip
def test_a_file_that_is_no_catalogue_is_refused_with_the_place(tmp_path: Path, content: str, sentence: str) -> None:
    file = tmp_path / "models.json"
    file.write_text(content)
    with pytest.raises(InvalidError) as refused:
        ModelsAPI(file)
    assert str(refused.value) == sentence.format(file=file)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "latin.json"
    file.write_bytes(b"\xff")
    with pytest.raises(InvalidError, match=r"latin\.json is not valid JSON: 'utf-8' codec can't decode"):
        ModelsAPI(file)
    file.write_text('[{"id": "a", "max_tokens": ' + "9" * 5000 + "}]")
    with pytest.raises(InvalidError, match=r"latin\.json is not valid JSON: Exceeds the limit"):
        ModelsAPI(file)
    with pytest.raises(InvalidError, match=r"models\.json cannot be read: No such file or directory\.$"):
        ModelsAPI(tmp_path / "models.json")

"""Catalogues that are given: recorded lists, files, a few models written down; and what is wrong with others."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.errors import InvalidError
from callsheet.domain.model import check_id
from callsheet.testing import ModelsAPI
from callsheet.wire.field_names import NAMES
from callsheet.wire.pages import read_page
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
        ("7", '{file}: A catalogue is a list of models, or an object with such a list as "data".'),
        ('"x"', '{file}: A catalogue is a list of models, or an object with such a list as "data".'),
        ('{"data": {"id": "x"}}', "{file}: data must be a list of models."),
        ('[7, {"name": "b"}]', "{file}: [0]: it is not an object."),
        ('{"data": [{"name": "b"}]}', "{file}: data[0]: it has no id."),
        ('{"models": [{"id": " x"}]}', "{file}: models[0] ' x': its id must be "),
    ],
)
def test_a_file_that_is_not_a_catalogue_is_refused_with_the_place(
    tmp_path: Path, content: str, sentence: str
) -> None:
    file = tmp_path / "models.json"
    file.write_text(content)
    with pytest.raises(InvalidError) as refused:
        ModelsAPI(file)
    assert str(refused.value).startswith(sentence.format(file=file))


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (7, "A catalogue must be a list of models."),
        ([{"id": "a"}, 7], "[1]: a model must be an object with an id that is text."),
        (["a", "a"], "[1]: a is listed for the second time."),
        ([{"id": "a", "max_tokens": "many"}], "[0] 'a': max_tokens must be a whole number of tokens, at least 1."),
        ([{"id": "a", "created_at": "soon"}], "[0] 'a': created_at must be "),
        ([{"id": "a", "lifecycle": "old"}], "[0] 'a': lifecycle must be active, deprecated or retired, not 'old'."),
        ([{"id": "a", "lifecycle": ["old"]}], "[0] 'a': lifecycle must be active, deprecated or retired, not ['ol"),
        ([{"id": "a", "replacement": 5}], "[0] 'a': replacement must be text."),
        ([{"id": "a", "aliases": "b"}], "[0] 'a': aliases must be a list of text."),
        ([{"id": "a", "aliases": ["b", 5]}], "[0] 'a': aliases must be a list of text."),
        ([{"id": "a", "aliases": ["x"]}, {"id": "b", "aliases": ["x"]}], "[1] 'b': x is listed for the second "),
        (["b", {"id": "a", "aliases": ["b"]}], "b is a model and an alias of a; it can be one of them."),
    ],
)
def test_what_is_written_by_hand_must_be_right(source: Any, sentence: str) -> None:
    with pytest.raises(InvalidError) as refused:
        ModelsAPI(source)
    assert str(refused.value).startswith(sentence)


def model_of(**row: Any) -> dict[str, Any]:
    """What a double lists that was given a recorded row."""
    (model,) = ModelsAPI({"data": [{"id": "a", **row}]}).state.catalog
    return model.record()


@pytest.mark.parametrize(
    ("row", "field", "expected"),
    [
        ({"max_input_tokens": 0}, "max_input_tokens", None),
        ({"max_input_tokens": 2000000.0}, "max_input_tokens", 2_000_000),
        ({"context_length": 8192, "max_tokens": "many"}, "max_input_tokens", 8192),
        ({"capabilities": {"vision": True}}, "capabilities", {"vision": {"supported": True}}),
        ({"capabilities": {"vision": True, "note": "x"}}, "capabilities", {"vision": {"supported": True}}),
        (
            {"capabilities": {"effort": {"default": "low", "high": True, "more": {}}, "x": None}},
            "capabilities",
            {"effort": {"high": {"supported": True}}},
        ),
        ({"capabilities": ["vision"]}, "capabilities", None),
        ({"created_at": 1790000000}, "created_at", "2026-09-21T14:13:20Z"),
        ({"created_at": "2024-09"}, "created_at", "2024-09-01T00:00:00Z"),
        ({"created_at": "2024-09-30T01:02:03.123456789Z"}, "created_at", "2024-09-30T01:02:03.123456Z"),
        ({"created_at": "soon"}, "created_at", "1970-01-01T00:00:00Z"),
        ({"display_name": "Maple 7B \t"}, "display_name", "Maple 7B"),
        ({"display_name": "\u202eMaple\x1b[0m"}, "display_name", "Maple [0m"),
        ({"display_name": "\x00"}, "display_name", "a"),
        ({"display_name": "x" * 5000}, "display_name", "x" * 256),
        ({"description": "line\nline\x07" + "y" * 5000}, "description", "line\nline " + "y" * 990),
        ({"line": "Opus 5"}, "line", None),
        ({"lifecycle": "sunset"}, "lifecycle", "active"),
        ({"lifecycle": "active", "retires_at": "2027-01-22"}, "retires_at", None),
        ({"lifecycle": "deprecated", "created_at": "2026-01-01"}, "deprecated_at", "2026-01-01T00:00:00Z"),
        ({"shutdown_date": "2027-01-22"}, "retires_at", "2027-01-22T00:00:00Z"),
        ({"shutdown_date": "2027-01-22"}, "lifecycle", "deprecated"),
        (
            {"lifecycle": "retired", "deprecated_at": "2026-02-01", "retires_at": "2026-01-01"},
            "deprecated_at",
            "2026-01-01T00:00:00Z",
        ),
        ({"replacement": "a"}, "replacement", None),
        ({"hidden": "yes", "source": 5}, "source", None),
    ],
)
def test_what_a_catalogue_cannot_hold_of_a_recorded_row_is_made_to_fit_or_unknown(
    row: dict[str, Any], field: str, expected: object
) -> None:
    assert model_of(**row)[field] == expected


def test_a_row_that_another_names_as_its_alias_is_a_model() -> None:
    rows = [
        {"id": "a", "aliases": ["b", "a", "x", 5, ""]},
        {"id": "b", "aliases": ["x"]},
        {"id": "c", "aliases": "d"},
    ]
    catalog = ModelsAPI({"object": "list", "data": rows}).state.catalog
    assert {model.id for model in catalog} == {"a", "b", "c"}
    assert catalog.aliases() == {"x": "a"}


@pytest.mark.filterwarnings("ignore:4 entries")
def test_rows_that_a_catalogue_cannot_hold_are_left_out_and_named() -> None:
    rows = [{"id": "a"}, {"id": ""}, {"id": "a", "display_name": "Again"}, {"id": "b "}, 7, {"id": "c"}]
    api = ModelsAPI({"data": rows})
    assert {model.id for model in api.state.catalog} == {"a", "c"}
    assert [(each.position, each.id) for each in api.unreadable] == [(1, None), (2, "a"), (3, "b "), (4, None)]
    assert [each.reason for each in api.unreadable[:2]] == ["its id is empty", "an earlier entry has the same id"]
    with pytest.warns(UserWarning, match=r"^4 entries of the catalogue are left out; entry 2: its id is empty\.$"):
        ModelsAPI({"data": rows})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(), inside, max_size=4),
    max_leaves=6,
)  # fmt: skip
FIELDS = sorted({name.partition(".")[0] for names in NAMES.values() for name in names} | {"aliases", "replacement"})
ROWS = st.fixed_dictionaries({"id": st.text(max_size=8)}, optional=dict.fromkeys(FIELDS, JSON)) | JSON


@pytest.mark.filterwarnings("ignore")
@given(st.lists(ROWS), st.sampled_from(["data", "models", ""]))
def test_every_list_that_the_client_reads_the_double_loads(rows: list[Any], wrapper: str) -> None:
    body = json.dumps({wrapper: rows} if wrapper else rows).encode()
    read = [model.id for model in read_page(body).models()]
    expected = list(dict.fromkeys(filter(is_id, read)))
    try:
        api = ModelsAPI(json.loads(body) if wrapper else {"data": rows})
    except InvalidError:
        if expected:
            raise
        return
    listed = {model.id for model in api.state.catalog}
    assert listed >= set(expected)  # ids that are mere text are more than a client reads
    assert len(api.unreadable) + len(listed) == len(rows)
    assert json.loads(ask_list(api))["data"] is not None


def is_id(text: str) -> bool:
    try:
        return bool(check_id(text))
    except InvalidError:
        return False


def ask_list(api: ModelsAPI) -> bytes:
    headers = [(b"authorization", b"Bearer " + api.api_key.encode())]
    return ask(api.state, headers=headers).body


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "latin.json"
    file.write_bytes(b"\xff")
    with pytest.raises(InvalidError, match=r"latin\.json is not valid JSON: 'utf-8' codec can't decode"):
        ModelsAPI(file)
    file.write_text('[{"id": "a"}, {"id": "b", "max_tokens": ' + "9" * 5000 + "}]")
    with pytest.warns(UserWarning, match=r"^1 entry of the catalogue is left out; entry 2: it is not valid JSON"):
        assert ids(ModelsAPI(file)) == ["a"]
    with pytest.raises(InvalidError, match=r"models\.json cannot be read: No such file or directory\.$"):
        ModelsAPI(tmp_path / "models.json")

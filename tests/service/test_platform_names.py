"""Models under the names that other platforms give to the built-in ones."""

from callsheet.domain.model import Lifecycle, Model
from tests.installation import Installation, again_on_postgresql, make_model

pytestmark = again_on_postgresql

BEDROCK = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
SONNET = "claude-sonnet-4-5-20250929"


def added(installation: Installation, model_id: str) -> Model:
    """A model of which a person says nothing but that it is there."""
    return installation.catalog.add(Model(id=model_id, display_name=model_id)).model


def test_a_name_that_another_platform_gives_gets_the_facts_of_its_model(installation: Installation) -> None:
    model, sonnet = added(installation, BEDROCK), installation.catalog.show(SONNET).model
    assert model.display_name == "Claude Sonnet 4.5"
    assert (model.line, model.created_at) == ("sonnet", sonnet.created_at)
    assert (model.max_input_tokens, model.max_tokens) == (sonnet.max_input_tokens, sonnet.max_tokens)


def test_but_neither_the_stage_nor_what_the_platform_lacks(installation: Installation) -> None:
    model, sonnet = added(installation, BEDROCK), installation.catalog.show(SONNET).model
    assert sonnet.lifecycle is not Lifecycle.ACTIVE
    assert (model.lifecycle, model.deprecated_at, model.retires_at) == (Lifecycle.ACTIVE, None, None)
    assert sonnet.capabilities is not None
    assert model.capabilities == {
        **sonnet.capabilities,
        "batch": {"supported": False},
        "code_execution": {"supported": False},
        "server_tools": {
            "supported": False,
            "code_execution": {"supported": False},
            "web_search": {"supported": False},
        },
    }


def test_the_program_says_so_and_a_person_can_say_otherwise(installation: Installation) -> None:
    added(installation, BEDROCK)
    installation.catalog.change(BEDROCK, {"max_tokens": 4096})
    said = installation.catalog.who_says(BEDROCK)
    assert [(each.manager, each.value) for each in said["same_as"]] == [("builtin", SONNET)]
    assert [(each.manager, each.value, each.of) for each in said["max_tokens"]] == [
        ("person", 4096, None),
        ("builtin", 64000, SONNET),
    ]


def test_a_name_that_is_only_similar_gets_nothing(installation: Installation) -> None:
    model = added(installation, "claude-opus-5-uncensored")
    assert model == make_model(model.id, "1970-01-01", display_name=model.id)

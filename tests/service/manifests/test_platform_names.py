"""Models that a file lists under the names that other platforms give to the built-in ones."""

from callsheet.domain.claims.manager import BUILTIN
from tests.installation import Installation
from tests.service.manifests.files import Files, kept

FILE = """
models:
  - id: us.anthropic.claude-opus-5
    max_tokens: 4096
  - id: claude-opus-5-uncensored
"""


def test_a_file_gets_the_facts_of_the_model_that_a_name_means(installation: Installation) -> None:
    Files(installation).apply(FILE)
    model, opus = (
        installation.catalog.show(name).model for name in ("us.anthropic.claude-opus-5", "claude-opus-5")
    )
    assert (model.display_name, model.max_input_tokens) == (opus.display_name, opus.max_input_tokens)
    assert model.max_tokens == 4096
    similar = installation.catalog.show("claude-opus-5-uncensored").model
    assert (similar.display_name, similar.max_input_tokens) == (similar.id, None)


def test_a_plan_says_who_says_so_and_can_be_kept(installation: Installation) -> None:
    files = Files(installation)
    planned = files.plan(FILE)
    assert [step.subject for step in planned.plan.steps if step.manager == BUILTIN] == [
        "us.anthropic.claude-opus-5"
    ]
    files.service.apply_saved(kept(planned.plan))
    assert installation.catalog.show("us.anthropic.claude-opus-5").model.line == "opus"
    assert files.plan(FILE).plan.is_empty
    assert files.plan(FILE).is_in_sync

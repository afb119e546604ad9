"""Servers that give one client other ids for the same models, as LiteLLM does for Claude Code."""

from tests.broken.asking import Answered, Ask, Asked
from tests.doctor.conftest import LISTED, Diagnose, client_findings


def is_claude_code(asked: Asked) -> bool:
    return asked.headers.get("user-agent", "").startswith("claude-code/")


async def other_ids(asked: Asked, ask: Ask) -> Answered:
    """List each model to Claude Code by an id of its own."""
    answered = await ask(asked)
    if not (answered.is_page and is_claude_code(asked)):
        return answered
    return answered.each_model(lambda model: {**model, "id": f"claude-router-{model['id'].encode().hex()}"})


async def other_ids_of_a_part(asked: Asked, ask: Ask) -> Answered:
    """Do the same, and list to it the first five models only."""
    answered = await other_ids(asked, ask)
    if not (answered.is_page and is_claude_code(asked)):
        return answered
    return answered.changed(data=answered.json["data"][:5])


def test_models_by_other_ids_are_not_missing(diagnose: Diagnose) -> None:
    report = diagnose(other_ids, clients=("claude-code", "python-sdk"))
    assert client_findings(report) == set()
    shown = report.clients[0].plays[0].shown or ()
    assert len(shown) == LISTED
    assert all(each.startswith("claude-router-") for each in shown)


def test_models_that_are_missing_all_the_same_are_reported(diagnose: Diagnose) -> None:
    report = diagnose(other_ids_of_a_part, clients=("claude-code",))
    assert client_findings(report) == {"claude-code:cut"}
    assert {len(play.shown or ()) for play in report.clients[0].plays} == {5}


def test_the_command_that_shows_a_finding_about_claude_code_names_it(diagnose: Diagnose) -> None:
    report = diagnose(other_ids_of_a_part, clients=("claude-code",))
    (evidence, *_) = [finding.evidence for finding in report.clients[0].findings]
    assert evidence is not None
    assert "\\\n  -H 'user-agent: claude-code/" in evidence.request

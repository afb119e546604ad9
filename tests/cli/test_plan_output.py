"""A plan as text, as Markdown for a pull request, and as JSON."""

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from callsheet.cli.output.plan import print_plan
from callsheet.cli.output.plan_markdown import code, plan_markdown
from callsheet.cli.output.plan_words import MAX_SHOWN_STEPS, edits
from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import Action, AnyChange, Change
from callsheet.domain.claims.claims import Claims
from callsheet.domain.claims.manager import Manager, ManagerKind
from callsheet.domain.plan.impact import NO_IMPACT, AliasMove, Audience, Impact, WorkspaceName
from callsheet.domain.plan.plan import Plan
from callsheet.domain.plan.reading import read_plan
from callsheet.domain.plan.step import steps_of
from callsheet.domain.plan.warnings import PlanWarning, warnings_of
from tests.domain.plan.plans import plans
from tests.installation import make_model

FILE = Manager(ManagerKind.FILE, "team-a")
MODEL = make_model("claude-next", max_tokens=64000)
CHANGE: AnyChange = Change(Action.ADD, None, MODEL)


def plan_of(changes: Sequence[AnyChange], impact: Impact = NO_IMPACT) -> Plan:
    return Plan(
        installation="an-installation",
        base_revision=7,
        manager=FILE,
        steps=steps_of(changes, FILE),
        impact=impact,
        warnings=warnings_of(impact),
    )


IMPACT = Impact(
    (
        Audience(
            workspaces=(WorkspaceName("wrkspc_1", "lab"), WorkspaceName("wrkspc_2", "den")),
            keys=1234,
            gains=("claude-next",),
            loses=("gpt-4",),
            lines_lost=("opus",),
        ),
        Audience(keys=1, loses=("a", "b"), stops=True),
        Audience(keys=2, gains=("a",), starts=True),
    ),
    (AliasMove("latest", "gpt-4", None, True), AliasMove("gpt-4", "gpt-4", "claude-next")),
)
PLAN = plan_of(
    [
        Change(Action.CLAIM, None, Claims("claude-next", FILE, True, {"max_tokens": 64000})),
        Change(Action.ADD, None, MODEL, FILE),
        Change(Action.REMOVE, make_model("gpt-4"), None, FILE),
        Change(Action.UNALIAS, Alias("latest", "gpt-4"), None, FILE),
        Change(Action.CLAIM, None, Claims("seen-elsewhere", FILE, None, {"line": "opus"})),
    ],
    IMPACT,
)


def test_the_text_says_what_changes_for_whom_and_what_to_beware_of(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(PLAN)
    assert [line for line in capsys.readouterr().out.splitlines() if "──" not in line] == [
        "4 changes: 3 models, 1 alias.",
        "",
        "Change         Of              What changes",
        "add model      claude-next     created_at: 2026-01-01T00:00:00Z; max_tokens: 64000",
        "remove model   gpt-4           -",
        "unalias alias  latest          gpt-4 → nothing",
        "claim model    seen-elsewhere  line as claimed: opus",
        "",
        "For workspaces lab, den (1,234 keys):",
        "  gained        claude-next",
        "  lost          gpt-4",
        "  left without  any opus model",
        "",
        "For 1 key:",
        "  no longer working  2 models listed so far",
        "",
        "For 2 keys:",
        "  working from now on  1 model listed",
        "",
        "gpt-4 will mean claude-next, instead of gpt-4.",
        "Warning: No opus model is listed any more for the workspaces lab, den.",
        "Warning: 1 key stops working.",
        "Warning: The alias latest is left pointing nowhere, as the model that it means, gpt-4, goes.",
    ]


def test_the_markdown_says_the_same() -> None:
    assert plan_markdown(PLAN) == (
        "### Callsheet: 4 changes: 3 models, 1 alias.\n"
        "\n"
        "> **Warning:** No opus model is listed any more for the workspaces lab, den.\n"
        "\n"
        "> **Warning:** 1 key stops working.\n"
        "\n"
        "> **Warning:** The alias latest is left pointing nowhere, as the model that it means, gpt-4, goes.\n"
        "\n"
        "| Change | Of | What changes |\n"
        "|---|---|---|\n"
        "| add model | `claude-next` | created\\_at: `2026-01-01T00:00:00Z`; max\\_tokens: `64000` |\n"
        "| remove model | `gpt-4` |  |\n"
        "| unalias alias | `latest` | `gpt-4` → nothing |\n"
        "| claim model | `seen-elsewhere` | line as claimed: `opus` |\n"
        "\n"
        "**For whom**\n"
        "\n"
        "* workspaces `lab`, `den` (1,234 keys)\n"
        "    * gained `claude-next`\n"
        "    * lost `gpt-4`\n"
        "    * left without any opus model\n"
        "* 1 key\n"
        "    * no longer working (2 models listed so far)\n"
        "* 2 keys\n"
        "    * working from now on (1 model listed)\n"
        "* `gpt-4` will mean `claude-next`, instead of `gpt-4`\n"
    )


def test_the_json_is_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(PLAN, as_json=True)
    assert read_plan(capsys.readouterr().out) == PLAN


def test_a_plan_of_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(plan_of([]))
    assert capsys.readouterr().out == "Nothing to change.\n"
    assert plan_markdown(plan_of([])) == "### Callsheet: Nothing to change.\n"


def test_a_long_plan_is_cut_and_says_how_much_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    many = [Change(Action.ADD, None, make_model(f"m{number}")) for number in range(MAX_SHOWN_STEPS + 1234)]
    plan = plan_of(many)
    print_plan(plan)
    text = capsys.readouterr().out
    assert text.startswith("1,434 changes: 1,434 models.\n")
    assert "and 1,234 more changes; --json shows all\n" in text
    assert "\n… and 1,234 more changes.\n" in plan_markdown(plan)
    assert f"m{MAX_SHOWN_STEPS + 1}" not in text + plan_markdown(plan)


def test_values_are_shown_before_and_after() -> None:
    before, after = make_model("m", line="opus"), make_model("m", description="It is")
    (step,) = steps_of([Change(Action.CHANGE, before, after)], FILE)
    assert edits(step) == [("line", "opus", "-"), ("description", "-", "It is")]


HOSTILE = [
    "a|b",
    "`",
    "``x`",
    "@team",
    "[x](http://e.vil)",
    "<img src=x>",
    "# x",
    "\\",
    "|",
    "-->",
    "*x*",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_the_catalogue_is_taken_for_markdown(text: str) -> None:
    changes: list[AnyChange] = [
        Change(Action.CHANGE, make_model("m", display_name="M"), make_model("m", display_name=text)),
        Change(Action.UNALIAS, Alias(text, "m"), None),
    ]
    impact = Impact(
        (Audience(workspaces=(WorkspaceName("w", text),), keys=1, gains=(text,), is_emptied=True),),
        (AliasMove(text, "m", text),),
    )
    plan = plan_of(changes, impact)
    kinds = set(kinds_in(plan_markdown(plan)))
    assert kinds <= SAFE


#: The kinds of tokens that a plan may consist of: no link, no image, no HTML.
SAFE = {
    *("heading_open", "heading_close", "inline", "text", "paragraph_open", "paragraph_close", "softbreak"),
    *("blockquote_open", "blockquote_close", "strong_open", "strong_close", "code_inline", "text_special"),
    *(f"{part}_{end}" for part in ("table", "thead", "tbody", "tr", "th", "td") for end in ("open", "close")),
    *(f"{part}_{end}" for part in ("bullet_list", "list_item") for end in ("open", "close")),
}


def kinds_in(markdown: str) -> list[str]:
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    return [each.type for token in tokens for each in (token, *(token.children or ()))]


@given(plans)
def test_any_plan_has_a_text_and_markdown_without_links(plan: Plan) -> None:
    assert set(kinds_in(plan_markdown(plan))) <= SAFE


@given(st.text(max_size=10))
def test_a_code_span_holds_the_text(text: str) -> None:
    (paragraph,) = [token for token in MarkdownIt("commonmark").parse(code(text)) if token.type == "inline"]
    (span,) = paragraph.children or []
    assert span.type == "code_inline"
    assert span.content.isprintable()


@pytest.mark.parametrize("name", ["@team", "http://e.vil", "www.e.vil", "#1"])
def test_a_name_that_a_site_would_link_is_in_a_code_span(name: str) -> None:
    room = WorkspaceName("w", name)
    text = plan_markdown(plan_of([CHANGE], Impact((Audience(workspaces=(room,), is_emptied=True),))))
    outside = re.sub(r"`[^`]*`", "", text)
    assert name in text
    assert name not in outside


def test_a_warning_of_others_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    held: Any = PlanWarning("held", "display_name of m is held by person.", ("m",))
    plan = Plan(installation="", base_revision=0, manager=FILE, steps=PLAN.steps, warnings=(held,))
    print_plan(plan)
    assert capsys.readouterr().out.endswith("Warning: display_name of m is held by person.\n")
    assert json.loads(json.dumps(plan.record()))["warnings"] == [held.record()]

"""Which known model an id of a gateway or another platform claims to be."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callsheet.domain.claims.platform_names import KnownNames, Platform, Recognised, recognise
from callsheet.domain.model import MAX_ID_LENGTH
from callsheet.service.builtin import builtin_catalog

MODELS, ALIASES = builtin_catalog()
IDS = [model.id for model in MODELS]
KNOWN = KnownNames.of(IDS, ALIASES)

OPUS_4_5 = "claude-opus-4-5-20251101"
SONNET_4 = "claude-sonnet-4-20250514"
SONNET_3_5 = "claude-3-5-sonnet-20241022"
ARN = "arn:aws:bedrock:us-east-1:123456789012:inference-profile"
VERTEX = "projects/p/locations/l/publishers/anthropic/models"

CLAIMED = [
    ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929", Platform.BEDROCK),
    ("global.anthropic.claude-opus-4-6-v1", "claude-opus-4-6", Platform.BEDROCK),
    ("us-gov.anthropic.claude-opus-5", "claude-opus-5", Platform.BEDROCK),
    ("anthropic.claude-haiku-4-5", "claude-haiku-4-5-20251001", Platform.BEDROCK),
    (f"{ARN}/us.anthropic.claude-sonnet-4-20250514-v1:0", SONNET_4, Platform.BEDROCK),
    ("anthropic.claude-3-5-sonnet-20241022-v2:0", SONNET_3_5, Platform.BEDROCK),
    ("bedrock/us-east-1/anthropic.claude-opus-5", "claude-opus-5", Platform.BEDROCK),
    ("bedrock/claude-opus-5", "claude-opus-5", Platform.BEDROCK),
    ("claude-opus-4-6-v1", "claude-opus-4-6", Platform.BEDROCK),
    ("claude-3-5-sonnet-v2@20241022", SONNET_3_5, Platform.VERTEX),
    ("claude-3-5-sonnet@20240620", "claude-3-5-sonnet-20240620", Platform.VERTEX),
    ("claude-opus-4@20250514", "claude-opus-4-20250514", Platform.VERTEX),
    ("claude-opus-4-5@20251101", OPUS_4_5, Platform.VERTEX),
    ("claude-opus-5@default", "claude-opus-5", Platform.VERTEX),
    ("vertex_ai/claude-opus-5", "claude-opus-5", Platform.VERTEX),
    ("publishers/anthropic/models/claude-opus-5", "claude-opus-5", Platform.VERTEX),
    (f"{VERTEX}/claude-fable-5", "claude-fable-5", Platform.VERTEX),
    (f"{VERTEX}/claude-fable-5:rawPredict", "claude-fable-5", Platform.VERTEX),
    (f"{VERTEX}/claude-fable-5:streamRawPredict", "claude-fable-5", Platform.VERTEX),
    ("azure_ai/claude-opus-5-5-fast", "claude-opus-5-5", Platform.FOUNDRY),
    ("azure_ai/claude-opus-4-5", OPUS_4_5, Platform.FOUNDRY),
    ("anthropic/claude-opus-5.5", "claude-opus-5-5", Platform.OPENROUTER),
    ("anthropic/claude-opus-5.5-fast", "claude-opus-5-5", Platform.OPENROUTER),
    ("anthropic/claude-fable-5.2-batch", "claude-fable-5-2", Platform.OPENROUTER),
    ("anthropic/claude-3.7-sonnet:thinking", "claude-3-7-sonnet-20250219", Platform.OPENROUTER),
    ("anthropic/claude-opus-5", "claude-opus-5", Platform.OPENROUTER),
    ("openrouter/anthropic/claude-sonnet-4.5", "claude-sonnet-4-5-20250929", Platform.OPENROUTER),
    ("anthropic/claude-opus-4-8", "claude-opus-4-8", Platform.ANTHROPIC),
    ("anthropic/claude-opus-4-5-20251101", OPUS_4_5, Platform.ANTHROPIC),
    ("claude-opus-4-8[1m]", "claude-opus-4-8", Platform.ANTHROPIC),
    ("Claude-Opus-4-5", OPUS_4_5, Platform.ANTHROPIC),
    ("  claude-opus-5\n", "claude-opus-5", Platform.ANTHROPIC),
    ("claude-4-opus-20250514", "claude-opus-4-20250514", Platform.ANTHROPIC),
    ("claude-sonnet-4-0", SONNET_4, Platform.ANTHROPIC),
    ("claude-sonnet-4", SONNET_4, Platform.ANTHROPIC),
    ("claude-sonnet-4-5-latest", "claude-sonnet-4-5-20250929", Platform.ANTHROPIC),
    ("claude-3-5-haiku-latest", "claude-3-5-haiku-20241022", Platform.ANTHROPIC),
    ("claude-2.1", "claude-2.1", Platform.ANTHROPIC),
    ("claude-instant-1.2", "claude-instant-1.2", Platform.ANTHROPIC),
    ("databricks-claude-opus-4-5", OPUS_4_5, Platform.OTHER),
    ("anthropic--claude-4.5-opus", OPUS_4_5, Platform.OTHER),
    ("claude-opus-4.8", "claude-opus-4-8", Platform.OTHER),
    ("claude-4.5-haiku", "claude-haiku-4-5-20251001", Platform.OTHER),
    ("claude-4-sonnet", SONNET_4, Platform.OTHER),
    ("claude-opus-5-fast", "claude-opus-5", Platform.OTHER),
    ("perplexity/anthropic/claude-opus-5", "claude-opus-5", Platform.OTHER),
]

NOT_CLAIMED = [
    "",
    "claude",
    "claude-opus-latest",
    "~anthropic/claude-opus-latest",
    "claude-opus-4-6-20260205",
    "claude-opus-4-7@20260416",
    "claude-sonnet-6",
    "claude-opus-5-0-1",
    "claude-opus-05",
    "claude-opus-4-05",
    "claude-opus-4-5-2025110",
    "claude-opus-4-5-202511011",
    "claude-opus-4-5-20251101-latest",
    "claude-opus-5-uncensored",
    "claude-opus-5-thinking",
    "claude-opus-5:free",
    "claude-opus-5[3m]",
    "claude-opus-5[1m]-x",
    "claude-opus4-5",
    "gemma-4-claude-opus-distill",
    "my-claude-opus-5",
    "xx.anthropic.claude-opus-5",
    "us.claude-opus-5",
    "global.us.anthropic.claude-opus-5",
    "anthropic:claude@fable-5.2",
    "anthropic.claude-3-sonnet-20240229-v1:0:28k",
    "claude opus 5",
    "claude-opus-5 (beta)",
    "claude-opus-\N{ARABIC-INDIC DIGIT FIVE}",
    "claude-mythos-5-1",
    "claude-mythos-preview",
    "anthropic/claude-2.1",
    "team-sonnet",
    "opus",
    "default",
    f"{ARN}/a1b2c3d4e5f6",
]


@pytest.mark.parametrize(("name", "model_id", "platform"), CLAIMED)
def test_an_id_of_a_known_form_claims_to_be_its_model(name: str, model_id: str, platform: Platform) -> None:
    assert recognise(name, KNOWN) == Recognised(model_id, platform)


@pytest.mark.parametrize("name", NOT_CLAIMED)
def test_a_name_of_no_known_form_or_version_claims_to_be_nothing(name: str) -> None:
    assert recognise(name, KNOWN) is None


@pytest.mark.parametrize("name", [*IDS, *ALIASES])
def test_ids_and_aliases_of_the_catalogue_are_what_they_are(name: str) -> None:
    assert recognise(name, KNOWN) == Recognised(ALIASES.get(name, name), Platform.ANTHROPIC)


def test_the_names_in_public_tables_are_recognised_as_what_they_mean() -> None:
    listed = json.loads((Path(__file__).parents[2] / "fixtures" / "claude-names.json").read_text(encoding="utf-8"))
    expected: dict[str, Recognised | None] = {
        name: Recognised(model_id, Platform(platform))
        for model_id, platforms in listed["models"].items()
        for platform, names in platforms.items()
        for name in names
    }
    assert len(expected) > 400
    expected |= dict.fromkeys(listed["none"])
    assert {name: recognise(name, KNOWN) for name in expected} == expected


def test_a_model_of_a_restricted_line_is_recognised_once_the_catalogue_has_it() -> None:
    known = KnownNames.of(["claude-mythos-5-1", "claude-mythos-preview"], {})
    assert recognise("us.anthropic.claude-mythos-5-1", known) == Recognised("claude-mythos-5-1", Platform.BEDROCK)
    assert recognise("claude-mythos-preview", known) == Recognised("claude-mythos-preview", Platform.ANTHROPIC)
    assert recognise("anthropic.claude-mythos-preview", known) is None


def test_without_a_date_the_newest_snapshot_of_the_version_is_meant() -> None:
    known = KnownNames.of(["claude-opus-4-20260101", "claude-opus-4-20270101", "claude-opus-4-20250101"], {})
    found = recognise("anthropic/claude-opus-4", known)
    assert found is not None
    assert found.model_id == "claude-opus-4-20270101"


def test_nothing_is_recognised_where_nothing_is_known() -> None:
    assert [name for name, *_ in CLAIMED if recognise(name, KnownNames.of([], {}))] == []


PARTS = [
    *("claude", "anthropic", "opus", "sonnet", "haiku", "3", "4", "5", "0", "20251101", "v1", "us", "global"),
    *(
        "-",
        "--",
        ".",
        "@",
        ":",
        "/",
        "~",
        " ",
        "[1m]",
        "latest",
        "fast",
        "batch",
        "thinking",
        "default",
        "rawpredict",
    ),
]


@given(st.text() | st.lists(st.sampled_from(PARTS), max_size=40).map("".join))
@example("claude-opus-4-5@" + "0" * 300)
@example("\ud800claude-opus-5")
@example("CLAUDE-OPUS-4-5-\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}")
def test_any_text_is_recognised_as_a_known_model_or_as_nothing(name: str) -> None:
    found = recognise(name, KNOWN)
    assert found is None or found.model_id in IDS


versions = st.sampled_from(sorted(KNOWN.snapshots)).flatmap(
    lambda version: st.tuples(st.just(version), st.sampled_from(sorted(KNOWN.snapshots[version].items())))
)


@given(versions, st.sampled_from(["", "global.", "us.", "eu.", "apac.", "jp.", "au.", "us-gov."]))
def test_every_known_snapshot_is_recognised_in_the_forms_of_every_platform(
    snapshot: tuple[tuple[str, int, int], tuple[str, str]], region: str
) -> None:
    (line, major, minor), (date, model_id) = snapshot
    dated = f"@{date}" if date else ""
    short = model_id.removesuffix(f"-{date}")
    assert recognise(f"{region}anthropic.{model_id}-v1:0", KNOWN) == Recognised(model_id, Platform.BEDROCK)
    assert recognise(f"vertex_ai/{short}{dated}", KNOWN) == Recognised(model_id, Platform.VERTEX)
    dots = f"{major}.{minor}" if minor else f"{major}"
    newest = KNOWN.snapshots[line, major, minor][max(KNOWN.snapshots[line, major, minor])]  # type: ignore[index]
    assert recognise(f"anthropic/claude-{line}-{dots}", KNOWN) == Recognised(newest, Platform.OPENROUTER)
    assert recognise(f"anthropic--claude-{dots}-{line}", KNOWN) == Recognised(newest, Platform.OTHER)


TRAPS = ["claude-opus-4-5" + "-v1" * 80, "claude-" + "4-" * 120, "." * 256, "4." * 128, "anthropic.claude-" * 15]


@pytest.mark.parametrize("trap", TRAPS, ids=range(len(TRAPS)))
def test_the_time_grows_with_the_length_of_an_id_and_no_faster(trap: str) -> None:
    def seconds(name: str) -> float:
        best = float("inf")
        for _ in range(5):
            begun = time.process_time_ns()
            for _ in range(20):
                recognise(name, KNOWN)
            best = min(best, time.process_time_ns() - begun)
        return best

    assert len(trap) <= MAX_ID_LENGTH
    assert seconds(trap * 64) < 64 * 8 * max(seconds(trap), 1)

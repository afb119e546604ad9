"""The reference page of the built-in models, made from their facts and the evidence for them."""

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any, Final

from callsheet.cli.output.tables import tokens
from callsheet.domain.claims.platform_facts import ABSENT, RETIRES_AT
from callsheet.domain.claims.platform_names import Platform
from callsheet.domain.model import Model
from callsheet.domain.times import EPOCH, format_instant
from callsheet.service.builtin import builtin_catalog, facts_date

_BEGINNING: Final = """<!-- Made by scripts/docs from src/callsheet/data; change it there. -->

# Built-in models

A first start fills the catalogue with these public Claude models, as they were known on {date}. Models that are
offered to chosen organizations only are not among them.
[Choose which models are listed](../how-to/catalogue.md) says how the facts are renewed.

A dash means that nothing is known. `created_at` is what Anthropic's endpoint answers where that has been seen, else
the day of release. A name that is not known is the id.

## Models

| Model | Created | Lifecycle | Context | Output | Aliases |
|---|---|---|---|---|---|
"""

_EVIDENCE: Final = """
## Where the facts come from

{confidence}

| Model | Name | Created | Lifecycle | Deprecated | Retires | Context and output |
|---|---|---|---|---|---|---|
"""

_CAPABILITIES: Final = """
## Capabilities

A model has all of them or none. They describe Anthropic's own API. Each is marked with how it is known, and the
sources that say so:

{marks}

`code_execution` alone says whether code that runs in the code execution tool may call other tools of the request;
`server_tools.code_execution` says whether that tool works. A type of thinking is supported unless sending it is an
error, so models that cannot think have `disabled` all the same.
"""


_PLATFORMS: Final = """
## Under the names of other platforms

A gateway may list these models under the ids of another platform. An id in one of these forms gets the facts of its
model, where nothing else is said of it. It shows what the gateway calls the model, not what answers behind it.

| Platform | Such as |
|---|---|
{forms}

`[1m]` at the end, folders before a slash, capital letters, `-fast`, `-batch` and `:thinking` change nothing; an id
without a date means the newest snapshot of that version. Anything else after the version makes it another model, of
which nothing is known: `claude-opus-5-uncensored`, `claude-opus-4-6-20260205`. Rolling names such as
`claude-opus-latest` mean no particular model.

The lifecycle and its dates are Anthropic's, and each platform sets its own; Foundry follows Anthropic where both
have published a date. These are known; elsewhere a model is active until a source or a person says otherwise:

| Model | {titles} |
|---|{rule}
{dates}

These capabilities are not there, even if the model has them on Anthropic's API:

| Capability | {titles} | others |
|---|{rule}---|
{absent}

Running code on Foundry depends on who hosts the deployment. OpenRouter and other gateways may pass a request on to
any of the platforms, so that only what holds on all of them is promised. Sources: Claude Code 2.1.332 (2026-11-24),
its table of names by provider, its table of retirements by provider, and the table of platforms in its `claude-api`
reference; Anthropic's pages on Claude in Amazon Bedrock, on Vertex AI and in Microsoft Foundry (2026-08-22).
"""

#: An id in the form of each platform.
_FORMS: Final = {
    "Amazon Bedrock": "`anthropic.claude-opus-4-5-20251101-v1:0`, `us.anthropic.claude-opus-5`, and as an ARN",
    "Vertex AI": "`claude-opus-4-5@20251101`, `publishers/anthropic/models/claude-opus-5`",
    "Microsoft Foundry": "`azure_ai/claude-opus-5`; the name of a deployment alone looks like Anthropic's id",
    "OpenRouter": "`anthropic/claude-opus-5.5`, `anthropic/claude-3.7-sonnet:thinking`",
    "Others": "`databricks-claude-opus-4-5`, `anthropic--claude-4.5-opus`, `claude-opus-4.8`, `claude-4-sonnet`",
}

_DATED: Final = {Platform.BEDROCK: "Bedrock", Platform.VERTEX: "Vertex AI", Platform.FOUNDRY: "Foundry"}


def builtin_page() -> str:
    """The page."""
    models, aliases = builtin_catalog()
    evidence = json.loads(files("callsheet.data").joinpath("evidence.json").read_text(encoding="utf-8"))
    parts = [
        _BEGINNING.format(date=facts_date()),
        *(_row(model, [alias for alias, target in aliases.items() if target == model.id]) for model in models),
        _EVIDENCE.format(confidence=_list(evidence["confidence"])),
        *(_known(model_id, said) for model_id, said in evidence["models"].items()),
        _CAPABILITIES.format(marks=_list(evidence["marks"])),
        *(_capabilities(model, evidence["models"][model.id]) for model in models if model.capabilities),
        _platforms([model.id for model in models]),
        "\n## Sources\n\n",
        _list(evidence["sources"]),
        "\n",
    ]
    return "".join(parts)


def _row(model: Model, aliases: list[str]) -> str:
    stage = str(model.lifecycle)
    if model.retires_at is not None:
        stage += f", {'retired' if stage == 'retired' else 'retires'} {format_instant(model.retires_at)[:10]}"
    cells = (
        f"`{model.id}`",
        "-" if model.created_at == EPOCH else format_instant(model.created_at)[:10],
        stage.removeprefix("retired, "),
        tokens(model.max_input_tokens),
        tokens(model.max_tokens),
        ", ".join(f"`{alias}`" for alias in aliases) or "-",
    )
    return f"| {' | '.join(cells)} |\n"


def _known(model_id: str, said: Mapping[str, Any]) -> str:
    fields = ("display_name", "created_at", "lifecycle", "deprecated_at", "retires_at", "limits")
    row = f"| `{model_id}` | {' | '.join(str(said.get(name, '-')) for name in fields)} |\n"
    return row.replace(" |\n", f" ({said['note']}) |\n") if "note" in said else row


def _capabilities(model: Model, said: Mapping[str, Any]) -> str:
    day = said.get("capabilities_as_of")
    since = "" if day is None else f"As documented on {day}, while it was served.\n\n"
    rows = (
        f"| `{place}` | {'yes' if supported else 'no'} | {mark} | {', '.join(sources)} |\n"
        for (place, supported), (mark, *sources) in zip(
            _leaves(model.capabilities or {}), said["capabilities"].values(), strict=True
        )
    )
    return (
        f"\n### {model.id}\n\n{since}| Capability | Supported | How | Sources |\n|---|---|---|---|\n{''.join(rows)}"
    )


def _platforms(model_ids: list[str]) -> str:
    dated = [each for each in model_ids if any(each in days for days in RETIRES_AT.values())]
    places = dict.fromkeys(place for absent in ABSENT.values() for place in absent)
    return _PLATFORMS.format(
        forms="\n".join(f"| {title} | {form} |" for title, form in _FORMS.items()),
        titles=" | ".join(_DATED.values()),
        rule="---|" * len(_DATED),
        dates="\n".join(
            f"| `{each}` | {' | '.join(RETIRES_AT[platform].get(each, '-')[:10] for platform in _DATED)} |"
            for each in dated
        ),
        absent="\n".join(
            f"| `{'.'.join(place)}` "
            f"| {' | '.join('no' if place in ABSENT[each] else '-' for each in (*_DATED, Platform.OTHER))} |"
            for place in places
        ),
    )


def _leaves(node: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, bool]]:
    for key, child in node.items():
        if key == "supported":
            continue
        if list(child) == ["supported"]:
            yield f"{place}{key}", child["supported"]
        else:
            yield from _leaves(child, f"{place}{key}.")


def _list(meanings: Mapping[str, str]) -> str:
    return "\n".join(f"* **{name}**: {meaning}" for name, meaning in meanings.items())

"""The reference page of the built-in models, made from their facts and the evidence for them."""

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any, Final

from callsheet.cli.output.tables import tokens
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

"""Platform facts: what differs for a model under the id of another platform than Anthropic's own API.

As of 2026-11-29. Each platform sets the stage of a model and its dates. The dates come from the table of
retirements by provider in Claude Code 2.1.332 (2026-11-24); Anthropic's page on Claude on Vertex AI (2026-08-22)
says that Bedrock and Vertex AI set their own. The capabilities come from the table of platforms in the
``claude-api`` reference that Claude Code 2.1.332 carries.
"""

from collections.abc import Mapping
from typing import Any, Final

from callsheet.domain.claims.platform_names import Platform, Recognised
from callsheet.domain.model import Lifecycle, RetirementPrecision

_BATCH: Final = ("batch",)
_PROGRAMMATIC: Final = ("code_execution",)
_CODE_EXECUTION: Final = ("server_tools", "code_execution")
_WEB_SEARCH: Final = ("server_tools", "web_search")

_NOT_ON_BEDROCK: Final = (_BATCH, _PROGRAMMATIC, _CODE_EXECUTION, _WEB_SEARCH)

#: Capabilities that are not there, whatever the model. Running code on Foundry depends on who hosts the deployment,
#: and OpenRouter and others may pass a request on to any of the platforms, so that only what holds everywhere is
#: promised.
ABSENT: Final[Mapping[Platform, tuple[tuple[str, ...], ...]]] = {
    Platform.BEDROCK: _NOT_ON_BEDROCK,
    Platform.VERTEX: (_BATCH, _PROGRAMMATIC, _CODE_EXECUTION),
    Platform.FOUNDRY: (_BATCH, _PROGRAMMATIC, _CODE_EXECUTION),
    Platform.OPENROUTER: _NOT_ON_BEDROCK,
    Platform.OTHER: _NOT_ON_BEDROCK,
}

_OPUS_4_5: Final = "claude-opus-4-5-20251101"
_SONNET_4_5: Final = "claude-sonnet-4-5-20250929"
_OPUS_4_1: Final = "claude-opus-4-1-20250805"
_SONNET_4: Final = "claude-sonnet-4-20250514"
_OPUS_4: Final = "claude-opus-4-20250514"
_SONNET_3_7: Final = "claude-3-7-sonnet-20250219"
_OPUS_3: Final = "claude-3-opus-20240229"

#: What the dates of each platform mean. Google promises only that it retires no model before its day.
_PRECISION: Final[Mapping[Platform, RetirementPrecision]] = {
    Platform.BEDROCK: RetirementPrecision.EXACT,
    Platform.VERTEX: RetirementPrecision.EARLIEST,
    Platform.FOUNDRY: RetirementPrecision.EXACT,
}

#: The day on which a platform retires a model, where that is published.
RETIRES_AT: Final[Mapping[Platform, Mapping[str, str]]] = {
    Platform.BEDROCK: {
        _SONNET_4: "2026-10-14T00:00:00Z",
        _OPUS_4: "2026-05-31T00:00:00Z",
        _SONNET_3_7: "2026-04-28T00:00:00Z",
        _OPUS_3: "2026-01-15T00:00:00Z",
    },
    Platform.VERTEX: {
        _OPUS_4_5: "2027-01-22T00:00:00Z",
        _SONNET_4_5: "2026-11-30T00:00:00Z",
        _SONNET_4: "2026-09-14T00:00:00Z",
        _OPUS_4: "2026-09-14T00:00:00Z",
        _SONNET_3_7: "2026-05-11T00:00:00Z",
        _OPUS_3: "2026-01-05T00:00:00Z",
    },
    Platform.FOUNDRY: {
        _OPUS_4_5: "2027-01-22T00:00:00Z",
        _SONNET_4_5: "2026-11-30T00:00:00Z",
        _OPUS_4_1: "2026-08-05T00:00:00Z",
        _SONNET_4: "2026-06-15T00:00:00Z",
        _OPUS_4: "2026-06-15T00:00:00Z",
        _SONNET_3_7: "2026-02-19T00:00:00Z",
        _OPUS_3: "2026-01-05T00:00:00Z",
    },
}


def platform_facts(recognised: Recognised, target_fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields in which a recognised id differs from the model that it claims to be.

    ``target_fields`` is the `Model.record` of that model, and what comes back has the same form. Under an id of
    Anthropic's own form nothing differs. Elsewhere the stage is active and has no dates unless the platform follows
    Anthropic's, as only the platform can say more: ``retires_at`` is there where it published a day, and comes to
    bear as soon as something says that the model is deprecated.
    """
    if recognised.platform is Platform.ANTHROPIC:
        return {}
    return {**_stage(recognised, target_fields), **_capabilities(recognised.platform, target_fields)}


def _stage(recognised: Recognised, target: Mapping[str, Any]) -> dict[str, Any]:
    retires_at = RETIRES_AT.get(recognised.platform, {}).get(recognised.model_id)
    if recognised.platform is Platform.FOUNDRY and target.get("retires_at") == retires_at:
        return {}  # Foundry's dates are Anthropic's, wherever both are published
    facts = {"lifecycle": Lifecycle.ACTIVE.value, "deprecated_at": None, "retires_at": retires_at}
    if retires_at is None:
        return facts
    return {**facts, "retirement_precision": _PRECISION[recognised.platform].value}


def _capabilities(platform: Platform, target: Mapping[str, Any]) -> dict[str, Any]:
    """The capabilities of the target without those that are not there; nothing if it has none of these."""
    before = target.get("capabilities")
    after = before
    for place in ABSENT[platform]:
        after = _without(after, place)
    return {} if after == before else {"capabilities": after}


def _without(node: Any, place: tuple[str, ...]) -> Any:
    """``node`` without support at ``place``, nor in a group above it of which nothing else is supported."""
    if not place:
        return {"supported": False} if isinstance(node, Mapping) else node
    name, *rest = place
    if not isinstance(node, Mapping) or name not in node:
        return node
    changed = {**node, name: _without(node[name], tuple(rest))}
    if rest or "supported" not in changed:
        return changed
    children = [child for key, child in changed.items() if key != "supported"]
    return {**changed, "supported": changed["supported"] and any(child.get("supported") for child in children)}

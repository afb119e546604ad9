"""Which module reads which kind of upstream."""

from collections.abc import Mapping
from typing import Final

from callsheet.domain.errors import SourceError
from callsheet.sources import (
    anthropic,
    bedrock,
    callsheet,
    file,
    gemini,
    litellm,
    litellm_prices,
    llamacpp,
    lmstudio,
    models_dev,
    ollama,
    openai,
    openrouter,
    vertex,
    vllm,
)
from callsheet.sources.upstream import SourceKind, Upstream

_UPSTREAMS: Final[Mapping[SourceKind, Upstream]] = {
    SourceKind.ANTHROPIC: anthropic,
    SourceKind.OPENAI: openai,
    SourceKind.VLLM: vllm,
    SourceKind.SGLANG: vllm,
    SourceKind.OLLAMA: ollama,
    SourceKind.LLAMACPP: llamacpp,
    SourceKind.LMSTUDIO: lmstudio,
    SourceKind.GEMINI: gemini,
    SourceKind.OPENROUTER: openrouter,
    SourceKind.LITELLM: litellm,
    SourceKind.BEDROCK: bedrock,
    SourceKind.VERTEX: vertex,
    SourceKind.MODELS_DEV: models_dev,
    SourceKind.LITELLM_PRICES: litellm_prices,
    SourceKind.CALLSHEET: callsheet,
    SourceKind.FILE: file,
}

#: The kinds that there is a module for.
KINDS: Final = tuple(_UPSTREAMS)

#: Kinds that know facts of models that others list: they never make a model exist (`ManagerKind.ENRICHMENT`).
ENRICHMENTS: Final = frozenset({SourceKind.MODELS_DEV, SourceKind.LITELLM_PRICES})

#: Kinds whose list depends on the key that asks for it, at ``/v1/models``.
ASKABLE: Final = (
    SourceKind.ANTHROPIC,
    SourceKind.OPENAI,
    SourceKind.LITELLM,
    SourceKind.VLLM,
    SourceKind.SGLANG,
    SourceKind.LLAMACPP,
    SourceKind.OPENROUTER,
    SourceKind.CALLSHEET,
)

#: Of these, those that may list other names to Claude Code than to other clients.
LISTS_BY_CLIENT: Final = frozenset({SourceKind.LITELLM, SourceKind.CALLSHEET})


def upstream_of(kind: str) -> Upstream:
    """Return what reads upstreams of this kind; SourceError, which names those there are, if nothing does."""
    for known, upstream in _UPSTREAMS.items():
        if known == kind:
            return upstream
    names = ", ".join(_UPSTREAMS)
    raise SourceError(f"There is no kind of source {kind[:60]!r}; the kinds are {names}.")

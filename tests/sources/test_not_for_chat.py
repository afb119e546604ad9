"""Models that are not for chat are left out wherever the upstream says so, and kept where it does not."""

from collections.abc import Mapping
from typing import Any

import pytest

from callsheet.sources.choosing import Choice, choose
from callsheet.sources.registry import upstream_of
from callsheet.sources.upstream import Dropped, Listed, Options, SourceKind

#: Of each kind that says it: rows that are not for chat, by what they are for.
NOT_FOR_CHAT: Mapping[SourceKind, Mapping[str, Mapping[str, Any]]] = {
    SourceKind.LITELLM: {
        mode: {"id": "x", "mode": mode}
        for mode in (
            *("embedding", "image_generation", "moderation", "rerank"),
            *("audio_transcription", "audio_speech", "video_generation"),
        )
    },
    SourceKind.OPENROUTER: {
        modality: {"id": "x", "architecture": {"output_modalities": [modality]}}
        for modality in ("embeddings", "image", "audio", "rerank")
    },
    SourceKind.OLLAMA: {
        can: {"model": "x", "name": "x", "capabilities": [can]} for can in ("embedding", "image", "audio")
    },
    SourceKind.LLAMACPP: {
        modality: {"id": "x", "architecture": {"output_modalities": [modality]}}
        for modality in ("embeddings", "audio")
    },
    SourceKind.LMSTUDIO: {kind: {"key": "x", "type": kind} for kind in ("embedding", "embeddings")},
}

#: Of the same kinds: rows of models to talk to.
FOR_CHAT: Mapping[SourceKind, Mapping[str, Any]] = {
    SourceKind.LITELLM: {"id": "x", "mode": "chat"},
    SourceKind.OPENROUTER: {"id": "x", "architecture": {"output_modalities": ["text", "image"]}},
    SourceKind.OLLAMA: {"model": "x", "name": "x", "capabilities": ["completion", "tools"]},
    SourceKind.LLAMACPP: {"id": "x", "architecture": {"output_modalities": ["text"]}},
    SourceKind.LMSTUDIO: {"key": "x", "type": "llm"},
}


@pytest.mark.parametrize(
    ("kind", "use"), [(kind, use) for kind, rows in NOT_FOR_CHAT.items() for use in rows], ids=str
)
def test_what_the_upstream_says_is_not_for_chat_is_left_out(kind: SourceKind, use: str) -> None:
    assert isinstance(upstream_of(kind).listed(NOT_FOR_CHAT[kind][use], Options()), Dropped)


@pytest.mark.parametrize("kind", FOR_CHAT)
def test_a_model_to_talk_to_stays(kind: SourceKind) -> None:
    found = upstream_of(kind).listed(FOR_CHAT[kind], Options())
    assert isinstance(found, Listed)
    assert found.id == "x"


@pytest.mark.parametrize("kind", [SourceKind.VLLM, SourceKind.SGLANG, SourceKind.OPENAI])
def test_a_name_alone_does_not_say_that_a_model_is_not_for_chat(kind: SourceKind) -> None:
    found = upstream_of(kind).listed({"id": "text-embedding-3-small", "object": "model"}, Options())
    assert isinstance(found, Listed)


def test_a_row_that_was_left_out_gets_no_name_for_pickers() -> None:
    rows = [NOT_FOR_CHAT[SourceKind.LITELLM]["embedding"], {"id": "gpt-5", "mode": "chat"}]
    read = [upstream_of(SourceKind.LITELLM).listed(row, Options()) for row in rows]
    listed = [each for each in read if isinstance(each, Listed)]
    chosen = choose(listed, Choice(long_context_rows=True, picker_prefix="anthropic/"))
    assert [each.id for each in chosen] == ["gpt-5", "anthropic/gpt-5"]

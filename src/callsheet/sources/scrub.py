"""Answers as a recording that can be shown to others: the shape and the facts of models, and nothing private.

Texts stay only where translation reads them, and without whatever looks like a key, host, account or person.
Everywhere else, texts are replaced; numbers, flags and the shape stay.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, unquote

from callsheet.sources.scrubbed_texts import Texts, host_of, parts_of
from callsheet.sources.upstream import Answer
from callsheet.wire.rows import UnreadableError, parse

#: Members whose texts stay, as they say which model a row is about, or what it can do.
KEPT: Final = frozenset({
    "aliases", "arch", "architecture", "baseModelId", "canonical_slug", "capabilities", "created_at",
    "createdAt", "customizationsSupported", "deprecated_at", "deprecation_date", "digest", "display_name",
    "displayName", "endOfLifeTime", "expiration_date", "families", "family", "first_id", "format",
    "general.architecture", "id", "inferenceProfileArn", "inferenceProfileId", "inferenceProfileName",
    "inferenceTypesSupported", "input", "input_modalities", "inputModalities", "knowledge", "last_id",
    "last_updated", "launchStage", "legacyTime", "lifecycle", "line", "litellm_provider", "modality", "mode",
    "model", "model_name", "modelArn", "modelId", "modelName", "modified_at", "name", "object",
    "openSourceCategory", "output", "output_modalities", "outputModalities", "owned_by", "parameter_size",
    "parent", "parent_model", "providerName", "publicExtendedAccessTime", "publisher", "quantization_level",
    "release_date", "remote_model", "replacement", "retires_at", "root", "shutdown_date", "slug", "stage",
    "startOfLifeTime", "state", "supported_modalities", "supported_output_modalities", "supported_parameters",
    "supportedGenerationMethods", "team_public_model_name", "type", "updated_at", "updatedAt", "version",
    "versionId", "versionState",
})  # fmt: skip

#: Members of whose texts only this stays: a stage; Ollama's context of a model; OpenRouter's link to the next page.
_SHAPES: Final = {
    "status": re.compile(r"\A[A-Za-z][A-Za-z_]{0,23}\Z"),
    "parameters": re.compile(r"\bnum_ctx[ \t]+[0-9]+\b"),
    "next": re.compile(r"\?offset=[0-9]{1,9}(?![0-9])"),
}
_MIN_ACCOUNT: Final = 10**11
_MAX_ACCOUNT: Final = 10**12 - 1
_OWNERS: Final = frozenset(
    {"vllm", "sglang", "llamacpp", "library", "openai", "system", "openai-internal", "anthropic", "google"}
)
_PAGE_TOKENS: Final = frozenset({"nextPageToken", "nextToken", "pageToken"})
#: Members in which no text stays, whatever it is called in there.
_PRIVATE: Final = re.compile(
    r"(?i)user|owner|team|member|account|organi[sz]ation|customer|contact|mail|tenant|project|workspace|created_by"
    r"|updated_by|creator|author|person|group|permission|credential|secret|password|param|header|cookie|auth|env|args"
)


def scrub(answers: Sequence[Answer], *, url: str = "", secrets: Iterable[str] = ()) -> dict[str, Any]:
    """Return a recording of ``answers``: the request, as ``GET /v1/models``, to its status and JSON.

    Headers are not recorded, and an answer that is not JSON is recorded as empty text. What is the same in two
    places stays the same, so that pages still lead to each other, and rows to their models.

    Parameters
    ----------
    url
        The configured URL, whose host is private.
    secrets
        What the source was asked with.
    """
    known = [*secrets, *(part for secret in secrets for part in parts_of(secret)), host_of(url)]
    scrubber = _Scrubber(Texts(known))
    return {scrubber.request(answer): scrubber.answer(answer) for answer in answers}


class _Scrubber:
    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def request(self, answer: Answer) -> str:
        path, mark, query = answer.request.path.partition("?")
        asked = f"{answer.request.method} {self._texts.clean(path)}{mark}"
        asked += "&".join(map(self._parameter, query.split("&")))
        return f"{asked} {self._body(answer.request.body)}" if answer.request.body else asked

    def answer(self, answer: Answer) -> dict[str, Any]:
        try:
            return {"status": answer.status, "json": self._value(parse(answer.body), "", is_private=False)}
        except (UnreadableError, RecursionError):
            return {"status": answer.status, "text": ""}

    def _parameter(self, pair: str) -> str:
        name, _, value = pair.partition("=")
        text = unquote(value)
        cleaned = self._texts.hide(text) if name in _PAGE_TOKENS else self._texts.clean(text)
        return pair if cleaned == text else f"{name}={quote(cleaned, safe='')}"

    def _body(self, body: bytes) -> str:
        try:
            return json.dumps(self._value(parse(body), "", is_private=False))
        except (UnreadableError, RecursionError):
            return ""

    def _value(self, value: Any, name: str, *, is_private: bool) -> Any:
        if isinstance(value, Mapping):
            return {self._texts.clean(key): self._member(value, key, is_private) for key in value}
        if isinstance(value, list):
            return [self._value(each, name, is_private=is_private) for each in value]
        if isinstance(value, str):
            return self._texts.hide(value) if is_private else self._text(value, name)
        return _number(value) if isinstance(value, int | float) and not isinstance(value, bool) else value

    def _member(self, row: Mapping[str, Any], name: str, is_private: bool) -> Any:
        is_private = is_private or (name not in KEPT and name not in _SHAPES and bool(_PRIVATE.search(name)))
        if name == "key" and "publisher" in row:  # LM Studio's id
            return self._value(row[name], "id", is_private=is_private)
        if name == "value" and "args" in row:  # the stage of a model in llama.cpp's router
            return self._value(row[name], "status", is_private=is_private)
        return self._value(row[name], name, is_private=is_private)

    def _text(self, text: str, name: str) -> str:
        if name == "owned_by":
            return text if text in _OWNERS else "example"
        if name in KEPT:
            return self._texts.clean(text)
        shape = _SHAPES.get(name)
        found = shape.findall(text) if shape else []
        return "\n".join(found) if found else self._texts.hide(text)


def _number(value: float) -> float | None:
    """Return a number, but not one that may be an account of AWS, or that JSON does not have."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return 0 if _MIN_ACCOUNT <= abs(value) <= _MAX_ACCOUNT else value

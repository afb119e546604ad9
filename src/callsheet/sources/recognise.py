"""What kind of upstream answers at a URL: by the shapes of its answers, never by a header alone."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from callsheet.domain.errors import SourceError
from callsheet.sources.answers import has_succeeded, json_of
from callsheet.sources.upstream import Answer, Request, SourceKind
from callsheet.sources.values import inside, text_in
from callsheet.wire.pages import read_page
from callsheet.wire.rows import UnreadableError

_VERSION: Final = {"anthropic-version": "2023-06-01"}
_LIST: Final = Request("GET", "/v1/models")
_ANTHROPIC: Final = Request("GET", "/v1/models", _VERSION)
_TAGS: Final = Request("GET", "/api/tags")
_LMSTUDIO: Final = Request("GET", "/api/v1/models")
_PROPS: Final = Request("GET", "/props")
_ALIVE: Final = Request("GET", "/health/liveliness")
_READY: Final = Request("GET", "/readyz")
_GEMINI: Final = Request("GET", "/v1beta/models")
_ITSELF: Final = Request("GET", "")

#: What is asked to find out; all at once, as no answer decides what to ask next.
PROBES: Final = (_LIST, _ANTHROPIC, _TAGS, _LMSTUDIO, _PROPS, _ALIVE, _READY, _GEMINI, _ITSELF)

_REFUSED: Final = frozenset({401, 403})
_LITELLM_WORDS: Final = "I'm alive!"


class Recognised(NamedTuple):
    """What answers.

    Parameters
    ----------
    kind
        Of upstream.
    evidence
        What in its answers says so; a clause each.
    """

    kind: SourceKind
    evidence: tuple[str, ...]


class _Seen:
    """The answers to the probes, by what they hold."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = answers

    def answer(self, request: Request) -> Answer | None:
        return next((each for each in self._answers if each.request == request), None)

    def json(self, request: Request) -> Any:
        """The JSON with which a request was answered, whatever the status; None if it was not."""
        answer = self.answer(request)
        if answer is None:
            return None
        try:
            return json_of(Answer(request, 200, {}, answer.body))
        except SourceError:
            return None

    def rows(self, request: Request, name: str) -> list[Mapping[str, Any]]:
        """The objects in the list ``name`` of a successful answer."""
        found = inside(self.json(request), name) if has_succeeded(self.answer(request)) else None
        return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []

    def has_list(self, request: Request, name: str) -> bool:
        """Whether the answer is an object with a list of this name, empty or not."""
        return has_succeeded(self.answer(request)) and isinstance(inside(self.json(request), name), list)


def recognise(answers: Sequence[Answer]) -> Recognised:
    """Return what kind of upstream gave these answers to `PROBES`.

    Raises
    ------
    SourceError
        It cannot be recognised; the sentence says what to do.
    """
    seen = _Seen(answers)
    for kind, look in _SIGNS:
        evidence = tuple(each for each in look(seen) if each)
        if evidence:
            return Recognised(kind, evidence)
    statuses = {answer.status for answer in answers}
    if statuses & _REFUSED:
        raise SourceError(
            "The upstream refuses this secret, or lists nothing without one; give the right one "
            "with --secret-file or --secret-env, or name what answers there with --kind."
        )
    raise SourceError(
        "Nothing that answers there is a list of models that Callsheet knows; check the URL, or name the kind."
    )


def authorization(secret: str) -> Mapping[str, str]:
    """Return the headers for probes: ``secret``, unless it is empty, in each that upstreams of some kind read."""
    if not secret:
        return {}
    return {"authorization": f"Bearer {secret}", "x-api-key": secret, "x-goog-api-key": secret}


def _owned(seen: _Seen, owner: str, member: str) -> str:
    """Evidence that the rows of OpenAI's list are of one program: its name, beside a member that it alone adds."""
    rows = seen.rows(_LIST, "data")
    if any(row.get("owned_by") == owner and member in row for row in rows):
        return f'a row of /v1/models is owned by "{owner}" and has {member}'
    return ""


def _callsheet(seen: _Seen) -> list[str]:
    ready = seen.json(_READY)
    if isinstance(ready, Mapping) and {"status", "revision", "age_seconds", "database", "models"} <= set(ready):
        return ["/readyz states a revision and the state of a database"] if _is_api(seen) else []
    return []


def _litellm(seen: _Seen) -> list[str]:
    alive = seen.json(_ALIVE)
    if not (isinstance(alive, str) and _LITELLM_WORDS in alive):
        return []
    is_fastapi = inside(seen.json(_PROPS), "detail") == "Not Found"
    return [f'/health/liveliness answers "{_LITELLM_WORDS}"'] if _is_api(seen) or is_fastapi else []


def _is_api(seen: _Seen) -> bool:
    """Whether ``/v1/models`` is a list in either dialect, or refuses with an error of JSON."""
    refused = [
        request
        for request in (_LIST, _ANTHROPIC)
        if (answer := seen.answer(request)) is not None and answer.status in _REFUSED
    ]
    is_refused = any(inside(seen.json(request), "error") is not None for request in refused)
    return is_refused or seen.has_list(_LIST, "data") or seen.has_list(_ANTHROPIC, "data")


def _llamacpp(seen: _Seen) -> list[str]:
    props = seen.json(_PROPS)
    stated = isinstance(inside(props, "default_generation_settings"), Mapping) and inside(props, "total_slots")
    return [_owned(seen, "llamacpp", "meta"), "/props states the settings of slots" if stated else ""]


def _ollama(seen: _Seen) -> list[str]:
    rows = seen.rows(_TAGS, "models")
    if any(text_in(row, "digest") and "modified_at" in row and text_in(row, "name") for row in rows):
        return ["/api/tags lists models with their digests"]
    is_empty = seen.has_list(_TAGS, "models") and not rows
    if is_empty and inside(seen.json(_LIST), "object") == "list":
        return ["/api/tags and /v1/models answer with lists"]
    return []


def _lmstudio(seen: _Seen) -> list[str]:
    rows = seen.rows(_LMSTUDIO, "models")
    if any(text_in(row, "key") and "loaded_instances" in row for row in rows):
        return ["/api/v1/models lists models with their loaded instances"]
    error = inside(seen.json(_LMSTUDIO), "error")
    if (
        isinstance(error, str)
        and error.startswith("Unexpected endpoint or method")
        and seen.has_list(_LIST, "data")
    ):
        return ["it answers paths that it does not have as LM Studio does, and /v1/models with a list"]
    return []


def _openrouter(seen: _Seen) -> list[str]:
    for request in (_LMSTUDIO, _LIST):
        rows = seen.rows(request, "data")
        if any(text_in(row, "canonical_slug") and "pricing" in row for row in rows):
            return [f"{request.path} lists models with slugs and prices"]
    return []


def _gemini(seen: _Seen) -> list[str]:
    rows = seen.rows(_GEMINI, "models")
    if any(text_in(row, "name").startswith("models/") and "supportedGenerationMethods" in row for row in rows):
        return ["/v1beta/models lists models with their generation methods"]
    return []


def _models_dev(seen: _Seen) -> list[str]:
    sent = seen.json(_ITSELF)
    providers = sent.values() if isinstance(sent, Mapping) and has_succeeded(seen.answer(_ITSELF)) else ()
    if any(isinstance(inside(each, "models"), Mapping) and "env" in each for each in providers):
        return ["the URL holds providers with their models"]
    return []


def _litellm_prices(seen: _Seen) -> list[str]:
    sent = seen.json(_ITSELF)
    entries = sent.values() if isinstance(sent, Mapping) and has_succeeded(seen.answer(_ITSELF)) else ()
    if any(text_in(each, "litellm_provider") and "mode" in each for each in entries if isinstance(each, Mapping)):
        return ["the URL holds models with the names of LiteLLM's providers"]
    return []


def _anthropic(seen: _Seen) -> list[str]:
    page = seen.json(_ANTHROPIC)
    if not isinstance(page, Mapping):
        return []
    if seen.has_list(_ANTHROPIC, "data") and {"has_more", "first_id", "last_id"} <= set(page):
        rows = seen.rows(_ANTHROPIC, "data")
        if not page["data"] or any(row.get("type") == "model" and text_in(row, "id") for row in rows):
            return ["/v1/models answers with a page of Anthropic's"]
    if page.get("type") == "error" and inside(page, "error", "type") == "authentication_error":
        return ["/v1/models refuses the credential in Anthropic's words"]
    return []


def _openai(seen: _Seen) -> list[str]:
    rows = seen.rows(_LIST, "data")
    if any(row.get("object") == "model" and text_in(row, "id") for row in rows):
        return ["/v1/models answers with a list of OpenAI's"]
    if not rows and seen.has_list(_LIST, "data") and inside(seen.json(_LIST), "object") == "list":
        return ["/v1/models answers with an empty list of OpenAI's"]
    return []


def _file(seen: _Seen) -> list[str]:
    answer = seen.answer(_ITSELF)
    try:
        page = read_page(answer.body) if answer is not None and has_succeeded(answer) else None
    except UnreadableError:
        return []
    return ["the URL holds a list of models"] if page is not None and page.rows else []


#: How each kind shows, those with the most particular signs first: gateways answer in the ways of several.
_SIGNS: Final[Sequence[tuple[SourceKind, Callable[[_Seen], list[str]]]]] = (
    (SourceKind.CALLSHEET, _callsheet),
    (SourceKind.LITELLM, _litellm),
    (SourceKind.LLAMACPP, _llamacpp),
    (SourceKind.VLLM, lambda seen: [_owned(seen, "vllm", "max_model_len")]),
    (SourceKind.SGLANG, lambda seen: [_owned(seen, "sglang", "max_model_len")]),
    (SourceKind.OLLAMA, _ollama),
    (SourceKind.LMSTUDIO, _lmstudio),
    (SourceKind.OPENROUTER, _openrouter),
    (SourceKind.GEMINI, _gemini),
    (SourceKind.MODELS_DEV, _models_dev),
    (SourceKind.LITELLM_PRICES, _litellm_prices),
    (SourceKind.ANTHROPIC, _anthropic),
    (SourceKind.OPENAI, _openai),
    (SourceKind.FILE, _file),
)

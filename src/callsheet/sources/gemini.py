"""Google's Gemini API: ``GET /v1beta/models``, in pages. No dates: enrich it from models.dev.

``baseModelId``, ``version`` and the ranges of sampling parameters have no field in Callsheet.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from callsheet.sources.flags import capabilities_of
from callsheet.sources.google_pages import next_page, rows_of
from callsheet.sources.upstream import Answer, Dropped, Listed, Options, Request
from callsheet.sources.values import collect, text_in, texts_in

NO_GENERATION: Final = "it does not generate content"

_PATH: Final = "/v1beta/models?pageSize=1000"  # as many as it gives
_PREFIX: Final = "models/"


def requests(_options: Options, answers: Sequence[Answer]) -> Sequence[Request]:
    """Return the request for the page that follows; SourceError if the pages do not end."""
    return next_page(_PATH, answers)


def rows(answers: Sequence[Answer]) -> Sequence[object]:
    """Return the rows of all pages; SourceError if there are none."""
    return rows_of(answers, "models")


def listed(row: Mapping[str, Any], _options: Options) -> Listed | Dropped:
    """Return a model that generates content, without ``models/`` before its id."""
    model_id = text_in(row, "name").removeprefix(_PREFIX)
    methods = texts_in(row.get("supportedGenerationMethods"))
    if "generateContent" not in methods:
        return Dropped(model_id, NO_GENERATION)
    flags = {"batch": "batchGenerateContent" in methods, "thinking": row.get("thinking")}
    fields, notes = collect(
        {
            "display_name": row.get("displayName"),
            "description": row.get("description"),
            "max_input_tokens": row.get("inputTokenLimit"),
            "max_tokens": row.get("outputTokenLimit"),
        }
    )
    fields |= capabilities_of(flags)
    return Listed(model_id, fields, notes=notes)


def authorization(secret: str) -> Mapping[str, str]:
    """Return the API key in the header that Google wants it in, not in the URL, which is logged."""
    return {"x-goog-api-key": secret}

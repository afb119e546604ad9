"""OpenAI's list: ``GET /v1/models``, in one answer. Ids and dates, no limits and no names.

Fine-tuned models (``ft:…``) are rows like others; ``--deny 'ft:*'`` leaves them out (`sources.choosing`).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from callsheet.sources.answers import need_json, need_list
from callsheet.sources.lifecycle import announced
from callsheet.sources.upstream import Answer, Dropped, Listed, Options, Request
from callsheet.sources.values import collect, text_in

PATH: Final = "/v1/models"

#: Why ``created`` of a model is left out; see `may_be_release`.
NOT_RELEASE: Final = "created is not read of Claude models, whose days of release are known otherwise"


def requests(_options: Options, answers: Sequence[Answer]) -> Sequence[Request]:
    """Return the one request, until it is answered."""
    return () if answers else (Request("GET", PATH),)


def rows(answers: Sequence[Answer]) -> Sequence[object]:
    """Return the rows of the list; SourceError if there is none."""
    return need_list(need_json(answers, PATH), "data", PATH)


def listed(row: Mapping[str, Any], _options: Options) -> Listed | Dropped:
    """Return the time of release of a model, and its retirement if it has a ``shutdown_date``.

    A date that is null says nothing: it may be that none is set, or that this server knows of none.
    """
    model_id = text_in(row, "id")
    is_read = may_be_release(model_id)
    created = {"created_at": row.get("created")} if is_read else {}
    fields, notes = collect({**created, **announced(row.get("shutdown_date"))})
    if not is_read and row.get("created") is not None:
        notes = (*notes, NOT_RELEASE)
    return Listed(model_id, fields, notes=notes)


def may_be_release(model_id: str) -> bool:
    """Return whether ``created`` of a row of OpenAI's shape may be the release of the model.

    OpenAI has no Claude models, and a server that resells them often sends the time of its start, which would hide
    the true day.
    """
    return "claude" not in model_id.lower()


def authorization(secret: str) -> Mapping[str, str]:
    """Return the secret as a bearer token."""
    return {"authorization": f"Bearer {secret}"}

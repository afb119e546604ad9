"""models.dev's file, ``/api.json``: facts of models that others list, by provider. There is no date of retirement.

Prices, ``knowledge`` and ``family`` have no field in Callsheet.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from callsheet.domain.errors import SourceError
from callsheet.sources.flags import capabilities_of
from callsheet.sources.following import need_answers, object_of
from callsheet.sources.lifecycle import announced
from callsheet.sources.upstream import Answer, Dropped, Listed, Options, Request
from callsheet.sources.values import collect, inside, text_in

OTHER_PROVIDER: Final = "it is another provider's"
NO_TEXT: Final = "it does not generate text"

_PATH: Final = "/api.json"
_PROVIDER: Final = "its provider"  # not a name that the file uses: it has a blank
_KEY: Final = "its key"
_MONTH: Final = re.compile(r"\d{4}(-\d\d)?", re.ASCII)
_MAX_NAMED_PROVIDERS: Final = 5


def requests(options: Options, answers: Sequence[Answer]) -> Sequence[Request]:
    """Return the one request, until it is answered.

    Raises
    ------
    SourceError
        ``options.provider`` is empty, or the file has no such provider.
    """
    if not options.provider:
        raise SourceError(
            "Name the provider on models.dev whose models count, for example --provider anthropic: the same model "
            "has other limits with another provider."
        )
    if not answers:
        return (Request("GET", _PATH),)
    providers = _providers(answers)
    if options.provider not in providers:
        near = sorted(name for name in providers if name.startswith(options.provider[:2]))[:_MAX_NAMED_PROVIDERS]
        such = f" (it has {', '.join(near)})" if near else ""
        raise SourceError(f"models.dev has no provider {options.provider[:60]!r}{such}; see its list of providers.")
    return ()


def rows(answers: Sequence[Answer]) -> Sequence[object]:
    """Return the models of all providers, each with the name of its provider; SourceError if there are none."""
    return [
        {**model, _PROVIDER: name, _KEY: key} if isinstance(model, Mapping) else model
        for name, provider in _providers(answers).items()
        for key, model in provider["models"].items()
    ]


def _providers(answers: Sequence[Answer]) -> dict[str, Any]:
    found = object_of(need_answers(answers)[0])
    providers = {name: each for name, each in found.items() if isinstance(inside(each, "models"), Mapping)}
    if not providers:
        raise SourceError("The answer is not models.dev's file: no provider in it has models; check the URL.")
    return providers


def listed(row: Mapping[str, Any], options: Options) -> Listed | Dropped:
    """Return what the provider's own entry says of a model that generates text.

    Of a date of release without a day, the first day of the month, or year, counts. Zero is an unknown limit.
    """
    model_id = text_in(row, _KEY)
    if row.get(_PROVIDER) != options.provider:
        return Dropped(model_id, OTHER_PROVIDER)
    outputs = inside(row, "modalities", "output")
    if isinstance(outputs, list) and outputs and "text" not in outputs:
        return Dropped(model_id, NO_TEXT)
    released = text_in(row, "release_date")
    fields, notes = collect(
        {
            "display_name": row.get("name"),
            "created_at": released or None,
            "max_input_tokens": inside(row, "limit", "input") or inside(row, "limit", "context") or None,
            "max_tokens": inside(row, "limit", "output") or None,
            **announced(None, is_deprecated=row.get("status") == "deprecated"),
        }
    )
    rough = (f"created_at is not known to the day, only {released}",) if _MONTH.fullmatch(released) else ()
    fields |= capabilities_of(_flags(row))
    return Listed(model_id, fields, notes=(*notes, *rough))


def _flags(row: Mapping[str, Any]) -> dict[str, object]:
    inputs = inside(row, "modalities", "input")
    flags = {"structured_outputs": row.get("structured_output"), "thinking": row.get("reasoning")}
    if isinstance(inputs, list):
        flags |= {"image_input": "image" in inputs, "pdf_input": "pdf" in inputs}
    return flags


def authorization(secret: str) -> Mapping[str, str]:
    """Return the secret as a bearer token, for a copy of the file that needs one."""
    return {"authorization": f"Bearer {secret}"}

"""LiteLLM's file of prices and limits, ``model_prices_and_context_window.json``: facts of models that others list.

Prices have no field in Callsheet. Aliases are entries like others. There is no date of release.
``deprecation_date`` is the last day of service, and of Google's models the earliest that it can be. ``max_tokens``
repeats another limit, so it is not read.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from callsheet.domain.errors import SourceError
from callsheet.domain.model import RetirementPrecision
from callsheet.sources.flags import capabilities_of
from callsheet.sources.following import need_answers, object_of
from callsheet.sources.lifecycle import announced
from callsheet.sources.litellm_entry import flags_of, reason_to_drop
from callsheet.sources.upstream import Answer, Dropped, Listed, Options, Request
from callsheet.sources.values import collect, text_in

OTHER_PROVIDER: Final = "it is another provider's"

_NAME: Final = "its name"  # not a name that the file uses: it has a blank
_GOOGLE: Final = ("gemini", "vertex_ai", "google")
#: Providers of which LiteLLM has several names for the same ids.
_FAMILIES: Final[Mapping[str, frozenset[str]]] = {"bedrock": frozenset({"bedrock", "bedrock_converse"})}


def requests(options: Options, answers: Sequence[Answer]) -> Sequence[Request]:
    """Return the request for the configured URL, until it is answered.

    Raises
    ------
    SourceError
        ``options.provider`` is empty, or the file has no entry of it.
    """
    if not options.provider:
        raise SourceError(
            "Name the provider in LiteLLM's file whose entries count, for example --provider anthropic: the same "
            "model has other limits and dates with another provider."
        )
    if not answers:
        return (Request("GET", ""),)
    found = {text_in(row, "litellm_provider") for row in rows(answers) if isinstance(row, Mapping)}
    if not any(_is_of(options.provider, name) for name in found):
        raise SourceError(f"LiteLLM's file has no provider {options.provider[:60]!r}; see litellm_provider there.")
    return ()


def rows(answers: Sequence[Answer]) -> Sequence[object]:
    """Return the entries, each with its name; SourceError if there are none."""
    entries = object_of(need_answers(answers)[0])
    if not any(isinstance(entry, Mapping) and "litellm_provider" in entry for entry in entries.values()):
        raise SourceError(
            "The answer is not LiteLLM's file of prices: no entry has a litellm_provider; check the URL."
        )
    return [{**entry, _NAME: name} if isinstance(entry, Mapping) else entry for name, entry in entries.items()]


def listed(row: Mapping[str, Any], options: Options) -> Listed | Dropped:
    """Return what an entry of the provider says of a model that generates text, by the provider's own id."""
    name = text_in(row, _NAME)
    reason = reason_to_drop(name, (row,))
    if reason is not None:
        return Dropped(name, reason)
    if not _is_of(options.provider, text_in(row, "litellm_provider")):
        return Dropped(name, OTHER_PROVIDER)
    fields, notes = collect(
        {
            "max_input_tokens": row.get("max_input_tokens") or None,
            "max_tokens": row.get("max_output_tokens") or None,
            **announced(row.get("deprecation_date"), precision=_precision(options.provider)),
        }
    )
    fields |= capabilities_of(flags_of(row))
    return Listed(_own_id(name, options.provider), fields, notes=notes)


def _precision(provider: str) -> RetirementPrecision:
    """What the provider's dates mean: Google says before which day it retires no model."""
    is_google = provider.startswith(_GOOGLE)
    return RetirementPrecision.EARLIEST if is_google else RetirementPrecision.EXACT


def _is_of(provider: str, name: str) -> bool:
    """Whether LiteLLM's provider ``name`` is ``provider`` or one of its families, such as ``vertex_ai-…``."""
    return name in _FAMILIES.get(provider, ()) or name == provider or name.startswith(f"{provider}-")


def _own_id(name: str, provider: str) -> str:
    """``name`` without the route that LiteLLM puts before it, such as ``gemini/``."""
    route, slash, rest = name.partition("/")
    is_route = slash and (route == provider or provider.startswith(f"{route}-"))
    return rest if is_route and rest else name


def authorization(secret: str) -> Mapping[str, str]:
    """Return the secret as a bearer token, for a copy of the file that needs one."""
    return {"authorization": f"Bearer {secret}"}

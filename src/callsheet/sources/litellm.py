"""LiteLLM's proxy: the names of ``/v1/models``, with what ``/model/info`` says of the deployments behind each.

``litellm_params`` of a deployment, where secrets are, is dropped before anything of it is read. ``created`` is the
same constant on every row, so no date is known. ``/v2/model/info`` has pages, but needs a proxy with a database.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from callsheet.sources.answers import find, need_json, need_list
from callsheet.sources.flags import capabilities_of
from callsheet.sources.litellm_entry import flags_of, reason_to_drop
from callsheet.sources.upstream import Answer, Dropped, Listed, Options, Request
from callsheet.sources.values import collect, inside, shown, text_in
from callsheet.wire.field_values import read_tokens

_LIST: Final = "/v1/models"
_INFO: Final = "/model/info"
_REFUSED: Final = frozenset({401, 403, 404})
_DEPLOYMENTS: Final = "its deployments"  # not a name that LiteLLM uses: it has a blank
_UNKNOWN: Final = f"what its deployments can do is unknown, because the key may not ask {_INFO}"


def requests(_options: Options, answers: Sequence[Answer]) -> Sequence[Request]:
    """Return both requests, until they are answered."""
    return () if answers else (Request("GET", _LIST), Request("GET", _INFO))


def rows(answers: Sequence[Answer]) -> Sequence[object]:
    """Return the rows of the list, each with the ``model_info`` of the deployments behind its name.

    A key that may not ask ``/model/info`` lists the models without.

    Raises
    ------
    SourceError
        The list is not one, or ``/model/info`` was answered with something else than deployments or a refusal.
    """
    found = need_list(need_json(answers, _LIST), "data", _LIST)
    behind = _deployments(answers)
    return [_joined(row, behind) if isinstance(row, Mapping) else row for row in found]


def _joined(row: Mapping[str, Any], behind: Mapping[str, Sequence[object]] | None) -> Mapping[str, Any]:
    return {**row, _DEPLOYMENTS: None if behind is None else behind.get(text_in(row, "id"), ())}


def _deployments(answers: Sequence[Answer]) -> dict[str, list[object]] | None:
    """What is known of the deployments behind each name; None if that was refused, or not asked."""
    answer = find(answers, _INFO)
    if answer is None or answer.status in _REFUSED:
        return None
    behind: dict[str, list[object]] = {}
    for row in need_list(need_json(answers, _INFO), "data", _INFO):
        info = inside(row, "model_info")
        if isinstance(info, Mapping):
            for name in {text_in(row, "model_name"), text_in(info, "team_public_model_name")}:
                behind.setdefault(name, []).append(info)
    return behind


def listed(row: Mapping[str, Any], _options: Options) -> Listed | Dropped:
    """Return a model that generates text, with the limits that every deployment behind its name keeps."""
    model_id = text_in(row, "id")
    deployments = row.get(_DEPLOYMENTS)
    behind = [each for each in deployments or () if isinstance(each, Mapping)]
    reason = reason_to_drop(model_id, (row, *behind))
    if reason is not None:
        return Dropped(model_id, reason)
    fields, notes = collect(
        {
            "display_name": next(filter(None, (text_in(each, "display_name") for each in behind)), None),
            "max_input_tokens": _limit("max_input_tokens", row, behind),
            "max_tokens": _limit("max_output_tokens", row, behind),
        }
    )
    more = _differences(behind) if deployments is not None else (_UNKNOWN,)
    fields |= capabilities_of(_common_flags(behind))
    return Listed(model_id, fields, notes=(*notes, *more))


def _limit(name: str, row: Mapping[str, Any], behind: Sequence[Mapping[str, Any]]) -> object:
    """The smallest limit of the deployments; the one in the list, which may be the largest, if none is known."""
    return min(_limits(name, behind), default=row.get(name))


def _limits(name: str, behind: Sequence[Mapping[str, Any]]) -> set[int]:
    return {read for read in (read_tokens(each.get(name)) for each in behind) if read is not None}


def _differences(behind: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    names = ("max_input_tokens", "max_output_tokens")
    differing = [(name, sorted(_limits(name, behind))) for name in names]
    return tuple(
        f"{name} of its deployments differs, from {shown(limits[0])} to {shown(limits[-1])}: the smallest counts"
        for name, limits in differing
        if len(limits) > 1
    )


def _common_flags(behind: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    """What all deployments can do, or at least one cannot; nothing where the others are silent."""
    stated = [flags_of(each) for each in behind]
    names = {name for flags in stated for name in flags}
    common = {name: _common([flags.get(name) for flags in stated]) for name in sorted(names)}
    return {name: flag for name, flag in common.items() if flag is not None}


def _common(flags: Sequence[object]) -> bool | None:
    if False in flags:
        return False
    return None if None in flags else True


def authorization(secret: str) -> Mapping[str, str]:
    """Return the secret as a bearer token."""
    return {"authorization": f"Bearer {secret}"}

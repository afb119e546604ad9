"""Amazon Bedrock, one region: foundation models, and the inference profiles through which many can only be called.

Requests are signed (`aws_signature`), or carry a Bedrock API key. The lists say what the region has, not what the
account may invoke. There are no limits. Profiles of type ``APPLICATION``, which people make to count costs, are not
asked for.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from callsheet.domain.errors import SourceError
from callsheet.domain.model import Lifecycle
from callsheet.sources.answers import find, need_json, need_list, path_of
from callsheet.sources.aws_credentials import AWSKeys, read_secret
from callsheet.sources.aws_signature import sign_get
from callsheet.sources.flags import capabilities_of
from callsheet.sources.following import first_or_next, need_answers, object_of
from callsheet.sources.lifecycle import announced
from callsheet.sources.upstream import Answer, Dropped, Listed, Options, Request
from callsheet.sources.values import collect, inside, text_in, texts_in

NO_TEXT: Final = "it does not generate text"
NOT_ON_DEMAND: Final = "it cannot be called by this id, only through an inference profile or provisioned throughput"
NOT_ACTIVE: Final = "it is an inference profile that is not active"

_MODELS: Final = "/foundation-models"
_PROFILES: Final = "/inference-profiles"
_FIRST_PROFILES: Final = f"{_PROFILES}?type=SYSTEM_DEFINED&maxResults=1000"
_REGION: Final = re.compile(r"(?:^|\.)bedrock(?:-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d+)\.", re.ASCII)


def requests(_options: Options, answers: Sequence[Answer]) -> Sequence[Request]:
    """Return the request for the models, and the one for the next page of profiles, as far as not answered."""
    pages = _profile_pages(answers)
    models = () if find(answers, _MODELS) else (Request("GET", _MODELS),)
    return (*models, *first_or_next(_FIRST_PROFILES, "nextToken", pages, "nextToken"))


def _profile_pages(answers: Sequence[Answer]) -> list[Answer]:
    return [answer for answer in answers if path_of(answer) == _PROFILES]


def rows(answers: Sequence[Answer]) -> Sequence[object]:
    """Return models and profiles, each with the models behind it, joined by the end of their ARNs.

    A profile names its models in several regions, of which only one is asked: regions and accounts do not count.

    Raises
    ------
    SourceError
        One of the lists is missing or has another shape.
    """
    models = need_list(need_json(answers, _MODELS), "modelSummaries", _MODELS)
    pages = _profile_pages(answers)
    profiles = [
        row
        for page in need_answers(pages)
        for row in need_list(object_of(page), "inferenceProfileSummaries", _PROFILES)
    ]
    by_id = {text_in(model, "modelId"): model for model in models if isinstance(model, Mapping)}
    behind = [{"model": model} if isinstance(model, Mapping) else model for model in models]
    return [*behind, *(_joined(profile, by_id) for profile in profiles)]


def _joined(profile: object, by_id: Mapping[str, Any]) -> object:
    if not isinstance(profile, Mapping):
        return profile
    arns = [text_in(each, "modelArn") for each in _objects(profile.get("models"))]
    found = (by_id.get(arn.rpartition("/")[2]) for arn in arns)
    return {"profile": profile, "model": next((model for model in found if model is not None), None)}


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def listed(row: Mapping[str, Any], _options: Options) -> Listed | Dropped:
    """Return a model that generates text, by an id with which it can be called on demand."""
    profile, model = row.get("profile"), row.get("model")
    if isinstance(profile, Mapping):
        return _from_profile(profile, model if isinstance(model, Mapping) else {})
    return _from_model(model if isinstance(model, Mapping) else {})


def _from_model(model: Mapping[str, Any]) -> Listed | Dropped:
    model_id = text_in(model, "modelId")
    types = texts_in(model.get("inferenceTypesSupported"))
    if types and "ON_DEMAND" not in types:
        return Dropped(model_id, NOT_ON_DEMAND)
    return _translated(model_id, {"display_name": model.get("modelName")}, model)


def _from_profile(profile: Mapping[str, Any], model: Mapping[str, Any]) -> Listed | Dropped:
    profile_id = text_in(profile, "inferenceProfileId")
    if profile.get("status") != "ACTIVE":
        return Dropped(profile_id, NOT_ACTIVE)
    named = {"display_name": profile.get("inferenceProfileName"), "description": profile.get("description")}
    return _translated(profile_id, named, model)


def _translated(model_id: str, named: Mapping[str, object], model: Mapping[str, Any]) -> Listed | Dropped:
    outputs, inputs = texts_in(model.get("outputModalities")), texts_in(model.get("inputModalities"))
    if outputs and "TEXT" not in outputs:
        return Dropped(model_id, NO_TEXT)
    fields, notes = collect(
        {
            **named,
            "created_at": inside(model, "modelLifecycle", "startOfLifeTime"),
            **_stage(model),
        }
    )
    fields |= capabilities_of({"image_input": "IMAGE" in inputs} if inputs else {})
    return Listed(model_id, fields, notes=(*notes, *_left_out(model)))


def _stage(model: Mapping[str, Any]) -> Mapping[str, object]:
    status = inside(model, "modelLifecycle", "status")
    if status == "ACTIVE":
        return {"lifecycle": Lifecycle.ACTIVE.value}
    return announced(
        inside(model, "modelLifecycle", "endOfLifeTime"),
        deprecated_at=inside(model, "modelLifecycle", "legacyTime"),
        is_deprecated=status == "LEGACY",
    )


def _left_out(model: Mapping[str, Any]) -> tuple[str, ...]:
    stated = inside(model, "modelLifecycle", "endOfLifeTime")
    if inside(model, "modelLifecycle", "status") == "ACTIVE" and isinstance(stated, str):
        return (
            f"retires_at is left out, because the model is active until Bedrock says otherwise: {stated[:40]!r}",
        )
    return ()


def authorization(secret: str) -> Mapping[str, str]:
    """Return a Bedrock API key as a bearer token; SourceError for access keys, with which requests are signed."""
    if isinstance(read_secret(secret), AWSKeys):
        raise SourceError("The secret holds AWS access keys, with which requests to Bedrock have to be signed.")
    return {"authorization": f"Bearer {secret.strip()}"}


def sign(url: str, secret: str, options: Options, now: datetime) -> Mapping[str, str]:
    """Return the headers with which a GET of ``url`` is accepted: a signature, or a Bedrock API key.

    Parameters
    ----------
    url
        The whole URL that is asked.
    secret
        A Bedrock API key; or access keys, as `aws_credentials.read_secret` reads them.
    now
        The time (aware): a signature is accepted for some minutes.

    Raises
    ------
    SourceError
        Access keys have expired, or the region is neither in ``options`` nor in the name of the host.
    """
    keys = read_secret(secret)
    if not isinstance(keys, AWSKeys):
        return authorization(secret)
    if keys.expires_at is not None and keys.expires_at <= now:
        raise SourceError("The AWS access keys have expired; write new ones to where the secret is read from.")
    return sign_get(url, keys, _region(url, options), "bedrock", now)


def _region(url: str, options: Options) -> str:
    found = _REGION.search(urlsplit(url).hostname or "")
    region = options.region or (found[1] if found else "")
    if not region:
        raise SourceError("Name the region of Bedrock, for example --region us-east-1; the URL does not tell it.")
    return region

"""Read lists of upstreams with their vendors' own clients, and report what the clients made of them.

`drive_upstreams.py anthropic|bedrock|gemini|ollama|openai|openrouter|signatures|vertex` reads a job (JSON) on stdin
and prints a report (JSON) on stdout. It runs in an environment that holds nothing but the clients.
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from unittest import mock


def anthropic(job: dict[str, Any]) -> dict[str, Any]:
    """What Anthropic's client reads, of every lifecycle, all pages."""
    import anthropic  # type: ignore[import-not-found]

    client = anthropic.Anthropic(base_url=job["url"], api_key=job["api_key"], _strict_response_validation=True)
    models = client.models.list(limit=1000, lifecycle=["active", "deprecated", "retired"])
    return {"version": anthropic.__version__, "models": [model.to_dict(mode="json") for model in models]}


def openai(job: dict[str, Any]) -> dict[str, Any]:
    """What OpenAI's client reads."""
    import openai  # type: ignore[import-not-found]

    client = openai.OpenAI(base_url=f"{job['url']}/v1", api_key=job["api_key"], _strict_response_validation=True)
    return {"version": openai.__version__, "models": [model.to_dict(mode="json") for model in client.models.list()]}


def ollama(job: dict[str, Any]) -> dict[str, Any]:
    """What Ollama's client reads of both lists, and of the settings of some models."""
    from importlib.metadata import version

    import ollama  # type: ignore[import-not-found]

    client = ollama.Client(host=job["url"])
    return {
        "version": version("ollama"),
        "tags": client.list().model_dump(mode="json")["models"],
        "running": client.ps().model_dump(mode="json")["models"],
        "show": {name: client.show(name).model_dump(mode="json") for name in job["names"]},
    }


def bedrock(job: dict[str, Any]) -> dict[str, Any]:
    """What boto3 reads, with access keys and all pages."""
    import boto3  # type: ignore[import-not-found]
    import botocore  # type: ignore[import-not-found]

    client = boto3.client("bedrock", endpoint_url=job["url"], region_name=job["region"], **job["keys"])
    profiles = client.get_paginator("list_inference_profiles").paginate(
        typeEquals="SYSTEM_DEFINED", PaginationConfig={"PageSize": 1000}
    )
    return {
        "version": botocore.__version__,
        "models": client.list_foundation_models()["modelSummaries"],
        "profiles": [row for page in profiles for row in page["inferenceProfileSummaries"]],
    }


def gemini(job: dict[str, Any]) -> dict[str, Any]:
    """What google-genai reads, all pages."""
    from google import genai

    client = genai.Client(api_key=job["api_key"], http_options={"base_url": job["url"], "api_version": "v1beta"})
    models = client.models.list(config={"page_size": 1000})
    return {"version": genai.__version__, "models": [model.model_dump(exclude_none=True) for model in models]}


def vertex(job: dict[str, Any]) -> dict[str, Any]:
    """What google-genai reads from Vertex AI: the publisher google, which is the only one that it lists."""
    from google import genai
    from google.oauth2.credentials import Credentials

    client = genai.Client(
        vertexai=True,
        project="example",
        location="europe-west1",
        credentials=Credentials(job["token"]),
        http_options={"base_url": job["url"]},
    )
    models = client.models.list(config={"page_size": 100})
    return {"version": genai.__version__, "models": [model.model_dump(exclude_none=True) for model in models]}


def openrouter(job: dict[str, Any]) -> dict[str, Any]:
    """What OpenRouter's client reads of each page."""
    from openrouter import OpenRouter  # type: ignore[import-not-found]
    from openrouter._version import __version__  # type: ignore[import-not-found]

    with OpenRouter(api_key=job["api_key"], server_url=f"{job['url']}/v1") as client:
        key = {"bearer": job["api_key"]}
        pages = [
            client.models.list_for_user(security=key, offset=offset, limit=1000).result
            if job["of_account"]
            else client.models.list(offset=offset, limit=1000).result
            for offset in job["offsets"]
        ]
        return {"version": __version__, "pages": [page.model_dump(by_alias=True) for page in pages]}


def signatures(job: dict[str, Any]) -> list[dict[str, str]]:
    """The headers with which botocore signs a GET of each URL, at a given time."""
    import botocore.auth  # type: ignore[import-not-found]
    from botocore.awsrequest import AWSRequest  # type: ignore[import-not-found]
    from botocore.credentials import Credentials  # type: ignore[import-not-found]

    signed = []
    for each in job["requests"]:
        request = AWSRequest("GET", each["url"])
        keys = Credentials(each["id"], each["secret"], each["token"] or None)
        now = datetime.fromtimestamp(each["at"], UTC)
        with mock.patch.object(
            botocore.auth, "get_current_datetime", lambda *_, now=now, **__: now.replace(tzinfo=None)
        ):
            botocore.auth.SigV4Auth(keys, "bedrock", each["region"]).add_auth(request)
        signed.append({name.lower(): value for name, value in request.headers.items()})
    return signed


MODES: Final[dict[str, Callable[[dict[str, Any]], Any]]] = {
    each.__name__: each for each in (anthropic, bedrock, gemini, ollama, openai, openrouter, signatures, vertex)
}

if __name__ == "__main__":
    print(json.dumps(MODES[sys.argv[1]](json.load(sys.stdin)), default=str))

"""Bugs that servers have had, one function each; what is in brackets had it (or reported it)."""

import asyncio
import itertools
import random
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from tests.broken.asking import Answered, Ask, Asked, Bug, refused, text_response

# --- pages


async def endless_pager(asked: Asked, ask: Ask) -> Answered:
    """Honour the limit and ignore cursors: every page is the first one (raine/claude-code-proxy)."""
    return await ask(asked.without("after_id", "before_id"))


async def looping_cursor(asked: Asked, ask: Ask) -> Answered:
    """Walk in circles: after the oldest model comes the newest again."""
    answered = await ask(asked)
    if answered.is_page and asked.value("after_id") and not answered.json["data"]:
        answered = await ask(asked.without("after_id"))
    return answered.changed(has_more=True) if answered.is_page else answered


async def null_cursors(asked: Asked, ask: Ask) -> Answered:
    """More follows, and both cursors are null (Databricks)."""
    answered = await ask(asked)
    return answered.changed(first_id=None, last_id=None) if answered.is_page else answered


async def has_more_always(asked: Asked, ask: Ask) -> Answered:
    """Claim that more follows, on the last page and on an empty one too."""
    answered = await ask(asked)
    return answered.changed(has_more=True) if answered.is_page else answered


async def has_more_never(asked: Asked, ask: Ask) -> Answered:
    """Cut the list at the limit and claim that it is whole (new-api, Envoy AI Gateway)."""
    answered = await ask(asked)
    return answered.changed(has_more=False) if answered.is_page else answered


async def ignored_limit(asked: Asked, ask: Ask) -> Answered:
    """Answer every list with all models (LiteLLM)."""
    asked = asked.without("limit", "after_id", "before_id")
    return await ask(asked if asked.is_openai or not asked.is_list else asked.having(limit=1000))


async def cursor_included(asked: Asked, ask: Ask) -> Answered:
    """Begin a page with the model that the cursor names."""
    answered = await ask(asked)
    cursor = asked.value("after_id")
    if cursor is None or not answered.is_page:
        return answered
    first = await ask(replace(asked, path=f"/v1/models/{cursor}").without("after_id", "limit"))
    return answered.changed(data=[first.json, *answered.json["data"]][: int(asked.value("limit") or 20)])


async def before_id_from_the_top(asked: Asked, ask: Ask) -> Answered:
    """Answer `before_id` with the newest models instead of those next to the cursor."""
    cursor = asked.value("before_id")
    if cursor is None or asked.value("limit") in (None, "0", "1001") or asked.value("after_id") is not None:
        return await ask(asked)
    whole = await ask(asked.having(limit=1000))
    if not whole.is_page:
        return whole
    models = whole.json["data"]
    data = models[: int(asked.value("limit") or 20)]
    cursors = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {}
    return whole.changed(data=data, has_more=len(data) < len(models), **cursors)


async def both_cursors_refused(asked: Asked, ask: Ask) -> Answered:
    """Refuse `after_id` beside `before_id` (EPAM DIAL); Ruby, C# and older Java send both while they walk."""
    if asked.value("after_id") and asked.value("before_id"):
        return refused(400, "invalid_request_error", "Give one cursor.")
    return await ask(asked)


async def cursors_missing_when_empty(asked: Asked, ask: Ask) -> Answered:
    """Leave both cursors out of an empty page (Envoy AI Gateway)."""
    answered = await ask(asked)
    if not answered.is_page or answered.json["data"]:
        return answered
    return answered.saying({"data": [], "has_more": answered.json["has_more"]})


async def fails_after_the_oldest(asked: Asked, ask: Ask) -> Answered:
    """Fail where nothing follows (new-api); older Java asks there at the end of every walk."""
    answered = await ask(asked)
    if answered.is_page and asked.value("after_id") and not answered.json["data"]:
        return refused(500, "api_error", "index out of range [0] with length 0")
    return answered


async def any_limit(asked: Asked, ask: Ask) -> Answered:
    """Take any limit for one that is valid."""
    limit = asked.value("limit")
    if limit is not None and not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= 1000):
        asked = asked.without("limit")
    return await ask(asked)


async def any_cursor(asked: Asked, ask: Ask) -> Answered:
    """Answer an unknown cursor with the first page."""
    answered = await ask(asked)
    if answered.status == 400 and b"cursor" in answered.body:
        return await ask(asked.without("after_id", "before_id"))
    return answered


# --- models

_turns = itertools.count()


async def map_order(asked: Asked, ask: Ask) -> Answered:
    """List in the order of a hash map, another one each time (new-api)."""
    answered = await ask(asked)
    if asked.is_list and answered.status == 200:
        data = answered.json["data"]
        last = data[-1:]
        random.Random(next(_turns)).shuffle(data)
        if data[-1:] == last:  # as it should be
            data = [*data[1:], *data[:1]]
        cursors = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if answered.is_page and data else {}
        return answered.changed(data=data, **cursors)
    return answered


async def oldest_first(asked: Asked, ask: Ask) -> Answered:
    """List all models, the oldest first, whatever was asked."""
    answered = await ignored_limit(asked, ask)
    if not answered.is_page:
        return answered
    data = answered.json["data"][::-1]
    return answered.changed(data=data, first_id=data[0]["id"], last_id=data[-1]["id"])


async def constant_created_at(asked: Asked, ask: Ask) -> Answered:
    """Date every model alike (one-api, new-api)."""
    return (await ask(asked)).each_model(
        lambda model: (
            {**model, "created_at": "2021-07-18T20:00:00Z"}
            if "created_at" in model
            else {**model, "created": 1626638400}
            if "created" in model
            else model
        )
    )


async def created_at_as_a_number(asked: Asked, ask: Ask) -> Answered:
    """Write `created_at` in Unix seconds, which typed clients take for no time."""
    return (await ask(asked)).each_model(
        lambda model: {**model, "created_at": 1790000000} if "created_at" in model else model
    )


async def no_display_name(asked: Asked, ask: Ask) -> Answered:
    """Leave `display_name` out."""
    return (await ask(asked)).each_model(
        lambda model: {name: value for name, value in model.items() if name != "display_name"}
    )


async def listed_twice(asked: Asked, ask: Ask) -> Answered:
    """List the newest model twice on a page (OmniRoute)."""
    answered = await ask(asked)
    if not asked.is_list or answered.status != 200 or not answered.json["data"]:
        return answered
    data = answered.json["data"]
    return answered.changed(data=[data[0], *data]) if len(data) > 2 else answered


async def retired_are_listed(asked: Asked, ask: Ask) -> Answered:
    """List retired models unless they are filtered out."""
    if asked.is_list and not asked.is_openai and asked.value("lifecycle[]") is None:
        asked = asked.having(**{"lifecycle[]": "active,deprecated,retired"})
    return await ask(asked)


# --- retrieving


async def missing_is_200(asked: Asked, ask: Ask) -> Answered:
    """Report a model that does not exist as a success (one-api, new-api)."""
    answered = await ask(asked)
    return replace(answered, status=200) if answered.status == 404 and asked.is_model else answered


async def list_for_retrieve(asked: Asked, ask: Ask) -> Answered:
    """Match the path by its beginning, so that every model is the list (agentgateway)."""
    return await ask(replace(asked, path="/v1/models") if asked.is_model else asked)


async def no_slashes(asked: Asked, ask: Ask) -> Answered:
    """Route one segment only, so that ids with a slash are not found (Ollama, LiteLLM, new-api)."""
    name = asked.path.removeprefix("/v1/models/")
    if asked.is_model and ("/" in name or "%2f" in name.lower()):
        return refused(404, "not_found_error", "Not found")
    return await ask(asked)


async def no_retrieve(asked: Asked, ask: Ask) -> Answered:
    """Have a list and nothing below it (vLLM, Bifrost)."""
    return refused(404, "not_found_error", "Not found") if asked.is_model else await ask(asked)


async def alias_keeps_its_name(asked: Asked, ask: Ask) -> Answered:
    """Answer an alias with the alias as the id."""
    answered = await ask(asked)
    if not asked.is_model or answered.status != 200:
        return answered
    return answered.changed(id=unquote(asked.path.removeprefix("/v1/models/")))


# --- paths and redirects


async def redirect_of_the_slash(asked: Asked, ask: Ask) -> Answered:
    """Redirect a trailing slash away, as web frameworks do by themselves."""
    if asked.path.endswith("/"):
        return Answered(307, {"location": asked.path.rstrip("/")})
    return await ask(asked)


async def redirect_to_the_slash(asked: Asked, ask: Ask) -> Answered:
    """Redirect the list to the path with a slash, so that Claude Code gets nothing."""
    if asked.is_list and not asked.path.endswith("/"):
        return Answered(307, {"location": f"{asked.path}/"})
    return await ask(asked)


# --- credentials, versions, dialects


async def only_bearer(asked: Asked, ask: Ask) -> Answered:
    """Look at `Authorization` only (vLLM)."""
    return await ask(asked.headed(x_api_key=None))


async def only_x_api_key(asked: Asked, ask: Ask) -> Answered:
    """Look at `x-api-key` only, whatever the version."""
    asked = asked.headed(authorization=None)
    return await ask(asked)


def no_key_needed(key: str) -> Bug:
    """Let everybody in, by this key (raine/claude-code-proxy)."""

    async def no_key_needed(asked: Asked, ask: Ask) -> Answered:
        answered = await ask(asked)
        if answered.status != 401:
            return answered
        if asked.is_openai and "authorization" in asked.headers:
            return await ask(asked.headed(authorization=f"Bearer {key}"))
        return await ask(asked.headed(x_api_key=key))

    return no_key_needed


async def old_versions_only(asked: Asked, ask: Ask) -> Answered:
    """Refuse the version that SDKs send since October 2026."""
    if asked.headers.get("anthropic-version") == "2026-10-21":
        return refused(400, "invalid_request_error", 'anthropic-version: "2026-10-21" is not a valid version')
    return await ask(asked)


async def known_betas_only(asked: Asked, ask: Ask) -> Answered:
    """Refuse a beta it has not heard of."""
    if "anthropic-beta" in asked.headers:
        return refused(400, "invalid_request_error", "Unexpected value(s) for the `anthropic-beta` header.")
    return await ask(asked)


async def openai_only(asked: Asked, ask: Ask) -> Answered:
    """Speak OpenAI's dialect to everybody (one-api, vLLM, agentgateway)."""
    key = asked.headers.get("x-api-key")
    plain = asked.headed(anthropic_version=None, x_api_key=None)
    return await ask(plain if key is None else plain.headed(authorization=f"Bearer {key}"))


# --- wrappers


async def bare_array(asked: Asked, ask: Ask) -> Answered:
    """List without an object around the list (Together, one-api)."""
    answered = await ask(asked)
    return answered.saying(answered.json["data"]) if asked.is_list and answered.status == 200 else answered


async def null_data(asked: Asked, ask: Ask) -> Answered:
    """Answer null where there is no model (Ollama)."""
    answered = await ask(asked)
    return answered.changed(data=None) if asked.is_list and answered.status == 200 else answered


async def error_in_a_success(asked: Asked, ask: Ask) -> Answered:
    """Report the failure of an upstream with status 200."""
    answered = await ask(asked)
    failed = {"error": {"message": "No upstream is up.", "type": "upstream_error"}}
    return answered.saying(failed) if asked.is_list and answered.status == 200 else answered


async def null_display_name(asked: Asked, ask: Ask) -> Answered:
    """Leave the name of one model null."""
    answered = await ask(asked)
    if not asked.is_list or answered.status != 200 or not answered.json["data"]:
        return answered
    first, *others = answered.json["data"]
    return answered.changed(data=[{**first, "display_name": None}, *others])


# --- errors


async def plain_text_errors(asked: Asked, ask: Ask) -> Answered:
    """Say what is wrong in plain text."""
    answered = await ask(asked)
    if answered.status < 400:
        return answered
    return replace(answered, headers={**answered.headers, "content-type": "text/plain"}, body=b"Bad request.")


async def wrong_key_is_403(asked: Asked, ask: Ask) -> Answered:
    """Answer a wrong key with 403."""
    answered = await ask(asked)
    return replace(answered, status=403) if answered.status == 401 else answered


async def no_request_id(asked: Asked, ask: Ask) -> Answered:
    """Leave the header `request-id` out."""
    answered = await ask(asked)
    hidden = ("request-id", "x-request-id")
    return replace(answered, headers={k: v for k, v in answered.headers.items() if k not in hidden})


async def echoed_key(asked: Asked, ask: Ask) -> Answered:
    """Put the caller's key into the answer."""
    answered = await ask(asked)
    key = asked.headers.get("x-api-key", "") or asked.headers.get("authorization", "")
    said: Any = {"type": "error", "error": {"type": "authentication_error", "message": f"not for {key}"}}
    return replace(answered.saying(said, 401), headers={**answered.headers, "x-asked-with": key})


# --- no Models API at all


async def html(asked: Asked, ask: Ask) -> Answered:
    """Answer everything with the page of a web application."""
    return text_response("<!doctype html><title>Gateway</title>", kind="text/html")


async def invalid_json(asked: Asked, ask: Ask) -> Answered:
    """Break off in the middle of the JSON."""
    answered = await ask(asked)
    return replace(answered, body=answered.body[: len(answered.body) // 2])


async def too_large(asked: Asked, ask: Ask) -> Answered:
    """Answer with more than 64 MiB."""
    answered = await ask(asked)
    return replace(answered, body=answered.body + b" " * (64 << 20))


async def always_500(asked: Asked, ask: Ask) -> Answered:
    """Fail."""
    return text_response("Internal Server Error", 500)


async def slow(asked: Asked, ask: Ask) -> Answered:
    """Take half a second for the list."""
    if asked.is_list:
        await asyncio.sleep(0.5)
    return await ask(asked)


def rate_limited(every: int, retry_after: int) -> Bug:
    """Refuse every so many requests with 429."""
    turns = itertools.count(1)

    async def rate_limited(asked: Asked, ask: Ask) -> Answered:
        if next(turns) % every:
            return await ask(asked)
        limited = refused(429, "rate_limit_error", "Slow down.")
        return replace(limited, headers={**limited.headers, "retry-after": str(retry_after)})

    return rate_limited


async def hanging_retrieve(asked: Asked, ask: Ask) -> Answered:
    """Never answer a request for one model."""
    if asked.is_model:
        await asyncio.sleep(3600)
    return await ask(asked)

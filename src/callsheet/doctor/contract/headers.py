"""Section 6 of the contract: response headers."""

import re
from typing import Final

from callsheet.doctor.contract.rule import RuleBook, expect, expect_status, require
from callsheet.doctor.probe.server import WHOLE, Server
from callsheet.doctor.probe.texts import quoted
from callsheet.doctor.report import Level

BOOK: Final = RuleBook(6, "Response headers")

_REQUEST_ID: Final = re.compile(r"req_[0-9A-Za-z]{10,}")

_MIN_COMPRESSED_BYTES: Final = 4096
_MAX_PAUSES: Final = 5
_PAUSE_SECONDS: Final = 0.1


@BOOK.rule(Level.ERROR, needs=("list-is-served",))
def list_is_json(server: Server) -> None:
    """The list is `application/json`.

    SDKs check the type before they parse.
    """
    exchange = server.request(WHOLE)
    kind = "" if exchange.response is None else exchange.response.media_type
    expect(kind, "The list has no content type.")
    expect(kind == "application/json", f"The content type of the list is {quoted(kind)}.")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def request_id_is_given(server: Server) -> None:
    """Every response has a `request-id` of the form `req_…`.

    SDKs pass it on to their users.
    """
    request_id = server.request(WHOLE).header("request-id")
    expect(request_id, "The list has no `request-id`.")
    expect(
        _REQUEST_ID.fullmatch(request_id or ""), f"`request-id` is {quoted(request_id)}, not of the form `req_…`."
    )


@BOOK.rule(Level.NOTE, needs=("request-id-is-given",))
def request_ids_differ(server: Server) -> None:
    """No two responses have the same `request-id`.

    Otherwise it identifies nothing.
    """
    first, second = server.request(WHOLE), server.request(WHOLE, again=True)
    expect(first.header("request-id") != second.header("request-id"), "Two responses have the same `request-id`.")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def etag_is_honoured(server: Server) -> None:
    """The list has an etag, and `If-None-Match` is answered with 304.

    With an etag, clients that ask often download the list only when it has changed.
    """
    etag = server.request(WHOLE).header("etag")
    expect(etag, "The list has no etag.")
    exchange = server.request(WHOLE, (*server.headers, ("if-none-match", etag or "")))
    expect_status(exchange, 304, what="`If-None-Match` with the list's own etag")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def caches_are_kept_out(server: Server) -> None:
    """Shared caches may not keep the list.

    They would show one key's models to another.
    """
    exchange = server.request(WHOLE)
    control = (exchange.header("cache-control") or "").lower()
    shared = "public" in control or "s-maxage" in control
    expect(not shared, f"Shared caches may keep the list: `cache-control` is {quoted(control)}.")
    private = any(word in control for word in ("private", "no-store", "no-cache"))
    varies = "authorization" in (exchange.header("vary") or "").lower()
    kept_out = private or varies or _needs_key_in_authorization(server)
    expect(kept_out, "Shared caches may keep the list: neither `cache-control` nor `vary` keeps them out.")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def vary_is_given(server: Server) -> None:
    """`vary` names the headers that the response depends on.

    Caches need it: the response to one URL depends on dialect and key.
    """
    vary = (server.request(WHOLE).header("vary") or "").lower()
    missing = [name for name in ("anthropic-version", "authorization", "x-api-key") if name not in vary]
    expect(not missing, f"`vary` does not name {', '.join(missing)}.")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def sniffing_is_off(server: Server) -> None:
    """`x-content-type-options` is `nosniff`.

    With it, browsers do not guess the type.
    """
    found = server.request(WHOLE).header("x-content-type-options")
    expect(found == "nosniff", "`x-content-type-options: nosniff` is missing.")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def organization_is_named(server: Server) -> None:
    """`anthropic-organization-id` is given once authenticated.

    Clients show it in their diagnostics.
    """
    expect(server.request(WHOLE).header("anthropic-organization-id"), "`anthropic-organization-id` is missing.")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def workspace_is_named(server: Server) -> None:
    """`anthropic-workspace-id` is given once authenticated.

    It shows users of several keys whose models these are.
    """
    expect(server.request(WHOLE).header("anthropic-workspace-id"), "`anthropic-workspace-id` is missing.")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def large_bodies_are_compressed(server: Server) -> None:
    """A large list is compressed if the client accepts that.

    A thousand models are a quarter of a megabyte.
    """
    exchange = server.request(WHOLE, again=True)  # a server may need the first to make it
    for _ in range(_MAX_PAUSES):
        if exchange.header("content-encoding") or "accept-encoding" not in (exchange.header("vary") or "").lower():
            break
        server.sender.pause(_PAUSE_SECONDS)  # it may compress in the background
        exchange = server.request(WHOLE, again=True)
    size = len(exchange.body)
    require(size >= _MIN_COMPRESSED_BYTES, "the list is small")
    expect(exchange.header("content-encoding"), f"The list is not compressed: {size} bytes.")


def _needs_key_in_authorization(server: Server) -> bool:
    """Whether HTTP itself keeps shared caches out, as it does for requests with Authorization."""
    return any(name == "authorization" for name, _ in server.headers)

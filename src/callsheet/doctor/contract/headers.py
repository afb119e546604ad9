"""Section 6 of the contract: response headers."""

import re
from typing import Final

from callsheet.doctor.contract.rule import RuleBook, expect, expect_status, require
from callsheet.doctor.probe.exchange import quoted
from callsheet.doctor.probe.server import WHOLE, Subject
from callsheet.doctor.report import Level

BOOK: Final = RuleBook(6, "Response headers")

_REQUEST_ID: Final = re.compile(r"req_[0-9A-Za-z]{10,}")

_WORTH_COMPRESSING: Final = 4096  # bytes


@BOOK.rule(Level.ERROR, needs=("list-is-served",))
def list_is_json(subject: Subject) -> None:
    """The list is `application/json`.

    SDKs look at the type before they parse.
    """
    exchange = subject.ask(WHOLE)
    kind = "" if exchange.answer is None else exchange.answer.kind
    expect(kind == "application/json", f"The list is sent as {quoted(kind or 'no type at all')}.")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def request_id_is_given(subject: Subject) -> None:
    """Every answer has a `request-id` of the form `req_…`.

    SDKs pass it on to their users.
    """
    request_id = subject.ask(WHOLE).header("request-id")
    expect(request_id, "The list has no `request-id`.")
    expect(
        _REQUEST_ID.fullmatch(request_id or ""), f"`request-id` is {quoted(request_id)}, not of the form `req_…`."
    )


@BOOK.rule(Level.NOTE, needs=("request-id-is-given",))
def request_ids_differ(subject: Subject) -> None:
    """No two answers have the same `request-id`.

    Otherwise it identifies nothing.
    """
    first, second = subject.ask(WHOLE), subject.ask(WHOLE, again=True)
    expect(first.header("request-id") != second.header("request-id"), "Two answers have the same `request-id`.")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def etag_is_honoured(subject: Subject) -> None:
    """The list has an etag, and `If-None-Match` is answered with 304.

    With one, clients that ask often download the list only when it changed.
    """
    etag = subject.ask(WHOLE).header("etag")
    expect(etag, "The list has no etag.")
    exchange = subject.ask(WHOLE, (*subject.headers, ("if-none-match", etag or "")))
    expect_status(exchange, 304, what="`If-None-Match` with the list's own etag")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def caches_are_kept_out(subject: Subject) -> None:
    """Shared caches may not keep the list.

    They would show one key's models to another.
    """
    exchange = subject.ask(WHOLE)
    control = (exchange.header("cache-control") or "").lower()
    shared = "public" in control or "s-maxage" in control
    expect(not shared, f"Shared caches may keep the list: `cache-control` is {quoted(control)}.")
    private = any(word in control for word in ("private", "no-store", "no-cache"))
    varies = "authorization" in (exchange.header("vary") or "").lower()
    kept_out = private or varies or _needs_key_in_authorization(subject)
    expect(kept_out, "Shared caches may keep the list: neither `cache-control` nor `vary` keeps them out.")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def vary_is_given(subject: Subject) -> None:
    """`vary` names the headers that the answer depends on.

    Caches need it: the same URL answers in two dialects and to many keys.
    """
    vary = (subject.ask(WHOLE).header("vary") or "").lower()
    missing = [name for name in ("anthropic-version", "authorization", "x-api-key") if name not in vary]
    expect(not missing, f"`vary` does not name {', '.join(missing)}.")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def sniffing_is_off(subject: Subject) -> None:
    """`x-content-type-options` is `nosniff`.

    With it, browsers do not guess the type.
    """
    found = subject.ask(WHOLE).header("x-content-type-options")
    expect(found == "nosniff", "`x-content-type-options: nosniff` is missing.")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def organization_is_named(subject: Subject) -> None:
    """`anthropic-organization-id` is given once authenticated.

    Clients show it in their diagnostics.
    """
    expect(subject.ask(WHOLE).header("anthropic-organization-id"), "`anthropic-organization-id` is missing.")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def workspace_is_named(subject: Subject) -> None:
    """`anthropic-workspace-id` is given once authenticated.

    A user of several keys sees from it whose models these are.
    """
    expect(subject.ask(WHOLE).header("anthropic-workspace-id"), "`anthropic-workspace-id` is missing.")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def large_bodies_are_compressed(subject: Subject) -> None:
    """A large body is compressed for those who ask.

    A thousand models are a quarter of a megabyte.
    """
    exchange = subject.ask(WHOLE, again=True)  # a server may need the first to make it
    size = len(exchange.body)
    require(size >= _WORTH_COMPRESSING, "the list is small")
    expect(exchange.header("content-encoding"), f"The list is not compressed: {size} bytes.")


def _needs_key_in_authorization(subject: Subject) -> bool:
    """Whether HTTP itself keeps shared caches out, as it does for requests with Authorization."""
    return any(name == "authorization" for name, _ in subject.headers)

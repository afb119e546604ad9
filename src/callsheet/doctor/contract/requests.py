"""Section 4 of the contract: credentials, versions, betas, workspaces, and what is checked first."""

from typing import Final

from callsheet.doctor.contract.rule import RuleBook, expect, expect_status, require
from callsheet.doctor.probe.exchange import KEY, WRONG_KEY, Exchange
from callsheet.doctor.probe.headers import Headers
from callsheet.doctor.probe.listing import read_listing
from callsheet.doctor.probe.server import ANTHROPIC, ANTHROPIC_BEARER, BEARER, VERSION, WHOLE, X_API_KEY, Server
from callsheet.doctor.report import Level

BOOK: Final = RuleBook(4, "Requests")

_WRONG_X_API_KEY: Final = ("x-api-key", WRONG_KEY)
_WRONG_BEARER: Final = ("authorization", f"Bearer {WRONG_KEY}")
_LIST: Final = "/v1/models?limit=1"

#: Two of the oldest.
_BETAS: Final = ("prompt-caching-2024-07-31", "pdfs-2024-09-25")


@BOOK.rule(Level.ERROR, needs=("list-is-served",))
def x_api_key_is_accepted(server: Server) -> None:
    """The key is accepted as `x-api-key`.

    Claude Code with `ANTHROPIC_API_KEY`, SDKs before October 2026 and LibreChat send it so.
    """
    _expect_list(server, ANTHROPIC, "The key in `x-api-key`")


@BOOK.rule(Level.ERROR, needs=("list-is-served",))
def bearer_is_accepted(server: Server) -> None:
    """The key is accepted as `Authorization: Bearer`.

    Claude Code with `ANTHROPIC_AUTH_TOKEN` and SDKs since October 2026 send it so.
    """
    _expect_list(server, ANTHROPIC_BEARER, "The key in `Authorization: Bearer`")


@BOOK.rule(Level.NOTE, needs=("bearer-is-accepted",))
def bearer_is_any_case(server: Server) -> None:
    """The scheme Bearer may be written in any case.

    HTTP allows it.
    """
    _expect_list(server, (("authorization", f"bearer {KEY}"), VERSION), "`bearer` in small letters")


@BOOK.rule(Level.ERROR, needs=("x-api-key-is-accepted", "bearer-is-accepted"))
def both_are_accepted(server: Server) -> None:
    """Both credentials together are accepted.

    Claude Code from 2.1.248 and some SDKs send both if they have both.
    """
    _expect_list(server, (X_API_KEY, BEARER, VERSION), "The key in both headers")


@BOOK.rule(Level.WARNING, needs=("both-are-accepted",))
def one_valid_is_enough(server: Server) -> None:
    """A valid credential is enough beside a wrong one.

    A stale login in one header should not invalidate the key in the other.
    """
    _expect_list(server, (X_API_KEY, _WRONG_BEARER, VERSION), "A valid `x-api-key` beside a wrong Bearer")
    _expect_list(server, (_WRONG_X_API_KEY, BEARER, VERSION), "A valid Bearer beside a wrong `x-api-key`")


@BOOK.rule(Level.ERROR, needs=("list-is-served",))
def versions_are_accepted(server: Server) -> None:
    """`anthropic-version` 2023-06-01 and 2026-10-21 are accepted.

    Anthropic's SDKs sent the first until October 2026, and have sent the second since.
    """
    for version in ("2023-06-01", "2026-10-21"):
        _expect_list(server, _versioned(server, version), f"`anthropic-version: {version}`")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def first_version_is_accepted(server: Server) -> None:
    """`anthropic-version` 2023-01-01 is accepted.

    It is still valid.
    """
    _expect_list(server, _versioned(server, "2023-01-01"), "`anthropic-version: 2023-01-01`")


@BOOK.rule(Level.NOTE, needs=("versions-are-accepted", "order-is-stable"))
def versions_get_the_same_list(server: Server) -> None:
    """Every `anthropic-version` gets the same list.

    The Models API did not change between versions.
    """
    old, new = (server.request(_LIST, _versioned(server, version)) for version in ("2023-06-01", "2026-10-21"))
    if _ids(old) != _ids(new):  # which proves nothing if the list has changed in between
        old = server.request(_LIST, _versioned(server, "2023-06-01"), again=True)
    expect(_ids(old) == _ids(new), "`anthropic-version: 2026-10-21` gets another list than 2023-06-01.", new)


@BOOK.rule(Level.WARNING, needs=("list-is-served",))
def betas_are_accepted(server: Server) -> None:
    """`anthropic-beta` is accepted with several values, however they are written.

    SDKs differ: `a,b`, or `a, b`, or a line for each.
    """
    one, other = _BETAS
    for values in ((f"{one},{other}",), (f"{one}, {other}",), _BETAS):
        _expect_list(server, _with_betas(server, *values), f"`anthropic-beta: {'` and `'.join(values)}`")


@BOOK.rule(Level.WARNING, needs=("betas-are-accepted",))
def unknown_beta_is_accepted(server: Server) -> None:
    """An unknown `anthropic-beta` is accepted.

    New values appear every few weeks, and should not break the list of models.
    """
    headers = _with_betas(server, "callsheet-doctor-2026-01-01")
    is_strict = b"Unexpected value(s) `" in server.request(_LIST, headers).body
    require(not is_strict, "the server refuses unknown betas, with the message in Anthropic's documents")
    _expect_list(server, headers, "An unknown `anthropic-beta`")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def foreign_workspace_is_refused(server: Server) -> None:
    """A workspace that the key cannot use is refused with 403.

    A key should not see the models of another workspace just by asking.
    """
    headers = (*server.headers, ("anthropic-workspace-id", "wrkspc_01CallsheetDoctorKnowsNone"))
    expect_status(server.request(_LIST, headers), 403, what="A workspace that the key cannot use")


@BOOK.rule(Level.NOTE, needs=("workspace-is-named",))
def own_workspace_is_accepted(server: Server) -> None:
    """The workspace that a response names is accepted as `anthropic-workspace-id`.

    Clients with keys for several workspaces send it.
    """
    workspace = server.request(WHOLE).header("anthropic-workspace-id") or ""
    _expect_list(server, (*server.headers, ("anthropic-workspace-id", workspace)), "The key's own workspace")


@BOOK.rule(Level.NOTE)
def path_comes_first(server: Server) -> None:
    """The path is checked before the credential.

    A wrong base URL should not look like a wrong key.
    """
    expect_status(server.request("/v1/callsheet-doctor", ()), 404, what="An unknown path without a key")


@BOOK.rule(Level.NOTE, needs=("other-method-is-405",))
def method_comes_first(server: Server) -> None:
    """The method is checked before the credential.

    A wrong method should not look like a wrong key.
    """
    expect_status(server.request("/v1/models", (), method="PROPFIND"), 405, what="Another method without a key")


@BOOK.rule(Level.NOTE, needs=("page-is-served", "unknown-key-is-refused"))
def credential_comes_second(server: Server) -> None:
    """The credential is checked before the version.

    Otherwise strangers learn which versions the server knows.
    """
    exchange = server.request(_LIST, (_WRONG_X_API_KEY, ("anthropic-version", "2023-10-01")))
    expect_status(exchange, 401, what="A wrong key with an unknown version")


def _with_betas(server: Server, *values: str) -> Headers:
    return (*server.headers, *(("anthropic-beta", value) for value in values))


def _versioned(server: Server, version: str) -> Headers:
    return (*tuple(pair for pair in server.headers if pair != VERSION), ("anthropic-version", version))


def _ids(exchange: Exchange) -> list[str]:
    listing = read_listing(exchange)
    return [] if listing is None else listing.ids


def _expect_list(server: Server, headers: Headers, what: str) -> None:
    exchange = server.request(_LIST, headers)
    expect_status(exchange, 200, what=what)
    expect(read_listing(exchange) is not None, f"{what} does not get a list.", exchange)

"""Section 4 of the contract: credentials, versions, betas, workspaces, and what is checked first."""

from typing import Final

from callsheet.doctor.contract.rule import RuleBook, expect, expect_status, require
from callsheet.doctor.probe.exchange import KEY, WRONG_KEY
from callsheet.doctor.probe.headers import Headers
from callsheet.doctor.probe.listing import read_listing
from callsheet.doctor.probe.server import ANTHROPIC, ANTHROPIC_BEARER, BEARER, VERSION, X_API_KEY, Subject
from callsheet.doctor.report import Level

BOOK: Final = RuleBook(4, "Requests")

_WRONG_X_API_KEY: Final = ("x-api-key", WRONG_KEY)
_WRONG_BEARER: Final = ("authorization", f"Bearer {WRONG_KEY}")
_LIST: Final = "/v1/models?limit=1"

#: Two of the oldest.
_BETAS: Final = ("prompt-caching-2024-07-31", "pdfs-2024-09-25")


@BOOK.rule(Level.ERROR, needs=("list-is-served",))
def x_api_key_is_accepted(subject: Subject) -> None:
    """The key is accepted as `x-api-key`.

    Claude Code with `ANTHROPIC_API_KEY`, SDKs before October 2026 and LibreChat send it so.
    """
    _expect_list(subject, ANTHROPIC, "The key in `x-api-key`")


@BOOK.rule(Level.ERROR, needs=("list-is-served",))
def bearer_is_accepted(subject: Subject) -> None:
    """The key is accepted as `Authorization: Bearer`.

    Claude Code with `ANTHROPIC_AUTH_TOKEN` and SDKs since October 2026 send it so.
    """
    _expect_list(subject, ANTHROPIC_BEARER, "The key in `Authorization: Bearer`")


@BOOK.rule(Level.NOTE, needs=("bearer-is-accepted",))
def bearer_is_any_case(subject: Subject) -> None:
    """The scheme Bearer may be written in any case.

    HTTP allows it.
    """
    _expect_list(subject, (("authorization", f"bearer {KEY}"), VERSION), "`bearer` in small letters")


@BOOK.rule(Level.ERROR, needs=("x-api-key-is-accepted", "bearer-is-accepted"))
def both_are_accepted(subject: Subject) -> None:
    """Both credentials together are accepted.

    Claude Code from 2.1.248 and some SDKs send both if they have both.
    """
    _expect_list(subject, (X_API_KEY, BEARER, VERSION), "The key in both headers")


@BOOK.rule(Level.WARNING, needs=("both-are-accepted",))
def one_valid_is_enough(subject: Subject) -> None:
    """A valid credential is enough beside a wrong one.

    A login left over in one header should not spoil the key in the other.
    """
    _expect_list(subject, (X_API_KEY, _WRONG_BEARER, VERSION), "A valid `x-api-key` beside a wrong Bearer")
    _expect_list(subject, (_WRONG_X_API_KEY, BEARER, VERSION), "A valid Bearer beside a wrong `x-api-key`")


@BOOK.rule(Level.ERROR, needs=("list-is-served",))
def versions_are_accepted(subject: Subject) -> None:
    """`anthropic-version` 2023-06-01 and 2026-10-21 are accepted.

    Anthropic's SDKs sent the first until October 2026, and send the second since.
    """
    for version in ("2023-06-01", "2026-10-21"):
        _expect_list(subject, _versioned(subject, version), f"`anthropic-version: {version}`")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def first_version_is_accepted(subject: Subject) -> None:
    """`anthropic-version` 2023-01-01 is accepted.

    It is still valid.
    """
    _expect_list(subject, _versioned(subject, "2023-01-01"), "`anthropic-version: 2023-01-01`")


@BOOK.rule(Level.WARNING, needs=("list-is-served",))
def betas_are_accepted(subject: Subject) -> None:
    """`anthropic-beta` is accepted with several values, however they are written.

    SDKs differ: `a,b`, or `a, b`, or a line for each.
    """
    one, other = _BETAS
    for values in ((f"{one},{other}",), (f"{one}, {other}",), _BETAS):
        _expect_list(subject, _with_betas(subject, *values), f"`anthropic-beta: {'` and `'.join(values)}`")


@BOOK.rule(Level.WARNING, needs=("betas-are-accepted",))
def unknown_beta_is_accepted(subject: Subject) -> None:
    """An unknown `anthropic-beta` is accepted.

    New ones appear every few weeks, and a list of models should not break on them.
    """
    headers = _with_betas(subject, "callsheet-doctor-2026-01-01")
    is_strict = b"Unexpected value(s) `" in subject.ask(_LIST, headers).body
    require(not is_strict, "the server is strict about betas, and says so as Anthropic's documents have it")
    _expect_list(subject, headers, "An unknown `anthropic-beta`")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def foreign_workspace_is_refused(subject: Subject) -> None:
    """A workspace that the key cannot use is refused with 403.

    A key should not see the models of another workspace just by asking.
    """
    headers = (*subject.headers, ("anthropic-workspace-id", "wrkspc_01CallsheetDoctorKnowsNone"))
    expect_status(subject.ask(_LIST, headers), 403, what="A workspace that the key cannot use")


@BOOK.rule(Level.NOTE)
def path_comes_first(subject: Subject) -> None:
    """The path is checked before the credential.

    A wrong base URL should not look like a wrong key.
    """
    expect_status(subject.ask("/v1/callsheet-doctor", ()), 404, what="An unknown path without a key")


@BOOK.rule(Level.NOTE, needs=("page-is-served", "unknown-key-is-refused"))
def credential_comes_second(subject: Subject) -> None:
    """The credential is checked before the version.

    Otherwise strangers learn which versions the server knows.
    """
    exchange = subject.ask(_LIST, (_WRONG_X_API_KEY, ("anthropic-version", "2023-10-01")))
    expect_status(exchange, 401, what="A wrong key with an unknown version")


def _with_betas(subject: Subject, *values: str) -> Headers:
    return (*subject.headers, *(("anthropic-beta", value) for value in values))


def _versioned(subject: Subject, version: str) -> Headers:
    return (*tuple(pair for pair in subject.headers if pair != VERSION), ("anthropic-version", version))


def _expect_list(subject: Subject, headers: Headers, what: str) -> None:
    exchange = subject.ask(_LIST, headers)
    expect_status(exchange, 200, what=what)
    expect(read_listing(exchange) is not None, f"{what} does not get a list.", exchange)

"""Section 1 of the contract: the two operations, and where they are served."""

from typing import Final

from callsheet.doctor.contract.rule import FaultError, RuleBook, expect, expect_status, require
from callsheet.doctor.probe.exchange import Exchange, quoted
from callsheet.doctor.probe.listing import read_anything, read_listing
from callsheet.doctor.probe.reasons import because
from callsheet.doctor.probe.server import WHOLE, Subject, encoded
from callsheet.doctor.probe.wrappers import Wrapper
from callsheet.doctor.report import Level

BOOK: Final = RuleBook(1, "Two operations")

#: Characters that some SDKs encode in a path and others do not.
_ENCODED_BY_SOME: Final = ":@+"


@BOOK.rule(Level.ERROR)
def list_is_served(subject: Subject) -> None:
    """`GET /v1/models` answers with a list of models, in place.

    Claude Code takes a redirect for a failure, as it will not hand its key on.
    """
    exchange = subject.ask(WHOLE)
    where = quoted(exchange.header("location") or "nowhere")
    is_redirect = exchange.answer is not None and exchange.answer.is_redirect
    expect(not is_redirect, f"The list is redirected: {exchange.status} to {where}.")
    found = read_anything(exchange)
    expect(found is not None, f"`GET /v1/models` does not return JSON{because(exchange)}.")
    wrapper = Wrapper.OBJECT if found is None else found.wrapper
    expect(wrapper is Wrapper.OBJECT, f"The list comes as {wrapper.words}{because(exchange)}.")


@BOOK.rule(Level.ERROR, needs=("list-is-served",))
def page_is_served(subject: Subject) -> None:
    """The list is a page in Anthropic's shape.

    Anthropic's SDKs page by `has_more` and `last_id`, and type each model.
    """
    listing = read_listing(subject.ask(WHOLE))
    sentence = "The list is in OpenAI's shape, although the request carries `anthropic-version`."
    expect(listing is not None and listing.is_anthropic, sentence)


@BOOK.rule(Level.ERROR)
def listed_is_retrieved(subject: Subject) -> None:
    """A listed model can be retrieved by its id.

    SDKs check a model this way before they use it.
    """
    plain = [model_id for model_id in subject.ids if "/" not in model_id]
    names = [subject.model] if subject.model else plain[:1] + plain[-1:]
    require(names, "no model is listed whose id has no slash; name one with --model")
    for name in dict.fromkeys(names):
        _expect_model(subject.retrieve(name), name)


@BOOK.rule(Level.ERROR, needs=("listed-is-retrieved",))
def slashes_are_retrieved(subject: Subject) -> None:
    """An id with a slash can be retrieved, the slash raw or encoded.

    Some SDKs encode it and others do not; ids such as `org/model` are everywhere.
    """
    names = [name for name in [subject.model, *subject.ids] if name and "/" in name]
    require(names, "no model is listed whose id has a slash")
    _expect_model(subject.ask(f"/v1/models/{encoded(names[0], keep='/')}"), names[0])
    _expect_model(subject.ask(f"/v1/models/{subject.quoted(names[0])}"), names[0])


@BOOK.rule(Level.WARNING, needs=("listed-is-retrieved",))
def encoding_is_undone(subject: Subject) -> None:
    """Path segments are decoded.

    PHP encodes `:` and `@` in an id; Python, TypeScript, Go, Java and Ruby do not.
    """
    name, character = _worth_encoding(subject)
    _expect_model(subject.ask(_with_code(name, character, "%")), name)


@BOOK.rule(Level.NOTE, needs=("encoding-is-undone", "missing-model-is-404"))
def encoding_is_undone_once(subject: Subject) -> None:
    """Path segments are decoded no more than once.

    An id may hold what looks like a code.
    """
    exchange = subject.ask(_with_code(*_worth_encoding(subject), "%25"))
    expect_status(exchange, 404, what="An id that is encoded twice")


@BOOK.rule(Level.WARNING, needs=("listed-is-retrieved",))
def alias_is_resolved(subject: Subject) -> None:
    """Retrieving an alias returns the model that it means.

    The answer says which model the caller will get.
    """
    require(subject.alias, "no alias is known; name one with --alias")
    exchange = subject.retrieve(subject.alias or "")
    expect_status(exchange, 200, what=f"Retrieving the alias {quoted(subject.alias)}")
    found = exchange.json.get("id") if isinstance(exchange.json, dict) else None
    expect(isinstance(found, str), f"Retrieving the alias {quoted(subject.alias)} does not return a model.")
    expect(found != subject.alias, f"Retrieving the alias {quoted(found)} returns the alias itself as the id.")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def head_is_answered(subject: Subject) -> None:
    """`HEAD` answers like GET, without a body.

    Monitors and proxies use it.
    """
    exchange = subject.ask(WHOLE, method="HEAD")
    expect_status(exchange, 200, what="`HEAD`")


@BOOK.rule(Level.WARNING, needs=("list-is-served",))
def trailing_slash_is_served(subject: Subject) -> None:
    """A trailing slash is served in place.

    Claude Code takes a redirect for a failure, and some clients end the path with a slash.
    """
    _expect_same_list(subject, "/v1/models/?limit=1000", "The path with a slash at its end")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def doubled_prefix_is_served(subject: Subject) -> None:
    """A doubled prefix is served: `/v1/v1/models`.

    It comes from base URLs that already end in /v1.
    """
    _expect_same_list(subject, "/v1/v1/models?limit=1000", "`/v1/v1/models`")


@BOOK.rule(Level.ERROR, needs=("list-is-served",))
def beta_query_is_ignored(subject: Subject) -> None:
    """`?beta=true` is ignored.

    The beta routes of Anthropic's SDKs add it.
    """
    _expect_same_list(subject, f"{WHOLE}&beta=true", "`?beta=true`")


@BOOK.rule(Level.WARNING, needs=("list-is-served",))
def unknown_query_is_ignored(subject: Subject) -> None:
    """Unknown query parameters are ignored.

    Gateways and clients add their own.
    """
    _expect_same_list(subject, f"{WHOLE}&callsheet-doctor=1", "An unknown query parameter")


@BOOK.rule(Level.NOTE, is_risky=True)
def broken_escape_is_refused(subject: Subject) -> None:
    """A broken escape in a path is refused with 400.

    No id can be read from it.
    """
    for escape in ("%FF", "%zz"):
        expect_status(subject.ask(f"/v1/models/{escape}"), 400, what=f"The broken escape `{escape}`")


def _worth_encoding(subject: Subject) -> tuple[str, str]:
    """An id, and a character in it that some SDKs encode; else its first one."""
    plain = [name for name in subject.ids if "/" not in name]
    require(plain, "no model is listed whose id has no slash")
    special = [name for name in plain if set(name) & set(_ENCODED_BY_SOME)]
    name = (special or plain)[0]
    return name, next((character for character in name if character in _ENCODED_BY_SOME), name[0])


def _with_code(name: str, character: str, percent: str) -> str:
    """The path of a name with the code of one character more than there need be."""
    return f"/v1/models/{encoded(name).replace(character, f'{percent}{ord(character):02X}', 1)}"


def _expect_model(exchange: Exchange, name: str) -> None:
    if exchange.answer is None or exchange.status != 200:
        what = exchange.why and f"the server {exchange.why}"
        said = what or f"retrieving it gets {exchange.status}"
        raise FaultError(f"{quoted(name)} is listed, but {said}.", exchange)
    model = exchange.json if isinstance(exchange.json, dict) else {}
    expect("data" not in model, f"Retrieving {quoted(name)} returns a list.", exchange)
    found = model.get("id")
    expect(found == name, f"Retrieving {quoted(name)} returns {quoted(found)}.", exchange)


def _expect_same_list(subject: Subject, target: str, what: str) -> None:
    exchange = subject.ask(target)
    expect_status(exchange, 200, what=what)
    listing = read_listing(exchange)
    whole = read_listing(subject.ask(WHOLE))
    same = listing is not None and whole is not None and set(listing.ids) == set(whole.ids)
    expect(same, f"{what} changes the list.", exchange)

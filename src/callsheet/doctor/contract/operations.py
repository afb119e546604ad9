"""Section 1 of the contract: the two operations, and where they are served."""

from typing import Final

from callsheet.doctor.contract.rule import RuleBook, RuleBrokenError, expect, expect_status, require
from callsheet.doctor.probe.exchange import Exchange
from callsheet.doctor.probe.listing import read_any_json, read_listing
from callsheet.doctor.probe.reasons import quoted_reason
from callsheet.doctor.probe.server import WHOLE, Server, encode_path, encode_query
from callsheet.doctor.probe.texts import quoted
from callsheet.doctor.probe.wrappers import Wrapper
from callsheet.doctor.report import Level
from callsheet.domain.errors import InvalidError
from callsheet.domain.model import check_known_id
from callsheet.domain.query import MAX_LIMIT

BOOK: Final = RuleBook(1, "Two operations")

#: Characters that some SDKs encode in a path and others do not.
_ENCODED_BY_SOME: Final = ":@+"


@BOOK.rule(Level.ERROR)
def list_is_served(server: Server) -> None:
    """`GET /v1/models` returns a list of models, without a redirect.

    Claude Code treats a redirect as a failure, so that its key goes to no other server.
    """
    exchange = server.request(WHOLE)
    where = quoted(exchange.header("location") or "nowhere")
    is_redirect = exchange.response is not None and exchange.response.is_redirect
    expect(not is_redirect, f"The list is redirected: {exchange.status} to {where}.")
    found = read_any_json(exchange)
    expect(found is not None, f"`GET /v1/models` does not return JSON{quoted_reason(exchange)}.")
    wrapper = Wrapper.OBJECT if found is None else found.wrapper
    expect(wrapper is Wrapper.OBJECT, f"The response is {wrapper.words}{quoted_reason(exchange)}.")


@BOOK.rule(Level.ERROR, needs=("list-is-served",))
def page_is_served(server: Server) -> None:
    """The list is a page in Anthropic's shape.

    Anthropic's SDKs page by `has_more` and `last_id`, and read each model into a typed object.
    """
    listing = read_listing(server.request(WHOLE))
    sentence = "The list is in OpenAI's shape, although the request carries `anthropic-version`."
    expect(listing is not None and listing.is_anthropic, sentence)


@BOOK.rule(Level.ERROR)
def listed_is_retrieved(server: Server) -> None:
    """A listed model can be retrieved by its id.

    Programs check a model this way before they use it.
    """
    plain = [model_id for model_id in server.ids if "/" not in model_id]
    names = [server.model] if server.model else plain[:1] + plain[-1:]
    require(names, "no model is listed whose id has no slash; name one with --model")
    for name in dict.fromkeys(names):
        _expect_model(server.retrieve(name), name)


@BOOK.rule(Level.ERROR, needs=("listed-is-retrieved",))
def slashes_are_retrieved(server: Server) -> None:
    """An id with a slash can be retrieved, whether the slash is raw or encoded.

    Some SDKs encode it and others do not; ids such as `org/model` are everywhere.
    """
    names = [name for name in [server.model, *server.ids] if name and "/" in name]
    require(names, "no model is listed whose id has a slash")
    _expect_model(server.request(f"/v1/models/{encode_path(names[0], keep='/')}"), names[0])
    _expect_model(server.request(f"/v1/models/{encode_query(names[0])}"), names[0])


@BOOK.rule(Level.WARNING, needs=("listed-is-retrieved",))
def encoding_is_undone(server: Server) -> None:
    """Percent-encoded characters in an id are decoded.

    PHP encodes `:` and `@` in an id; Python, TypeScript, Go, Java and Ruby do not.
    """
    name, character = _worth_encoding(server)
    _expect_model(server.request(_with_code(name, character, "%")), name)


@BOOK.rule(Level.NOTE, needs=("encoding-is-undone", "missing-model-is-404"))
def encoding_is_undone_once(server: Server) -> None:
    """An id is percent-decoded only once.

    An id may itself contain what looks like a percent-encoded character.
    """
    exchange = server.request(_with_code(*_worth_encoding(server), "%25"))
    expect_status(exchange, 404, what="An id that is encoded twice")


@BOOK.rule(Level.WARNING, needs=("listed-is-retrieved",))
def alias_is_resolved(server: Server) -> None:
    """Retrieving an alias returns the model that it stands for.

    The response says which model the caller will get.
    """
    require(server.alias, "no alias is known; name one with --alias")
    exchange = server.retrieve(server.alias or "")
    expect_status(exchange, 200, what=f"Retrieving the alias {quoted(server.alias)}")
    found = exchange.json.get("id") if isinstance(exchange.json, dict) else None
    expect(isinstance(found, str), f"Retrieving the alias {quoted(server.alias)} does not return a model.")
    expect(found != server.alias, f"Retrieving the alias {quoted(found)} returns the alias itself as the id.")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def head_is_answered(server: Server) -> None:
    """`HEAD` is answered like `GET`, without a body.

    Monitors and proxies use it.
    """
    exchange = server.request(WHOLE, method="HEAD")
    expect_status(exchange, 200, what="`HEAD`")


@BOOK.rule(Level.WARNING, needs=("list-is-served",))
def trailing_slash_is_served(server: Server) -> None:
    """`/v1/models/` is served without a redirect.

    Claude Code treats a redirect as a failure, and some clients end the path with a slash.
    """
    _expect_same_list(server, "/v1/models/?limit=1000", "The path with a slash at its end")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def doubled_prefix_is_served(server: Server) -> None:
    """`/v1/v1/models` is served like `/v1/models`.

    Clients ask for it if a base URL already ends in `/v1`.
    """
    _expect_same_list(server, "/v1/v1/models?limit=1000", "`/v1/v1/models`")


@BOOK.rule(Level.NOTE, needs=("list-is-served", "trailing-slash-is-served"))
def doubled_slash_is_served(server: Server) -> None:
    """A doubled slash before or after `v1` is served without a redirect.

    Clients ask for it if a base URL ends in a slash.
    """
    for path in ("//v1/models", "/v1//models"):
        _expect_same_list(server, f"{path}?limit={MAX_LIMIT}", f"`{path}`")


@BOOK.rule(Level.ERROR, needs=("list-is-served",))
def beta_query_is_ignored(server: Server) -> None:
    """`?beta=true` is ignored.

    The beta routes of Anthropic's SDKs add it.
    """
    _expect_same_list(server, f"{WHOLE}&beta=true", "`?beta=true`")


@BOOK.rule(Level.WARNING, needs=("list-is-served",))
def unknown_query_is_ignored(server: Server) -> None:
    """Unknown query parameters are ignored.

    Gateways and clients add their own.
    """
    _expect_same_list(server, f"{WHOLE}&callsheet-doctor=1", "An unknown query parameter")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def ids_are_printable(server: Server) -> None:
    """Ids are 1 to 256 printable characters, without a blank at either end.

    Other ids cannot be typed, or not be asked for.
    """
    require(server.ids, "no model is listed")
    server.request(WHOLE)
    for model_id in server.ids:
        try:
            check_known_id(model_id, "A listed id")
        except InvalidError as error:
            raise RuleBrokenError(str(error)) from None


@BOOK.rule(Level.NOTE, is_risky=True)
def broken_escape_is_refused(server: Server) -> None:
    """An invalid percent-escape in a path is refused with 400.

    No id can be read from it.
    """
    for escape in ("%FF", "%zz"):
        expect_status(server.request(f"/v1/models/{escape}"), 400, what=f"The invalid escape `{escape}`")


def _worth_encoding(server: Server) -> tuple[str, str]:
    """An id, and a character in it that some SDKs encode; else its first one."""
    plain = [name for name in server.ids if "/" not in name]
    require(plain, "no model is listed whose id has no slash")
    special = [name for name in plain if set(name) & set(_ENCODED_BY_SOME)]
    name = (special or plain)[0]
    return name, next((character for character in name if character in _ENCODED_BY_SOME), name[0])


def _with_code(name: str, character: str, percent: str) -> str:
    """The path of a name with the code of one character more than there need be."""
    return f"/v1/models/{encode_path(name).replace(character, f'{percent}{ord(character):02X}', 1)}"


def _expect_model(exchange: Exchange, name: str) -> None:
    if exchange.response is None or exchange.status != 200:
        what = exchange.why and f"the server {exchange.why}"
        said = what or f"retrieving it gets {exchange.status}"
        raise RuleBrokenError(f"{quoted(name)} is listed, but {said}.", exchange)
    model = exchange.json if isinstance(exchange.json, dict) else {}
    expect("data" not in model, f"Retrieving {quoted(name)} returns a list.", exchange)
    found = model.get("id")
    expect(found == name, f"Retrieving {quoted(name)} returns {quoted(found)}.", exchange)


def _expect_same_list(server: Server, target: str, what: str) -> None:
    exchange = server.request(target)
    expect_status(exchange, 200, what=what)
    listing = read_listing(exchange)
    whole = read_listing(server.request(WHOLE))
    same = listing is not None and whole is not None and set(listing.ids) == set(whole.ids)
    expect(same, f"{what} changes the list.", exchange)

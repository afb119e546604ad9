"""The end of section 3 of the contract: lifecycles."""

from typing import Final

from callsheet.doctor.contract.cursors import BOOK
from callsheet.doctor.contract.pages_of import each_once, expect_ids, named, page_of
from callsheet.doctor.contract.rule import expect, require
from callsheet.doctor.probe.server import Server, encode_query
from callsheet.doctor.probe.texts import quoted
from callsheet.doctor.report import Level
from callsheet.domain.query import MAX_LIMIT

__all__ = ["BOOK"]  # with the rules of this file: the whole section

#: The spellings in which SDKs and people write two lifecycles. A repeated `lifecycle` is not among them: it is our
#: decision that its values add up, and for other parameters of one name the last value counts.
_BOTH: Final = (
    "lifecycle[]=active&lifecycle[]=deprecated",
    "lifecycle=active,deprecated",
)


@BOOK.rule(Level.WARNING, needs=("page-is-served",))
def lifecycle_filters(server: Server) -> None:
    """`lifecycle[]` filters, in every spelling that SDKs use.

    It is the only way to ask for models that are about to retire.
    """
    _require_lifecycles(server)
    wanted = [model["id"] for model in server.models[:MAX_LIMIT] if model.get("lifecycle") == "deprecated"]
    for query in ("lifecycle[]=deprecated", "lifecycle%5B%5D=deprecated", "lifecycle=deprecated"):
        page = page_of(server, f"limit=1000&{query}")
        others = [model["id"] for model in page.models if model.get("lifecycle") != "deprecated"]
        expect(not others, f"`{query}` returns models that are not deprecated: {named(others)}.", page.exchange)
        missed = [model_id for model_id in wanted if model_id not in page.ids]
        expect(not missed, f"`{query}` does not return {named(missed)}.", page.exchange)


@BOOK.rule(Level.NOTE, needs=("lifecycle-filters", "order-is-stable"))
def lifecycles_add_up(server: Server) -> None:
    """Several lifecycles may be given; active and deprecated together are the list without a filter.

    SDKs let their users pass a list.
    """
    _require_lifecycles(server)
    for query in _BOTH:
        page = page_of(server, f"limit=1000&{query}")
        expect_ids(each_once(page.ids), server.ids[:MAX_LIMIT], f"`{query}` returns")


@BOOK.rule(Level.NOTE, needs=("lifecycle-filters", "after-id-continues"))
def cursors_ignore_lifecycles(server: Server) -> None:
    """A cursor need not match the lifecycle filter.

    The model that a client has read last may have changed its lifecycle since.
    """
    _require_lifecycles(server)
    active = next((model["id"] for model in server.models if model.get("lifecycle") == "active"), "")
    require(active, "no active model is listed")
    later = server.models[server.ids.index(active) + 1 :]
    deprecated = [model["id"] for model in later if model.get("lifecycle") == "deprecated"]
    require(deprecated, "no deprecated model is listed after an active one")
    page = page_of(server, f"limit={MAX_LIMIT}&lifecycle[]=deprecated&after_id={encode_query(active)}")
    known = set(server.ids)  # a page of the filter reaches further than the pages that were read
    found = [model_id for model_id in each_once(page.ids) if model_id in known]
    expect_ids(found, deprecated[:MAX_LIMIT], f"after {quoted(active)}, the filter returns")


@BOOK.rule(Level.WARNING, needs=("page-is-served",))
def retired_are_left_out(server: Server) -> None:
    """Retired models are listed only when asked for.

    Users who pick one get an error for every message.
    """
    _require_lifecycles(server)
    page = page_of(server, "limit=1000")
    retired = [model["id"] for model in page.models if model.get("lifecycle") == "retired"]
    expect(not retired, f"Retired models are listed: {named(retired)}.")


def _require_lifecycles(server: Server) -> None:
    require(any("lifecycle" in model for model in server.models), "models have no lifecycle (the format of 2025)")

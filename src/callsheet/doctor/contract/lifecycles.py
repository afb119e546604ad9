"""The end of section 3 of the contract: lifecycles."""

from callsheet.doctor.contract.pages import BOOK
from callsheet.doctor.contract.pages_of import each_once, expect_ids, named, page_of
from callsheet.doctor.contract.rule import expect, require
from callsheet.doctor.probe.server import Subject
from callsheet.doctor.report import Level
from callsheet.domain.query import MAX_LIMIT

__all__ = ["BOOK"]  # whole, once this is imported


@BOOK.rule(Level.WARNING, needs=("page-is-served",))
def lifecycle_filters(subject: Subject) -> None:
    """`lifecycle[]` filters, in every spelling that SDKs use.

    It is the only way to ask for what is about to retire.
    """
    _require_lifecycles(subject)
    wanted = [model["id"] for model in subject.models[:MAX_LIMIT] if model.get("lifecycle") == "deprecated"]
    for query in ("lifecycle[]=deprecated", "lifecycle%5B%5D=deprecated", "lifecycle=deprecated"):
        page = page_of(subject, f"limit=1000&{query}")
        others = [model["id"] for model in page.models if model.get("lifecycle") != "deprecated"]
        expect(not others, f"`{query}` returns models that are not deprecated: {named(others)}.", page.exchange)
        missed = [model_id for model_id in wanted if model_id not in page.ids]
        expect(not missed, f"`{query}` does not return {named(missed)}.", page.exchange)


@BOOK.rule(Level.NOTE, needs=("lifecycle-filters", "order-is-stable"))
def lifecycles_add_up(subject: Subject) -> None:
    """Several lifecycles may be asked for; active and deprecated together are what is listed without.

    SDKs take a list of them.
    """
    _require_lifecycles(subject)
    for query in ("lifecycle[]=active&lifecycle[]=deprecated", "lifecycle=active,deprecated"):
        page = page_of(subject, f"limit=1000&{query}")
        expect_ids(each_once(page.ids), subject.ids[:MAX_LIMIT], f"`{query}` returns")


@BOOK.rule(Level.WARNING, needs=("page-is-served",))
def retired_are_left_out(subject: Subject) -> None:
    """Retired models are listed only when asked for.

    Users pick them, and then every message fails.
    """
    _require_lifecycles(subject)
    page = page_of(subject, "limit=1000")
    retired = [model["id"] for model in page.models if model.get("lifecycle") == "retired"]
    expect(not retired, f"Retired models are listed: {named(retired)}.")


def _require_lifecycles(subject: Subject) -> None:
    require(any("lifecycle" in model for model in subject.models), "models have no lifecycle, as in 2025")

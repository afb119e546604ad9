"""Models as people and programs read them."""

from callsheet.cli.output.capabilities import capability_lines
from callsheet.cli.output.provenance import print_provenance
from callsheet.cli.output.tables import day, print_json, print_record, put
from callsheet.domain.model import Lifecycle, Model
from callsheet.service.catalog import ModelWithAliases
from callsheet.service.provenance import WhoSays
from callsheet.service.records import model_record, provenance_record


def print_model(item: ModelWithAliases, said: WhoSays | None = None, *, as_json: bool) -> None:
    """Print all that is known of a model and, if it is given, who says so."""
    record = model_record(item)
    if as_json:
        provenance = {} if said is None else {"provenance": provenance_record(said)}
        print_json({**record, **provenance})
        return
    model = item.model
    counts = {"max_input_tokens": model.max_input_tokens, "max_tokens": model.max_tokens}
    words = {name: f"{count:,}" for name, count in counts.items() if count is not None}
    if model.capabilities is not None:
        words["capabilities"] = capability_lines(model.capabilities)
    print_record({**record, **words})
    if said is not None:
        put("")
        print_provenance(said)


def lifecycle_cell(model: Model) -> str:
    """Return the lifecycle of a model, when it retires, and whether it is hidden, for a table."""
    text = str(model.lifecycle)
    if model.retires_at is not None:
        text += f"{'' if model.lifecycle is Lifecycle.RETIRED else ', retires'} {day(model.record()['retires_at'])}"
    return f"{text}, hidden" if model.hidden else text

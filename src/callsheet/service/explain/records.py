"""Plain records of explanations: what the administration API sends, and ``--json`` prints."""

from collections.abc import Mapping, Sequence
from typing import Any

from callsheet.service.explain.explainer import Explained
from callsheet.service.explain.seeing import Sighting


def explanation_record(
    explained: Explained, clients: Sequence[Mapping[str, Any]] = (), fixes: Sequence[Mapping[str, Any]] = ()
) -> Mapping[str, Any]:
    """Return an explanation, the steps of clients, and fixes as `fix_record` returns them."""
    subject, explanation, causes, _ = explained
    steps = [
        {**step.record(), "cause": causes[step.check].record() if step.check in causes else None}
        for step in explanation.steps
    ]
    return {
        **explanation.record(),
        "for": subject.record(),
        "steps": steps,
        "clients": list(clients),
        "fixes": list(fixes),
    }


def sighting_record(sighting: Sighting) -> Mapping[str, Any]:
    """Return a model that is seen, and how far it is within reach."""
    model, reach = sighting
    return {
        "id": model.id,
        "display_name": model.display_name,
        "lifecycle": str(model.lifecycle),
        "reach": reach,
    }

"""Plain records of explanations: what the administration API sends, and ``--json`` prints."""

from collections.abc import Mapping, Sequence
from typing import Any

from callsheet.service.explain.explainer import Explained
from callsheet.service.explain.seeing import Sighting
from callsheet.service.explain.words import NameOf, why


def explanation_record(
    explained: Explained,
    name_of: NameOf,
    clients: Sequence[Mapping[str, Any]] = (),
    fixes: Sequence[Mapping[str, Any]] = (),
) -> Mapping[str, Any]:
    """Return an explanation, the steps of clients, and fixes as `fix_record` returns them.

    ``name_of`` gives the name of a workspace by its id, for the words of each step.
    """
    subject, explanation, causes, _ = explained
    steps = [
        {
            **step.record(),
            "why": why(subject, step, name_of, explanation.model_id),
            "cause": causes[step.check].record() if step.check in causes else None,
        }
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

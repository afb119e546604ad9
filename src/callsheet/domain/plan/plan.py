"""Plan: the changes that would bring what is to what should be, with what they mean to those who ask."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from callsheet.domain.claims.claims import Claims
from callsheet.domain.claims.manager import Manager
from callsheet.domain.errors import ConflictError
from callsheet.domain.plan.impact import NO_IMPACT, Impact
from callsheet.domain.plan.step import Step
from callsheet.domain.plan.warnings import PlanWarning, named

#: Of the JSON of a plan; it rises when a program that reads the one before could misread the next.
FORMAT_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would change, and for whom.

    Parameters
    ----------
    installation
        The organization id of the installation that it is for.
    base_revision
        The revision that it was made at. It may be applied at a later one, unless what it changes has changed.
    manager
        Who wants the changes.
    steps
        What changes, in an order in which it can.
    impact
        What that means to those who ask.
    warnings
        What a person should know first, most serious first.
    """

    installation: str
    base_revision: int
    manager: Manager
    steps: tuple[Step, ...] = ()
    impact: Impact = NO_IMPACT
    warnings: tuple[PlanWarning, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps

    def wanted(self) -> list[Claims]:
        """Return the claims that the steps lead to: what to ask for again when a plan that was kept is applied."""
        return [claims for step in self.steps if (claims := step.wanted) is not None]

    def record(self, max_ids: int | None = None) -> dict[str, Any]:
        """Return it as plain JSON values.

        `read_plan` reads them, unless there are ``max_ids``, which are as for `Impact.record`.
        """
        return {
            "format_version": FORMAT_VERSION,
            "installation": self.installation,
            "base_revision": self.base_revision,
            "manager": str(self.manager),
            "steps": [step.record() for step in self.steps],
            "impact": self.impact.record(max_ids),
            "warnings": [each.record() for each in self.warnings],
        }


def check_installation(plan: Plan, organization_id: str) -> None:
    """Raise ConflictError if ``plan`` was made for another installation than the one with this organization id."""
    if plan.installation != organization_id:
        raise ConflictError(
            f"The plan was made for the installation {plan.installation}, and this is {organization_id}; "
            "make a plan for this one."
        )


def check_not_stale(plan: Plan, steps: Iterable[Step], revision: int) -> None:
    """Check that the same changes would be decided now as when ``plan`` was made.

    Parameters
    ----------
    plan
        The plan.
    steps
        Those that the same wishes come to at present.
    revision
        The present one.

    Raises
    ------
    ConflictError
        They are not the same; the sentence names what has changed since.
    """
    moved = differing_subjects(plan.steps, steps)
    if moved:
        raise stale(plan, moved, revision)


def stale(plan: Plan, moved: Iterable[str], revision: int) -> ConflictError:
    """Return the refusal of a plan because ``moved``, subjects of its steps, have changed since it was made."""
    return ConflictError(
        f"The plan is stale: since revision {plan.base_revision} (it is {revision} now), these have changed: "
        f"{named(moved)}. Nothing was applied; make the plan again."
    )


def differing_subjects(planned: Iterable[Step], decided: Iterable[Step]) -> list[str]:
    """Return the subjects of the steps that are in only one of the two, or differ; each once, in order."""
    first, second = ({step.identity: step.decided for step in steps} for steps in (planned, decided))
    every = {**first, **second}
    return list(dict.fromkeys(step.subject for key, step in every.items() if first.get(key) != second.get(key)))

"""ManifestService: plans of catalogue files, and what is there as one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from callsheet.api.state import DEFAULTS, Options
from callsheet.domain.changes.change import AnyChange
from callsheet.domain.declared.held import Held
from callsheet.domain.errors import CallsheetError, InvalidError
from callsheet.domain.hints import Hint
from callsheet.domain.manifest import Collection, Manifest
from callsheet.domain.plan.plan import Plan
from callsheet.service.apply import Decide, Deciding, apply, check_applies, preview
from callsheet.service.manifests.checking import checked
from callsheet.service.manifests.deciding import Decision, decision_again, decision_of
from callsheet.service.manifests.export import Holders, export_manifest
from callsheet.storage.store import Store


def check_is_of_file(plan: Plan) -> None:
    """Raise InvalidError if ``plan`` is not that of a file."""
    if plan.manager.kind != "file":
        raise InvalidError(f"The plan is that of {plan.manager}, not of a file", hint=Hint.PLAN_FILES)


@dataclass(frozen=True, slots=True)
class Planned:
    """What a catalogue file would change.

    Parameters
    ----------
    plan
        The changes, their impact, and warnings.
    held
        What of the file does not count, as people, or files of a higher rank, decide it.
    decision
        What decided.
    """

    plan: Plan
    held: Sequence[Held]
    decision: Decision

    @property
    def is_in_sync(self) -> bool:
        """Whether everything is as the file says."""
        return self.plan.is_empty and not self.held

    def record(self) -> dict[str, Any]:
        """Return the steps of the plan, and what is held, as plain JSON values."""
        steps = self.plan.record()["steps"]
        return {"in_sync": self.is_in_sync, "steps": steps, "held": [each.record() for each in self.held]}


class ManifestService:
    """Catalogue files, planned and applied to one installation.

    Parameters
    ----------
    store
        Where the catalogue is kept.
    actor
        Who is put down in the change records.
    clock
        Gives the time (aware).
    secret_of
        Returns the secret that an environment variable holds, or None; None where no secrets are.
    options
        What the operator chose, as it decides what callers see.

    A method that raises has changed nothing. Each may also raise StorageError: the database cannot be used.
    """

    def __init__(
        self,
        store: Store,
        actor: str,
        clock: Callable[[], datetime],
        secret_of: Callable[[str], str | None] | None,
        options: Options = DEFAULTS,
    ) -> None:
        self._store = store
        self._actor = actor
        self._clock = clock
        self._secret_of = secret_of
        self._options = options

    def plan(self, manifest: Manifest, *, adopt: bool = False, max_deletes: int | None = None) -> Planned:
        """Return what ``manifest`` would change; nothing is written.

        Parameters
        ----------
        manifest
            What the files of one manager say.
        adopt
            Whether the file takes over what people have changed of the same things.
        max_deletes
            How many things may go; None for any number.

        Raises
        ------
        ManifestError
            What a file says cannot hold at present.
        RefusedError
            A change is not allowed, something protected would go, or more would go than is allowed.
        """
        now = self._clock()
        decision = decision_of(checked(manifest, now), self._secret_of, adopt=adopt, max_deletes=max_deletes)
        plan = preview(self._store, decision, now, manifest.manager, self._options)
        return Planned(replace(plan, warnings=(*plan.warnings, *decision.warnings)), decision.held, decision)

    def apply(self, planned: Planned) -> Sequence[AnyChange]:
        """Make the changes of a plan, all in one revision or none, and return them.

        Raises
        ------
        ConflictError
            What it changes has changed since.
        RefusedError
            As for `plan`.
        """
        return self._apply(planned.plan, planned.decision)

    def apply_saved(self, plan: Plan, *, max_deletes: int | None = None) -> Sequence[AnyChange]:
        """Make the changes of a plan that was kept; its file is not needed. Raises as `plan` and `apply`.

        Raises
        ------
        InvalidError
            It is not the plan of a file, or says what no file can.
        """
        return self._apply(plan, self._decide_saved(plan, max_deletes))

    def check_saved(self, plan: Plan, *, max_deletes: int | None = None) -> None:
        """Check that `apply_saved` would make the changes of a plan now; nothing is written. Raises as it."""
        check_applies(self._store, plan, self._decide_saved(plan, max_deletes), self._clock())

    def _decide_saved(self, plan: Plan, max_deletes: int | None) -> Decide:
        check_is_of_file(plan)
        decision = decision_again(plan, self._secret_of, max_deletes)

        def decide(deciding: Deciding) -> Sequence[AnyChange]:
            try:
                return decision(deciding)
            except CallsheetError:
                raise
            except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
                raise InvalidError("The plan says what no catalogue file can; make the plan again.") from error

        return decide

    def export(
        self, name: str, holders: Holders = Holders.PEOPLE, only: Sequence[Collection] | None = None
    ) -> Manifest:
        """Return what is there as a file of the manager ``name``; see `export_manifest`."""
        with self._store.read() as reading:
            return export_manifest(reading, name, holders, self._clock(), only)

    def _apply(self, plan: Plan, decision: Decide) -> Sequence[AnyChange]:
        if plan.is_empty:
            return ()
        return apply(self._store, plan, decision, self._actor, self._clock())

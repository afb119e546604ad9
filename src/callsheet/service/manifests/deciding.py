"""What a catalogue file comes to at present, and what a person should know of that."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import Action, AnyChange, Subject
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager
from callsheet.domain.declared.deciding import Declaring
from callsheet.domain.declared.declare import check_deletes, declare, wanted_by
from callsheet.domain.declared.held import Held
from callsheet.domain.declared.shadowed import remaining, shadowed
from callsheet.domain.manifest import Manifest
from callsheet.domain.model import Model
from callsheet.domain.plan.plan import Plan
from callsheet.domain.plan.warnings import PlanWarning
from callsheet.service.apply import Deciding
from callsheet.storage.transactions.read import ReadTransaction

_MAX_VALUE_CHARACTERS: Final = 60

#: Codes of the warnings that are about files.
HELD: Final = "held"
STAYS: Final = "stays"
NO_MODEL: Final = "no-model"


@dataclass(slots=True)
class Decision:
    """Decides what a file, or a plan of one, changes; may be asked again and again.

    Parameters
    ----------
    manager
        Whose file it is.
    wanted
        Gives the claims that are wanted at present.
    secret_of
        Returns the secret that an environment variable holds, or None; None where no secrets are.
    adopt
        Whether the file decides what people have changed, too.
    max_deletes
        How many things may go; None for any number.
    replaced, planned
        As of `Declaring`.
    held
        What the file did not decide when it was asked last.
    warnings
        What a person should know of what was decided last.
    """

    manager: Manager
    wanted: Callable[[Deciding], Sequence[Claims]]
    secret_of: Callable[[str], str | None] | None
    adopt: bool = False
    max_deletes: int | None = None
    replaced: frozenset[str] = frozenset()
    planned: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)
    warnings: list[PlanWarning] = field(default_factory=list)

    def __call__(self, deciding: Deciding) -> Sequence[AnyChange]:
        """Return what changes; raise RefusedError if it may not."""
        reading = deciding.reading
        wanted = self.wanted(deciding)
        declaring = Declaring(
            reading,
            self.manager,
            deciding.now,
            deciding.new,
            self.secret_of,
            self.adopt,
            self.replaced,
            self.planned,
        )
        changes = declare(declaring, wanted)
        check_deletes(changes, self.max_deletes)
        self.held = [*shadowed(reading, self.manager, wanted), *declaring.held]
        self.warnings = [*_about_held(self.held), *_about_left(reading, self.manager, wanted, changes)]
        self.warnings += _about_aliases(reading, wanted, changes)
        return changes


def decision_of(
    manifest: Manifest,
    secret_of: Callable[[str], str | None] | None,
    *,
    adopt: bool = False,
    max_deletes: int | None = None,
) -> Decision:
    """Return what decides about ``manifest``."""

    def wanted(deciding: Deciding) -> Sequence[Claims]:
        return wanted_by(deciding.reading, manifest, deciding.now, adopt=adopt)

    return Decision(manifest.manager, wanted, secret_of, adopt, max_deletes)


def decision_again(
    plan: Plan, secret_of: Callable[[str], str | None] | None, max_deletes: int | None = None
) -> Decision:
    """Return what decides the same as when ``plan``, the plan of a file, was made."""
    wanted = [
        Claims(
            step.subject,
            step.manager,
            lists=None if step.claims.after is None else step.claims.after["lists"],
            fields={} if step.claims.after is None else step.claims.after["fields"],
            kind=ClaimKind(step.kind),
        )
        for step in plan.steps
        if step.claims is not None and step.claims.before != step.claims.after  # equal: what was implied is stored
    ]
    keys = [step for step in plan.steps if step.kind is Subject.KEY]
    return Decision(
        plan.manager,
        lambda _deciding: wanted,
        secret_of,
        max_deletes=max_deletes,
        replaced=frozenset(step.subject for step in keys if step.action is Action.ROTATE),
        planned={step.subject: step.after for step in keys if step.before is None and step.after is not None},
    )


def _about_held(held: Iterable[Held]) -> list[PlanWarning]:
    by_manager: dict[str, list[Held]] = {}
    for each in held:
        by_manager.setdefault(each.manager, []).append(each)
    return [_held(manager, several) for manager, several in sorted(by_manager.items())]


def _held(manager: str, held: Sequence[Held]) -> PlanWarning:
    first = held[0]
    more = f", and {len(held) - 1:,} more" if len(held) > 1 else ""
    verb = "is" if len(held) == 1 else "are"
    sentence = (
        f"{first.field} of {first.subject} stays {_shown(first.present)}, not {_shown(first.wanted)}{more}: "
        f"{'it' if len(held) == 1 else 'they'} {verb} held by {manager}."
    )
    return PlanWarning(HELD, sentence, tuple(dict.fromkeys(each.subject for each in held)))


def _about_left(
    reading: ReadTransaction, manager: Manager, wanted: Sequence[Claims], changes: Sequence[AnyChange]
) -> Iterable[PlanWarning]:
    """Of models that leave the file and stay: who lists them, and what shows through."""
    models: dict[str, tuple[Model | None, Model | None]] = {}
    for change in changes:
        if isinstance(change.value, Model):
            before, after = change.before, change.after
            models[change.subject] = (
                before if isinstance(before, Model) else None,
                after if isinstance(after, Model) else None,
            )
    gone = frozenset(subject for subject, (_, after) in models.items() if after is None)
    for subject, other in remaining(reading, manager, wanted, gone):
        shown = _difference(*models.get(subject, (None, None)))
        yield PlanWarning(STAYS, f"{subject} leaves the file and stays, as {other} lists it{shown}.", (subject,))


def _difference(before: Model | None, after: Model | None) -> str:
    if before is None or after is None:
        return ""
    was = before.record()
    parts = [f"{name} becomes {_shown(value)}" for name, value in after.record().items() if value != was[name]]
    return f": {', '.join(parts)}" if parts else ""


def _about_aliases(
    reading: ReadTransaction, wanted: Iterable[Claims], changes: Iterable[AnyChange]
) -> Iterable[PlanWarning]:
    """Of aliases that would mean a model, if it existed."""
    aliases = [each for each in wanted if each.kind is ClaimKind.ALIAS and each.lists and "was" not in each.fields]
    after = {change.subject: change.after is not None for change in changes if isinstance(change.value, Model)}
    targets = {each.target for each in aliases if each.target is not None}
    known = {model.id for model in reading.models(targets - after.keys())}
    made = {change.subject for change in changes if isinstance(change.value, Alias) and change.after is not None}
    for each in aliases:
        target = str(each.target)
        if not after.get(target, target in known) and each.subject not in made:
            sentence = f"The alias {each.subject} means {target}, which is not in the catalogue; it waits for it."
            yield PlanWarning(NO_MODEL, sentence, (each.subject,))


def _shown(value: object) -> str:
    text = "not known" if value is None else str(value)
    return text if len(text) <= _MAX_VALUE_CHARACTERS else f"{text[:_MAX_VALUE_CHARACTERS]}…"

"""Explainer: the questions why and who, asked of one moment of an installation."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from callsheet.api.dialect import Dialect
from callsheet.api.explain import Asker, admission, explain
from callsheet.api.state import Options, State
from callsheet.domain.access.secret import fingerprint
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.changes.choosing import resolve_model
from callsheet.domain.explain import Check, Explanation, Step
from callsheet.domain.model import Model
from callsheet.domain.query import Reach
from callsheet.service.explain.causes import Cause, causes_of
from callsheet.service.explain.delegated import explain_unknown
from callsheet.service.explain.fixes import Fix, find_fixes
from callsheet.service.explain.matrix import RuleSet, Seers, matrix, rule_sets
from callsheet.service.explain.part import WHOLE, Page, Part
from callsheet.service.explain.seeing import Compared, Sighting, Viewers, compare, what_sees, who_sees
from callsheet.service.explain.subject import Subject, find_any, find_subject
from callsheet.service.retirements.find import STAGES, Retirement, Wanted, find_retirements
from callsheet.service.state.load import load
from callsheet.storage.reading import Reading


class Explained(NamedTuple):
    """Why a caller sees a model, or does not.

    Parameters
    ----------
    subject
        For whom it is explained.
    explanation
        The checks of a request.
    causes
        What brought about what they check, as far as that is known.
    fixes
        What would bring the model closer, the smallest change first.
    """

    subject: Subject
    explanation: Explanation
    causes: Mapping[Check, Cause]
    fixes: Sequence[Fix] = ()


class Seen(NamedTuple):
    """What a key or a workspace sees.

    Parameters
    ----------
    subject
        Which it is.
    refusal
        The check that it does not pass, whatever it asks for; None if it is answered.
    sightings
        The models that it can retrieve, in the order of the API.
    page
        The same with where they are among others; None if they are all there are.
    """

    subject: Subject
    refusal: Step | None
    sightings: Sequence[Sighting]
    page: Page | None = None


class Listed(NamedTuple):
    """What is listed for a key, or for any key of a workspace.

    Parameters
    ----------
    subject
        For whom.
    refusal
        The check that it does not pass, whatever it asks for; None if it is answered.
    workspace_id
        The workspace by whose rules it sees; empty if it is refused.
    models
        The models, in the order of the API.
    has_more
        Whether there may be more.
    """

    subject: Subject
    refusal: Step | None
    workspace_id: str
    models: Sequence[Model]
    has_more: bool = False


class Concerned(NamedTuple):
    """The retirements that concern a key or a workspace, or all of them.

    Parameters
    ----------
    subject
        Which it is; None for all.
    refusal
        The check that it does not pass, whatever it asks for; None if it is answered. Then nothing concerns it.
    found
        The retirements, the earliest date first.
    """

    subject: Subject | None
    refusal: Step | None
    found: Sequence[Retirement]


class Explainer:
    """One moment of an installation, for questions about it.

    Parameters
    ----------
    reading
        The transaction that the moment is of.
    options
        What the operator chose, as far as it decides what callers see.
    now
        The time (aware).
    proposes
        Whether explanations come with what would turn them; not of another moment than the present.
    state
        The State of the moment; None to load it, which takes long.

    Raises
    ------
    StorageError
        The database cannot be read.
    """

    def __init__(
        self,
        reading: Reading,
        options: Options,
        now: datetime,
        *,
        proposes: bool = True,
        state: State | None = None,
    ) -> None:
        self._reading = reading
        self._now = now
        self._proposes = proposes
        self.state: State = load(reading, options) if state is None else state

    def explain(
        self,
        name: str,
        key: str | None = None,
        workspace: str | None = None,
        dialect: Dialect = Dialect.ANTHROPIC,
        *,
        by_breadth: bool = True,
    ) -> Explained:
        """Return why a key, or any key of a workspace, sees the model that ``name`` means, or does not.

        With both, the request of the key names the workspace. ``by_breadth`` is as for `find_fixes`.

        Raises
        ------
        DoesNotExistError, ConflictError
            There is no such key or workspace, or the name is that of several keys.
        """
        subject = find_subject(self._reading, self._now, key, workspace, dialect)
        explanation = explain(self.state, subject.asker(self.state), name, self._now.timestamp())
        fixes: Sequence[Fix] = ()
        if self._proposes:
            fixes = find_fixes(self._reading, self.state, subject, name, self._now, by_breadth=by_breadth)
        return Explained(subject, explanation, causes_of(self._reading, explanation), fixes)

    def explain_secret(self, name: str, secret: str, dialect: Dialect = Dialect.ANTHROPIC) -> Explained:
        """Return why a request with ``secret`` sees the model that ``name`` means, or does not.

        About a secret that is not that of a key here, a gateway is asked, if there is one. Nothing of it is kept.
        """
        key = self._reading.key_with(fingerprint(secret))
        if key is not None:
            return self.explain(name, key.id, dialect=dialect)
        explanation, why = explain_unknown(self.state, secret, dialect, name)
        source = "" if self.state.delegation is None else self.state.delegation.source
        subject = Subject(dialect=dialect, gateway=source, why=why, is_secret=True)
        return Explained(subject, explanation, causes_of(self._reading, explanation))

    def who_sees(self, name: str) -> list[Viewers]:
        """Return who sees the model that ``name`` means; see `who_sees`.

        Raises
        ------
        DoesNotExistError
            There is no such model or alias.
        """
        resolve_model(self._reading, name)
        return who_sees(self.state, name, self._now.timestamp())

    def rule_sets(self, search: str = "") -> list[RuleSet]:
        """Return the distinct sets of rules; see `callsheet.service.explain.matrix.rule_sets`."""
        return rule_sets(self.state, self._now.timestamp(), search)

    def matrix(self, sets: Sequence[RuleSet] | None = None, ids: Sequence[str] | None = None) -> Iterator[Seers]:
        """Yield who sees what, piece by piece: of all sets of rules and all models, or of these."""
        models = None if ids is None else [model for model in map(self.state.catalog.get, ids) if model is not None]
        return matrix(self.state, self.rule_sets() if sets is None else sets, models)

    def model(self, name: str) -> Model:
        """Return the model that ``name``, an id or alias, means; DoesNotExistError if it means none."""
        return resolve_model(self._reading, name)

    def model_ids(self) -> list[str]:
        """Return the id of every model, in the order of the API."""
        return [model.id for model in self.state.catalog]

    def what_sees(self, name: str, part: Part = WHOLE) -> Seen:
        """Return the key or the workspace with this id or name, and the models that it can retrieve.

        Parameters
        ----------
        name
            Of the key or the workspace.
        part
            Which of the models.

        Raises
        ------
        DoesNotExistError, ConflictError
            There is neither, or both.
        InvalidError
            A cursor of ``part`` is not the id of a model.
        """
        subject = find_any(self._reading, name, self._now)
        asker, now = subject.asker(self.state), self._now.timestamp()
        refusals = (step for step in admission(self.state, asker, now).steps if not step.passes)
        page = part.of(self.state.catalog, partial(what_sees, self.state, asker, now))
        return Seen(subject, next(refusals, None), page.sightings, page)

    def diff(self, first: str, second: str, most: int | None = None) -> tuple[Subject, Subject, Compared]:
        """Return two keys or workspaces, and what they see differently; errors as for `what_sees`.

        ``most`` is as for `compare`.
        """
        subjects = [find_any(self._reading, name, self._now) for name in (first, second)]
        askers = [subject.asker(self.state) for subject in subjects]
        return subjects[0], subjects[1], compare(self.state, askers[0], askers[1], self._now.timestamp(), most)

    def retirements(
        self,
        wanted: Wanted = "pending",
        within: timedelta | None = None,
        key: str | None = None,
        workspace: str | None = None,
    ) -> Concerned:
        """Return which models retire, within this time from the moment on or at any; errors as for `explain`."""
        subject, refusal, sees = None, None, None
        if key is not None or workspace is not None:
            subject = self.subject(key, workspace)
            admitted = admission(self.state, subject.asker(self.state), self._now.timestamp())
            refusal = next((step for step in admitted.steps if not step.passes), None)
            if refusal is not None or admitted.workspace is None:
                return Concerned(subject, refusal, ())
            sees = admitted.workspace.id
        found = find_retirements(self.state, self._now, within=within, stages=STAGES[wanted], workspace_id=sees)
        return Concerned(subject, None, found)

    def subject(self, key: str | None = None, workspace: str | None = None) -> Subject:
        """Return the key or the workspace with this id or name; errors as for `find_subject`."""
        return find_subject(self._reading, self._now, key, workspace)

    def rules(self) -> Mapping[str, Visibility]:
        """Return the rules of the workspaces in use, by id."""
        return {each.id: each.visibility for each in self.state.workspaces.values()}

    def workspace_name(self, workspace_id: str) -> str:
        """Return the name of a workspace, archived ones too; its id if there is none."""
        found = next(iter(self._reading.workspaces([workspace_id])), None)
        return workspace_id if found is None else found.name

    def listed_for(self, key: str | None = None, workspace: str | None = None, most: int | None = None) -> Listed:
        """Return what is listed for a key, or for any key of a workspace; without either, of the default workspace.

        With both, the request of the key names the workspace. With ``most``, at most so many models are returned,
        as by `Part`.

        Raises
        ------
        DoesNotExistError, ConflictError
            As for `explain`.
        """
        if key is None and workspace is None:
            workspace = self.state.default_workspace_id
        subject = find_subject(self._reading, self._now, key, workspace)
        asker, now = subject.asker(self.state), self._now.timestamp()
        admitted = admission(self.state, asker, now)
        refusal = next((step for step in admitted.steps if not step.passes), None)
        workspace_id = "" if refusal is not None or admitted.workspace is None else admitted.workspace.id
        listed = Part(most).of(self.state.catalog, partial(_listed, self.state, asker, now))
        models = [model for model, _ in listed.sightings]
        return Listed(subject, refusal, workspace_id, models, listed.has_more)


def _listed(state: State, asker: Asker, now: float, models: Iterable[Model]) -> Iterator[Sighting]:
    return (each for each in what_sees(state, asker, now, models) if each.reach is Reach.LISTED)

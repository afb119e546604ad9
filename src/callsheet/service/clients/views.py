"""What a client shows of a list, model by model: the doctor's findings, turned round."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from callsheet.api.state import State
from callsheet.doctor.clients.rules import ClientRules
from callsheet.doctor.probe.texts import one_line
from callsheet.doctor.report import ClientReport, Finding, Play
from callsheet.service.clients.played import play_in


class ClientStep(NamedTuple):
    """Whether a client shows one model.

    Parameters
    ----------
    client, title
        What the client is called, in commands and by people.
    versions
        Those of its versions that do the same; with the ways of asking, where these differ.
    shows
        Whether its user sees the model.
    name
        What it is called there; empty if it is not shown.
    why, advice
        Why it is not shown, and what to do about it, as sentences; empty if it is.
    """

    client: str
    title: str
    versions: str
    shows: bool
    name: str = ""
    why: str = ""
    advice: str = ""

    def record(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return self._asdict()


def client_steps(
    state: State, rules: ClientRules, workspace_id: str, known: Sequence[str], model_id: str, now: datetime
) -> list[ClientStep]:
    """Return whether a client shows a model to those who see by the rules of a workspace, the newest version first.

    Parameters
    ----------
    state
        The installation.
    rules
        Those of the client.
    workspace_id
        The workspace.
    known
        Ids of the models that are listed for it.
    model_id
        The model.
    now
        The time (aware).
    """
    (report,) = play_in(state, workspace_id, known, [rules], now)
    outcomes: dict[_Outcome, list[Play]] = {}
    for play in report.plays:
        outcomes.setdefault(_outcome(play, one_line(model_id)), []).append(play)
    return [
        ClientStep(report.name, report.title, _versions(plays, report.plays), *each)
        for each, plays in outcomes.items()
    ]


class _Outcome(NamedTuple):
    """The fields of a `ClientStep` that are not about who."""

    shows: bool
    name: str
    why: str
    advice: str


def _outcome(play: Play, model_id: str) -> _Outcome:
    if play.shown is not None and model_id in play.shown:
        return _Outcome(True, play.names[play.shown.index(model_id)], "", "")
    return _Outcome(False, "", *_whys(play)(model_id))


def _whys(play: Play) -> Callable[[str], tuple[str, str]]:
    """Return a function of the id of a model that is not shown: why that is, and what to do about it."""
    about: dict[str, Finding] = {}
    for finding in play.findings:
        for model_id in finding.models:
            about.setdefault(model_id, finding)
    general = next(iter(play.findings), None)

    def why(model_id: str) -> tuple[str, str]:
        finding = about.get(model_id, general)
        return ("It does not get it.", "") if finding is None else (finding.sentence, finding.advice)

    return why


class LeftOut(NamedTuple):
    """Listed models that a client does not show, all for the same reason.

    Parameters
    ----------
    why, advice
        The reason, and what to do about it, as sentences; the second may be empty.
    ids
        The models, in the order of the API.
    """

    why: str
    advice: str
    ids: tuple[str, ...]

    def record(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {**self._asdict(), "ids": list(self.ids)}


class ShownModel(NamedTuple):
    """A model that a client shows, and the name that its user reads."""

    id: str
    name: str


class ClientView(NamedTuple):
    """What some versions of a client show of a list.

    Parameters
    ----------
    client, title
        What the client is called, in commands and by people.
    versions
        Which of its versions, with the ways of asking where these differ; empty for all.
    listed
        How many models are listed.
    shown
        Those that its user sees; None if the client gets no list.
    left_out
        The others, by reason.
    """

    client: str
    title: str
    versions: str
    listed: int
    shown: tuple[ShownModel, ...] | None
    left_out: tuple[LeftOut, ...]

    def record(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        shown = None if self.shown is None else [each._asdict() for each in self.shown]
        return {**self._asdict(), "shown": shown, "left_out": [each.record() for each in self.left_out]}


def client_views(reports: Iterable[ClientReport], known: Sequence[str]) -> list[ClientView]:
    """Return what each client shows of the listed models ``known``, the newest version of each first.

    Versions that show the same for the same reasons are one view.
    """
    views = []
    for report in reports:
        alike: dict[tuple[tuple[ShownModel, ...] | None, tuple[LeftOut, ...]], list[Play]] = {}
        for play in report.plays:
            shown = None if play.shown is None else tuple(map(ShownModel, play.shown, play.names))
            alike.setdefault((shown, _left_out(play, known)), []).append(play)
        for (shown, left_out), plays in alike.items():
            versions = "" if len(plays) == len(report.plays) else _versions(plays, report.plays)
            views.append(ClientView(report.name, report.title, versions, len(known), shown, left_out))
    return views


def _left_out(play: Play, known: Sequence[str]) -> tuple[LeftOut, ...]:
    why, shown = _whys(play), frozenset(play.shown or ())
    groups: dict[tuple[str, str], list[str]] = {}
    for model_id in known:
        line = one_line(model_id)
        if line not in shown:
            groups.setdefault(why(line), []).append(model_id)
    return tuple(LeftOut(*reason, tuple(ids)) for reason, ids in groups.items())


def _versions(plays: Sequence[Play], every: Sequence[Play]) -> str:
    """Which versions do the same, with their ways of asking where those of one version differ."""
    named = (
        each.versions
        if all(other in plays for other in every if other.versions == each.versions)
        else f"{each.versions}, {each.way}"
        for each in plays
    )
    return "; ".join(dict.fromkeys(named))

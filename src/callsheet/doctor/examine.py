"""Examine: play the clients, check the rules, and make the report."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from callsheet._version import __version__
from callsheet.doctor.contact import make_contact
from callsheet.doctor.marking import Progress, mark
from callsheet.doctor.player import MAX_REQUESTS, ExhaustedError, Player
from callsheet.doctor.playing import play_client
from callsheet.doctor.reading import read_listing
from callsheet.doctor.report import Level, Report, score_of, worst_of
from callsheet.doctor.rules import ClientRules
from callsheet.doctor.secrecy import Secrecy
from callsheet.doctor.subject import ANTHROPIC, ANTHROPIC_BEARER, OPENAI, WHOLE, Subject
from callsheet.doctor.target import Target
from callsheet.domain.errors import DoctorError


def examine(
    target: Target,
    key: str,
    clients: Sequence[ClientRules],
    *,
    patience: float,
    model: str | None = None,
    alias: str | None = None,
    progress: Progress = lambda _what: None,
) -> Report:
    """Examine a server and return the report, which tells the key nowhere.

    Parameters
    ----------
    key
        An API key of the server.
    clients
        Those to be played.
    patience
        Seconds to wait for one answer.
    model, alias
        Names known to exist.
    progress
        Is told what is being done.

    Raises
    ------
    DoctorError
        The server cannot be examined; the sentence says what to do.
    """
    secrecy = Secrecy(key)
    try:
        with Player(target, key, patience) as player:
            report = _examine(player, clients, model, alias, progress)
    except DoctorError as error:
        raise DoctorError(secrecy.hide(str(error))) from None
    return secrecy.hide_in(report)


def _examine(
    player: Player, clients: Sequence[ClientRules], model: str | None, alias: str | None, progress: Progress
) -> Report:
    began, at = time.perf_counter(), datetime.now(UTC)
    progress("Asking for the list…")
    subject = make_contact(player, model, alias)
    played = []
    for rules in clients:
        progress(f"Asking as {rules.title}…")
        played.append(play_client(rules, subject.play, subject.ids))
    speaks = _dialects(subject)
    sections = mark(subject, progress)
    checks = [check for section in sections for check in section.checks]
    levels = [finding.level for client in played for finding in client.findings]
    levels += [check.level for check in checks if check.is_broken]
    levels += [Level.WARNING] if player.budget.closed else []
    return Report(
        callsheet=__version__,
        url=player.target.base_url,
        at=at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        requests=MAX_REQUESTS - player.budget.requests,
        seconds=round(time.perf_counter() - began, 3),
        models=tuple(subject.ids),
        is_whole=subject.is_whole,
        unfinished=player.budget.closed,
        speaks=speaks,
        clients=tuple(played),
        sections=sections,
        score=score_of(checks),
        worst=worst_of(levels),
    )


def _dialects(subject: Subject) -> tuple[str, ...]:
    """In which dialects it lists models; what was asked before is not asked again."""
    found = set()
    for headers in (ANTHROPIC, ANTHROPIC_BEARER, OPENAI):
        try:
            listing = read_listing(subject.ask(WHOLE, headers))
        except ExhaustedError:
            break
        if listing is not None:
            found.add("anthropic" if listing.is_anthropic else "openai")
    return tuple(sorted(found))

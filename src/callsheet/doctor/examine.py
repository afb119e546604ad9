"""Examine: play the clients, check the rules, and make the report."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from callsheet._version import __version__
from callsheet.doctor.clients.play import play_client
from callsheet.doctor.clients.rules import ClientRules, Way
from callsheet.doctor.contract.run import Progress, mark
from callsheet.doctor.probe.connect import make_contact
from callsheet.doctor.probe.headers import Extra, Headers, overlaid, read_variable
from callsheet.doctor.probe.listing import read_listing
from callsheet.doctor.probe.player import MAX_REQUESTS, ExhaustedError, Player
from callsheet.doctor.probe.server import ANTHROPIC, ANTHROPIC_BEARER, OPENAI, WHOLE, Subject
from callsheet.doctor.probe.target import Target
from callsheet.doctor.probe.wrappers import Wrapper
from callsheet.doctor.redact import Secrecy
from callsheet.doctor.report import Level, Report, score_of, worst_of
from callsheet.domain.errors import DoctorError

_NOTHING: Final = Extra()


def examine(
    target: Target,
    key: str,
    clients: Sequence[ClientRules],
    *,
    patience: float,
    model: str | None = None,
    alias: str | None = None,
    extra: Extra = _NOTHING,
    environment: Mapping[str, str] | None = None,
    focused: bool = False,
    progress: Progress = lambda _what: None,
) -> Report:
    """Examine a server and return the report, which holds neither the key nor the values of added headers.

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
    extra
        Headers that are added to every request.
    environment
        Environment variables; clients that read headers from one are played with these.
    focused
        Whether broken rules of the contract do not count in the report's `worst`.
    progress
        Is told what is being done.

    Raises
    ------
    DoctorError
        The server cannot be examined; the sentence says what to do.
    """
    names = {way.custom_headers for rules in clients for way in rules.ways if way.custom_headers}
    customs = {name: read_variable((environment or {}).get(name, "")) for name in names}
    values = {name: value for each in (extra, *customs.values()) for name, value in each.values.items()}
    secrecy = Secrecy(key, *values.values())
    try:
        with Player(target, key, patience, values=values) as player:
            examination = _Examination(player, clients, extra, customs, focused, progress)
            report = examination.report(model, alias)
    except DoctorError as error:
        raise DoctorError(secrecy.hide(str(error))) from None
    return secrecy.hide_in(report)


@dataclass(frozen=True)
class _Examination:
    """What an examination is made with."""

    player: Player
    clients: Sequence[ClientRules]
    extra: Extra
    customs: Mapping[str, Extra]
    focused: bool
    progress: Progress

    def report(self, model: str | None, alias: str | None) -> Report:
        """Ask, check, and say what was found."""
        began, at = time.perf_counter(), datetime.now(UTC)
        self.progress("Asking for the list…")
        custom = next((each.pairs for each in self.customs.values() if each.pairs), ())
        subject = make_contact(self.player, model, alias, self.extra.pairs, custom)
        played = []
        for rules in self.clients:
            self.progress(f"Asking as {rules.title}…")
            played.append(play_client(rules, subject.play, subject.ids, self._added))
        speaks = _dialects(subject)
        sections = mark(subject, self.progress)
        checks = [check for section in sections for check in section.checks]
        levels = [finding.level for client in played for finding in client.findings]
        levels += [check.level for check in checks if check.is_broken and not self.focused]
        budget = self.player.budget
        levels += [Level.WARNING] if budget.closed else []
        return Report(
            callsheet=__version__,
            url=self.player.target.base_url,
            at=at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            requests=MAX_REQUESTS - budget.requests,
            seconds=round(time.perf_counter() - began, 3),
            models=tuple(subject.ids),
            is_whole=subject.is_whole,
            unfinished=budget.closed,
            focused=self.focused,
            speaks=speaks,
            clients=tuple(played),
            sections=sections,
            score=score_of(checks),
            worst=worst_of(levels),
        )

    def _added(self, way: Way) -> Headers:
        """The headers that a way of asking sends beside its own."""
        custom = self.customs[way.custom_headers].pairs if way.custom_headers else ()
        return overlaid(self.extra.pairs, custom)


def _dialects(subject: Subject) -> tuple[str, ...]:
    """In which dialects it lists models; what was asked before is not asked again."""
    found = set()
    for headers in (ANTHROPIC, ANTHROPIC_BEARER, OPENAI):
        try:
            listing = read_listing(subject.ask(WHOLE, headers))
        except ExhaustedError:
            break
        if listing is not None and listing.wrapper is Wrapper.OBJECT:
            found.add("anthropic" if listing.is_anthropic else "openai")
    return tuple(sorted(found))

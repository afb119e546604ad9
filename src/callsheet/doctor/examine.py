"""Examine a server: play the clients, check the contract, and make the report."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from callsheet._version import __version__
from callsheet.doctor.clients.play import play_client
from callsheet.doctor.clients.rules import ClientRules, Way
from callsheet.doctor.contract.run import Progress, check_contract
from callsheet.doctor.probe.budget import MAX_REQUESTS, BudgetExhaustedError
from callsheet.doctor.probe.connect import connect
from callsheet.doctor.probe.headers import ExtraHeaders, Headers, merge_headers, parse_header_variable
from callsheet.doctor.probe.listing import read_listing
from callsheet.doctor.probe.sender import Sender
from callsheet.doctor.probe.server import ANTHROPIC, ANTHROPIC_BEARER, OPENAI, WHOLE, Server
from callsheet.doctor.probe.target import Target
from callsheet.doctor.probe.wrappers import Wrapper
from callsheet.doctor.redact import Redactor
from callsheet.doctor.report import ClientReport, Level, Report, Section, score_of, worst_of
from callsheet.domain.errors import DoctorError

_NO_HEADERS: Final = ExtraHeaders()


def examine(
    target: Target,
    key: str,
    clients: Sequence[ClientRules],
    *,
    timeout: float,
    model: str | None = None,
    alias: str | None = None,
    extra: ExtraHeaders = _NO_HEADERS,
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
        The clients whose requests are sent.
    timeout
        Seconds to wait for one response.
    model, alias
        Names known to exist.
    extra
        Headers that are added to every request.
    environment
        Environment variables; some clients add the headers in one of them.
    focused
        Whether only findings about ``clients`` count in the report's `worst`, and no broken rules.
    progress
        Called with a sentence on each step.

    Raises
    ------
    NoListError
        The server answers, but not with a list; the sentence says what to do.
    DoctorError
        The server cannot be examined; the sentence says what to do.
    """
    names = {way.custom_headers for rules in clients for way in rules.ways if way.custom_headers}
    customs = {name: parse_header_variable((environment or {}).get(name, "")) for name in names}
    values = {name: value for each in (extra, *customs.values()) for name, value in each.values.items()}
    redactor = Redactor(key, *values.values())
    try:
        with Sender(target, key, timeout, values=values) as sender:
            examination = _Examination(sender, clients, extra, customs, focused, progress)
            report = examination.report(model, alias)
    except DoctorError as error:
        raise type(error)(redactor.redact(str(error))) from None
    return redactor.redact_in(report)


@dataclass(frozen=True)
class _Examination:
    sender: Sender
    clients: Sequence[ClientRules]
    extra: ExtraHeaders
    customs: Mapping[str, ExtraHeaders]  # by the environment variable that they are in
    focused: bool
    progress: Progress

    def report(self, model: str | None, alias: str | None) -> Report:
        """Play the clients, check the contract, and return the report."""
        began, at = time.perf_counter(), datetime.now(UTC)
        self.progress("Asking for the list…")
        custom = next((each.pairs for each in self.customs.values() if each.pairs), ())
        server = connect(self.sender, model, alias, self.extra.pairs, custom)
        clients = tuple(self._play(rules, server) for rules in self.clients)
        dialects = _dialects(server)
        sections = check_contract(server, self.progress)
        budget = self.sender.budget
        return Report(
            callsheet=__version__,
            url=self.sender.target.base_url,
            at=at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            requests=MAX_REQUESTS - budget.requests,
            seconds=round(time.perf_counter() - began, 3),
            models=tuple(server.ids),
            is_whole=server.is_whole,
            unfinished=budget.closed,
            focused=self.focused,
            speaks=dialects,
            clients=clients,
            sections=sections,
            score=score_of(check for section in sections for check in section.checks),
            worst=worst_of(self._levels(clients, sections)),
        )

    def _play(self, rules: ClientRules, server: Server) -> ClientReport:
        self.progress(f"Asking as {rules.title}…")
        return play_client(rules, server.send, server.ids, self._added_headers)

    def _added_headers(self, way: Way) -> Headers:
        """Return the headers that the caller adds to a client's own."""
        custom = self.customs[way.custom_headers].pairs if way.custom_headers else ()
        return merge_headers(self.extra.pairs, custom)

    def _levels(self, clients: Sequence[ClientReport], sections: Sequence[Section]) -> Iterator[Level]:
        """Yield the level of everything that counts in the report's `worst`."""
        for client in clients:
            yield from (finding.level for finding in client.findings)
        if not self.focused:
            yield from (check.level for section in sections for check in section.checks if check.is_broken)
        if self.sender.budget.closed:
            yield Level.WARNING


def _dialects(server: Server) -> tuple[str, ...]:
    """Return the dialects in which the server lists models, from requests that were sent before."""
    found = set()
    for headers in (ANTHROPIC, ANTHROPIC_BEARER, OPENAI):
        try:
            listing = read_listing(server.request(WHOLE, headers))
        except BudgetExhaustedError:
            break
        if listing is not None and listing.wrapper is Wrapper.OBJECT:
            found.add("anthropic" if listing.is_anthropic else "openai")
    return tuple(sorted(found))

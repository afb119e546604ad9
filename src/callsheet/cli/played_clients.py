"""What known clients show of the list that this installation serves, without a server: the doctor's rules on it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from callsheet.api.answer import answer
from callsheet.api.request import Request
from callsheet.api.state import Options
from callsheet.doctor.clients.play import play_client
from callsheet.doctor.clients.rules import load_clients
from callsheet.doctor.probe.exchange import Exchange, ProbeRequest, ProbeResponse
from callsheet.doctor.report import ClientReport
from callsheet.domain.query import is_listed
from callsheet.service.state.load import load
from callsheet.storage.store import Store

_MAX_NAMED: Final = 3

#: The client for which a source can list further names.
_PICKER: Final = "claude-code"

_REQUEST_ID: Final = "req_0100000000000000000000"


def play_clients(store: Store, options: Options, now: datetime) -> tuple[Sequence[str], Sequence[ClientReport]]:
    """Return the ids that are listed to a key of the default workspace, and what each client shows of them.

    Parameters
    ----------
    store
        The database, ready for use.
    options
        What the operator chose.
    now
        The time (aware).

    Raises
    ------
    StorageError
        The database cannot be used.
    """
    with store.read() as reading:
        state = load(reading, replace(options, any_key=True), with_keys=False)

    def send(asked: ProbeRequest) -> Exchange:
        path, _, query = asked.target.partition("?")
        headers = [(name.encode(), value.encode()) for name, value in asked.headers]
        request = Request(asked.method, path.encode(), query.encode(), headers, now.timestamp(), _REQUEST_ID)
        answered = answer(state, request, again=False)
        named = {name.decode("latin-1"): value.decode("latin-1") for name, value in answered.headers}
        return Exchange("", asked, 0.0, ProbeResponse(answered.status, named, answered.body))

    with store.read() as reading:
        known = [each.id for each in reading.models() if is_listed(each.lifecycle, hidden=each.hidden)]
    return known, [play_client(rules, send, known) for rules in load_clients()]


def client_lines(
    known: Sequence[str], clients: Sequence[ClientReport], *, names_by_client: bool = False
) -> Iterator[str]:
    """Yield a line for each client that does not show all of ``known``, with the reason, and one for all others.

    Parameters
    ----------
    known, clients
        What `play_clients` returns.
    names_by_client
        Whether the gateway gives Claude Code other names for its models, which it shows.
    """
    everything = []
    for client in clients:
        play = client.plays[0]  # of its newest release
        if play.shown is not None and len(play.shown) == len(known):
            everything.append(client.title)
            continue
        shown = 0 if play.shown is None else len(play.shown)
        why = next((finding.sentence for finding in play.findings), "")
        left_out = [model_id for model_id in known if model_id not in set(play.shown or ())]
        yield f"{client.title} shows {shown:,} of {len(known):,}. {why} Left out: {_some(left_out)}."
        if client.name == _PICKER and names_by_client:
            yield f"For a key of the gateway, {client.title} shows these under names that the gateway gives them."
        elif client.name == _PICKER and any(finding.code == "dropped" for finding in play.findings):
            yield "If the gateway takes other names for them, such as anthropic/ID, list those as well:"
            yield "  callsheet sources change gateway --picker-prefix anthropic/"
    if everything:
        whole = f"all {len(known):,}" if len(known) > 1 else "the only model"
        yield f"These show {whole}: {', '.join(everything)}."


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMED:,} more" if len(names) > _MAX_NAMED else ""
    return f"{', '.join(names[:_MAX_NAMED])}{more}"

"""What known clients show of the list that this installation serves, without a server: the doctor's rules on it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from shlex import quote
from typing import Final

from callsheet.api.answer import answer
from callsheet.api.request import Request
from callsheet.api.state import Options, State
from callsheet.doctor.clients.play import play_client
from callsheet.doctor.clients.rules import ClientRules, load_clients
from callsheet.doctor.clients.walk import Send
from callsheet.doctor.probe.exchange import Exchange, ProbeRequest, ProbeResponse
from callsheet.doctor.report import ClientReport
from callsheet.domain.access.keyring import Keyring
from callsheet.domain.query import is_listed
from callsheet.service.state.load import load
from callsheet.sources.upstream import SourceKind
from callsheet.storage.store import Store

_MAX_NAMED: Final = 3

#: After which a client is stopped: enough for 20,000 models by 20, the smallest page that is common.
_MAX_PAGES: Final = 1_000

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
        state = load(reading, options, with_keys=False)
    known = [each.id for each in state.catalog if is_listed(each.lifecycle, hidden=each.hidden)]
    return known, play_in(state, state.default_workspace_id, known, load_clients(), now)


def play_in(
    state: State, workspace_id: str, known: Sequence[str], clients: Iterable[ClientRules], now: datetime
) -> list[ClientReport]:
    """Return what clients make of the list that those get who see by the rules of a workspace.

    Parameters
    ----------
    state
        The installation.
    workspace_id
        The workspace.
    known
        Ids of the models that are listed for it.
    clients
        Their rules.
    now
        The time (aware).
    """
    open_to_all = replace(
        state,
        options=replace(state.options, any_key=True),
        keyring=Keyring(),
        default_workspace_id=workspace_id,
        delegation=None,
    )
    send = sends_to(open_to_all, now)
    return [play_client(rules, send, known, max_pages=_MAX_PAGES) for rules in clients]


def sends_to(state: State, now: datetime) -> Send:
    """Return what answers the requests of a client from ``state``, as a server would at ``now`` (aware)."""

    def send(asked: ProbeRequest) -> Exchange:
        path, _, query = asked.target.partition("?")
        headers = [(name.encode(), value.encode()) for name, value in asked.headers]
        request = Request(asked.method, path.encode(), query.encode(), headers, now.timestamp(), _REQUEST_ID)
        answered = answer(state, request, again=False)
        named = {name.decode("latin-1"): value.decode("latin-1") for name, value in answered.headers}
        return Exchange("", asked, 0.0, ProbeResponse(answered.status, named, answered.body))

    return send


def client_lines(
    known: Sequence[str],
    clients: Sequence[ClientReport],
    *,
    names_by_client: bool = False,
    kind: SourceKind = SourceKind.OPENAI,
) -> Iterator[str]:
    """Yield a line for each client that does not show all of ``known``, with the reason, and one for all others.

    Parameters
    ----------
    known, clients
        What `play_clients` returns.
    names_by_client
        Whether the gateway gives Claude Code other names for its models, which it shows.
    kind
        What answers at the gateway.
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
            yield from _naming_lines(kind, client.title, left_out)
    if everything:
        whole = f"all {len(known):,}" if len(known) > 1 else "the only model"
        yield f"These show {whole}: {', '.join(everything)}."


def _naming_lines(kind: SourceKind, title: str, left_out: Sequence[str]) -> Iterator[str]:
    """Yield how models get names that a client shows."""
    if kind is SourceKind.OLLAMA:
        first = left_out[0]
        yield f"{title} shows a model of Ollama that has a second name with claude in it. To give it one:"
        yield f"  ollama cp {quote(first)} {quote(f'claude-{first}')}"
    else:
        yield "If the gateway takes other names for them, such as anthropic/ID, list those as well:"
        yield "  callsheet sources change gateway --picker-prefix anthropic/"
        yield "To undo that: callsheet sources change gateway --clear picker-prefix"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMED:,} more" if len(names) > _MAX_NAMED else ""
    return f"{', '.join(names[:_MAX_NAMED])}{more}"

"""What known clients show of the list that this installation serves, without a server: the doctor's rules on it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
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
from callsheet.storage.store import Store

#: After which a client is stopped: enough for 20,000 models by 20, the smallest page that is common.
_MAX_PAGES: Final = 1_000

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

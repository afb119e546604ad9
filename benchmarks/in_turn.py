"""Very many delegated keys, each known, and as many local ones: processor time of answers that are not cached."""

import gc
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from random import Random
from statistics import median
from typing import Final, NamedTuple

from benchmarks.options import Options
from benchmarks.terminal import progress
from callsheet.api.answer import select_body, success_response
from callsheet.api.grants import Grants, Verdict
from callsheet.api.request import Request
from callsheet.api.state import State
from callsheet.domain.access.delegation import Delegation
from callsheet.domain.access.grant import GrantedModels
from callsheet.domain.access.keyring import NEVER, KeyRecord, Keyring
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.catalog import Catalog
from callsheet.domain.model import Model
from callsheet.http.public.cache import ResponseCache

_THEN: Final = datetime(2026, 1, 1, tzinfo=UTC)
_GRANTED_MODELS: Final = 20
_UNTIL: Final = 4e9  # seconds since the epoch
_MIB: Final = 2**20


class Asked(NamedTuple):
    """Keys of one kind, each asking for list 20 in turn."""

    kind: str
    keys: int
    microseconds: float
    views_mib: float
    grants_mib: float


def ask_in_turn(options: Options) -> list[Asked]:
    """Measure as many local keys as the crowd has workspaces, each in its own, and as many delegated keys."""
    count = options.crowd[1]
    progress(f"Delegated keys: {count:,} in turn…")
    models = [_model(number) for number in range(options.small.size)]
    secrets = [b"sk-in-turn-%d" % number for number in range(count)]
    states = {"local": _local(models, secrets), "delegated": _delegated(models, secrets)}
    caches: dict[str, ResponseCache[bytes]] = {kind: ResponseCache(0) for kind in states}
    times: dict[str, list[float]] = {kind: [] for kind in states}
    for number in range(min(options.rounds, 5) + 1):
        for kind, state in states.items():
            spent = _ask_all(state, caches[kind], secrets)
            if number:  # in the first round, everything is prepared
                times[kind].append(spent)
    return [
        Asked(
            kind,
            count,
            median(times[kind]),
            state.views.memory.measure() / _MIB,
            state.grants.total_bytes / _MIB,
        )
        for kind, state in states.items()
    ]


def _ask_all(state: State, cache: ResponseCache[bytes], secrets: Sequence[bytes]) -> float:
    """Microseconds of processor time that an answer takes, by the steps of the fast path without its connection."""
    gc.collect()
    begun = time.process_time()
    for secret in secrets:
        headers = [(b"x-api-key", secret), (b"anthropic-version", b"2023-06-01")]
        caller = cache.caller(state, secret, lambda sent=headers: sent, 0.0).caller  # type: ignore[misc]
        request = Request("GET", b"/v1/models", b"limit=20", (), 0.0, "req_01abcdefghijkmnopqrstuvw")
        body = select_body(caller, (), request.query)
        success_response(caller, body, request, again=False, whole=True)
    return (time.process_time() - begun) / len(secrets) * 1e6


def _model(number: int) -> Model:
    return Model(
        id=f"claude-model-{number}",
        display_name=f"Claude Model {number}",
        created_at=_THEN,
        line="opus",
        max_input_tokens=1_000_000,
        max_tokens=128_000,
        capabilities={name: {"supported": True} for name in ("batch", "citations", "image_input", "pdf_input")},
    )


def _local(models: list[Model], secrets: Sequence[bytes]) -> State:
    """Each key in a workspace of its rules."""
    workspaces = {}
    for number in range(len(secrets)):
        rules = Visibility(deny=(models[number % len(models)].id, f"nothing-{number}"))
        workspace_id = f"wrkspc_{number}"
        workspaces[workspace_id] = Workspace(
            id=workspace_id, name=f"Workspace {number}", visibility=rules, created_at=_THEN
        )
    keys = [
        (sha256(secret).hexdigest(), KeyRecord(f"apikey_{number}", f"wrkspc_{number}", True, NEVER))
        for number, secret in enumerate(secrets)
    ]
    return State(
        catalog=Catalog(models),
        keyring=Keyring.of(keys),
        workspaces=workspaces,
        organization_id="00000000-0000-4000-8000-000000000000",
        default_workspace_id="wrkspc_0",
    )


def _delegated(models: list[Model], secrets: Sequence[bytes]) -> State:
    """Each key with a list that hardly any other has."""
    grants, chance = Grants(b"key of the benchmark, 32 bytes.."), Random(1)
    for secret in secrets:
        granted = GrantedModels(chance.sample(models, min(_GRANTED_MODELS, len(models))))
        grants.put(secret, Verdict.ACCEPTED, granted, 0.0, _UNTIL)
    default = Workspace(id="wrkspc_0", name="Default", created_at=_THEN)
    return State(
        catalog=Catalog(models),
        keyring=Keyring(),
        workspaces={default.id: default},
        organization_id="00000000-0000-4000-8000-000000000000",
        default_workspace_id=default.id,
        delegation=Delegation("gateway"),
        grants=grants,
    )

"""States as values: no database, for tests that need thousands of requests."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256

from callsheet.api.answer import Response, answer
from callsheet.api.request import Header, Request
from callsheet.api.state import Options, State
from callsheet.domain.access.key import APIKey
from callsheet.domain.access.keyring import Keyring
from callsheet.domain.access.visibility import SEES_ALL, Visibility
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.catalog import Catalog
from callsheet.domain.model import Model

SECRET = "sk-cs-for-tests-only"
WORKSPACE_ID = "wrkspc_default"
REQUEST_ID = "req_01abcdefghijkmnopqrstuvw"
_THEN = datetime(2026, 1, 1, tzinfo=UTC)


def make_state(
    models: Iterable[Model] = (), options: Options | None = None, visibility: Visibility = SEES_ALL
) -> State:
    """A State with one workspace and one key of the organization, whose secret is `SECRET`."""
    key = APIKey(
        id="apikey_test",
        name="test",
        workspace_id=None,
        fingerprint=sha256(SECRET.encode()).digest(),
        hint="only",
        created_at=_THEN,
    )
    workspace = Workspace(id=WORKSPACE_ID, name="Default", visibility=visibility, created_at=_THEN)
    return State(
        catalog=Catalog(models),
        keyring=Keyring([key]),
        workspaces={WORKSPACE_ID: workspace},
        organization_id="00000000-0000-4000-8000-000000000000",
        default_workspace_id=WORKSPACE_ID,
        options=options or Options(),
    )


def ask(
    state: State,
    path: bytes = b"/v1/models",
    query: bytes = b"",
    headers: Iterable[Header] = ((b"x-api-key", SECRET.encode()), (b"anthropic-version", b"2023-06-01")),
    method: str = "GET",
) -> Response:
    """What `answer` says."""
    return answer(state, Request(method, path, query, list(headers), time.time(), REQUEST_ID))

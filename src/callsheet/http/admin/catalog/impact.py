"""What several calls would change together: ``/v1/organizations/impact``."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, Literal

from pydantic import BaseModel, Field, ValidationError

from callsheet.domain.access.admin_key import Scope
from callsheet.http.admin.asking import read_query
from callsheet.http.admin.endpoint import ROOT, Answer, Asked, Body, Doing, Endpoint, Input, Routes
from callsheet.http.admin.errors import AdminError, Code, invalid
from callsheet.http.admin.fingerprints import seen
from callsheet.service.apply import rehearse
from callsheet.service.ids import NewThings
from callsheet.storage.store import Rehearsal, Store

_MAX_CALLS: Final = 100


class Call(Input):
    """A call of this API that changes something."""

    method: Literal["POST", "DELETE"] = "POST"
    path: str = Field(description="Such as /v1/organizations/catalog/retire.")
    body: dict[str, Any] = Field(default_factory=dict)


class Calls(Input):
    """Calls, each of which is decided by what is there now."""

    calls: list[Call] = Field(min_length=1, max_length=_MAX_CALLS)


class PlanAnswer(BaseModel):
    """What would change, and for whom."""

    type: Literal["plan"]
    format_version: int
    installation: str
    base_revision: int
    manager: str
    steps: list[dict[str, Any]]
    impact: dict[str, Any]
    warnings: list[dict[str, Any]]


def impact_among(endpoints: Sequence[Endpoint]) -> Endpoint:
    """Return the call that answers what calls of ``endpoints`` would change."""
    routes = Routes(endpoints)

    def run(store: Store, asked: Asked) -> Answer:
        def act(rehearsal: Rehearsal, new: NewThings) -> None:
            for call in asked.body.calls:
                _rehearse(routes, call, asked, rehearsal, new)

        plan = rehearse(store, act, asked.now, asked.state.options, asked.state)
        return {"type": "plan", **seen(asked, plan.record())}

    return Endpoint(
        method="POST",
        path=f"{ROOT}/impact",
        operation="getImpact",
        summary="Return what several changes would mean together; nothing is changed.",
        scope=Scope.READ,
        body=Calls,
        answer=PlanAnswer,
        run=run,
    )


def _rehearse(routes: Routes, call: Call, asked: Asked, rehearsal: Rehearsal, new: NewThings) -> None:
    endpoint, ids = routes.find(call.method, call.path.removeprefix(ROOT).encode())
    if endpoint.act is None:
        raise AdminError(Code.INVALID_REQUEST, f"{call.path}: the call changes nothing; leave it out.", "calls")
    try:
        body = Body() if endpoint.body is None else endpoint.body.model_validate_json(json.dumps(call.body))
    except ValidationError as error:
        raise invalid(error, endpoint.body or Body) from None
    wanted = replace(asked, ids=ids, query=read_query(endpoint, b""), body=body)
    endpoint.act(Doing(rehearsal, new, wanted), wanted)

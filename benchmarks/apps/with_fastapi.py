"""FastAPI as its tutorial teaches it: the key by Depends, parameters by annotation, Pydantic response models."""

import os
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Response
from pydantic import BaseModel

from benchmarks.start import SECRET


class ModelInfo(BaseModel):
    """A model."""

    type: str
    id: str
    display_name: str
    created_at: str
    line: str | None
    max_input_tokens: int | None
    max_tokens: int | None
    capabilities: dict[str, Any] | None
    lifecycle: str
    deprecated_at: str | None
    retires_at: str | None


class ModelPage(BaseModel):
    """A page."""

    data: list[ModelInfo]
    has_more: bool
    first_id: str | None
    last_id: str | None


_models = [
    ModelInfo.model_validate_json(line) for line in Path(os.environ["BENCHMARK_MODELS"]).read_bytes().splitlines()
]
_places = {model.id: place for place, model in enumerate(_models)}
_keys = {sha256(SECRET.encode()).hexdigest(): "wrkspc_01"}

app = FastAPI()


async def workspace(
    authorization: Annotated[str | None, Header()] = None,
    x_api_key: Annotated[str | None, Header()] = None,
    anthropic_version: Annotated[str | None, Header()] = None,
) -> str:
    """Return the workspace of who asks."""
    secret = x_api_key or (authorization or "").removeprefix("Bearer ")
    found = _keys.get(sha256(secret.encode()).hexdigest())
    if found is None:
        raise HTTPException(401)
    if anthropic_version not in ("2023-01-01", "2023-06-01", "2026-10-21"):
        raise HTTPException(400)
    return found


@app.get("/v1/models")
async def list_models(
    response: Response,
    workspace_id: Annotated[str, Depends(workspace)],
    limit: Annotated[int, Query(ge=1, le=1000)] = 20,
    after_id: str | None = None,
) -> ModelPage:
    """List models."""
    response.headers["request-id"] = f"req_{uuid4().hex}"
    response.headers["anthropic-workspace-id"] = workspace_id
    if after_id is not None and after_id not in _places:
        raise HTTPException(400)
    start = 0 if after_id is None else _places[after_id] + 1
    data = _models[start : start + limit]
    return ModelPage(
        data=data,
        has_more=start + limit < len(_models),
        first_id=data[0].id if data else None,
        last_id=data[-1].id if data else None,
    )


@app.get("/v1/models/{model_id:path}")
async def retrieve_model(
    response: Response, workspace_id: Annotated[str, Depends(workspace)], model_id: str
) -> ModelInfo:
    """Retrieve one model."""
    response.headers["request-id"] = f"req_{uuid4().hex}"
    response.headers["anthropic-workspace-id"] = workspace_id
    if model_id not in _places:
        raise HTTPException(404)
    return _models[_places[model_id]]

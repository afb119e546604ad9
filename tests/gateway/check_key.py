"""LiteLLM's hook for keys that it does not keep in its own database (``custom_auth``): a file for each key.

A copy of it is beside the proxy's configuration, with the folder ``keys``. There, the name of a file is the SHA-256
of a key, and its content are the models, as JSON, that this key may call. No file, no key.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from litellm.proxy._types import (  # type: ignore[import-not-found]  # lives in an environment of its own
    ProxyException,
    UserAPIKeyAuth,
)

KEYS: Final = Path(__file__).with_name("keys")


async def check(request: Any, api_key: str | None) -> Any:
    """Return what a key may do, or refuse it as the proxy refuses one that its database lacks."""
    try:
        models = json.loads((KEYS / sha256((api_key or "").encode()).hexdigest()).read_text())
    except FileNotFoundError:
        sentence = "Authentication Error, Invalid proxy server token passed"
        raise ProxyException(message=sentence, type="auth_error", param="key", code=401) from None
    return UserAPIKeyAuth(api_key=api_key, models=models)

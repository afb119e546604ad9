"""Which client asks, as far as gateways list other names to it."""

from collections.abc import Mapping
from typing import Final

#: What is remembered of a key that a gateway knows, by who asked with it: `Grants` keeps them apart.
ANY_CLIENT: Final = b""
CLAUDE_CODE: Final = b"claude-code"

_USER_AGENTS: Final = (b"claude-code/", b"claude-cli/")
_NAMED: Final = b"claude-code"


def client_of(headers: Mapping[bytes, bytes]) -> bytes:
    """Return `CLAUDE_CODE` if that asks, by its ``user-agent`` or by ``x-gateway-client``; else `ANY_CLIENT`.

    Parameters
    ----------
    headers
        Of the request, as `read_headers` gives them.
    """
    is_named = headers.get(b"x-gateway-client") == _NAMED
    return CLAUDE_CODE if is_named or headers.get(b"user-agent", b"").startswith(_USER_AGENTS) else ANY_CLIENT

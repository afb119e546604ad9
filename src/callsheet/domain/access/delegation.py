"""Delegation: which source is asked about keys that the keyring does not have, and what such a key then sees."""

from enum import StrEnum
from typing import NamedTuple


class KeyMode(StrEnum):
    """What a delegated key sees of what its gateway listed to it.

    ``observe``: the gateway's ids with what the gateway says of each. ``fill``: the gateway's ids, with what the
    catalogue says wherever it has the model. ``govern``: those of the gateway's ids that the catalogue has and the
    rules of the workspace show.
    """

    OBSERVE = "observe"
    FILL = "fill"
    GOVERN = "govern"


class Delegation(NamedTuple):
    """What answers to delegated keys depend on.

    Parameters
    ----------
    source
        The name of the source that is asked about keys.
    mode
        What they see.
    workspace_id
        The workspace that they belong to; None for the default workspace.
    by_client
        Whether the gateway lists other names to some clients than to others, so that each is asked for apart.
    forgotten_at
        When the operator had everything forgotten that is remembered of them, as an instant; empty for never.
    """

    source: str
    mode: KeyMode = KeyMode.FILL
    workspace_id: str | None = None
    forgotten_at: str = ""
    by_client: bool = False

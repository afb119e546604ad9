"""Waiting: the State of a process that has none yet."""

from callsheet.api.state import Options, State
from callsheet.domain.access.keyring import KeyRecord, Keyring
from callsheet.domain.catalog import Catalog
from callsheet.domain.errors import OverloadedError


class _UnknownKeys(Keyring):
    """The keys of an installation that nothing is known of: any of them may be good, or may not."""

    __slots__ = ()

    def find(self, secret: bytes) -> KeyRecord | None:  # noqa: ARG002  # no secret can be judged
        """Ask the caller to come again (contract, section 5)."""
        raise OverloadedError("Overloaded")


def waiting_state(options: Options) -> State:
    """Return the State with which everybody who shows a key is answered 529.

    That it is a State like any other, and the refusal comes from its keys, leaves the ordinary path as it is: no
    request pays for the question whether there is a State.
    """
    return State(
        catalog=Catalog(),
        keyring=_UnknownKeys(),
        workspaces={},
        organization_id="",
        default_workspace_id="",
        options=options,
    )

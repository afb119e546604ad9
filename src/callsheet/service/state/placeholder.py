"""The State of a process that has not read one yet."""

from callsheet.api.state import Options, State
from callsheet.domain.access.keyring import KeyRecord, Keyring
from callsheet.domain.catalog import Catalog
from callsheet.domain.errors import OverloadedError


class _UnknownKeys(Keyring):
    """Keyring before the first load: no key can be judged, so callers get 529 instead of 401."""

    __slots__ = ()

    def find(self, secret: bytes) -> KeyRecord | None:  # noqa: ARG002  # no secret can be judged
        """Raise OverloadedError (contract, section 5)."""
        raise OverloadedError("Overloaded")


def placeholder_state(options: Options) -> State:
    """Return the State with which every request that shows a key is answered 529.

    It is a State like any other, and the refusal comes from its keyring, so the ordinary path needs no check of
    whether there is a State.
    """
    return State(
        catalog=Catalog(),
        keyring=_UnknownKeys(),
        workspaces={},
        organization_id="",
        default_workspace_id="",
        options=options,
    )

"""Installation: catalogue, workspaces and keys in memory, changed by the rules of those in a database."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Unpack, cast

from callsheet.api.state import Options, State
from callsheet.domain.access.key import APIKey
from callsheet.domain.access.keyring import Keyring
from callsheet.domain.access.secret import SECRET_BYTES, fingerprint, make_secret
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Shape, Workspace
from callsheet.domain.catalog import Catalog
from callsheet.domain.changes import aliases, keys, models, workspaces
from callsheet.domain.changes.change import AnyChange
from callsheet.domain.changes.choosing import Chosen, find_model
from callsheet.domain.changes.keys import Credentials
from callsheet.domain.edits import ModelChange
from callsheet.domain.errors import DoesNotExistError, InvalidError
from callsheet.domain.model import Model, check_id
from callsheet.testing.clock import Clock, read_instant
from callsheet.testing.memory import Memory
from callsheet.testing.recording import Fields, read_fields

#: Fixed values where a real installation uses random ones.
ORGANIZATION_ID: Final = "00000000-0000-4000-8000-000000000000"
DEFAULT_WORKSPACE_ID: Final = "wrkspc_default"


def read_shape(text: str) -> Shape:
    """Return the shape named ``text``.

    Raises
    ------
    InvalidError
        There is no such shape.
    """
    try:
        return Shape(text)
    except ValueError:
        raise InvalidError(f"shape must be current or classic, not {text!r}.") from None


class Installation:
    """What a test may change, with the verbs of the command line.

    Each method that changes something raises RefusedError where the product would refuse it, in the same words, and
    then has changed nothing.

    Parameters
    ----------
    catalog
        To begin with, and to come back to.
    options
        What an operator may choose of the contract.
    api_key
        Secret of a key of the default workspace.
    clock
        Gives the time.
    """

    def __init__(self, catalog: Catalog, options: Options, api_key: str, clock: Clock) -> None:
        self.clock = clock
        self._memory = Memory(catalog, DEFAULT_WORKSPACE_ID)
        self.state = State(
            catalog=catalog,
            keyring=Keyring(),
            workspaces={},
            organization_id=ORGANIZATION_ID,
            default_workspace_id=DEFAULT_WORKSPACE_ID,
            options=options,
        )
        self.workspace("default", workspace_id=DEFAULT_WORKSPACE_ID)
        self.key(secret=api_key)
        self._first = self.state, self._memory.copy()

    def reset(self) -> None:
        """Restore everything as it was at first."""
        self.clock.reset()
        self.state, self._memory = self._first[0], self._first[1].copy()

    def add(self, /, model_id: str, **fields: Unpack[Fields]) -> Model:
        """Add a model; unless said otherwise it is named after its id, and released now, so that it comes first."""
        same_as = fields.pop("same_as", None)
        given = {"display_name": model_id, "created_at": self.clock.now(), **read_fields(fields)}
        model = Model(**{**given, "id": check_id(model_id)})
        self._apply(models.add_model(self._memory, model, self.clock.now(), same_as))
        return find_model(self._memory, model_id)

    def change(self, /, model_id: str, **fields: Unpack[Fields]) -> Model:
        """Set fields of a model."""
        model = find_model(self._memory, model_id)
        change = cast("ModelChange", read_fields(fields))
        self._apply(models.change_model(self._memory, model, change, self.clock.now()))
        return find_model(self._memory, model_id)

    def deprecate(
        self, model_id: str, retires_at: datetime | str | None = None, replacement: str | None = None
    ) -> Model:
        """Deprecate a model; on a deprecated one, move its date or name another replacement."""
        when = None if retires_at is None else read_instant(retires_at, "retires_at")
        return self._edit(
            model_id,
            lambda chosen: models.deprecate_models(self._memory, chosen, self.clock.now(), when, replacement),
        )

    def retire(self, model_id: str) -> Model:
        """Retire a model, as of now."""
        return self._edit(model_id, lambda chosen: models.retire_models(self._memory, chosen, self.clock.now()))

    def hide(self, model_id: str) -> Model:
        """Leave a model out of lists; it can still be retrieved."""
        return self._edit(model_id, lambda chosen: models.hide_models(self._memory, chosen))

    def unhide(self, model_id: str) -> Model:
        """Put a hidden model back into lists."""
        return self._edit(model_id, lambda chosen: models.unhide_models(self._memory, chosen))

    def remove(self, model_id: str) -> Model:
        """Remove a model and its aliases; it still works as a cursor."""
        model = find_model(self._memory, model_id)
        self._apply(models.remove_models(self._memory, [Chosen(model)]))
        return model

    def alias(self, alias: str, model_id: str) -> None:
        """Let ``alias`` mean a model."""
        self._apply(aliases.add_alias(self._memory, alias, model_id))

    def unalias(self, alias: str) -> None:
        """Drop an alias."""
        self._apply(aliases.remove_alias(self._memory, alias))

    def workspace(
        self,
        name: str,
        *,
        allow: Sequence[str] = (),
        deny: Sequence[str] = (),
        shape: str | None = None,
        workspace_id: str | None = None,
    ) -> str:
        """Create a workspace; return its id. ``allow`` and ``deny`` are globs on model ids; deny wins."""
        if isinstance(allow, str) or isinstance(deny, str):
            raise InvalidError("allow and deny are lists of patterns, such as ['claude-*'].")
        workspace = Workspace(
            id=workspace_id or f"wrkspc_{len(self.state.workspaces):024}",
            name=name,
            visibility=Visibility(tuple(allow), tuple(deny)),
            shape=None if shape is None else read_shape(shape),
            created_at=self.clock.now(),
        )
        self._apply(workspaces.create_workspace(self._memory, workspace))
        return workspace.id

    def key(
        self,
        workspace: str | None = None,
        *,
        organization: bool = False,
        expires_at: datetime | str | None = None,
        secret: str | None = None,
    ) -> str:
        """Create a key; return its secret.

        It belongs to ``workspace`` (an id or a name; the default one if none is named) or, with
        ``organization``, to none, and chooses one by the header ``anthropic-workspace-id``.
        """
        expires = None if expires_at is None else read_instant(expires_at, "expires_at")
        workspace_id = None if organization else keys.workspace_id_for(self._memory, workspace)
        number = len(self.state.keyring)
        secret = make_secret(number.to_bytes(SECRET_BYTES)) if secret is None else secret
        new = Credentials(f"apikey_{number:024}", secret)
        now = self.clock.now()
        self._apply(keys.create_key(self._memory, new, f"key {number}", workspace_id, expires, now))
        return secret

    def disable_key(self, secret: str) -> None:
        """Stop a key from working."""
        key = self._memory.key_with(fingerprint(secret))
        if key is None:
            raise DoesNotExistError("There is no key with this secret.")
        self._apply(keys.disable_key(key))

    def _edit(self, model_id: str, decide: Callable[[Sequence[Chosen]], Sequence[AnyChange]]) -> Model:
        self._apply(decide([Chosen(find_model(self._memory, model_id))]))
        return find_model(self._memory, model_id)

    def _apply(self, changes: Sequence[AnyChange]) -> None:
        self._memory.apply(changes, self.clock.now())
        values = [change.value for change in changes]
        self.state = replace(
            self.state,
            catalog=self._memory.catalog,
            workspaces={workspace.id: workspace for workspace in self._memory.workspaces()},
            keyring=self.state.keyring.changed(value for value in values if isinstance(value, APIKey)),
        )

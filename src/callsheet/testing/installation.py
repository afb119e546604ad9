"""Installation: catalogue, workspaces and keys in memory, changed by the rules of those in a database."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Unpack

from callsheet.api.state import Options, State
from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.keyring import Keyring
from callsheet.domain.access.secret import SECRET_BYTES, check_secret, fingerprint, hint, make_secret
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Shape, Workspace
from callsheet.domain.catalog import Catalog
from callsheet.domain.errors import ConflictError, DoesNotExistError, InvalidError
from callsheet.domain.model import (
    Model,
    change_model,
    check_dates,
    check_id,
    check_texts,
    deprecate_model,
    retire_model,
)
from callsheet.testing.clock import Clock, read_instant
from callsheet.testing.recording import ModelFields, read_fields

#: What a real installation draws by lot, so that tests may write it down.
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

    Each method that changes something raises RefusedError in the words of the product where the product would
    refuse it, and then has changed nothing.

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
        self._keys: dict[str, APIKey] = {}
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
        self._first = self.state, dict(self._keys)

    def reset(self) -> None:
        """Let everything be as it was at first."""
        self.clock.reset()
        self.state, self._keys = self._first[0], dict(self._first[1])

    def add(self, /, model_id: str, **fields: Unpack[ModelFields]) -> Model:
        """Add a model; unless said otherwise it is named after its id, and released now, so that it comes first."""
        given = {"display_name": model_id, "created_at": self.clock.now(), **read_fields(fields)}
        model = Model(**{**given, "id": check_id(model_id)})
        present = self.state.catalog.resolve(model.id)
        if present is not None and present.id == model.id:
            raise ConflictError(f"{model.id} is in the catalogue already; use `catalog change` to change it.")
        if present is not None:
            raise ConflictError(f"{model.id} is an alias of {present.id}; use `catalog unalias {model.id}` first.")
        return self._put(check_texts(check_dates(model, self.clock.now())))

    def change(self, /, model_id: str, **fields: Unpack[ModelFields]) -> Model:
        """Set fields of a model."""
        return self._edit(model_id, lambda model, _now: change_model(model, read_fields(fields)))

    def deprecate(
        self, model_id: str, retires_at: datetime | str | None = None, replacement: str | None = None
    ) -> Model:
        """Deprecate a model; on a deprecated one, move its date or name another replacement."""
        when = None if retires_at is None else read_instant(retires_at, "retires_at")
        return self._edit(model_id, lambda model, now: deprecate_model(model, now, when, replacement))

    def retire(self, model_id: str) -> Model:
        """Retire a model, as of now."""
        return self._edit(model_id, retire_model)

    def hide(self, model_id: str) -> Model:
        """Leave a model out of lists; it can still be retrieved."""
        return self._edit(model_id, lambda model, _now: replace(model, hidden=True))

    def unhide(self, model_id: str) -> Model:
        """Put a hidden model back into lists."""
        return self._edit(model_id, lambda model, _now: replace(model, hidden=False))

    def remove(self, model_id: str) -> Model:
        """Remove a model and its aliases; it still works as a cursor."""
        model = self._model(model_id)
        catalog = self.state.catalog
        models: dict[str, Model | None] = {
            other.id: replace(other, replacement=None) for other in catalog if other.replacement == model.id
        }
        self._change(
            {**models, model.id: None},
            {alias: None for alias, target in catalog.aliases().items() if target == model.id},
            {model.id: model.sort_key},
        )
        return model

    def alias(self, alias: str, model_id: str) -> None:
        """Let ``alias`` mean a model."""
        check_id(alias, "An alias")
        present = self.state.catalog.resolve(alias)
        if present is not None and present.id == alias:
            raise ConflictError(f"{alias} is a model; an alias cannot have the name of a model.")
        if present is not None:
            raise ConflictError(
                f"{alias} is an alias of {present.id} already; use `catalog unalias {alias}` first."
            )
        self._change(aliases={alias: self._model(model_id).id})

    def unalias(self, alias: str) -> None:
        """Drop an alias."""
        if alias not in self.state.catalog.aliases():
            raise DoesNotExistError(f"There is no alias {alias!r}.")
        self._change(aliases={alias: None})

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
        workspaces = self.state.workspaces
        workspace = Workspace(
            id=workspace_id or f"wrkspc_{len(workspaces):024}",
            name=name,
            visibility=Visibility(tuple(allow), tuple(deny)),
            shape=None if shape is None else read_shape(shape),
            created_at=self.clock.now(),
        )
        if workspace.id in workspaces:
            raise ConflictError(f"There is a workspace {workspace.id} already.")
        for other in workspaces.values():
            if other.name == name:
                raise ConflictError(f"There is a workspace named {name!r} already: {other.id}.")
        self.state = replace(self.state, workspaces={**workspaces, workspace.id: workspace})
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
        if expires is not None and expires <= self.clock.now():
            raise InvalidError("expires_at must lie in the future.")
        number = len(self._keys)
        secret = make_secret(number.to_bytes(SECRET_BYTES)) if secret is None else check_secret(secret)
        if secret in self._keys:
            raise ConflictError("There is a key with this secret already; a secret can belong to one key only.")
        key = APIKey(
            id=f"apikey_{number:024}",
            name=f"key {number}",
            workspace_id=None if organization else self._workspace_id(workspace),
            fingerprint=fingerprint(secret),
            hint=hint(secret),
            expires_at=expires,
            created_at=self.clock.now(),
        )
        self._put_key(secret, key)
        return secret

    def disable_key(self, secret: str) -> None:
        """Stop a key from working."""
        if secret not in self._keys:
            raise DoesNotExistError("There is no key with this secret.")
        self._put_key(secret, replace(self._keys[secret], status=KeyStatus.DISABLED))

    def _model(self, model_id: str) -> Model:
        model = self.state.catalog.resolve(model_id)
        if model is None:
            raise DoesNotExistError(f"There is no model {model_id!r}.")
        if model.id != model_id:
            raise ConflictError(f"{model_id} is an alias; name the model it means, {model.id}.")
        return model

    def _edit(self, model_id: str, decide: Callable[[Model, datetime], Model]) -> Model:
        now, before = self.clock.now(), self._model(model_id)
        return self._put(check_texts(check_dates(decide(before, now), now, before), before))

    def _put(self, model: Model) -> Model:
        if model.replacement is not None and self.state.catalog.get(model.replacement) is None:
            raise DoesNotExistError(f"There is no model {model.replacement!r} to be the replacement.")
        self._change({model.id: model}, tombstones={model.id: None})
        return model

    def _change(
        self,
        models: dict[str, Model | None] | None = None,
        aliases: dict[str, str | None] | None = None,
        tombstones: dict[str, str | None] | None = None,
    ) -> None:
        self.state = replace(self.state, catalog=self.state.catalog.changed(models, aliases, tombstones))

    def _workspace_id(self, name: str | None) -> str:
        if name is None:
            return DEFAULT_WORKSPACE_ID
        for workspace in self.state.workspaces.values():
            if name in (workspace.id, workspace.name):
                return workspace.id
        raise DoesNotExistError(f"There is no workspace {name!r}.")

    def _put_key(self, secret: str, key: APIKey) -> None:
        self._keys[secret] = key
        self.state = replace(self.state, keyring=self.state.keyring.changed([key]))

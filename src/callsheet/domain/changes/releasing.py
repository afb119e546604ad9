"""Releasing: taking back what people say of a model or an alias, so that what others say shows again."""

from collections.abc import Collection

from callsheet.domain.changes.change import Action, AnyChange
from callsheet.domain.changes.claimed import Claimed
from callsheet.domain.changes.claiming import claim
from callsheet.domain.changes.reader import CatalogReader
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import PERSON
from callsheet.domain.edits import LIFECYCLE_FIELDS
from callsheet.domain.errors import ConflictError, DoesNotExistError
from callsheet.domain.hints import Hint


def release(reader: CatalogReader, name: str, fields: Collection[str] = ()) -> list[AnyChange]:
    """Drop what people say of a model: of ``fields``, or of all and whether it exists; or of an alias.

    With the lifecycle go its dates, which people set together with it. ``name`` is an alias if people say nothing
    of a model with this id, but of such an alias.

    Raises
    ------
    DoesNotExistError
        People say nothing of the model or alias, or of one of the fields.
    ConflictError
        No other manager lists the model or the alias, which would be gone.
    """
    claimed = Claimed(reader)
    present = claimed.by_manager(name).get(PERSON)
    if present is not None:
        return _release_model(reader, claimed, present, fields)
    of_alias = claimed.by_manager(name, ClaimKind.ALIAS).get(PERSON)
    if of_alias is None or fields:
        raise DoesNotExistError(f"No person has changed or removed {name!r}, so there is nothing to release.")
    if of_alias.lists and not claimed.is_listed_by_others(name, ClaimKind.ALIAS):
        raise ConflictError(
            f"Only people gave the alias {name}, so it would be gone", hint=Hint.DROP_ALIAS, hint_about=name
        )
    return claim(reader, [Claims(name, PERSON, kind=ClaimKind.ALIAS)], Action.RELEASE)


def _release_model(
    reader: CatalogReader, claimed: Claimed, present: Claims, fields: Collection[str]
) -> list[AnyChange]:
    model_id = present.subject
    missing = next((name for name in fields if name not in present.fields), None)
    if missing is not None:
        raise DoesNotExistError(f"No person set {missing} of {model_id}.")
    released = {*fields, *LIFECYCLE_FIELDS} if "lifecycle" in fields else {*fields}
    kept = {name: value for name, value in present.fields.items() if fields and name not in released}
    after = Claims(model_id, PERSON, lists=present.lists if fields else None, fields=kept)
    if present.lists and not after.lists and not claimed.is_listed_by_others(model_id):
        raise ConflictError(
            f"Only people list {model_id}, so it would be gone", hint=Hint.REMOVE_MODEL, hint_about=model_id
        )
    return claim(reader, [after], Action.RELEASE)

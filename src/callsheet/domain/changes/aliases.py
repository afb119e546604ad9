"""Aliases: which names may mean a model."""

from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import Action, Change
from callsheet.domain.changes.choosing import find_model
from callsheet.domain.changes.models import check_alias_is_free
from callsheet.domain.changes.reader import CatalogReader
from callsheet.domain.errors import ConflictError, DoesNotExistError
from callsheet.domain.model import check_id


def add_alias(reader: CatalogReader, alias: str, model_id: str) -> list[Change[Alias]]:
    """Let ``alias`` mean a model.

    Raises
    ------
    InvalidError
        It may not be given as a name.
    ConflictError
        It is a model or an alias already, or ``model_id`` is an alias.
    DoesNotExistError
        There is no model ``model_id``.
    """
    check_id(alias, "An alias")
    if reader.model(alias) is not None:
        raise ConflictError(f"{alias} is a model; an alias cannot have the name of a model.")
    check_alias_is_free(reader, alias)
    return [Change(Action.ALIAS, None, Alias(alias, find_model(reader, model_id).id))]


def remove_alias(reader: CatalogReader, alias: str) -> list[Change[Alias]]:
    """Drop an alias.

    Raises
    ------
    DoesNotExistError
        There is no such alias.
    """
    model_id = reader.aliases([alias]).get(alias)
    if model_id is None:
        raise DoesNotExistError(f"There is no alias {alias!r}.")
    return [Change(Action.UNALIAS, Alias(alias, model_id), None)]

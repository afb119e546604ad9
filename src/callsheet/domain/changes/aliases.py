"""Aliases: which names may mean a model."""

from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import AnyChange
from callsheet.domain.changes.choosing import find_model
from callsheet.domain.changes.claimed import Claimed
from callsheet.domain.changes.claiming import claim
from callsheet.domain.changes.models import check_alias_is_free
from callsheet.domain.changes.reader import CatalogReader
from callsheet.domain.changes.remembering import RememberingReader
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.implied import alias_claims
from callsheet.domain.claims.manager import PERSON
from callsheet.domain.errors import ConflictError, DoesNotExistError, about
from callsheet.domain.model import check_id


def add_alias(reader: CatalogReader, alias: str, model_id: str) -> list[AnyChange]:
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
    check_id(alias, "An alias", "alias")
    reader = RememberingReader(reader)
    if reader.model(alias) is not None:
        raise ConflictError(f"{alias} is a model; an alias cannot have the name of a model.", field="alias")
    check_alias_is_free(reader, alias, "alias")
    with about("model_id"):
        model = find_model(reader, model_id)
    return claim(reader, [alias_claims(Alias(alias, model.id))])


def remove_alias(reader: CatalogReader, alias: str) -> list[AnyChange]:
    """Drop an alias; one that others than people gave is suppressed.

    Raises
    ------
    DoesNotExistError
        There is no such alias.
    """
    reader = RememberingReader(reader)
    if alias not in reader.aliases([alias]):
        raise DoesNotExistError(f"There is no alias {alias!r}.")
    is_listed = Claimed(reader).is_listed_by_others(alias, ClaimKind.ALIAS)
    return claim(reader, [Claims(alias, PERSON, False if is_listed else None, kind=ClaimKind.ALIAS)])

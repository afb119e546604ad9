"""Naming: what the built-in facts say of an id that names one of their models as another platform does."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from callsheet.domain.changes.reader import CatalogReader
from callsheet.domain.claims.claims import SAME_AS, ClaimKind, Claims
from callsheet.domain.claims.manager import BUILTIN
from callsheet.domain.claims.platform_facts import platform_facts
from callsheet.domain.claims.platform_names import KnownNames, recognise
from callsheet.domain.claims.resolve import model_of


class Naming:
    """The names that other platforms give to the built-in models.

    Parameters
    ----------
    records
        By id, the `Model.record` of each built-in model.
    aliases
        Built-in alias to id.
    """

    def __init__(self, records: Mapping[str, Mapping[str, Any]], aliases: Mapping[str, str]) -> None:
        self._records = records
        self._known = KnownNames.of(records, aliases)

    def claims_on(self, ids: Iterable[str]) -> Iterator[Claims]:
        """Yield what is claimed of those of ``ids`` that are such names."""
        for model_id in ids:
            found = None if model_id in self._records else recognise(model_id, self._known)
            if found is not None:
                fields = platform_facts(found, self._records[found.model_id])
                yield Claims(model_id, BUILTIN, fields={SAME_AS: found.model_id, **fields})


#: What every such name contains, in small or large letters.
IN_NAMES: Final = "claude"


def may_be_name(model_id: str) -> bool:
    """Return whether ``model_id`` may be such a name; of nearly all others this is known at once."""
    return IN_NAMES in model_id.lower()


def claims_on_names(reader: CatalogReader, wanted: Iterable[Claims]) -> list[Claims]:
    """Return what the built-in facts say of those models of ``wanted`` of which they have said nothing yet.

    Only where a manager lists a model it is asked whether its id is the name of another. What the facts say is
    read from their own claims, so that it is of the same release and day.
    """
    listed = [each for each in wanted if each.kind is ClaimKind.MODEL and each.lists and may_be_name(each.subject)]
    ids = {each.subject for each in listed if each.manager != BUILTIN}
    said = reader.claims_of(ids) if ids else {}
    news = sorted(ids - {subject for subject, claims in said.items() if any(c.manager == BUILTIN for c in claims)})
    return list(_naming_of(reader).claims_on(news)) if news else []


def _naming_of(reader: CatalogReader) -> Naming:
    records: dict[str, Mapping[str, Any]] = {}
    aliases: dict[str, str] = {}
    for claims in reader.claims_by(BUILTIN):
        if claims.kind is ClaimKind.ALIAS and claims.target is not None:
            aliases[claims.subject] = claims.target
        elif claims.kind is ClaimKind.MODEL and SAME_AS not in claims.fields:
            records[claims.subject] = model_of(claims.subject, claims.fields).record()
    return Naming(records, aliases)

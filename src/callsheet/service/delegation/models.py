"""Models out of what a gateway lists: what it says of each, completed by what the program knows of Claude. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from callsheet.domain.changes.naming import may_be_name
from callsheet.domain.claims.claims import SAME_AS, Claims
from callsheet.domain.claims.manager import BUILTIN, Manager
from callsheet.domain.claims.resolve import inheritable, merged, model_of
from callsheet.domain.model import Model
from callsheet.service.facts import Facts
from callsheet.sources.upstream import FIRST_SEEN, LastKnown, Listed

#: How many models may be the same as each other in a row, as the long-context row of a renamed model is.
_MAX_STEPS: Final = 4


class BuiltinFacts:
    """What the program knows of Claude models, by their own ids and by those of other platforms.

    Parameters
    ----------
    facts
        Those of today.
    """

    def __init__(self, facts: Facts) -> None:
        self._records = {model.id: model.record() for model in facts.models}
        self._naming = facts.naming()

    def claims_on(self, model_id: str) -> Claims | None:
        """Return what the program says of a model; None if it does not know it."""
        if not may_be_name(model_id):
            return None
        record = self._records.get(model_id)
        if record is not None:
            return Claims(model_id, BUILTIN, fields={name: record[name] for name in record if name != "id"})
        return next(self._naming.claims_on([model_id]), None)

    def contexts_of(self, ids: Iterable[str]) -> Mapping[str, int]:
        """Return the context windows, in tokens, of those of these models that have one that is known."""
        found = ((model_id, self._context(model_id)) for model_id in ids)
        return {model_id: tokens for model_id, tokens in found if tokens is not None}

    def _context(self, model_id: str) -> int | None:
        claims = self.claims_on(model_id)
        same = None if claims is None else claims.fields.get(SAME_AS)
        known = self.claims_on(same) if isinstance(same, str) else claims
        return None if known is None else known.fields.get("max_input_tokens")


class Completion:
    """Makes models of one list.

    Parameters
    ----------
    listed
        What the gateway lists, by the ids of this catalogue.
    manager
        The source.
    builtin
        What is known beside that; None if only what the gateway says counts.
    others
        Models that those in the list may be the same as.
    """

    def __init__(
        self,
        listed: Sequence[Listed],
        manager: Manager,
        builtin: BuiltinFacts | None,
        others: Sequence[Listed] = (),
    ) -> None:
        self._listed = listed
        self._by_id: Mapping[str, Listed] = {each.id: each for each in (*others, *listed)}
        self._manager = manager
        self._builtin = builtin

    def models(self) -> Iterator[Model]:
        """Yield the models, in the order of the list."""
        for each in self._listed:
            fields = self._fields(each.id, _MAX_STEPS)
            yield model_of(each.id, {**each.guessed, **fields} if each.guessed else fields)

    def _fields(self, model_id: str, steps: int) -> dict[str, Any]:
        """All that is known of a model, also of the one that it is the same as."""
        claims = self._claims_on(model_id)
        fields = merged(claims)
        other = fields.get(SAME_AS)
        if other is None or other == model_id or not steps:
            return fields
        return merged(claims, inheritable(self._fields(other, steps - 1)))

    def _claims_on(self, model_id: str) -> list[Claims]:
        """What is said of a model, from the lower rank to the higher."""
        listed = self._by_id.get(model_id)
        known = None if self._builtin is None else self._builtin.claims_on(model_id)
        said = (
            None if listed is None else Claims(model_id, self._manager, lists=True, fields=_settled(listed.fields))
        )
        return [each for each in (known, said) if each is not None]


def _settled(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields without what only a source that is asked again and again can know: when it first saw a model."""
    return {name: plain for name, value in fields.items() if (plain := _plain(value)) is not None}


def _plain(value: Any) -> Any:
    if value is FIRST_SEEN:
        return None
    return value.otherwise if isinstance(value, LastKnown) else value

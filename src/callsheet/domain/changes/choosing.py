"""Choosing: the models that ids and globs mean."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Final, NamedTuple

from callsheet.domain.access.visibility import Visibility, has_wildcards
from callsheet.domain.changes.reader import CatalogReader
from callsheet.domain.errors import ConflictError, DoesNotExistError
from callsheet.domain.model import Model

_MAX_NAMES: Final = 10_000  # that are compared for a suggestion; more would take too long
_MIN_SIMILARITY: Final = 0.8  # of 1


class Chosen(NamedTuple):
    """A model that was named.

    Parameters
    ----------
    model
        The model.
    by_pattern
        Whether only a pattern named it, not its id.
    """

    model: Model
    by_pattern: bool = False


def choose_models(reader: CatalogReader, names: Sequence[str], *, globs: bool = True) -> list[Chosen]:
    """Return the models that ``names``, ids and globs on ids, mean: each once, in the order of the names.

    A name that is the id of a model, or was that of one since removed, means that model only, even if it can be
    read as a glob: so a removal that is run twice removes nothing else. The models of a glob come in the order of
    the API. Without ``globs`` every name is an id.

    Raises
    ------
    DoesNotExistError
        A name means no model.
    ConflictError
        A name is an alias.
    """
    found: dict[str, Chosen] = {}
    for name in names:
        model = reader.model(name)
        if model is not None:
            found[model.id] = Chosen(model)
        elif globs and has_wildcards(name) and not (reader.aliases([name]) or reader.tombstones([name])):
            for each in _matching(reader, name):
                found.setdefault(each.id, Chosen(each, by_pattern=True))
        else:
            raise _no_model(reader, name)
    return list(found.values())


def find_model(reader: CatalogReader, model_id: str) -> Model:
    """Return the model with this id. An alias is refused, as it may mean another model tomorrow.

    Raises
    ------
    DoesNotExistError
        There is none.
    ConflictError
        It is an alias.
    """
    model = reader.model(model_id)
    if model is None:
        raise _no_model(reader, model_id)
    return model


def resolve_model(reader: CatalogReader, name: str) -> Model:
    """Return the model that ``name``, an id or an alias, means; DoesNotExistError if there is none."""
    model = reader.model(name) or reader.model(reader.aliases([name]).get(name, ""))
    if model is None:
        raise DoesNotExistError(f"There is no model or alias {name!r}{_did_you_mean(reader, name)}")
    return model


def _did_you_mean(reader: CatalogReader, name: str) -> str:
    """Return the end of a sentence about an unknown name: the id or alias that it may be a misspelling of."""
    names = list(islice(reader.names(), _MAX_NAMES + 1))
    near = get_close_matches(name, names, 1, _MIN_SIMILARITY) if len(names) <= _MAX_NAMES else []
    return f"; did you mean {near[0]}?" if near else "."


def _matching(reader: CatalogReader, pattern: str) -> Iterable[Model]:
    sees = Visibility(allow=(pattern,)).sees
    ids = [model_id for model_id in reader.model_ids() if sees(model_id)]
    if not ids:
        raise DoesNotExistError(f"No model id matches {pattern!r}.")
    return sorted(reader.models(ids), key=lambda model: model.sort_key)


def _no_model(reader: CatalogReader, name: str) -> DoesNotExistError | ConflictError:
    target = reader.aliases([name]).get(name)
    if target is not None:
        return ConflictError(f"{name} is an alias; name the model it means, {target}.")
    return DoesNotExistError(f"There is no model {name!r}{_did_you_mean(reader, name)}")

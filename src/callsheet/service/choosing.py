"""Choosing: the models that ids and patterns of a command name."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Final, NamedTuple

from callsheet.domain.access.visibility import Visibility, has_wildcards
from callsheet.domain.errors import ConflictError, DoesNotExistError
from callsheet.domain.model import Model
from callsheet.storage.transactions.read import ReadTransaction

_MOST_NAMES: Final = 10_000  # to look through for one like it; a larger catalogue takes too long
_LIKE: Final = 0.8  # of 1: how near a guess has to be


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
    by_pattern: bool


def choose_models(reading: ReadTransaction, names: Sequence[str], *, globs: bool = True) -> list[Chosen]:
    """Return the models that ``names``, ids and globs on ids, mean: each once, in the order of the names.

    A name that is an id, letter for letter, or was that of a model since removed, means that model and no other: so
    a removal that is run twice removes nothing else. A workspace's pattern with ``*`` or ``?`` stays a glob there.
    The models of a glob come in the order of the API. Without ``globs`` every name is an id.

    Raises
    ------
    UnknownError
        A name means no model.
    ConflictError
        A name is an alias.
    """
    found: dict[str, Chosen] = {}
    for name in names:
        model = reading.model(name)
        if model is not None:
            found[model.id] = Chosen(model, by_pattern=False)
        elif globs and has_wildcards(name) and not (reading.aliases([name]) or reading.tombstones([name])):
            for each in _matching(reading, name):
                found.setdefault(each.id, Chosen(each, by_pattern=True))
        else:
            raise _no_model(reading, name)
    return list(found.values())


def find_model(reading: ReadTransaction, model_id: str) -> Model:
    """Return the model with this id. Changing one through its alias is refused: it may mean another tomorrow.

    Raises
    ------
    UnknownError
        There is none.
    ConflictError
        It is an alias.
    """
    model = reading.model(model_id)
    if model is None:
        raise _no_model(reading, model_id)
    return model


def did_you_mean(reading: ReadTransaction, name: str) -> str:
    """Return the end of a sentence about a name that means nothing: the id or alias it may be meant for."""
    names = list(islice(reading.names(), _MOST_NAMES + 1))
    near = get_close_matches(name, names, 1, _LIKE) if len(names) <= _MOST_NAMES else []
    return f"; did you mean {near[0]}?" if near else "."


def _matching(reading: ReadTransaction, pattern: str) -> Iterable[Model]:
    sees = Visibility(allow=(pattern,)).sees
    ids = [model_id for model_id in reading.model_ids() if sees(model_id)]
    if not ids:
        raise DoesNotExistError(f"No model id matches {pattern!r}.")
    return sorted(reading.models(ids), key=lambda model: model.sort_key)


def _no_model(reading: ReadTransaction, name: str) -> DoesNotExistError | ConflictError:
    target = reading.aliases([name]).get(name)
    if target is not None:
        return ConflictError(f"{name} is an alias; name the model it means, {target}.")
    return DoesNotExistError(f"There is no model {name!r}{did_you_mean(reading, name)}")

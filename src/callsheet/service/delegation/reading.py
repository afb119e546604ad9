"""Reading: the models that the pages of a list come to, remembered for the next equal list."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from callsheet.domain.access.delegation import KeyMode
from callsheet.domain.access.grant import NO_SOURCES, GrantedModels
from callsheet.domain.catalog import Catalog
from callsheet.service.delegation.key_source import KeySource
from callsheet.service.delegation.models import BuiltinFacts, Completion
from callsheet.service.facts import Facts
from callsheet.service.sync.failures import too_long
from callsheet.service.sync.fetched import digest_of
from callsheet.sources.asking import by_names
from callsheet.sources.choosing import choose
from callsheet.sources.secret_texts import SecretTexts
from callsheet.sources.upstream import Answer

_MAX_REMEMBERED_LISTS: Final = 256
_MAX_REMEMBERED_ROWS: Final = 100_000


class _Known(NamedTuple):
    """What an equal list came to, and what that depends on beside it."""

    source: KeySource
    client: bytes
    day: date
    catalog: Catalog | None
    models: GrantedModels


class Reader:
    """Reads lists for one event loop.

    Parameters
    ----------
    max_rows
        Of a list.
    """

    def __init__(self, max_rows: int) -> None:
        self._max_rows = max_rows
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._rows = 0
        self._builtin: tuple[date, BuiltinFacts] | None = None

    def find(
        self, source: KeySource, client: bytes, digest: str, catalog: Catalog, now: datetime
    ) -> GrantedModels | None:
        """Return what an equal list came to, if that still holds; parameters as for `make`."""
        known = self._known.get(digest)
        if known is None or known[:4] != (source, client, now.date(), _counting(source, catalog)):
            return None
        self._known.move_to_end(digest)
        return known.models

    def make(
        self,
        source: KeySource,
        client: bytes,
        answers: Sequence[Answer],
        texts: SecretTexts,
        catalog: Catalog,
        now: datetime,
    ) -> GrantedModels:
        """Return the models of complete ``answers``, as ``source`` chooses and names them; for any thread.

        Parameters
        ----------
        client
            Which client asks; it may be given names of its own.
        texts
            The credential that the list is for: a model that repeats it is left out.
        catalog
            Knows the context windows of models, for rows with a long one.
        now
            The time (aware).

        Raises
        ------
        SourceError
            The answers are not a list of this kind, or a list that is too long.
        """
        asked = source.key_list(client)
        reading = texts.without(asked.read(answers, source.options), answers)
        if len(reading.listed) + len(reading.dropped) > self._max_rows:
            raise too_long(source.url, self._max_rows)
        builtin = None if source.mode is KeyMode.OBSERVE else self._facts(now)

        def contexts_of(ids: Sequence[str]) -> Mapping[str, int]:
            known = {} if builtin is None else builtin.contexts_of(ids)
            return {**known, **_contexts(catalog, ids)}

        chosen = choose(reading.listed, source.choice, contexts_of)
        names, listed, sources = asked.names(answers), chosen, NO_SOURCES
        if names is not None:
            safe = [each for each in names if not texts.is_in(each.id)]
            listed, sources = by_names(chosen, (each.id for each in reading.listed), safe, source.choice)
        return GrantedModels(Completion(listed, source.manager, builtin, chosen).models(), sources)

    def remember(
        self, source: KeySource, client: bytes, digest: str, catalog: Catalog, now: datetime, models: GrantedModels
    ) -> None:
        """Remember what a list came to, for `find`."""
        past = self._known.pop(digest, None)
        self._known[digest] = _Known(source, client, now.date(), _counting(source, catalog), models)
        self._rows += len(models) - (0 if past is None else len(past.models))
        while len(self._known) > _MAX_REMEMBERED_LISTS or (
            self._rows > _MAX_REMEMBERED_ROWS and len(self._known) > 1
        ):
            self._rows -= len(self._known.popitem(last=False)[1].models)

    def _facts(self, now: datetime) -> BuiltinFacts:
        if self._builtin is None or self._builtin[0] != now.date():
            self._builtin = now.date(), BuiltinFacts(Facts.built_in(now))
        return self._builtin[1]


def digest_for(answers: Sequence[Answer], texts: SecretTexts) -> str | None:
    """Return what is equal for equal lists; None if this one may repeat the credential, and so is nobody else's."""
    return None if texts.may_be_in(answers) else digest_of(answers)


def _counting(source: KeySource, catalog: Catalog) -> Catalog | None:
    """The catalogue, where what a list comes to depends on it."""
    return catalog if source.choice.long_context_rows else None


def _contexts(catalog: Catalog, ids: Sequence[str]) -> Mapping[str, int]:
    found = ((model_id, catalog.get(model_id)) for model_id in ids)
    return {
        model_id: model.max_input_tokens
        for model_id, model in found
        if model is not None and model.max_input_tokens is not None
    }

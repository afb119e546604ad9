"""Wanted: which models are looked for."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, NamedTuple

from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.query import is_listed


class Facets(NamedTuple):
    """What of a model can be filtered by; many models share them."""

    lifecycle: Lifecycle
    hidden: bool
    line: str | None
    source: str | None

    @property
    def listed(self) -> bool:
        """Whether lists show the model to callers that do not say which lifecycles they want."""
        return is_listed(self.lifecycle, hidden=self.hidden)


_facets: Final = attrgetter(*Facets._fields)


def facets_of(model: Model) -> Facets:
    """Return what of ``model`` can be filtered by."""
    return Facets._make(_facets(model))


def facets_among(models: Iterable[Model]) -> Mapping[Facets, int]:
    """Return how many of ``models`` have which facets."""
    return {Facets._make(facets): count for facets, count in Counter(map(_facets, models)).items()}


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a search, each once, as `Wanted` takes them: capital letters do not matter."""
    return tuple(dict.fromkeys(text.casefold().split()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which models are looked for: those that fit all that is given.

    Parameters
    ----------
    words
        Of `words_of`: each is in the id, in the display name or in an alias, in whatever case.
    lifecycle, line, source, hidden
        What the model has; None for any.
    listed
        Whether lists show it; None for either.
    """

    words: tuple[str, ...] = ()
    lifecycle: Lifecycle | None = None
    line: str | None = None
    source: str | None = None
    hidden: bool | None = None
    listed: bool | None = None

    def fits(self, model: Model, aliases: Iterable[str]) -> bool:
        """Return whether a model with these aliases is one of them."""
        texts = [text.casefold() for text in (model.id, model.display_name, *aliases)]
        return self.takes(facets_of(model)) and all(any(word in text for text in texts) for word in self.words)

    def takes(self, facets: Facets) -> bool:
        """Return whether models with these facets can be among them."""
        return (
            self.lifecycle in (None, facets.lifecycle)
            and self.line in (None, facets.line)
            and self.source in (None, facets.source)
            and self.hidden in (None, facets.hidden)
            and self.listed in (None, facets.listed)
        )

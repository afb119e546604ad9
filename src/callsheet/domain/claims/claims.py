"""Claims: what one manager says of one model or alias."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from callsheet.domain.claims.manager import Manager
from callsheet.domain.model import MODEL_FIELDS

#: The field that names another model, whose facts hold for this one where nothing else is said.
SAME_AS: Final = "same_as"

#: Every field of a model that can be claimed.
CLAIMABLE: Final = frozenset(MODEL_FIELDS) - {"id"} | {SAME_AS}


class ClaimKind(StrEnum):
    """What kind of thing is claimed. The values are what databases hold.

    Workspaces, keys and sources do not come about by claims. What a file says of them is kept as claims, to know
    what it said when it was last applied: a field that a person has changed since is the person's.
    """

    MODEL = "model"
    ALIAS = "alias"
    WORKSPACE = "workspace"
    KEY = "key"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Claims:
    """What one manager says of one model, or of one alias.

    Parameters
    ----------
    subject
        Id of the model; or the alias.
    manager
        Who says it.
    lists
        True: it exists. False: it does not, whatever managers of lower rank say (a *suppression*). None: nothing is
        said about that, only about fields.
    fields
        Field to value, as plain JSON values in the form of `Model.record`; None says that the value is not known,
        which outranks what is below. A field that is absent is not claimed. Of an alias: ``model_id``.
    kind
        Whether ``subject`` is a model or an alias.
    since
        Revision since when each field is claimed, ``lists`` included, as far as that is known. Storage fills it in;
        it is not compared.
    """

    subject: str
    manager: Manager
    lists: bool | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    kind: ClaimKind = ClaimKind.MODEL
    since: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said: such claims are not kept."""
        return self.lists is None and not self.fields

    @property
    def target(self) -> str | None:
        """The model that these claims lead to: the one that an alias means, or ``same_as``."""
        name = SAME_AS if self.kind is ClaimKind.MODEL else "model_id"
        target: str | None = self.fields.get(name)
        return target

    def record(self) -> dict[str, object]:
        """Return everything but the revisions as plain JSON values, for people, programs and change records."""
        return {"manager": str(self.manager), "lists": self.lists, "fields": dict(self.fields)}

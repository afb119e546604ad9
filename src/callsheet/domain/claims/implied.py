"""Implied claims: a model or an alias on which no claims are stored is the person's.

So a catalogue that people typed needs no second row for each of its models, and a database of an earlier release
none at all. The claims are stored once there are others on the same model.
"""

from callsheet.domain.alias import Alias
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import PERSON
from callsheet.domain.claims.values import claimed_by
from callsheet.domain.model import Model


def implied_by(present: Model | Alias) -> Claims:
    """Return the claims that a model or alias without any has."""
    if isinstance(present, Alias):
        return alias_claims(present)
    return Claims(present.id, PERSON, lists=True, fields=claimed_by(present))


def alias_claims(alias: Alias) -> Claims:
    """Return the claims of a person that an alias means a model."""
    return Claims(alias.alias, PERSON, lists=True, fields={"model_id": alias.model_id}, kind=ClaimKind.ALIAS)

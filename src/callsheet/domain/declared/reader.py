"""What the rules for files need to know of what is there."""

from collections.abc import Iterable
from typing import Protocol

from callsheet.domain.changes.reader import AccessReader, CatalogReader
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager


class DeclaredReader(CatalogReader, AccessReader, Protocol):
    """Everything that a file can change."""

    def claims_by(self, manager: Manager, kind: ClaimKind | None = None) -> Iterable[Claims]:
        """Return every claim of this manager, or those of one kind, in any order."""

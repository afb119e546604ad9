"""Rehearsing: what would be written, in a transaction that only reads."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from callsheet.domain.changes.change import AnyChange
from callsheet.storage.transactions.read import ReadTransaction


class RehearsalTransaction(ReadTransaction):
    """Takes the place of a `WriteTransaction`; its ``apply`` keeps the changes and makes none.

    Attributes
    ----------
    now
        The time, as of a `WriteTransaction`.
    planned
        What would have been written so far.
    """

    def __init__(self, connection: Connection, now: datetime) -> None:
        super().__init__(connection)
        self.now = now
        self.planned: list[AnyChange] = []

    def apply(self, changes: Iterable[AnyChange]) -> None:
        """Keep ``changes``."""
        self.planned += changes

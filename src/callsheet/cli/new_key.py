"""A key that a command has just created, until its secret has been shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from callsheet.service.access import NewKey

if TYPE_CHECKING:
    from callsheet.service.administration import Access


class NewKeyReceipt:
    """A new key, and whether its secret has been shown.

    Parameters
    ----------
    new
        The key with its secret.
    """

    def __init__(self, new: NewKey) -> None:
        self.new = new
        self.is_shown = False


@contextmanager
def archived_unless_shown(access: "Access", new: NewKey) -> Iterator[NewKeyReceipt]:
    """Yield a receipt for a new key; archive the key if the receipt is not marked as shown in the end.

    The secret is kept nowhere, so that a key whose secret could not be printed would be of no use.
    """
    receipt = NewKeyReceipt(new)
    try:
        yield receipt
    finally:
        if not receipt.is_shown:
            access.archive_key(new.key.id)

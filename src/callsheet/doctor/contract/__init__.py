"""The contract as checks, a file for each of its sections."""

from callsheet.doctor.contract import errors, headers, lifecycles, models, openai, operations, requests
from callsheet.doctor.contract.rule import RuleBook

__all__ = ["BOOKS"]

#: Every rule, section by section.
BOOKS: tuple[RuleBook, ...] = (
    operations.BOOK,
    models.BOOK,
    lifecycles.BOOK,
    requests.BOOK,
    errors.BOOK,
    headers.BOOK,
    openai.BOOK,
)

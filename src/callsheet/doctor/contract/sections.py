"""Every section of the contract that has rules, in its order."""

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

"""The member of ``/readyz`` that says which installations a list comes through; see `loop`."""

from typing import Final

MEMBER: Final = "lists_from"

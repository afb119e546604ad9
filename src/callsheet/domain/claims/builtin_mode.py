"""BuiltinMode: what the built-in facts are for in an installation."""

from enum import StrEnum


class BuiltinMode(StrEnum):
    """What the built-in facts are for. The values are what databases hold."""

    #: The built-in models are in the catalogue.
    LIST = "list"

    #: The built-in facts only fill in what others list.
    INFORM = "inform"

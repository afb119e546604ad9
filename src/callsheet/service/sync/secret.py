"""SecretReference: where the secret of a source is found when it is asked; the secret itself is never kept."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from callsheet.domain.errors import InvalidError, SourceError
from callsheet.service.sync.opening import open_at_once

_MAX_SECRET_BYTES: Final = 65_536  # of a file; a token of an identity provider has a few thousand

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_TEXT: Final = re.compile(r"[\s!-~]+", re.ASCII)  # access keys of AWS are JSON


class Place(StrEnum):
    """Where a secret may be. The values are what configurations hold."""

    ENVIRONMENT = "env"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where a secret is: ``env:NAME`` or ``file:PATH``.

    Parameters
    ----------
    place
        A variable of the environment, or a file.
    name
        Of the variable; or the absolute path of the file.

    Raises
    ------
    InvalidError
        It is not the name of a variable, or not an absolute path.
    """

    place: Place
    name: str

    def __post_init__(self) -> None:
        if self.place is Place.ENVIRONMENT and not _VARIABLE.fullmatch(self.name):
            raise InvalidError(
                "The secret must be named by an environment variable such as GATEWAY_KEY; what was given cannot be "
                "the name of one."  # and is not repeated: it may be the secret
            )
        if self.place is Place.FILE and (not self.name.startswith("/") or not self.name.isprintable()):
            raise InvalidError(f"The file of a secret must be an absolute path, not {self.name[:100]!r}.")

    def __str__(self) -> str:
        return f"{self.place}:{self.name}"

    def read(self, environment: Mapping[str, str] | None = None) -> str:
        """Return the secret as it is now.

        Parameters
        ----------
        environment
            In place of that of this process.

        Raises
        ------
        SourceError
            There is none, or it is not ASCII text; it is not repeated.
        """
        if self.place is Place.ENVIRONMENT:
            text = (os.environ if environment is None else environment).get(self.name)
            if text is None:
                raise SourceError(
                    f"The environment variable {self.name}, which is to hold the secret, is not set; set it for "
                    "each server and command that runs the source."
                )
        else:
            text = self._read_file()
        secret = text.strip()
        if not _TEXT.fullmatch(secret):
            what = "is empty" if not secret else "is not ASCII text"
            raise SourceError(f"The secret in {self} {what}; put the secret there, and nothing else.")
        return secret

    def _read_file(self) -> str:
        try:
            with open(self.name, "rb", opener=open_at_once) as file:
                content = file.read(_MAX_SECRET_BYTES + 1)
        except OSError as error:
            raise SourceError(
                f"The file {self.name}, which is to hold the secret, cannot be read ({error.strerror})."
            ) from None
        if len(content) > _MAX_SECRET_BYTES:
            raise SourceError(f"The file {self.name} is too long to be a secret; name the right file.")
        return content.decode("utf-8", "replace")


def parse_reference(text: str) -> SecretReference:
    """Return the reference that `str` gave as ``text``; InvalidError if there can be none."""
    place, _, name = text.partition(":")
    try:
        return SecretReference(Place(place), name)
    except ValueError:
        raise InvalidError("A secret must be referred to as env:NAME or file:PATH.") from None

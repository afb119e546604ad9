"""The admin key that a command sends: from the environment, a file or standard input, never an argument."""

import os
import sys
from pathlib import Path
from typing import Final

from callsheet.domain.errors import InvalidError

ADMIN_KEY_VARIABLE: Final = "CALLSHEET_ADMIN_KEY"
_MAX_CHARACTERS: Final = 1_024


def read_admin_key(file: str | None) -> str:
    """Return the admin key in ``file``, of which ``-`` is standard input; that of the environment if it is None.

    Raises
    ------
    InvalidError
        There is none, or it cannot be sent in a header. It is not repeated.
    """
    if file is None:
        key, where = os.environ.get(ADMIN_KEY_VARIABLE, "").strip(), ADMIN_KEY_VARIABLE
        if not key:
            raise InvalidError(
                f"A server is administered with an admin key; put it into {ADMIN_KEY_VARIABLE}, or into a file "
                "that --admin-key-file names."
            )
    else:
        key, where = _read(file), "Standard input" if file == "-" else file
        if not key:
            raise InvalidError(f"{where} is empty; write the admin key to it, on one line.")
    if len(key) > _MAX_CHARACTERS or not key.isascii() or not key.isprintable() or " " in key:
        raise InvalidError(f"{where} does not hold an admin key; give one that callsheet admin-keys create made.")
    return key


def _read(file: str) -> str:
    try:
        if file == "-":
            return sys.stdin.readline(_MAX_CHARACTERS + 2).strip()
        with Path(file).open(encoding="utf-8") as opened:
            return opened.read(_MAX_CHARACTERS + 2).strip()
    except UnicodeDecodeError:
        raise InvalidError("The admin key is not text; give one that callsheet admin-keys create made.") from None
    except OSError as error:
        raise InvalidError(f"The admin key in {file} cannot be read: {error.strerror}.") from None

"""What is at a path. Since Python 3.14, ``Path.exists()`` is False also where it may not look."""

import errno
import os
from pathlib import Path
from stat import S_ISDIR
from typing import Final

_NOTHING_THERE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EBADF, errno.ELOOP})


def status_of(path: Path) -> os.stat_result | None:
    """Return what the system says of the file at ``path``, or None if there is none.

    Raises
    ------
    OSError
        It cannot be known: a folder on the way may not be searched, or the name is too long.
    """
    try:
        return path.stat()
    except OSError as error:
        if error.errno in _NOTHING_THERE:
            return None
        raise


def is_folder(path: Path) -> bool:
    """Return whether there is a folder at ``path``; raises as `status_of` does."""
    status = status_of(path)
    return status is not None and S_ISDIR(status.st_mode)

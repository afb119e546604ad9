"""Standard input, output and error that the caller closed, or that cannot be written."""

import fcntl
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final, TextIO

#: For each of the three: its name, how Python opens it, and how a closed one is opened on the null device. Standard
#: output is opened for reading, so that writing a result fails, as on a full disk; messages may be lost.
_STREAMS: Final = (("stdin", "r", os.O_RDONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY))


def reopen_closed_streams() -> None:
    """Give the program the standard streams that its caller closed, before a file it opens takes their number.

    Reading finds nothing; writing a result raises OSError; messages go nowhere.
    """
    for number, (name, mode, access) in enumerate(_STREAMS):
        if getattr(sys, name) is not None:
            continue
        opened = os.open(os.devnull, access)  # the lowest free number, which is most likely this one
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
        os.set_inheritable(number, True)
        stream = open(number, mode, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def allow_closed_output() -> None:
    """Let a long-running command go on if its caller closed standard output."""
    if sys.stdout is not None and not _is_open(sys.stdout):
        sys.stdout = None  # as Python has it where it is closed


def _is_open(stream: TextIO) -> bool:
    try:
        return fcntl.fcntl(stream.fileno(), fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
    except (OSError, ValueError):  # not a file, as in tests
        return True


def flush_streams() -> None:
    """Flush standard output, and discard what standard error cannot write.

    Raises
    ------
    OSError
        Standard output cannot be written.
    """
    if sys.stderr is not None:
        discard(sys.stderr)
    if sys.stdout is not None:
        sys.stdout.flush()


def discard(stream: TextIO) -> None:
    """Discard what a stream cannot write; otherwise Python tries again when it exits, and complains."""
    try:
        stream.flush()
    except OSError:
        with suppress(OSError), Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())

"""Runs commands of ``callsheet``, each in a fork of one process that the interpreter has started with its streams.

Run as ``python -W error -m tests.cli.in_one_start FILE COMMAND…`` by a shell that closes or redirects streams:
Python finds them so when it begins, as it does when a command is started afresh. After each command, a null byte
goes to standard output and to standard error. The exit codes go to FILE.
"""

import gc
import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from tests import starter


def main(file: str, *commands: str) -> None:
    """Run one command after the other."""
    starter._import_everything()
    gc.freeze()
    codes = []
    for command in commands:
        child = os.fork()
        if not child:
            sys.argv[1:] = command.split()
            starter._run()
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        for stream in (1, 2):
            with suppress(OSError):  # it is closed, or full
                os.write(stream, b"\0")
    Path(file).write_text(json.dumps(codes))


if __name__ == "__main__":
    main(*sys.argv[1:])

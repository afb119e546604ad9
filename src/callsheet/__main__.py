"""The ``callsheet`` command."""

import gc
import sys
from contextlib import suppress

from callsheet._version import __version__
from callsheet.cli.output.streams import reopen_closed_streams

#: Commands for which the extra ``cli`` is enough.
_WITHOUT_SERVER = ("doctor", "fake", "models", "validate")


def main() -> None:
    """Run the command line; where nothing of it is installed, say how to get it."""
    reopen_closed_streams()
    if sys.argv[1:] == ["--version"]:  # scripts ask often, and need nothing imported for it
        with suppress(OSError):  # a failed write is reported as by any other command
            print(f"callsheet {__version__}", flush=True)
            return
    gc.disable()  # nothing of what is loaded is garbage: looking for some takes a third of a short command
    try:
        from callsheet.cli.app import run
    except ModuleNotFoundError as error:
        extra = "cli" if sys.argv[1:2] and sys.argv[1] in _WITHOUT_SERVER else "server"
        print(f"callsheet: {error.name} is missing; run: pip install 'callsheet[{extra}]'", file=sys.stderr)
        sys.exit(1)
    gc.freeze()  # so that it is not looked through later either, nor at the end
    gc.enable()
    sys.exit(run())


if __name__ == "__main__":
    main()

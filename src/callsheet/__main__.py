"""The ``callsheet`` command."""

import sys
from contextlib import suppress

from callsheet._version import __version__


def main() -> None:
    """Run the command line; without the server extra, say how to get it."""
    if sys.argv[1:] == ["--version"]:  # scripts ask often, and need nothing imported for it
        with suppress(OSError):  # what cannot be written is told as for any other command
            print(f"callsheet {__version__}", flush=True)
            return
    try:
        from callsheet.cli.app import run
    except ModuleNotFoundError as error:
        print(f"callsheet: {error.name} is missing; run: pip install 'callsheet[server]'", file=sys.stderr)
        sys.exit(1)
    sys.exit(run())


if __name__ == "__main__":
    main()

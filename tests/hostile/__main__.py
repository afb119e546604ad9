"""The long run: ``python -m tests.hostile --requests 100000`` prints a row for each driver."""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.hostile.run import Tally, run, shown
from tests.hostile.streams import Streams
from tests.hostile.target import target


def main() -> int:
    """Run, and return 1 if anything was wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.hostile", description="Hostile streams, by the thousand."
    )
    parser.add_argument("--requests", type=int, default=100_000, help="streams to send, half to each driver")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32, help="to send the same ones again")
    chosen = parser.parse_args()
    failed = False
    print(f"Seed {chosen.seed}\n\n{Tally.HEADER}", flush=True)
    for driver in ("--fast", "--no-fast"):
        with tempfile.TemporaryDirectory() as folder, target(Path(folder), driver) as aim:
            streams = Streams(chosen.seed, aim.secrets)
            tally = asyncio.run(
                run(aim.server.port, streams, chosen.requests // 2, aim.goods, aim.forbidden, chosen.seed)
            )
        print(tally.row(), flush=True)
        if tally.wrong:
            failed = True
            print(shown(tally), file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

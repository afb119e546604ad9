"""The long run: hostile streams by the thousand, against a server of its own."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.hostile.run import Tally, run
from tests.hostile.streams import Streams
from tests.hostile.target import target


def attack(driver: str, count: int, seed: int) -> Tally:
    """Send ``count`` streams to a server of ``driver`` (``--fast``, ``--no-fast``); equal seeds, equal streams."""
    with TemporaryDirectory() as folder, target(Path(folder), driver) as aim:
        streams = Streams(seed, aim.secrets)
        return asyncio.run(run(aim.server.port, streams, count, aim.goods, aim.forbidden, seed))

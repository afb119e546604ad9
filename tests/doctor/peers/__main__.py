"""`scripts/doctor-peers`: install the peers, start one after the other, ask it, and write docs/peers.md."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from callsheet._version import __version__
from callsheet.doctor.clients.rules import load_clients
from callsheet.doctor.examine import examine
from callsheet.doctor.probe.target import parse_target
from callsheet.doctor.report import Report
from callsheet.domain.errors import DoctorError
from tests.docs.pages import ROOT
from tests.doctor.peers.environments import install
from tests.doctor.peers.page import write_page
from tests.doctor.peers.peers import KEY, PEERS, Peer

#: Seconds for a server to take connections; LiteLLM's imports alone need ten.
_DEADLINE: Final = 180.0


def main(names: list[str]) -> None:
    """Ask these peers, or all; the page is written if all were asked."""
    install()
    results = []
    for peer in PEERS:
        if not names or peer.name in names:
            with _running(peer) as url:
                result = _ask(url)
            results.append((peer, url, result))
            print(f"{peer.title} {peer.version()}: {result if isinstance(result, str) else f'{result.score} %'}")
    page = write_page(datetime.now(UTC).date().isoformat(), __version__, results)
    if names:
        print(page)
    else:
        (ROOT / "docs" / "peers.md").write_text(page)


def _ask(url: str) -> Report | str:
    try:
        return examine(parse_target(url), KEY, load_clients(), timeout=30)
    except DoctorError as error:
        return str(error)


@contextmanager
def _running(peer: Peer) -> Iterator[str]:
    """The peer on a free port, with all the processes it starts; they end with it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with TemporaryDirectory(prefix="callsheet-peer-") as folder, Path(folder, "log").open("wb") as log:
        start = peer.start(Path(folder), port)
        process = subprocess.Popen(
            start.command,
            cwd=folder,
            env={**os.environ, **start.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait_for(port, process, Path(folder, "log"))
            yield f"http://127.0.0.1:{port}"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + _DEADLINE
    while process.poll() is None and time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    sys.exit(f"It did not start: {log.read_text()[-2000:]}")


if __name__ == "__main__":
    main(sys.argv[1:])

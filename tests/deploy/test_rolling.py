"""Replicas are replaced one by one behind nginx and HAProxy, while clients ask: no request is lost."""

import signal
import socket
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.deploy.conftest import KEY
from tests.deploy.load import Load
from tests.deploy.test_load_balancing import LIST, RETRIEVE, answered, balancer
from tests.program import DEADLINE, Server, wait_for

#: Longer than HAProxy takes to see that a replica is about to stop.
DRAIN = "2.5"


def _has_status(folder: Path, server: str, status: str) -> bool:
    """Whether that is what HAProxy says of a replica: UP, or DOWN when it sends it nothing more."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(DEADLINE)
        asking.connect(str(folder / "admin.sock"))
        asking.sendall(b"show stat\n")
        table = b"".join(iter(lambda: asking.recv(65536), b"")).decode().splitlines()
    place = table[0].lstrip("# ").split(",").index("status")
    return any(row.split(",")[place] == status for row in table if row.startswith(f"callsheet,{server},"))


def _is_asked(server: Server, route: str) -> bool:
    """Whether the one that asks for a kind of thing has found a replica again."""
    return answered(server, route) > 20


def test_no_request_is_lost_while_replicas_are_replaced_one_by_one(database: Path, folder: Path) -> None:
    with ExitStack() as opened:
        replicas = [opened.enter_context(Server(database, "--drain-seconds", DRAIN)) for _ in range(2)]
        pair = replicas[0], replicas[1]
        nginx = opened.enter_context(balancer("nginx", pair, folder / "nginx"))
        haproxy = opened.enter_context(balancer("haproxy", pair, folder / "haproxy"))
        loads = [
            opened.enter_context(Load(nginx.port, LIST, KEY)),
            opened.enter_context(Load(haproxy.port, RETRIEVE, KEY)),
        ]
        for number, name in enumerate(("one", "two")):
            old = replicas[number]
            old.send(signal.SIGTERM)
            wait_for(partial(_has_status, folder / "haproxy", name, "DOWN"), "HAProxy to see that it stops")
            assert old.process.poll() is None, "it has ended before HAProxy could see that it stops"
            assert old.ended() == 0
            assert old.stderr == ""
            new = opened.enter_context(Server(database, "--drain-seconds", DRAIN, "--port", str(old.port)))
            wait_for(partial(_has_status, folder / "haproxy", name, "UP"), "HAProxy to see it")
            for route in ("list", "retrieve"):
                wait_for(partial(_is_asked, new, route), f"requests of {route}")
        assert [load.failures for load in loads] == [[], []]
        assert min(load.answered for load in loads) > 200

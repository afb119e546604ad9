"""nginx and HAProxy as processes, with the configurations of ``deploy/`` and ports of this test."""

import os
import random
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from tests.deploy.tools import DEPLOY, tool
from tests.program import Program, wait_for

#: Where the configurations say the public side is.
PUBLIC: Final = 8080

_NGINX: Final = """
daemon off;
pid {folder}/pid;
error_log stderr;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {config};
}}
"""


def free_port() -> int:
    """A port that nobody has; below those that the system gives to outgoing connections."""
    while True:
        port = random.randint(20000, 30000)
        with socket.socket() as trying:
            try:
                trying.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Proxy(Program):
    """One of them, running.

    Parameters
    ----------
    kind
        nginx or haproxy.
    name
        Of the configuration, without its ending.
    ports
        Real ports by those that the configuration names; of `PUBLIC`, a free one is taken.
    folder
        For its files.
    """

    def __init__(self, kind: str, name: str, ports: Mapping[int, int], folder: Path) -> None:
        self.port = free_port()
        command = {"nginx": _nginx, "haproxy": _haproxy}[kind](name, {**ports, PUBLIC: self.port}, folder)
        super().__init__(command=command)

    def __enter__(self) -> Self:
        try:
            wait_for(self._listens, "the proxy to listen")
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def _listens(self) -> bool:
        assert self.process.poll() is None, self.stderr
        with socket.socket() as trying:
            return trying.connect_ex(("127.0.0.1", self.port)) == 0


def _nginx(name: str, ports: Mapping[int, int], folder: Path) -> list[str]:
    config = folder / "callsheet.conf"
    config.write_text(_with_ports((DEPLOY / "nginx" / f"{name}.conf").read_text(), ports))
    main = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # its workers write into a folder of ours
    main.write_text(_NGINX.format(folder=folder, config=config, user=user))
    return [tool("nginx"), "-e", "stderr", "-c", str(main)]


def _haproxy(name: str, ports: Mapping[int, int], folder: Path) -> list[str]:
    text = _with_ports((DEPLOY / "haproxy" / f"{name}.cfg").read_text(), ports)
    config = folder / "haproxy.cfg"
    config.write_text(
        text.replace("log /dev/log local0", "log stderr local0 warning").replace("/run/haproxy", str(folder))
    )
    return [tool("haproxy"), "-W", "-db", "-f", str(config)]


def _with_ports(text: str, ports: Mapping[int, int]) -> str:
    """``text`` with real ports, every one of which it must name; what listens does so here only."""
    for shown, real in ports.items():
        text, count = re.subn(rf"(127\.0\.0\.1:|listen |bind :){shown}\b", rf"\g<1>{real}", text)
        assert count, f"the configuration does not name port {shown}"
    return text.replace("listen ", "listen 127.0.0.1:").replace("bind :", "bind 127.0.0.1:")

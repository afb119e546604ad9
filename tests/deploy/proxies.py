"""nginx, HAProxy, Caddy and Envoy as processes, with a configuration and ports of this test."""

import os
import random
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from callsheet.route.route import CERTIFICATES, read_route
from callsheet.route.write import Proxy as Kind
from callsheet.route.write import write_route
from tests.deploy.tools import DEPLOY, envoy, tool
from tests.program import Program, wait_for

#: Those that a route is run with. Envoy is a large download, which only the whole suite has.
ROUTED: Final = ("nginx", "haproxy", "caddy", "envoy")

#: Where the configurations of ``deploy/`` say the public side is.
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
    """A port that no process has; below those that the system gives to outgoing connections."""
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
        nginx, haproxy, caddy or envoy.
    text
        Its configuration.
    port
        Where that says it listens.
    folder
        For its files.
    env
        Variables that it gets beside those of the tests.
    """

    def __init__(self, kind: str, text: str, port: int, folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.port = port
        own = {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "CADDY_ADMIN": f"unix/{folder}/admin"}
        super().__init__(command=_COMMANDS[kind](text, folder), env={**own, **(env or {})})

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


def from_deploy(kind: str, name: str, ports: Mapping[int, int], folder: Path) -> Proxy:
    """A proxy with a configuration of ``deploy/``; ``ports`` are real ones by those that it names."""
    port = free_port()
    ending = {"nginx": "conf", "haproxy": "cfg"}[kind]
    text = _with_ports((DEPLOY / kind / f"{name}.{ending}").read_text(), {**ports, PUBLIC: port})
    return Proxy(kind, text, port, folder)


def routed(
    kind: str,
    callsheet: int,
    gateway: str | int,
    folder: Path,
    prefixes: Sequence[str] = (),
    authority: Path | None = None,
) -> Proxy:
    """A proxy with what ``callsheet route`` prints.

    Parameters
    ----------
    callsheet
        The port of Callsheet.
    gateway
        The URL or port of the gateway.
    authority
        A file with the certificates that are trusted in place of the system's.
    """
    port = free_port()
    url = gateway if isinstance(gateway, str) else f"http://127.0.0.1:{gateway}"
    text = write_route(Kind(kind), read_route(url, f"http://127.0.0.1:{callsheet}", prefixes, f"127.0.0.1:{port}"))
    env = {}
    if authority is not None:
        text = text.replace(CERTIFICATES, str(authority)).replace("@system-ca", str(authority))
        env["SSL_CERT_FILE"] = str(authority)
    return Proxy(kind, text.replace("abns@callsheet", f"abns@callsheet-{port}"), port, folder, env)


def _nginx(text: str, folder: Path) -> list[str]:
    config = folder / "callsheet.conf"
    config.write_text(text)
    main = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # its workers write into a folder of ours
    main.write_text(_NGINX.format(folder=folder, config=config, user=user))
    return [tool("nginx"), "-e", "stderr", "-c", str(main)]


def _haproxy(text: str, folder: Path) -> list[str]:
    config = folder / "haproxy.cfg"
    config.write_text(
        text.replace("log /dev/log local0", "log stderr local0 warning").replace("/run/haproxy", str(folder))
    )
    return [tool("haproxy"), "-W", "-db", "-f", str(config)]


def _caddy(text: str, folder: Path) -> list[str]:
    config = folder / "Caddyfile"
    config.write_text(text)
    return [tool("caddy"), "run", "--config", str(config), "--adapter", "caddyfile"]


def _envoy(text: str, folder: Path) -> list[str]:
    config = folder / "envoy.yaml"
    config.write_text(text)
    own = ["--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"]
    return [envoy(), "--config-path", str(config), *own]


_COMMANDS: Final[Mapping[str, Callable[[str, Path], list[str]]]] = {
    "nginx": _nginx,
    "haproxy": _haproxy,
    "caddy": _caddy,
    "envoy": _envoy,
}


def _with_ports(text: str, ports: Mapping[int, int]) -> str:
    """``text`` with real ports, every one of which it must name; what listens does so here only."""
    for shown, real in ports.items():
        text, count = re.subn(rf"(127\.0\.0\.1:|listen |bind :){shown}\b", rf"\g<1>{real}", text)
        assert count, f"the configuration does not name port {shown}"
    return text.replace("listen ", "listen 127.0.0.1:").replace("bind :", "bind 127.0.0.1:")

"""What is measured: the gateway itself, and what stands in front of it."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from benchmarks.cores import Cores
from benchmarks.process import Launch, Process, free_port
from benchmarks.requests import Kind

DIRECT: Final = "no proxy"
NGINX: Final = "nginx"
CALLSHEET: Final = "Callsheet"
HTTPX2: Final = "httpx2 and ASGI"

#: Not buffered, as server-sent events need it, with connections that are kept.
_NGINX: Final = """\
{user}daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_max_body_size 0;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream gateway {{ server 127.0.0.1:{gateway}; keepalive 64; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://gateway;
            proxy_http_version 1.1;
            proxy_set_header connection "";
            proxy_set_header x-forwarded-for $proxy_add_x_forwarded_for;
            proxy_buffering off;
            proxy_request_buffering off;
        }}
    }}
}}
"""


@contextmanager
def running(cores: Cores, folder: Path) -> Iterator[dict[str, tuple[int, Process]]]:
    """Run all of them, the gateway beside the load and each proxy on the other core; return ports and processes."""
    with ExitStack() as opened:

        def start(launch: Launch, core: int, target: str = "/ok") -> Process:
            (port,) = launch.ports.values()
            return opened.enter_context(Process(launch, frozenset({core}), (port, target)))

        ports = {name: free_port() for name in (DIRECT, NGINX, CALLSHEET, HTTPX2)}
        gateway = f"http://127.0.0.1:{ports[DIRECT]}"
        launches = {
            DIRECT: [sys.executable, "-m", "benchmarks.forward.upstream", str(ports[DIRECT])],
            NGINX: _nginx(folder, ports[NGINX], ports[DIRECT]),
            CALLSHEET: _callsheet(folder, ports[CALLSHEET], gateway),
            HTTPX2: [sys.executable, "-m", "benchmarks.forward.with_httpx2", str(ports[HTTPX2])],
        }
        yield {
            name: (
                ports[name],
                start(
                    Launch(command, {Kind.LIST: ports[name]}, {"BENCHMARK_GATEWAY": gateway}),
                    cores.load if name == DIRECT else cores.server,
                ),
            )
            for name, command in launches.items()
        }


def _nginx(folder: Path, port: int, gateway: int) -> list[str]:
    configuration = folder / "nginx.conf"
    user = "user root;\n" if os.geteuid() == 0 else ""
    configuration.write_text(_NGINX.format(user=user, folder=folder, port=port, gateway=gateway))
    return ["nginx", "-p", str(folder), "-c", str(configuration), "-e", str(folder / "error.log")]


def _callsheet(folder: Path, port: int, gateway: str) -> list[str]:
    database = f"sqlite:///{folder / 'callsheet.db'}"
    return [
        *(sys.executable, "-m", "callsheet", "serve", "--database", database, "--port", str(port)),
        *("--gateway", gateway, "--forward"),
    ]

"""nginx: files at its best, by default and compressed, a constant, and the same job as Callsheet's."""

import gzip
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from textwrap import dedent
from typing import Final

from benchmarks.contenders.contender import Contender, Place
from benchmarks.process import Launch, free_port
from benchmarks.requests import MODELS, Kind, target
from benchmarks.start import SECRET

_LONGEST_TEXT: Final = 4000  # bytes; nginx takes no longer one in its configuration

_BEST: Final = "sendfile off; open_file_cache max=20000 inactive=1h; open_file_cache_valid 1h;"
_DEFAULT: Final = "sendfile on; tcp_nopush on;"  # as Debian's nginx.conf has it

_CONFIGURATION: Final = """\
{user}daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    {log}
    keepalive_requests 1000000000;
    default_type application/json;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {options}
{servers}}}
"""

#: Same job: who may ask, which file answers, an id for the request, and the headers of every answer.
_JOB: Final = """\
    map $http_authorization $bearer {{ default ""; "Bearer {secret}" known; }}
    map $http_x_api_key $key {{ default $bearer; {secret} known; }}
    map $http_anthropic_version $version {{ default ""; 2023-01-01 known; 2023-06-01 known; 2026-10-21 known; }}
    server {{
        listen 127.0.0.1:{port};
        root {folder};
        add_header request-id $request_id always;
        add_header anthropic-organization-id 00000000-0000-4000-8000-000000000000 always;
        add_header cache-control "private, no-cache" always;
        add_header x-content-type-options nosniff always;
        if ($key = "") {{ return 401 '{{"type":"error","error":{{"type":"authentication_error"}}}}'; }}
        if ($version = "") {{ return 400 '{{"type":"error","error":{{"type":"invalid_request_error"}}}}'; }}
        location = {models} {{ try_files /pages/$arg_limit-$arg_after_id.json =404; }}
        location {models}/ {{ try_files $uri.json =404; }}
    }}
"""


#: The fields of a line of Callsheet's log, but for the key's id.
_LOG: Final = """\
log_format fields escape=json
    '{"time":"$time_iso8601","request_id":"$request_id","duration_s":$request_time,"client":"$client",'
    '"method":"$request_method","path":"$request_uri","status":$status,"bytes":$body_bytes_sent,"key":"$key"}';
access_log /dev/stdout fields buffer=64k flush=1s;"""

#: Whose address is logged: that which a proxy passes on.
_CLIENT: Final = 'map $http_x_forwarded_for $client { default $http_x_forwarded_for; "" $remote_addr; }'

_GZIP: Final = "gzip on; gzip_types application/json; gzip_min_length 1024; gzip_vary on;"
_GZIP_STATIC: Final = "gzip_static on; gzip_vary on;"


def _start(
    place: Place, servers: Callable[[Place, dict[Kind, int]], str], options: str, log: str = "access_log off;"
) -> Launch:
    ports = {kind: free_port() for kind in place.kinds}
    for kind in place.kinds:
        body = place.prepared.body(kind)
        (place.folder / f"{kind}.json").write_bytes(body)
        (place.folder / f"{kind}.json.gz").write_bytes(gzip.compress(body, 6, mtime=0))  # for gzip_static
    configuration = place.folder / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            user="user root;\n" if os.geteuid() == 0 else "",  # or its worker could not read the folder
            folder=place.folder,
            options=options,
            log=log,
            servers=servers(place, ports),
        )
    )
    command = ["nginx", "-p", str(place.folder), "-c", str(configuration), "-e", str(place.folder / "error.log")]
    return Launch(command, ports)


def _files(place: Place, ports: dict[Kind, int]) -> str:
    return "".join(
        _server(port, _path(place, kind), f"{_compressing(kind)}alias {place.folder}/{kind}.json;")
        for kind, port in ports.items()
    )


def _compressing(kind: Kind) -> str:
    """What a server needs to send what Callsheet sends to those who accept gzip."""
    return f"{_GZIP_STATIC} " if kind is Kind.PROXIED else ""


def _constants(place: Place, ports: dict[Kind, int]) -> str:
    return "".join(
        _server(port, _path(place, kind), _constant(place.prepared.body(kind).decode()))
        for kind, port in ports.items()
        if kind in _SHORT
    )


def _constant(body: str) -> str:
    pieces = [body[start : start + _LONGEST_TEXT] for start in range(0, len(body), _LONGEST_TEXT)]
    lines = [f"set $piece{number} '{piece}';" for number, piece in enumerate(pieces)]
    return f'{" ".join(lines)} return 200 "{"".join(f"${{piece{number}}}" for number in range(len(pieces)))}";'


def _same_job(place: Place, ports: dict[Kind, int]) -> str:
    _write_pages(place)
    port = next(iter(ports.values()))
    ports.update(dict.fromkeys(ports, port))
    return _JOB.format(secret=SECRET, port=port, folder=place.folder, models=MODELS)


def _write_pages(place: Place) -> None:
    pages, prepared = place.folder / "pages", place.prepared
    models = Path(f"{place.folder}{MODELS}")
    pages.mkdir()
    models.mkdir(parents=True)
    for number in range(prepared.ids.size):
        (models / f"{prepared.ids.id(number)}.json").write_bytes(prepared.model(number))
    (pages / "20-.json").write_bytes(prepared.page(20))
    (pages / "20-.json.gz").write_bytes(gzip.compress(prepared.page(20), 6, mtime=0))
    for number in range(20, prepared.ids.size):
        (pages / f"20-{prepared.ids.id(number)}.json").write_bytes(prepared.page(20, number))
    cursor = target(Kind.LIST_1000, prepared.ids).partition("after_id=")[2]
    (pages / f"1000-{cursor}.json").write_bytes(prepared.body(Kind.LIST_1000))


def _path(place: Place, kind: Kind) -> str:
    return target(kind, place.prepared.ids).partition("?")[0]


def _server(port: int, path: str, answer: str) -> str:
    return f"    server {{ listen 127.0.0.1:{port}; location = {path} {{ {answer} }} }}\n"


#: What fits into a configuration.
_SHORT: Final = frozenset(Kind) - {Kind.LIST_1000}

BEST = Contender("nginx-best", "nginx, files, at its best", partial(_start, servers=_files, options=_BEST))
DEFAULT = Contender("nginx-default", "nginx, files, by default", partial(_start, servers=_files, options=_DEFAULT))
GZIP = Contender(
    "nginx-gzip", "nginx, files, `gzip on`", partial(_start, servers=_files, options=f"{_BEST} {_GZIP}")
)
GZIP_STATIC = Contender(
    "nginx-gzip-static",
    "nginx, files, `gzip_static on`",
    partial(_start, servers=_files, options=f"{_BEST} {_GZIP_STATIC}"),
)
RETURN = Contender("nginx-return", "nginx, `return`", partial(_start, servers=_constants, options=""), kinds=_SHORT)

_JOB_OPTIONS: Final = f"{_BEST} {_GZIP_STATIC}"

SAME_JOB = Contender("nginx-job", "nginx, same job", partial(_start, servers=_same_job, options=_JOB_OPTIONS))
SAME_JOB_LOGGING = Contender(
    "nginx-job-log",
    "nginx, same job, access log on",
    partial(_start, servers=_same_job, options=f"{_JOB_OPTIONS} {_CLIENT}", log=_LOG),
)


def same_job_configuration() -> str:
    """Return what nginx is given to do the same job with a log, for readers."""
    options = "\n".join([*_JOB_OPTIONS.replace("; ", ";\n").splitlines(), _CLIENT, _LOG])
    return f"{options}\n{dedent(_JOB.format(secret='sk-…', port=80, folder='/srv', models=MODELS))}".rstrip("\n")

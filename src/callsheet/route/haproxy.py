"""The route for HAProxy."""

from typing import Final

from callsheet.route.endpoint import Endpoint
from callsheet.route.route import (
    ANSWER_TIMEOUT_SECONDS,
    CONNECT_TIMEOUT_SECONDS,
    GATEWAY_TIMEOUT_SECONDS,
    LIST_PATH,
    METHODS,
    Route,
)
from callsheet.route.template import fill

_FILE: Final = """\
# HAProxy: the list of models from Callsheet ({{callsheet_url}}),
# everything else from the gateway ({{gateway_url}}).
#
# A whole file, such as /etc/haproxy/haproxy.cfg. To add the route to a configuration that you have, copy the two parts
# between ">>>" and "<<<". HAProxy looks host names up once, when it starts.

global
    log /dev/log local0

defaults
    mode http
    log global
    option httplog
    option dontlognull
    timeout connect {{connect}}s
    timeout client {{gateway_timeout}}s
    timeout server {{gateway_timeout}}s
    timeout http-request 10s
    timeout http-keep-alive 60s

frontend models
    bind {{listen}}

    # >>> copy into your frontend, above its other use_backend lines
    option forwardfor
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
    # The methods and paths of the Models API, as they were sent: with encoded slashes, a doubled /v1, doubled slashes.
    acl callsheet_method method {{methods}}
    acl callsheet_path path -m reg ^{{prefixes}}{{list_path}}(?:/.*)?$
    use_backend callsheet if callsheet_method callsheet_path
    # <<<

    default_backend callsheet_gateway

# >>> copy behind your backends
backend callsheet
    http-request set-header Host {{callsheet_authority}}
    {{strip}}
    option httpchk
    http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host {{callsheet_authority}}
    http-check expect status 200
    timeout check 500ms

    # Callsheet is down, hangs or is not ready: the gateway's own list. Claude Code waits three seconds in all.
    timeout connect {{connect}}s
    timeout server {{answer}}s
    balance roundrobin
    option redispatch 1
    retries 1
    retry-on conn-failure empty-response response-timeout 502 503 504
    use-server callsheet if { srv_is_up(callsheet) }
    server callsheet {{callsheet_socket}} check inter 1s fall 1 rise 1{{callsheet_tls}}
    server fallback abns@callsheet-fallback

# So that what is asked of the gateway is worded as for the gateway.
frontend callsheet_fallback
    bind abns@callsheet-fallback
    http-request set-log-level silent
    {{restore}}
    default_backend callsheet_gateway

backend callsheet_gateway
    option abortonclose  # a client that leaves ends its message
    http-request set-header Host {{gateway_authority}}
    timeout connect {{connect}}s
    timeout server {{gateway_timeout}}s
    server gateway {{gateway_socket}}{{gateway_tls}}
# <<<
"""

#: Callsheet does not know the prefixes, but the gateway does.
_STRIP: Final = """\
http-request set-header X-Callsheet-Path %[path]
http-request replace-path ^{{prefixes}}({{list_path}}(?:/.*)?)$ \\1
"""
_RESTORE: Final = """\
http-request set-path %[req.hdr(x-callsheet-path)]
http-request del-header X-Callsheet-Path
"""


def write_haproxy(route: Route) -> str:
    """Return a whole ``haproxy.cfg``."""
    paths = {"prefixes": route.prefix_pattern, "list_path": LIST_PATH}
    return fill(
        _FILE,
        methods=" ".join(METHODS),
        **paths,
        strip=fill(_STRIP, **paths) if route.prefixes else "",
        restore=_RESTORE if route.prefixes else "",
        listen=route.listen.socket if route.listen.host else f":{route.listen.port}",
        connect=CONNECT_TIMEOUT_SECONDS,
        answer=ANSWER_TIMEOUT_SECONDS,
        gateway_timeout=GATEWAY_TIMEOUT_SECONDS,
        **_values("callsheet", route.callsheet),
        **_values("gateway", route.gateway),
    )


def _values(name: str, server: Endpoint) -> dict[str, str]:
    tls = f" ssl verify required ca-file @system-ca sni str({server.host}) check-sni {server.host}"
    return {
        f"{name}_url": server.url,
        f"{name}_socket": server.socket,
        f"{name}_authority": server.authority,
        f"{name}_tls": tls if server.uses_tls else "",
    }

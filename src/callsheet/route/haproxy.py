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
# A whole file, such as /etc/haproxy/haproxy.cfg. To add the route to a configuration that you have, copy the two
# parts between ">>>" and "<<<". HAProxy looks host names up once, when it starts.

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
    # The methods and paths of the Models API, as sent: encoded slashes, doubled /v1, doubled slashes.
    acl callsheet_method method {{methods}}
    acl callsheet_path path -m reg ^{{prefixes}}{{list_path}}(?:/.*)?$
    use_backend callsheet_or_gateway if callsheet_method callsheet_path
    # <<<

    default_backend callsheet_gateway

# >>> copy behind your backends
# A request goes to Callsheet, and once more, to the gateway, if Callsheet is down, hangs or is not ready.
backend callsheet_or_gateway
    http-request set-header Host {{gateway_authority}}
    timeout connect {{connect}}s
    timeout server {{gateway_timeout}}s
    balance roundrobin
    option redispatch 1
    retries 1
    retry-on conn-failure empty-response junk-response response-timeout 502 503 504
    use-server callsheet if { srv_is_up(callsheet) }
    server callsheet abns@callsheet track callsheet/callsheet
    server gateway {{gateway_socket}}{{gateway_tls}}

frontend callsheet
    bind abns@callsheet
    http-request set-log-level silent
    default_backend callsheet

backend callsheet
    {{strip}}
    http-request set-header Host {{callsheet_authority}}
    option httpchk
    http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host {{callsheet_authority}}
    http-check expect status 200
    timeout check 500ms
    timeout connect {{connect}}s
    timeout server {{answer}}s  # Claude Code waits three seconds in all
    retries 0
    server callsheet {{callsheet_socket}} check inter 1s fall 1 rise 1{{callsheet_tls}}

backend callsheet_gateway
    http-request set-header Host {{gateway_authority}}
    timeout connect {{connect}}s
    timeout server {{gateway_timeout}}s
    server gateway {{gateway_socket}}{{gateway_tls}}
# <<<
"""

_STRIP: Final = "http-request replace-path ^{{prefixes}}({{list_path}}(?:/.*)?)$ \\1"


def write_haproxy(route: Route) -> str:
    """Return a whole ``haproxy.cfg``."""
    paths = {"prefixes": route.prefix_pattern, "list_path": LIST_PATH}
    return fill(
        _FILE,
        methods=" ".join(METHODS),
        **paths,
        strip=fill(_STRIP, **paths) if route.prefixes else "",
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

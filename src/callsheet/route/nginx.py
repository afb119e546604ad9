"""The route for nginx."""

from typing import Final

from callsheet.route.endpoint import Endpoint
from callsheet.route.route import (
    ANSWER_TIMEOUT_SECONDS,
    CALLSHEET_IDLE_SECONDS,
    CERTIFICATES,
    CONNECT_TIMEOUT_SECONDS,
    GATEWAY_IDLE_SECONDS,
    GATEWAY_TIMEOUT_SECONDS,
    LIST_PATH,
    METHODS,
    Route,
)
from callsheet.route.template import fill

_FILE: Final = """\
# nginx: the list of models from Callsheet ({{callsheet_url}}),
# everything else from the gateway ({{gateway_url}}).
#
# A whole file for http { }, such as /etc/nginx/conf.d/callsheet.conf. To add the route to a server that you have,
# copy the two parts between ">>>" and "<<<". nginx looks host names up once, when it starts.

# >>> copy into http { }
# The methods and paths of the Models API, as sent: encoded slashes, doubled /v1, doubled slashes.
map "$request_method $request_uri" $callsheet_uri {
    default "";
    "~^(?:{{methods}}) {{prefixes}}(?<callsheet_path>{{list_path}}(?:[/?].*)?)$" $callsheet_path;
}

map $http_upgrade $callsheet_connection {
    default upgrade;
    "" "";
}

upstream callsheet {
    server {{callsheet_socket}};
    keepalive 32;
    keepalive_timeout {{callsheet_idle}}s;
}

upstream callsheet_gateway {
    server {{gateway_socket}};
    keepalive 32;
    keepalive_timeout {{gateway_idle}}s;
}
# <<<

server {
    listen {{listen}};

    # >>> copy into server { }
    # A jump; clients never see this status.
    error_page 418 = @callsheet;
    recursive_error_pages on;
    if ($callsheet_uri) {
        return 418;
    }

    location @callsheet {
        proxy_pass {{callsheet_scheme}}://callsheet$callsheet_uri;
        proxy_http_version 1.1;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
        proxy_set_header Connection "";
        proxy_set_header Host {{callsheet_authority}};
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header X-Forwarded-Proto $scheme;
        {{callsheet_tls}}
        proxy_max_temp_file_size 0;  # a long list waits for a slow reader in Callsheet, not on a disk

        # Callsheet is down or hangs: the gateway's own list. Claude Code waits three seconds in all.
        proxy_connect_timeout {{connect}}s;
        proxy_read_timeout {{answer}}s;
        proxy_next_upstream error;
        proxy_intercept_errors on;
        error_page 502 503 504 = @callsheet_fallback;
    }

    location @callsheet_fallback {
        proxy_pass {{gateway_scheme}}://callsheet_gateway$request_uri;
        proxy_http_version 1.1;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
        proxy_set_header Connection "";
        proxy_set_header Host {{gateway_authority}};
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_connect_timeout {{connect}}s;
        {{gateway_tls}}
    }
    # <<<

    underscores_in_headers on;
    client_max_body_size 0;

    location / {
        # No path behind the name: nginx then passes on the path as it was sent.
        proxy_pass {{gateway_scheme}}://callsheet_gateway;
        proxy_http_version 1.1;
        proxy_set_header Connection $callsheet_connection;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Host {{gateway_authority}};
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header X-Forwarded-Proto $scheme;
        {{gateway_tls}}
        proxy_buffering off;          # messages are streamed
        proxy_request_buffering off;  # uploads, too
        proxy_read_timeout {{gateway_timeout}}s;
        proxy_send_timeout {{gateway_timeout}}s;
    }
}
"""

_TLS: Final = """\
proxy_ssl_server_name on;
proxy_ssl_name {{host}};
proxy_ssl_verify on;
proxy_ssl_verify_depth 5;
proxy_ssl_trusted_certificate {{certificates}};
"""


def write_nginx(route: Route) -> str:
    """Return a file for nginx's ``conf.d``."""
    return fill(
        _FILE,
        methods="|".join(METHODS),
        prefixes=route.prefix_pattern,
        list_path=LIST_PATH,
        listen=route.listen.socket if route.listen.host else f"{route.listen.port}",
        connect=CONNECT_TIMEOUT_SECONDS,
        answer=ANSWER_TIMEOUT_SECONDS,
        gateway_timeout=GATEWAY_TIMEOUT_SECONDS,
        callsheet_idle=CALLSHEET_IDLE_SECONDS,
        gateway_idle=GATEWAY_IDLE_SECONDS,
        **_values("callsheet", route.callsheet),
        **_values("gateway", route.gateway),
    )


def _values(name: str, server: Endpoint) -> dict[str, str]:
    return {
        f"{name}_url": server.url,
        f"{name}_scheme": server.scheme,
        f"{name}_socket": server.socket,
        f"{name}_authority": server.authority,
        f"{name}_tls": fill(_TLS, host=server.host, certificates=CERTIFICATES) if server.uses_tls else "",
    }

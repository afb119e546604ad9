"""The route for Caddy."""

from typing import Final

from callsheet.route.route import (
    ANSWER_TIMEOUT_SECONDS,
    CALLSHEET_IDLE_SECONDS,
    CONNECT_TIMEOUT_SECONDS,
    GATEWAY_IDLE_SECONDS,
    GATEWAY_TIMEOUT_SECONDS,
    LIST_PATH,
    METHODS,
    Route,
)
from callsheet.route.template import fill

_FILE: Final = """\
# Caddy: the list of models from Callsheet ({{callsheet_url}}),
# everything else from the gateway ({{gateway_url}}).
#
# A whole Caddyfile. To add the route to a site that you have, copy the two parts between ">>>" and "<<<".
# For TLS, write your host name in place of http:// and the port, and leave bind out.

{
    # >>> copy into the global options
    # Where something fails, Caddy logs the headers of the request, and x-api-key is one of them.
    log {
        format filter {
            wrap json
            fields {
                request>headers delete
            }
        }
    }
    # <<<
}

http://:{{port}} {
    {{bind}}

    # >>> copy into your site
    # The methods and paths of the Models API, as sent: encoded slashes, doubled /v1, doubled slashes.
    @callsheet {
        method {{methods}}
        vars_regexp callsheet {http.request.uri} ^{{prefixes}}({{list_path}}(?:[/?].*)?)$
    }
    handle @callsheet {
        vars callsheet asked
        {{strip}}
        reverse_proxy {{callsheet_url}} {
            header_up Host {upstream_hostport}
            health_uri /readyz
            health_interval 1s
            health_timeout 500ms
            transport http {
                dial_timeout {{connect}}s
                response_header_timeout {{answer}}s
                keepalive {{callsheet_idle}}s
            }
            @away status 502 503 504
            handle_response @away {
                error 503
            }
        }
    }

    # Callsheet is down, hangs or is not ready: the gateway's own list. Claude Code waits three seconds in all.
    handle_errors {
        @callsheet_away vars callsheet asked
        reverse_proxy @callsheet_away {{gateway_url}} {
            header_up Host {upstream_hostport}
            transport http {
                keepalive {{gateway_idle}}s
            }
        }
    }
    # <<<

    handle {
        reverse_proxy {{gateway_url}} {
            header_up Host {upstream_hostport}
            flush_interval 10ms  # for streams that are not server-sent events, which are never held
            transport http {
                dial_timeout {{connect}}s
                response_header_timeout {{gateway_timeout}}s
                keepalive {{gateway_idle}}s
            }
        }
    }
}
"""


def write_caddy(route: Route) -> str:
    """Return a whole Caddyfile."""
    return fill(
        _FILE,
        callsheet_url=route.callsheet.url,
        gateway_url=route.gateway.url,
        port=route.listen.port,
        bind=f"bind {route.listen.host}" if route.listen.host else "",
        methods=" ".join(METHODS),
        prefixes=route.prefix_pattern,
        list_path=LIST_PATH,
        strip="\n".join(f"uri strip_prefix {prefix}" for prefix in route.prefixes),
        connect=CONNECT_TIMEOUT_SECONDS,
        answer=ANSWER_TIMEOUT_SECONDS,
        gateway_timeout=GATEWAY_TIMEOUT_SECONDS,
        callsheet_idle=CALLSHEET_IDLE_SECONDS,
        gateway_idle=GATEWAY_IDLE_SECONDS,
    )

"""The route for Envoy."""

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
# Envoy: the list of models from Callsheet ({{callsheet_url}}),
# everything else from the gateway ({{gateway_url}}).
#
# A whole file for envoy --config-path. To add the route to a configuration that you have, copy the two parts between
# ">>>" and "<<<".

static_resources:
  listeners:
  - name: models
    address: {socket_address: {address: "{{listen_host}}", port_value: {{listen_port}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: models
          use_remote_address: true            # x-forwarded-for names the client
          generate_request_id: false          # request ids stay as they are
          preserve_external_request_id: true
          server_header_transformation: PASS_THROUGH
          stream_idle_timeout: {{gateway_timeout}}s
          upgrade_configs: [{upgrade_type: websocket}]
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
              suppress_envoy_headers: true
          route_config:
            virtual_hosts:
            - name: models
              domains: ["*"]
              routes:
              # >>> copy above your other routes
              # The methods and paths of the Models API, as they were sent: with encoded slashes, a doubled /v1,
              # doubled slashes.
              - match:
                  safe_regex: {regex: '{{prefixes}}{{list_path}}(?:/.*)?'}
                  headers: [{name: ":method", string_match: {safe_regex: {regex: '{{methods}}'}}}]
                {{remember}}
                route:
                  cluster: callsheet_or_gateway
                  {{strip}}
                  auto_host_rewrite: true
                  append_x_forwarded_host: true
                  # Callsheet is down, hangs or is not ready: the gateway's own list. Claude Code waits three seconds.
                  timeout: {{gateway_timeout}}s
                  retry_policy:
                    retry_on: gateway-error,connect-failure,refused-stream,reset
                    num_retries: 1
                    per_try_timeout: {{answer}}s
                    retry_back_off: {base_interval: 0.001s}
                    retry_priority:
                      name: envoy.retry_priorities.previous_priorities
                      typed_config:
                        "@type": type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig
                        update_frequency: 1
              # <<<
              - match: {prefix: /}
                route:
                  cluster: callsheet_gateway
                  auto_host_rewrite: true
                  append_x_forwarded_host: true
                  timeout: 0s  # messages are streamed for as long as they like
                  idle_timeout: {{gateway_timeout}}s

  clusters:
  # >>> copy behind your clusters
  - name: callsheet_or_gateway
    connect_timeout: {{connect}}s
    lb_policy: CLUSTER_PROVIDED
    cluster_type:
      name: envoy.clusters.aggregate
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig
        clusters: [callsheet, callsheet_fallback]

  - name: callsheet
    {{callsheet_cluster}}
    common_lb_config: {healthy_panic_threshold: {value: 0}}
    health_checks:
    - http_health_check: {path: /readyz, host: "{{callsheet_authority}}"}
      timeout: 0.5s
      interval: 1s
      no_traffic_interval: 1s
      unhealthy_threshold: 1
      healthy_threshold: 1
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        common_http_protocol_options: {idle_timeout: {{callsheet_idle}}s}
        explicit_http_config: {http_protocol_options: {}}

  # The gateway once more, for its list.
  - name: callsheet_fallback
    {{gateway_cluster}}
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        common_http_protocol_options: {idle_timeout: {{gateway_idle}}s}
        explicit_http_config: {http_protocol_options: {}}
        {{restore}}

  - name: callsheet_gateway
    {{gateway_cluster}}
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        common_http_protocol_options: {idle_timeout: {{gateway_idle}}s}
        explicit_http_config: {http_protocol_options: {}}
  # <<<
"""

_CLUSTER: Final = """\
type: {{type}}
connect_timeout: {{connect}}s
load_assignment:
  cluster_name: "{{host}}"
  endpoints:
  - lb_endpoints:
    - endpoint:
        address: {socket_address: {address: "{{host}}", port_value: {{port}}}}
        hostname: "{{authority}}"
{{tls}}
"""

_TLS: Final = """\
transport_socket:
  name: envoy.transport_sockets.tls
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
    sni: "{{host}}"
    common_tls_context:
      validation_context:
        trusted_ca: {filename: {{certificates}}}
        match_typed_subject_alt_names: [{san_type: {{san_type}}, matcher: {exact: "{{host}}"}}]
"""

#: Callsheet does not know the prefixes, but the gateway does.
_REMEMBER: Final = """\
request_headers_to_add:
- {header: {key: x-callsheet-path, value: "%REQ(:PATH)%"}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}
"""
_STRIP: Final = """\
regex_rewrite: {pattern: {regex: '^{{prefixes}}({{list_path}}(?:[/?].*)?)$'}, substitution: '\\1'}
"""
_RESTORE: Final = """\
http_filters:
- name: envoy.filters.http.lua  # no other filter may change a path here
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
    default_source_code:
      inline_string: |
        function envoy_on_request(handle)
          local headers = handle:headers()
          headers:replace(":path", headers:get("x-callsheet-path"))
          headers:remove("x-callsheet-path")
        end
- name: envoy.filters.http.upstream_codec
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec
"""


def write_envoy(route: Route) -> str:
    """Return a whole bootstrap configuration, in YAML."""
    paths = {"prefixes": route.prefix_pattern, "list_path": LIST_PATH}
    return fill(
        _FILE,
        callsheet_url=route.callsheet.url,
        gateway_url=route.gateway.url,
        callsheet_authority=route.callsheet.authority,
        callsheet_cluster=_cluster(route.callsheet),
        gateway_cluster=_cluster(route.gateway),
        listen_host=route.listen.host or "0.0.0.0",  # noqa: S104 - the caller asked for all addresses
        listen_port=route.listen.port,
        methods="|".join(METHODS),
        **paths,
        remember=_REMEMBER if route.prefixes else "",
        strip=fill(_STRIP, **paths) if route.prefixes else "",
        restore=_RESTORE if route.prefixes else "",
        connect=CONNECT_TIMEOUT_SECONDS,
        answer=ANSWER_TIMEOUT_SECONDS,
        gateway_timeout=GATEWAY_TIMEOUT_SECONDS,
        callsheet_idle=CALLSHEET_IDLE_SECONDS,
        gateway_idle=GATEWAY_IDLE_SECONDS,
    )


def _cluster(server: Endpoint) -> str:
    tls = fill(
        _TLS,
        host=server.host,
        certificates=CERTIFICATES,
        san_type="DNS" if server.is_name else "IP_ADDRESS",
    )
    return fill(
        _CLUSTER,
        type="STRICT_DNS" if server.is_name else "STATIC",
        connect=CONNECT_TIMEOUT_SECONDS,
        host=server.host,
        port=server.port,
        authority=server.authority,
        tls=tls if server.uses_tls else "",
    )

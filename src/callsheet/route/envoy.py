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
# A whole file for envoy --config-path. To add the route to a configuration that you have, copy the four parts
# between ">>>" and "<<<".

# >>> copy to the top level
bootstrap_extensions:
- name: envoy.bootstrap.internal_listener
  typed_config:
    "@type": {{types}}.bootstrap.internal_listener.v3.InternalListener
# <<<

static_resources:
  listeners:
  - name: models
    address: {socket_address: {address: "{{listen_host}}", port_value: {{listen_port}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": {{types}}.filters.network.http_connection_manager.v3.HttpConnectionManager
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
              "@type": {{types}}.filters.http.router.v3.Router
              suppress_envoy_headers: true
          route_config:
            virtual_hosts:
            - name: models
              domains: ["*"]
              request_headers_to_add:
              - header: {key: x-forwarded-host, value: "%REQ(:AUTHORITY)%"}
                append_action: OVERWRITE_IF_EXISTS_OR_ADD
              routes:
              # >>> copy above your other routes
              # The methods and paths of the Models API, as sent: encoded slashes, doubled /v1, doubled slashes.
              - match:
                  safe_regex: {regex: '{{prefixes}}{{list_path}}(?:/.*)?'}
                  headers: [{name: ":method", string_match: {safe_regex: {regex: '{{methods}}'}}}]
                route:
                  cluster: callsheet_or_gateway
                  host_rewrite_literal: "{{gateway_authority}}"
                  timeout: 0s
                  idle_timeout: {{gateway_timeout}}s
                  # Callsheet is down, hangs or is not ready: the gateway's own list.
                  retry_policy:
                    retry_on: gateway-error,connect-failure,refused-stream,reset
                    num_retries: 1
                    retry_back_off: {base_interval: 0.001s}
                    retry_priority:
                      name: envoy.retry_priorities.previous_priorities
                      typed_config:
                        "@type": {{types}}.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig
                        update_frequency: 1
              # <<<
              - match: {prefix: /}
                route:
                  cluster: callsheet_gateway
                  host_rewrite_literal: "{{gateway_authority}}"
                  timeout: 0s  # messages are streamed for as long as they like
                  idle_timeout: {{gateway_timeout}}s

  # >>> copy behind your listeners
  - name: callsheet
    internal_listener: {}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": {{types}}.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: callsheet
          skip_xff_append: true
          generate_request_id: false
          preserve_external_request_id: true
          server_header_transformation: PASS_THROUGH
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": {{types}}.filters.http.router.v3.Router
              suppress_envoy_headers: true
          route_config:
            virtual_hosts:
            - name: callsheet
              domains: ["*"]
              routes:
              - match: {prefix: /}
                route:
                  cluster: callsheet
                  {{strip}}
                  host_rewrite_literal: "{{callsheet_authority}}"
                  timeout: 0s  # a long list waits for a slow reader
                  retry_policy: {num_retries: 0, per_try_timeout: {{answer}}s}  # Claude Code waits three in all
  # <<<

  clusters:
  # >>> copy behind your clusters
  - name: callsheet_or_gateway
    connect_timeout: {{connect}}s
    lb_policy: CLUSTER_PROVIDED
    cluster_type:
      name: envoy.clusters.aggregate
      typed_config:
        "@type": {{types}}.clusters.aggregate.v3.ClusterConfig
        clusters: [callsheet_listener, callsheet_gateway]
    {{limits}}

  - name: callsheet_listener
    type: STATIC
    connect_timeout: {{connect}}s
    load_assignment:
      cluster_name: callsheet_listener
      endpoints:
      - lb_endpoints:
        - endpoint: {address: {envoy_internal_address: {server_listener_name: callsheet}}}

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

  - name: callsheet_gateway
    {{gateway_cluster}}
  # <<<
"""

#: By default, Envoy repeats three requests at a time, and refuses more than 1,024.
_LIMITS: Final = """\
circuit_breakers:
  thresholds: [{max_connections: 10000, max_pending_requests: 10000, max_requests: 10000, max_retries: 10000}]
"""

_CLUSTER: Final = """\
{{discovery}}
connect_timeout: {{connect}}s
{{limits}}
load_assignment:
  cluster_name: "{{host}}"
  endpoints:
  - lb_endpoints:
    - endpoint: {address: {socket_address: {address: "{{host}}", port_value: {{port}}}}}
typed_extension_protocol_options:
  envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
    "@type": {{types}}.upstreams.http.v3.HttpProtocolOptions
    common_http_protocol_options: {idle_timeout: {{idle}}s}
    explicit_http_config: {http_protocol_options: {}}
{{tls}}
"""

_TLS: Final = """\
transport_socket:
  name: envoy.transport_sockets.tls
  typed_config:
    "@type": {{types}}.transport_sockets.tls.v3.UpstreamTlsContext
    sni: "{{host}}"
    common_tls_context:
      validation_context:
        trusted_ca: {filename: {{certificates}}}
        match_typed_subject_alt_names: [{san_type: {{san_type}}, matcher: {exact: "{{host}}"}}]
"""

_STRIP: Final = """\
regex_rewrite: {pattern: {regex: '^{{prefixes}}({{list_path}}(?:[/?].*)?)$'}, substitution: '\\1'}
"""

_TYPES: Final = "type.googleapis.com/envoy.extensions"


def write_envoy(route: Route) -> str:
    """Return a whole bootstrap configuration, in YAML."""
    paths = {"prefixes": route.prefix_pattern, "list_path": LIST_PATH}
    return fill(
        _FILE,
        types=_TYPES,
        limits=_LIMITS,
        callsheet_url=route.callsheet.url,
        gateway_url=route.gateway.url,
        callsheet_authority=route.callsheet.authority,
        gateway_authority=route.gateway.authority,
        callsheet_cluster=_cluster(route.callsheet, CALLSHEET_IDLE_SECONDS),
        gateway_cluster=_cluster(route.gateway, GATEWAY_IDLE_SECONDS),
        listen_host=route.listen.host or "0.0.0.0",  # noqa: S104 - the caller asked for all addresses
        listen_port=route.listen.port,
        methods="|".join(METHODS),
        **paths,
        strip=fill(_STRIP, **paths) if route.prefixes else "",
        connect=CONNECT_TIMEOUT_SECONDS,
        answer=ANSWER_TIMEOUT_SECONDS,
        gateway_timeout=GATEWAY_TIMEOUT_SECONDS,
    )


def _cluster(server: Endpoint, idle: int) -> str:
    tls = fill(
        _TLS,
        types=_TYPES,
        host=server.host,
        certificates=CERTIFICATES,
        san_type="DNS" if server.is_name else "IP_ADDRESS",
    )
    return fill(
        _CLUSTER,
        types=_TYPES,
        limits=_LIMITS,
        discovery="type: LOGICAL_DNS\ndns_lookup_family: ALL" if server.is_name else "type: STATIC",
        connect=CONNECT_TIMEOUT_SECONDS,
        idle=idle,
        host=server.host,
        port=server.port,
        tls=tls if server.uses_tls else "",
    )

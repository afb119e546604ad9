"""Metrics and traces: collected, served at ``/metrics``, and sent by OpenTelemetry."""

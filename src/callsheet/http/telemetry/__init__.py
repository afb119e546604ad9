"""Traces, and figures sent by OpenTelemetry."""

"""Tests, from the inside out: domain, wire, api, storage, service, http, cli, real processes, real clients."""

"""``--any-key``: for tests and laptops, and on nothing but loopback."""

from pathlib import Path

import pytest

from tests.program import Server, call


@pytest.mark.parametrize("workers", ["1", "2"])
def test_any_key_accepts_every_credential_but_not_none(tmp_path: Path, workers: str) -> None:
    with Server(tmp_path / "callsheet.db", "--any-key", "--workers", workers) as server:
        server.printed(r"Every credential is accepted \(any_key\)\.\n")
        assert server.get("/v1/models", "whatever")[0] == 200
        assert server.get("/v1/models")[0] == 401


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_any_key_serves_on_loopback(tmp_path: Path, host: str) -> None:
    with Server(tmp_path / "callsheet.db", "--any-key", "--host", host) as server:
        assert server.get("/v1/models", "whatever")[0] == 200


def test_any_key_refuses_an_open_address(tmp_path: Path) -> None:
    done = call("serve", "--any-key", "--host", "0.0.0.0", "--port", "0", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("callsheet: any_key would open 0.0.0.0 to everybody; ")
    assert list(tmp_path.iterdir()) == []


def test_any_key_takes_an_open_address_from_whoever_insists(tmp_path: Path) -> None:
    with Server(tmp_path / "callsheet.db", "--any-key", "--host", "0.0.0.0", "--insecure") as server:
        assert server.get("/v1/models", "whatever")[0] == 200

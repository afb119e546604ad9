"""Requests to Bedrock arrive as they were signed, whatever the HTTP client makes of the URL."""

from datetime import UTC, datetime
from pathlib import Path

from callsheet.service.sync.config import read_config
from callsheet.service.sync.listing import Upstreams
from callsheet.service.sync.record import recording_of
from callsheet.sources.credentials import credentials
from callsheet.sources.registry import upstream_of
from callsheet.sources.upstream import Options
from tests.sources.recorded import reading_of
from tests.sources.replay import replay

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
PAIR = "AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY:FwoGZXIvYXdzEExampleToken=="


def test_every_page_of_bedrock_is_asked_with_a_signature_of_what_arrives(tmp_path: Path) -> None:
    secret = tmp_path / "aws"
    secret.write_text(f"{PAIR}\n")
    secret.chmod(0o600)
    with replay("bedrock") as served:
        config = read_config(
            {"kind": "bedrock", "url": served.url, "secret": f"file:{secret}", "region": "eu-west-1"}
        )
        lists = Upstreams(lambda: NOW).ask(config, "org")
    assert lists is not None
    assert [each.id for each in lists.chosen] == [each.id for each in reading_of("bedrock").listed]
    assert len(served.asked) == 3
    for path, headers in served.asked:
        expected = credentials(
            upstream_of("bedrock"), f"http://{headers['host']}{path}", PAIR, Options(region="eu-west-1"), NOW
        )
        assert {name: headers[name] for name in expected} == expected


def test_what_is_recorded_of_bedrock_holds_neither_keys_nor_the_account(tmp_path: Path) -> None:
    secret = tmp_path / "aws"
    secret.write_text(PAIR)
    secret.chmod(0o600)
    with replay("bedrock") as served:
        config = read_config(
            {"kind": "bedrock", "url": served.url, "secret": f"file:{secret}", "region": "eu-west-1"}
        )
        recording = recording_of(config, "org", lambda: NOW)
    assert list(recording) == [
        "GET /foundation-models",
        "GET /inference-profiles?type=SYSTEM_DEFINED&maxResults=1000",
        "GET /inference-profiles?type=SYSTEM_DEFINED&maxResults=1000&nextToken=scrubbed-3",
    ]
    text = repr(recording)
    assert "127.0.0.1" not in text
    assert not [part for part in PAIR.split(":") if part in text]

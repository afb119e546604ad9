"""Headers that carry secrets, and what a secret for AWS may look like."""

import json
from datetime import UTC, datetime

import pytest

from callsheet.domain.errors import SourceError
from callsheet.sources.aws_credentials import AWSKeys, read_secret
from callsheet.sources.aws_signature import sign_get
from callsheet.sources.credentials import credentials
from callsheet.sources.registry import upstream_of
from callsheet.sources.upstream import Options

KINDS = ["openai", "gemini", "openrouter", "litellm", "bedrock", "vertex", "models-dev", "litellm-prices"]
NOW = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEYS = AWSKeys("AKIDEXAMPLE", KEY)


@pytest.mark.parametrize("kind", KINDS)
def test_a_source_without_a_secret_sends_no_credential(kind: str) -> None:
    assert credentials(upstream_of(kind), "https://example.com/v1/models", " \n", Options(), NOW) == {}


@pytest.mark.parametrize(
    "secret",
    [
        f"AKIAIOSFODNN7EXAMPLE:{KEY}:token",
        f" AKIAIOSFODNN7EXAMPLE:{KEY}:token\n",
        json.dumps(
            {"Version": 1, "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": KEY, "SessionToken": "token"}
        ),
        json.dumps(
            {
                "Credentials": {
                    "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
                    "SecretAccessKey": KEY,
                    "SessionToken": "token",
                }
            }
        ),
        json.dumps(
            {"Code": "Success", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": KEY, "Token": "token"}
        ),
    ],
)
def test_access_keys_are_read_in_the_forms_in_which_aws_hands_them_out(secret: str) -> None:
    assert read_secret(secret) == AWSKeys("AKIAIOSFODNN7EXAMPLE", KEY, "token")


def test_the_end_of_temporary_keys_is_read() -> None:
    secret = {"AccessKeyId": "A", "SecretAccessKey": "s", "Expiration": "2026-11-29T12:00:00+00:00"}
    keys = read_secret(json.dumps(secret))
    assert isinstance(keys, AWSKeys)
    assert keys.expires_at == datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "secret", ["two words", "{", "{}", '{"AccessKeyId": "A"}', '{"AccessKeyId": 7}', "tab\tin", "ключ"]
)
def test_a_secret_that_is_none_of_these_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(SourceError, match="aws configure export-credentials") as raised:
        read_secret(secret)
    assert secret == "{" or secret not in str(raised.value)


def test_what_is_secret_in_access_keys_is_not_shown() -> None:
    shown = repr(AWSKeys("AKID", KEY, "token"))
    assert KEY not in shown
    assert "token'" not in shown


def test_a_signature_is_the_one_that_aws_computes() -> None:
    """The example "get-vanilla-query-order-key-case" of AWS's own suite for Signature Version 4."""
    url = "https://example.amazonaws.com/?Param2=value2&Param1=value1"
    assert sign_get(url, KEYS, "us-east-1", "service", NOW)["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
    )


def test_the_token_of_a_session_is_sent_and_signed() -> None:
    headers = sign_get("https://example.com/", AWSKeys("A", "s", "token"), "us-east-1", "bedrock", NOW)
    assert headers["x-amz-security-token"] == "token"
    assert "SignedHeaders=host;x-amz-date;x-amz-security-token," in headers["authorization"]


def test_the_schemes_own_port_is_not_signed_as_clients_do_not_send_it() -> None:
    signed = [
        sign_get(url, KEYS, "r", "bedrock", NOW)
        for url in ("https://example.com/a", "https://EXAMPLE.com:443/a", "https://user@example.com/a")
    ]
    assert signed[0] == signed[1] == signed[2]
    assert sign_get("https://example.com:8443/a", KEYS, "r", "bedrock", NOW) != signed[0]

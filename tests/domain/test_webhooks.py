"""What a webhook may be, how it signs, and where it may lead."""

import base64
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook as Verifier

from callsheet.domain.addresses import AllowedAddresses, holds_credentials
from callsheet.domain.errors import InvalidError
from callsheet.domain.webhooks.delivery import MAX_ATTEMPTS, RETRY_SECONDS, next_attempt
from callsheet.domain.webhooks.event_type import EventType
from callsheet.domain.webhooks.signing import (
    SigningSecret,
    check_signing_secret,
    make_signing_secret,
    signature_header,
)
from callsheet.domain.webhooks.webhook import Webhook, check_events, check_url, wants

NOW = datetime(2026, 6, 1, tzinfo=UTC)

PRIVATE = (
    "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "::1", "fc00::1",
    "fd12::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "2002:7f00:1::", "2002:c0a8:101::",
    "fec0::1", "192.0.0.8", "192.0.0.170",
)  # fmt: skip
NEVER_BY_STAR = (
    "169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::", "fe80::1",
    "0.0.0.0", "::", "224.0.0.1", "ff02::1", "fd00:ec2::254", "100.100.100.200", "192.0.0.192", "255.255.255.255",
)  # fmt: skip
PUBLIC = ("8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8")


@pytest.mark.parametrize("address", [*PRIVATE, *NEVER_BY_STAR])
def test_what_only_this_machine_or_network_reaches_is_refused(address: str) -> None:
    assert not AllowedAddresses().allows(address)
    assert AllowedAddresses(["*"]).allows(address) is (address in PRIVATE)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_allowed(address: str) -> None:
    assert AllowedAddresses().allows(address)


@given(st.ip_addresses())
def test_nothing_that_python_calls_private_is_allowed_unless_it_is_named(address: object) -> None:
    text = str(address)
    known = ip_address(text)
    if not known.is_global or known.is_link_local or known.is_loopback or known.is_multicast:
        assert not AllowedAddresses().allows(text) or "64:ff9b" in text or getattr(known, "ipv4_mapped", None)
    if not known.is_multicast and not known.is_unspecified and known.version == 4:
        assert AllowedAddresses([text]).allows(text)


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::", "fd00:ec2::254",
     "fd00:ec2::254%eth0", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192"],
)  # fmt: skip
def test_the_addresses_at_which_clouds_answer_with_credentials_are_known_in_every_spelling(address: str) -> None:
    assert holds_credentials(address)
    assert not AllowedAddresses(["*"]).allows(address)


def _is_no_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return True
    return False


@given(st.one_of(st.sampled_from([*PRIVATE, *PUBLIC]), st.text(max_size=20).filter(_is_no_address)))
def test_no_other_address_holds_credentials(text: str) -> None:
    assert not holds_credentials(text)


@pytest.mark.parametrize("text", ["", "localhost", "0x7f.1", "1.2.3", "fe80::1%eth0", "127.0.0.1 "])
def test_what_is_not_a_public_address_is_not_allowed(text: str) -> None:
    assert not AllowedAddresses().allows(text)


@pytest.mark.parametrize(
    "url",
    [
        "", "hooks.example.com", "ftp://example.com/", "file:///etc/passwd", "https://", "https://u:p@example.com/",
        "https://example.com:22/", "https://example.com:0/", "https://example.com:99999/", "https://example.com/#a",
        "https://exa mple.com/", "https://example.com/\n", "https://[::1/", f"https://example.com/{'x' * 2000}",
        "https://é.example.com/", "http://example.com:1023/",
    ],
)  # fmt: skip
def test_a_url_that_no_receiver_has_is_refused(url: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        check_url(url)
    assert "u:p" not in str(refusal.value)


@pytest.mark.parametrize(
    "url", ["https://example.com", "http://example.com:80/", "https://example.com:8443/a?b=c", "http://[2606::1]/"]
)
def test_a_url_that_a_receiver_may_have_is_accepted(url: str) -> None:
    assert check_url(url) == url


@given(st.lists(st.sampled_from([*EventType, "*", "model.*", "alias.*"])), st.sampled_from(list(EventType)))
def test_a_webhook_gets_what_one_of_its_patterns_matches(patterns: list[str], kind: EventType) -> None:
    assert wants(check_events(patterns), kind) is any(
        pattern in ("*", kind) or (pattern.endswith(".*") and kind.startswith(pattern[:-1])) for pattern in patterns
    )


@pytest.mark.parametrize("patterns", [None, "*", {}, {"*": 1}, [None], [["*"]], [""], ["model"], ["**"], 7])
def test_what_is_malformed_lets_nothing_through(patterns: object) -> None:
    assert not any(wants(patterns, kind) for kind in EventType)


def test_events_that_there_are_not_are_refused() -> None:
    with pytest.raises(InvalidError, match=r"There are no events 'model\.gone'"):
        check_events(["model.added", "model.gone"])


@given(
    st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=3, unique=True),
    st.text(alphabet=st.characters(codec="utf-8")),
)
def test_every_secret_in_force_verifies_and_none_that_has_ended(keys: list[bytes], body: str) -> None:
    texts = [make_signing_secret(key) for key in keys]
    real = datetime.now(UTC)
    secrets = [SigningSecret(text, None if number == 0 else real) for number, text in enumerate(texts)]
    secrets.append(SigningSecret(make_signing_secret(bytes(32)), real + timedelta(hours=1)))
    stamp = int(real.timestamp())
    header = signature_header(secrets, "evt_1", stamp, body, real)
    assert len(header.split(" ")) == 2
    headers = {"webhook-id": "evt_1", "webhook-timestamp": str(stamp), "webhook-signature": header}
    for secret in (texts[0], secrets[-1].text):
        signed = signature_header([SigningSecret(secret)], "evt_1", stamp, body, real)
        assert signed in header
    if body.startswith("{"):
        Verifier(texts[0]).verify(body, headers)


@pytest.mark.parametrize(
    "text",
    ["", "whsec_", "whsec_!!", f"whsec_{base64.b64encode(bytes(23)).decode()}",
     f"whsec_{base64.b64encode(bytes(65)).decode()}", base64.b64encode(bytes(32)).decode()],
)  # fmt: skip
def test_a_secret_that_cannot_sign_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        check_signing_secret(text)
    assert len(text) < 7 or text not in str(refusal.value)


def test_no_secret_is_in_what_is_shown_of_a_webhook() -> None:
    secret = make_signing_secret(bytes(range(32)))
    webhook = Webhook(
        id="webhook_1", name="w", url="https://example.com", events=("*",), secrets=(SigningSecret(secret),),
        created_at=NOW,
    )  # fmt: skip
    for text in (repr(webhook), str(webhook), repr(webhook.record()), repr(webhook.secrets)):
        assert secret not in text
        assert secret.removeprefix("whsec_")[:8] not in text
    assert f"...{secret[-4:]}" in repr(webhook.record())


@given(st.integers(1, MAX_ATTEMPTS + 2), st.floats(0, 1), st.none() | st.floats(0, 1e9))
def test_an_attempt_follows_as_the_schedule_says_or_later_if_asked(
    attempts: int, spread: float, asked: float | None
) -> None:
    found = next_attempt(attempts, NOW, spread, asked)
    if attempts >= MAX_ATTEMPTS:
        assert found is None
        return
    assert found is not None
    wait = (found - NOW).total_seconds()
    usual = RETRY_SECONDS[attempts - 1]
    assert usual <= wait <= max(usual * 1.1, 86_400) + 1
    assert wait >= min(asked or 0, 86_400) - 1

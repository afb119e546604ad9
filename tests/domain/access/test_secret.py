import re
from hashlib import sha256
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access.secret import check_secret, fingerprint, hint, make_secret
from callsheet.domain.errors import InvalidError

SECRET = re.compile(r"sk-cs-([0-9A-Za-z]{43})([0-9A-Za-z]{6})", re.ASCII)
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

randomness = st.binary(min_size=32, max_size=32)


def _number(text: str) -> int:
    number = 0
    for digit in text:
        number = number * 62 + DIGITS.index(digit)
    return number


@given(randomness)
@pytest.mark.parametrize("edge", [None, bytes(32), b"\xff" * 32])
def test_a_secret_is_a_prefix_its_randomness_in_base_62_and_a_checksum(edge: bytes | None, drawn: bytes) -> None:
    source = drawn if edge is None else edge
    match = SECRET.fullmatch(make_secret(source))
    assert match is not None
    body, checksum = match.groups()
    assert _number(body) == int.from_bytes(source)
    assert _number(checksum) == crc32(body.encode())


@given(randomness, randomness)
def test_different_randomness_makes_different_secrets(one: bytes, other: bytes) -> None:
    assert (make_secret(one) == make_secret(other)) == (one == other)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_secret_is_made_of_exactly_32_random_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        make_secret(bytes(length))


@given(randomness)
def test_a_secret_we_make_can_be_brought_along(drawn: bytes) -> None:
    secret = make_secret(drawn)
    assert check_secret(secret) == secret


@pytest.mark.parametrize("secret", ["x" * 16, "x" * 512, "sk-ant-api03-!\"#$%&'()*+,/:;<=>?@[]^_`{|}~"])
def test_visible_ascii_of_16_to_512_characters_can_be_brought_along(secret: str) -> None:
    assert check_secret(secret) == secret


@pytest.mark.parametrize("length", [0, 1, 15, 513, 100_000])
def test_a_secret_too_short_or_too_long_is_refused(length: int) -> None:
    with pytest.raises(InvalidError) as refusal:
        check_secret("x" * length)
    assert str(refusal.value) == "A secret must have 16 to 512 characters."


@pytest.mark.parametrize("part", [" ", "\t", "\n", "\r", "\x00", "\x7f", "é", "\ud800", "\u3000"])
def test_a_secret_a_header_cannot_carry_is_refused_without_being_repeated(part: str) -> None:
    for secret in (f"sixteen-{part}-or-more-of-it", f"sixteen-characters-and{part}"):
        with pytest.raises(InvalidError) as refusal:
            check_secret(secret)
        assert str(refusal.value) == (
            "A secret must be visible ASCII characters without spaces, as headers carry it."
        )


def test_a_key_is_found_by_the_sha_256_of_its_secret_and_told_apart_by_the_last_four_characters() -> None:
    assert fingerprint("sixteen-characters") == sha256(b"sixteen-characters").digest()
    assert hint("sixteen-characters") == "ters"

"""Where requests go, whichever of an upstream's URLs people configure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.errors import SourceError
from callsheet.sources.address import address_of, check_url


@pytest.mark.parametrize(
    ("url", "path", "address"),
    [
        ("https://api.example.com", "/v1/models", "https://api.example.com/v1/models"),
        ("https://api.example.com/", "/v1/models", "https://api.example.com/v1/models"),
        ("https://api.example.com/v1", "/v1/models", "https://api.example.com/v1/models"),
        ("https://api.example.com/v1/", "/v1/models?limit=5", "https://api.example.com/v1/models?limit=5"),
        ("https://api.example.com/v1/models", "/v1/models", "https://api.example.com/v1/models"),
        ("https://example.com/api/v1", "/api/v1/models", "https://example.com/api/v1/models"),
        ("https://example.com/api", "/api/v1/models", "https://example.com/api/v1/models"),
        ("http://localhost:11434/v1", "/api/tags", "http://localhost:11434/api/tags"),
        ("http://localhost:11434/api", "/api/tags", "http://localhost:11434/api/tags"),
        ("https://example.com/team/llm/v1", "/v1/models", "https://example.com/team/llm/v1/models"),
        ("https://example.com/v1beta", "/v1beta/models?pageSize=9", "https://example.com/v1beta/models?pageSize=9"),
        ("https://example.com/api.json?a=b", "", "https://example.com/api.json?a=b"),
        ("http://[::1]:8080", "/v1/models", "http://[::1]:8080/v1/models"),
    ],
)
def test_what_the_url_and_the_path_share_is_there_once(url: str, path: str, address: str) -> None:
    assert address_of(url, path) == address


@given(st.lists(st.sampled_from(["api", "v1", "team", "models"]), max_size=4))
def test_an_address_ends_in_the_path_and_stays_on_the_host(segments: list[str]) -> None:
    address = address_of("/".join(["http://example.com", *segments]), "/v1/models")
    assert address.startswith("http://example.com/")
    assert address.endswith("/v1/models")
    assert address.count("/v1/v1") == 0 or segments.count("v1") > 1


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ftp://a", "'ftp://a' is not an HTTP URL"),
        ("localhost:11434", "'localhost:11434' is not an HTTP URL"),
        ("", "'' is not an HTTP URL"),
        ("http://", "'http://' is not an HTTP URL"),
        ("http://a b", "'http://a b' is not an HTTP URL"),
        ("http://[::1", "is not an HTTP URL"),
        ("http://a:99999", "is not an HTTP URL"),
        ("http://user:hunter2@a", "holds a user name or password"),
        ("ftp://user:hunter2@a", "That is not an HTTP URL"),
        ("http://a/#b", "has a fragment"),
    ],
)
def test_what_no_source_can_have_is_refused_without_a_password(url: str, sentence: str) -> None:
    with pytest.raises(SourceError) as raised:
        check_url(url)
    assert sentence in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_url_that_a_source_can_have_is_returned() -> None:
    assert check_url("https://example.com/v1?key=a") == "https://example.com/v1?key=a"

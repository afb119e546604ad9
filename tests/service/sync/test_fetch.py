"""What an upstream may do wrong: each is one sentence that says what to do, and none repeats the secret."""

import gzip
import json
import os
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import pytest
import trustme

from callsheet.domain.errors import SourceError
from callsheet.service.sync.config import SourceConfig
from callsheet.service.sync.fetch import Fetcher
from callsheet.service.sync.fetched import Fetched, Validators
from callsheet.service.sync.limits import LIMITS, Limits
from callsheet.service.sync.listing import Upstreams
from callsheet.service.sync.loop import mark_of
from callsheet.sources import openai
from callsheet.sources.scrubbed_texts import without_secret
from callsheet.sources.secret_texts import REPEATS_SECRET
from callsheet.sources.upstream import Dropped, Options, Request, SourceKind
from tests.broken.serving import serve_broken, serve_nothing, serve_silence
from tests.client.test_no_answer import head, serve_bytes
from tests.installation import Installation
from tests.service.sync.upstream import Upstream, serve_upstream
from tests.tiers import exhaustive

SECRET: Final = "sk-very-secret-1234"
QUICK: Final = LIMITS._replace(request_seconds=0.3, read_seconds=0.2)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serve_upstream() as serving:
        yield serving


def authorize(secret: str = "") -> Callable[[str], Mapping[str, str]]:
    return lambda _url: openai.authorization(secret) if secret else {}


def fetch(url: str, known: Validators | None = None, **options: Any) -> Fetched:
    options = {"secret": SECRET, **options}
    with Fetcher(url, authorize(options["secret"]), **options) as fetcher:
        return fetcher.fetch(openai, Options(), known or Validators())


def refusal(url: str, **options: Any) -> str:
    """Why nothing was fetched; the address is left out."""
    with pytest.raises(SourceError) as raised:
        listed(url, **options)
    sentence = str(raised.value)
    assert SECRET not in sentence
    assert sentence.endswith(".")
    return sentence.replace(url, "It")


def test_nothing_is_sent_to_an_address_of_credentials_whatever_name_has_led_there(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fetch(upstream.url).answers
    monkeypatch.setattr("callsheet.domain.addresses._CREDENTIALS", {ip_address("127.0.0.1")})
    upstream.asked.clear()
    assert refusal(upstream.url.replace("127.0.0.1", "localhost")).endswith(
        "leads to 127.0.0.1, which is an address at which cloud providers answer with credentials; no source is "
        "asked there."
    )
    assert upstream.asked == []


def listed(url: str, **options: Any) -> list[str]:
    """The ids of the models that are listed there."""
    options = {"secret": SECRET, **options}
    with Fetcher(url, authorize(options["secret"]), **options) as fetcher:
        fetched = fetcher.fetch(openai, Options())
        return [each.id for each in fetcher.read(openai, fetched.answers, Options()).listed]


def test_the_answers_come_with_their_digest_and_validators(upstream: Upstream) -> None:
    upstream.lists("a", "b")
    upstream.headers |= {"etag": '"1"', "last-modified": "Sun, 29 Nov 2026 20:00:00 GMT"}
    first, second = fetch(upstream.url), fetch(upstream.url)
    assert listed(upstream.url) == ["a", "b"]
    assert first.digest == second.digest
    assert first.validators == Validators('"1"', "Sun, 29 Nov 2026 20:00:00 GMT")
    upstream.lists("a")
    assert fetch(upstream.url).digest != first.digest


def test_what_is_sent_names_the_program_and_carries_the_secret(upstream: Upstream) -> None:
    fetch(upstream.url)
    (asked,) = upstream.asked
    assert asked.headers["user-agent"].startswith("callsheet/")
    assert asked.headers["authorization"] == f"Bearer {SECRET}"


def test_a_list_that_has_not_changed_is_not_sent_again(upstream: Upstream) -> None:
    upstream.headers["etag"] = '"1"'
    known = fetch(upstream.url).validators
    again = fetch(upstream.url, known)
    assert again.is_unchanged
    assert again.validators == known
    assert upstream.asked[-1].headers["if-none-match"] == '"1"'


def test_an_upstream_that_says_unchanged_without_being_asked_is_refused(upstream: Upstream) -> None:
    upstream.fails(304)
    assert "304" in refusal(upstream.url)


def test_a_server_that_is_not_there() -> None:
    with serve_nothing() as url:
        assert refusal(url) == "It cannot be reached (Connection refused); check the URL, and that the server runs."


def test_a_name_that_no_host_has() -> None:
    assert refusal("http://nobody.invalid").startswith("It cannot be reached (")


def test_a_server_that_hangs() -> None:
    with serve_silence() as url:
        assert refusal(url, limits=QUICK) == "It did not answer within 0.3 s; find out what it waits for."


def test_a_server_that_sends_byte_by_byte_is_waited_for_no_longer_than_any(upstream: Upstream) -> None:
    upstream.body = b" " * 1000
    upstream.drip_seconds = 0.02
    assert refusal(upstream.url, limits=QUICK) == "It did not answer within 0.3 s; find out what it waits for."


def test_the_whole_run_has_an_end(upstream: Upstream) -> None:
    times = iter([0.0, 1.0, 1000.0, 1000.0])
    with Fetcher(upstream.url, authorize(), monotonic=lambda: next(times)) as fetcher:
        fetcher.ask(Request("GET", "/v1/models"))
        with pytest.raises(SourceError, match="did not answer within"):
            fetcher.ask(Request("GET", "/v1/models"))


def test_an_answer_that_is_cut_off() -> None:
    with serve_bytes(head(content_length=100), b'{"data": [') as url:
        sentence = refusal(url)
    assert sentence == "It broke the connection off before its answer was complete; check that the server runs."


def test_a_server_of_another_protocol() -> None:
    with serve_bytes(b"+OK POP3 ready\r\n\r\n") as url:
        assert refusal(url) == "It does not answer in HTTP; check the port in the URL."
    with serve_bytes(b"SSH-2.0-OpenSSH_9.2\r\n") as url:
        assert refusal(url).startswith(
            "It closed the connection without an answer in HTTP; check the port in the URL"
        )


def test_an_answer_that_is_longer_than_it_says_counts_as_far_as_it_says() -> None:
    with serve_bytes(head(content_length=10), b'{"data": [{"id": "a"}]}') as url:
        assert refusal(url) == "It: /v1/models was answered with what is not JSON; check the URL and the kind."


def test_a_page_of_html(upstream: Upstream) -> None:
    upstream.body = b"<html><title>Welcome</title></html>"
    assert "what is not JSON" in refusal(upstream.url)


def test_a_redirect_is_not_followed_and_names_where_it_leads_to(upstream: Upstream) -> None:
    upstream.status = 302
    upstream.headers["location"] = f"https://login.example.com/sign-in?token={SECRET}"
    assert refusal(upstream.url) == (
        "It redirects to https://login.example.com/sign-in, which is not followed, as the secret would go there; "
        "give the URL that answers itself."
    )
    assert len(upstream.asked) == 1


@pytest.mark.parametrize("location", ["", "http://[", "//"])
def test_a_redirect_to_nowhere(upstream: Upstream, location: str) -> None:
    upstream.status = 308
    upstream.headers["location"] = location
    assert "redirects to" in refusal(upstream.url)


def test_an_answer_that_is_too_large(upstream: Upstream) -> None:
    upstream.body = b" " * 3_000_000
    sentence = refusal(upstream.url, limits=LIMITS._replace(max_bytes=2 << 20))
    assert sentence == "It answered with more than 2 MiB, which no list needs; check the URL."


def test_an_answer_that_is_too_large_once_it_is_unpacked(upstream: Upstream) -> None:
    upstream.body = gzip.compress(b" " * 50_000_000)
    upstream.headers["content-encoding"] = "gzip"
    assert len(upstream.body) < 100_000
    sentence = refusal(upstream.url, limits=LIMITS._replace(max_bytes=2 << 20))
    assert sentence.startswith("It answered with more than 2 MiB")


def test_answers_that_are_too_large_together(upstream: Upstream) -> None:
    upstream.body = b" " * 1_500_000
    with Fetcher(upstream.url, authorize(), limits=LIMITS._replace(max_bytes=2 << 20)) as fetcher:
        fetcher.ask(Request("GET", "/a"))
        with pytest.raises(SourceError, match="more than 2 MiB"):
            fetcher.ask(Request("GET", "/b"))


def test_a_list_with_too_many_rows(upstream: Upstream) -> None:
    upstream.lists("a", "b", "c")
    assert refusal(upstream.url, limits=LIMITS._replace(max_rows=2)) == (
        "It lists more than 2 rows, which is too much; check the URL."
    )


@exhaustive
def test_a_million_rows_and_64_mebibytes_are_refused(upstream: Upstream) -> None:
    upstream.body = b'{"data": [%b]}' % b",".join(b'{"id": "m%d"}' % number for number in range(1_000_000))
    assert refusal(upstream.url).startswith("It lists more than 250,000 rows")
    upstream.body = b" " * ((64 << 20) + 1)
    assert refusal(upstream.url).startswith("It answered with more than 64 MiB")


def test_a_list_without_end(upstream: Upstream) -> None:
    with Fetcher(upstream.url, authorize(), limits=LIMITS._replace(max_requests=3)) as fetcher:
        for _ in range(3):
            fetcher.ask(Request("GET", "/v1/models"))
        with pytest.raises(SourceError, match="still more after 3 requests"):
            fetcher.ask(Request("GET", "/v1/models"))


def test_a_body_that_is_not_in_its_content_coding(upstream: Upstream) -> None:
    upstream.headers["content-encoding"] = "gzip"
    assert refusal(upstream.url) == (
        "It sent a body that its content-encoding does not describe; check the proxies between."
    )


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (
            401,
            {"error": {"message": f"Incorrect key {SECRET}."}},
            "It/v1/models refuses the request with 401: Incorrect key ***; check the secret.",
        ),
        (
            404,
            {"detail": "Not Found"},
            "There is no list at It/v1/models (404: Not Found); check the URL and the kind.",
        ),
        (429, None, "It/v1/models fails with 429; it will be asked again later."),
        (
            503,
            {"error": "loading model"},
            "It/v1/models fails with 503: loading model; it will be asked again later.",
        ),
        (400, None, "It/v1/models answers with 400; check the URL and the kind."),
    ],
)
def test_an_upstream_that_refuses_says_why(upstream: Upstream, status: int, body: object, sentence: str) -> None:
    upstream.fails(status, b"" if body is None else json.dumps(body).encode())
    assert refusal(upstream.url) == sentence


def test_the_settings_of_a_model_are_asked_for_again_only_if_its_digest_has_changed(upstream: Upstream) -> None:
    """Of Ollama: each model is a request, and a list may have hundreds."""
    digests = {"alpha": "1", "beta": "1"}

    def answer(path: str) -> tuple[int, Mapping[str, str], bytes]:
        tags = [{"name": name, "model": name, "digest": digest} for name, digest in digests.items()]
        return (
            200,
            {},
            json.dumps({"models": tags} if path == "/api/tags" else {"parameters": "num_ctx 8192"}).encode(),
        )

    upstream.answer = answer
    upstreams = Upstreams(lambda: datetime(2026, 11, 29, tzinfo=UTC))
    config = SourceConfig(kind=SourceKind.OLLAMA, url=upstream.url)

    def asked() -> int:
        upstream.asked.clear()
        lists = upstreams.ask(config, "")
        assert lists is not None
        assert [each.fields["max_input_tokens"] for each in lists.chosen] == [8192, 8192]
        return sum(each.path == "/api/show" for each in upstream.asked)

    assert (asked(), asked()) == (2, 0)
    digests["beta"] = "2"
    assert (asked(), asked()) == (1, 0)


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG:FwoGZXIvYXdzEXAMPLE", "token FwoGZXIvYXdzEXAMPLE is bad"),
        (
            '{"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG"}',
            "wJalrXUtnFEMI/K7MDENG",
        ),
        (SECRET, f"{SECRET[:12]}"),
        (SECRET, f"{SECRET}."),
    ],
)
def test_no_part_of_a_secret_is_repeated(secret: str, said: str) -> None:
    cleaned = without_secret(f"It was answered with status 403: {said}", secret)
    assert cleaned.startswith("It was answered with status 403: ")
    assert "***" in cleaned
    assert not any(secret[start : start + 12] in cleaned for start in range(len(secret) - 11))


def test_without_a_secret_the_sentence_says_that_one_may_be_needed(upstream: Upstream) -> None:
    upstream.fails(401)
    assert refusal(upstream.url, secret="").endswith("with 401; it may need a secret.")


def test_a_certificate_that_is_not_trusted() -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    with serve_bytes(tls=tls) as url:
        sentence = refusal(url)
    assert sentence.startswith("It has a certificate that is not trusted (")
    assert "SSL_CERT_FILE" in sentence


def test_tls_with_a_server_that_has_none() -> None:
    with serve_bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
        sentence = refusal(url.replace("http:", "https:"))
    assert sentence == "It does not speak TLS as it should (wrong version number); check the URL."


@pytest.mark.parametrize("secret", ["two\nlines", "ümlaut", "bell\x07"])
def test_a_secret_that_no_header_can_carry_is_not_sent(upstream: Upstream, secret: str) -> None:
    sentence = refusal(upstream.url, secret=secret)
    assert sentence == "The secret must be visible ASCII characters without spaces, as a header carries it."
    assert not upstream.asked


def test_a_next_page_elsewhere_is_not_asked(upstream: Upstream) -> None:
    for path in ("http://elsewhere.example.com/", "@elsewhere.example.com/", ".elsewhere.example.com", ":80/"):
        with Fetcher(upstream.url, authorize(SECRET), SECRET) as fetcher, pytest.raises(SourceError):
            fetcher.ask(Request("GET", path))
    assert not upstream.asked


def test_a_fetch_ends_soon_when_it_is_stopped() -> None:
    with serve_silence() as url, Fetcher(url, authorize()) as fetcher:
        threading.Timer(0.2, fetcher.stop).start()
        with pytest.raises(SourceError, match="not asked to the end"):
            fetcher.fetch(openai, Options())


def test_a_recorded_list_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "my list.json"
    file.write_text('{"data": [{"id": "a"}]}')
    with Fetcher(file.as_uri(), authorize()) as fetcher:
        answer = fetcher.ask(Request("GET", ""))
        assert (answer.status, answer.body) == (200, file.read_bytes())


def test_a_recorded_list_that_is_not_there(tmp_path: Path) -> None:
    missing = r"none.json cannot be read \(No such file or directory\)\.$"
    with (
        Fetcher(f"file://{tmp_path}/none.json", authorize()) as fetcher,
        pytest.raises(SourceError, match=missing),
    ):
        fetcher.ask(Request("GET", ""))


def organization(installation: Installation) -> str:
    with installation.store.read() as reading:
        found = reading.installation()
        assert found is not None
        return found.organization_id


def test_an_installation_cannot_be_its_own_source(installation: Installation) -> None:
    key = installation.key()
    with serve_broken(installation) as url:
        assert refusal(url, secret=key, organization_id=organization(installation)) == (
            "It is this installation itself, which cannot be its own source; give the URL of another."
        )
        fetched = fetch(url, secret=key, organization_id="another")
        assert fetched.path == {mark_of(organization(installation))}


def test_a_ring_of_installations_is_found(upstream: Upstream) -> None:
    """A lists from B, which says on /readyz that its list comes through C, and its through A."""

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        if path == "/readyz":
            return 200, {}, json.dumps({"lists_from": [mark_of("C"), mark_of("A")]}).encode()
        return 200, {"anthropic-organization-id": "B"}, b'{"data": []}'

    upstream.answer = answer
    assert refusal(upstream.url, organization_id="A") == (
        "It lists what it gets, directly or through others, from this installation; remove one of the sources that "
        "make the ring."
    )
    assert fetch(upstream.url, organization_id="D").path == {mark_of("A"), mark_of("B"), mark_of("C")}
    assert "authorization" not in upstream.asked[-1].headers


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[1]", b'{"lists_from": "x"}', b'{"lists_from": [1, "x"]}', b"[" * 9999]
)
def test_whatever_else_that_page_says_is_no_mark(upstream: Upstream, body: bytes) -> None:
    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        return (200, {}, body) if path == "/readyz" else (200, {"anthropic-organization-id": "B"}, b'{"data": []}')

    upstream.answer = answer
    assert fetch(upstream.url, organization_id="A").path == {mark_of("B")}


def test_limits_are_what_is_promised() -> None:
    assert Limits().max_bytes == 64 << 20


@pytest.mark.parametrize("repeated", [SECRET, f"Bearer%20{SECRET}", f"?token={SECRET}"])
def test_a_redirect_that_repeats_the_secret_does_not_bring_it_into_the_error(
    upstream: Upstream, repeated: str
) -> None:
    upstream.status, upstream.headers["location"] = 302, f"http://elsewhere.example/{repeated}"
    assert "redirects to http://elsewhere.example/" in refusal(upstream.url)


@pytest.mark.parametrize("written", [SECRET, SECRET.replace("s", "\\u0073")])
def test_a_model_that_repeats_the_secret_is_left_out_and_its_secret_is_kept_nowhere(
    upstream: Upstream, written: str
) -> None:
    upstream.body = b'{"object": "list", "data": [{"id": "a"}, {"id": "of %s"}]}' % written.encode()
    with Fetcher(upstream.url, authorize(SECRET), SECRET) as fetcher:
        reading = fetcher.read(openai, fetcher.fetch(openai, Options()).answers, Options())
    assert [each.id for each in reading.listed] == ["a"]
    assert reading.dropped == (Dropped("", REPEATS_SECRET),)


def test_a_secret_that_is_but_a_word_may_be_in_ids(upstream: Upstream) -> None:
    upstream.lists("ollama/a", "b")
    assert listed(upstream.url, secret="ollama") == ["ollama/a", "b"]


@pytest.mark.parametrize("value", ['"\xe9"', f'"{"x" * 5_000}"', f'"{SECRET}"'])
def test_a_validator_that_cannot_be_sent_back_or_kept_is_forgotten(upstream: Upstream, value: str) -> None:
    upstream.lists("a")
    upstream.headers |= {"etag": value, "last-modified": "Sun, 29 Nov 2026 20:00:00 GMT"}
    known = fetch(upstream.url).validators
    assert known == Validators(None, "Sun, 29 Nov 2026 20:00:00 GMT")
    assert not fetch(upstream.url, known).is_unchanged


def test_a_list_that_is_a_pipe_into_which_nobody_writes_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "list.json")
    assert "not JSON" in refusal(f"file://{tmp_path}/list.json")

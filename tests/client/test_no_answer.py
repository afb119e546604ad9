"""No answer, or none of a Models API: one sentence that says what to do, a class of its own, and nothing kept."""

import gzip
import socket
import ssl
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
import trustme

from callsheet import APIConnectionError, APIResponseError, APITimeoutError, Client, ClientError
from callsheet.client import response_reader
from callsheet.testing import ModelsAPI
from tests.broken.serving import serve_nothing, serve_silence
from tests.client.asking import MakeAsker, Script


@contextmanager
def serve_bytes(*pieces: bytes, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Answer one request with exactly these bytes, and hang up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            accepted, _ = listener.accept()
            with accepted:
                try:
                    connection = accepted if tls is None else tls.wrap_socket(accepted, server_side=True)
                    connection.recv(65536)
                    for piece in pieces:
                        connection.sendall(piece)
                    if tls is not None:
                        connection.close()
                except OSError:  # the client has left, as it may
                    pass

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            thread.join(timeout=30)
            assert not thread.is_alive()


def head(**headers: Any) -> bytes:
    named = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{named}\r\n".encode()


def refusal(asker: MakeAsker, tmp_path: Path, kind: type[ClientError], **options: Any) -> str:
    """What is raised, after `asker` with a cache has asked in vain; the address is left out."""
    cache = tmp_path / "cache"
    asking = asker(cache=cache, **options)
    with pytest.raises(kind) as raised:
        asking.models()
    assert type(raised.value) is kind
    assert not cache.exists()
    base_url = str(asking.options["base_url"])
    return str(raised.value).replace(base_url, "It")


def test_a_server_that_is_not_there(asker: MakeAsker, tmp_path: Path) -> None:
    with serve_nothing() as url:
        sentence = refusal(asker, tmp_path, APIConnectionError, base_url=url)
    assert sentence == "It cannot be reached (Connection refused); check the base URL, and that the server runs."


def test_a_name_that_no_host_has(asker: MakeAsker, tmp_path: Path) -> None:
    sentence = refusal(asker, tmp_path, APIConnectionError, base_url="http://nobody.invalid")
    assert sentence.startswith("It cannot be reached (")


def test_a_server_that_hangs(asker: MakeAsker, tmp_path: Path) -> None:
    with serve_silence() as url:
        sentence = refusal(asker, tmp_path, APITimeoutError, base_url=url, timeout=0.1)
    assert sentence == "It did not answer within 0.1 s; check that it runs, or give it more time."


def test_a_server_that_hangs_up(asker: MakeAsker, tmp_path: Path) -> None:
    with serve_bytes() as url:
        sentence = refusal(asker, tmp_path, APIConnectionError, base_url=url)
    assert sentence == "It broke the connection off; check that the server runs."


def test_a_body_that_is_cut(asker: MakeAsker, tmp_path: Path) -> None:
    with serve_bytes(head(content_length=100), b'{"data":[') as url:
        sentence = refusal(asker, tmp_path, APIConnectionError, base_url=url)
    assert sentence == "It broke the connection off; check that the server runs."


def test_something_that_speaks_no_http(asker: MakeAsker, tmp_path: Path) -> None:
    with serve_bytes(b"SSH-2.0-OpenSSH_9.9\r\n") as url:
        sentence = refusal(asker, tmp_path, APIConnectionError, base_url=url)
    assert sentence == "It broke the connection off; check that the server runs."


def test_a_body_that_is_not_in_its_coding(asker: MakeAsker, tmp_path: Path) -> None:
    with serve_bytes(head(content_encoding="gzip", content_length=5), b"plain") as url:
        sentence = refusal(asker, tmp_path, APIResponseError, base_url=url)
    assert sentence == "It sent a body that is not in its content coding; check the proxies between."


@pytest.fixture
def max_body(monkeypatch: pytest.MonkeyPatch) -> int:
    """The longest body, made shorter, so that a test need not make one of the real length."""
    monkeypatch.setattr(response_reader, "MAX_BODY_BYTES", 16 << 20)
    return 16 << 20


def test_a_bomb_within_a_bomb_takes_no_more_memory_than_a_body(
    asker: MakeAsker, tmp_path: Path, max_body: int
) -> None:
    packed = gzip.compress(gzip.compress(bytes(4 * max_body), 1))
    with serve_bytes(head(content_encoding="gzip, gzip"), packed) as url:
        tracemalloc.start()
        try:
            sentence = refusal(asker, tmp_path, APIResponseError, base_url=url)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert sentence == "It answered with more than 16 MiB, which no list needs; check the base URL."
    assert most < 2 * max_body


def test_a_body_without_an_end(asker: MakeAsker, tmp_path: Path, max_body: int) -> None:
    packed = gzip.compress(b" " * (max_body + 1), 1)
    with serve_bytes(head(content_encoding="gzip"), packed) as url:
        sentence = refusal(asker, tmp_path, APIResponseError, base_url=url)
    assert sentence == "It answered with more than 16 MiB, which no list needs; check the base URL."


#: More bytes than a client with a time-out of a third of a second can be given one by one.
MAX_DRIPS: Final = 2000


@contextmanager
def serve_drips(begin: bytes, drip: bytes) -> Iterator[tuple[str, list[int]]]:
    """Answer one request with a beginning and then a drip every 10 ms, until the client leaves; count the drips."""
    drips = [0]
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            accepted, _ = listener.accept()
            with accepted, suppress(OSError):
                accepted.settimeout(0.01)
                accepted.sendall(begin)
                while drips[0] < MAX_DRIPS and not has_left(accepted):
                    accepted.sendall(drip)
                    drips[0] += 1

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", drips
        finally:
            thread.join(timeout=60)
            assert not thread.is_alive()


def has_left(accepted: socket.socket) -> bool:
    """Wait a moment for the client to close, or to send what it asks."""
    try:
        return accepted.recv(65536) == b""
    except TimeoutError:
        return False


DRIPPING: Final = {
    "status line": (b"HTTP/1.1 2", b"0"),
    "name of a header": (b"HTTP/1.1 200 OK\r\nx-", b"x"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"),
    "interim answers": (b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\n\r\n", b" "),
    "chunks": (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
}


@pytest.mark.parametrize("what", DRIPPING)
def test_whatever_drips_has_the_time_of_one_answer(asker: MakeAsker, tmp_path: Path, what: str) -> None:
    with serve_drips(*DRIPPING[what]) as (url, drips):
        sentence = refusal(asker, tmp_path, APITimeoutError, base_url=url, timeout=0.3)
    assert sentence == "It did not answer within 0.3 s; check that it runs, or give it more time."
    assert drips[0] < MAX_DRIPS


def test_a_connection_is_as_patient_afterwards_as_it_was_before() -> None:
    """The deadline of one request is not that of the next on the same connection, nor of somebody else's."""
    with ModelsAPI() as api, httpx2.Client() as own:
        options: dict[str, Any] = {"base_url": api.url, "api_key": api.api_key, "http_client": own}
        with Client(**options, timeout=0.2) as hasty, Client(**options, timeout=30) as patient:
            assert len(hasty.models.list(limit=1).data) == 1
            for ask in (lambda: patient.models.list(limit=1), lambda: own.get(api.url)):
                api.fail(delay=0.4)
                assert ask()
            api.fail(delay=30)
            with pytest.raises(APITimeoutError):
                Client(**options, timeout=0.2, max_retries=0).models.list()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def test_an_error_says_that_no_trusted_authority_vouches_for_a_certificate(
    asker: MakeAsker, tmp_path: Path, authority: trustme.CA
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with serve_bytes(tls=tls) as url:
        sentence = refusal(asker, tmp_path, APIConnectionError, base_url=url, max_retries=2)
    assert sentence.startswith("It is not trusted (")
    assert sentence.endswith("); if its authority is your own, name the file of its certificate in SSL_CERT_FILE.")


def test_an_authority_of_ones_own_is_trusted_when_it_is_named(
    asker: MakeAsker, tmp_path: Path, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.cert_pem.write_to_path(tmp_path / "own.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    with serve_bytes(head(content_length=11), b'{"data":[]}', tls=tls) as url:
        assert asker(base_url=url).models() == []


def test_tls_with_a_server_that_has_none(asker: MakeAsker, tmp_path: Path) -> None:
    with serve_bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
        sentence = refusal(asker, tmp_path, APIConnectionError, base_url=url.replace("http:", "https:"))
    assert sentence == "It does not speak TLS as it should (wrong version number); check the base URL."


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "what is not JSON"),
        (b"null", "JSON that is not a list of models"),
        (b"{}", "JSON that is not a list of models"),
        (b'{"object":"list"}', "JSON that is not a list of models (its members are object)"),
        (b'{"data":{}}', 'JSON whose "data" is not a list of models'),
        (
            b'{"data":[{"display_name":"no id"}]}',
            "a list whose only entry is not a model (in the first, it has no id)",
        ),
        (b'{"data":["m", 5]}', "a list of whose 2 entries none is a model (in the first, it is not an object)"),
        (b'{"data":[NaN]}', "a list whose only entry is not a model (in the first, it is not valid JSON)"),
        (b'{"data":[{"id":"m"}', "what is not JSON"),
        (b'\xff{"data":[]}', "what is not JSON"),
        (b"[" * 100_000, "what is not JSON"),
        (b"1" * 100_000, "what is not JSON"),
    ],
)
def test_a_body_that_is_not_a_list(tmp_path: Path, body: bytes, what: str) -> None:
    response = httpx2.Response(
        200, content=body, headers={"content-type": "application/json", "request-id": "req_1"}
    )
    with pytest.raises(APIResponseError) as raised:
        Script(response).client(cache=tmp_path / "cache").models.list()
    assert str(raised.value) == (
        f"http://scripted/v1/models answered with {what}; check that the base URL is that of a Models API."
    )
    assert (raised.value.status, raised.value.request_id) == (200, "req_1")
    assert not (tmp_path / "cache").exists()

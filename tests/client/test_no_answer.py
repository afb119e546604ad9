"""No answer, or none of a Models API: one sentence that says what to do, a class of its own, and nothing kept."""

import gzip
import http.server
import socket
import ssl
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import trustme

from callsheet import APIConnectionError, APIResponseError, APITimeoutError, Client, ClientError
from callsheet.client.intake import MAX_BODY
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


def test_a_name_that_nobody_has(asker: MakeAsker, tmp_path: Path) -> None:
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
    assert sentence == "It answered in a content coding that it is not in; check what stands between."


def test_a_bomb_within_a_bomb_takes_no_more_memory_than_a_body(asker: MakeAsker, tmp_path: Path) -> None:
    packed = gzip.compress(gzip.compress(bytes(4 * MAX_BODY), 1))
    with serve_bytes(head(content_encoding="gzip, gzip"), packed) as url:
        tracemalloc.start()
        try:
            sentence = refusal(asker, tmp_path, APIResponseError, base_url=url)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert sentence == "It answered with more than 64 MiB, which no list needs; check the base URL."
    assert most < 2 * MAX_BODY


def test_a_body_without_an_end(asker: MakeAsker, tmp_path: Path) -> None:
    packed = gzip.compress(b" " * (MAX_BODY + 1), 1)
    with serve_bytes(head(content_encoding="gzip"), packed) as url:
        sentence = refusal(asker, tmp_path, APIResponseError, base_url=url)
    assert sentence == "It answered with more than 64 MiB, which no list needs; check the base URL."


def test_a_body_that_drips(tmp_path: Path) -> None:
    left = threading.Event()

    class Dripping(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            while not left.wait(0.02):
                self.wfile.write(b" ")

        def log_message(self, *_about: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Dripping) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        try:
            with (
                Client(
                    base_url=f"http://127.0.0.1:{server.server_port}", api_key="k", timeout=0.3, max_retries=0
                ) as it,
                pytest.raises(APITimeoutError, match=r"within 0\.3 s"),
            ):
                it.models.list()
        finally:
            left.set()
            thread.join(timeout=30)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def test_a_certificate_that_nobody_vouches_for(asker: MakeAsker, tmp_path: Path, authority: trustme.CA) -> None:
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
    assert sentence == "It speaks no TLS that is understood (wrong version number); check the base URL."


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "what is not JSON"),
        (b"null", "JSON that is not a list of models"),
        (b"[]", "JSON that is not a list of models"),
        (b"{}", "JSON that is not a list of models"),
        (b'{"data":{}}', "JSON that is not a list of models"),
        (b'{"data":[{"display_name":"no id"}]}', "JSON that is not a model with an id"),
        (b'{"data":[{"id":5}]}', "JSON that is not a model with an id"),
        (b'{"data":["m"]}', "JSON that is not a model with an id"),
        (b'{"data":[NaN]}', "what is not JSON"),
        (b'\xff{"data":[]}', "what is not JSON"),
        (b"[" * 100_000, "what is not JSON"),
        (b"1" * 100_000, "what is not JSON"),
    ],
)
def test_a_body_that_is_no_list(tmp_path: Path, body: bytes, what: str) -> None:
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

"""Rules of heads and answers, as properties: values in, values out."""

import posixpath
import re
from contextlib import nullcontext
from itertools import pairwise

import h11
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from callsheet.api.percent import unquote_to_bytes
from callsheet.api.request import Header, find_names
from callsheet.domain.errors import APIError, NotFoundError
from callsheet.http.forward.fields import HOP_BY_HOP, end_to_end, trailers
from callsheet.http.forward.gateway import Gateway
from callsheet.http.forward.heads import RequestHead
from callsheet.http.forward.limits import ForwardLimits
from callsheet.http.forward.origin import has_come_through, with_origin
from callsheet.http.forward.ours import is_ours
from callsheet.http.forward.refusal import RefusedRequestError
from callsheet.http1.answer_reader import AnswerFaultError, AnswerReader
from callsheet.http1.fields import tokens

names = st.one_of(
    st.sampled_from(
        [*sorted(HOP_BY_HOP), b"content-length", b"host", b"via", b"x-forwarded-for", b"forwarded", b"cookie"]
    ),
    st.from_regex(rb"[a-z][a-z-]{0,8}", fullmatch=True),
)
values = st.one_of(
    st.sampled_from([b"close", b"x-a, te", b"chunked", b"trailers", b"3", b"1.1 callsheet", b"10.0.0.1, 10.0.0.2"]),
    st.binary(max_size=12).map(lambda value: re.sub(rb"[\x00-\x08\x0a-\x1f\x7f]", b"", value).strip(b" \t")),
)
headers = st.lists(st.tuples(names, values), max_size=8)
segments = st.sampled_from(
    [
        "v1",
        "models",
        "messages",
        "..",
        ".",
        "",
        "%2e%2e",
        "%6dodels",
        "v%31",
        "x",
        "%2f",
        "%5c",
        "models;a=b",
        "MODELS",
    ]
)
paths = st.lists(segments, min_size=1, max_size=6).map(lambda parts: ("/" + "/".join(parts)).encode())


def _reads_as_models(path: bytes) -> bool:
    try:
        find_names(path)
    except APIError as error:
        return not isinstance(error, NotFoundError)
    return True


@given(headers)
def test_nothing_about_one_connection_goes_on(sent: list[Header]) -> None:
    kept = end_to_end(sent)
    assert not {name for name, _ in kept} & (HOP_BY_HOP | set(tokens(sent, b"connection")))
    assert kept == [header for header in sent if header in kept]


@given(headers)
def test_everything_else_goes_on_in_its_order(sent: list[Header]) -> None:
    named = set(tokens(sent, b"connection"))
    assert end_to_end(sent) == [each for each in sent if each[0] not in HOP_BY_HOP and each[0] not in named]


@given(headers)
def test_no_trailer_changes_what_came_before_it(sent: list[Header]) -> None:
    forbidden = HOP_BY_HOP | {b"host", b"content-length", b"authorization", b"x-api-key", b"cookie", b"set-cookie"}
    assert not {name for name, _ in trailers(sent)} & forbidden


@pytest.mark.parametrize("name", [b"x_forwarded_for", b"x-forwarded_proto", b"x_real_ip", b"forwarded"])
def test_no_claim_is_passed_on_in_a_spelling_that_some_servers_take_for_it(name: bytes) -> None:
    sent = [(name, b"6.6.6.6"), (b"x_other", b"kept")]
    kept = with_origin(sent, b"callsheet", "192.0.2.7", is_trusted=False)
    assert name not in dict(kept)
    assert (b"x_other", b"kept") in kept


@given(headers, st.booleans())
def test_the_gateway_learns_who_asked_from_no_one_but_this_server_and_trusted_proxies(
    sent: list[Header], is_trusted: bool
) -> None:
    kept = with_origin(end_to_end(sent), b"callsheet", "192.0.2.7", is_trusted=is_trusted)
    chains = [value for name, value in kept if name == b"x-forwarded-for"]
    assert len(chains) == 1
    assert chains[0].rpartition(b", ")[2] == b"192.0.2.7"
    if not is_trusted:
        assert chains == [b"192.0.2.7"]
        assert (b"x-forwarded-host", b"callsheet") in kept
        assert not {name for name, _ in kept} & {b"forwarded", b"x-real-ip", b"x-forwarded-port"}
    assert has_come_through(kept)


@given(headers, st.binary(max_size=5), st.booleans())
def test_every_head_that_is_sent_is_one_request_to_a_strict_parser(
    sent: list[Header], body: bytes, chunked: bool
) -> None:
    framing = [(b"transfer-encoding", b"chunked")] if chunked else [(b"content-length", b"%d" % len(body))]
    plain = [header for header in sent if header[0] not in (b"content-length", b"transfer-encoding", b"host")]
    head = RequestHead("POST", b"/x?y=%2F", [(b"host", b"callsheet"), *plain, *framing], "1.1")
    try:
        head.check()
    except RefusedRequestError:
        return
    written = head.write(b"/base", b"gateway:1", "192.0.2.7", is_trusted=False)
    parser = h11.Connection(h11.SERVER)
    parser.receive_data(
        written + (b"%x\r\n%b\r\n" % (len(body), body) * bool(body) + b"0\r\n\r\n" if chunked else body)
    )
    request = parser.next_event()
    assert isinstance(request, h11.Request)
    assert (request.method, request.target) == (b"POST", b"/base/x?y=%2F")
    assert [value for name, value in request.headers if name == b"host"] == [b"gateway:1"]
    received = b""
    while isinstance(event := parser.next_event(), h11.Data):
        received += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert received == body
    assert parser.trailing_data[0] == b""


@given(paths)
@example(b"/v1/%6dodels")
@example(b"/x/../v1/models")
@example(b"/v1/models/../messages")
@example(b"//v1//models")
@example(b"/v1/models%2fx")
@example(b"/v1/models;x=1")
@example(b"/v1/x/..;/models")
def test_no_path_that_any_server_may_read_as_the_list_goes_to_the_gateway(path: bytes) -> None:
    if _reads_as_models(path):
        assert is_ours("GET", path)
    if not is_ours("GET", path):
        for read in (path.replace(b"%6d", b"m").replace(b"%31", b"1"), re.sub(rb"/[^/]+/\.\.", b"", path, count=1)):
            assert not _reads_as_models(read) or b"/../" in read or read == path


@given(paths)
def test_no_path_leads_out_of_the_url_of_the_gateway(path: bytes) -> None:
    head = RequestHead("GET", path, [(b"host", b"callsheet")], "1.1")
    read = posixpath.normpath(unquote_to_bytes(b"/base" + path).replace(b"\\", b"/").replace(b"//", b"/"))
    is_inside = read == b"/base" or read.startswith(b"/base/")
    try:
        head.check(b"/base")
    except RefusedRequestError:
        assert b".." in unquote_to_bytes(path)
    else:
        assert is_inside
    head.check()


@pytest.mark.parametrize(
    ("target", "is_refused"),
    [
        (b"/../admin", True),
        (b"/a/%2e%2e/../admin", True),
        (b"/..%2fadmin", True),
        (b"/..\\admin", True),
        (b"/..;x/admin", True),
        (b"/%2e%2e/base/v1/models", True),
        (b"/a/../admin", False),
        (b"/a/..b", False),
        (b"/a?/../../", False),
    ],
)
def test_dot_segments_are_refused_where_they_lead_out(target: bytes, is_refused: bool) -> None:
    head = RequestHead("GET", target, [(b"host", b"callsheet")], "1.1")
    with pytest.raises(RefusedRequestError) if is_refused else nullcontext():
        head.check(b"/base")


@pytest.mark.parametrize("path", [b"/v1/x/..;/models", b"/v1/.;/models", b"/v1/;x/models"])
def test_parameters_hide_no_dot_segment(path: bytes) -> None:
    assert is_ours("GET", path)


@given(paths, st.sampled_from(["POST", "PUT", "PATCH", "DELETE"]))
def test_no_method_that_the_models_api_lacks_stays(path: bytes, method: str) -> None:
    assert not is_ours(method, path)


@pytest.mark.parametrize(
    "path", [b"/", b"/v1/messages", b"/v1/models-other", b"/v1/modelsx", b"/v2/models", b"/healthz/", b"/metrics/x"]
)
def test_everything_else_goes_to_the_gateway(path: bytes) -> None:
    assert not is_ours("GET", path)


@pytest.mark.parametrize(
    ("url", "authority", "base"),
    [
        ("http://gw", b"gw", b""),
        ("http://gw:4000/", b"gw:4000", b""),
        ("http://gw:4000/v1", b"gw:4000", b""),
        ("http://gw/llm/v1//", b"gw", b"/llm"),
        ("http://[::1]:4000/a", b"[::1]:4000", b"/a"),
    ],
)
def test_the_base_of_the_gateways_url_is_put_before_paths(url: str, authority: bytes, base: bytes) -> None:
    gateway = Gateway(url, ForwardLimits())
    assert (gateway.authority, gateway.base) == (authority, base)


bodies = st.lists(st.binary(min_size=1, max_size=20), max_size=5)


@given(bodies, st.sampled_from(["chunked", "length"]), st.lists(st.integers(1, 40), max_size=30), st.integers(0, 2))
def test_an_answer_is_read_alike_in_whatever_pieces_it_arrives(
    pieces: list[bytes], framing: str, cuts: list[int], interim: int
) -> None:
    content = b"".join(pieces)
    if framing == "chunked":
        head = b"HTTP/1.1 200 Fine\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n"
        body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nx-t: 1\r\n\r\n"
    else:
        head, body = b"HTTP/1.1 200 Fine\r\nX-A: b\r\nContent-Length: %d\r\n\r\n" % len(content), content
    whole = b"HTTP/1.1 103 Early\r\n\r\n" * interim + head + body
    reader = AnswerReader("GET")
    places = [0]
    for cut in cuts:
        places.append(min(places[-1] + cut, len(whole)))
    received = b"".join(
        reader.feed(whole[start:end]) for start, end in pairwise([*places, len(whole)]) if start < end
    )
    assert received == content
    assert reader.is_complete
    assert reader.can_reuse
    assert len(reader.interim) == interim
    assert reader.trailers == ([(b"x-t", b"1")] if framing == "chunked" else [])
    assert reader.head is not None
    assert (reader.head.status, reader.head.reason) == (200, b"Fine")


@given(st.binary(max_size=60), bodies)
def test_no_answer_is_complete_before_its_end_nor_reusable_with_anything_behind_it(
    excess: bytes, pieces: list[bytes]
) -> None:
    assume(excess)
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    whole = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + body
    reader = AnswerReader("GET")
    for byte in whole[:-1]:
        reader.feed(bytes([byte]))
        assert not reader.is_complete
        assert not reader.end()
    try:
        reader.feed(whole[-1:] + excess)
    except AnswerFaultError:
        return
    assert not reader.can_reuse or excess.strip(b"\r\n") == b""


@given(st.binary(max_size=200))
def test_whatever_a_gateway_sends_is_read_or_refused(data: bytes) -> None:
    for start in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"):
        reader = AnswerReader("GET")
        try:
            reader.feed(start + data)
            reader.feed(data)
        except AnswerFaultError:
            continue
        if reader.head is not None:
            assert reader.head.is_well_framed

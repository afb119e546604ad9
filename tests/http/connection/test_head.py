"""HeadReader: what it reads, llhttp reads alike, byte for byte; what llhttp might not, it leaves alone."""

import time
import timeit

import httptools
import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from callsheet.api.request import READ_HEADERS, Header, read_headers
from callsheet.http.connection.head import Head, HeadReader, KnownLines
from tests.tiers import examples

MAX_URL, MAX_HEADERS = 300, 2000

GOOD = b"GET /v1/models?limit=2 HTTP/1.1\r\nHost: a\r\nx-api-key: k\r\n\r\n"


class Parsed:
    """What uvicorn's parser makes of some bytes."""

    def __init__(self, data: bytes) -> None:
        self.begun = self.completed = 0
        self.url = self.body = b""
        self.headers: list[Header] = []
        self.parser = httptools.HttpRequestParser(self)
        self.parser.feed_data(data)

    def on_message_begin(self) -> None:
        self.begun += 1

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.completed += 1


def read(data: bytes) -> Head | None:
    """What a reader says that has read nothing before."""
    return HeadReader(MAX_URL, MAX_HEADERS, KnownLines()).read(data)


usual_names = st.sampled_from(
    ["Host", "x-api-key", "X-API-Key", "anthropic-version", "Authorization", "accept-encoding"]
)
odd_names = st.sampled_from(
    [
        *("connection", "Content-Length", "transfer-encoding", "upgrade", "expect", "te", "trailer"),
        *(
            "proxy-connection",
            "keep-alive",
            "x-a!#$%&'*+.^_`|~",
            "",
            "x a",
            "x\ta",
            "x\x00",
            "x\x7f",
            "\xe9",
            "x(",
            "host",
        ),
    ]
)
usual_values = st.sampled_from(["a", "k", "2023-06-01", "Bearer k", "gzip, br", "keep-alive", "Keep-Alive ", ""])
odd_values = st.one_of(
    st.sampled_from(
        [
            "close",
            "upgrade",
            "keep-alive, close",
            "0",
            "5",
            "x",
            "chunked",
            "h2c",
            "a\tb",
            "\xe9",
            "a\x00b",
            "a\x7fb",
        ]
    ),
    st.sampled_from(
        ["a\r\n b", "a\r\n\tb", "a\rb", "a\nb", "a\x0bb", "a\x1bb", "\x80\xff", "a: b", "100-continue"]
    ),
    st.text(st.characters(max_codepoint=255), max_size=4),
)
spaces = st.sampled_from([" "] * 6 + ["", "  ", "\t", " \t ", "\r\n ", "\x0b", "\xa0"])
ends = st.sampled_from(["\r\n"] * 30 + ["\n", "\r", "\r\r\n", " \r\n", "\t\r\n", "\n\r\n", "\r\n\r\n"])


def lines(names: st.SearchStrategy[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    colons = st.sampled_from([":"] * 20 + [" :", "\t:", "::", "", ";"])
    return st.builds(lambda *parts: "".join(parts), names, colons, spaces, values, ends)


usual = st.sampled_from(
    ["x-api-key: k\r\n", "Authorization:Bearer k\r\n", "accept: */*\r\n", "connection: keep-alive\r\n", "x-e:\r\n"]
)
targets = st.one_of(
    st.sampled_from(["/v1/models", "/v1/models?limit=2", "/v1/models/a%2Fb", "/v1/models/a?b?c"]),
    st.sampled_from(
        ["*", "//a/b", "http://a/v1/models", "/a#b", "/a?b#c", "/a b", "/a\tb", "/\xe9", "/\x7f", "/\x00", ""]
    ),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=8).map("/".__add__),
)
heads = st.builds(
    lambda method, target, version, end, host, more, last: (
        f"{method}{target}{version}{end}{host}{''.join(more)}{last}".encode("latin-1")
    ),
    st.sampled_from(["GET "] * 12 + ["GET  ", "GET\t", " GET ", "HEAD ", "get ", "\r\nGET ", "PRI "]),
    targets,
    st.sampled_from(
        [" HTTP/1.1"] * 12 + ["", "  HTTP/1.1", " HTTP/1.0", " HTTP/2.0", " HTTP/1.1 ", " http/1.1", " HTTP/01.1"]
    ),
    ends,
    st.sampled_from(
        ["Host: a\r\n"] * 12
        + ["host:\r\n", "HOST:\ta:80 \r\n", "", "Host: a\r\nHost: a\r\n", "host: a\r\nHost: b\r\n"]
    ),
    st.lists(st.one_of(usual, usual, lines(usual_names, usual_values), lines(odd_names, odd_values)), max_size=4),
    st.sampled_from(["\r\n"] * 12 + ["", "\n", "\r", "\r\n\r\n", "\r\nx", "\r\n" + GOOD.decode()]),
)
nearly_plain = st.builds(
    lambda target, host, more: f"GET {target} HTTP/1.1\r\n{host}\r\n{''.join(more)}\r\n".encode("latin-1"),
    targets,
    st.sampled_from(["Host: a", "host:", "HOST:\ta:80 ", "Host: \xe9"]),
    st.lists(
        st.one_of(
            usual,
            st.builds("{}:{}{}\r\n".format, usual_names, st.sampled_from(["", " ", "\t", " \t "]), usual_values),
            st.builds("{}: {}\r\n".format, usual_names, odd_values),
            st.builds("{}:{}{}\r\n".format, st.just("x-other"), spaces, odd_values),
        ),
        max_size=4,
    ),
)
damages = st.one_of(st.none(), st.none(), st.tuples(st.integers(0, 1000), st.integers(0, 1), st.binary(max_size=2)))

#: Used for all examples together, so that it has remembered lines and blocks of others.
_experienced = HeadReader(MAX_URL, MAX_HEADERS, KnownLines())


@given(st.one_of(nearly_plain, heads), damages)
@example(GOOD, None)
@examples(25)
def test_what_is_read_here_is_read_alike_by_the_parser(data: bytes, damage: tuple[int, int, bytes] | None) -> None:
    if damage is not None:
        place, gone, put = damage
        place %= len(data)
        data = data[:place] + put + data[place + gone :]
    head = read(data)
    event("read" if head else "left to the parser")
    assert _experienced.read(data) == head
    assert _experienced.read(data) == head
    if head is None:
        return
    path, query, lines_ = head
    parsed = Parsed(data)
    assert (parsed.begun, parsed.completed, parsed.body) == (1, 1, b"")
    assert (parsed.parser.get_method(), parsed.parser.get_http_version()) == (b"GET", "1.1")
    assert parsed.parser.should_keep_alive()
    assert not parsed.parser.should_upgrade()
    url = httptools.parse_url(parsed.url)
    assert (url.path, url.query or b"") == (path, query)
    assert parsed.url in (path, path + b"?" + query)
    assert read_headers(_experienced.headers(lines_)) == read_headers(parsed.headers)
    assert [name for name, _ in parsed.headers].count(b"host") == 1
    parsed.parser.feed_data(data)  # the parser stands where the next request begins
    assert (parsed.begun, parsed.completed) == (2, 2)


@given(
    st.permutations(
        [
            b"Host: a",
            b"accept: */*",
            b"x-api-key: k",
            b"Authorization:  Bearer k ",
            b"x-\xe9".replace(b"\xe9", b"e") + b": \xe9",
        ]
    )
)
def test_the_order_and_spelling_of_usual_lines_do_not_matter(block: list[bytes]) -> None:
    reader = HeadReader(MAX_URL, MAX_HEADERS, KnownLines())
    head = reader.read(b"\r\n".join([b"GET /v1/models HTTP/1.1", *block, b"", b""]))
    assert head is not None
    assert read_headers(reader.headers(head[2])) == {b"x-api-key": b"k", b"authorization": b"Bearer k"}


_lines_of_one_client = [
    *("Host: a", "accept: */*", "x-api-key: k", "x-api-key: l", "anthropic-version: 2023-06-01", "user-agent: me"),
    *("anthropic-workspace-id: wrkspc_1", "anthropic-workspace-id: wrkspc_2", "connection: keep-alive", "x: y"),
]
_changing = st.one_of(
    st.integers(0, 10**6).map(lambda number: f"traceparent: {number}"),
    st.sampled_from(
        ["Host: b", "expect: 100-continue", "x-api-key: ", "connection: close", "", "x", "a\r", "\nb: c"]
    ),
)
_blocks = st.lists(st.one_of(st.sampled_from(_lines_of_one_client), _changing), min_size=1, max_size=8)


@given(
    st.lists(st.sampled_from(_lines_of_one_client), min_size=2, max_size=7, unique=True),
    st.lists(st.tuples(st.integers(0, 7), st.lists(_changing, max_size=3)), max_size=12),
    st.lists(_blocks, max_size=4),
)
@examples(5)
def test_what_a_connection_has_seen_before_changes_nothing(
    usual: list[str], changes: list[tuple[int, list[str]]], others: list[list[str]]
) -> None:
    blocks = [usual, usual, usual, *[usual[:place] + more + usual[place:] for place, more in changes], *others]
    reader = HeadReader(MAX_URL, MAX_HEADERS, KnownLines())
    for block in blocks:
        data = "\r\n".join(["GET /v1/models HTTP/1.1", *block, "", ""]).encode()
        assert reader.read(data) == read(data)
    event("a frame was made" if reader._frame is not None else "no frame was made")


def test_lines_that_have_stopped_changing_are_found_with_the_rest() -> None:
    reader = HeadReader(MAX_URL, MAX_HEADERS, KnownLines())
    frames = []
    for traces in (range(6), [5] * 6):
        for number in traces:
            reader.read(GOOD.replace(b": k", b": k\r\nx-trace: %d" % number))
        frames.append(reader._frame)
    assert frames[0] is not None
    for number in range(6):
        reader.read(GOOD.replace(b"limit=2", b"limit=%d" % number))
    assert [*frames[1:], reader._frame] == [None, None]
    assert GOOD.partition(b"\r\n")[2] in reader._known.blocks


def test_what_is_around_a_changing_line_keeps_its_meaning_though_all_is_forgotten() -> None:
    known = KnownLines()
    first, second = [HeadReader(MAX_URL, MAX_HEADERS, known) for _ in range(2)]
    for _ in range(4):
        first.read(GOOD)
    known.max_lines = 1  # from here on, every line is one too many
    once, again, other = [GOOD.replace(b": k", b": k\r\nx-t: %d" % number) for number in (1, 1, 2)]
    assert first.read(once) == read(once)
    assert second.read(again) == read(again)
    assert second._frame is not None
    assert second.read(other) == read(other)


def test_every_header_an_answer_depends_on_is_among_the_lines_it_is_known_by() -> None:
    sent = [name + b": 1" for name in sorted(READ_HEADERS)]
    head = read(b"\r\n".join([b"GET /v1/models HTTP/1.1", b"host: a", *sent, b"", b""]))
    assert head is not None
    assert list(head[2]) == sent


@pytest.mark.parametrize(
    "line",
    [
        b"x-api-key: k\r\n folded",
        b"x-api-key: k\r\n\tfolded",
        b"x-api-key : k",
        b"x-api-key: k\x00",
        b"x-api-key: k\x7f",
        b"x-api-key: k\rx: y",
        b"x-api-key: k\nx: y",
        b"x-api-key: k\tl",
        b"\xe9: x",
        b": x",
        b"x",
        b"Host: b",
        b"content-length: 0",
        b"Transfer-Encoding: chunked",
        b"Expect: 100-continue",
        b"Upgrade: h2c",
        b"Connection: close",
        b"Connection: keep-alive, close",
        b"Connection: upgrade",
        b"Connection:",
        b"Proxy-Connection: close",
        b"TE: trailers",
        b"Trailer: x",
    ],
)
def test_a_line_that_is_not_plain_is_left_to_the_parser(line: bytes) -> None:
    assert read(GOOD) is not None
    assert read(GOOD[:-2] + line + b"\r\n\r\n") is None


def test_a_request_without_a_host_is_left_to_the_parser() -> None:
    assert read(GOOD.replace(b"Host", b"Hose")) is None


@pytest.mark.parametrize(
    "change", [(b"GET", b"get"), (b"1.1", b"1.0"), (b"/v1", b"v1"), (b"limit", b"li#mit"), (b"limit", b"li\xe9mit")]
)
def test_a_first_line_that_is_not_plain_is_left_to_the_parser(change: tuple[bytes, bytes]) -> None:
    assert read(GOOD.replace(*change, 1)) is None


@pytest.mark.parametrize("data", [b"", GOOD[:-1], GOOD + b"x", GOOD * 2, b"\r\n" + GOOD, b"\r\n\r\n"])
def test_anything_but_exactly_one_request_is_left_to_the_parser(data: bytes) -> None:
    assert read(data) is None


def test_what_is_too_large_is_left_to_the_parser() -> None:
    longest = GOOD.replace(b"limit=2", b"limit=2&" + b"x" * (MAX_URL - len("/v1/models?limit=2&")))
    assert read(longest) is not None
    assert read(longest.replace(b"limit", b"limits")) is None
    assert read(GOOD.replace(b": k", b": " + b"k" * MAX_HEADERS)) is None


def test_what_is_remembered_is_bounded() -> None:
    reader = HeadReader(MAX_URL, 100_000, KnownLines())
    for number in range(6000):
        for _ in range(2):
            assert reader.read(GOOD.replace(b": k", b": k%d\r\nx-trace: %d" % (number, number))) is not None
    for number in range(500):
        assert reader.read(GOOD.replace(b": k", b": k\r\nx-long: %d" % number + b"y" * 50_000)) is None
        assert reader.read(GOOD.replace(b": k", b": k\r\nx-long: %d" % number + b"y" * 3_000)) is not None
    known = reader._known
    kept = [*known.blocks, *known.idle, *known.hosts, *known.headers]
    assert len(kept) < 6000
    assert sum(map(len, kept)) < 8 * 2**20


def test_a_trace_that_never_comes_again_is_not_remembered() -> None:
    reader = HeadReader(MAX_URL, 100_000, KnownLines())
    for number in range(6000):
        assert reader.read(GOOD.replace(b": k", b": k\r\nx-trace: %d" % number)) is not None
    known = reader._known
    kept = [*known.blocks, *known.idle, *known.hosts, *known.headers]
    assert not [each for each in kept if b"x-trace" in each]
    assert kept


@pytest.mark.parametrize("end", [b"", b"a", b"\0", b" \0", b"\x80"])
@pytest.mark.parametrize("byte", [b" ", b"\t", b"a", b"!"])
def test_a_line_takes_no_longer_to_read_than_it_is_long(byte: bytes, end: bytes) -> None:
    def seconds(count: int) -> float:
        head = GOOD[:-2] + b"x-a:" + byte * count + end + b"\r\n\r\n"
        return min(timeit.repeat(lambda: read(head), timer=time.thread_time, repeat=5, number=20))

    assert seconds(3200) < 40 * seconds(320)  # with a pattern that goes back, a hundred times as long, or more

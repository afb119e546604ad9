"""HeadReader: what it reads, llhttp reads alike, byte for byte; what llhttp might not, it leaves alone."""

import time
import timeit

import httptools
import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from callsheet.api.request import READ_HEADERS, Header, read_headers
from callsheet.http.connection.head import MAX_FRAMES, MAX_LINES, Head, HeadReader, KnownLines
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

    def on_headers_complete(self) -> None:
        self.keeps_alive = self.parser.should_keep_alive()  # once the message is complete, it may say otherwise

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.completed += 1


def read(data: bytes) -> Head | None:
    """What a reader says that has read nothing before."""
    return HeadReader(MAX_URL, MAX_HEADERS, KnownLines()).read(data)


def said_beside(reader: HeadReader) -> tuple[bool, list[bytes] | None]:
    """What a reader says of the request that it read last, beside its head."""
    forwarded = reader.forwarded
    return reader.closes, None if forwarded is None else [value.strip() for value in forwarded.split(b",")]


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
    [
        *("x-api-key: k\r\n", "Authorization:Bearer k\r\n", "accept: */*\r\n", "connection: keep-alive\r\n"),
        *("Connection: close\r\n", "X-Forwarded-For: a\r\n", "x-forwarded-for:  b \r\n", "x-e:\r\n"),
    ]
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
    lambda target, version, host, more: f"GET {target} HTTP/{version}\r\n{host}\r\n{''.join(more)}\r\n".encode(
        "latin-1"
    ),
    targets,
    st.sampled_from(["1.1", "1.1", "1.1", "1.0"]),
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
    reader = HeadReader(MAX_URL, MAX_HEADERS, KnownLines())
    head = reader.read(data)
    event("read" if head else "left to the parser")
    for _ in range(2):
        assert _experienced.read(data) == head
        if head is not None:
            assert said_beside(_experienced) == said_beside(reader)
    if head is None:
        return
    path, query, lines_ = head
    parsed = Parsed(data)
    assert (parsed.begun, parsed.completed, parsed.body) == (1, 1, b"")
    version = parsed.parser.get_http_version()
    assert (parsed.parser.get_method(), version in ("1.0", "1.1")) == (b"GET", True)
    assert reader.closes == (version == "1.0" or not parsed.keeps_alive)
    forwarded = [value.strip() for name, value in parsed.headers if name == b"x-forwarded-for"]
    assert said_beside(reader)[1] == (forwarded or None)
    assert not parsed.parser.should_upgrade()
    url = httptools.parse_url(parsed.url)
    assert (url.path, url.query or b"") == (path, query)
    assert parsed.url in (path, path + b"?" + query)
    assert read_headers(_experienced.headers(lines_)) == read_headers(parsed.headers)
    assert [name for name, _ in parsed.headers].count(b"host") == 1
    if not reader.closes:
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
    *("X-Forwarded-For: a", "x-forwarded-for: b, c", "X-API-Key: k", "Connection: close"),
]
_changing = st.one_of(
    st.integers(0, 10**6).map(lambda number: f"traceparent: {number}"),
    st.sampled_from(
        [
            *(
                "Host: b",
                "expect: 100-continue",
                "x-api-key: ",
                "connection: close",
                "connection: upgrade",
                "",
                "x",
            ),
            *(
                "a\r",
                "\nb: c",
                "x-api-key:m",
                "accept:\t",
                "traceparent: a\rb",
                "user-agent: \xe9",
                "x: a\tb",
                "x: \x7f",
            ),
        ]
    ),
)
_blocks = st.lists(st.one_of(st.sampled_from(_lines_of_one_client), _changing), min_size=1, max_size=8)


#: What changes in a request of one client: values, and lines that come and go.
_variants = st.lists(
    st.tuples(st.integers(0, 7), st.one_of(_changing, st.sampled_from(_lines_of_one_client)), st.booleans()),
    max_size=3,
)


@given(
    st.lists(st.sampled_from(_lines_of_one_client), min_size=2, max_size=7, unique=True),
    st.lists(_variants, max_size=12),
    st.lists(_blocks, max_size=4),
)
@examples(12)
def test_what_has_been_seen_before_changes_nothing(
    usual: list[str], variants: list[list[tuple[int, str, bool]]], others: list[list[str]]
) -> None:
    blocks = [usual, usual]
    for changes in variants:
        block = [*usual]
        for place, line, replaces in changes:
            block[place : place + replaces] = [line]
        blocks += [block, block, usual]
    known = KnownLines()
    readers = [HeadReader(MAX_URL, MAX_HEADERS, known) for _ in range(2)]
    for block in [*blocks, *others, *blocks]:
        data = "\r\n".join(["GET /v1/models HTTP/1.1", *block, "", ""]).encode("latin-1")
        fresh = HeadReader(MAX_URL, MAX_HEADERS, KnownLines())
        expected = fresh.read(data)
        for reader in readers:
            assert reader.read(data) == expected
            if expected is not None:
                assert said_beside(reader) == said_beside(fresh)
    event(f"{len(known.frames)} frames were made")


def traced(number: int, key: bytes = b"k") -> bytes:
    """A request with a trace, as one client sends it."""
    return GOOD.replace(b": k", b": %b\r\nx-trace: %d" % (key, number))


def test_the_second_request_of_a_client_makes_a_frame_that_all_connections_use() -> None:
    known = KnownLines()
    first, second = [HeadReader(MAX_URL, MAX_HEADERS, known) for _ in range(2)]
    for number in range(2):
        first.read(traced(number))
    (frame,) = known.frames.values()
    assert frame.holes == {2}
    read_so_far = known._read
    for number in range(2, 6):
        for reader in (first, second):
            assert reader.read(traced(number)) == read(traced(number))
    assert known._read == read_so_far


def test_a_frame_gets_a_hole_where_more_changes() -> None:
    known = KnownLines()
    reader = HeadReader(MAX_URL, MAX_HEADERS, known)
    for number in range(20):
        data = traced(number, b"k%d" % (number // 5))
        assert reader.read(data) == read(data)
    (frame,) = known.frames.values()
    assert frame.holes == {1, 2}
    assert known._frames_made == 2


def test_a_wish_for_the_connection_is_never_a_hole() -> None:
    known = KnownLines()
    reader = HeadReader(MAX_URL, MAX_HEADERS, known)
    for number in range(8):
        wish = (b"keep-alive", b"close", b"upgrade", b"keep-alive, close")[number % 4]
        data = traced(number)[:-2] + b"connection: %b\r\n\r\n" % wish
        assert (reader.read(data) is not None, reader.closes) == (number % 4 < 2, number % 4 > 0)
    assert len(known.frames) == 2


def test_names_that_nobody_has_sent_before_make_few_frames() -> None:
    known = KnownLines()
    reader = HeadReader(MAX_URL, MAX_HEADERS, known)
    for number in range(1000):
        for _ in range(2):
            assert reader.read(GOOD[:-2] + b"x-%d: a\r\n\r\n" % number) is not None
    assert known._frames_made <= 16 + 2000 // 256
    assert len(known.frames) == MAX_FRAMES


def test_a_head_that_fits_a_frame_keeps_to_the_limits() -> None:
    reader = HeadReader(MAX_URL, MAX_HEADERS, KnownLines())
    for number in range(3):
        assert reader.read(traced(number)) is not None
    assert reader.read(traced(3).replace(b"limit=2", b"x" * MAX_URL)) is None
    assert reader.read(traced(3).replace(b"x-trace: ", b"x-trace: " + b"y" * MAX_HEADERS)) is None


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
    "change", [(b"GET", b"get"), (b"1.1", b"1.2"), (b"/v1", b"v1"), (b"limit", b"li#mit"), (b"limit", b"li\xe9mit")]
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
        assert reader.read(GOOD.replace(b": k", b": k\r\nx-long: %d" % number + b"y" * 3_000)) is not None
    known = reader._known
    assert len(known.headers) <= MAX_LINES
    assert len(known.frames) <= MAX_FRAMES
    assert sum(map(len, known.headers)) < 8 * 2**20


def test_a_trace_that_never_comes_again_is_not_remembered() -> None:
    reader = HeadReader(MAX_URL, 100_000, KnownLines())
    for number in range(6000):
        assert reader.read(GOOD.replace(b": k", b": k\r\nx-trace: %d" % number)) is not None
    known = reader._known
    assert not [each for each in known.headers if b"x-trace" in each]
    assert known.frames


@pytest.mark.parametrize("end", [b"", b"a", b"\0", b" \0", b"\x80"])
@pytest.mark.parametrize("byte", [b" ", b"\t", b"a", b"!"])
def test_a_line_takes_no_longer_to_read_than_it_is_long(byte: bytes, end: bytes) -> None:
    def seconds(count: int) -> float:
        head = GOOD[:-2] + b"x-a:" + byte * count + end + b"\r\n\r\n"
        return min(timeit.repeat(lambda: read(head), timer=time.thread_time, repeat=5, number=20))

    assert seconds(3200) < 40 * seconds(320)  # with a pattern that goes back, a hundred times as long, or more

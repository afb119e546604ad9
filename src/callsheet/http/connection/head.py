"""Reads the head of a request without a parser, if it is plain enough to be read with certainty.

Clients send the same header lines again and again. Anything that llhttp might read differently (a folded line, an
odd character, a body, an upgrade) is left to it.

An example: a proxy passes on four requests of one client with these lines, the second of which never repeats::

    host: models
    x-request-id: aaaa      (then bbbb, cccc, dddd)
    x-api-key: sk-1

All lines of the first two requests are read one by one. In the second, the names are those of the first, and all
lines but one as well. So a `Frame` is made of it: a pattern for a whole request, in which ``host`` and
``x-api-key`` stand as they were sent, and any value may follow ``x-request-id:``. The third and the fourth request,
over any connection, are read by matching them with the frame, in one call.
"""

import re
from typing import Final, NamedTuple, TypeAlias

from callsheet.api.request import READ_HEADERS, Header
from callsheet.http.public.seen import SeenFilter

_END: Final = b"\r\n"  # of a line
_BLANK_LINE: Final = _END + _END

#: The first line of a request as llhttp and this module read it alike: a path, perhaps a query, of visible ASCII
#: without the number sign. All quantifiers here are possessive: without backtracking, the time that a match takes
#: is linear in the length of the line.
_TARGET: Final = rb'GET (/[!"$->@-~]*+)(?:\?([!"$-~]*+))?+ HTTP/1\.'
_FIRST_LINE: Final = re.compile(_TARGET + rb"([01])\r\n")

#: The value of a header, with the blanks before it, that llhttp and this module read alike.
_VALUE: Final = rb"[ \t]*+[ -~\x80-\xff]*+"
_LINE: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]++):[ \t]*+([ -~\x80-\xff]*+)")

#: Headers of requests that are more than a head, or need more than an answer.
_INVOLVED: Final = frozenset(
    {b"content-length", b"expect", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"proxy-connection"}
)
_FORWARDED_FOR: Final = b"x-forwarded-for"
_CONNECTION: Final = b"connection"

#: Header lines that are remembered at a time, of all connections.
MAX_LINES: Final = 4096
MAX_FRAMES: Final = 8  # each is tried for a request that does not fit the connection's last one

_MAX_BLOCK_BYTES: Final = 4096  # longer ones are left to the parser, which is quicker with very many lines
_MAX_LINE_BYTES: Final = 512  # longer ones are read, but not remembered

#: Making a frame takes as long as a hundred answers, and anybody can send names that were never sent before. So
#: only this many are made without a condition, and then one for as many requests as are read without a frame.
_FREE_FRAMES: Final = 16
_REQUESTS_PER_FRAME: Final = 256


#: The header lines that answers depend on, as sent: equal lines, equal callers.
Lines: TypeAlias = tuple[bytes, ...]

#: The head of a plain request (GET, one host, no body): path and query as sent, and its lines. Equal heads have
#: equal answers. A plain tuple, because one is made for every new request.
Head: TypeAlias = tuple[bytes, bytes, Lines]


class Frame(NamedTuple):
    """What the requests of one client have in common: a pattern with holes for what changes.

    Parameters
    ----------
    pattern
        Of a whole request. Its groups are path and query, values of ``x-forwarded-for``, and lines that matter.
    block
        The lines of a request that it was made from.
    holes
        Which of them change.
    lines
        Those that answers depend on; where they change, only the name, with the colon.
    changing
        The places in ``lines`` of those that change, each with the number of the group that holds the rest.
    forwarded
        The numbers of the groups that hold values of ``x-forwarded-for``.
    closes
        Whether the connection ends with the answer.
    """

    pattern: "re.Pattern[bytes]"
    block: tuple[bytes, ...]
    holes: frozenset[int]
    lines: Lines
    changing: tuple[tuple[int, int], ...]
    forwarded: tuple[int, ...]
    closes: bool


class _Block(NamedTuple):
    """The header lines of one request, read."""

    lines: tuple[bytes, ...]
    headers: list[Header]
    new: frozenset[int]
    """The numbers of those lines that were not seen before."""


class KnownLines:
    """What header lines mean, and the frames of requests, for all connections of a process.

    Lines are remembered when they are seen for the second time. A trace is never seen twice; remembering it would
    push other lines out of the table and the processor's cache.

    Parameters
    ----------
    max_lines
        How many are remembered; with one more, all are forgotten.
    """

    def __init__(self, max_lines: int = MAX_LINES) -> None:
        self.max_lines = max_lines
        self.headers: dict[bytes, Header] = {}
        """Headers, their names in lower case, by line."""
        self.frames: dict[tuple[bytes, ...], Frame] = {}
        """By the version and the names of a request, as sent."""
        self._seen = SeenFilter()
        self._frames_made = self._read = 0

    def parse(self, line: bytes) -> Header | None:
        """Return the header in ``line``; None if llhttp might read it differently."""
        known = self.headers.get(line)
        if known is not None:
            return known
        match = _LINE.fullmatch(line)
        return None if match is None else (match[1].lower(), match[2])

    def read(self, lines: list[bytes]) -> _Block | None:
        """Return what ``lines`` say, and remember them; None if llhttp might read one of them differently."""
        self._read += 1
        headers, new = [], []
        for number, line in enumerate(lines):
            header = self.headers.get(line)
            if header is None:
                header = self.parse(line)
                if header is None:
                    return None
                if not self._seen.add(line):
                    new.append(number)
                elif len(line) <= _MAX_LINE_BYTES:
                    if len(self.headers) >= self.max_lines:
                        self.headers.clear()
                    self.headers[line] = header
            headers.append(header)
        return _Block(tuple(lines), headers, frozenset(new))

    def learn(self, version: bytes, block: _Block) -> None:
        """Make a frame of ``block``, or one with more holes, if its names have come before."""
        # A line about the connection has no hole, as its value decides whether a request is plain.
        names = [
            line if name == _CONNECTION else line[: len(name)]
            for line, (name, _) in zip(block.lines, block.headers, strict=True)
        ]
        signature = (version, *names)
        if not self._seen.add(signature):
            return
        known = self.frames.get(signature)
        holes = block.new | {number for number, (name, _) in enumerate(block.headers) if name == _FORWARDED_FOR}
        if known is not None:
            holes |= known.holes
            holes |= {number for number, line in enumerate(block.lines) if line != known.block[number]}
        if len(holes) == len(names) or self._frames_made >= _FREE_FRAMES + self._read // _REQUESTS_PER_FRAME:
            return
        self._frames_made += 1
        self.frames.pop(signature, None)
        if len(self.frames) >= MAX_FRAMES:
            del self.frames[next(iter(self.frames))]
        self.frames[signature] = _make_frame(version, block, holes)


class HeadReader:
    """Reads the heads that arrive over one connection.

    Parameters
    ----------
    max_url_bytes, max_header_bytes
        Longer ones are not read here.
    known
        Lines that any connection has received.
    """

    __slots__ = ("_frame", "_known", "_max_header_bytes", "_max_url_bytes", "closes", "forwarded")

    def __init__(self, max_url_bytes: int, max_header_bytes: int, known: KnownLines) -> None:
        self._max_url_bytes = max_url_bytes
        self._max_header_bytes = max_header_bytes
        self._known = known
        self._frame: Frame | None = None
        self.closes = False
        """Whether the connection ends with the answer to the request read last."""
        self.forwarded: bytes | None = None
        """The values of its ``x-forwarded-for``, joined by commas; None if it has none."""

    def read(self, data: bytes) -> Head | None:
        """Return the head if ``data`` is exactly one plain request; None to leave it to the parser."""
        frame = self._frame
        found = None if frame is None else frame.pattern.fullmatch(data)
        if found is None or frame is None:
            for frame in self._known.frames.values():
                found = frame.pattern.fullmatch(data)
                if found is not None:
                    self._frame = frame
                    break
            else:
                return self._read_without_frame(data)
        groups = found.groups(b"")
        path, query = groups[0], groups[1]
        if len(path) + len(query) >= self._max_url_bytes or len(data) > self._max_header_bytes:
            return None
        self.closes = frame.closes
        self.forwarded = b", ".join([groups[number] for number in frame.forwarded]) if frame.forwarded else None
        if not frame.changing:
            return path, query, frame.lines
        lines = list(frame.lines)
        for place, number in frame.changing:
            lines[place] += groups[number]
        return path, query, tuple(lines)

    def headers(self, lines: Lines) -> list[Header]:
        """Return the headers in ``lines``, names in lower case."""
        return [header for header in map(self._known.parse, lines) if header is not None]

    def _read_without_frame(self, data: bytes) -> Head | None:
        """Do the same line by line."""
        first = _FIRST_LINE.match(data)
        if first is None or len(data) > self._max_header_bytes or len(data) - first.end() > _MAX_BLOCK_BYTES:
            return None
        path, query, version = first.groups(b"")
        if len(path) + len(query) >= self._max_url_bytes:
            return None
        if data.find(_BLANK_LINE, first.end()) != len(data) - len(_BLANK_LINE):
            return None
        block = self._known.read(data[first.end() : -len(_BLANK_LINE)].split(_END))
        if block is None or not _is_plain(version, block.headers):
            return None
        self.closes = _closes(version, block.headers)
        forwarded = [value for name, value in block.headers if name == _FORWARDED_FOR]
        self.forwarded = b", ".join(forwarded) if forwarded else None
        self._known.learn(version, block)
        return path, query, _lines_that_matter(block)


def _is_plain(version: bytes, headers: list[Header]) -> bool:
    """Return whether a request with these headers is plain."""
    hosts = 0
    for name, value in headers:
        if name == b"host":
            hosts += 1
        elif name in _INVOLVED:
            return False
        elif name == _CONNECTION:
            wish = value.strip().lower()
            if wish != b"close" and (wish != b"keep-alive" or version == b"0"):
                return False
    return hosts == 1


def _closes(version: bytes, headers: list[Header]) -> bool:
    return version == b"0" or any(name == _CONNECTION and b"close" in value.lower() for name, value in headers)


def _lines_that_matter(block: _Block) -> Lines:
    return tuple([line for line, (name, _) in zip(block.lines, block.headers, strict=True) if name in READ_HEADERS])


def _make_frame(version: bytes, block: _Block, holes: frozenset[int]) -> Frame:
    """Return the frame of requests like ``block``, in which the lines with the numbers ``holes`` may change."""
    patterns: list[bytes] = []
    lines: list[bytes] = []
    changing: list[tuple[int, int]] = []
    forwarded: list[int] = []
    groups = 2  # path and query
    for number, (line, (name, _)) in enumerate(zip(block.lines, block.headers, strict=True)):
        beginning = line[: len(name) + 1] if number in holes else line
        matters = name in READ_HEADERS
        if matters and number in holes:
            changing.append((len(lines), groups))
        if matters:
            lines.append(beginning)
        if name == _FORWARDED_FOR:
            forwarded.append(groups)
        is_kept = number in holes and (matters or name == _FORWARDED_FOR)
        groups += is_kept
        rest = b"" if number not in holes else b"(%b)" % _VALUE if is_kept else _VALUE
        patterns.append(re.escape(beginning) + rest)
    pattern = re.compile(b"\r\n".join([_TARGET + version, *patterns, b"", b""]))
    closes = _closes(version, block.headers)
    return Frame(pattern, block.lines, holes, tuple(lines), tuple(changing), tuple(forwarded), closes)

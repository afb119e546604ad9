"""Reads the head of a request without a parser, if it is plain enough to be read with certainty.

Clients send the same header lines again and again; what a line means is remembered by its bytes. Anything that
llhttp might read differently (a folded line, an odd character, a body, an upgrade) is left to it.

An example: over one connection, a client sends four requests with these lines, the last of which never repeats::

    host: models
    x-api-key: sk-1
    traceparent: 00-aaaa      (then 00-bbbb, 00-cccc, 00-dddd)

All lines of the first two blocks are read. From then on, ``host`` and ``x-api-key`` are known by their bytes, as
both were seen twice. In the third block only ``traceparent`` is new, and the lines around it become the `Frame` of
the connection. The fourth block begins and ends like the frame: only ``traceparent: 00-dddd`` is read. A block in
which nothing changes is remembered whole, and found with one look-up.
"""

import re
from typing import Final, NamedTuple, TypeAlias

from callsheet.api.request import READ_HEADERS, Header
from callsheet.http.public.seen import SeenFilter

_END: Final = b"\r\n"  # of a line
_BLANK_LINE: Final = _END + _END

_BEGINNING: Final = b"GET /"
_BEFORE_URL: Final = len(b"GET ")
_AFTER_URL: Final = b" HTTP/1.1\r\n"

#: The characters of a target that llhttp and this module read alike: visible ASCII, without the number sign.
_IN_TARGET: Final = bytes(byte for byte in range(0x21, 0x7F) if byte != ord("#"))

#: A header line that llhttp and this module read alike. The quantifiers are possessive: without backtracking, the
#: time that a match takes is linear in the length of the line.
_LINE: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]++):[ \t]*+([ -~\x80-\xff]*+)")

#: Headers of requests that are more than a head, or need more than an answer.
_INVOLVED: Final = frozenset(
    {b"content-length", b"expect", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"proxy-connection"}
)

#: Header lines that are remembered at a time, of all connections.
MAX_LINES: Final = 4096

_MAX_BLOCKS: Final = 1024
_MAX_BLOCK_BYTES: Final = 4096  # longer ones are left to the parser, which is quicker with very many lines
_MAX_LINE_BYTES: Final = 512  # longer ones are read, but not remembered
_MAX_CHANGING_LINES: Final = 4  # if more are new, the client is


#: The header lines that answers depend on, as sent: equal lines, equal callers.
Lines: TypeAlias = tuple[bytes, ...]

#: The head of a plain request (GET, HTTP/1.1, one host, no body, keep-alive): path and query as sent, and its
#: lines. Equal heads have equal answers. A plain tuple, because one is made for every new request.
Head: TypeAlias = tuple[bytes, bytes, Lines]


class Frame(NamedTuple):
    """The unchanging lines of a header block, around those that change with every request, such as a trace.

    Parameters
    ----------
    before, after
        Complete lines; the changing ones are between them.
    lines_before, lines_after
        Those among them that answers depend on.
    hosts
        How many of them are ``host``.
    """

    before: bytes
    after: bytes
    lines_before: Lines
    lines_after: Lines
    hosts: int


class KnownLines:
    """What header lines, and blocks of them, mean. They are remembered when they are seen for the second time.

    A trace is never seen twice; remembering it would push other lines out of the table and the processor's cache.

    Parameters
    ----------
    max_lines
        How many are remembered; with one more, all are forgotten.
    """

    def __init__(self, max_lines: int = MAX_LINES) -> None:
        self.max_lines = max_lines
        self.blocks: dict[bytes, Lines] = {}
        self.idle: set[bytes] = set()  # lines that do not matter
        self.hosts: set[bytes] = set()
        self.headers: dict[bytes, Header] = {}  # lines that answers depend on
        self._seen = SeenFilter()

    def parse(self, line: bytes) -> Header | None:
        """Return the header in ``line``, its name in lower case; None if llhttp might read it differently."""
        known = self.headers.get(line)
        if known is not None:
            return known
        match = _LINE.fullmatch(line)
        return None if match is None else (match[1].lower(), match[2])

    def remember(self, line: bytes, header: Header) -> None:
        """Remember the ``header`` in ``line``, if the line was seen before."""
        if len(line) > _MAX_LINE_BYTES or not self._seen.add(line):
            return
        if len(self.idle) + len(self.hosts) + len(self.headers) >= self.max_lines:
            self.idle.clear()
            self.hosts.clear()
            self.headers.clear()
        if header[0] in READ_HEADERS:
            self.headers[line] = header
        else:
            (self.hosts if header[0] == b"host" else self.idle).add(line)

    def remember_block(self, block: bytes, lines: Lines) -> None:
        """Remember which ``lines`` of ``block`` answers depend on, if the block was seen before."""
        if self._seen.add(block):
            if len(self.blocks) >= _MAX_BLOCKS:
                self.blocks.clear()
            self.blocks[block] = lines


class _Read(NamedTuple):
    """Some lines, read: those that answers depend on, how many name a host, and those not known before."""

    wanted: list[bytes]
    hosts: int
    new: list[bytes]


class HeadReader:
    """Reads the heads that arrive over one connection.

    Parameters
    ----------
    max_url_bytes, max_header_bytes
        Longer ones are not read here.
    known
        Lines that any connection has received.
    """

    def __init__(self, max_url_bytes: int, max_header_bytes: int, known: KnownLines) -> None:
        self._max_url_bytes = max_url_bytes
        self._max_header_bytes = max_header_bytes
        self._known = known
        self._frame: Frame | None = None

    def read(self, data: bytes) -> Head | None:
        """Return the head if ``data`` is exactly one plain request; None to leave it to the parser."""
        end = data.find(_AFTER_URL)
        if end < 0 or not data.startswith(_BEGINNING) or len(data) > self._max_header_bytes:
            return None
        target = data[_BEFORE_URL:end]
        if len(target) > self._max_url_bytes or target.translate(None, _IN_TARGET):
            return None
        lines = self._read_block(data[end + len(_AFTER_URL) :])
        if lines is None:
            return None
        path, _, query = target.partition(b"?")
        return path, query, lines

    def headers(self, lines: Lines) -> list[Header]:
        """Return the headers in ``lines``, names in lower case."""
        return [header for header in map(self._known.parse, lines) if header is not None]

    def _read_block(self, block: bytes) -> Lines | None:
        """Return the lines of a header block that answers depend on; None if the request is not plain."""
        frame = self._frame
        if frame is not None and block.startswith(frame.before) and block.endswith(frame.after):
            between = block[len(frame.before) : -len(frame.after)]
            if between and len(block) <= _MAX_BLOCK_BYTES:
                return self._read_framed(frame, between)
        lines = self._known.blocks.get(block)
        return self._read_whole(block) if lines is None else lines

    def _read_framed(self, frame: Frame, between: bytes) -> Lines | None:
        """Do the same for a block that is ``frame`` with the lines ``between`` in it."""
        read = self._read_lines(between.split(_END))
        if read is None or frame.hosts + read.hosts != 1:
            return None
        if not read.new:  # the lines no longer change: finding the whole block is quicker
            self._frame = None
        return (*frame.lines_before, *read.wanted, *frame.lines_after)

    def _read_whole(self, block: bytes) -> Lines | None:
        if len(block) > _MAX_BLOCK_BYTES or block.find(_BLANK_LINE) != len(block) - len(_BLANK_LINE):
            return None
        read = self._read_lines(block[: -len(_BLANK_LINE)].split(_END))
        if read is None or read.hosts != 1:
            return None
        if 0 < len(read.new) <= _MAX_CHANGING_LINES:
            self._frame = self._frame_around(block, read.new[0], read.new[-1])
        lines = tuple(read.wanted)
        self._known.remember_block(block, lines)
        return lines

    def _read_lines(self, lines: list[bytes]) -> _Read | None:
        """Return what ``lines`` say; None if one of them makes the request more than a plain one."""
        known = self._known
        idle = known.idle
        hosts, wanted, new = 0, [], []
        for line in [line for line in lines if line not in idle]:
            if line in known.headers:
                wanted.append(line)
            elif line in known.hosts:
                hosts += 1
            else:
                header = known.parse(line)
                if header is None or header[0] in _INVOLVED or not _keeps_alive(header):
                    return None
                hosts += header[0] == b"host"
                if header[0] in READ_HEADERS:
                    wanted.append(line)
                known.remember(line, header)
                new.append(line)
        return _Read(wanted, hosts, new)

    def _frame_around(self, block: bytes, first: bytes, last: bytes) -> Frame | None:
        """Return the frame of ``block`` around the lines from ``first`` to ``last``.

        None if it is less than half of the block, or if more of its lines matter than there are headers that do.
        """
        text = _END + block
        before = block[: text.find(_END + first + _END)]
        after = block[text.rfind(_END + last + _END) + len(last) :]
        if 2 * (len(before) + len(after)) < len(block):
            return None
        above, below = [self._read_lines([line for line in part.split(_END) if line]) for part in (before, after)]
        if above is None or below is None or len(above.wanted) + len(below.wanted) > len(READ_HEADERS):
            return None
        return Frame(before, after, tuple(above.wanted), tuple(below.wanted), above.hosts + below.hosts)


def _keeps_alive(header: Header) -> bool:
    return header[0] != b"connection" or header[1].strip().lower() == b"keep-alive"

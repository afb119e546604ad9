"""Reading the head of a request at once, where it is plain enough to be read with certainty.

Clients send the same header lines again and again; what a line means is remembered by its bytes. Anything that
llhttp might read differently (a folded line, an odd character, a body, an upgrade) is not read here at all.
"""

import re
from typing import Final, TypeAlias

from callsheet.api.request import READ, Header
from callsheet.http.recent import Recent

_BLANK_LINE: Final = b"\r\n\r\n"

_BEGINNING: Final = b"GET /"
_BEFORE_URL: Final = len(b"GET ")
_AFTER_URL: Final = b" HTTP/1.1\r\n"

#: What a target may hold for llhttp and us to read it alike: visible ASCII, without the sign of a fragment.
_IN_TARGET: Final = bytes(byte for byte in range(0x21, 0x7F) if byte != ord("#"))

#: A header line that llhttp and we read alike. What is matched is never given back: going back over it would take
#: a time that grows with the square of a line's length.
_LINE: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]++):[ \t]*+([ -~\x80-\xff]*+)")

#: Headers that make a request more than a head that is answered at once.
_INVOLVED: Final = frozenset(
    {b"content-length", b"expect", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"proxy-connection"}
)

_MOST_BLOCKS: Final = 1024
_LONGEST_BLOCK: Final = 4096  # longer ones are left to the parser, which is quicker with very many lines
_MOST_LINES: Final = 4096
_LONGEST_LINE: Final = 512  # longer ones are understood, but not remembered


#: The header lines that answers depend on, as sent: equal lines, equal callers.
Lines: TypeAlias = tuple[bytes, ...]

#: The head of a plain request (GET, HTTP/1.1, one host, no body, to be kept alive): path and query as sent, and
#: its lines. Equal heads have equal answers. A plain tuple, as one is made for every request that is new.
Head: TypeAlias = tuple[bytes, bytes, Lines]


class HeadReader:
    """Reads heads, and remembers what their lines, and whole blocks of lines, mean, once they come again.

    A trace in them never does; it would take the room of others, and drive them out of the processor's memory.
    """

    def __init__(self, max_url_bytes: int, max_header_bytes: int) -> None:
        self._max_url_bytes = max_url_bytes
        self._longest = max_header_bytes
        self._blocks: dict[bytes, Lines] = {}
        self._recent = Recent()
        self._idle: set[bytes] = set()  # lines without a meaning for us
        self._hosts: set[bytes] = set()
        self._headers: dict[bytes, Header] = {}  # lines that answers depend on

    def read(self, data: bytes) -> Head | None:
        """Return the head if ``data`` is exactly one plain request; None leaves it to the parser."""
        end = data.find(_AFTER_URL)
        if end < 0 or not data.startswith(_BEGINNING) or len(data) > self._longest:
            return None
        target = data[_BEFORE_URL:end]
        if len(target) > self._max_url_bytes or target.translate(None, _IN_TARGET):
            return None
        block = data[end + len(_AFTER_URL) :]
        lines = self._blocks.get(block)
        if lines is None:
            lines = self._read_block(block)
            if lines is None:
                return None
        path, _, query = target.partition(b"?")
        return path, query, lines

    def headers(self, lines: Lines) -> list[Header]:
        """Return what ``lines`` say, names in small letters."""
        return [header for header in map(self._parse, lines) if header is not None]

    def _read_block(self, block: bytes) -> Lines | None:
        """The lines of a header block that answers depend on; None if the request is not plain."""
        if len(block) > _LONGEST_BLOCK or block.find(_BLANK_LINE) != len(block) - len(_BLANK_LINE):
            return None
        idle = self._idle
        hosts, wanted = 0, []
        for line in [line for line in block[: -len(_BLANK_LINE)].split(b"\r\n") if line not in idle]:
            if line in self._headers:
                wanted.append(line)
            elif line in self._hosts:
                hosts += 1
            else:
                header = self._parse(line)
                if header is None or header[0] in _INVOLVED or not _keeps_alive(header):
                    return None
                hosts += header[0] == b"host"
                if header[0] in READ:
                    wanted.append(line)
                self._remember(line, header)
        if hosts != 1:
            return None
        lines = tuple(wanted)
        if self._recent.again(block):
            if len(self._blocks) >= _MOST_BLOCKS:
                self._blocks.clear()
            self._blocks[block] = lines
        return lines

    def _parse(self, line: bytes) -> Header | None:
        known = self._headers.get(line)
        if known is not None:
            return known
        match = _LINE.fullmatch(line)
        return None if match is None else (match[1].lower(), match[2])

    def _remember(self, line: bytes, header: Header) -> None:
        if len(line) > _LONGEST_LINE or not self._recent.again(line):
            return
        if len(self._idle) + len(self._hosts) + len(self._headers) >= _MOST_LINES:
            self._idle.clear()
            self._hosts.clear()
            self._headers.clear()
        if header[0] in READ:
            self._headers[line] = header
        else:
            (self._hosts if header[0] == b"host" else self._idle).add(line)


def _keeps_alive(header: Header) -> bool:
    return header[0] != b"connection" or header[1].strip().lower() == b"keep-alive"

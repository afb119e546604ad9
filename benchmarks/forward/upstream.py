"""The gateway of the benchmark: streams of small chunks, large bodies, and a sink for uploads.

It must be quicker than what is measured: chunks are written to the socket directly, one system call each.
"""

import asyncio
import contextlib
import os
import sys
from typing import Final

import uvloop

_EVENT: Final = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"text":"twelve bytes"}\n\n'
)
_CHUNK: Final = b"%x\r\n%b\r\n" % (len(_EVENT), _EVENT)
_STREAM: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_LIST: Final = b'{"object":"list","data":[{"id":"model","object":"model"}]}'
_END: Final = b"0\r\n\r\n"
_TURN_SIZE: Final = 16  # chunks written before another stream has its turn
_BODY: Final = bytes(256 * 1024)


async def _send(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(descriptor, left) :]
        except BlockingIOError:
            await _writable(descriptor)


async def _writable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(descriptor, ready.set)
    await ready.wait()
    loop.remove_writer(descriptor)


async def _stream(descriptor: int, count: int) -> None:
    await _send(descriptor, _STREAM)
    for number in range(count):
        await _send(descriptor, _CHUNK)
        if not number % _TURN_SIZE:
            await asyncio.sleep(0)
    await _send(descriptor, _END)


async def _paced(descriptor: int, count: int) -> None:
    await _send(descriptor, _STREAM)
    for _ in range(count):
        await _send(descriptor, _CHUNK)
        await asyncio.sleep(0.02)
    await _send(descriptor, _END)


async def _body(descriptor: int, mebibytes: int) -> None:
    await _send(descriptor, b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (mebibytes * 2**20))
    for _ in range(mebibytes * 2**20 // len(_BODY)):
        await _send(descriptor, _BODY)
        await asyncio.sleep(0)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    descriptor = os.dup(writer.get_extra_info("socket").fileno())  # as the other one is the transport's
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while head := await reader.readuntil(b"\r\n\r\n"):
            kind, _, count = head.split(b" ", 2)[1].strip(b"/").partition(b"/")
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            left = int(length or 0)
            while left:
                left -= len(await reader.read(min(left, len(_BODY))))
            if kind == b"stream":
                await _stream(descriptor, int(count))
            elif kind == b"paced":
                await _paced(descriptor, int(count))
            elif kind == b"body":
                await _body(descriptor, int(count))
            elif kind == b"v1":  # Callsheet asks for the list as it starts
                await _send(descriptor, b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(_LIST), _LIST))
            else:
                await _send(descriptor, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    writer.close()
    os.close(descriptor)


async def _main(port: int) -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", port, limit=2**20, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_main(int(sys.argv[1])))

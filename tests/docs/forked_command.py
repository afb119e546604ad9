"""``callsheet`` as a script for a shell, which is quick: `tests.starter` forks what it runs."""

import marshal
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from tests import starter

#: Passes its arguments, folder, environment, streams and SIGTERM on, and ends as the command does. It imports only
#: what is built into Python: `json`, `signal` and `socket` would take twice as long as all the rest.
_SCRIPT: Final = """#!{python} -IS
import _signal, _socket, marshal, os, sys
closed = [number for number, stream in enumerate((sys.stdin, sys.stdout, sys.stderr)) if stream is None]
for number in closed:
    os.open(os.devnull, os.O_RDWR)  # takes this number
channel = _socket.socket(_socket.AF_UNIX)
channel.connect({address!r})
_signal.signal(_signal.SIGTERM, lambda *_: channel.shutdown(_socket.SHUT_WR))
request = marshal.dumps([sys.argv[1:], os.getcwd(), dict(os.environ), closed])
streams = b"".join(number.to_bytes(4, sys.byteorder) for number in range(3))
channel.sendmsg([len(request).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
channel.sendall(request)
sys.exit(int.from_bytes(channel.recv(1), "big"))
"""


@contextmanager
def forked_command(folder: Path) -> Iterator[None]:
    """Put the script into ``folder``, as ``callsheet``, for as long as the context lasts."""
    address = folder / "socket"
    script = folder / "callsheet"
    script.write_text(_SCRIPT.format(python=sys.executable, address=str(address)))
    script.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen()
        serving = threading.Thread(target=_serve, args=[listener])
        serving.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            serving.join()


def _serve(listener: socket.socket) -> None:
    """Run what the scripts ask for, until ``listener`` is shut down."""
    running = []
    while True:
        try:
            channel, _ = listener.accept()
        except OSError:
            break
        running.append(threading.Thread(target=_run, args=[channel]))
        running[-1].start()
    for each in running:
        each.join()


def _run(channel: socket.socket) -> None:
    """Run one command to its end; stop it when its script is stopped, or has ended."""
    with channel, ExitStack() as opened:
        size, streams, _, _ = socket.recv_fds(channel, 4, 3)
        stdin, stdout, stderr = (opened.enter_context(os.fdopen(stream, "wb")) for stream in streams)
        arguments, folder, environment, closed = marshal.loads(
            channel.recv(int.from_bytes(size), socket.MSG_WAITALL)
        )
        command = [*starter.COMMAND, *arguments]
        process = starter.start(command, Path(folder), environment, stdout, stderr, stdin=stdin, closed=closed)
        descriptor = os.pidfd_open(process.pid)
        try:
            watched = select.poll()  # for descriptors of any number
            for each in (descriptor, channel.fileno()):
                watched.register(each, select.POLLIN)
            ended = {each for each, _ in watched.poll()}
        finally:
            os.close(descriptor)
        if descriptor not in ended:
            process.send_signal(signal.SIGTERM)
        code = process.wait()
        with suppress(BrokenPipeError):
            channel.sendall((code if code >= 0 else 128 - code).to_bytes(1))

"""Starts ``callsheet`` by forking a process that has imported it already, which is much quicker than a fresh start.

The forked process is a child of the process that asks for it. It has the arguments, environment, folder and
streams that it is given, and runs ``callsheet.__main__`` as ``python -W error -m callsheet`` does, so that waiting
for it, signals, exit codes and process groups work as ever. What a fork cannot stand for starts plainly: another
command line, an environment that the interpreter itself reads, a system other than Linux.

Run as ``python -W error -m tests.starter DESCRIPTOR``, this is the process that forks. With names of modules
behind that, it imports those in place of Callsheet: it may then be another Python, which has a client library.
"""

import atexit
import ctypes
import gc
import json
import os
import pkgutil
import platform
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import IO, Any, Final

#: The fresh start that a fork stands for.
COMMAND: Final = (sys.executable, "-W", "error", "-m", "callsheet")

#: The fresh start of a program that is given as text, for which a fork stands as well.
PROGRAM: Final = (sys.executable, "-W", "error", "-c")

#: How the names begin of what the interpreter and the libraries under it read once, when a process begins, and of
#: what packages read when they are imported. Colours and the width of a terminal are read later, by what prints.
_READ_AT_START: Final = (
    "PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "GLIBC_", "OPENSSL_", "SSL_", "TZ",
    "OTEL_PROPAGATORS", "OTEL_PYTHON_", "OTEL_SPAN_", "PROTOCOL_BUFFERS_", "PSUTIL_", "PSYCOPG_", "PYDANTIC_",
    "TYPER_", "WRAPT_",
)  # fmt: skip

os.environ.pop("PYTHONUNBUFFERED", None)  # the output of commands is buffered as it is by itself

#: As this process began, whatever a test has changed since; the process that forks begins with it, too.
_ENVIRONMENT: Final = dict(os.environ)

#: The number of the system call clone, and the flag that makes the new process a child of its maker's parent.
_CLONE: Final = {"x86_64": 56, "aarch64": 220}
_CLONE_PARENT: Final = 0x8000

#: Whether anything can be forked here: on Linux, whose system call this is.
CAN_FORK: Final = sys.platform == "linux" and platform.machine() in _CLONE

#: What commands import only when they run.
_IMPORTED_LATE: Final = (
    "alembic.command", "alembic.ext.checkconstraint_byname", "concurrent.futures.thread", "encodings.idna",
    "pydantic.type_adapter", "rich.progress", "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite", "sqlalchemy.ext.compiler", "uvicorn.lifespan.on", "uvicorn.loops.auto",
    "uvicorn.loops.uvloop",
)  # fmt: skip


class Forked:
    """A forked process, with as much of `subprocess.Popen` as the tests use."""

    def __init__(self, args: Sequence[str], pid: int) -> None:
        self.args = args
        self.pid = pid
        self.returncode: int | None = None
        self._waiting = threading.Lock()

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None while it runs."""
        with self._waiting:
            if self.returncode is None:
                ended, status = os.waitpid(self.pid, os.WNOHANG)
                if ended:
                    self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code as soon as there is one.

        Raises
        ------
        subprocess.TimeoutExpired
            It still runs after ``timeout`` seconds.
        """
        if self.poll() is None:
            descriptor = os.pidfd_open(self.pid)
            try:
                watched = select.poll()
                watched.register(descriptor, select.POLLIN)
                watched.poll(None if timeout is None else timeout * 1000)
            finally:
                os.close(descriptor)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(list(self.args), timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


class _Starter:
    """Speaks with the process that forks, which begins with the first command and ends with this process."""

    def __init__(self, interpreter: str = sys.executable, *modules: str) -> None:
        self._command = [interpreter, "-W", "error", "-m", "tests.starter"]
        self._modules = modules
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None

    def start(self, request: dict[str, Any], streams: Sequence[int]) -> int:
        """Return the id of a process that does what ``request`` says."""
        with self._lock:
            channel = self._channel or self._begin()
            content = json.dumps(request).encode()
            socket.send_fds(channel, [len(content).to_bytes(4)], streams)
            channel.sendall(content)
            pid = int.from_bytes(_exactly(channel, 4))
        assert pid, "the process that forks has ended; why, stands on stderr"
        return pid

    def _begin(self) -> socket.socket:
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [*self._command, str(theirs.fileno()), *self._modules],
                cwd=Path(__file__).parents[1],
                env=_ENVIRONMENT,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        atexit.register(self._end)
        return self._channel

    def _end(self) -> None:
        if self._channel is not None and self._process is not None:
            self._channel.close()
            self._process.wait()


_STARTER: Final = _Starter()

#: One for each Python that has a client library, and the library that it has imported.
_CLIENT_STARTERS: Final[dict[tuple[str, str], _Starter]] = {}


def start(
    command: Sequence[str],
    cwd: Path | None,
    env: Mapping[str, str],
    stdout: IO[bytes],
    stderr: IO[bytes],
    *,
    stdin: IO[bytes] | None = None,
    closed: Sequence[int] = (),
    fresh: bool = False,
) -> "Forked | subprocess.Popen[bytes]":
    """Start a process in a session of its own, without ``stdin`` with nothing to read; forked, unless ``fresh``.

    Of its standard streams, those with the numbers in ``closed`` are closed, which only a fork can do.
    """
    with ExitStack() as opened:
        source = stdin or opened.enter_context(open(os.devnull, "rb"))  # noqa: PTH123  # a stream, not a path
        streams = (source.fileno(), stdout.fileno(), stderr.fileno())
        if fresh or not _can_fork(command, env):
            assert not closed, "only a fork can begin with closed streams"
            return subprocess.Popen(
                command, cwd=cwd, env=env, stdin=source, stdout=stdout, stderr=stderr, start_new_session=True
            )
        program, arguments = None, command[len(COMMAND) :]
        if _is(PROGRAM, command):
            program, *arguments = command[len(PROGRAM) :]
        return Forked(command, _STARTER.start(_request(program, arguments, cwd, env, closed), streams))


def start_client(
    interpreter: str,
    library: str,
    program: str,
    arguments: Sequence[str],
    cwd: Path | None,
    env: Mapping[str, str],
    streams: Sequence[IO[bytes]],
) -> Forked:
    """Fork another Python, which has imported a client library, to run ``program``, its text.

    ``streams`` are its standard input, output and error. The environment is complete before the program begins, but
    what Python and the library read when they began, such as ``PYTHONPATH``, has no effect.
    """
    starter = _CLIENT_STARTERS.setdefault((interpreter, library), _Starter(interpreter, library))
    numbers = [stream.fileno() for stream in streams]
    request = _request(program, arguments, cwd, env, ())
    return Forked([interpreter, "-c", program, *arguments], starter.start(request, numbers))


def _request(
    program: str | None, arguments: Sequence[str], cwd: Path | None, env: Mapping[str, str], closed: Sequence[int]
) -> dict[str, Any]:
    return {
        "program": program,
        "arguments": list(arguments),
        "environment": dict(env),
        "folder": str(cwd or Path.cwd()),
        "closed": list(closed),
    }


def environment_at_start() -> dict[str, str]:
    """Return what must be the same in the environment of every forked process."""
    return _read_at_start(_ENVIRONMENT)


def _can_fork(command: Sequence[str], env: Mapping[str, str]) -> bool:
    return (
        CAN_FORK
        and (_is(COMMAND, command) or _is(PROGRAM, command))
        and _read_at_start(env) == environment_at_start()
    )


def _is(start: Sequence[str], command: Sequence[str]) -> bool:
    return tuple(command[: len(start)]) == start


def _read_at_start(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(_READ_AT_START)}


def _exactly(channel: socket.socket, size: int) -> bytes:
    """Read ``size`` bytes; none if the other side has ended."""
    read = bytearray()
    while len(read) < size:
        more = channel.recv(size - len(read))
        if not more:
            return b""
        read += more
    return bytes(read)


def _main(channel: socket.socket, modules: Sequence[str]) -> None:
    """Fork as often as is asked for; in each forked process, run the command."""
    if modules:
        for name in modules:
            import_module(name)
    else:
        _import_everything()
        import_module("tests.installation")  # for programs of the tests: pytest and hypothesis take longest
        _compile_statements()
        _read_certificates()
    gc.collect()
    gc.freeze()
    with suppress(KeyboardInterrupt):  # Ctrl-C is for the tests
        while True:
            size, streams, _, _ = socket.recv_fds(channel, 4, 3)
            if not size:
                return
            request = json.loads(_exactly(channel, int.from_bytes(size)))
            pid = _fork()
            if not pid:
                break
            channel.sendall(pid.to_bytes(4))
            for stream in streams:
                os.close(stream)
    channel.close()
    _become(request, streams)
    _run(request["program"])


def _run(program: str | None) -> None:
    """Run the command, or a program, and end with its exit code.

    The interpreter is not taken apart at the end: that touches, and so copies, all that was imported before the
    fork, which takes longer than most commands. What comes before that is done here in the same order.
    """
    code: object = 0
    try:
        if program is None:
            runpy.run_module("callsheet", run_name="__main__", alter_sys=True)
        else:
            sys.argv[0] = "-c"
            sys.modules["__main__"] = main = ModuleType("__main__")
            exec(compile(program, "<string>", "exec"), vars(main))
    except SystemExit as end:
        code = 0 if end.code is None else end.code
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    gc.collect()  # what was forgotten open complains now
    with suppress(OSError):
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and not stream.closed:
                stream.flush()
        if isinstance(code, int):
            os._exit(code)
    raise SystemExit(code)  # with something to say at the end


def _import_everything() -> None:
    import callsheet
    from callsheet.cli.app import command_tree

    for module in pkgutil.walk_packages(callsheet.__path__, "callsheet."):
        if not module.name.endswith(".__main__") and ".migrations." not in module.name:
            import_module(module.name)
    for name in _IMPORTED_LATE:
        import_module(name)
    _make_commands(command_tree())


def _make_commands(command: Any) -> None:
    """Make every command, and what reads its options, which Typer makes when the command is first called."""
    for parameter in command.params:
        parameter.get_runtime_param()
    for each in getattr(command, "commands", {}).values():
        _make_commands(each)


def _compile_statements() -> None:
    """Compile the SQL of the usual commands once, for all that are forked."""
    from callsheet.api.state import Options
    from callsheet.domain.model import Model
    from callsheet.service.access import AccessService
    from callsheet.service.catalog import CatalogService
    from callsheet.service.setup import open_store
    from callsheet.service.state.live import LiveState
    from tests.compiling import compile_once

    def now() -> datetime:
        return datetime.now(UTC)

    compile_once()
    with TemporaryDirectory(prefix="callsheet-test-") as folder:
        store = open_store(f"sqlite:///{folder}/callsheet.db", now)
        catalog, access = CatalogService(store, "test", now), AccessService(store, "test", now)
        catalog.add(Model(id="test", display_name="Test", created_at=now()))
        list(catalog.list())
        catalog.remove("test")
        access.create_key("test")
        access.list_keys()
        LiveState(store, Options(), poll_seconds=1).stop()
    assert threading.active_count() == 1, "a fork has only the thread that makes it"


def _read_certificates() -> None:
    """Read the certificates of the system once, for all that are forked."""
    import httpx2

    from tests.trusting import trust_once

    trust_once()
    httpx2.Client().close()


def _fork() -> int:
    """As `os.fork`, but the new process is a child of the parent of this one."""
    python, library = ctypes.pythonapi, ctypes.PyDLL(None)
    python.PyOS_BeforeFork()
    pid = library.syscall(_CLONE[platform.machine()], _CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0)
    if pid:
        python.PyOS_AfterFork_Parent()
    else:
        python.PyOS_AfterFork_Child()
    return int(pid)


def _become(request: dict[str, Any], streams: Sequence[int]) -> None:
    """Be as a process that was started for this request."""
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin, sys.stdout, sys.stderr = map(_reopen, (sys.stdin, sys.stdout, sys.stderr))
    for number in request["closed"]:
        os.close(number)
        for form in ("{}", "__{}__"):
            setattr(sys, form.format(("stdin", "stdout", "stderr")[number]), None)  # as Python does
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    tempfile.tempdir = None  # it was found in the environment of the process that forks
    sys.path[0] = request["folder"]
    sys.argv[1:] = request["arguments"]


def _reopen(stream: Any) -> Any:
    """Return a standard stream that knows of what kind its file is now; whether one can seek is asked only once."""
    opened = open(  # noqa: SIM115  # it stays open as long as the process lives
        stream.fileno(), stream.mode, encoding=stream.encoding, errors=stream.errors, closefd=False
    )
    opened.reconfigure(line_buffering=stream.line_buffering or opened.isatty(), write_through=stream.write_through)
    return opened


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as opened:
        _main(opened, sys.argv[2:])

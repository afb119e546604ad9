"""``--remote``: a server in place of a database, for every command that works on one."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final, TypeVar

import typer
import typer.main

from callsheet.domain.errors import InvalidError

T = TypeVar("T", bound=Callable[..., Any])

#: The variable with the address of a server.
REMOTE_VARIABLE: Final = "CALLSHEET_REMOTE"

_DATABASE: Final = "database"

#: What values of other types than they should be come to, wherever they are used.
_UNREAD: Final = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)
_NAMES: Final = ("remote", "admin_key_file", "remote_http")


class ServerURL(str):
    """The base URL of a server, where commands otherwise have the URL of a database.

    Attributes
    ----------
    command
        The command that was called, such as ``callsheet catalog list``.
    is_from_environment
        Whether the environment names the server, not an option.
    admin_key_file
        Where the admin key is read; ``-`` is standard input, None the environment.
    may_be_http
        Whether the key may travel unencrypted.
    connection
        What it is asked by, once it is.
    """

    command: str
    is_from_environment: bool
    admin_key_file: str | None
    may_be_http: bool
    connection: Any = None

    @contextmanager
    def read(self) -> Iterator[None]:
        """Within the block, what comes of an answer that holds something else than it should is a RemoteError."""
        try:
            yield
        except _UNREAD as error:
            if self.connection is None:  # nothing was answered
                raise
            from callsheet.remote.failures import unreadable  # brings an HTTP client, which there is one of

            raise unreadable(self.connection.root, error) from error

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self.connection is not None:
            self.connection.close()

    def refuse(self) -> InvalidError:
        """Return the refusal of a command that cannot work over a server."""
        if self.is_from_environment:
            return InvalidError(
                f"{self.command} needs the database itself, and {REMOTE_VARIABLE} names a server; unset it, "
                "or name the database with --database."
            )
        return InvalidError(f"{self.command} needs the database itself; run it where that is, without --remote.")


def local(command: T, *, despite_environment: bool = False) -> T:
    """Return a command that only works on a database; ``--remote`` is refused.

    Parameters
    ----------
    despite_environment
        Whether a server that only the environment names does not matter to it.
    """
    command.__dict__["is_local"] = True
    command.__dict__["despite_environment"] = despite_environment
    return command


def with_remote(params: Sequence[Any], command: Callable[..., Any] | None) -> list[Any]:
    """Return the parameters of a command, and, if it works on a database, those that name a server instead."""
    is_local = getattr(command, "is_local", False)
    place = next((number for number, each in enumerate(params) if each.name == _DATABASE), None)
    if place is None:
        return [*params, *(_options(hidden=True) if is_local else ())]
    return [*params[: place + 1], *_options(hidden=is_local), *params[place + 1 :]]


def take_remote(ctx: Any) -> ServerURL | None:
    """Put the server that is named in place of the database of a command, and return it; None if none is.

    Raises
    ------
    InvalidError
        Both are named, or the command only works on a database.
    """
    if _NAMES[0] not in ctx.params:
        return None
    url, key_file, may_be_http = (ctx.params.pop(name) for name in _NAMES)
    command = ctx.command.callback
    is_from_environment = ctx.get_parameter_source(_NAMES[0]).name == "ENVIRONMENT"
    is_overridden = is_from_environment and (
        ctx.params.get(_DATABASE) is not None or getattr(command, "despite_environment", False)
    )
    if not url or is_overridden:
        return None
    if ctx.params.get(_DATABASE) is not None:
        raise InvalidError("--database and --remote are both given; say one.")
    server = ServerURL(url)
    server.command, server.is_from_environment = ctx.command_path, is_from_environment
    server.admin_key_file, server.may_be_http = key_file, may_be_http
    if getattr(command, "is_local", False):
        if is_from_environment and _DATABASE not in ctx.params:
            return None
        raise server.refuse()
    ctx.params[_DATABASE] = server
    ctx.call_on_close(server.close)
    return server


def _named(
    remote: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar=REMOTE_VARIABLE,
            show_envvar=False,
            help="A server that is administered, in place of a database; default: CALLSHEET_REMOTE. Its admin key "
            "is that of CALLSHEET_ADMIN_KEY.",
        ),
    ] = None,
    admin_key_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="With --remote: read the admin key from this file; - is standard input."),
    ] = None,
    remote_http: Annotated[
        bool,
        typer.Option(
            "--remote-http", help="With --remote: let the admin key travel over http://, which others can read."
        ),
    ] = False,
) -> None:
    """The options, as Typer reads them."""


def _options(*, hidden: bool) -> list[Any]:
    app = typer.Typer(add_completion=False)
    app.command()(_named)
    made: list[Any] = [each for each in typer.main.get_command(app).params if each.name in _NAMES]
    for each in made:
        each.hidden = hidden
    return made

"""``callsheet sessions``: who is signed in at the console."""

from collections.abc import Sequence
from typing import Annotated, Final

import typer

from callsheet.cli.database import DatabaseURL, open_sessions
from callsheet.cli.input.completion import complete_session
from callsheet.cli.output.tables import AsJSON, print_json, print_table, say, second
from callsheet.cli.output.usage import CommandLine
from callsheet.domain.access.session import Means, Session
from callsheet.domain.errors import InvalidError

#: People who are named, of those whom a proxy signs in again.
_MAX_NAMES: Final = 3

app = CommandLine(help="List and end the sessions of the console.", no_args_is_help=True)


@app.command("list")
def list_sessions(database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """List who is signed in at the console, oldest first. Times are UTC."""
    sessions = open_sessions(database).list()
    if as_json:
        print_json([each.record() for each in sessions])
        return
    print_table(
        ("ID", "Name", "Signed in by", "Scopes", "Since", "Last used"),
        (
            (
                each.id,
                each.name,
                each.means.words,
                list(each.scopes),
                second(each.record()["created_at"]),
                second(each.record()["last_used_at"]),
            )
            for each in sessions
        ),
        {"Name": 8},
    )


@app.command()
def end(
    session: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="Id of a session.", show_default=False, autocompletion=complete_session),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="End every session, and every link that was not followed yet.")
    ] = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """End a session of the console, or all, at once; its browser has to sign in again.

    A person whom a proxy signs in is signed in again with the next request, unless the proxy no longer names them.
    """
    if every == (session is not None):
        raise InvalidError(
            "A session and --all are both given; say one." if every else "Name a session, or say --all."
        )
    sessions = open_sessions(database)
    if session is None:
        ended = list(sessions.end_all())
        if as_json:
            print_json([each.record() for each in ended])
        say(f"Ended {_count(len(ended))}.")
    else:
        one = sessions.end(session)
        ended = [one]
        if as_json:
            print_json(one.record())
        say(f"Ended the session of {one.name}: {one.id}.")
    _warn(ended)


def _count(number: int) -> str:
    return f"{number:,} session{'s' * (number != 1)}"


def _warn(ended: Sequence[Session]) -> None:
    """Say whom a proxy signs in again."""
    names = sorted({each.name for each in ended if each.means is Means.PROXY})
    if names:
        rest = len(names) - _MAX_NAMES
        shown = ", ".join(names[:_MAX_NAMES]) + (f" and {rest:,} more" if rest > 0 else "")
        say(f"The proxy signs {shown} in again with the next request, unless it no longer names them.")

"""``callsheet catalog diff``, ``blame`` and ``revert``, and ``workspaces revert``: what was, and back to it."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callsheet.cli.changing import Changing, DryRun
from callsheet.cli.database import DatabaseURL, clock, connect
from callsheet.cli.input.completion import complete_model, complete_workspace
from callsheet.cli.output.differences import print_blame, print_differences
from callsheet.cli.output.tables import AsJSON, print_json, say, second
from callsheet.cli.remote_option import ServerURL
from callsheet.cli.viewing import Viewing
from callsheet.domain.changes.change import Subject
from callsheet.domain.history.moment import parse_moment
from callsheet.domain.history.setting import FIELDS
from callsheet.domain.times import format_instant
from callsheet.service.moments.blaming import blame as find_blame
from callsheet.service.moments.comparing import compare_moments
from callsheet.service.moments.reverting import Reverted

if TYPE_CHECKING:  # what only --remote needs
    from callsheet.remote.moments import RemoteMoments

#: What `diff` ends with if there is a difference, as `plan` does.
DIFFERENT: Final = 2

MOMENT: Final = "A day, an RFC 3339 time, a time ago such as 90d, or the number of a revision"

Blamable = StrEnum("Blamable", {name.upper(): name for name in FIELDS})  # type: ignore[misc]

To = Annotated[str, typer.Option("--to", metavar="MOMENT", help=f"{MOMENT}.")]


def diff(
    first: Annotated[str, typer.Argument(metavar="FROM", help=f"{MOMENT}.")],
    second_moment: Annotated[
        str, typer.Argument(metavar="[TO]", help="Likewise, also one to come; now if not given.")
    ] = "now",
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Show what was added, removed and changed between two moments, and by whom. Exits with 2 for a difference."""
    now = clock()
    moments = [parse_moment(text, now, name) for text, name in ((first, "FROM"), (second_moment, "TO"))]
    viewing = Viewing(database)
    if viewing.server is not None:
        compared = _remote(viewing.server, now).compare(moments[0], moments[1])
    else:
        with viewing.present() as present:
            compared = compare_moments(present, moments[0], moments[1], now)
    if as_json:
        print_json(compared.record())
    else:
        print_differences(compared)
    raise typer.Exit(DIFFERENT if compared.differences else 0)


def blame(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Id or alias of a model.", autocompletion=complete_model)
    ],
    field: Annotated[
        Blamable | None, typer.Argument(metavar="[FIELD]", help=f"Only this field: {', '.join(FIELDS)}.")
    ] = None,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Show who says what of a model since when, and every value that a field had before."""
    viewing, wanted = Viewing(database), None if field is None else field.value
    if viewing.server is not None:
        found = _remote(viewing.server, clock()).blame(model, wanted)
    else:
        with viewing.read() as reading:
            found = find_blame(reading, model, wanted)
    if as_json:
        print_json(found.record())
    else:
        print_blame(found)


def revert_models(
    to: To,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL…]",
            help="Ids of models, also of ones that were removed; all models and aliases if none is given.",
            autocompletion=complete_model,
        ),
    ] = None,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Make models and their aliases what they were at a moment, by a new change; backups are not involved."""
    moment = parse_moment(to, clock(), "--to")
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    _done(changing.revert(lambda service: service.models(moment, names or ())), as_json=as_json)


def revert_workspaces(
    to: To,
    names: Annotated[
        list[str],
        typer.Argument(metavar="WORKSPACE…", help="Ids or names of workspaces.", autocompletion=complete_workspace),
    ],
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Give workspaces the names, rules and shapes that they had at a moment, by a new change."""
    moment = parse_moment(to, clock(), "--to")
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    _done(changing.revert(lambda service: service.workspaces(moment, names)), as_json=as_json)


def _remote(server: ServerURL, now: datetime) -> "RemoteMoments":
    from callsheet.remote.moments import RemoteMoments  # for --remote only

    return RemoteMoments(connect(server), now)


def _done(reverted: Reverted, *, as_json: bool) -> None:
    if as_json:
        print_json(reverted.record())
    counts = {kind: len(ids) for kind, ids in reverted.changed.items()}
    when = f"{second(format_instant(reverted.as_of.at))} UTC, revision {reverted.as_of.revision}"
    words = [_counted(count, kind) for kind, count in counts.items() if count]
    say(f"Reverted {' and '.join(words)} to {when}." if words else f"Everything is as it was at {when}.")


def _counted(count: int, kind: Subject) -> str:
    many = f"{kind}es" if kind is Subject.ALIAS else f"{kind}s"
    return f"{count:,} {kind if count == 1 else many}"

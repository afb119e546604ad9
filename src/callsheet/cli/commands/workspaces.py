"""``callsheet workspaces``: groups of keys that see the same models."""

from typing import Annotated, Any

import typer

from callsheet.cli.changing import Changing, DryRun
from callsheet.cli.commands.history import revert_workspaces
from callsheet.cli.database import DatabaseURL
from callsheet.cli.input.completion import complete_workspace
from callsheet.cli.output.sight import Models, say_sight, sight_lines, sight_record
from callsheet.cli.output.tables import AsJSON, day, print_json, print_record, print_table, say
from callsheet.cli.output.usage import CommandLine
from callsheet.cli.viewing import AsOfOption, Viewing
from callsheet.domain.access.visibility import SEES_ALL, Visibility
from callsheet.domain.access.workspace import Shape, Workspace
from callsheet.domain.changes.workspaces import WorkspaceChange
from callsheet.domain.errors import InvalidError

app = CommandLine(help="Create and change workspaces.", no_args_is_help=True)

Name = Annotated[
    str, typer.Argument(metavar="WORKSPACE", help="Id or name of a workspace.", autocompletion=complete_workspace)
]
Allow = Annotated[
    list[str] | None,
    typer.Option(metavar="PATTERN", help="Show models whose id matches this glob; may be repeated."),
]
Deny = Annotated[
    list[str] | None,
    typer.Option(metavar="PATTERN", help="Never show models whose id matches this glob; may be repeated."),
]
Color = Annotated[str | None, typer.Option(metavar="#RRGGBB", help="Its colour in the console, such as #6C5BB9.")]
ShapeOption = Annotated[Shape | None, typer.Option(help="Fields of a model, if not those of the installation.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Name for people.")],
    workspace_id: Annotated[
        str | None, typer.Option("--id", metavar="wrkspc_…", help="Its id, if it has one elsewhere.")
    ] = None,
    allow: Allow = None,
    deny: Deny = None,
    shape: ShapeOption = None,
    color: Color = None,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Create a workspace. Deny wins over allow; without rules it sees all models."""
    visibility = Visibility(tuple(allow or ()), tuple(deny or ()))
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    workspace = changing.keys(
        lambda access: access.create_workspace(name, workspace_id, visibility, shape, display_color=color)
    )
    _done(workspace, f"Created the workspace {workspace.name}: {workspace.id}.", as_json=as_json)
    if visibility != SEES_ALL:
        say_sight(*changing.access.sights(visibility))


@app.command("list")
def list_workspaces(as_of: AsOfOption = None, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """List all workspaces, oldest first, archived ones too."""
    access = Viewing(database, as_of).access
    records: list[dict[str, Any]] = [each.record() for each in access.list_workspaces()]
    if as_json:
        print_json(records)
        return
    print_table(
        ("ID", "Name", "Allow", "Deny", "Shape", "Archived", "Created"),
        (
            (
                each["id"],
                each["name"],
                each["allow"] or "all",
                each["deny"],
                each["shape"],
                day(each["archived_at"]),
                day(each["created_at"]),
            )
            for each in records
        ),
        {"Name": 8, "Allow": 8, "Deny": 8},
    )


@app.command()
def show(
    name: Name,
    models: Models = False,
    as_of: AsOfOption = None,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Show one workspace, and how many models it sees."""
    viewing = Viewing(database, as_of)
    access = viewing.access
    workspace = access.show_workspace(name)
    sight = access.sights(workspace.visibility, in_order=models)[0]
    record = workspace.record()
    if as_json:
        print_json(viewing.record({**record, **sight_record(sight, models=models)}))
    else:
        print_record({**record, **sight_lines(sight, models=models)})


@app.command()
def change(
    name: Name,
    new_name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    allow: Allow = None,
    deny: Deny = None,
    shape: ShapeOption = None,
    color: Color = None,
    clear_rules: Annotated[bool, typer.Option("--clear-rules", help="Drop all patterns first.")] = False,
    clear_shape: Annotated[bool, typer.Option("--clear-shape", help="Take the installation's shape.")] = False,
    clear_color: Annotated[
        bool, typer.Option("--clear-color", help="Take the colour that its id decides.")
    ] = False,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Change a workspace. --allow and --deny each replace all patterns of their kind."""
    if not any((new_name, allow, deny, shape, color, clear_rules, clear_shape, clear_color)):
        raise InvalidError("Nothing to change; name at least one field, such as --allow.")
    if shape is not None and clear_shape:
        raise InvalidError("The shape is both given and cleared; say one.")
    if color is not None and clear_color:
        raise InvalidError("The colour is both given and cleared; say one.")

    wanted = WorkspaceChange(allow=(), deny=()) if clear_rules else WorkspaceChange()
    if new_name is not None:
        wanted["name"] = new_name
    if allow is not None:
        wanted["allow"] = tuple(allow)
    if deny is not None:
        wanted["deny"] = tuple(deny)
    if shape is not None or clear_shape:
        wanted["shape"] = shape
    if color is not None or clear_color:
        wanted["display_color"] = color
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    workspace, before = changing.keys(lambda access: access.change_workspace(name, wanted), warns=True)
    _done(workspace, f"Changed the workspace {workspace.name}.", as_json=as_json)
    if any((allow, deny, clear_rules)):
        say_sight(*changing.access.sights(workspace.visibility, before.visibility))


@app.command()
def archive(name: Name, dry_run: DryRun = False, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Archive a workspace; its keys stop working."""
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    workspace = changing.keys(lambda access: access.archive_workspace(name))
    _done(workspace, f"Archived the workspace {workspace.name}.", as_json=as_json)


app.command("revert")(revert_workspaces)


def _done(workspace: Workspace, message: str, *, as_json: bool) -> None:
    if as_json:
        print_json(workspace.record())
    say(message)

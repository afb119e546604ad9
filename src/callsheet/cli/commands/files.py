"""Catalogue files: ``callsheet plan``, ``apply``, ``adopt``, ``drift`` and ``export``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from callsheet.cli.changing import DryRun
from callsheet.cli.database import DatabaseURL
from callsheet.cli.input.completion import complete_key, complete_workspace
from callsheet.cli.input.plan_file import read_plan_file, write_plan_file
from callsheet.cli.manifests import Manifests, manifest_of
from callsheet.cli.output.drift import print_drift
from callsheet.cli.output.plan import print_plan, say_dry_run
from callsheet.cli.output.plan_markdown import plan_markdown
from callsheet.cli.output.progress import progress_line
from callsheet.cli.output.tables import AsJSON, print_json, say
from callsheet.domain.errors import ConflictError, InvalidError
from callsheet.domain.manifest import Collection
from callsheet.domain.plan.impact import Harm
from callsheet.domain.plan.plan import Plan
from callsheet.service.clients.export import ConfiguredClient
from callsheet.service.manifests.export import Holders

#: The manager of an export that names none.
_MANAGER: Final = "catalog"

#: What `plan` and `drift` end with if there is a difference.
DIFFERENT: Final = 2

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE", help="Catalogue files of one manager, in YAML, TOML or JSON, or folders of them."
    ),
]
SomeFiles = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE", help="Catalogue files of one manager, in YAML, TOML or JSON, or folders of them."
    ),
]
MaxDeletes = Annotated[
    int | None, typer.Option(metavar="N", min=0, help="Refuse a plan that would remove more things than this.")
]
FailOn = Annotated[
    str | None,
    typer.Option(metavar="A,B", help=f"Exit with 1 if the plan would do any of these: {', '.join(Harm)}."),
]


class PlanFormat(StrEnum):
    """How a plan is printed."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


class ExportFormat(StrEnum):
    """How an export is written."""

    YAML = "yaml"
    TOML = "toml"
    JSON = "json"
    SNAPSHOT = "snapshot"


def plan(
    files: Files,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="Keep the plan in this file, for apply --plan.")
    ] = None,
    format_: Annotated[PlanFormat, typer.Option("--format", help="How the plan is printed.")] = PlanFormat.TEXT,
    fail_on: FailOn = None,
    max_deletes: MaxDeletes = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use no database but what --against names.")] = False,
    against: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="With --offline: a snapshot from callsheet export --format snapshot."),
    ] = None,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Show what catalogue files would change, and for whom; change nothing. Exits with 2 for a difference."""
    harms = _harms(fail_on)
    if offline is (against is None):
        raise InvalidError("Use --offline and --against FILE together, or neither of them.")
    with progress_line("Planning"):
        manifest = manifest_of(files)
        with Manifests(database, against) as manifests:
            made = manifests.plan(manifest, max_deletes=max_deletes)
    if out is not None:
        write_plan_file(out, made.plan)
    _print(made.plan, PlanFormat.JSON if as_json else format_)
    _check_harms(made.plan, harms)
    if not made.plan.is_empty:
        raise typer.Exit(DIFFERENT)


def apply(
    files: SomeFiles = None,
    plan_file: Annotated[
        str | None,
        typer.Option("--plan", metavar="FILE", help="A plan from callsheet plan --out, in place of files."),
    ] = None,
    fail_on: FailOn = None,
    max_deletes: MaxDeletes = None,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Change everything to what catalogue files say, or as a kept plan says: all of it or nothing."""
    harms = _harms(fail_on)
    if bool(files) is (plan_file is not None):
        raise InvalidError("Name catalogue files, or a plan with --plan; one of the two.")
    with progress_line("Applying"), Manifests(database) as manifests:
        if plan_file is None:
            made = manifests.plan(manifest_of(files or []), max_deletes=max_deletes)
            decided = made.plan
        else:
            decided = read_plan_file(plan_file)
        _check_harms(decided, harms)
        if not dry_run and plan_file is None:
            manifests.service.apply(made)
        elif dry_run:
            if plan_file is not None:
                manifests.service.check_saved(decided, max_deletes=max_deletes)
        else:
            manifests.service.apply_saved(decided, max_deletes=max_deletes)
    _done(decided, dry_run=dry_run, as_json=as_json)


def adopt(files: Files, dry_run: DryRun = False, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Let catalogue files hold what people hold of the same things; then the files decide."""
    with progress_line("Planning"), Manifests(database) as manifests:
        made = manifests.plan(manifest_of(files), adopt=True)
        if not dry_run:
            manifests.service.apply(made)
    _done(made.plan, dry_run=dry_run, as_json=as_json)


def drift(files: Files, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Show what differs from catalogue files, and who holds it. Exits with 2 if anything does."""
    with progress_line("Comparing"), Manifests(database) as manifests:
        made = manifests.plan(manifest_of(files))
    if as_json:
        print_json(made.record())
    else:
        print_drift(made)
    if not made.is_in_sync:
        raise typer.Exit(DIFFERENT)


def export(
    manager: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The manager that the file names; without it, catalog holds everything."),
    ] = None,
    format_: Annotated[
        ExportFormat,
        typer.Option("--format", help="yaml, toml or json; or snapshot, for plan --offline --against."),
    ] = ExportFormat.YAML,
    holders: Annotated[
        Holders | None,
        typer.Option(
            "--held-by",
            help="file: what files of this manager hold, as by default with --manager. people: also what people "
            "hold, for adopt to take over. everyone: every model with all that is known of it.",
        ),
    ] = None,
    only: Annotated[list[Collection] | None, typer.Option(help="Only this collection; may be repeated.")] = None,
    into: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write into this YAML file, and keep its comments and its order; with --for, into this folder.",
        ),
    ] = None,
    client: Annotated[
        ConfiguredClient | None,
        typer.Option(
            "--for",
            help="Instead of a catalogue file, a configuration with which this client offers just the models "
            "that are listed for --key or --workspace.",
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help="With --for: id or name of the key that asks.", autocompletion=complete_key
        ),
    ] = None,
    workspace: Annotated[
        str | None,
        typer.Option(
            metavar="WORKSPACE",
            help="With --for: id or name of a workspace; with --key, the one that requests name.",
            autocompletion=complete_workspace,
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="With --for: where the client sends messages, such as https://gateway.example; this server's own "
            "address if not given.",
        ),
    ] = None,
    database: DatabaseURL = None,
) -> None:
    """Print what there is as a catalogue file, or with --for a client's configuration. Secrets are not in it."""
    if client is not None:
        from callsheet.cli.commands.client_export import export_for  # it explains, which takes long to import

        _refuse_with_for(manager=manager, held_by=holders, only=only)
        export_for(client, key, workspace, url, into, database)
        return
    if key is not None or workspace is not None or url is not None:
        raise InvalidError(
            "--key, --workspace and --url belong to --for; name a client, such as --for claude-code."
        )
    from callsheet.cli.output.catalogue_file import print_text, write_into
    from callsheet.files.texts import manifest_text

    with progress_line("Exporting"), Manifests(database) as manifests:
        is_snapshot = format_ is ExportFormat.SNAPSHOT
        snapshot = manifests.snapshot() if is_snapshot else {}
        by_default = Holders.PEOPLE if manager is None else Holders.FILE
        wanted = [] if is_snapshot else only
        found = manifests.service.export(manager or _MANAGER, holders or by_default, wanted)
    if is_snapshot:
        print_json(snapshot)
        return
    if into is not None:
        write_into(Path(into), found)
        say(f"Wrote {into}.")
        return
    print_text(manifest_text(found, f".{format_}"))


def _refuse_with_for(**options: object) -> None:
    for name, value in options.items():
        if value is not None:
            raise InvalidError(
                f"--{name.replace('_', '-')} is about catalogue files; leave it out, or leave out --for."
            )


def _print(made: Plan, how: PlanFormat) -> None:
    if how is PlanFormat.MARKDOWN:
        typer.echo(plan_markdown(made), nl=False)
    else:
        print_plan(made, as_json=how is PlanFormat.JSON)


def _done(made: Plan, *, dry_run: bool, as_json: bool) -> None:
    print_plan(made, as_json=as_json)
    if dry_run:
        say_dry_run()
    elif not made.is_empty:
        say(f"Applied {len(made.steps):,} change{'s' * (len(made.steps) != 1)}.")


def _harms(fail_on: str | None) -> frozenset[Harm]:
    names = [name.strip() for name in (fail_on or "").split(",") if name.strip()]
    unknown = [name for name in names if name not in set(Harm)]
    if unknown:
        raise InvalidError(f"--fail-on knows no {unknown[0]!r}; there are {', '.join(Harm)}.")
    return frozenset(map(Harm, names))


def _check_harms(made: Plan, harms: frozenset[Harm]) -> None:
    found = sorted(harms & made.impact.harms())
    if found:
        raise ConflictError(f"The plan would do what --fail-on forbids: {', '.join(found)}. Nothing was changed.")

"""``sources add``, ``list``, ``show``, ``change``, ``remove``, ``pause``, ``resume``, ``builtin``."""

from dataclasses import replace
from typing import Annotated

import typer

from callsheet.cli.changing import DryRun
from callsheet.cli.commands.sources.asking import ask, print_dry_run
from callsheet.cli.commands.sources.door import LocalSources, SourcesDoor, open_door
from callsheet.cli.commands.sources.opening import (
    open_store,
    organization_of,
    recognised,
    runner_of,
    sources_of,
)
from callsheet.cli.commands.sources.options import (
    URL,
    After,
    Allow,
    AsksKeys,
    Before,
    Deny,
    Every,
    FoldVariants,
    KeyModeOption,
    Kind,
    LongContextRows,
    MissingOption,
    Name,
    NewOption,
    PickerPrefix,
    Prefix,
    Provider,
    Region,
    Rename,
    SecretEnv,
    SecretFile,
    WorkspaceOption,
    cleared,
    members_of,
)
from callsheet.cli.commands.sources.planning import print_dry_run as print_intent
from callsheet.cli.database import DatabaseURL, clock
from callsheet.cli.output.progress import progress_bar
from callsheet.cli.output.sources import exit_code, print_source, print_sources, say_report
from callsheet.cli.output.tables import AsJSON, print_json, say
from callsheet.cli.output.usage import CommandLine
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.claims.manager import check_manager_name
from callsheet.domain.errors import InvalidError
from callsheet.service.records import source_record
from callsheet.service.sync.config import read_config
from callsheet.service.sync.failures import DeniedError
from callsheet.service.sync.intents import Intent, Verb
from callsheet.service.sync.planning import adding
from callsheet.service.sync.sources import Source
from callsheet.sources.upstream import SourceKind

PlanAsJSON = Annotated[bool, typer.Option("--json", help="Print the plan of a dry run as JSON, for programs.")]
NoSync = Annotated[bool, typer.Option("--no-sync", help="Do not ask it now; a server does when it is due.")]
Clear = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Set this back to its default, such as deny; may be repeated."),
]


def add_to(app: CommandLine) -> None:
    """Add these commands."""
    app.command()(add)
    app.command("list")(list_sources)
    app.command()(show)
    app.command()(change)
    app.command()(remove)
    app.command()(forget)
    app.command()(pause)
    app.command()(resume)
    app.command()(builtin)


def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it: small letters, digits and . _ -.")],
    url: URL = None,
    kind: Kind = None,
    secret_env: SecretEnv = None,
    secret_file: SecretFile = None,
    prefix: Prefix = None,
    rename: Rename = None,
    allow: Allow = None,
    deny: Deny = None,
    fold_variants: FoldVariants = None,
    long_context_rows: LongContextRows = None,
    picker_prefix: PickerPrefix = None,
    every: Every = None,
    new: NewOption = None,
    missing: MissingOption = None,
    after: After = None,
    provider: Provider = None,
    region: Region = None,
    asks_keys: AsksKeys = None,
    key_mode: KeyModeOption = None,
    workspace: WorkspaceOption = None,
    no_sync: NoSync = False,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Add a source, and list what it lists. If it cannot be reached, nothing is changed."""
    members = members_of(locals())
    check_manager_name(name, "source")  # before it is asked
    if url is None:
        raise InvalidError("A source needs --url, such as http://localhost:11434.")
    store = open_store(database)
    config = read_config({"kind": str(SourceKind.OPENAI), **members})
    organization_id = organization_of(store)
    if kind is None:
        found = recognised(config, organization_id)
        config = replace(config, kind=found.kind)
        say(f"It answers as {found.kind} does: {'; '.join(found.evidence)}.")
    try:
        asked = None if no_sync else ask(config, organization_id, store)
    except DeniedError:
        if not config.asks_keys or config.secret is not None:
            raise
        asked, config = None, replace(config, every_seconds=0)
        say(
            "It lists nothing without a key, so it is only asked about keys. To have its models in the catalogue "
            f"as well, name one of its keys: callsheet sources change {name} --secret-env VARIABLE --every 5m"
        )
    if dry_run:
        print_dry_run(store, lambda reading: adding(reading, name, config, asked, clock()), as_json=as_json)
        return
    service = sources_of(store)
    service.add(name, config)
    report = None
    if asked is not None:
        with progress_bar() as progress:
            report = runner_of(store).run(name, progress, asked)
    if as_json:
        print_json(source_record(service.show(name)))
    say(f"Added the source {name}.")
    if report is not None:
        say_report(report)
    _say_what_keys_see(LocalSources(store), service.show(name))
    if report is not None:
        raise typer.Exit(exit_code([report]))


def list_sources(database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """List all sources, that with the highest precedence first."""
    sources = open_door(database).service.list()
    if as_json:
        print_json([source_record(each) for each in sources])
    else:
        print_sources(sources, clock())


def show(name: Name, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Show one source: its configuration, how its last run ended, and what waits for a person."""
    door = open_door(database)
    source = door.service.show(name)
    if as_json:
        print_json(source_record(source))
        return
    print_source(source, door.workspaces() if source.config.workspace else {})


def change(
    name: Name,
    url: URL = None,
    kind: Kind = None,
    secret_env: SecretEnv = None,
    secret_file: SecretFile = None,
    prefix: Prefix = None,
    rename: Rename = None,
    allow: Allow = None,
    deny: Deny = None,
    fold_variants: FoldVariants = None,
    long_context_rows: LongContextRows = None,
    picker_prefix: PickerPrefix = None,
    every: Every = None,
    new: NewOption = None,
    missing: MissingOption = None,
    after: After = None,
    provider: Provider = None,
    region: Region = None,
    asks_keys: AsksKeys = None,
    key_mode: KeyModeOption = None,
    workspace: WorkspaceOption = None,
    clear: Clear = None,
    before: Before = None,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Change a source; its next run, due at once, respects it. --allow, --deny and --rename each replace all."""
    members = {**cleared(clear or []), **members_of(locals())}
    if not members and before is None:
        raise InvalidError("Nothing to change; name at least one option, such as --every.")
    door = open_door(database)
    if dry_run:
        print_intent(door, Intent(Verb.CHANGE, name, members, before), as_json=as_json)
        return
    source = door.service.change(name, members, before)
    if as_json:
        print_json(source_record(source))
    say(f"Changed the source {name}.")
    _say_what_keys_see(door, source)


def _say_what_keys_see(door: SourcesDoor, source: Source) -> None:
    """Warn if the keys of a source see nothing of what it lists."""
    line = door.warning(source)
    if line:
        say(line)


def remove(name: Name, dry_run: DryRun = False, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Remove a source. Models that no other source, file or person lists leave the catalogue."""
    door = open_door(database)
    if dry_run:
        print_intent(door, Intent(Verb.REMOVE, name), as_json=as_json)
        return
    service = door.service
    source = service.remove(name)
    if as_json:
        print_json(source_record(source))
    say(f"Removed the source {name} and everything that it claimed.")
    if not service.list():
        say("No source is left. To list the built-in models again: callsheet sources builtin list")


def forget(name: Name, dry_run: DryRun = False, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Let every server forget what a source answered about keys, as after keys were changed or revoked there.

    Each server does so as soon as it sees this change, and asks about a key again when it is next used. If the
    upstream is away then, keys get 529 until it answers, also those that it accepted before.
    """
    door = open_door(database)
    if dry_run:
        print_intent(door, Intent(Verb.FORGET, name), as_json=as_json)
        return
    source = door.service.forget(name)
    if as_json:
        print_json(source_record(source))
    say(f"Every server forgets what {name} answered about keys.")


def pause(name: Name, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Ask a source only on sources sync from now on; its last good list stays."""
    source = open_door(database).service.pause(name)
    if as_json:
        print_json(source_record(source))
    say(f"Paused the source {name}.")


def resume(name: Name, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Let a server ask a source again when it is due, which is at once."""
    source = open_door(database).service.resume(name)
    if as_json:
        print_json(source_record(source))
    say(f"Resumed the source {name}.")


def builtin(
    mode: Annotated[BuiltinMode, typer.Argument(metavar="list|inform", help="What the built-in models are for.")],
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: PlanAsJSON = False,
) -> None:
    """Let the built-in models be listed, or only fill in what sources list of the same models."""
    door = open_door(database)
    if dry_run:
        print_intent(door, Intent(Verb.BUILTIN, mode), as_json=as_json)
        return
    changed = door.service.let_builtin(mode)
    state = "are listed" if mode is BuiltinMode.LIST else "only fill in what sources, files and people list"
    say(f"The built-in models {state}{'' if changed else ' already'}.")

"""``callsheet catalog``: which models there are."""

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, cast

import typer

from callsheet.cli.changing import Changing, DryRun
from callsheet.cli.commands.catalog_import import import_models
from callsheet.cli.commands.history import MOMENT, blame, diff, revert_models
from callsheet.cli.database import DatabaseURL, clock, open_access, open_catalog, open_history
from callsheet.cli.input.completion import complete_model, complete_subject
from callsheet.cli.input.token_counts import parse_tokens
from callsheet.cli.output.capabilities import short_capabilities
from callsheet.cli.output.changes import what_changed
from callsheet.cli.output.models import lifecycle_cell, print_model
from callsheet.cli.output.outcomes import all_done, as_it_was, deprecated, unhidden
from callsheet.cli.output.provenance import print_suppressed
from callsheet.cli.output.tables import (
    AsJSON,
    day,
    print_json,
    print_table,
    say,
    second,
    tokens,
)
from callsheet.cli.output.usage import CommandLine
from callsheet.cli.viewing import AsOfOption, Viewing
from callsheet.domain.access.visibility import has_wildcards
from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import Action, Subject
from callsheet.domain.claims.claims import CLAIMABLE
from callsheet.domain.edits import ModelChange
from callsheet.domain.errors import InvalidError
from callsheet.domain.history.moment import parse_moment
from callsheet.domain.model import Lifecycle, Model, RetirementPrecision
from callsheet.domain.times import EPOCH, format_instant, parse_instant
from callsheet.service.history import ChangesFilter, Since
from callsheet.service.records import model_record, provenance_record, removed_record
from callsheet.service.searching.wanted import Wanted, words_of

app = CommandLine(help="List and change models and their aliases.", no_args_is_help=True)

NewID = Annotated[str, typer.Argument(metavar="ID", help="Id of a model.")]
ModelID = Annotated[str, typer.Argument(metavar="ID", help="Id of a model.", autocompletion=complete_model)]
Models = Annotated[
    list[str],
    typer.Argument(
        metavar="ID|GLOB",
        help="Ids of models, or globs on ids in quotes, such as 'claude-fable-*'; any number.",
        autocompletion=complete_model,
    ),
]
DisplayName = Annotated[str | None, typer.Option(help="Name for people.")]
CreatedAt = Annotated[str | None, typer.Option(metavar="TIME", help="Release: a day or an RFC 3339 time.")]
Line = Annotated[str | None, typer.Option(help="Such as opus; never derived from the id.")]
MaxInputTokens = Annotated[
    str | None, typer.Option(metavar="N", help="Context window, in tokens, such as 200000, 200k or 1M.")
]
MaxTokens = Annotated[str | None, typer.Option(metavar="N", help="Largest accepted max_tokens, such as 64k.")]
CapabilitiesJSON = Annotated[
    str | None, typer.Option(metavar="JSON", help='Such as {"batch": {"supported": true}}.')
]
Description = Annotated[str | None, typer.Option(help="At most 1,000 characters; Claude Code shows it.")]
Source = Annotated[str | None, typer.Option(help="Where the model comes from.")]
SameAs = Annotated[
    str | None,
    typer.Option(
        metavar="ID", help="Another model, whose facts hold for this one too.", autocompletion=complete_model
    ),
]
RetiresAt = Annotated[str | None, typer.Option(metavar="TIME", help="Planned retirement.")]
DeprecatedAt = Annotated[str | None, typer.Option(metavar="TIME", help="Since when; now if it is left out.")]
RetiredAt = Annotated[
    str | None,
    typer.Option(
        "--retires-at",
        metavar="TIME",
        help="Since when; if it is left out, the planned date if that has passed, else now.",
    ),
]
Replacement = Annotated[str | None, typer.Option(metavar="ID", help="The model to move to.")]

Precision = Annotated[
    RetirementPrecision | None,
    typer.Option(
        "--retirement-precision",
        help="What the date of retirement means: it retires then (exact), or not before (earliest).",
    ),
]
RetiresItself = Annotated[
    bool | None,
    typer.Option(
        "--retires-itself/--no-retires-itself", help="Let callsheet serve retire it on its date, if that is exact."
    ),
]

_TIMES = ("created_at", "deprecated_at", "retires_at")
_COUNTS = ("max_input_tokens", "max_tokens")


class Clearable(StrEnum):
    """Fields that may be set to unknown."""

    CREATED_AT = "created_at"
    LINE = "line"
    MAX_INPUT_TOKENS = "max_input_tokens"
    MAX_TOKENS = "max_tokens"
    CAPABILITIES = "capabilities"
    DEPRECATED_AT = "deprecated_at"
    RETIRES_AT = "retires_at"
    RETIREMENT_PRECISION = "retirement_precision"
    REPLACEMENT = "replacement"
    DESCRIPTION = "description"
    SOURCE = "source"
    SAME_AS = "same_as"


#: The fields of a model that people can say something of.
Releasable = StrEnum("Releasable", {name.upper(): name for name in sorted(CLAIMABLE)})  # type: ignore[misc]

app.command("import")(import_models)
app.command()(diff)
app.command()(blame)
app.command("revert")(revert_models)


@app.command("list")
def list_models(
    lifecycle: Annotated[
        list[Lifecycle] | None, typer.Option(help="Only models with this lifecycle; may be repeated.")
    ] = None,
    search: Annotated[
        str,
        typer.Option(metavar="TEXT", help="Only models with each of these words in the id, the name or an alias."),
    ] = "",
    line: Annotated[str | None, typer.Option(help="Only models of this line, such as opus.")] = None,
    source: Annotated[
        str | None,
        typer.Option(
            help="Only models whose field source is this, which people set; not the models that a source lists."
        ),
    ] = None,
    hidden: Annotated[
        bool | None, typer.Option("--hidden/--not-hidden", help="Only hidden models, or only others.")
    ] = None,
    suppressed: Annotated[
        bool, typer.Option("--suppressed", help="Only what was removed although others list it, aliases too.")
    ] = False,
    as_of: AsOfOption = None,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """List all models, newest first, hidden and retired ones too."""
    catalog = Viewing(database, as_of).catalog
    if suppressed:
        print_suppressed(catalog.suppressed(), as_json=as_json)
        return
    wanted = Wanted(words=words_of(search), line=line, source=source, hidden=hidden)
    items = [each for each in catalog.list() if not lifecycle or each.model.lifecycle in lifecycle]
    items = [each for each in items if wanted.fits(*each)]
    if as_json:
        print_json([model_record(item) for item in items])
        return
    print_table(
        ("ID", "Name", "Released", "Lifecycle", "Context", "Output", "Line", "Aliases"),
        (
            (
                model.id,
                model.display_name,
                "-" if model.created_at == EPOCH else day(format_instant(model.created_at)),
                lifecycle_cell(model),
                tokens(model.max_input_tokens),
                tokens(model.max_tokens),
                model.line,
                names,
            )
            for model, names in items
        ),
        {"Name": 10, "Lifecycle": 11, "Aliases": 16},
    )


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(metavar="ID|ALIAS", help="Id or alias of a model.", autocompletion=complete_model)
    ],
    as_of: AsOfOption = None,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Show one model, by id or alias, and who says what of it."""
    viewing = Viewing(database, as_of)
    item, said = viewing.catalog.show(name), viewing.catalog.who_says(name)
    if as_json:
        print_json(viewing.record({**model_record(item), "provenance": provenance_record(said)}))
    else:
        print_model(item, said, as_json=False)


@app.command()
def add(
    model_id: NewID,
    display_name: DisplayName = None,
    created_at: CreatedAt = None,
    line: Line = None,
    max_input_tokens: MaxInputTokens = None,
    max_tokens: MaxTokens = None,
    capabilities: CapabilitiesJSON = None,
    description: Description = None,
    source: Source = None,
    same_as: SameAs = None,
    hidden: Annotated[bool, typer.Option("--hidden", help="Do not list it.")] = False,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Add a model. Without --created-at it is listed last."""
    model = Model(
        id=model_id,
        display_name=model_id if display_name is None else display_name,
        created_at=EPOCH if created_at is None else parse_instant(created_at, "--created-at"),
        line=line,
        max_input_tokens=None if max_input_tokens is None else parse_tokens(max_input_tokens, "--max-input-tokens"),
        max_tokens=None if max_tokens is None else parse_tokens(max_tokens, "--max-tokens"),
        capabilities=_parse_json(capabilities),
        description=description,
        source=source,
        hidden=hidden,
    )
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    added = changing.catalog(lambda catalog: catalog.add(model, same_as))
    _done(model_record(added), f"Added {model_id}.", as_json=as_json)
    if not hidden:
        _say_who_drops(model_id)


@app.command()
def change(
    model_id: ModelID,
    display_name: DisplayName = None,
    created_at: CreatedAt = None,
    line: Line = None,
    max_input_tokens: MaxInputTokens = None,
    max_tokens: MaxTokens = None,
    capabilities: CapabilitiesJSON = None,
    description: Description = None,
    source: Source = None,
    lifecycle: Annotated[Lifecycle | None, typer.Option(help="active takes a deprecation back.")] = None,
    deprecated_at: Annotated[str | None, typer.Option(metavar="TIME", help="Deprecation.")] = None,
    retires_at: RetiresAt = None,
    retirement_precision: Precision = None,
    retires_itself: RetiresItself = None,
    replacement: Replacement = None,
    same_as: SameAs = None,
    clear: Annotated[
        list[Clearable] | None,
        typer.Option(metavar="FIELD", help=f"Set to unknown: {', '.join(Clearable)}; may be repeated."),
    ] = None,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Change what is known of a model; what is not named stays as it is."""
    given: dict[str, Any] = {
        "display_name": display_name,
        "created_at": created_at,
        "line": line,
        "max_input_tokens": max_input_tokens,
        "max_tokens": max_tokens,
        "capabilities": _parse_json(capabilities),
        "description": description,
        "source": source,
        "lifecycle": lifecycle,
        "deprecated_at": deprecated_at,
        "retires_at": retires_at,
        "retirement_precision": retirement_precision,
        "retires_itself": retires_itself,
        "replacement": replacement,
        "same_as": same_as,
    }
    wanted = {name: value for name, value in given.items() if value is not None}
    for name in _TIMES:
        if name in wanted:
            wanted[name] = parse_instant(wanted[name], _flag(name))
    for name in _COUNTS:
        if name in wanted:
            wanted[name] = parse_tokens(wanted[name], _flag(name))
    for field in clear or ():
        if field.value in wanted:
            raise InvalidError(f"{field.value} is both given and cleared; say one.")
        wanted[field.value] = EPOCH if field is Clearable.CREATED_AT else None
    if not wanted:
        raise InvalidError("Nothing to change; name at least one field, such as --display-name.")
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    changed = changing.catalog(lambda catalog: catalog.change(model_id, cast("ModelChange", wanted)))
    _done(model_record(changed), f"Changed {model_id}.", as_json=as_json)


@app.command()
def deprecate(
    names: Models,
    retires_at: RetiresAt = None,
    retirement_precision: Precision = None,
    retires_itself: RetiresItself = None,
    replacement: Replacement = None,
    deprecated_at: DeprecatedAt = None,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Deprecate models, or move the date of deprecated ones."""
    when = None if retires_at is None else parse_instant(retires_at, "--retires-at")
    since = None if deprecated_at is None else parse_instant(deprecated_at, "--deprecated-at")
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    outcome = changing.catalog(
        lambda catalog: catalog.deprecate(
            *names,
            retires_at=when,
            replacement=replacement,
            retirement_precision=retirement_precision,
            retires_itself=retires_itself,
            deprecated_at=since,
        ),
        warns=True,
    )
    all_done(names, outcome, deprecated, as_it_was, as_json=as_json)


@app.command()
def retire(
    names: Models,
    retires_at: RetiredAt = None,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Retire models; lists leave them out unless they ask for retired ones."""
    when = None if retires_at is None else parse_instant(retires_at, "--retires-at")
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    outcome = changing.catalog(lambda catalog: catalog.retire(*names, retires_at=when), warns=True)
    all_done(names, outcome, lambda model: f"Retired {model.id}.", as_it_was, as_json=as_json)


@app.command()
def remove(
    names: Models,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before models that globs match go.")] = False,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Remove models and their aliases from the catalogue."""
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    asks = any(map(has_wildcards, names)) and not yes and not dry_run
    chosen = open_catalog(database).choose(*names) if asks else names
    if not set(chosen) <= set(names):
        _ask(chosen)
    outcome = changing.catalog(lambda catalog: catalog.remove(*chosen, globs=not asks), warns=True)
    all_done(names, outcome, _removed, as_it_was, record=removed_record, as_json=as_json)


@app.command()
def release(
    name: Annotated[
        str,
        typer.Argument(metavar="ID|ALIAS", help="Id of a model, or an alias.", autocompletion=complete_model),
    ],
    fields: Annotated[
        list[Releasable] | None,
        typer.Argument(metavar="[FIELD…]", help=f"Of a model, only these: {', '.join(Releasable)}."),
    ] = None,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Drop what people said of a model or alias, its removal included, so that what others say shows again."""
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    item = changing.catalog(
        lambda catalog: catalog.release(name, [field.value for field in fields or ()]), warns=True
    )
    match item:
        case None:
            _done({"id": name}, f"Released {name}, which is no longer listed.", as_json=as_json)
        case Alias(_, model_id):
            _done(item.record(), f"Released {name}, which means {model_id}.", as_json=as_json)
        case _:
            what = f"{', '.join(field.value for field in fields)} of {name}" if fields else name
            _done(model_record(item), f"Released {what}.", as_json=as_json)


@app.command()
def hide(names: Models, dry_run: DryRun = False, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Leave models out of lists; they can still be retrieved."""
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    outcome = changing.catalog(lambda catalog: catalog.hide(*names), warns=True)
    all_done(names, outcome, lambda model: f"Hid {model.id}.", "already hidden", as_json=as_json)


@app.command()
def unhide(names: Models, dry_run: DryRun = False, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Put hidden models back into lists."""
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    outcome = changing.catalog(lambda catalog: catalog.unhide(*names))
    all_done(names, outcome, unhidden, "not hidden", as_json=as_json)


@app.command()
def alias(
    name: Annotated[str, typer.Argument(metavar="ALIAS", help="The new name.")],
    model_id: ModelID,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Let ALIAS mean the model ID."""
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    added = changing.catalog(lambda catalog: catalog.alias(name, model_id))
    _done(added.record(), f"{name} means {model_id}.", as_json=as_json)


@app.command()
def unalias(
    name: Annotated[str, typer.Argument(metavar="ALIAS", help="The name to drop.")],
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Drop an alias."""
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    dropped = changing.catalog(lambda catalog: catalog.unalias(name))
    _done(dropped.record(), f"Dropped the alias {name}.", as_json=as_json)


@app.command()
def history(
    subject: Annotated[
        str | None,
        typer.Argument(
            autocompletion=complete_subject,
            metavar="[ID|NAME]",
            help="Only this model or alias, or this workspace or key, by id or name.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many changes.")] = 100,
    by: Annotated[
        str | None, typer.Option("--actor", metavar="ACTOR", help="Only those by this actor, such as cli:ada.")
    ] = None,
    kind: Annotated[Subject | None, typer.Option(help="Only those of this kind of thing.")] = None,
    action: Annotated[Action | None, typer.Option(help="Only those that did this.")] = None,
    revision: Annotated[int | None, typer.Option(min=0, help="Only those of this revision.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="MOMENT", help=f"Only those after this moment. {MOMENT}.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="MOMENT", help="Only those up to this moment.")
    ] = None,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Show what was changed, when and by whom, latest first. Times are UTC."""
    now = clock()
    sides = (
        None if text is None else Since(parse_moment(text, now, name), now)
        for name, text in (("--from", since), ("--to", until))
    )
    wanted = ChangesFilter(by, kind, action, revision, *sides)
    records = open_history(database).list(subject, limit, wanted)
    if as_json:
        print_json([record.record() for record in records])
        return
    names = {each.id: each.name for each in open_access(database).list_workspaces()}
    print_table(
        ("Revision", "Time", "Change", "Actor"),
        (
            (
                record.revision,
                second(record.at),
                what_changed(short_capabilities(record), names),
                record.actor,
            )
            for record in records
        ),
        {"Change": 31},
    )


def _parse_json(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidError(f"--capabilities is not valid JSON: {error}.") from None


def _flag(field: str) -> str:
    return f"--{field.replace('_', '-')}"


def _done(record: dict[str, object], message: str, *, as_json: bool) -> None:
    if as_json:
        print_json(record)
    say(message)


def _removed(model: Model) -> str:
    return f"Removed {model.id}."


def _ask(chosen: Sequence[str]) -> None:
    if not sys.stdin.isatty():
        raise InvalidError("A glob may match more than it should; add --yes to remove what it matches.")
    for model_id in chosen:
        say(f"  {model_id}")
    models = "this model" if len(chosen) == 1 else f"these {len(chosen)} models"
    typer.echo(f"Remove {models}? [y/N] ", nl=False, err=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise typer.Abort


def _say_who_drops(model_id: str) -> None:
    from callsheet.doctor.clients.rules import clients_that_drop  # reads files that no other command needs

    for title, reason in clients_that_drop(model_id):
        why = f"it {rest}" if (rest := reason.removeprefix(f"{title} ")) != reason else reason
        say(f"Note: {title} will not show this id; {why}.")

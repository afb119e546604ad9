"""``sources try``, ``record``: what answers at a URL, and what would be made of it; nothing is written."""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from callsheet.cli.commands.sources.asking import ask
from callsheet.cli.commands.sources.opening import open_sources, open_store, organization_if_any, recognised
from callsheet.cli.commands.sources.options import (
    Allow,
    Deny,
    FoldVariants,
    KeyEnv,
    Kind,
    LongContextRows,
    PickerPrefix,
    Prefix,
    Provider,
    Region,
    Rename,
    SecretEnv,
    SecretFile,
    TriedWorkspace,
    members_of,
)
from callsheet.cli.database import DatabaseURL, clock
from callsheet.cli.output.mapping import mapping_record, print_mapping
from callsheet.cli.output.tables import AsJSON, print_json, say
from callsheet.cli.output.usage import CommandLine
from callsheet.domain.changes.lookup import find_workspace
from callsheet.domain.errors import InvalidError, SourceError
from callsheet.service.counts import count_models
from callsheet.service.sync.config import SourceConfig, read_config
from callsheet.service.sync.record import recording_of
from callsheet.service.sync.secret import Place, SecretReference
from callsheet.sources.upstream import SourceKind


def add_to(app: CommandLine) -> None:
    """Add these commands."""
    app.command("try")(try_url)
    app.command()(record)


def try_url(
    url: Annotated[
        str,
        typer.Argument(metavar="URL|NAME", help="Where it answers, or file:///PATH; or a source that there is."),
    ],
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
    provider: Provider = None,
    region: Region = None,
    key_env: KeyEnv = None,
    workspace: TriedWorkspace = None,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Say what answers at a URL, and show what its list would come to, field by field. Nothing is written."""
    members = members_of(locals())
    if workspace and key_env is None:
        raise InvalidError("--workspace is about the key that --key-env names; give both, or neither.")
    if "://" in url:
        config = _found_out(read_config({"kind": str(SourceKind.OPENAI), **members}), kind, database)
    else:
        config = read_config({**open_sources(database).show(url).config.record(), **_without_url(members)})
    if key_env is not None:
        _try_key(config, key_env, database, as_json=as_json)
        return
    lists = ask(config, organization_if_any(database))
    if as_json:
        print_json(mapping_record(config, lists))
    else:
        print_mapping(lists)


def record(
    name: Annotated[str, typer.Argument(metavar="NAME|URL", help="A source, or where an upstream answers.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write; it must not exist.")],
    kind: Kind = None,
    secret_env: SecretEnv = None,
    secret_file: SecretFile = None,
    database: DatabaseURL = None,
) -> None:
    """Write down what an upstream answers, without its secret and what else may be secret, for a bug report."""
    if "://" in name:
        members = {"url": name, **members_of(locals())}
        config = _found_out(read_config({"kind": str(SourceKind.OPENAI), **members}), kind, database)
    else:
        config = open_sources(database).show(name).config
    recording = recording_of(config, organization_if_any(database), clock)
    try:
        with file.open("x", encoding="utf-8") as opened:
            json.dump(recording, opened, ensure_ascii=False, indent=1)
            opened.write("\n")
    except OSError as error:
        raise SourceError(f"{file} cannot be written ({error.strerror}); name another file.") from None
    answers = "1 answer" if len(recording) == 1 else f"{len(recording)} answers"
    say(f"Wrote {answers} to {file}. Read what it holds before you give it to others.")


def _without_url(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name != "url"}


def _try_key(config: SourceConfig, variable: str, database: str | None, *, as_json: bool) -> None:
    """Show what the key in an environment variable would see."""
    from callsheet.cli.commands.sources.key_trial import print_trial, trial_of  # slow to import, and for this only

    place = SecretReference(Place.ENVIRONMENT, variable)
    if variable not in os.environ:
        raise InvalidError(
            f"The environment variable {variable}, which --key-env names, is not set; put the key of a caller "
            "into it."
        )
    key = place.read()
    store = open_store(database)
    if config.workspace:
        with store.read() as reading:
            config = replace(config, workspace=find_workspace(reading, config.workspace).id)
    trial = trial_of(store, config, key)
    if as_json:
        print_json({"modes": {str(mode): [*ids] for mode, ids in trial.seen.items()}})
    else:
        with store.read() as reading:
            listed = count_models(reading).listed
        print_trial(trial, listed)


def _found_out(config: SourceConfig, kind: SourceKind | None, database: str | None) -> SourceConfig:
    """The configuration with the kind that answers there, unless the kind was given."""
    if kind is not None:
        return config
    found = recognised(config, organization_if_any(database))
    say(f"It answers as {found.kind} does: {'; '.join(found.evidence)}.")
    return replace(config, kind=found.kind)

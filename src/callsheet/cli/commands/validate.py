"""``callsheet validate``: whether catalogue files are right, without a database."""

from typing import Annotated

import typer

from callsheet.cli.output.tables import AsJSON, print_json, say
from callsheet.domain.errors import InvalidError, ManifestError
from callsheet.domain.manifest import Collection
from callsheet.files.fields import SHAPES
from callsheet.files.load import load_manifests
from callsheet.files.schema import catalog_schema


def validate(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE", help="Catalogue files in YAML, TOML or JSON, or folders of them."),
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of catalogue files, for editors.")
    ] = False,
    as_json: AsJSON = False,
) -> None:
    """Check catalogue files without a database: every fault, with file, line, entry and field."""
    if schema:
        print_json(catalog_schema())
        return
    if not files:
        raise InvalidError("Name a file or folder to check, such as callsheet.catalog.yaml, or use --schema.")
    try:
        manifests = load_manifests(files)
    except ManifestError as error:
        if not as_json:
            raise
        print_json({"valid": False, "faults": [fault.record() for fault in error.faults]})
        raise typer.Exit(1) from None
    if as_json:
        print_json({"valid": True, "faults": []})
        return
    for manifest in manifests:
        counts = [_count(len(entries), collection) for collection, entries in manifest.collections()]
        say(f"{manifest.name}: {', '.join(counts) or 'no collections'}; valid.")


def _count(number: int, collection: Collection) -> str:
    return f"{number:,} {SHAPES[collection].noun if number == 1 else collection}"

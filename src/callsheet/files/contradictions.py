"""Contradictions: what is wrong between the entries of one manager."""

from collections.abc import Iterator, Sequence

from callsheet.domain.faults import FileFault
from callsheet.domain.manifest import Entry, Manifest, doubles
from callsheet.files.fields import SHAPES


def contradictions(manifest: Manifest) -> Iterator[FileFault]:
    """Yield what is wrong between the entries of one manager, in whichever files they are."""
    for collection, entries in manifest.collections():
        noun = SHAPES[collection].noun
        for entry, earlier in doubles(entries):
            yield _fault(noun, entry, SHAPES[collection].subject, f"it is there already, at {earlier.place}")
        yield from _renames(noun, entries)
    models = {entry.subject: entry for entry in manifest.models or () if entry.listed is True}
    for entry in manifest.aliases or ():
        if entry.subject in models and entry.listed:
            yield _fault("alias", entry, "alias", f"it is a model as well, at {models[entry.subject].place}")
    yield from _circles(manifest)


def _renames(noun: str, entries: Sequence[Entry]) -> Iterator[FileFault]:
    """Entries whose earlier name is an entry still, or is that of another entry, too."""
    present = {entry.subject: entry for entry in entries}
    renamed: dict[str, Entry] = {}
    for entry in entries:
        if entry.was is None:
            continue
        if entry.was in present:
            yield _fault(
                noun, entry, "was", f"{entry.was} is still an entry, at {present[entry.was].place}; remove one"
            )
        earlier = renamed.setdefault(entry.was, entry)
        if earlier is not entry:
            yield _fault(noun, entry, "was", f"{entry.was} was renamed already, at {earlier.place}; keep one")


def _circles(manifest: Manifest) -> Iterator[FileFault]:
    """Models that are the same as each other in a circle, so that none has facts."""
    entries = {entry.subject: entry for entry in manifest.models or ()}
    seen: set[str] = set()
    for start in entries:
        way: dict[str, None] = {}
        name: str | None = start
        while name is not None and name in entries and name not in seen and name not in way:
            way[name] = None
            name = entries[name].fields.get("same_as")
        if name in way:
            yield _fault("model", entries[name], "same_as", f"it leads back to {name}; name a model with facts")
        seen.update(way)


def _fault(noun: str, entry: Entry, field: str, reason: str) -> FileFault:
    return FileFault(entry.place, f"{noun} {entry.subject[:60]}", field, reason)

"""Models and aliases of a file: what its manager is to claim, renames and what leaves the file included."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from callsheet.domain.alias import Alias
from callsheet.domain.changes.reader import CatalogReader
from callsheet.domain.claims.claims import SAME_AS, ClaimKind, Claims
from callsheet.domain.claims.implied import implied_by
from callsheet.domain.claims.manager import PERSON, Manager
from callsheet.domain.declared.reader import DeclaredReader
from callsheet.domain.errors import ConflictError
from callsheet.domain.manifest import Entry, Manifest

#: Beside the fields of a model or an alias: refuse to remove it.
PROTECTED: Final = "protected"

#: Beside the model of an alias: it is the former name of that model, and goes with the entry that says so.
FORMER: Final = "was"


#: Fields of a model that name another.
_LEADING: Final = (SAME_AS, "replacement")


def wanted_claims(reader: DeclaredReader, manifest: Manifest, *, adopt: bool = False) -> list[Claims]:
    """Return the claims on models and aliases that ``manifest`` comes to; those that are empty are to be dropped.

    Parameters
    ----------
    reader
        What is there.
    manifest
        What the files of one manager say.
    adopt
        Whether what people claim of the same fields is dropped, so that the file decides them.

    Raises
    ------
    ConflictError
        What is protected would go.
    """
    manager = manifest.manager
    wanted: dict[tuple[ClaimKind, str, Manager], Claims] = {}
    for claims in (*_models(reader, manifest), *_aliases(reader, manifest)):
        wanted[claims.kind, claims.subject, claims.manager] = claims
    if adopt:
        for claims in _adopted(reader, [each for each in wanted.values() if each.manager == manager]):
            wanted[claims.kind, claims.subject, claims.manager] = claims
    return list(wanted.values())


def _models(reader: DeclaredReader, manifest: Manifest) -> Iterator[Claims]:
    if manifest.models is None:
        return
    manager = manifest.manager
    held = {each.subject: each for each in reader.claims_by(manager, ClaimKind.MODEL)}
    entries = {entry.subject: entry for entry in manifest.models}
    renamed = {entry.was: entry for entry in manifest.models if entry.was is not None}
    gone = [each for each in held.values() if each.subject not in entries]
    check_protected("models", (each for each in gone if each.subject not in renamed))
    yield from (Claims(each.subject, manager) for each in gone)
    for entry in manifest.models:
        if entry.was is not None and entry.subject not in held:
            yield from _moved(reader, entry.was, entry.subject, manager)
        yield Claims(entry.subject, manager, entry.listed, _fields(entry))
    yield from _former_names(reader, manifest, renamed)


def _fields(entry: Entry) -> dict[str, object]:
    return {**entry.fields, PROTECTED: True} if entry.protected else dict(entry.fields)


def _former_names(reader: DeclaredReader, manifest: Manifest, renamed: Mapping[str, Entry]) -> Iterator[Claims]:
    """The aliases that earlier names of models are, and the end of those that no entry names any more."""
    manager = manifest.manager
    own = {entry.subject for entry in manifest.aliases or ()}
    for claims in reader.claims_by(manager, ClaimKind.ALIAS):
        if claims.fields.get(FORMER) and claims.subject not in renamed and claims.subject not in own:
            yield Claims(claims.subject, manager, kind=ClaimKind.ALIAS)
    for was, entry in renamed.items():
        if was not in own:
            fields = {"model_id": entry.subject, FORMER: True}
            yield Claims(was, manager, lists=True, fields=fields, kind=ClaimKind.ALIAS)


def _moved(reader: CatalogReader, was: str, now: str, manager: Manager) -> Iterator[Claims]:
    """What people say of the model ``was``, said of ``now``; and whatever led to the one leads to the other."""
    others = (each for each in reader.claims_of([was]).get(was, ()) if each.manager not in (PERSON, manager))
    if reader.model(now) is not None or any(each.lists for each in others):
        return
    for claims in _of_people(reader, was, ClaimKind.MODEL):
        yield replace(claims, subject=now)
        yield Claims(was, PERSON)
    for alias in reader.aliases_of(was):
        for claims in _of_people(reader, alias, ClaimKind.ALIAS):
            yield replace(claims, fields={**claims.fields, "model_id": now})
    towards = list(reader.claims_towards([was]))
    for claims in towards:
        if claims.manager == PERSON and claims.kind is ClaimKind.ALIAS and claims.subject != now:
            yield replace(claims, fields={**claims.fields, "model_id": now})
    others_of = {each.subject for each in towards if each.kind is ClaimKind.MODEL}
    others_of |= {model.id for model in reader.replaced_by(was)}
    for subject in sorted(others_of - {was, now}):
        for claims in _of_people(reader, subject, ClaimKind.MODEL):
            led = {name: now for name in _LEADING if claims.fields.get(name) == was}
            yield replace(claims, fields={**claims.fields, **led})


def _of_people(reader: CatalogReader, subject: str, kind: ClaimKind) -> list[Claims]:
    """What people claim of one thing, be it stored or implied."""
    stored = reader.claims_of([subject], kind).get(subject)
    if stored is not None:
        return [each for each in stored if each.manager == PERSON]
    if kind is ClaimKind.MODEL:
        return [implied_by(model) for model in reader.models([subject])]
    return [implied_by(Alias(*each)) for each in reader.aliases([subject]).items()]


def _aliases(reader: DeclaredReader, manifest: Manifest) -> Iterator[Claims]:
    if manifest.aliases is None:
        return
    manager = manifest.manager
    entries = {entry.subject for entry in manifest.aliases}
    held = [each for each in reader.claims_by(manager, ClaimKind.ALIAS) if not each.fields.get(FORMER)]
    gone = [each for each in held if each.subject not in entries]
    check_protected("aliases", gone)
    yield from (Claims(each.subject, manager, kind=ClaimKind.ALIAS) for each in gone)
    for entry in manifest.aliases:
        yield Claims(entry.subject, manager, entry.listed, _fields(entry), ClaimKind.ALIAS)


def _adopted(reader: CatalogReader, wanted: Iterable[Claims]) -> Iterator[Claims]:
    """What people claim, without what the file claims as well."""
    by_kind: dict[ClaimKind, dict[str, Claims]] = {ClaimKind.MODEL: {}, ClaimKind.ALIAS: {}}
    for each in wanted:
        if not each.is_empty:
            by_kind[each.kind][each.subject] = each
    for kind, claims in by_kind.items():
        for subject, own in claims.items():
            for theirs in _of_people(reader, subject, kind):
                fields = {name: value for name, value in theirs.fields.items() if name not in own.fields}
                lists = theirs.lists if own.lists is None else None
                yield replace(theirs, lists=lists, fields=fields)


def check_protected(what: str, gone: Iterable[Claims]) -> None:
    """Raise ConflictError if any of these claims protects its subject from being removed."""
    kept = sorted(str(each.fields.get("name", each.subject)) for each in gone if each.fields.get(PROTECTED))
    if kept:
        raise ConflictError(
            f"The plan would remove {what} that are protected: {', '.join(kept)}; put them back into the file, or "
            "apply it with protected: false first."
        )

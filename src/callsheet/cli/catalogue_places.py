"""Where catalogue files say what they say, as they are now: the database keeps no lines."""

from collections.abc import Mapping, Sequence
from typing import Final

from callsheet.domain.errors import CallsheetError
from callsheet.domain.explain import Check, Reason
from callsheet.domain.faults import Place
from callsheet.domain.manifest import Collection
from callsheet.files.load import load_manifests
from callsheet.service.explain.causes import Cause
from callsheet.service.explain.explainer import Explained, Explainer

_COLLECTIONS: Final = {
    Check.KEY: Collection.KEYS,
    Check.WORKSPACE: Collection.WORKSPACES,
    Check.RULES: Collection.WORKSPACES,
    Check.HIDDEN: Collection.MODELS,
    Check.LIFECYCLE: Collection.MODELS,
}

#: Where each thing is said, by manager, collection and name.
_Places = Mapping[tuple[str, str, str], Place]


def with_places(explained: Explained, explainer: Explainer, paths: Sequence[str]) -> Explained:
    """Return ``explained`` with file and line of the causes that are in the catalogue files at ``paths``.

    Files that cannot be read, or that do not name the thing any more, add nothing.
    """
    if not any(
        cause.manager is not None and cause.manager.startswith("file:") for cause in explained.causes.values()
    ):
        return explained
    places = _places(paths)
    causes = {
        check: cause._replace(place=_place(places, explained, explainer, check, cause))
        for check, cause in explained.causes.items()
    }
    return explained._replace(causes=causes)


def _places(paths: Sequence[str]) -> _Places:
    try:
        manifests = load_manifests(paths)
    except CallsheetError:
        return {}
    return {
        (str(manifest.manager), str(collection), entry.subject): entry.place
        for manifest in manifests
        for collection, entries in manifest.collections()
        for entry in entries
    }


def _place(places: _Places, explained: Explained, explainer: Explainer, check: Check, cause: Cause) -> str | None:
    step = explained.explanation.step(check)
    if step is None or cause.manager is None:
        return None
    collection, subject = _COLLECTIONS.get(check, Collection.MODELS), step.subject
    if check is Check.NAME:
        is_alias = step.reason in (Reason.ALIAS, Reason.ORPHAN_ALIAS)
        collection = Collection.ALIASES if is_alias else Collection.MODELS
        subject = explained.explanation.name
    elif collection is Collection.WORKSPACES:
        subject = explainer.workspace_name(subject)
    elif collection is Collection.KEYS and explained.subject.key is not None:
        subject = explained.subject.key.name
    found = places.get((cause.manager, str(collection), subject))
    return None if found is None else str(found)

"""Platform names: which known Claude model an id of a gateway or another platform claims to be.

An id says what a gateway calls a model, not what answers behind it. Only forms that a platform is known to give are
recognised; a name that is merely similar is not.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple


class Platform(StrEnum):
    """Where an id of this form comes from, as far as the form shows it."""

    ANTHROPIC = "anthropic"
    BEDROCK = "bedrock"
    VERTEX = "vertex"
    FOUNDRY = "foundry"
    OPENROUTER = "openrouter"
    OTHER = "other"


class Recognised(NamedTuple):
    """What an id claims to be.

    Parameters
    ----------
    model_id
        The known model.
    platform
        Whose form the id has.
    """

    model_id: str
    platform: Platform


class Version(NamedTuple):
    """What the snapshots of one model have in common: ``opus``, 4, 5. Without a minor number, that is 0."""

    line: str
    major: int
    minor: int


_UNDATED: Final = ""

_NAME: Final = re.compile(
    r"claude-(?:"
    r"(?P<line>opus|sonnet|haiku|fable|mythos)-(?P<major>[1-9][0-9]?)(?![0-9])(?:-(?P<minor>0|[1-9][0-9]?)(?![0-9]))?"
    r"|(?P<first>[1-9][0-9]?)(?:-(?P<second>0|[1-9][0-9]?))?-(?P<last>opus|sonnet|haiku|fable|mythos)"
    r")(?P<rest>.*)",
    re.DOTALL,
)
_REST: Final = re.compile(
    r"(?:(?P<variant>-fast|-latest|-fast-latest|-latest-fast)"
    r"|[-@](?P<date>[0-9]{8})|-v[0-9]{1,2}@(?P<pinned>[0-9]{8})|@default)?"
    r"(?P<build>-v[0-9]{1,2}(?::[0-9]{1,2})?)?"
)
_DATED: Final = re.compile(r"(?:-(?P<date>[0-9]{8}))?")

_LONG_CONTEXT: Final = ("[1m]", "[2m]")
_CALLS: Final = (":rawpredict", ":streamrawpredict")
_THINKING: Final = ":thinking"
_BATCH: Final = "-batch"
_BEDROCK: Final = "anthropic."
_BEDROCK_REGIONS: Final = tuple(
    f"{region}.{_BEDROCK}" for region in ("global", "us", "eu", "apac", "jp", "au", "us-gov")
)
_VENDORS: Final = ("databricks-", "anthropic--", "anthropic-")
_DOT: Final = re.compile(r"(?<=[0-9])\.(?=[0-9])")
_BLANK: Final = re.compile(r"\s")

#: What stands before a slash, and whose ids follow it. After ``anthropic`` alone, the form of the id decides.
_FOLDERS: Final[Mapping[str, Platform]] = {
    "bedrock": Platform.BEDROCK,
    "bedrock_converse": Platform.BEDROCK,
    "bedrock_mantle": Platform.BEDROCK,
    "amazon-bedrock": Platform.BEDROCK,
    "publishers": Platform.VERTEX,
    "vertex_ai": Platform.VERTEX,
    "vertex": Platform.VERTEX,
    "google-vertex": Platform.VERTEX,
    "google-vertex-anthropic": Platform.VERTEX,
    "azure": Platform.FOUNDRY,
    "azure_ai": Platform.FOUNDRY,
    "azure-cognitive-services": Platform.FOUNDRY,
    "openrouter": Platform.OPENROUTER,
}
_VENDOR_FOLDERS: Final = frozenset({"anthropic", "~anthropic"})


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The models that ids can be recognised as. See `of`.

    Parameters
    ----------
    exact
        Id or alias to id.
    snapshots
        For each version, the date in the id of each snapshot (empty if it has none) to the id.
    """

    exact: Mapping[str, str]
    snapshots: Mapping[Version, Mapping[str, str]]

    @classmethod
    def of(cls, model_ids: Iterable[str], aliases: Mapping[str, str]) -> "KnownNames":
        """Return the names that belong to these models; ``aliases`` leads from each alias to its model's id."""
        exact: dict[str, str] = {}
        snapshots: dict[Version, dict[str, str]] = {}
        for model_id in model_ids:
            exact[model_id] = model_id
            found = _NAME.fullmatch(model_id)
            dated = found and _DATED.fullmatch(found["rest"])
            if found and dated:
                snapshots.setdefault(_version(found), {})[dated["date"] or _UNDATED] = model_id
        return cls({**aliases, **exact}, snapshots)


def recognise(name: str, known: KnownNames) -> Recognised | None:
    """Return the model that ``name`` claims to be, or None if it has no known form or names no known model.

    Ids and aliases of ``known`` come first, as they are. Any text is accepted; the time is linear in its length.
    """
    exact = known.exact.get(name)
    if exact is not None:
        return Recognised(exact, Platform.ANTHROPIC)
    if "claude" not in name and "claude" not in name.lower():
        return None
    lowered = name.strip().lower()
    if _BLANK.search(lowered):
        return None
    exact = known.exact.get(lowered)
    if exact is not None:
        return Recognised(exact, Platform.ANTHROPIC)
    return _recognise(lowered, known)


def _recognise(name: str, known: KnownNames) -> Recognised | None:
    folder, _, given = _without(name, _LONG_CONTEXT).rpartition("/")
    called = _without(given, _CALLS)
    base = called.removesuffix(_THINKING)
    plain = _DOT.sub("-", _model_part(base)).removesuffix(_BATCH)
    found = _NAME.fullmatch(plain)
    rest = found and _REST.fullmatch(found["rest"])
    if not found or not rest:
        return None
    model_id = _snapshot(known.snapshots.get(_version(found)), rest["date"] or rest["pinned"])
    if model_id is None:
        return None
    return Recognised(model_id, _platform(folder, given, plain, found, rest))


def _without(name: str, endings: Iterable[str]) -> str:
    """``name`` without the one of these endings that it has."""
    for ending in endings:
        if name.endswith(ending):
            return name.removesuffix(ending)
    return name


def _model_part(name: str) -> str:
    """``name`` without the region and the vendor before it."""
    for prefix in (*_BEDROCK_REGIONS, _BEDROCK, *_VENDORS):
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def _version(found: re.Match[str]) -> Version:
    if found["line"]:
        return Version(found["line"], int(found["major"]), int(found["minor"] or 0))
    return Version(found["last"], int(found["first"]), int(found["second"] or 0))


def _snapshot(snapshots: Mapping[str, str] | None, date: str | None) -> str | None:
    """The snapshot of that date; without one, the newest."""
    if snapshots is None:
        return None
    return snapshots.get(date) if date else snapshots[max(snapshots)]


def _platform(folder: str, given: str, plain: str, found: re.Match[str], rest: re.Match[str]) -> Platform:
    """Whose form this is: what only one platform writes decides, then what stands before the slash."""
    if _BEDROCK in given or ":bedrock:" in folder:
        return Platform.BEDROCK
    if "@" in given or _without(given, _CALLS) != given:
        return Platform.VERTEX
    folders = [each for each in folder.split("/") if each]
    if any(each not in _VENDOR_FOLDERS for each in folders):
        return next((_FOLDERS[each] for each in folders if each in _FOLDERS), Platform.OTHER)
    hyphens_only = given == plain and not rest["variant"]
    pinned = bool(rest["date"] or found["minor"] or found["second"])
    if folders and (not hyphens_only or not pinned):
        return Platform.OPENROUTER
    if rest["build"]:
        return Platform.BEDROCK
    if hyphens_only and (found["line"] or rest["date"]):
        return Platform.ANTHROPIC
    return Platform.ANTHROPIC if given == plain and rest["variant"] == "-latest" else Platform.OTHER

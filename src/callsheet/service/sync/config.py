"""SourceConfig: how a source is asked and what is made of its answers, as a value and as JSON."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from callsheet.domain.access.delegation import Delegation, KeyMode
from callsheet.domain.claims.manager import Manager, ManagerKind
from callsheet.domain.errors import InvalidError, about
from callsheet.domain.model import check_id
from callsheet.domain.times import parse_instant
from callsheet.service.sync.durations import Grace, format_duration, parse_duration, parse_grace
from callsheet.service.sync.secret import SecretReference, parse_reference
from callsheet.sources.choosing import is_shown_by_pickers
from callsheet.sources.registry import ASKABLE, ENRICHMENTS
from callsheet.sources.upstream import Options, SourceKind

MIN_INTERVAL_SECONDS: Final = 10

DEFAULT_INTERVAL_SECONDS: Final = 300
DEFAULT_GRACE: Final = Grace(3, 3_600)

_MAX_URL_CHARACTERS: Final = 2_000
_MAX_PATTERNS: Final = 1_000
_MAX_RENAMES: Final = 100_000
_MAX_PATTERN_CHARACTERS: Final = 256
_MAX_WORKSPACE_CHARACTERS: Final = 255

_NO_RENAMES: Final[Mapping[str, str]] = MappingProxyType({})

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


class New(StrEnum):
    """What becomes of a model that a source lists for the first time. The values are what configurations hold."""

    LIST = "list"
    HIDE = "hide"
    HOLD = "hold"


class Missing(StrEnum):
    """What becomes of a model that its source no longer lists, after the grace."""

    KEEP = "keep"
    HIDE = "hide"
    DEPRECATE = "deprecate"
    RETIRE = "retire"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    """The configuration of a source.

    Parameters
    ----------
    kind
        What kind of server answers.
    url
        Its address, or ``file:///PATH`` of a recorded list.
    secret
        Where its secret is; None if it needs none.
    prefix
        Put before every id.
    rename
        The upstream's id to the one to list, before the prefix.
    allow, deny
        Globs on the upstream's ids. With any in ``allow``, only ids that match one count; never do those that
        match one in ``deny``.
    fold_variants
        Make variants such as ``:free`` part of the model that they are variants of.
    long_context_rows
        Also list ids with ``[1m]`` of models with a context window of a million tokens, which Claude Code knows.
    picker_prefix
        Also list this and the id of each model that Claude Code's picker leaves out: the upstream takes both.
    every_seconds
        Between two runs; 0 for none but those that a person or cron asks for.
    new, missing, grace
        What becomes of models that appear, and of those that have been missing for longer than the grace.
    provider, region
        See `callsheet.sources.upstream.Options`.
    asks_keys
        Whether it is asked about API keys that this installation does not have.
    key_mode
        What such a key is shown.
    workspace
        Id of the workspace that such keys belong to, or in a file its name; empty for the default one.
    keys_forgotten_at
        When everything that was remembered of such keys was last dropped, as an RFC 3339 time; empty if never.

    Raises
    ------
    InvalidError
        A value is not valid.
    """

    kind: SourceKind
    url: str
    secret: SecretReference | None = None
    prefix: str = ""
    rename: Mapping[str, str] = field(default_factory=lambda: _NO_RENAMES)
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    fold_variants: bool = False
    long_context_rows: bool = False
    picker_prefix: str = ""
    every_seconds: int = DEFAULT_INTERVAL_SECONDS
    new: New = New.LIST
    missing: Missing = Missing.HIDE
    grace: Grace = DEFAULT_GRACE
    provider: str = ""
    region: str = ""
    asks_keys: bool = False
    key_mode: KeyMode = KeyMode.FILL
    workspace: str = ""
    keys_forgotten_at: str = ""

    def __post_init__(self) -> None:
        with about("url"):
            _check_url(self.url)
        if self.secret is not None and self.url.startswith("file:"):
            with about("secret"):
                raise InvalidError("A recorded list needs no secret; leave it out.")
        if self.prefix:
            with about("prefix"):
                check_id(f"{self.prefix}x", "A prefix")
        with about("rename"):
            _check_renames(self.rename)
        for name in ("allow", "deny"):
            with about(name):
                _check_patterns(getattr(self, name), name)
        if 0 < self.every_seconds < MIN_INTERVAL_SECONDS:
            with about("every"):
                raise InvalidError(
                    f"A source is asked at most every {MIN_INTERVAL_SECONDS}s; every cannot be "
                    f"{self.every_seconds}s."
                )
        for name in ("provider", "region"):
            with about(name):
                _check_word(getattr(self, name), name)
        with about("picker_prefix"):
            self._check_picker_prefix()
        with about("asks_keys"):
            self._check_asking()
        self._check_keys()

    def _check_picker_prefix(self) -> None:
        if not self.picker_prefix:
            return
        check_id(f"{self.picker_prefix}x", "A picker prefix")
        if not is_shown_by_pickers(self.picker_prefix):
            raise InvalidError(
                "A picker prefix must contain claude or anthropic, as Claude Code shows no other ids; not "
                f"{self.picker_prefix[:60]!r}."
            )

    def _check_asking(self) -> None:
        if self.asks_keys and self.kind not in ASKABLE:
            kinds = ", ".join(ASKABLE)
            raise InvalidError(
                f"A source of kind {self.kind} cannot be asked about keys; the kinds that can be are {kinds}."
            )
        if self.asks_keys and self.url.startswith("file:"):
            raise InvalidError("A recorded list cannot be asked about keys; leave asks_keys out.")

    def _check_keys(self) -> None:
        if len(self.workspace) > _MAX_WORKSPACE_CHARACTERS or not self.workspace.isprintable():
            with about("workspace"):
                raise InvalidError("workspace of a source must be the id or the name of a workspace.")
        if self.keys_forgotten_at:
            parse_instant(self.keys_forgotten_at, "keys_forgotten_at")

    @property
    def is_enrichment(self) -> bool:
        """Whether it only knows facts of models that others list."""
        return self.kind in ENRICHMENTS

    @property
    def only_asks_keys(self) -> bool:
        """Whether it is asked about keys, and never for a list by itself."""
        return self.asks_keys and not self.every_seconds

    @property
    def options(self) -> Options:
        """What the translation of its rows needs."""
        return Options(provider=self.provider, region=self.region, has_secret=self.secret is not None)

    def manager(self, name: str) -> Manager:
        """Return who the source of this name is as a manager; InvalidError if it may not be called so."""
        return Manager(ManagerKind.ENRICHMENT if self.is_enrichment else ManagerKind.SOURCE, name)

    def delegation(self, name: str) -> Delegation | None:
        """Return how the source of this name answers for keys; None if it is not asked about any."""
        if not self.asks_keys:
            return None
        return Delegation(name, self.key_mode, self.workspace or None, self.keys_forgotten_at)

    def record(self) -> dict[str, Any]:
        """Return what is not as by default as plain JSON values, which `read_config` reads. It holds no secret."""
        texts: dict[str, Any] = {
            "kind": str(self.kind),
            "url": self.url,
            "secret": None if self.secret is None else str(self.secret),
            "prefix": self.prefix,
            "rename": dict(self.rename),
            "allow": list(self.allow),
            "deny": list(self.deny),
            "fold_variants": self.fold_variants,
            "long_context_rows": self.long_context_rows,
            "picker_prefix": self.picker_prefix,
            "every": "never" if not self.every_seconds else format_duration(self.every_seconds),
            "new": str(self.new),
            "missing": str(self.missing),
            "after": str(self.grace),
            "provider": self.provider,
            "region": self.region,
            "asks_keys": self.asks_keys,
            "key_mode": str(self.key_mode),
            "workspace": self.workspace,
            "keys_forgotten_at": self.keys_forgotten_at,
        }
        return {name: value for name, value in texts.items() if value != DEFAULTS.get(name)}


#: The members of a configuration in JSON, with their values by default.
DEFAULTS: Final[Mapping[str, Any]] = {
    "secret": None,
    "prefix": "",
    "rename": {},
    "allow": [],
    "deny": [],
    "fold_variants": False,
    "long_context_rows": False,
    "picker_prefix": "",
    "every": format_duration(DEFAULT_INTERVAL_SECONDS),
    "new": str(New.LIST),
    "missing": str(Missing.HIDE),
    "after": str(DEFAULT_GRACE),
    "provider": "",
    "region": "",
    "asks_keys": False,
    "key_mode": str(KeyMode.FILL),
    "workspace": "",
    "keys_forgotten_at": "",
}

#: The members that are about keys, on which no list of the source itself depends.
ABOUT_KEYS: Final = frozenset({"asks_keys", "key_mode", "workspace", "keys_forgotten_at"})

#: Every member of a configuration in JSON.
MEMBERS: Final = frozenset({"kind", "url", *DEFAULTS})


def read_config(record: Mapping[str, Any]) -> SourceConfig:
    """Return the configuration that `SourceConfig.record` gave, or that a person wrote in a file.

    Raises
    ------
    InvalidError
        A member is missing, unknown, or not valid; the sentence names it.
    """
    unknown = sorted(set(record) - MEMBERS)
    if unknown:
        raise InvalidError(f"{unknown[0]!r} is not a setting of a source; there are {', '.join(sorted(MEMBERS))}.")
    for name in ("kind", "url"):
        if name not in record:
            with about(name):
                raise InvalidError(f"A source must have {name}.")
    given = {**DEFAULTS, **record}
    for name, value in given.items():
        with about(name):
            _check_type(name, value)
    return SourceConfig(
        kind=_choice(SourceKind, given["kind"], "kind"),
        url=given["url"],
        secret=None if given["secret"] is None else _parsed(parse_reference, given, "secret"),
        prefix=given["prefix"],
        rename=dict(given["rename"]),
        allow=tuple(given["allow"]),
        deny=tuple(given["deny"]),
        fold_variants=given["fold_variants"],
        long_context_rows=given["long_context_rows"],
        picker_prefix=given["picker_prefix"],
        every_seconds=_parsed(parse_interval, given, "every"),
        new=_choice(New, given["new"], "new"),
        missing=_choice(Missing, given["missing"], "missing"),
        grace=_parsed(parse_grace, given, "after"),
        provider=given["provider"],
        region=given["region"],
        asks_keys=given["asks_keys"],
        key_mode=_choice(KeyMode, given["key_mode"], "key_mode"),
        workspace=given["workspace"],
        keys_forgotten_at=given["keys_forgotten_at"],
    )


def parse_renames(texts: Iterable[str]) -> dict[str, str]:
    """Return renames that are written ``ID=NEW``; InvalidError if one is not."""
    found = {}
    for text in texts:
        before, equals, after = text.partition("=")
        if not equals or not before or not after:
            with about("rename"):
                raise InvalidError(f"A rename must be written ID=NEW, not {text[:80]!r}.")
        found[before] = after
    return found


def parse_interval(text: str) -> int:
    """Return the seconds between two runs, 0 for ``never``; InvalidError if it is neither that nor a duration."""
    return 0 if text == "never" else parse_duration(text, "every")


def _parsed(parse: Callable[[str], T], given: Mapping[str, Any], name: str) -> T:
    with about(name):
        return parse(given[name])


def _check_type(name: str, value: object) -> None:
    wanted: type = type(DEFAULTS.get(name, ""))
    if name == "secret":
        fits = value is None or isinstance(value, str)
    elif wanted is list:
        fits = isinstance(value, list) and all(isinstance(each, str) for each in value)
    elif wanted is dict:
        fits = isinstance(value, Mapping) and all(isinstance(each, str) for pair in value.items() for each in pair)
    else:
        fits = type(value) is wanted
    if not fits:
        words = {list: "a list of texts", dict: "texts by text", bool: "true or false"}
        raise InvalidError(f"{name} of a source must be {words.get(wanted, 'text')}.")


def _choice(kind: type[E], value: str, name: str) -> E:
    try:
        return kind(value)
    except ValueError:
        with about(name):
            raise InvalidError(
                f"{name} of a source must be one of {', '.join(kind)}, not {value[:40]!r}."
            ) from None


def _check_url(url: str) -> None:
    if "@" in url.partition("//")[2].partition("/")[0]:  # not shown: it may hold a secret
        raise InvalidError("The URL of a source must hold no user or password; name the place of its secret.")
    shown = url[:100]
    not_a_url = InvalidError(f"The URL of a source must be such as http://localhost:8000, not {shown!r}.")
    try:
        parts = urlsplit(url)
        _ = parts.port  # parsed, and checked, only on access
        (parts.hostname or "").encode("idna")  # as resolving it will
    except ValueError:
        raise not_a_url from None
    if not url.isprintable() or " " in url or len(url) > _MAX_URL_CHARACTERS or not url.isascii():
        raise InvalidError(f"The URL of a source must be visible ASCII characters, not {shown!r}.")
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise InvalidError(f"The URL of a source must end with its path, not {shown!r}.")
    if parts.scheme == "file":
        if parts.netloc or not parts.path.startswith("/"):
            raise InvalidError(f"A recorded list must be named by its absolute path, file:///PATH, not {shown!r}.")
    elif parts.scheme not in ("http", "https") or not parts.hostname:
        raise not_a_url


def _check_renames(rename: Mapping[str, str]) -> None:
    for before, after in rename.items():
        check_id(before, "An id to rename")
        check_id(after, "A new id")
    if len(rename) > _MAX_RENAMES:
        raise InvalidError(f"A source can rename at most {_MAX_RENAMES:,} ids.")


def _check_patterns(patterns: tuple[str, ...], name: str) -> None:
    if len(patterns) > _MAX_PATTERNS:
        raise InvalidError(f"{name} of a source must hold at most {_MAX_PATTERNS:,} patterns.")
    for pattern in patterns:
        if not 1 <= len(pattern) <= _MAX_PATTERN_CHARACTERS or not pattern.isprintable():
            raise InvalidError(
                f"A pattern must be 1 to {_MAX_PATTERN_CHARACTERS} printable characters, not {pattern[:60]!r}."
            )


def _check_word(text: str, name: str) -> None:
    if text and not (text.isascii() and text.isprintable() and " " not in text and "/" not in text):
        raise InvalidError(
            f"{name} of a source must be one word, such as anthropic or eu-west-1, not {text[:60]!r}."
        )

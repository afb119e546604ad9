"""The fields of a catalogue file: one table, from which files are read and the schema and the reference made."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from callsheet.domain.access.key import KeyStatus
from callsheet.domain.access.workspace import Shape
from callsheet.domain.manifest import Collection
from callsheet.domain.model import Lifecycle, RetirementPrecision


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    TEXTS = "texts"
    COUNT = "count"
    FLAG = "flag"
    TIME = "time"
    CHOICE = "choice"
    LISTED = "listed"
    CAPABILITIES = "capabilities"
    NAMES = "names"
    MAP = "map"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an entry.

    Parameters
    ----------
    name
        As it is written.
    kind
        What it holds.
    about
        For the schema and the reference; a sentence.
    example
        A value, as JSON.
    nullable
        Whether null may say that the value is not known.
    choices
        The values of a `Kind.CHOICE`.
    pattern
        A regular expression for a `Kind.TEXT`, or empty.
    """

    name: str
    kind: Kind
    about: str
    example: str
    nullable: bool = False
    choices: tuple[str, ...] = ()
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Shapes:
    """What the entries of a collection look like.

    Parameters
    ----------
    noun
        What an entry is called in messages.
    subject
        The field that names it.
    fields
        All its fields, in the order in which they are written.
    about
        What the collection is; a sentence.
    """

    noun: str
    subject: str
    fields: Mapping[str, Field]
    about: str


def _table(*fields: Field) -> dict[str, Field]:
    return {field.name: field for field in fields}


_PROTECTED: Final = Field("protected", Kind.FLAG, "Refuse a plan that would remove it.", "true")
_LISTED: Final = Field(
    "listed",
    Kind.LISTED,
    "true: it exists, as this file says so. false: it does not exist, although sources or built-in facts list it. "
    "others: it exists if others list it; this file only says something of its fields.",
    "true",
)


def _unset(example: str) -> Field:
    return Field(
        "unset",
        Kind.NAMES,
        "Fields that are null, which TOML cannot say otherwise: the value is not known, or there is none.",
        f'["{example}"]',
    )


_MODEL: Final = _table(
    Field("id", Kind.TEXT, "Id of the model, as clients name it.", '"team-sonnet"'),
    Field("was", Kind.TEXT, "Its id before it was renamed; that becomes an alias of it.", '"old-sonnet"'),
    _LISTED,
    _PROTECTED,
    Field(
        "same_as",
        Kind.TEXT,
        "Another model whose facts hold for this one too, where nothing else is said.",
        '"claude-sonnet-5"',
        nullable=True,
    ),
    Field("display_name", Kind.TEXT, "Name for people.", '"Team Sonnet"', nullable=True),
    Field("created_at", Kind.TIME, "Release: a day or an RFC 3339 time.", '"2026-02-04"', nullable=True),
    Field("line", Kind.TEXT, "Such as opus; never derived from the id.", '"sonnet"', nullable=True),
    Field("max_input_tokens", Kind.COUNT, "Context window, in tokens.", "200000", nullable=True),
    Field("max_tokens", Kind.COUNT, "Largest accepted max_tokens.", "64000", nullable=True),
    Field(
        "capabilities",
        Kind.CAPABILITIES,
        "Features, each with whether it is supported; groups may hold others.",
        '{"batch": {"supported": true}}',
        nullable=True,
    ),
    Field(
        "lifecycle",
        Kind.CHOICE,
        "Where it is in its life.",
        '"deprecated"',
        nullable=True,
        choices=tuple(Lifecycle),
    ),
    Field("deprecated_at", Kind.TIME, "Since when it is deprecated.", '"2026-02-04"', nullable=True),
    Field("retires_at", Kind.TIME, "When it retires or retired.", '"2026-11-20"', nullable=True),
    Field(
        "retirement_precision",
        Kind.CHOICE,
        "exact: it retires at retires_at. earliest: not before it. null: that is not said.",
        '"exact"',
        nullable=True,
        choices=tuple(RetirementPrecision),
    ),
    Field(
        "retires_itself",
        Kind.FLAG,
        "Whether Callsheet retires it at retires_at, if that is exact.",
        "true",
        nullable=True,
    ),
    Field("replacement", Kind.TEXT, "The model to move to.", '"claude-sonnet-5-5"', nullable=True),
    Field(
        "description", Kind.TEXT, "At most 1,000 characters; Claude Code shows it.", '"For reviews"', nullable=True
    ),
    Field("hidden", Kind.FLAG, "Not in lists, but can be retrieved.", "true", nullable=True),
    Field("source", Kind.TEXT, "Where the model comes from.", '"gpu-1"', nullable=True),
    _unset("max_tokens"),
)

_ALIAS: Final = _table(
    Field("alias", Kind.TEXT, "Another name for a model. Aliases are never listed.", '"sonnet"'),
    Field("model_id", Kind.TEXT, "Id of the model that it means.", '"team-sonnet"'),
    _LISTED,
    _PROTECTED,
)

_WORKSPACE: Final = _table(
    Field("name", Kind.TEXT, "Its name; unique among workspaces that are not archived.", '"research"'),
    Field("was", Kind.TEXT, "Its name before it was renamed.", '"lab"'),
    _PROTECTED,
    Field("allow", Kind.TEXTS, "Globs on ids that its keys see; an empty list allows all.", '["claude-*"]'),
    Field("deny", Kind.TEXTS, "Globs on ids that its keys do not see; deny wins.", '["claude-fable-*"]'),
    Field(
        "shape",
        Kind.CHOICE,
        "Fields of a model: current (all) or classic (four); null is that of the installation.",
        '"classic"',
        nullable=True,
        choices=tuple(Shape),
    ),
    _unset("shape"),
)

_KEY: Final = _table(
    Field("name", Kind.TEXT, "Its name; unique among keys in use.", '"ci"'),
    Field("was", Kind.TEXT, "Its name before it was renamed.", '"build"'),
    _PROTECTED,
    Field(
        "secret_sha256",
        Kind.TEXT,
        "SHA-256 of the secret: 64 hexadecimal digits. The secret itself has no place in a file.",
        '"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
        pattern="^[0-9a-fA-F]{64}$",
    ),
    Field(
        "secret_env",
        Kind.TEXT,
        "Environment variable that holds the secret, where the file is applied.",
        '"CI_KEY"',
        pattern="^[A-Za-z_][A-Za-z0-9_]*$",
    ),
    Field(
        "hint",
        Kind.TEXT,
        "The last four characters of the secret, shown in lists; known by itself with secret_env.",
        '"wxyz"',
        pattern="^[!-~]{4}$",
    ),
    Field("workspace", Kind.TEXT, "Name or id of its workspace; by default the default one.", '"research"'),
    Field("organization", Kind.FLAG, "Whether it is a key of the whole organization, in no workspace.", "true"),
    Field("expires_at", Kind.TIME, "When it expires; null is never.", '"2027-02-04"', nullable=True),
    Field(
        "status",
        Kind.CHOICE,
        "Whether it may be used.",
        '"disabled"',
        choices=(KeyStatus.ACTIVE, KeyStatus.DISABLED),
    ),
    _unset("expires_at"),
)

_SOURCE: Final = _table(
    Field("name", Kind.TEXT, "Its name; what it says of models is held by source:NAME.", '"gpu-1"'),
    _PROTECTED,
    Field("kind", Kind.TEXT, "What kind of server answers.", '"vllm"'),
    Field("url", Kind.TEXT, "Its address, without a user or password.", '"http://gpu-1:8000"'),
    Field(
        "secret",
        Kind.TEXT,
        "Where its secret is: env:NAME or file:PATH; never the secret itself.",
        '"env:GPU_KEY"',
        nullable=True,
        pattern="^(env|file):.",
    ),
    Field("prefix", Kind.TEXT, "Put before every id.", '"gpu/"'),
    Field("rename", Kind.MAP, "The upstream's id to the one to list.", '{"Qwen/Qwen3-8B": "qwen"}'),
    Field("allow", Kind.TEXTS, "Globs on the upstream's ids that count; an empty list lets all.", '["claude-*"]'),
    Field("deny", Kind.TEXTS, "Globs on the upstream's ids that never count.", '["*embed*"]'),
    Field("fold_variants", Kind.FLAG, "Make variants such as :free part of their model.", "true"),
    Field("long_context_rows", Kind.FLAG, "Also list ids with [1m], which Claude Code knows.", "true"),
    Field(
        "picker_prefix",
        Kind.TEXT,
        "Also list this and the id of each model that Claude Code's picker leaves out; the upstream takes both.",
        '"anthropic/"',
    ),
    Field("every", Kind.TEXT, "Between two runs: such as 5m, or never.", '"5m"'),
    Field("new", Kind.TEXT, "What becomes of models that appear: list, hide or hold.", '"hold"'),
    Field("missing", Kind.TEXT, "What becomes of models that go: keep, hide, deprecate or retire.", '"keep"'),
    Field("after", Kind.TEXT, "How long a model may be missing before that.", '"3 runs and 1h"'),
    Field("provider", Kind.TEXT, "Whose models count, of an upstream that knows those of many.", '"anthropic"'),
    Field("region", Kind.TEXT, "Of a cloud's upstream.", '"eu-west-1"'),
    Field(
        "asks_keys", Kind.FLAG, "Ask it about API keys that Callsheet does not have; one source at most.", "true"
    ),
    Field("key_mode", Kind.TEXT, "What such keys are shown: observe, fill or govern.", '"govern"'),
    Field("workspace", Kind.TEXT, "Name or id of the workspace of such keys; by default the default one.", '"lab"'),
)

#: Fields that are about the entry, not about what it is of: they are not claims.
OF_THE_ENTRY: Final = frozenset({"was", "listed", "protected", "unset"})

SHAPES: Final[Mapping[Collection, Shapes]] = {
    Collection.MODELS: Shapes("model", "id", _MODEL, "Models, each with what this file says of it."),
    Collection.ALIASES: Shapes("alias", "alias", _ALIAS, "Other names of models."),
    Collection.WORKSPACES: Shapes("workspace", "name", _WORKSPACE, "Groups of keys that see the same models."),
    Collection.KEYS: Shapes("key", "name", _KEY, "API keys, without their secrets."),
    Collection.SOURCES: Shapes(
        "source", "name", _SOURCE, "Upstreams whose models are listed, the first with precedence."
    ),
}

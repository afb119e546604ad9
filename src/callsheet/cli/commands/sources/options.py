"""The options of sources, and the configuration that they come to."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from callsheet.domain.access.delegation import KeyMode
from callsheet.domain.errors import InvalidError
from callsheet.service.sync.config import DEFAULTS, Missing, New, parse_renames
from callsheet.sources.upstream import SourceKind

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of a source.")]
Kind = Annotated[
    SourceKind | None,
    typer.Option(
        "--kind", metavar="KIND", help=f"What answers there: {', '.join(SourceKind)}; else it is found out."
    ),
]
URL = Annotated[str | None, typer.Option("--url", metavar="URL", help="Where it answers, or file:///PATH.")]
SecretEnv = Annotated[
    str | None,
    typer.Option("--secret-env", metavar="NAME", help="The environment variable that holds its secret."),
]
SecretFile = Annotated[
    Path | None, typer.Option("--secret-file", metavar="FILE", help="The file that holds its secret.")
]
Before = Annotated[
    str | None,
    typer.Option("--before", metavar="NAME", help="Put it before this source, whose claims its own then outrank."),
]
Prefix = Annotated[str | None, typer.Option(metavar="TEXT", help="Put this before every id.")]
Rename = Annotated[
    list[str] | None,
    typer.Option(metavar="ID=NEW", help="Call a model NEW; * stands for any characters; may be repeated."),
]
Allow = Annotated[
    list[str] | None,
    typer.Option(metavar="PATTERN", help="List only ids of the upstream that match this glob; may be repeated."),
]
Deny = Annotated[
    list[str] | None,
    typer.Option(metavar="PATTERN", help="Never list ids of the upstream that match this glob; may be repeated."),
]
FoldVariants = Annotated[
    bool | None,
    typer.Option("--fold-variants/--no-fold-variants", help="Leave out variants, such as :free, of models listed."),
]
LongContextRows = Annotated[
    bool | None,
    typer.Option(
        "--long-context-rows/--no-long-context-rows",
        help="Also list ID[1m] for models with a context window of a million tokens, as Claude Code asks for it.",
    ),
]
PickerPrefix = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="Also list TEXT and the id of each model that Claude Code's picker leaves out, such as "
        "anthropic/gpt-5; the upstream has to take such names.",
    ),
]
AsksKeys = Annotated[
    bool | None,
    typer.Option(
        "--asks-keys/--no-asks-keys",
        help="Ask it about API keys that Callsheet does not have: each sees what the upstream lists to it. Of one "
        "source at most.",
    ),
]
KeyModeOption = Annotated[
    KeyMode | None,
    typer.Option(
        "--key-mode",
        help="What these keys see: the upstream's list as it is (observe), its models with the facts of the "
        "catalogue (fill), or those of them that the rules of the workspace show (govern). Default: fill.",
        show_default=False,
    ),
]
WorkspaceOption = Annotated[
    list[str] | None,  # of which there can be one: a list lets a second be refused, rather than replace the first
    typer.Option(
        "--workspace", metavar="NAME", help="The workspace of all these keys, by name or id. Default: default."
    ),
]
TriedWorkspace = Annotated[
    list[str] | None,
    typer.Option(
        "--workspace",
        metavar="NAME",
        help="With --key-env: the workspace whose rules count, by name or id. Default: that of the source.",
    ),
]
KeyEnv = Annotated[
    str | None,
    typer.Option(
        "--key-env",
        metavar="VARIABLE",
        help="Instead, ask it about the key in this environment variable, as a server would, and show what that "
        "key sees in each mode.",
    ),
]
Every = Annotated[
    str | None, typer.Option(metavar="5m", help="How often a server asks it (s, m, h, d), or never. Default: 5m.")
]
NewOption = Annotated[
    New | None, typer.Option("--new", help="What becomes of models that appear. Default: list.", show_default=False)
]
MissingOption = Annotated[
    Missing | None,
    typer.Option(
        "--missing",
        help="What becomes of models that are missing after the grace. Default: hide.",
        show_default=False,
    ),
]
After = Annotated[
    str | None,
    typer.Option("--after", metavar="GRACE", help="How long a model may be missing. Default: '3 runs and 1h'."),
]
Provider = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Whose models count, of models-dev, litellm-prices and vertex."),
]
Region = Annotated[str | None, typer.Option(metavar="NAME", help="Of bedrock and vertex.")]


#: The options that set something of a configuration.
CONFIGURED: Final = frozenset({
    "url", "kind", "secret_env", "secret_file", "prefix", "rename", "allow", "deny", "fold_variants",
    "long_context_rows", "picker_prefix", "every", "new", "missing", "after", "provider", "region",
    "asks_keys", "key_mode", "workspace",
})  # fmt: skip


def members_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a configuration that options set; those that were not given are left out.

    Parameters
    ----------
    options
        The arguments of a command by name; only `CONFIGURED` count.

    Raises
    ------
    InvalidError
        Two places of the secret or two workspaces are given, or a rename has no ``=``.
    """
    given = {name: options[name] for name in CONFIGURED if options.get(name) is not None}
    members: dict[str, Any] = {}
    secret = secret_of(given.pop("secret_env", None), given.pop("secret_file", None))
    if secret is not None:
        members["secret"] = secret
    if "workspace" in given:
        members["workspace"] = _one_workspace(given.pop("workspace"))
    if "rename" in given:
        members["rename"] = parse_renames(given.pop("rename"))
    for name, value in given.items():
        members[name] = str(value) if name in ("kind", "new", "missing", "key_mode") else value
    return members


def cleared(names: Iterable[str]) -> dict[str, Any]:
    """Return the members of a configuration with these names as they are by default.

    Raises
    ------
    InvalidError
        A source has no such member, or none by default.
    """
    found = {}
    for written in names:
        name = written.replace("-", "_")
        if name not in DEFAULTS:
            raise InvalidError(f"{written[:40]!r} cannot be cleared; there are {', '.join(DEFAULTS)}.")
        found[name] = DEFAULTS[name]
    return found


def secret_of(variable: str | None, file: Path | None) -> str | None:
    """Return the reference to the secret that the options give; InvalidError if they give two."""
    if variable is not None and file is not None:
        raise InvalidError("The secret is both in a variable and in a file; say one.")
    if variable is not None:
        return f"env:{variable}"
    return None if file is None else f"file:{file.absolute()}"


def _one_workspace(names: Sequence[str]) -> str:
    if len(names) > 1:
        raise InvalidError("All keys of a source belong to one workspace; give --workspace once.")
    return names[0]

"""The reference pages that are made from the program itself: `scripts/docs` writes them, a test compares them."""

import json
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Final, get_args, get_origin

from callsheet import settings
from callsheet.cli.app import command_tree
from callsheet.files.fields import SHAPES, Field
from callsheet.files.schema import SCHEMA_FILE, schema_text
from callsheet.http.admin.endpoints import ENDPOINTS
from callsheet.http.admin.openapi import describe_admin
from callsheet.http.metrics.families import FAMILIES
from callsheet.settings import Settings
from tests.docs.builtin_page import builtin_page
from tests.docs.pages import ROOT

_MADE: Final = "<!-- Made by scripts/docs from the program; change it there. -->"

_CLI: Final = f"""{_MADE}

# Command line

Results go to stdout, messages to stderr. Commands that print a table print JSON with `--json`.
The exit code is 0 when the command did its work, 1 when it was refused, and 2 when it was called wrongly; a refused
command changes nothing and says why in one sentence. `callsheet doctor` also exits with 3, 4 or 5 for what it
found, and `callsheet explain` with 3 or 4 for a model that is not listed.

Every command finds its database by `--database`, else by `CALLSHEET_DATABASE_URL`, else by `database` in
`callsheet.toml`, else in the user's data directory. Commands may run while the server does; it notices the change.

Commands that change the catalogue, workspaces or keys take `--dry-run`: they then change nothing, and print a
[plan](plans.md) of what would change, and for whom.

Times are days (`2026-11-20`, midnight in UTC) or RFC 3339 times (`2026-11-20T09:00:00Z`). Numbers of tokens may be
written as they are printed: `200000`, `200,000`, `200k`, `1M`; k is a thousand. Globs on ids belong in quotes, such
as `'claude-fable-*'`, or the shell may replace them by names of files.

Whatever a terminal would obey (escape sequences, characters that change the direction of text) is printed as
U+FFFD, and in JSON escaped.
"""

_SETTINGS: Final = f"""{_MADE}

# Settings

A setting comes from a flag of `callsheet serve`, else from its environment variable, else from `callsheet.toml`,
else from its default. `callsheet settings` prints every setting, its value, and where it came from. A name that is
not a setting, or a value that does not fit, stops the program with the name and the reason.

The file is `callsheet.toml` in the working directory, or the one that `CALLSHEET_CONFIG` or `--config` names. It
holds settings at its top level:

<!-- runs: settings -->
```toml
host = "0.0.0.0"
default_limit = 1000
extra_versions = ["2027-01-01"]
cors_origins = ["https://app.example.com"]
```

Where a list is wanted, the environment and flags take values separated by commas. Where yes or no is wanted, the
environment takes `true` or `false`, and the flag has an opposite: `--strict-betas`, `--no-strict-betas`.

`CALLSHEET_GATEWAY_KEY` is not a setting but a secret: the key by which the
[gateway](sources.md#sources-that-are-asked-about-keys) is asked for its own list. Only the environment can hold it,
and no command prints it.

| In the file | In the environment | As a flag | Value | Default | What it is |
|---|---|---|---|---|---|
"""

_CATALOGUE_FILE: Final = f"""{_MADE}

# Catalogue file

What a file holds that `callsheet plan`, `apply` and `serve --catalog` read; [The catalogue in
git](../how-to/catalogue-files.md) says how it is used. Its name ends in `.yaml`, `.yml`, `.toml` or `.json`,
and often is `callsheet.catalog.yaml`. A folder counts as all such files in it and below it, without those whose
name begins with a dot or ends in `.schema.json`. Keep plans and snapshots outside it.

At the top level, `manager` says who claims what the file says: 1 to 63 small letters, digits and `. _ -`. Files
with the same manager count as one. Beside it there may be any of the collections below, each a list. A
collection that is left out is not this file's business. One that is there is complete: what an earlier version
of the file held and this one does not, goes. `models: []` therefore removes every model that only this file
lists.

A field that is left out is left to others: sources, built-in facts. A field that is null says that the value is
not known, and hides what they say. TOML has no null; there, `unset` names such fields.

[`{SCHEMA_FILE}`]({SCHEMA_FILE}) is the JSON Schema; `callsheet validate --schema` prints it, for an editor. Put
it beside the file, and begin a YAML file with `# yaml-language-server: $schema={SCHEMA_FILE}`, as `callsheet
export` does.

In YAML, what is written is what is meant: it is read by the core schema of YAML 1.2, so `no` and `2026-01-01`
are texts, and where a text is wanted `1e3` and `4.10` are, too. Tags, a second document and a key that is there
twice are refused. Anchors and `<<` work, up to 2,000,000 values together. A file may have 64 MiB.
"""

_METRICS: Final = f"""{_MADE}

# Metrics

`GET /metrics` returns these metrics in Prometheus' text format; OpenTelemetry gets them under the same names.
[Observe it](../how-to/observe.md) says how to collect them, and which ones to watch.

With several workers, any of them returns the metrics of all: its own as they are now, those of the others as they
were up to a second ago. Where the Admin API has a listener for itself, its process counts as one of them.
Counters and histograms are sums, and never fall while the server runs, even when a worker ends and is replaced. A
gauge is a sum, or the worst value: the oldest revision, the greatest age.

`callsheet_requests_total` has the labels `route` (`list`, `retrieve`, or `other` for every other path), `status`,
and `dialect` (`anthropic` or `openai`). It does not count requests that are not valid HTTP or exceed the limits,
nor those for `/healthz`, `/readyz`, `/metrics` and `/openapi.json`.

`callsheet_request_seconds` counts the time that the process takes to make an answer, in buckets from a microsecond
to four seconds, each twice as long as the one before. `callsheet_build_info` has the label `version`.

`callsheet_ordinary_path_requests_total` counts, by `reason`, what `callsheet serve` did not answer on its
[fast path](../glossary.md), which takes a fraction of the time: `busy` (another request of the connection is still
being answered, its caller reads too slowly, or too much is left unread), `form` (it has a body, is in pieces or
pipelined, or is unusual in another way), `path` (it is not a GET below `/v1/`), `setting` (`root_path`, or a shared
storage of rate limits, wants every request there), `refused` (the answer is an error, and no gateway was asked
about its key first), `limited` (a rate limit refuses it, likewise), `large` (the answer must be prepared first, or
is sent in portions), `fault` (the fast path failed).

`callsheet_connections_dropped_total` has the label `reason`: `full` (there were `max_connections`), `slow` (the
request did not arrive completely within `head_seconds`) or `unread` (the caller did not read the answer for
`answer_seconds`). It does not count connections that were closed because they were idle between requests.
`callsheet_unread_bytes` counts connections that leave more than 64 KiB unread at once, and others once a second.
`callsheet_unread_refusals_total` counts the requests for large lists that were answered 529 because all unread
answers together exceeded `max_unread_bytes`.

`callsheet_key_checks_total` counts what keys that a gateway knows were judged by, with the label `outcome`:
`asked` (the gateway accepted the key), `refused` (it did not), `stale` (it did not say, and the last answer
serves), `away` (it did not say, and there is none) or `memory` (a request was answered without a question).
`callsheet_delegated_keys` has the label `verdict`: `accepted`, or `other` for keys that were refused or could not
be judged. These metrics exist only where a source is asked about keys, and none of them is by key.
`callsheet_key_differences_total`, where that source is only observed, has the label `kind`: `unknown` (the
catalogue does not have a model that the gateway lists), `removed`, `hidden`, `not_allowed` (by the workspace's
rules) or `facts` (the catalogue describes it otherwise).

The metrics of [webhooks](../how-to/webhooks.md) have the label `webhook`, its name, and exist only where there is
one. `callsheet_webhook_attempts_total` has the label `outcome` as well: `sent`, `failed` (it is tried again) or
`given_up`.

The metrics of `--forward` are there only if it is on. `callsheet_forward_requests_total` has the label `status`,
the class of the status that the gateway answered (`2xx`); `callsheet_forward_bytes_total` has the label
`direction` (`to_gateway` or `from_gateway`) and counts bodies, not heads. `callsheet_forward_failures_total` has
the label `reason`, by which [Forwarding](forwarding.md#what-is-answered-here) explains each. Forwarded requests
count neither in `callsheet_requests_total` nor in `callsheet_unread_bytes`.

`callsheet_admin_requests_total` has the labels `operation` (that of the [Admin API](admin-api.md), or `other` for a
path or a method that it does not have) and `status`.

Memory and file descriptors are measured on Linux only, connections only by `callsheet serve`.

| Name | Type | What it is |
|---|---|---|
"""


def pages() -> dict[Path, Callable[[], str]]:
    """Every generated page, and the package's copy of the contract, with what makes the text it should have."""
    folder = ROOT / "docs" / "reference"
    return {
        folder / "catalogue-file.md": catalogue_file_page,
        folder / "built-in-models.md": builtin_page,
        folder / "cli.md": cli_page,
        folder / "metrics.md": metrics_page,
        folder / "settings.md": settings_page,
        folder / SCHEMA_FILE: schema_text,
        folder / "admin-openapi.json": admin_openapi,
        ROOT / "src/callsheet/files" / SCHEMA_FILE: schema_text,
        ROOT / "src/callsheet/doctor/contract/contract.md": contract_page,
    }


def contract_page() -> str:
    """The contract, which is written by hand."""
    return (ROOT / "docs/reference/contract.md").read_text(encoding="utf-8")


def admin_openapi() -> str:
    """The description of the Admin API."""
    return json.dumps(describe_admin(ENDPOINTS), indent=2, ensure_ascii=False) + "\n"


def catalogue_file_page() -> str:
    """The page of every collection and field of catalogue files."""
    parts = [_CATALOGUE_FILE]
    for collection, shapes in SHAPES.items():
        rows = "".join(
            f"| `{field.name}`{' (required)' if field.name == shapes.subject else ''} | `{_cell(field.example)}` "
            f"| {_cell(field.about)}{_choices(field)} |\n"
            for field in shapes.fields.values()
        )
        parts.append(
            f"## {collection}\n\n{shapes.about}\n\n| Field | For example | What it is |\n|---|---|---|\n{rows}"
        )
    return "\n".join(parts)


def _choices(field: Field) -> str:
    values = [f"`{each}`" for each in field.choices]
    return f" {' or '.join(values)}." if values else ""


def cli_page() -> str:
    """The page of all commands."""
    return "\n".join([_CLI, *(_describe(path, command) for path, command in commands())])


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its full name, groups too."""
    yield from _walk("callsheet", command_tree())


def _walk(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _walk(f"{path} {name}", child)


def _describe(path: str, command: Any) -> str:
    level = "##" if path.count(" ") < 2 else "###"
    children = getattr(command, "commands", None)
    arguments = [each for each in command.params if not each.opts[0].startswith("-")]
    options = [each for each in command.params if each.opts[0].startswith("-")]
    usage = [path, *(_argument(each) for each in arguments)]
    usage += ["[OPTIONS]"] * bool(options) + ["COMMAND"] * bool(children)
    lines = [f"{level} {path}", "", str(command.help), "", f"`{' '.join(usage)}`", ""]
    if command.params:
        lines += ["| | |", "|---|---|"]
        lines += [f"| `{_argument(each)}` | {_cell(each.help)} |" for each in arguments]
        lines += [f"| {_option(each)} | {_cell(each.help)} |" for each in options]
        lines += [""]
    return "\n".join(lines)


def _argument(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name.upper()) + "..." * (parameter.nargs == -1)
    return name if parameter.required else f"[{name}]"


def _option(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    if parameter.is_flag:
        return names
    value = (parameter.metavar or _value(parameter.type_descriptor.annotation)).replace("|", "\\|")
    return f"`{parameter.opts[0]} {value}`" + (" (required)" if parameter.required else "")


def _value(annotation: Any) -> str:
    inner = get_args(annotation)[0] if get_origin(annotation) is list else annotation
    if isinstance(inner, type) and issubclass(inner, Enum):
        return "|".join(str(each.value) for each in inner)
    return "N" if inner in (int, float) else "TEXT"


def settings_page() -> str:
    """The page of all settings."""
    flags = {
        each.name: f"`{each.opts[0]}`"
        for path, command in commands()
        if path == "callsheet serve"
        for each in command.params
    }
    rows = []
    for name, field in Settings.model_fields.items():
        names = f"`{name}` | `{settings._variable(name)}` | {flags.get(name, 'none')}"
        rows.append(f"| {names} | {_kind(field)} | {_default(field)} | {_cell(field.description)} |")
    return _SETTINGS + "\n".join(rows) + "\n"


def metrics_page() -> str:
    """The page of all figures."""
    rows = [f"| `{family.name}` | {family.kind} | {family.sentence} |\n" for family in FAMILIES]
    return _METRICS + "".join(rows)


def _kind(field: Any) -> str:
    if get_origin(field.annotation) is list:
        return "list"
    if isinstance(field.annotation, type) and issubclass(field.annotation, Enum):
        return " or ".join(f"`{each.value}`" for each in field.annotation)
    low, high = (
        next((getattr(each, of) for each in field.metadata if hasattr(each, of)), None) for of in ("ge", "le")
    )
    if low is None:
        return {bool: "yes or no"}.get(field.annotation, "text")
    return f"{low:,} to {high:,}" if high is not None else f"{low:,} or more"


def _default(field: Any) -> str:
    if field.default_factory is not None:
        return "a file in the user's data directory"
    value = field.default
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"`{value}`" if value not in ("", []) else "none"


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|")


if __name__ == "__main__":
    for page, make in pages().items():
        page.write_text(make(), encoding="utf-8")
        print(page.relative_to(ROOT))

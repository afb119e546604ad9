"""The help of ``callsheet serve``: its flags in groups, each with its default."""

from enum import StrEnum
from typing import Any, Final

import typer
from typer.core import TyperOption

from callsheet.cli.output.usage import Command
from callsheet.settings import Settings

#: The flags of each group, in the order in which they are printed; all others are in the last group.
_GROUPS: Final = {
    "Where it listens": (
        *("host", "port", "admin_host", "admin_port", "workers"),
        *("root_path", "trusted_proxies", "cors_origins"),
    ),
    "In front of a gateway": (
        *("gateway", "forward"),
        *("forward_connect_seconds", "forward_idle_seconds", "forward_max_requests"),
    ),
    "Who may ask": ("any_key", "insecure"),
    "Console": ("console", "console_user_header", "console_user_scopes", "console_proxies"),
    "What it answers": (
        *("default_limit", "shape", "openai_dialect"),
        *("strict_betas", "extra_betas", "extra_versions", "missing_version"),
    ),
    "Database": ("database", "poll_seconds", "state_file", "max_stale_seconds", "catalog"),
    "Sources and retirements": ("sync", "sources_private", "move_aliases"),
    "Webhooks": ("webhooks", "webhooks_private"),
    "Limits": (
        *("max_url_bytes", "max_header_bytes", "max_body_bytes", "max_connections"),
        *("head_seconds", "idle_seconds", "answer_seconds", "max_unread_bytes"),
        *("rate_limit_key", "rate_limit_address", "rate_limit_failures", "rate_limit_storage"),
    ),
    "Logs and telemetry": ("access_log", "log_format", "otel"),
    "Stopping": ("drain_seconds", "shutdown_seconds"),
}
_OTHERS: Final = "Other options"
_GROUP_OF: Final = {name: group for group, names in _GROUPS.items() for name in names}


def flag(name: str, **options: Any) -> Any:
    """Return a flag for the setting ``name``, with the description and the default of the setting."""
    field = Settings.model_fields[name]
    return typer.Option(help=f"{field.description}{_default(field.default)}", show_default=False, **options)


class GroupedCommand(Command):
    """A command whose help has its options in groups."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each group that has an option."""
        groups: dict[str, list[tuple[str, str]]] = {group: [] for group in (*_GROUPS, _OTHERS)}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if isinstance(parameter, TyperOption) and record is not None:
                groups[_GROUP_OF.get(parameter.name or "", _OTHERS)].append(record)
        for group, records in groups.items():
            if records:
                with formatter.section(group):
                    formatter.write_dl(records)


def _default(value: object) -> str:
    """The part of the description that shows the default, unless it is empty."""
    if isinstance(value, bool):
        return f" [default: {'yes' if value else 'no'}]"
    if isinstance(value, StrEnum | int | float):
        return f" [default: {value}]"
    if isinstance(value, list | str) and value:
        return f" [default: {value if isinstance(value, str) else ','.join(value)}]"
    return ""

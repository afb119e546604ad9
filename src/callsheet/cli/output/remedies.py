"""What would bring a model within reach, as commands to paste and with what else they do."""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Final

from callsheet.cli.output.plan import print_impact
from callsheet.cli.output.tables import put, put_wrapped
from callsheet.cli.remote_option import ServerURL
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.explain import Explanation, Reason
from callsheet.domain.query import Reach
from callsheet.service.explain.commands import command_of
from callsheet.service.explain.fixes import Fix

_TITLES: Final = {Reach.LISTED: "To have it listed:", Reach.RETRIEVABLE: "To make it retrievable, but not listed:"}

#: What can be done about what no fix turns.
_ADVICE: Final[Mapping[Reason, str]] = {
    Reason.INACTIVE: "An archived key never works again; create another with callsheet keys create.",
    Reason.NOT_ANSWERED: "Set openai_dialect, and start the server again.",
    Reason.NOT_AVAILABLE: "Name the workspace of this key, or use a key of the organization.",
    Reason.REFUSED: "Use a key that the gateway accepts; its operator can make another.",
    Reason.NOT_GRANTED: "Have the gateway list the model to this key, which Callsheet shows nothing else.",
    Reason.NO_GATEWAY: "Create a key with this secret, or have a source asked: callsheet sources change NAME "
    "--asks-keys",
    Reason.ARCHIVED: "An archived workspace is not used again; create another with callsheet workspaces create.",
}

_PASSWORD: Final = re.compile(r"(?<=//)([^/@]*?):[^@]*(?=@)")


def print_fixes(
    explanation: Explanation, fixes: Sequence[Fix], rules: Mapping[str, Visibility], database: str | None
) -> None:
    """Print the commands of each fix, and what else they would do; or what to do where there is none.

    Parameters
    ----------
    explanation
        What is to be turned.
    fixes
        What would turn it.
    rules
        The present rules of workspaces, by id.
    database
        The URL, of a database or a server, that was given to the command, which the others need as well.
    """
    for fix in fixes:
        put("")
        put(_TITLES[fix.reach])
        for remedy in fix.remedies:
            put(f"  {shlex.join(['callsheet', *_with_database(command_of(remedy, rules), database)])}")
        print_impact(fix.plan)
        for warning in fix.plan.warnings:
            put(f"Warning: {warning.message}")
    obstacle = explanation.obstacle
    if not fixes and obstacle is not None and obstacle.reason in _ADVICE:
        put("")
        put_wrapped(_ADVICE[obstacle.reason])


def _with_database(command: list[str], database: str | None) -> list[str]:
    """The command for the database or the server that was given; a password in its URL is left out."""
    if isinstance(database, ServerURL):
        return command if database.is_from_environment else [*command[:2], "--remote", database, *command[2:]]
    if database is None:
        return command
    return [*command[:2], "--database", _PASSWORD.sub(r"\1", database), *command[2:]]

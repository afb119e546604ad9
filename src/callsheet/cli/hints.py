"""The command line's words for each `Hint`, which name its flags and commands."""

import shlex
from collections.abc import Mapping
from typing import Final

from callsheet.domain.errors import CallsheetError
from callsheet.domain.hints import Hint

#: What follows the problem. A command that people copy comes last, without a full stop.
#: ``{}`` is the id or name that the hint is about, as a shell needs it.
WORDS: Final[Mapping[Hint, str]] = {
    Hint.CREATE_DATABASE: "callsheet serve makes one, or callsheet migrate.",
    Hint.SET_UP_DATABASE: "run: callsheet migrate",
    Hint.MIGRATE: "run: callsheet migrate",
    Hint.CHECK_DATABASE: "run: callsheet check",
    Hint.NAME_DATABASE_FILE: "name a file with --database.",
    Hint.NAME_ANOTHER_DATABASE: "name another with --database.",
    Hint.PUT_DATABASE_BACK: "put it back, or name another with --database.",
    Hint.MAKE_DATABASE_WRITABLE: "make the file and its folder writable, or name another with --database.",
    Hint.CREATE_WITH_CREATEDB: "create it with createdb, or name another with --database.",
    Hint.RESTORE_OVERWRITTEN: "stop its servers, then restore a backup with --force.",
    Hint.SET_DAMAGED_ASIDE: "add --force to set it aside.",
    Hint.REPLACE_CONTENT: "add --force to replace them. They will be kept in a file.",
    Hint.REPLACE_FILE: "name another file, or add --force to replace it.",
    Hint.REPLACE_STATE_FILE: "remove it, or name another with --state-file.",
    Hint.LIST_SETTINGS: "callsheet serve --help lists all of them.",
    Hint.PLAN_FILES: "make one with callsheet plan --out.",
    Hint.EXPORT_SNAPSHOT: "make one with callsheet export --format snapshot.",
    Hint.NAME_WORKSPACE: "name one with --workspace.",
    Hint.CHANGE_KEY: "change that key with callsheet keys change, or leave this entry out.",
    Hint.REMOVE_ALIAS: "use `catalog unalias {}` first.",
    Hint.RELEASE_MODEL: "use `catalog release {}` to have it back.",
    Hint.REMOVE_MODEL: "use `catalog remove {}` if that is what you want.",
    Hint.DROP_ALIAS: "use `catalog unalias {}` if that is what you want.",
    Hint.CHANGE_MODEL: "use `catalog change` to change it.",
    Hint.DEPRECATE_MODEL: "use `catalog deprecate {}`.",
    Hint.RETIRE_MODEL: "use `catalog retire {}`.",
    Hint.SERVE_TO_EVERYBODY: "add --any-key to serve its list to everybody.",
    Hint.GIVE_GATEWAY_KEY: "put one of its keys into CALLSHEET_GATEWAY_KEY, or leave --any-key out.",
    Hint.LIST_ADMIN_KEYS: "callsheet admin-keys list shows all.",
    Hint.LIST_WEBHOOKS: "callsheet webhooks list shows all.",
    Hint.LIST_CALENDARS: "callsheet calendars list shows all.",
    Hint.MAKE_SIGN_IN_LINK: "make another one with callsheet console.",
    Hint.LIST_NAMES: "catalog list, workspaces list and keys list show what there is.",
}


def sentence_of(error: CallsheetError) -> str:
    """Return what is wrong and what to do, in commands and flags; both may hold control characters."""
    if error.hint is None:
        return str(error)
    return f"{error.problem}; {WORDS[error.hint].format(_as_argument(error.hint_about or ''))}"


def _as_argument(text: str) -> str:
    """Return ``text`` quoted for a shell, and so that it is not taken for a flag."""
    return f"-- {shlex.quote(text)}" if text.startswith("-") else shlex.quote(text)

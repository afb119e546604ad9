"""Hint: what to do about an error, as a code that each door words for its own users."""

from enum import StrEnum


class Hint(StrEnum):
    """A remedy. Its value says it where no door has better words, as in the log of a server.

    The command line has its own words, with flags and commands, in ``cli/hints.py``.
    """

    CREATE_DATABASE = "create the database"
    SET_UP_DATABASE = "let a migration or a server do that"
    MIGRATE = "migrate it to the schema of this program"
    CHECK_DATABASE = "check the database"
    NAME_DATABASE_FILE = "name a file"
    NAME_ANOTHER_DATABASE = "name another database"
    PUT_DATABASE_BACK = "put it back, or name another database"
    MAKE_DATABASE_WRITABLE = "make the file and its folder writable, or name another database"
    CREATE_WITH_CREATEDB = "create it with createdb, or name another database"
    RESTORE_OVERWRITTEN = "stop its servers, then restore a backup in its place"
    SET_DAMAGED_ASIDE = "allow it to be set aside"
    REPLACE_CONTENT = "allow them to be replaced. They will be kept in a file"
    REPLACE_FILE = "name another file, or allow this one to be replaced"
    REPLACE_STATE_FILE = "remove it, or name another state file"
    LIST_SETTINGS = "see the list of all settings"
    PLAN_FILES = "plan the files again"
    EXPORT_SNAPSHOT = "export a snapshot"
    NAME_WORKSPACE = "name a workspace"
    CHANGE_KEY = "change that key, or leave this entry out"
    REMOVE_ALIAS = "remove the alias first"
    RELEASE_MODEL = "release it to have it back"
    REMOVE_MODEL = "remove it instead"
    DROP_ALIAS = "drop it instead"
    CHANGE_MODEL = "change it instead"
    DEPRECATE_MODEL = "deprecate it"
    RETIRE_MODEL = "retire it"
    SERVE_TO_EVERYBODY = "set any_key to serve its list to everybody"
    GIVE_GATEWAY_KEY = "put one of its keys into CALLSHEET_GATEWAY_KEY, or leave any_key out"
    LIST_ADMIN_KEYS = "the list of admin keys shows all"
    LIST_WEBHOOKS = "the list of webhooks shows all"
    LIST_CALENDARS = "the list of calendars shows all"
    MAKE_SIGN_IN_LINK = "make another one on the host"
    LIST_NAMES = "the lists of models, workspaces and keys show what there is"

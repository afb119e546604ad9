"""Which call of the Admin API each command of the command line makes over --remote, or why it makes none."""

from collections.abc import Iterator
from typing import Any, Final

from callsheet.cli.app import command_tree
from callsheet.http.admin.endpoint import ROOT
from callsheet.http.admin.endpoints import ENDPOINTS

#: The calls of a command, by their operations.
CALLS: Final = {
    "catalog list": "listCatalogModels listSuppressed locateMoment",
    "catalog show": "retrieveCatalogModel",
    "catalog add": "createCatalogModel",
    "catalog change": "updateCatalogModel",
    "catalog deprecate": "deprecateCatalogModels",
    "catalog retire": "retireCatalogModels",
    "catalog hide": "hideCatalogModels",
    "catalog unhide": "unhideCatalogModels",
    "catalog remove": "removeCatalogModels chooseCatalogModels",
    "catalog release": "releaseCatalogModel",
    "catalog alias": "createAlias",
    "catalog unalias": "removeAlias",
    "catalog history": "listChanges listWorkspaceRecords",
    "catalog diff": "compareMoments",
    "catalog blame": "blameCatalogFields",
    "catalog revert": "revertCatalog",
    "workspaces revert": "revertWorkspaces",
    "sources list": "listSources",
    "sources show": "getSource listWorkspaceRecords",
    "sources change": "updateSource getGoverned",
    "sources remove": "removeSource",
    "sources forget": "forgetSource",
    "sources pause": "pauseSource",
    "sources resume": "resumeSource",
    "sources accept": "acceptSource",
    "sources reject": "rejectSource",
    "sources plan": "planSource",
    "sources sync": "syncSource",
    "sources builtin": "setBuiltinMode",
    "workspaces create": "createWorkspaceRecord lookThroughRules",
    "workspaces list": "listWorkspaceRecords",
    "workspaces show": "getWorkspaceRecord lookThroughRules",
    "workspaces change": "updateWorkspaceRecord lookThroughRules",
    "workspaces archive": "archiveWorkspaceRecord",
    "keys create": "createKeyRecord",
    "keys list": "listKeyRecords listWorkspaceRecords",
    "keys show": "getKeyRecord getWorkspaceRecord",
    "keys change": "updateKeyRecord",
    "keys import": "importKeyRecords checkKeyImport",
    "keys disable": "disableKeyRecord",
    "keys enable": "enableKeyRecord",
    "keys archive": "archiveKeyRecord",
    "keys rotate": "rotateKeyRecord",
    "retirements": "listRetirements",
    "calendars create": "createCalendar",
    "calendars list": "listCalendars listWorkspaceRecords",
    "calendars revoke": "revokeCalendar",
    "sessions list": "listSessions",
    "sessions end": "endSession endSessions",
    "webhooks create": "createWebhook",
    "webhooks list": "listWebhooks",
    "webhooks show": "getWebhook",
    "webhooks change": "updateWebhook",
    "webhooks test": "testWebhook",
    "webhooks rotate": "rotateWebhook",
    "webhooks archive": "archiveWebhook",
    "webhooks deliveries": "listDeliveries listWebhooks",
    "webhooks retry": "retryDeliveries checkRetry",
    "webhooks disable": "disableWebhook",
    "webhooks enable": "enableWebhook",
    "clients": "listClientViews getKeyRecord getWorkspaceRecord",
    "explain": "explain",
    "who-sees": "whoSees getMatrix",
    "what-sees": "whatSees",
    "diff-keys": "diffKeys",
    "plan": "planCatalogFile",
    "apply": "planCatalogFile applyPlan",
    "adopt": "planCatalogFile applyPlan",
    "drift": "planCatalogFile",
    "export": "exportCatalog takeSnapshot",
}

_HOST: Final = "it is about the host: its files, its environment or its processes"
_KEYS: Final = "the secrets of admin keys are made on the host only"
_OTHERS: Final = "it works on no installation"

#: Why a command makes none.
REASONS: Final = {
    "serve": _HOST,
    "console": _HOST,
    "settings": _HOST,
    "migrate": _HOST,
    "copy": _HOST,
    "backup": _HOST,
    "restore": _HOST,
    "check": _HOST,
    "sources add": _HOST,
    "sources try": _HOST,
    "sources record": _HOST,
    "catalog import": _HOST,
    "admin-keys create": _KEYS,
    "admin-keys list": _KEYS,
    "admin-keys show": _KEYS,
    "admin-keys disable": _KEYS,
    "admin-keys enable": _KEYS,
    "admin-keys archive": _KEYS,
    "admin-keys rotate": _KEYS,
    "models list": _OTHERS,
    "models retrieve": _OTHERS,
    "validate": _OTHERS,
    "fake": _OTHERS,
    "doctor": _OTHERS,
    "route": _OTHERS,
}

#: Calls of ours that are for other programs; the command line has what they answer by other calls.
_FOR_PROGRAMS: Final = frozenset(
    {
        *("listAliases", "retrieveAlias", "retrieveChange", "createSource"),
        *("searchCatalogModels", "countCatalogModels", "trySource", "getBuiltinMode"),
        *("listClientSteps", "exportForClient"),
    }
)


#: The paths, below the root, of what Anthropic has no resource for.
_OURS: Final = ("catalog/", "access/", "webhooks", "deliveries", "calendars", "clients", "sessions")


def commands(group: Any = None, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every command with its name."""
    for name, command in (command_tree() if group is None else group).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def test_every_command_makes_a_call_or_there_is_a_reason() -> None:
    names = {name for name, _ in commands()}
    assert names == CALLS.keys() | REASONS.keys()
    assert not CALLS.keys() & REASONS.keys()


def test_every_command_of_a_database_takes_a_server_in_its_place() -> None:
    for name, command in commands():
        parameters = {each.name for each in command.params}
        if "database" in parameters:
            assert "remote" in parameters, name
        if name in CALLS:
            (option,) = [each for each in command.params if each.name == "remote"]
            assert not option.hidden, name


def test_every_call_is_one_that_there_is_and_every_one_of_ours_is_made_or_for_programs() -> None:
    known = {each.operation for each in ENDPOINTS}
    made = {call for calls in CALLS.values() for call in calls.split()}
    assert made <= known
    ours = {each.operation for each in ENDPOINTS if each.path.startswith(tuple(f"{ROOT}/{room}" for room in _OURS))}
    items = {each for each in ours if each.endswith("CatalogModel")}  # of one model; there is a call for several
    assert ours - made - items == _FOR_PROGRAMS

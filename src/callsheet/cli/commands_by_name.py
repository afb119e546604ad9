"""The commands by name, each imported when it is called: the others would take most of a short command's time."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

import typer
from typer.main import get_group

from callsheet.cli.missing import missing_command
from callsheet.cli.output.usage import CommandLine
from callsheet.cli.remote_option import local

#: Where each is below ``callsheet.cli``: a function, or the `CommandLine` of a group. In the order of
#: ``callsheet --help``: commands, then groups.
_PLACES: Final = {
    "serve": "commands.serve.serve",
    "explain": "commands.explain.explain",
    "who-sees": "commands.explain.who_sees",
    "what-sees": "commands.explain.what_sees",
    "diff-keys": "commands.explain.diff_keys",
    "retirements": "commands.retirements.retirements",
    "clients": "commands.clients.clients",
    "plan": "commands.files.plan",
    "apply": "commands.files.apply",
    "adopt": "commands.files.adopt",
    "drift": "commands.files.drift",
    "export": "commands.files.export",
    "console": "commands.console.console",
    "settings": "commands.settings.settings",
    "migrate": "database.migrate",
    "copy": "commands.whole.copy",
    "backup": "commands.whole.backup",
    "restore": "commands.whole.restore",
    "check": "commands.whole.check",
    "validate": "commands.validate.validate",
    "fake": "commands.fake.fake",
    "doctor": "commands.doctor.doctor",
    "route": "commands.route.route",
    "catalog": "commands.catalog.app",
    "sources": "commands.sources.app",
    "workspaces": "commands.workspaces.app",
    "keys": "commands.keys.app",
    "admin-keys": "commands.admin_keys.app",
    "sessions": "commands.sessions.app",
    "calendars": "commands.calendars.app",
    "webhooks": "commands.webhooks.app",
    "models": "commands.models.app",
}

#: What shows the help of those that are not a `Command`.
_CLASSES: Final = {"serve": "commands.serve_help.GroupedCommand"}


#: Those that need the database itself, so that none of them has --remote; True: whatever the environment names.
_LOCAL: Final = {
    "serve": True,
    "console": True,
    "settings": True,
    "migrate": False,
    "copy": False,
    "backup": False,
    "restore": False,
    "check": False,
}


class CommandsByName(Mapping[str, Any]):
    """Every command as Typer wants it, made at the first access. One whose packages are missing says so."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            with _without_collections():
                self._made[name] = _make(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_PLACES)

    def __len__(self) -> int:
        return len(_PLACES)


@contextmanager
def _without_collections() -> Iterator[None]:
    """Look for no garbage among what is imported, nor later in it: all of it stays."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


def _make(name: str) -> Any:
    whole = CommandLine(rich_markup_mode=None)
    try:
        found = _imported(_PLACES[name])
        options = {"cls": _imported(_CLASSES[name])} if name in _CLASSES else {}
    except ModuleNotFoundError as error:  # the rest works without the server extra
        return missing_command(name, error)
    if isinstance(found, typer.Typer):
        whole.add_typer(found, name=name)
    else:
        command = local(found, despite_environment=_LOCAL[name]) if name in _LOCAL else found
        whole.command(name, **options)(command)
    return get_group(whole).commands[name]


def _imported(place: str) -> Any:
    module, _, attribute = place.rpartition(".")
    return getattr(import_module(f"callsheet.cli.{module}"), attribute)

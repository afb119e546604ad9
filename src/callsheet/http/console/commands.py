"""Commands: what to type for a call, for people who would rather do it at the command line."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from callsheet.domain.access.visibility import NOTHING

Ids: TypeAlias = Mapping[str, str]
Body: TypeAlias = Mapping[str, Any]

#: Returns the words of a command behind ``callsheet``.
Words: TypeAlias = Callable[[Ids, Body], list[str]]


def command_of(operation: str, ids: Ids, body: Body) -> list[str] | None:
    """Return the words of the command that does what a call does, without ``callsheet``; None if there is none."""
    words = COMMANDS.get(operation)
    return None if words is None else words(ids, body)


def options(body: Body, *left_out: str) -> list[str]:
    """Return the members of ``body`` as options; null is ``--clear``, as commands that change things have it."""
    found: list[str] = []
    for name, value in body.items():
        option = "--" + name.replace("_", "-")
        if name in left_out:
            continue
        if value is None:
            found += ["--clear", name]
        elif isinstance(value, bool):
            found.append(option if value else option.replace("--", "--no-", 1))
        else:
            for each in value if isinstance(value, list) else [value]:
                found += _option(option, json.dumps(each) if isinstance(each, dict) else str(each))
    return found


def operands(*names: str) -> list[str]:
    """Return arguments that are not options, whatever they begin with."""
    return ["--", *names] if any(name.startswith("-") for name in names) else list(names)


def _option(option: str, value: str) -> list[str]:
    return [f"{option}={value}"] if value.startswith("-") or not value else [option, value]


def _add(_ids: Ids, body: Body) -> list[str]:
    given = {name: value for name, value in body.items() if value not in (None, False)}
    return ["catalog", "add", *options(given, "id"), *operands(body["id"])]


def _create_key(_ids: Ids, body: Body) -> list[str]:
    return ["keys", "create", *options(body)]


def _change_key(ids: Ids, body: Body) -> list[str]:
    words = options({name: value for name, value in body.items() if value is not None})
    words += [_WITHOUT[name] for name, value in body.items() if value is None]
    return ["keys", "change", *words, *operands(ids["key"])]


#: What a command of keys says for null.
_WITHOUT: Final = {"workspace": "--organization", "expires_at": "--no-expiry"}


def _rotate_key(ids: Ids, body: Body) -> list[str]:
    overlap = body.get("overlap_hours", 0)
    return ["keys", "rotate", *(["--overlap", f"{overlap:g}"] if overlap else []), *operands(ids["key"])]


def _of_key(verb: str) -> Words:
    return lambda ids, _body: ["keys", verb, *operands(ids["key"])]


def _create_workspace(_ids: Ids, body: Body) -> list[str]:
    words = ["workspaces", "create", *_rules(body)]
    for name, option in (("id", "--id"), ("shape", "--shape"), ("display_color", "--color")):
        if body.get(name) is not None:
            words += _option(option, str(body[name]))
    return [*words, *operands(body["name"])]


def _change_workspace(ids: Ids, body: Body) -> list[str]:
    words = ["workspaces", "change"]
    if "allow" in body and "deny" in body:  # so that what is no longer there goes
        words.append("--clear-rules")
    words += _rules(body)
    for name, option in (("name", "--name"), ("shape", "--shape"), ("display_color", "--color")):
        if name in body:
            value = body[name]
            words += [option.replace("--", "--clear-", 1)] if value is None else _option(option, str(value))
    return [*words, *operands(ids["workspace"])]


def _rules(body: Body) -> list[str]:
    """The options of rules; the command has none for an empty list, but a pattern that matches nothing."""
    allow = body.get("allow")
    allow = [] if allow == ["*"] else [NOTHING] if allow == [] else allow or []
    patterns = [("--allow", each) for each in allow] + [("--deny", each) for each in body.get("deny", ())]
    return [f"{option}={pattern}" for option, pattern in patterns]


def _of_model(verb: str) -> Words:
    return lambda ids, body: ["catalog", verb, *options(body), *operands(ids["model"])]


def _members(config: Body) -> list[str]:
    """Return the members of a source's configuration as options; what is empty is as by default."""
    found: list[str] = []
    for name, value in config.items():
        if name == "secret" and value:
            place, _, reference = value.partition(":")
            found += _option(f"--secret-{place}", reference)
        elif name == "rename" and value:
            found += options({name: [f"{before}={after}" for before, after in value.items()]})
        else:
            found += options({name: None if value in ("", [], {}) else value})
    return found


def _add_source(_ids: Ids, body: Body) -> list[str]:
    return ["sources", "add", *operands(body["name"]), *_members(body["config"]), "--no-sync"]


def _change_source(ids: Ids, body: Body) -> list[str]:
    before = body.get("before")
    return [
        *("sources", "change", *operands(ids["source"])),
        *_members(body.get("config", {})),
        *([] if before is None else _option("--before", before)),
    ]


def _try_source(_ids: Ids, body: Body) -> list[str]:
    rest = {name: value for name, value in body["config"].items() if name != "url"}
    return ["sources", "try", body["config"].get("url", "URL"), *_members(rest)]


def _of_source(verb: str) -> Words:
    return lambda ids, _body: ["sources", verb, *operands(ids["source"])]


#: The words of the command for each call that has one.
COMMANDS: Final[dict[str, Words]] = {
    "createCatalogModel": _add,
    "updateCatalogModel": _of_model("change"),
    "removeCatalogModel": _of_model("remove"),
    "deprecateCatalogModel": _of_model("deprecate"),
    "retireCatalogModel": _of_model("retire"),
    "hideCatalogModel": _of_model("hide"),
    "unhideCatalogModel": _of_model("unhide"),
    "releaseCatalogModel": lambda ids, body: [
        "catalog",
        "release",
        *operands(ids["model"], *body.get("fields", ())),
    ],
    "createKeyRecord": _create_key,
    "updateKeyRecord": _change_key,
    "rotateKeyRecord": _rotate_key,
    "disableKeyRecord": _of_key("disable"),
    "enableKeyRecord": _of_key("enable"),
    "archiveAdminKey": lambda ids, _body: ["admin-keys", "archive", *operands(ids["admin_key_id"])],
    "endSession": lambda ids, _body: ["sessions", "end", *operands(ids["session"])],
    "endSessions": lambda _ids, _body: ["sessions", "end", "--all"],
    "archiveKeyRecord": _of_key("archive"),
    "createAlias": lambda _ids, body: ["catalog", "alias", *operands(body["alias"], body["model_id"])],
    "removeAlias": lambda ids, _body: ["catalog", "unalias", *operands(ids["alias"])],
    "createWorkspaceRecord": _create_workspace,
    "updateWorkspaceRecord": _change_workspace,
    "archiveWorkspaceRecord": lambda ids, _body: ["workspaces", "archive", *operands(ids["workspace"])],
    "createSource": _add_source,
    "updateSource": _change_source,
    "removeSource": _of_source("remove"),
    "pauseSource": _of_source("pause"),
    "resumeSource": _of_source("resume"),
    "acceptSource": _of_source("accept"),
    "rejectSource": _of_source("reject"),
    "forgetSource": _of_source("forget"),
    "syncSource": _of_source("sync"),
    "planSource": _of_source("plan"),
    "trySource": _try_source,
    "setBuiltinMode": lambda _ids, body: ["sources", "builtin", body["mode"]],
    "revertCatalog": lambda _ids, body: [
        *("catalog", "revert", "--to", body["to"]),
        *operands(*body.get("models", ())),
    ],
    "revertWorkspaces": lambda _ids, body: [
        *("workspaces", "revert", "--to", body["to"]),
        *operands(*body["workspaces"]),
    ],
    "createCalendar": lambda _ids, body: ["calendars", "create", *options(body, "name"), *operands(body["name"])],
    "revokeCalendar": lambda ids, _body: ["calendars", "revoke", *operands(ids["calendar"])],
}

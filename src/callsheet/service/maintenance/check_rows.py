"""Check the rows: whether each is as this program would have written it, and what it refers to exists."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import replace
from typing import Final, TypeVar

from callsheet.domain.access.admin_key import AdminKey
from callsheet.domain.access.calendar import Calendar
from callsheet.domain.access.key import APIKey
from callsheet.domain.changes.change import Subject
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import ManagerKind, check_manager_name
from callsheet.domain.claims.values import checked_fields
from callsheet.domain.declared.models import PROTECTED
from callsheet.domain.errors import StorageError
from callsheet.domain.model import check_known_id
from callsheet.domain.times import format_instant, parse_instant
from callsheet.domain.webhooks.event_type import EventType
from callsheet.domain.webhooks.signing import check_signing_secret
from callsheet.domain.webhooks.webhook import WebhookStatus, check_events, check_url
from callsheet.service.maintenance.problem import Problem
from callsheet.storage.transactions import rows
from callsheet.storage.transactions.read import Installation
from callsheet.storage.transactions.rows import Row
from callsheet.storage.whole.integrity import INVALID_JSON, Integrity

Key = TypeVar("Key", APIKey, AdminKey, Calendar)

_FINGERPRINT_BYTES: Final = 32  # of a SHA-256
_HINT: Final = re.compile(r"([!-~]{4})?", re.ASCII)

#: Columns that reveal too much of a secret to be printed.
_UNPRINTED: Final = frozenset({"fingerprint", "hint", "secrets", "body"})


def check_rows(integrity: Integrity, installation: Installation) -> Iterator[Problem]:
    """Yield what this program cannot have written: invalid rows, and references to rows that do not exist."""
    for kind, rewrite in _REWRITES.items():
        for row in integrity.rows(kind):
            yield from _check_row(kind, row, rewrite)
    yield from _check_names(integrity)
    if (number := integrity.count_installations()) > 1:
        message = f"There are {number} installations, where there can only be one."
        yield Problem(Subject.INSTALLATION, installation.organization_id, message)
    yield from _check_workspaces(integrity, installation)
    yield from _check_webhooks(integrity)


def _model(row: Row) -> Row:
    return rows.model_row(rows.read_model(row))


def _alias(row: Row) -> Row:
    return {"alias": check_known_id(row["alias"], "An alias")}


def _tombstone(row: Row) -> Row:
    rows.read_tombstone(row)
    return {"id": check_known_id(row["id"]), "created_at": format_instant(parse_instant(row["created_at"]))}


def _workspace(row: Row) -> Row:
    return rows.workspace_row(rows.read_workspace(row))


def _key(row: Row) -> Row:
    return rows.key_row(_checked_key(rows.read_key(row)))


def _admin_key(row: Row) -> Row:
    return rows.admin_key_row(_checked_key(rows.read_admin_key(row)))


def _calendar(row: Row) -> Row:
    return rows.calendar_row(_checked_key(rows.read_calendar(row)))


def _retirement_date(row: Row) -> Row:
    record = rows.read_date(row)
    check_known_id(record.model_id)
    if record.sequence < 1:
        raise ValueError(f"its sequence is {record.sequence}, not how often the date has moved")
    return rows.date_row(record)


def _checked_key(key: Key) -> Key:
    if len(key.fingerprint) != _FINGERPRINT_BYTES:
        raise ValueError(f"its fingerprint has {len(key.fingerprint)} bytes, not {_FINGERPRINT_BYTES}")
    if not _HINT.fullmatch(key.hint):
        raise ValueError("its hint is not the last four characters of a secret")
    return key


def _claims(row: Row) -> Row:
    claims = rows.read_claims(*(row[name] for name in ("subject", "kind", "manager", "lists", "fields", "since")))
    if claims.is_empty:
        raise ValueError("nothing is claimed")
    _check_since(row["since"], {*claims.fields, "lists"})
    check_known_id(claims.subject, "Its subject")
    if claims.kind is ClaimKind.MODEL:
        claims = replace(claims, fields=_checked(claims))
    elif claims.kind is ClaimKind.ALIAS and claims.lists is not False:
        check_known_id(claims.target, "Its model_id")
    return rows.claims_row(claims)


def _checked(claims: Claims) -> dict[str, object]:
    """The fields as they are written; beside those of the model, a file may have said that it is protected."""
    of_entry = {PROTECTED: True} if claims.manager.kind is ManagerKind.FILE and PROTECTED in claims.fields else {}
    of_model = {name: value for name, value in claims.fields.items() if name not in of_entry}
    return {**checked_fields(claims.subject, of_model), **of_entry}


def _check_since(since: Mapping[str, object], names: Set[str]) -> None:
    if not (since.keys() <= names and all(type(revision) is int and revision > 0 for revision in since.values())):
        raise ValueError("since is not the revisions of what is claimed")


def _source(row: Row) -> Row:
    check_manager_name(row["name"], "source")
    return rows.source_row(rows.read_source(row))


def _source_state(row: Row) -> Row:
    return rows.source_state_row(rows.read_source_state(row))


def _absence(row: Row) -> Row:
    return rows.absence_row(row["source"], rows.read_absence(row))


def _webhook(row: Row) -> Row:
    webhook = rows.read_webhook(row)
    check_url(webhook.url)
    check_events(webhook.events)
    for secret in webhook.secrets:
        check_signing_secret(secret.text)
    if bool(webhook.secrets) is (webhook.status is WebhookStatus.ARCHIVED):
        raise ValueError("an archived webhook has secrets" if webhook.secrets else "it has no secret to sign with")
    return rows.webhook_row(webhook)


def _delivery(row: Row) -> Row:
    delivery = rows.read_delivery(row)
    try:
        event = json.loads(delivery.body)
    except (ValueError, RecursionError):
        raise ValueError("its body is not valid JSON") from None
    if not isinstance(event, dict) or event.get("type") != delivery.type or delivery.type not in set(EventType):
        raise ValueError("its body is not an event of its type")
    if delivery.attempts < 0 or (delivery.sent_at is not None and delivery.next_attempt_at is not None):
        raise ValueError("it was sent, and is to be sent, or was tried less than never")
    return {"number": delivery.number, "event_id": delivery.event_id}


#: By kind, what parses a row and returns it as this program writes it; any error says why the row is not valid.
_REWRITES: Final[Mapping[str, Callable[[Row], Row]]] = {
    Subject.MODEL: _model,
    Subject.ALIAS: _alias,
    "tombstone": _tombstone,
    Subject.WORKSPACE: _workspace,
    Subject.KEY: _key,
    "claims": _claims,
    Subject.SOURCE: _source,
    "source state": _source_state,
    "absence": _absence,
    Subject.WEBHOOK: _webhook,
    "delivery": _delivery,
    Subject.ADMIN_KEY: _admin_key,
    Subject.CALENDAR: _calendar,
    "retirement date": _retirement_date,
}

#: By kind, what a row is called; any other by its first column.
_NAMES: Final[Mapping[str, Callable[[Row], tuple[str, str]]]] = {
    "claims": lambda row: (row["subject"], f"claims of {row['manager']} on {row['kind']} {row['subject']}"),
    "source state": lambda row: (row["name"], f"state of source {row['name']}"),
    Subject.ADMIN_KEY: lambda row: (row["id"], f"admin key {row['id']}"),
    "retirement date": lambda row: (row["model_id"], f"date of the retirement of {row['model_id']}"),
    "absence": lambda row: (row["model_id"], f"absence of {row['model_id']} from source {row['source']}"),
    "delivery": lambda row: (str(row["event_id"]), f"delivery of event {row['event_id']} to {row['webhook_id']}"),
}


def _check_row(kind: str, row: Row, rewrite: Callable[[Row], Row]) -> Iterator[Problem]:
    key = str(next(iter(row.values())))
    subject, name = _NAMES[kind](row) if kind in _NAMES else (key, f"{kind} {key}")
    are, hold, its = ("are", "hold", "their") if kind == "claims" else ("is", "holds", "its")
    broken = next((name for name, value in row.items() if value is INVALID_JSON), None)
    if broken is not None:
        yield Problem(kind, subject, f"The {name} {are} not valid: {its} column {broken} is not valid JSON.")
        return
    try:
        written = rewrite(row)
    except Exception as error:  # whatever the row holds
        cause = error.__cause__ if isinstance(error, StorageError) else None
        yield Problem(kind, subject, f"The {name} {are} not valid: {str(cause or error).rstrip('.')}.")
        return
    for column, value in written.items():
        if row[column] != value:
            values = "" if column in _UNPRINTED else f", {row[column]!r} instead of {value!r}"
            yield Problem(
                kind,
                subject,
                f"The {name} {hold} {its} {column} in another form than Callsheet writes{values}.",
            )


def _check_names(integrity: Integrity) -> Iterator[Problem]:
    for alias, model_id in integrity.dangling_references(Subject.ALIAS, "model_id", Subject.MODEL):
        yield Problem(Subject.ALIAS, alias, f"The alias {alias} means {model_id}, which is not a model.")
    for alias, model_id in integrity.aliases_of_model_ids():
        yield Problem(Subject.ALIAS, alias, f"The alias {alias}, which means {model_id}, has the id of a model.")
    for key_id, workspace_id in integrity.dangling_references(Subject.KEY, "workspace_id", Subject.WORKSPACE):
        yield Problem(Subject.KEY, key_id, f"The key {key_id} belongs to {workspace_id}, which is not a workspace.")
    for key_id, _ in integrity.dangling_references("key use", "key_id", Subject.KEY):
        yield Problem("key use", key_id, f"There is a time at which {key_id} was last used, which is not a key.")
    for key_id, _ in integrity.dangling_references("repeated request", "admin_key_id", Subject.ADMIN_KEY):
        message = f"There is the answer to a request of {key_id}, which is not an admin key."
        yield Problem("repeated request", key_id, message)
    for model_id in integrity.tombstones_of_models():
        yield Problem(
            "tombstone", model_id, f"The model {model_id} exists, but has a tombstone as if it had been removed."
        )


def _check_webhooks(integrity: Integrity) -> Iterator[Problem]:
    active: set[str] = set()
    names: dict[str, str] = {}
    for row in integrity.rows(Subject.WEBHOOK):
        if row["status"] == WebhookStatus.ACTIVE:
            active.add(row["id"])
        if row["status"] != WebhookStatus.ARCHIVED:
            other = names.setdefault(row["name"], row["id"])
            if other != row["id"]:
                message = f"The webhooks {other} and {row['id']} are both named {row['name']!r}."
                yield Problem(Subject.WEBHOOK, row["id"], message)
    seen: set[tuple[str, str]] = set()
    for number, webhook_id in integrity.dangling_references("delivery", "webhook_id", Subject.WEBHOOK):
        yield Problem("delivery", str(number), f"Delivery {number} is for {webhook_id}, which is not a webhook.")
    for row in integrity.rows("delivery"):
        event_id, webhook_id = str(row["event_id"]), str(row["webhook_id"])
        if (event_id, webhook_id) in seen:
            yield Problem("delivery", event_id, f"The event {event_id} is in the outbox for {webhook_id} twice.")
        seen.add((event_id, webhook_id))
        if row["next_attempt_at"] is not None and webhook_id not in active:
            yield Problem(
                "delivery", event_id, f"The event {event_id} waits for {webhook_id}, which is not active."
            )


def _check_workspaces(integrity: Integrity, installation: Installation) -> Iterator[Problem]:
    open_ones: dict[str, str] = {}
    default = installation.default_workspace_id
    for row in integrity.rows(Subject.WORKSPACE):
        if row["archived_at"] is None:
            other = open_ones.setdefault(row["name"], row["id"])
            if other != row["id"]:
                message = f"The workspaces {other} and {row['id']} are both named {row['name']!r}."
                yield Problem(Subject.WORKSPACE, row["id"], message)
    if default not in open_ones.values():
        message = f"The default workspace {default} does not exist, or is archived."
        yield Problem(Subject.INSTALLATION, installation.organization_id, message)

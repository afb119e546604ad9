"""Rows and domain values, each turned into the other; the only place that knows both."""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from callsheet.domain.access.admin_key import AdminKey, Scope
from callsheet.domain.access.calendar import Calendar
from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.session import Session, SignInLink
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Shape, Workspace
from callsheet.domain.changes.change import ChangeRecord
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager, parse_manager
from callsheet.domain.errors import StorageError
from callsheet.domain.model import LIFECYCLES, MODEL_FIELDS, PRECISIONS, Lifecycle, Model, RetirementPrecision
from callsheet.domain.ordering import sort_key
from callsheet.domain.retirement.dates import DateRecord
from callsheet.domain.sources.absence import Absence
from callsheet.domain.sources.source import SourceRecord
from callsheet.domain.sources.state import SourceState
from callsheet.domain.times import format_instant, parse_instant
from callsheet.domain.webhooks.delivery import Delivery
from callsheet.domain.webhooks.signing import SigningSecret
from callsheet.domain.webhooks.webhook import Webhook, WebhookStatus

Row = Mapping[str, Any]

#: The kinds of claims by name; a look-up takes less time than calling the enumeration.
_CLAIM_KINDS: Final = {kind.value: kind for kind in ClaimKind}


def model_row(model: Model) -> dict[str, Any]:
    """Return the row of ``model``."""
    return model.record()


def read_model(row: Row) -> Model:
    """Return the model of ``row``; errors as for `model_of`."""
    return model_of([row[name] for name in MODEL_FIELDS])


def model_of(values: Sequence[Any]) -> Model:
    """Return the model of a row's ``values``, in the order of `MODEL_FIELDS`, which is that of the columns.

    Raises
    ------
    StorageError
        The row was damaged, or written by another program.
    """
    (
        model_id,
        display_name,
        created_at,
        line,
        max_input_tokens,
        max_tokens,
        capabilities,
        lifecycle,
        deprecated_at,
        retires_at,
        replacement,
        description,
        hidden,
        source,
        precision,
        retires_itself,
    ) = values
    try:
        return Model(
            id=model_id,
            display_name=display_name,
            created_at=parse_instant(created_at),
            line=_shared(line),
            max_input_tokens=max_input_tokens,
            max_tokens=max_tokens,
            capabilities=capabilities,
            lifecycle=_lifecycle(lifecycle),
            deprecated_at=_instant(deprecated_at),
            retires_at=_instant(retires_at),
            replacement=replacement,
            description=description,
            hidden=hidden,
            source=_shared(source),
            retirement_precision=None if precision is None else _precision(precision),
            retires_itself=retires_itself,
        )
    except Exception as error:
        raise _damaged("model", model_id, error) from error


def _shared(text: Any) -> Any:
    """The same string object for equal texts, of which a million rows have few; any other value as it is."""
    return sys.intern(text) if isinstance(text, str) else text


def _lifecycle(value: Any) -> Lifecycle:
    try:
        return LIFECYCLES[value]
    except (KeyError, TypeError):
        return Lifecycle(value)  # raises, saying what is wrong with it


def _precision(value: Any) -> RetirementPrecision:
    try:
        return PRECISIONS[value]
    except (KeyError, TypeError):
        return RetirementPrecision(value)  # raises, saying what is wrong with it


def alias_row(alias: tuple[str, str]) -> dict[str, Any]:
    """Return the row of an alias and the id of its model."""
    return {"alias": alias[0], "model_id": alias[1]}


def tombstone_row(model: Model) -> dict[str, Any]:
    """Return what stays of a removed ``model``: enough for its sort key."""
    return {"id": model.id, "created_at": format_instant(model.created_at), "line": model.line}


def read_tombstone(row: Row) -> tuple[str, str]:
    """Return id and sort key of a removed model."""
    try:
        return row["id"], sort_key(parse_instant(row["created_at"]), row["line"], row["id"])
    except Exception as error:
        raise _damaged("tombstone", row["id"], error) from error


def workspace_row(workspace: Workspace) -> dict[str, Any]:
    """Return the row of ``workspace``."""
    return {"display_color": None, "tags": None, **workspace.record()}


def read_workspace(row: Row) -> Workspace:
    """Return the workspace of ``row``; StorageError if it was damaged."""
    try:
        return Workspace(
            id=row["id"],
            name=row["name"],
            visibility=Visibility(tuple(row["allow"]), tuple(row["deny"])),
            shape=None if row["shape"] is None else Shape(row["shape"]),
            created_at=parse_instant(row["created_at"]),
            archived_at=_instant(row["archived_at"]),
            display_color=row.get("display_color"),
            tags=dict(row.get("tags") or {}),
        )
    except Exception as error:
        raise _damaged("workspace", row["id"], error) from error


def key_row(key: APIKey) -> dict[str, Any]:
    """Return the row of ``key``."""
    record = key.record()
    del record["partial_key_hint"]
    return {**record, "fingerprint": key.fingerprint, "hint": key.hint}


def read_key(row: Row) -> APIKey:
    """Return the key of ``row``; StorageError if it was damaged."""
    try:
        return APIKey(
            id=row["id"],
            name=row["name"],
            workspace_id=row["workspace_id"],
            fingerprint=bytes(row["fingerprint"]),
            hint=row["hint"],
            status=KeyStatus(row["status"]),
            expires_at=_instant(row["expires_at"]),
            created_at=parse_instant(row["created_at"]),
        )
    except Exception as error:
        raise _damaged("API key", row["id"], error) from error


def admin_key_row(key: AdminKey) -> dict[str, Any]:
    """Return the row of ``key``."""
    record = key.record()
    del record["partial_key_hint"]
    return {**record, "fingerprint": key.fingerprint, "hint": key.hint}


def read_admin_key(row: Row) -> AdminKey:
    """Return the admin key of ``row``; StorageError if it was damaged."""
    try:
        return AdminKey(
            id=row["id"],
            name=row["name"],
            fingerprint=bytes(row["fingerprint"]),
            hint=row["hint"],
            scopes=tuple(map(Scope, row["scopes"])),
            status=KeyStatus(row["status"]),
            expires_at=_instant(row["expires_at"]),
            created_at=parse_instant(row["created_at"]),
        )
    except Exception as error:
        raise _damaged("admin key", row["id"], error) from error


def session_row(session: Session) -> dict[str, Any]:
    """Return the row of ``session``."""
    return {
        "id": session.id,
        "fingerprint": session.fingerprint,
        "name": session.name,
        "actor": session.actor,
        "scopes": list(session.scopes),
        "admin_key_id": session.admin_key_id,
        "created_at": format_instant(session.created_at),
        "seen_at": format_instant(session.seen_at),
    }


def read_session(row: Row) -> Session:
    """Return the session of ``row``; StorageError if it was damaged."""
    try:
        return Session(
            id=row["id"],
            fingerprint=bytes(row["fingerprint"]),
            name=row["name"],
            actor=row["actor"],
            scopes=tuple(map(Scope, row["scopes"])),
            admin_key_id=row["admin_key_id"],
            created_at=parse_instant(row["created_at"]),
            seen_at=parse_instant(row["seen_at"]),
        )
    except Exception as error:
        raise _damaged("session", row["id"], error) from error


def link_row(link: SignInLink) -> dict[str, Any]:
    """Return the row of ``link``."""
    return {
        "fingerprint": link.fingerprint,
        "name": link.name,
        "actor": link.actor,
        "scopes": list(link.scopes),
        "expires_at": format_instant(link.expires_at),
    }


def read_link(row: Row) -> SignInLink:
    """Return the link of ``row``; StorageError if it was damaged."""
    try:
        return SignInLink(
            fingerprint=bytes(row["fingerprint"]),
            name=row["name"],
            actor=row["actor"],
            scopes=tuple(map(Scope, row["scopes"])),
            expires_at=parse_instant(row["expires_at"]),
        )
    except Exception as error:
        raise _damaged("sign-in link", row["name"], error) from error


def calendar_row(calendar: Calendar) -> dict[str, Any]:
    """Return the row of ``calendar``."""
    record = calendar.record()
    del record["partial_token_hint"]
    return {**record, "fingerprint": calendar.fingerprint, "hint": calendar.hint}


def read_calendar(row: Row) -> Calendar:
    """Return the calendar of ``row``; StorageError if it was damaged."""
    try:
        return Calendar(
            id=row["id"],
            name=row["name"],
            workspace_id=row["workspace_id"],
            fingerprint=bytes(row["fingerprint"]),
            hint=row["hint"],
            created_at=parse_instant(row["created_at"]),
            revoked_at=_instant(row["revoked_at"]),
        )
    except Exception as error:
        raise _damaged("calendar", row["id"], error) from error


def date_row(record: DateRecord) -> dict[str, Any]:
    """Return the row of what is remembered of a retirement's date."""
    times = {"retires_at": format_instant(record.retires_at), "changed_at": format_instant(record.changed_at)}
    return {**record._asdict(), **times}


def read_date(row: Row) -> DateRecord:
    """Return what is remembered of a retirement's date; StorageError if the row was damaged."""
    try:
        times = {name: parse_instant(row[name]) for name in ("retires_at", "changed_at")}
        return DateRecord(**{**row, **times, "is_withdrawn": bool(row["is_withdrawn"])})
    except Exception as error:
        raise _damaged("the date of", row["model_id"], error) from error


def claims_row(claims: Claims) -> dict[str, Any]:
    """Return the row of ``claims``."""
    return {
        "kind": claims.kind,
        "subject": claims.subject,
        "manager": str(claims.manager),
        "lists": claims.lists,
        "fields": dict(claims.fields),
        "since": dict(claims.since),
        "target": claims.target,
    }


def read_claims(subject: str, kind: str, manager: str, lists: bool | None, fields: Any, since: Any) -> Claims:
    """Return the claims of the row with these values; StorageError if it was damaged.

    There may be a hundred thousand, so that nothing is copied or looked up by name.
    """
    if not (isinstance(fields, dict) and isinstance(since, dict)):
        raise _damaged(f"claims of {manager} on", subject, TypeError("they are not objects"))
    try:
        return Claims(subject, _manager(manager), lists, fields, _CLAIM_KINDS.get(kind) or ClaimKind(kind), since)
    except Exception as error:
        raise _damaged(f"claims of {manager} on", subject, error) from error


def source_row(source: SourceRecord) -> dict[str, Any]:
    """Return the row of ``source``."""
    return source.record()


def read_source(row: Row) -> SourceRecord:
    """Return the source of ``row``; StorageError if it was damaged."""
    try:
        return SourceRecord(row["name"], row["position"], dict(row["config"]), parse_instant(row["created_at"]))
    except Exception as error:
        raise _damaged("source", row["name"], error) from error


def source_state_row(state: SourceState) -> dict[str, Any]:
    """Return the row of ``state``, but for its lease."""
    return {
        "name": state.name,
        "paused": state.paused,
        "next_run_at": _text(state.next_run_at),
        "last_run_at": _text(state.last_run_at),
        "last_good_at": _text(state.last_good_at),
        "last_outcome": state.last_outcome,
        "last_error": state.last_error,
        "failures": state.failures,
        "etag": state.etag,
        "last_modified": state.last_modified,
        "digest": state.digest,
        "counts": dict(state.counts),
        "pending": None if state.pending is None else dict(state.pending),
        "memory": dict(state.memory),
    }


def read_source_state(row: Row) -> SourceState:
    """Return the state of ``row``; StorageError if it was damaged."""
    try:
        times = ("lease_until", "next_run_at", "last_run_at", "last_good_at")
        return SourceState(**{**row, **{name: _instant(row[name]) for name in times}})
    except Exception as error:
        raise _damaged("the state of source", row["name"], error) from error


def absence_row(source: str, absence: Absence) -> dict[str, Any]:
    """Return the row of an ``absence`` from ``source``."""
    return {
        "source": source,
        "model_id": absence.model_id,
        "since": format_instant(absence.since),
        "runs": absence.runs,
    }


def read_absence(row: Row) -> Absence:
    """Return the absence of ``row``; StorageError if it was damaged."""
    try:
        return Absence(row["model_id"], parse_instant(row["since"]), row["runs"])
    except Exception as error:
        raise _damaged(f"absence from {row['source']} of", row["model_id"], error) from error


def webhook_row(webhook: Webhook) -> dict[str, Any]:
    """Return the row of ``webhook``, with the secrets that its deliveries are signed with."""
    secrets = [{"secret": each.text, "expires_at": _text(each.expires_at)} for each in webhook.secrets]
    return {**webhook.record(), "secrets": secrets}


def read_webhook(row: Row) -> Webhook:
    """Return the webhook of ``row``; StorageError as for `model_of`."""
    try:
        return Webhook(
            id=row["id"],
            name=row["name"],
            url=row["url"],
            events=tuple(row["events"]),
            secrets=tuple(SigningSecret(each["secret"], _instant(each["expires_at"])) for each in row["secrets"]),
            status=WebhookStatus(row["status"]),
            created_at=parse_instant(row["created_at"]),
        )
    except Exception as error:
        raise _damaged("webhook", row.get("id"), error) from error


def read_delivery(row: Row) -> Delivery:
    """Return the delivery of a row of the outbox; StorageError as for `model_of`."""
    try:
        return Delivery(
            number=row["number"],
            webhook_id=row["webhook_id"],
            event_id=row["event_id"],
            type=row["type"],
            body=row["body"],
            created_at=parse_instant(row["created_at"]),
            attempts=row["attempts"],
            next_attempt_at=_instant(row["next_attempt_at"]),
            sent_at=_instant(row["sent_at"]),
            last_error=row["last_error"],
        )
    except Exception as error:
        raise _damaged("delivery", row.get("event_id"), error) from error


def read_change(row: Row) -> ChangeRecord:
    """Return the change record of ``row`` as it is: a damaged one must not stop those who only look for others."""
    return ChangeRecord(**row)


@lru_cache(1024)
def _manager(text: str) -> Manager:
    """Rows name few managers, each of them often."""
    return parse_manager(text)


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text)


def _damaged(kind: str, subject: object, error: Exception) -> StorageError:
    return StorageError(
        f"The row of {kind} {subject!r} is damaged ({type(error).__name__}); restore the database from a backup."
    )

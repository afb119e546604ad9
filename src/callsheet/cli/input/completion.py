"""Shell completion of names and ids in the database; if anything goes wrong, nothing is offered."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

import typer

from callsheet.domain.access.key import KeyStatus
from callsheet.domain.errors import CallsheetError
from callsheet.domain.webhooks.webhook import WebhookStatus
from callsheet.settings import load
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction

#: Takes the context of a command and the beginning of a word.
Complete = Callable[[typer.Context, str], list[str]]


def _complete(words: Callable[[ReadTransaction], Iterable[str]]) -> Complete:
    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        if ctx.params.get("remote"):  # it would have to be asked at each key
            return []
        with suppress(CallsheetError):
            store = Store(load({"database": ctx.params.get("database")}).settings.database)
            if store.is_ready():
                with store.read() as reading:
                    return sorted({word for word in words(reading) if word.startswith(incomplete)})
        return []

    return complete


def _models(reading: ReadTransaction) -> Iterator[str]:
    return (model.id for model in reading.listings())


def _keys(reading: ReadTransaction) -> Iterator[str]:
    for key in reading.api_keys():
        if key.status is not KeyStatus.ARCHIVED:
            yield from (key.name, key.id)


def _admin_keys(reading: ReadTransaction) -> Iterator[str]:
    for key in reading.admin_keys():
        if key.status is not KeyStatus.ARCHIVED:
            yield from (key.name, key.id)


def _sessions(reading: ReadTransaction) -> Iterator[str]:
    return (session.id for session in reading.sessions())


def _workspaces(reading: ReadTransaction) -> Iterator[str]:
    for workspace in reading.workspaces():
        if workspace.archived_at is None:
            yield from (workspace.name, workspace.id)


def _webhooks(reading: ReadTransaction) -> Iterator[str]:
    for webhook in reading.webhooks():
        if webhook.status is not WebhookStatus.ARCHIVED:
            yield from (webhook.name, webhook.id)


def _subjects(reading: ReadTransaction) -> Iterator[str]:
    for words in (_models, _keys, _workspaces):
        yield from words(reading)


complete_model: Any = _complete(_models)
complete_key: Any = _complete(_keys)
complete_admin_key: Any = _complete(_admin_keys)
complete_session: Any = _complete(_sessions)
complete_workspace: Any = _complete(_workspaces)
complete_webhook: Any = _complete(_webhooks)
complete_subject: Any = _complete(_subjects)

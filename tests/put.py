"""Rows put into tables as they are, past the rules of change: what tests need that damage, or go round them."""

from callsheet.domain.access.key import APIKey
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.model import Model
from callsheet.storage import tables
from callsheet.storage.transactions import rows
from callsheet.storage.transactions.put import delete_rows, put_rows
from callsheet.storage.transactions.write import WriteTransaction


def put_model(writing: WriteTransaction, model: Model) -> None:
    """Add or replace a model; its tombstone, if it had one, is lifted."""
    put_rows(writing._connection, tables.models, [rows.model_row(model)])
    delete_rows(writing._connection, tables.tombstones, ["id"], [[model.id]])


def remove_model(writing: WriteTransaction, model: Model) -> None:
    """Drop a model, leaving its tombstone. Its aliases must be gone."""
    delete_rows(writing._connection, tables.models, ["id"], [[model.id]])
    put_rows(writing._connection, tables.tombstones, [rows.tombstone_row(model)])


def put_alias(writing: WriteTransaction, alias: str, model_id: str) -> None:
    """Add an alias."""
    put_rows(writing._connection, tables.aliases, [rows.alias_row((alias, model_id))])


def remove_alias(writing: WriteTransaction, alias: str) -> None:
    """Drop an alias."""
    delete_rows(writing._connection, tables.aliases, ["alias"], [[alias]])


def put_workspace(writing: WriteTransaction, workspace: Workspace) -> None:
    """Add or replace a workspace."""
    put_rows(writing._connection, tables.workspaces, [rows.workspace_row(workspace)])


def put_key(writing: WriteTransaction, key: APIKey) -> None:
    """Add or replace an API key."""
    put_rows(writing._connection, tables.api_keys, [rows.key_row(key)])

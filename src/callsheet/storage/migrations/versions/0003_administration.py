"""Admin keys, webhooks and calendars; reasons of changes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_columns()
    add_retirements()
    make_admin_tables()
    make_console()
    make_calendars()
    make_webhooks()
    index_history()
    note_creators()


def add_columns() -> None:
    op.add_column("installation", sa.Column("name", sa.Text))
    op.add_column("workspaces", sa.Column("display_color", sa.String(7)))
    op.add_column("workspaces", sa.Column("tags", sa.JSON))
    op.add_column("changes", sa.Column("reason", sa.Text))
    op.add_column("api_keys", sa.Column("created_by", sa.Text))
    found_by = ["name", "hint", "status", "workspace_id", "expires_at"]
    op.create_index("ix_api_keys_created_at_id", "api_keys", ["created_at", "id", *found_by])
    for column in ("created_by", "status", "workspace_id"):
        op.create_index(f"ix_api_keys_{column}_created_at_id", "api_keys", [column, "created_at", "id"])
    op.create_index("ix_workspaces_created_at_id", "workspaces", ["created_at", "id"])


def add_retirements() -> None:
    op.add_column("models", sa.Column("retirement_precision", sa.String(16)))
    op.add_column("models", sa.Column("retires_itself", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "retirement_dates",
        sa.Column("model_id", sa.String(256), nullable=False),
        sa.Column("retires_at", sa.String(32), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.String(32), nullable=False),
        sa.Column("is_withdrawn", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("model_id", name="pk_retirement_dates"),
    )
    retires_itself = sa.column("retires_itself", sa.Boolean).is_(True)
    op.create_index(
        "ix_models_retires_itself",
        "models",
        ["retires_at"],
        sqlite_where=retires_itself,
        postgresql_where=retires_itself,
    )


def make_admin_tables() -> None:
    op.create_table(
        "key_uses",
        sa.Column("key_id", sa.String(80), nullable=False),
        sa.Column("last_used_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_key_uses"),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name="fk_key_uses_key_id_api_keys"),
    )
    op.create_table(
        "admin_keys",
        sa.Column("id", sa.String(80), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("hint", sa.String(8), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("expires_at", sa.String(32)),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_admin_keys"),
        sa.UniqueConstraint("fingerprint", name="uq_admin_keys_fingerprint"),
    )
    op.create_table(
        "repeated_requests",
        sa.Column("admin_key_id", sa.String(80), nullable=False),
        sa.Column("idempotency_key", sa.String(255), nullable=False),
        sa.Column("request_digest", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("answer", sa.JSON, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("admin_key_id", "idempotency_key", name="pk_repeated_requests"),
        sa.ForeignKeyConstraint(
            ["admin_key_id"], ["admin_keys.id"], name="fk_repeated_requests_admin_key_id_admin_keys"
        ),
    )
    op.create_index("ix_repeated_requests_at", "repeated_requests", ["at"])


def make_console() -> None:
    op.create_table(
        "console_sessions",
        sa.Column("id", sa.String(80), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("admin_key_id", sa.String(80)),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("seen_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_console_sessions"),
        sa.UniqueConstraint("fingerprint", name="uq_console_sessions_fingerprint"),
        sa.ForeignKeyConstraint(
            ["admin_key_id"], ["admin_keys.id"], name="fk_console_sessions_admin_key_id_admin_keys"
        ),
    )
    op.create_table(
        "sign_in_links",
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("expires_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_sign_in_links"),
    )


def make_calendars() -> None:
    op.create_table(
        "calendars",
        sa.Column("id", sa.String(80), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("workspace_id", sa.String(80)),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("hint", sa.String(8), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("revoked_at", sa.String(32)),
        sa.PrimaryKeyConstraint("id", name="pk_calendars"),
        sa.UniqueConstraint("fingerprint", name="uq_calendars_fingerprint"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_calendars_workspace_id_workspaces"),
    )


def make_webhooks() -> None:
    op.add_column("installation", sa.Column("noticed_until", sa.String(32)))
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(80), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("events", sa.JSON, nullable=False),
        sa.Column("secrets", sa.JSON, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )
    op.create_table(
        "outbox",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            nullable=False,
        ),
        sa.Column("webhook_id", sa.String(80), nullable=False),
        sa.Column("event_id", sa.String(80), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", sa.String(32)),
        sa.Column("sent_at", sa.String(32)),
        sa.Column("lease_holder", sa.String(128)),
        sa.Column("lease_until", sa.String(32)),
        sa.Column("last_error", sa.Text),
        sa.PrimaryKeyConstraint("number", name="pk_outbox"),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], name="fk_outbox_webhook_id_webhooks"),
    )
    op.create_index("ix_outbox_webhook_id", "outbox", ["webhook_id"])
    op.create_index("ix_outbox_next_attempt_at", "outbox", ["next_attempt_at"])


def index_history() -> None:
    op.create_index("ix_changes_at_number", "changes", ["at", "number"])
    op.create_index("ix_changes_kind_subject_number", "changes", ["kind", "subject", "number"])
    op.create_index("ix_changes_revision_number", "changes", ["revision", "number"])
    op.create_index("ix_changes_kind_action_number", "changes", ["kind", "action", "number"])
    op.create_index("ix_changes_actor_kind_action_number", "changes", ["actor", "kind", "action", "number"])
    op.drop_index("ix_changes_kind_subject", "changes")  # one that is made above begins alike
    op.drop_index("ix_changes_revision", "changes")


def note_creators() -> None:
    """Say of every key who created it, as far as the change records know."""
    keys, changes = (
        sa.table("api_keys", sa.column("id"), sa.column("created_by")),
        sa.table("changes", *map(sa.column, ("kind", "subject", "action", "actor", "number"))),
    )
    first = (
        sa.select(changes.c.actor)
        .where(changes.c.kind == "key", changes.c.subject == keys.c.id, changes.c.action == "create")
        .order_by(changes.c.number)
        .limit(1)
    )
    op.execute(keys.update().values(created_by=first.scalar_subquery()))

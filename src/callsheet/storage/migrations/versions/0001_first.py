"""The first schema: models, aliases, tombstones, workspaces, API keys, changes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

COUNT = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("default_workspace_id", sa.String(80), nullable=False),
        sa.Column("revision", COUNT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_installation"),
    )
    op.create_table(
        "models",
        sa.Column("id", sa.String(256), nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("line", sa.String(64)),
        sa.Column("max_input_tokens", sa.BigInteger),
        sa.Column("max_tokens", sa.BigInteger),
        sa.Column("capabilities", sa.JSON),
        sa.Column("lifecycle", sa.String(16), nullable=False),
        sa.Column("deprecated_at", sa.String(32)),
        sa.Column("retires_at", sa.String(32)),
        sa.Column("replacement", sa.String(256)),
        sa.Column("description", sa.Text),
        sa.Column("hidden", sa.Boolean, nullable=False),
        sa.Column("source", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_models"),
    )
    op.create_table(
        "aliases",
        sa.Column("alias", sa.String(256), nullable=False),
        sa.Column("model_id", sa.String(256), nullable=False),
        sa.PrimaryKeyConstraint("alias", name="pk_aliases"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_aliases_model_id_models"),
    )
    op.create_index("ix_aliases_model_id", "aliases", ["model_id"])
    op.create_table(
        "tombstones",
        sa.Column("id", sa.String(256), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("line", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_tombstones"),
    )
    op.create_table(
        "workspaces",
        sa.Column("id", sa.String(80), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("allow", sa.JSON, nullable=False),
        sa.Column("deny", sa.JSON, nullable=False),
        sa.Column("shape", sa.String(16)),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("archived_at", sa.String(32)),
        sa.PrimaryKeyConstraint("id", name="pk_workspaces"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(80), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("workspace_id", sa.String(80)),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("hint", sa.String(8), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("expires_at", sa.String(32)),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_api_keys_workspace_id_workspaces"),
        sa.UniqueConstraint("fingerprint", name="uq_api_keys_fingerprint"),
    )
    op.create_index("ix_api_keys_workspace_id", "api_keys", ["workspace_id"])
    op.create_table(
        "changes",
        sa.Column("number", COUNT, nullable=False),
        sa.Column("revision", COUNT, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(256), nullable=False),
        sa.Column("before", sa.JSON),
        sa.Column("after", sa.JSON),
        sa.PrimaryKeyConstraint("number", name="pk_changes"),
    )
    op.create_index("ix_changes_revision", "changes", ["revision"])
    op.create_index("ix_changes_kind_subject", "changes", ["kind", "subject"])
    APPEND_ONLY[op.get_bind().dialect.name]()  # a record that can be edited records nothing


def append_only_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER changes_no_{verb.lower()} BEFORE {verb} ON changes "
            "BEGIN SELECT RAISE(ABORT, 'changes is append-only'); END"
        )


def append_only_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION changes_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'changes is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for verb in ("UPDATE", "DELETE", "TRUNCATE"):
        op.execute(
            f"CREATE TRIGGER changes_no_{verb.lower()} BEFORE {verb} ON changes "
            "FOR EACH STATEMENT EXECUTE FUNCTION changes_append_only()"
        )


APPEND_ONLY = {"sqlite": append_only_sqlite, "postgresql": append_only_postgresql}

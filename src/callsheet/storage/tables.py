"""The tables. Times are RFC 3339 text in UTC: readable in any client, equal in every database."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_ID = String(256)
_TIME = String(32)
_SOURCE = String(63)
_MANAGER = String(80)
_COUNT = BigInteger().with_variant(Integer, "sqlite")  # whose integers are of any size; only INTEGER autoincrements

installation = Table(
    "installation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1: there is one row
    Column("organization_id", String(36), nullable=False),
    Column("default_workspace_id", String(80), nullable=False),
    Column("revision", _COUNT, nullable=False),
    Column("builtin", String(16), nullable=False, server_default="list"),  # what the built-in models are for
    Column("facts", String(80)),  # the built-in facts that were last claimed; null: none yet
    Column("name", Text),  # of the organization, for people; null: none was given
    Column("noticed_until", _TIME),  # dates that came near until then are in events; null: none was looked for
)

models = Table(
    "models",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("line", String(64)),
    Column("max_input_tokens", BigInteger),
    Column("max_tokens", BigInteger),
    Column("capabilities", JSON(none_as_null=True)),
    Column("lifecycle", String(16), nullable=False),
    Column("deprecated_at", _TIME),
    Column("retires_at", _TIME),
    Column("replacement", _ID),
    Column("description", Text),
    Column("hidden", Boolean, nullable=False),
    Column("source", String(64)),
    Column("retirement_precision", String(16)),  # null: not said
    Column("retires_itself", Boolean, nullable=False, server_default=false()),
)

Index(  # few among millions, and asked for every day
    "ix_models_retires_itself",
    models.c.retires_at,
    sqlite_where=models.c.retires_itself.is_(True),
    postgresql_where=models.c.retires_itself.is_(True),
)

aliases = Table(
    "aliases",
    metadata,
    Column("alias", _ID, primary_key=True),
    Column("model_id", _ID, ForeignKey("models.id"), nullable=False, index=True),
)

claims = Table(  # what each manager says of a model or alias; `models` and `aliases` are what they come to
    "claims",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("subject", _ID, primary_key=True),
    Column("manager", _MANAGER, primary_key=True, index=True),
    Column("lists", Boolean),
    Column("fields", JSON, nullable=False),
    Column("since", JSON, nullable=False),
    Column("target", _ID, index=True),
)

#: Of rows with ``lists`` false alone, as the migration says: few among millions, and asked for in every run of a
#: source. To say so here as well would import both dialects and all their drivers, whichever is used.
Index("ix_claims_suppressed", claims.c.kind, claims.c.subject)

sources = Table(
    "sources",
    metadata,
    Column("name", _SOURCE, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("config", JSON, nullable=False),
    Column("created_at", _TIME, nullable=False),
)

source_states = Table(  # of their runs; no change of it is recorded
    "source_states",
    metadata,
    Column("name", _SOURCE, ForeignKey("sources.name"), primary_key=True),
    Column("paused", Boolean, nullable=False),
    Column("lease_holder", String(128)),
    Column("lease_until", _TIME),
    Column("next_run_at", _TIME),
    Column("last_run_at", _TIME),
    Column("last_good_at", _TIME),
    Column("last_outcome", String(16)),
    Column("last_error", Text),
    Column("failures", Integer, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("digest", String(64)),
    Column("counts", JSON, nullable=False),
    Column("pending", JSON(none_as_null=True)),
    Column("memory", JSON, nullable=False),
)

absences = Table(  # models that a source listed before and no longer does
    "absences",
    metadata,
    Column("source", _SOURCE, ForeignKey("sources.name"), primary_key=True),
    Column("model_id", _ID, primary_key=True),
    Column("since", _TIME, nullable=False),
    Column("runs", Integer, nullable=False),
)

tombstones = Table(  # removed models still work as cursors
    "tombstones",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("created_at", _TIME, nullable=False),
    Column("line", String(64)),
)

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("name", Text, nullable=False),
    Column("allow", JSON, nullable=False),
    Column("deny", JSON, nullable=False),
    Column("shape", String(16)),
    Column("created_at", _TIME, nullable=False),
    Column("archived_at", _TIME),
    Column("display_color", String(7)),  # null: one that its id decides
    Column("tags", JSON(none_as_null=True)),  # null: none
    Index("ix_workspaces_created_at_id", "created_at", "id"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("name", Text, nullable=False),
    Column("workspace_id", String(80), ForeignKey("workspaces.id"), index=True),
    Column("fingerprint", LargeBinary(32), nullable=False, unique=True),
    Column("hint", String(8), nullable=False),
    Column("status", String(16), nullable=False),
    Column("expires_at", _TIME),
    Column("created_at", _TIME, nullable=False),
    Column("created_by", Text),  # the actor of the change that created it, as its record has it; for lists
    Index(  # the order in which they are paged, and what they are found by, so that it alone is read
        "ix_api_keys_created_at_id",
        *("created_at", "id", "name", "hint", "status", "workspace_id", "expires_at"),
    ),
    Index("ix_api_keys_created_by_created_at_id", "created_by", "created_at", "id"),
    Index("ix_api_keys_status_created_at_id", "status", "created_at", "id"),
    Index("ix_api_keys_workspace_id_created_at_id", "workspace_id", "created_at", "id"),
)

key_uses = Table(  # when keys were last used; written in batches, and no change of it is recorded
    "key_uses",
    metadata,
    Column("key_id", String(80), ForeignKey("api_keys.id"), primary_key=True),
    Column("last_used_at", _TIME, nullable=False),  # to the hour
)

admin_keys = Table(
    "admin_keys",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("name", Text, nullable=False),
    Column("fingerprint", LargeBinary(32), nullable=False, unique=True),
    Column("hint", String(8), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("status", String(16), nullable=False),
    Column("expires_at", _TIME),
    Column("created_at", _TIME, nullable=False),
)

repeated_requests = Table(  # answers to requests that clients may send again, by the key that they send along
    "repeated_requests",
    metadata,
    Column("admin_key_id", String(80), ForeignKey("admin_keys.id"), primary_key=True),
    Column("idempotency_key", String(255), primary_key=True),
    Column("request_digest", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("answer", JSON, nullable=False),  # without any secret
    Column("at", _TIME, nullable=False, index=True),
)

console_sessions = Table(  # who is signed in at the console; no change of it is recorded
    "console_sessions",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("fingerprint", LargeBinary(32), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("admin_key_id", String(80), ForeignKey("admin_keys.id")),  # null: signed in another way
    Column("created_at", _TIME, nullable=False),
    Column("seen_at", _TIME, nullable=False),
)

sign_in_links = Table(  # that open the console once; no change of it is recorded
    "sign_in_links",
    metadata,
    Column("fingerprint", LargeBinary(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("expires_at", _TIME, nullable=False),
)

calendars = Table(  # addresses that give the dates of models; each has a token, of which only the hash is kept
    "calendars",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("name", Text, nullable=False),
    Column("workspace_id", String(80), ForeignKey("workspaces.id")),  # null: of the whole organization
    Column("fingerprint", LargeBinary(32), nullable=False, unique=True),
    Column("hint", String(8), nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("revoked_at", _TIME),
)

retirement_dates = Table(  # of dates that have moved, so that calendars notice; no change of it is recorded
    "retirement_dates",
    metadata,
    Column("model_id", _ID, primary_key=True),
    Column("retires_at", _TIME, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("changed_at", _TIME, nullable=False),
    Column("is_withdrawn", Boolean, nullable=False),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("events", JSON, nullable=False),  # patterns of the types that it gets
    Column("secrets", JSON, nullable=False),  # to sign with, the newest first, each with the end of its time
    Column("status", String(16), nullable=False),
    Column("created_at", _TIME, nullable=False),
)

outbox = Table(  # what webhooks are sent; a row goes some days after it was sent or given up
    "outbox",
    metadata,
    Column("number", _COUNT, primary_key=True),
    Column("webhook_id", String(80), ForeignKey("webhooks.id"), nullable=False, index=True),
    Column("event_id", String(80), nullable=False),
    Column("type", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", _TIME, index=True),  # null: sent, or given up
    Column("sent_at", _TIME),
    Column("lease_holder", String(128)),
    Column("lease_until", _TIME),
    Column("last_error", Text),
)

changes = Table(  # append-only
    "changes",
    metadata,
    Column("number", _COUNT, primary_key=True),
    Column("revision", _COUNT, nullable=False),
    Column("at", _TIME, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("subject", _ID, nullable=False),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    Column("manager", _MANAGER),  # null: a person, or before there were claims
    Column("reason", Text),  # what the person gave for the record
    Index("ix_changes_kind_subject_number", "kind", "subject", "number"),  # what was first after a moment
    Index("ix_changes_revision_number", "revision", "number"),  # pages of one revision
    Index("ix_changes_kind_action_number", "kind", "action", "number"),  # pages of what was done to what
    Index("ix_changes_actor_kind_action_number", "actor", "kind", "action", "number"),  # and by whom
    Index("ix_changes_at_number", "at", "number"),  # which revision a time falls into
)

"""Claims, sources and their states; what each built-in model is becomes what the program and a person say of it.

A model or an alias on which no claims are stored is the person's, so that all others need no row.
"""

import json
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RECORD_BATCH_SIZE = 1000

MODEL_FIELDS = (
    "display_name",
    "created_at",
    "line",
    "max_input_tokens",
    "max_tokens",
    "capabilities",
    "lifecycle",
    "deprecated_at",
    "retires_at",
    "replacement",
    "description",
    "hidden",
    "source",
)

#: What a model has of which nothing is known, but for its name, which is its id.
BARE = {
    **dict.fromkeys(MODEL_FIELDS),
    "created_at": "1970-01-01T00:00:00Z",
    "lifecycle": "active",
    "hidden": False,
}

#: Fields that say one thing: who set one of them, set all.
TOGETHER = ("lifecycle", "deprecated_at", "retires_at")

BUILTIN, PERSON = "builtin", "person"

#: The actor of what the program itself changed.
PROGRAM = "callsheet"

models = sa.table(
    "models",
    sa.column("id", sa.String),
    *(
        sa.column(name, {"capabilities": sa.JSON, "hidden": sa.Boolean}.get(name, sa.String))
        for name in MODEL_FIELDS
    ),
)
aliases = sa.table("aliases", sa.column("alias", sa.String), sa.column("model_id", sa.String))
tombstones = sa.table("tombstones", sa.column("id", sa.String))
installation = sa.table("installation", sa.column("builtin", sa.String))
changes = sa.table(
    "changes",
    sa.column("number", sa.Integer),
    sa.column("actor", sa.String),
    sa.column("kind", sa.String),
    sa.column("subject", sa.String),
    sa.column("before", sa.JSON),
    sa.column("after", sa.JSON),
)
claims = sa.table(
    "claims",
    sa.column("kind", sa.String),
    sa.column("subject", sa.String),
    sa.column("manager", sa.String),
    sa.column("lists", sa.Boolean),
    sa.column("fields", sa.JSON),
    sa.column("since", sa.JSON),
    sa.column("target", sa.String),
)


def upgrade() -> None:
    make_tables()
    connection = op.get_bind()
    facts = {row["id"]: row for row in shipped_facts()}
    meant = {alias: model_id for model_id, row in facts.items() for alias in row["aliases"]}
    names = [*facts, *meant]
    present = {row["id"]: row for row in rows_of(connection, models, "id", names)}
    named = {row["alias"]: row["model_id"] for row in rows_of(connection, aliases, "alias", names)}
    if facts.keys().isdisjoint(present):  # a catalogue that was emptied of them is not to get them back
        connection.execute(sa.update(installation).values(builtin="inform"))
        return
    known = known_names(connection, names)
    by_program = fields_of_the_program(connection, facts)
    claimed = [
        *(
            each
            for name in facts.keys() & present
            for each in of_model(present[name], facts[name], by_program[name])
        ),
        *(each for name in meant.keys() & named for each in of_alias(name, named[name], meant[name])),
        *of_missing_models(facts, present.keys(), named.keys() | known),
        *of_missing_aliases(meant, present.keys(), named.keys(), known),
    ]
    connection.execute(sa.insert(claims), claimed)


def make_tables() -> None:
    op.create_table(
        "claims",
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(256), nullable=False),
        sa.Column("manager", sa.String(80), nullable=False),
        sa.Column("lists", sa.Boolean),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.Column("since", sa.JSON, nullable=False),
        sa.Column("target", sa.String(256)),
        sa.PrimaryKeyConstraint("kind", "subject", "manager", name="pk_claims"),
    )
    op.create_index("ix_claims_manager", "claims", ["manager"])
    op.create_index("ix_claims_target", "claims", ["target"])
    suppressed = sa.column("lists", sa.Boolean).is_(False)
    op.create_index(
        "ix_claims_suppressed",
        "claims",
        ["kind", "subject"],
        sqlite_where=suppressed,
        postgresql_where=suppressed,
    )
    op.create_table(
        "sources",
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("config", sa.JSON, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_sources"),
    )
    op.create_table(
        "source_states",
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("lease_holder", sa.String(128)),
        sa.Column("lease_until", sa.String(32)),
        sa.Column("next_run_at", sa.String(32)),
        sa.Column("last_run_at", sa.String(32)),
        sa.Column("last_good_at", sa.String(32)),
        sa.Column("last_outcome", sa.String(16)),
        sa.Column("last_error", sa.Text),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
        sa.Column("digest", sa.String(64)),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("pending", sa.JSON),
        sa.Column("memory", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_source_states"),
        sa.ForeignKeyConstraint(["name"], ["sources.name"], name="fk_source_states_name_sources"),
    )
    op.create_table(
        "absences",
        sa.Column("source", sa.String(63), nullable=False),
        sa.Column("model_id", sa.String(256), nullable=False),
        sa.Column("since", sa.String(32), nullable=False),
        sa.Column("runs", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("source", "model_id", name="pk_absences"),
        sa.ForeignKeyConstraint(["source"], ["sources.name"], name="fk_absences_source_sources"),
    )
    op.add_column("installation", sa.Column("builtin", sa.String(16), nullable=False, server_default="list"))
    op.add_column("installation", sa.Column("facts", sa.String(80)))
    op.add_column("changes", sa.Column("manager", sa.String(80)))


def shipped_facts() -> list[dict[str, Any]]:
    """What releases with the schema 0001 said of the built-in models: fields, earlier values of them, aliases."""
    text = Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = json.loads(text)["models"]
    return rows


def rows_of(connection: sa.Connection, table: sa.TableClause, key: str, names: list[str]) -> list[dict[str, Any]]:
    query = sa.select(table).where(table.c[key].in_(names))
    return [{**row} for row in connection.execute(query).mappings()]


def known_names(connection: sa.Connection, names: list[str]) -> set[str]:
    """Those of ``names`` that something has, or once had."""
    recorded = sa.select(changes.c.subject).where(
        changes.c.kind.in_(("model", "alias")), changes.c.subject.in_(names)
    )
    buried = sa.select(tombstones.c.id).where(tombstones.c.id.in_(names))
    return {*connection.execute(recorded).scalars(), *connection.execute(buried).scalars()}


def fields_of_the_program(connection: sa.Connection, facts: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By model, the fields that the program set last, by the change records, with their values."""
    query = sa.select(changes).where(changes.c.kind == "model", changes.c.subject.in_(facts))
    query = query.order_by(changes.c.number).execution_options(yield_per=RECORD_BATCH_SIZE)
    result: dict[str, dict[str, Any]] = {model_id: {} for model_id in facts}
    for record in connection.execute(query):
        before, after, ours = record.before or {}, record.after or {}, result[record.subject]
        for name, value in after.items():
            if name not in before or before[name] != value:
                ours.pop(name, None)
                if record.actor == PROGRAM:
                    ours[name] = value
    return result


def of_model(row: Mapping[str, Any], fact: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What equals the facts is the program's, every difference a person's."""
    model_id = row["id"]
    said = shipped(row, fact, ours)
    yield claim("model", model_id, BUILTIN, True, said)
    bare = {**BARE, "display_name": model_id}
    differing = {name for name in MODEL_FIELDS if row[name] != said.get(name, bare[name])}
    if not differing.isdisjoint(TOGETHER):
        differing.update(TOGETHER)
    if differing:
        yield claim(
            "model", model_id, PERSON, True, {name: row[name] for name in MODEL_FIELDS if name in differing}
        )


def shipped(row: Mapping[str, Any], fact: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as the release that filled the database had them; the next renewal brings them up to date."""
    values: dict[str, Any] = {**dict.fromkeys(MODEL_FIELDS), **fact["fields"]}
    outdated = {
        name
        for name, earlier in fact["earlier"].items()
        if row[name] in earlier and name in ours and ours[name] == row[name]
    }
    if any(name not in ours or ours[name] != row[name] for name in TOGETHER):
        outdated.difference_update(TOGETHER)
    values.update((name, row[name]) for name in outdated)
    return {name: value for name, value in values.items() if value is not None}


def of_alias(alias: str, model_id: str, meant: str) -> Iterator[dict[str, Any]]:
    yield claim("alias", alias, BUILTIN, True, {"model_id": meant})
    if model_id != meant:
        yield claim("alias", alias, PERSON, True, {"model_id": model_id})


def of_missing_models(facts: Mapping[str, Any], present: Set[str], taken: Set[str]) -> Iterator[dict[str, Any]]:
    """A built-in model that was removed, or whose name an alias has, stays away; an unknown one is new."""
    for model_id in (facts.keys() - present) & taken:
        yield claim("model", model_id, BUILTIN, True, facts[model_id]["fields"])
        yield claim("model", model_id, PERSON, False, {})


def of_missing_aliases(
    meant: Mapping[str, str], present: Set[str], named: Set[str], known: Set[str]
) -> Iterator[dict[str, Any]]:
    """A built-in alias that was removed, or that is the id of a model, stays away; an unknown one is new."""
    for alias in (meant.keys() - named) & (known | present):
        yield claim("alias", alias, BUILTIN, True, {"model_id": meant[alias]})
        if meant[alias] in present:  # else it went with its model
            yield claim("alias", alias, PERSON, False, {})


def claim(kind: str, subject: str, manager: str, lists: bool, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": kind,
        "subject": subject,
        "manager": manager,
        "lists": lists,
        "fields": fields,
        "since": {},
        "target": fields.get("model_id"),
    }

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Shape, Workspace
from callsheet.domain.errors import InvalidError, StorageError
from callsheet.domain.model import MODEL_FIELDS, Model
from callsheet.storage import tables
from callsheet.storage.store import Store
from callsheet.storage.transactions import rows
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.transactions.write import WriteTransaction
from tests.put import put_alias, put_key, put_model, put_workspace, remove_model
from tests.storage.files import NOW, make_database
from tests.storage.others import DATA, Make, execute
from tests.strategies import instants, models
from tests.tiers import examples

names = st.text(st.characters(categories=["L", "N", "S"]), min_size=1, max_size=40)
patterns = st.lists(st.sampled_from(["claude-*", "*", "[!a]?", "a,b", "'"]), max_size=3).map(tuple)

workspaces = st.builds(
    lambda **values: Workspace(**values),
    id=st.from_regex(r"wrkspc_[A-Za-z0-9]{1,64}", fullmatch=True),
    name=names,
    visibility=st.builds(lambda allow, deny: Visibility(allow, deny), patterns, patterns),
    shape=st.none() | st.sampled_from(Shape),
    created_at=instants(),
    archived_at=st.none() | instants(),
)

keys = st.builds(
    lambda **values: APIKey(**values),
    id=st.from_regex(r"apikey_[A-Za-z0-9]{1,30}", fullmatch=True),
    name=names,
    workspace_id=st.none(),
    fingerprint=st.binary(min_size=32, max_size=32),
    hint=st.text("abc~!", min_size=4, max_size=4),
    status=st.sampled_from(KeyStatus),
    expires_at=st.none() | instants(),
    created_at=instants(),
)


class _Undone(Exception):  # noqa: N818  # nothing went wrong
    pass


@contextmanager
def trial(store: Store, actor: str = "test") -> Iterator[WriteTransaction]:
    """A transaction that is taken back at its end."""
    with suppress(_Undone), store.write(actor, NOW) as writing:
        yield writing
        raise _Undone


def write(store: Store, change: Callable[[WriteTransaction], object]) -> None:
    with store.write("test", NOW) as writing:
        change(writing)


def read(store: Store, ask: Callable[[ReadTransaction], Iterable[object]]) -> None:
    with store.read() as reading:
        list(ask(reading))


def subjects(reading: ReadTransaction, revision: int, number: int = 0) -> list[tuple[str, str]]:
    return [(each.kind, each.subject) for each in reading.recorded_from(revision, number)]


def make_key(**values: Any) -> APIKey:
    given_ = {
        "id": "k",
        "name": "k",
        "workspace_id": None,
        "fingerprint": bytes(32),
        "hint": "last",
        "created_at": NOW,
    }
    return APIKey(**{**given_, **values})


def test_the_columns_of_models_are_the_fields_of_a_model_in_their_order() -> None:
    assert tuple(tables.models.c.keys()) == MODEL_FIELDS


@given(models())
def test_a_model_is_read_back_as_it_was_written(shared: Store, model: Model) -> None:
    with trial(shared) as writing:
        put_model(writing, model)
        again = writing.model(model.id)
        assert again == model
        assert again is not None
        assert again.sort_key == model.sort_key
        assert str(again.capabilities) == str(model.capabilities)  # in the same order


@given(models())
def test_a_removed_model_leaves_its_place_and_nothing_else(shared: Store, model: Model) -> None:
    with trial(shared) as writing:
        put_model(writing, model)
        remove_model(writing, model)
        assert writing.model(model.id) is None
        assert writing.tombstones([model.id]) == {model.id: model.sort_key}
        put_model(writing, model)
        assert writing.tombstones([model.id]) == {}


@examples(0.4)
@given(workspaces, keys)
def test_workspaces_and_keys_are_read_back_as_they_were_written(
    shared: Store, workspace: Workspace, key: APIKey
) -> None:
    with trial(shared) as writing:
        put_workspace(writing, workspace)
        put_key(writing, key)
        assert list(writing.workspaces([workspace.id])) == [workspace]
        assert writing.key_with(key.fingerprint) == key
        assert list(writing.api_keys([key.id])) == [key]


@given(models(), st.none() | st.dictionaries(st.text(max_size=5), st.none() | st.text(max_size=5)))
def test_a_change_record_is_read_back_as_it_was_written(
    shared: Store, model: Model, after: dict[str, object] | None
) -> None:
    with trial(shared, "Ünal <u@example.org>") as writing:
        installation = writing.installation()
        assert installation is not None
        writing.record("change", "model", model.id, model.record(), after)
        latest = writing.changes(model.id)[0]
        assert latest.record() == {
            "number": latest.number,
            "revision": installation.revision + 1,
            "at": "2026-11-20T00:00:00Z",
            "actor": "Ünal <u@example.org>",
            "action": "change",
            "kind": "model",
            "subject": model.id,
            "before": model.record(),
            "after": after,
            "manager": None,
            "reason": None,
        }


@pytest.mark.parametrize(
    "damage",
    [
        "created_at = 'yesterday'",
        "created_at = '1960-01-01T00:00:00Z'",
        "lifecycle = 'sleeping'",
        "lifecycle = 'deprecated'",
        "deprecated_at = '2026-01-01T00:00:00Z'",
        "display_name = ''",
        "max_tokens = 0",
        "max_tokens = 'many'",
        "capabilities = '[]'",
        "capabilities = '{'",
    ],
)
def test_a_damaged_row_is_told_in_one_sentence(store: Store, damage: str) -> None:
    try:
        execute(store, f"UPDATE models SET {damage} WHERE id = 'claude-opus-5'")
    except DATA:
        return  # this database does not take what its columns are not for
    with pytest.raises(StorageError) as refusal:
        read(store, ReadTransaction.models)
    sentence = r"The (row of model 'claude-opus-5'|database \S+) is damaged.*; restore .* from a backup\."
    assert re.fullmatch(sentence, str(refusal.value))


@pytest.mark.parametrize(
    ("damage", "kind", "kept"),
    [
        ("UPDATE tombstones SET created_at = 'x'", "tombstone", ReadTransaction.tombstones),
        ("UPDATE workspaces SET shape = 'round'", "workspace", ReadTransaction.workspaces),
        ("UPDATE api_keys SET status = 'asleep'", "API key", ReadTransaction.api_keys),
    ],
)
def test_every_kind_of_damaged_row_is_told(
    store: Store, damage: str, kind: str, kept: Callable[[ReadTransaction], Iterable[object]]
) -> None:
    with store.write("test", NOW) as writing:
        put_key(writing, make_key())
        remove_model(writing, Model(id="gone", display_name="Gone"))
    execute(store, damage)
    with pytest.raises(StorageError, match=f"^The row of {kind} '.*' is damaged"):
        read(store, kept)


@pytest.mark.parametrize("name", ["display_name", "line", "max_tokens", "description", "source"])
@pytest.mark.parametrize("value", [1.5, b"x", []])
def test_a_value_of_the_wrong_kind_is_refused_by_the_model(name: str, value: object) -> None:
    row = {**rows.model_row(Model(id="m", display_name="M")), name: value}
    with pytest.raises(StorageError) as refusal:
        rows.read_model(row)
    assert isinstance(refusal.value.__cause__, InvalidError)


def test_a_row_holds_plain_values_that_any_client_can_read() -> None:
    row: dict[str, Any] = rows.model_row(
        Model(id="m", display_name="M", created_at=datetime(2026, 2, 4, 1, tzinfo=UTC))
    )
    assert row["created_at"] == "2026-02-04T01:00:00Z"
    assert row["lifecycle"] == "active"


def test_an_alias_of_no_model_and_a_key_of_no_workspace_are_refused(store: Store) -> None:
    with pytest.raises(StorageError, match=r"(?i)foreign key"):
        write(store, lambda writing: put_alias(writing, "a", "no-such-model"))
    with pytest.raises(StorageError, match=r"(?i)foreign key"):
        write(store, lambda writing: put_key(writing, make_key(workspace_id="wrkspc_0")))


def test_a_model_with_aliases_cannot_be_dropped(store: Store) -> None:
    with pytest.raises(StorageError, match=r"(?i)foreign key"):
        write(store, lambda writing: remove_model(writing, Model(id="claude-opus-4-5-20251101", display_name="M")))


def test_two_keys_cannot_have_one_fingerprint(store: Store) -> None:
    write(store, lambda writing: put_key(writing, make_key(id="one")))
    with pytest.raises(StorageError, match=r"(?i)unique"):
        write(store, lambda writing: put_key(writing, make_key(id="other")))


def test_many_ids_at_once_are_read(shared: Store) -> None:
    with trial(shared) as writing:
        many = [Model(id=f"many-{number}", display_name="M") for number in range(1201)]
        for model in many:
            put_model(writing, model)
        assert sorted(model.id for model in writing.models([model.id for model in many])) == sorted(
            model.id for model in many
        )


def test_what_fails_midway_changed_nothing(store: Store) -> None:
    with store.read() as reading:
        before = reading.installation(), list(reading.models())
    with trial(store) as writing:
        put_model(writing, Model(id="new", display_name="New"))
        writing.record("add", "model", "new", None, None)
        assert writing.installation() != before[0]
    with store.read() as reading:
        assert (reading.installation(), list(reading.models())) == before
        assert reading.changes("new") == []


def test_records_of_one_transaction_raise_the_revision_once(store: Store) -> None:
    with store.write("test", NOW) as writing:
        installation = writing.installation()
        assert installation is not None
        writing.record("add", "model", "a", None, None)
        writing.record("add", "model", "b", None, None)
        after = writing.installation()
        assert after is not None
        assert after.revision == installation.revision + 1
        assert subjects(writing, installation.revision + 1) == [("model", "a"), ("model", "b")]
        assert subjects(writing, after.revision + 1) == []


def test_a_reader_sees_one_moment_while_somebody_writes(store: Store) -> None:
    with store.read() as reading:
        before = reading.installation()
        with store.write("test", NOW) as writing:
            writing.record("add", "model", "a", None, None)
        assert reading.installation() == before
    with store.read() as reading:
        assert reading.installation() != before


def test_what_was_committed_survives_a_power_cut(tmp_path: Path) -> None:
    with make_database(tmp_path / "callsheet.db").read() as reading:
        assert reading._connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert reading._connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_one_that_has_only_just_been_set_up_holds_all_it_should_in_any_language(make: Make) -> None:
    """Names that databases are apt to sort, fold or cut: they come back as they are, and count as different."""
    ids = ["A", "a", "a-b", "a.b", "a_b", "ab", "B", "Z", "~", "a/b", "a:b", "a+b", "a@b"]
    texts = [
        "Ünal",
        "ünal",
        "U\u0308nal",
        "İ",
        "ı",  # noqa: RUF001
        "ß",
        "ss",
        "日本語",
        "🦉",
        "a\u200db",
        "'\";--",
        "%s %(x)s :x",
        "\\",
    ]
    store = make()
    with store.write("test", NOW) as writing:
        for model_id, name in zip(ids, texts, strict=True):
            put_model(writing, Model(id=model_id, display_name=name, description=name))
            put_alias(writing, f"{model_id}-alias", model_id)
    with store.read() as reading:
        assert {model.id: model.display_name for model in reading.models(ids)} == dict(zip(ids, texts, strict=True))
        assert [next(iter(reading.models([model_id]))).description for model_id in ids] == texts
        assert [reading.aliases([f"{model_id}-alias"]) for model_id in ids] == [
            {f"{model_id}-alias": model_id} for model_id in ids
        ]


def test_numbers_go_on_where_32_bits_end(store: Store) -> None:
    execute(store, f"UPDATE installation SET revision = {2**31 - 1}")
    with store.write("test", NOW) as writing:
        put_model(writing, Model(id="large", display_name="L", max_tokens=2**53 - 1))
        writing.record("add", "model", "large", None, None)
    with store.read() as reading:
        installation, model = reading.installation(), reading.model("large")
        assert installation is not None
        assert installation.revision == 2**31
        assert model is not None
        assert model.max_tokens == 2**53 - 1
        assert subjects(reading, 2**31) == [("model", "large")]

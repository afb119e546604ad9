"""What is kept of the moments that were read last: it is what would be read, and goes with any change."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.history.moment import Moment
from callsheet.service.moments import kept as kept_module
from callsheet.service.moments.kept import MAX_KEPT_MOMENTS, KeptMoments, Present
from callsheet.service.moments.locating import locate
from callsheet.service.moments.store import found_at, kept_at
from callsheet.storage.transactions.read_history import HistoryReading
from tests.domain.changes.acts import content
from tests.http.admin.asking import Admin
from tests.installation import Installation, make_model
from tests.service.moments.replay import Event, Replay, histories
from tests.service.moments.test_past import LATER
from tests.tiers import examples

NOW = Present("org", 5, (9, "2026-01-01T00:00:00Z"))


@examples(0.5)
@given(histories, histories, st.lists(st.integers(0, 1_000), min_size=1, max_size=6))
def test_what_was_kept_is_what_is_read(
    replays: Callable[[], Replay], first: list[Event], more: list[Event], chosen: list[int]
) -> None:
    replay, kept = replays(), KeptMoments()
    for events in (first, more):
        replay.play(events)
        with replay.store.read() as present:
            for number in chosen if replay.observed else ():
                then = replay.observed[number % len(replay.observed)]
                located = locate(present, Moment(None, then.revision), LATER)
                with kept_at(present, located, kept) as found:
                    seen = content(found.reading)
                assert seen == content(found_at(present, located).reading)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 8)), max_size=20))
def test_no_more_is_kept_than_may_be(asked: list[tuple[int, int]]) -> None:
    kept = KeptMoments()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept_module, "MAX_KEPT_THINGS", 10)
        for number, size in asked:
            kept.keep(NOW, number, {"models": dict.fromkeys(map(str, range(size)))})
            if size:
                assert len(kept.known(NOW, number)["models"]) == size
            sizes = [len(each["models"]) for each in kept._moments.values()]
            assert len(sizes) <= MAX_KEPT_MOMENTS
            assert sum(sizes) <= 10
        kept.keep(NOW, 7, {"models": dict.fromkeys(map(str, range(11)))})
        assert kept.known(NOW, 7) == {}


@pytest.mark.parametrize(
    "other", [{"organization_id": "other"}, {"revision": 6}, {"last_change": (9, "2026-01-02T00:00:00Z")}]
)
def test_with_another_present_nothing_is_known(other: dict[str, Any]) -> None:
    kept = KeptMoments()
    kept.keep(NOW, 3, {"models": {"a": None}})
    assert kept.known(NOW, 3) == {"models": {"a": None}}
    assert kept.known(NOW._replace(**other), 3) == {}
    assert kept.known(NOW, 3) == {}


def test_a_second_question_about_a_moment_reads_no_change_record_again(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, read = Admin(installation), []
    then = admin.revision
    installation.add(make_model("new-1"), make_model("new-2"))
    formers = HistoryReading.formers

    def counting(self: HistoryReading, kind: str, after: int, subjects: Any = None) -> Any:
        if subjects is None:
            read.append(kind)
        return formers(self, kind, after, subjects)  # type: ignore[arg-type]

    monkeypatch.setattr(HistoryReading, "formers", counting)

    def seen() -> list[str]:
        models = admin.get(f"/what_sees?subject=default&as_of={then}").json["models"]
        return [each["id"] for each in models]

    first = seen()
    once = list(read)
    assert once.count("model") == 1
    assert seen() == first
    assert read == once
    assert not {"new-1", "new-2"} & set(first)
    installation.add(make_model("a-new-one"))
    assert seen() == first
    assert read.count("model") == 2

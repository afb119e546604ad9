"""What is read of a moment to come is what time alone will make of the present."""

from datetime import UTC, datetime, timedelta

from callsheet.api.explain import Asker
from callsheet.api.state import Options
from callsheet.domain.changes.change import Subject
from callsheet.domain.edits import ModelChange
from callsheet.domain.history.moment import Moment
from callsheet.domain.model import Lifecycle, RetirementPrecision
from callsheet.service.access import AccessService
from callsheet.service.catalog import CatalogService
from callsheet.service.explain.seeing import what_sees
from callsheet.service.facts import Facts
from callsheet.service.moments.comparing import compare_moments
from callsheet.service.moments.locating import locate
from callsheet.service.moments.store import MomentStore, found_at
from callsheet.service.renewal import renew_builtin
from callsheet.service.state.load import load
from tests.domain.changes.acts import content
from tests.installation import Installation, again_on_postgresql, make_model, now

#: After every date of retirement that is known today.
THEN = datetime(2040, 1, 1, tzinfo=UTC)


@again_on_postgresql
def test_built_in_models_retire_on_their_days_as_the_renewal_of_that_day_retires_them(
    installation: Installation,
) -> None:
    days = [model.retires_at for model in Facts.built_in(now()).models if model.lifecycle is Lifecycle.DEPRECATED]
    turn = max(day for day in days if day is not None)
    for at in (turn - timedelta(seconds=1), turn):
        with installation.store.read() as present:
            found = found_at(present, locate(present, Moment(at), now()))
            assert found.as_of.is_future
            expected = content(found.reading)
            shown = {model.id: model.lifecycle for model in load(found.reading, Options()).catalog}
        assert shown == {model.id: model.lifecycle for model in Facts.built_in(at).models}
    service = CatalogService(MomentStore(installation.store, Moment(turn), now), "ada", lambda: turn)
    said = {model.id: service.who_says(model.id) for model, _ in service.list()}
    renew_builtin(installation.store, lambda: turn)
    with installation.store.read() as reading:
        assert content(reading) == expected
    managers = {each: {name: held[0].manager for name, held in values.items()} for each, values in said.items()}
    assert managers == {
        model.id: {name: held[0].manager for name, held in installation.catalog.who_says(model.id).items()}
        for model, _ in installation.catalog.list()
    }


def test_a_date_that_passes_is_a_difference_that_no_change_brought_about(installation: Installation) -> None:
    with installation.store.read() as present:
        found = compare_moments(present, Moment(now()), Moment(THEN), now()).differences
    assert found
    assert {(each.kind, each.last) for each in found} == {(Subject.MODEL, None)}
    assert all(each.after is not None and each.after["lifecycle"] == "retired" for each in found)


def test_a_key_sees_nothing_once_it_will_have_expired(empty: Installation) -> None:
    expires_at = now() + timedelta(days=10)
    key = empty.access.create_key("bot", expires_at=expires_at).key
    for at, works in ((expires_at - timedelta(seconds=1), True), (expires_at, False)):
        store = MomentStore(empty.store, Moment(at), now)
        with store.read() as reading:
            state = load(reading, Options())
        asker = Asker(state.keyring.get(key.fingerprint))
        assert bool(list(what_sees(state, asker, store.clock().timestamp()))) is bool(works and len(state.catalog))
        assert (AccessService(store, "ada", store.clock).show_key("bot").fault is None) is works


def test_models_that_retire_themselves_will_have_done_so_and_others_not(empty: Installation) -> None:
    day = now() + timedelta(days=10)
    empty.add(*(make_model(each) for each in ("itself", "earliest", "asked")))
    empty.catalog.deprecate("itself", "earliest", "asked", retires_at=day)
    exact = {"retirement_precision": RetirementPrecision.EXACT, "retires_itself": True}
    empty.catalog.change("itself", ModelChange(**exact))  # type: ignore[typeddict-item]
    earliest = {**exact, "retirement_precision": RetirementPrecision.EARLIEST}
    empty.catalog.change("earliest", ModelChange(**earliest))  # type: ignore[typeddict-item]
    empty.catalog.change("asked", ModelChange(retirement_precision=RetirementPrecision.EXACT))
    for at, retired in ((day - timedelta(seconds=1), set()), (day, {"itself"})):
        with MomentStore(empty.store, Moment(at), now).read() as reading:
            models = {model.id: model for model in reading.models()}
        assert {each for each, model in models.items() if model.lifecycle is Lifecycle.RETIRED} == retired
        assert models["itself"].retires_at == day

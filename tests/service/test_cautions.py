"""What plans warn of beside their impact is what one finds by looking at everything before and after."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given

from callsheet.domain.access.visibility import NOTHING, Visibility
from callsheet.domain.model import Lifecycle
from callsheet.domain.plan.warnings import ALIAS_RETIRES, SEES_NOTHING, PlanWarning
from callsheet.service.impact import judge
from tests.service.test_impact import DAY, NOW, ROOMS, World, changes_between, model, pairs, room


def warned(before: World, after: World) -> list[PlanWarning]:
    return list(judge(before.state(), changes_between(before, after), NOW).warnings)


def about(code: str, warnings: list[PlanWarning]) -> set[str]:
    return {subject for each in warnings if each.code == code for subject in each.subjects}


def ends(meant: Mapping[str, str], world: World) -> set[tuple[str, bool]]:
    """The names that mean a model without a replacement that ends, and whether it has ended."""
    found = ((name, world.models.get(target)) for name, target in meant.items())
    return {
        (name, each.lifecycle is Lifecycle.RETIRED)
        for name, each in found
        if each is not None
        and each.replacement is None
        and (each.lifecycle is Lifecycle.RETIRED or each.retires_at is not None)
    }


@given(pairs)
def test_an_alias_is_warned_of_exactly_if_it_comes_to_mean_a_model_that_retires_without_a_replacement(
    pair: tuple[World, World],
) -> None:
    before, after = pair
    past = ends({**before.aliases, **{model_id: model_id for model_id in before.models}}, before)
    new = {name for name, _ in ends(after.aliases, after) - past}
    assert about(ALIAS_RETIRES, warned(before, after)) == new


@given(pairs)
def test_a_workspace_is_warned_of_exactly_if_its_new_rules_show_nothing_and_are_not_said_to_empty_it(
    pair: tuple[World, World],
) -> None:
    before, after = pair
    state = after.state()
    listed = [each.id for each in after.models.values() if not each.hidden and each.lifecycle != "retired"]
    warnings = warned(before, after)
    blind = set()
    for each in state.workspaces.values():
        old = before.state().workspaces.get(each.id)
        rules = each.visibility.among(state.catalog.has_id)
        if (old is None or old.visibility != each.visibility) and listed and not any(map(rules.sees, listed)):
            blind.add(each.name)
    assert about(SEES_NOTHING, warnings) == blind - about("empty-list", warnings)


def test_a_model_that_retires_at_a_date_is_warned_of_and_one_with_a_replacement_is_not() -> None:
    before = World(
        {"a": model("a"), "b": model("b")}, {"latest": "a", "old": "a"}, rooms={ROOMS[0]: room(ROOMS[0])}
    )
    ending = model("a", lifecycle=Lifecycle.DEPRECATED, retires_at=NOW + DAY)
    after = replace(before, models={**before.models, "a": ending})
    (warning,) = warned(before, after)
    assert warning == PlanWarning(
        ALIAS_RETIRES,
        "The aliases latest, old mean a, which retires without a replacement. Name a replacement, or set the "
        "aliases to another model.",
        ("latest", "old"),
    )
    replaced = replace(before, models={**before.models, "a": replace(ending, replacement="b")})
    assert not warned(before, replaced)
    retired = replace(after, models={**after.models, "a": replace(ending, lifecycle=Lifecycle.RETIRED)})
    assert about(ALIAS_RETIRES, warned(after, retired)) == {"latest", "old"}
    assert about(ALIAS_RETIRES, warned(replaced, after)) == {"latest", "old"}


def test_a_workspace_that_is_to_see_nothing_is_not_warned_of_and_one_that_matches_nothing_is() -> None:
    before = World({"a": model("a")}, rooms={ROOMS[0]: room(ROOMS[0])})

    def with_rules(*allow: str) -> World:
        return replace(before, rooms={**before.rooms, ROOMS[1]: room(ROOMS[1], visibility=Visibility(allow))})

    assert not warned(before, with_rules(NOTHING))
    assert not warned(before, with_rules("a*"))
    (warning,) = warned(before, with_rules("clade-*"))
    assert (warning.code, warning.subjects) == (SEES_NOTHING, ("room 1",))
    assert warning.message == (
        "The rules of the workspace room 1 match no listed model; keys there get an empty list."
    )

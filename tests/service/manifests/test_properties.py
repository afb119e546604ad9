"""For any two files and whatever people did between them: plans are complete, and a second one is empty."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callsheet.domain.declared.held import settle
from callsheet.domain.errors import RefusedError
from callsheet.domain.manifest import Entry, Manifest
from tests.installation import Installation, make_model
from tests.service.manifests.files import Files, kept

NAMES = ["a", "b", "c"]

values = st.sampled_from([None, 5, 6])


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    """A file over few names, so that they meet."""

    def some(make: Any) -> tuple[Entry, ...] | None:
        if draw(st.integers(0, 4)) == 0:
            return None
        return tuple(make(name) for name in draw(st.lists(st.sampled_from(NAMES), unique=True)))

    def model(name: str) -> Entry:
        listed = draw(st.sampled_from([True, True, False, None]))
        fields: dict[str, Any] = draw(st.dictionaries(st.sampled_from(["max_tokens", "max_input_tokens"]), values))
        if draw(st.integers(0, 3)) == 0:
            fields["same_as"] = draw(st.sampled_from([other for other in NAMES if other != name]))
        was = draw(st.sampled_from([None, None, *NAMES]))
        return Entry(name, {} if listed is False else fields, listed, was=None if was == name else was)

    def workspace(name: str) -> Entry:
        rules = st.lists(st.sampled_from(NAMES), max_size=2)
        shape = st.sampled_from([None, "classic"])
        return Entry(
            name, draw(st.fixed_dictionaries({}, optional={"allow": rules, "deny": rules, "shape": shape}))
        )

    def key(name: str) -> Entry:
        number = NAMES.index(name)
        secret = draw(st.sampled_from([f"{number}{version}" * 32 for version in "12"]))
        more: dict[str, Any] = draw(
            st.sampled_from([{}, {"organization": True}, {"status": "disabled"}, {"workspace": "default"}])
        )
        return Entry(name, {"secret_sha256": secret, **more})

    models = some(model)
    taken = {entry.subject for entry in models or ()}
    kept_models = models and tuple(entry for entry in models if entry.was not in taken)
    free = [name for name in ("x", "y") if draw(st.booleans())]
    aliases = tuple(Entry(name, {"model_id": draw(st.sampled_from(NAMES))}) for name in free)
    return Manifest("team-a", kept_models, draw(st.sampled_from([None, aliases])), some(workspace), some(key))


acts = st.lists(
    st.tuples(
        st.sampled_from(["add", "change", "remove", "workspace", "key", "rotate", "disable", "archive"]),
        st.sampled_from(NAMES),
    ),
    max_size=3,
)


def act(files: Files, what: str, name: str) -> None:
    """What a person does, if it is possible."""
    catalog, access = files.installation.catalog, files.installation.access
    try:
        match what:
            case "add":
                catalog.add(make_model(name))
            case "change":
                catalog.change(name, {"max_tokens": 7})
            case "remove":
                catalog.remove(name, globs=False)
            case "workspace":
                access.change_workspace(name, {"deny": ("z",)})
            case "key":
                access.create_key(name)
            case "rotate":
                access.rotate_key(name)
            case "disable":
                access.disable_key(name)
            case "archive":
                access.archive_workspace(name)
    except RefusedError:
        pass


def content(files: Files) -> Any:
    """Everything that callers can notice."""
    state = files.installation.live().current
    workspaces = sorted((each.name, each.visibility, each.shape) for each in state.workspaces.values())
    return [*state.catalog], state.catalog.aliases(), workspaces, len(state.keyring)


@given(first=manifests(), people=acts, second=manifests())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_second_plan_is_empty_and_applying_a_plan_is_what_it_says(
    empty: Installation, first: Manifest, people: list[tuple[str, str]], second: Manifest
) -> None:
    files = Files(empty)
    for manifest in (Manifest("team-a", (), (), (), ()), first):
        _apply(files, manifest)
    for what, name in people:
        act(files, what, name)
    _apply(files, second)


def _apply(files: Files, manifest: Manifest) -> None:
    try:
        planned = files.service.plan(manifest)
    except RefusedError:
        return  # such as a key whose secret an archived one has
    revision = files.installation.live().current.revision
    changes = files.service.apply_saved(kept(planned.plan))
    state = files.installation.live().current
    assert state.revision == revision + (not planned.plan.is_empty)
    for step in planned.plan.steps:
        if step.kind == "model" and not step.is_of_claims_only:
            model = state.catalog.get(step.subject)
            assert (None if model is None else model.record()) == step.after
    again = files.service.plan(manifest)
    assert again.plan.is_empty, (changes, again.plan.steps)
    exported = files.exported()
    assert files.service.plan(exported).plan.is_empty, exported


fields = st.dictionaries(st.sampled_from(["p", "q"]), st.sampled_from([0, 1, 2]))


@given(
    wanted=fields, applied=fields, present=st.fixed_dictionaries({"p": st.integers(0, 2), "q": st.integers(0, 2)})
)
def test_a_field_is_changed_or_held_or_as_wanted_and_adopting_holds_none(
    wanted: dict[str, int], applied: dict[str, int], present: dict[str, int]
) -> None:
    defaults = {"p": 0, "q": 0}
    settled = settle(wanted, applied, present, defaults)
    after = {**present, **settled.changed}
    for name, value in wanted.items():
        assert (after[name] == value) is not (name in settled.held)
    again = settle(wanted, wanted, after, defaults)
    assert not again.changed
    assert again.held == settled.held
    adopted = settle(wanted, applied, present, defaults, adopt=True)
    assert not adopted.held
    assert all({**present, **adopted.changed}[name] == value for name, value in wanted.items())

"""Sources that a file configures."""

from dataclasses import replace
from datetime import timedelta

import pytest

from callsheet.domain.changes.claiming import claim
from callsheet.domain.claims.claims import Claims
from callsheet.domain.claims.manager import Manager, ManagerKind
from callsheet.domain.errors import ConflictError, ManifestError, RefusedError
from callsheet.service.manifests.export import Holders
from callsheet.service.sync.sources import SourcesService
from tests.installation import Installation, now
from tests.service.manifests.files import Files, kept

FILE = """\
sources:
  - {name: gpu-1, kind: vllm, url: "http://gpu-1:8000", secret: "env:GPU_KEY", every: 1m, deny: ["*embed*"]}
  - {name: gpu-2, kind: vllm, url: "http://gpu-2:8000"}
"""


@pytest.fixture
def files(empty: Installation) -> Files:
    return Files(empty)


def sources(files: Files) -> dict[str, dict[str, object]]:
    """Configuration by name, in the order of precedence."""
    with files.installation.store.read() as reading:
        return {source.name: dict(source.config) for source in reading.sources()}


def test_a_file_adds_configures_and_removes_sources_in_its_order(files: Files) -> None:
    files.apply(FILE)
    assert list(sources(files)) == ["gpu-1", "gpu-2"]
    assert sources(files)["gpu-1"]["every"] == "1m"
    files.apply(FILE.replace("every: 1m", "every: 2m"))
    assert sources(files)["gpu-1"]["every"] == "2m"
    files.apply(FILE.replace("every: 1m, ", ""))
    assert "every" not in sources(files)["gpu-1"]
    files.apply("sources: []")
    assert sources(files) == {}


def test_a_source_that_a_file_configures_otherwise_is_due_at_once(files: Files) -> None:
    files.apply(FILE)
    store = files.installation.store
    with store.write("test", now()) as writing:
        for state in writing.source_states().values():
            writing.put_source_state(replace(state, next_run_at=now() + timedelta(days=1)))
    files.apply(FILE.replace("every: 1m", "every: 2d"))
    with store.read() as reading:
        planned = {name: state.next_run_at for name, state in reading.source_states().items()}
    assert planned["gpu-1"] is None
    assert planned["gpu-2"] is not None


def test_a_source_that_leaves_the_file_takes_its_models_along(files: Files) -> None:
    files.apply(FILE)
    upstream = Manager(ManagerKind.SOURCE, "gpu-1")
    with files.installation.store.write("test", now()) as writing:
        writing.apply(claim(writing, [Claims("qwen", upstream, lists=True)]))
    assert files.ids() == ["qwen"]
    plan = files.plan("sources: []").plan
    assert [(str(step.action), step.subject) for step in plan.steps if step.kind == "model"] == [("remove", "qwen")]
    files.service.apply_saved(kept(plan))
    assert (files.ids(), sources(files)) == ([], {})


def test_what_a_person_configured_since_is_held_until_it_is_adopted(files: Files) -> None:
    files.apply(FILE)
    SourcesService(files.installation.store, "test", now).change("gpu-1", {"every": "9m"})
    text = FILE.replace("every: 1m", "every: 2m")
    assert [(held.field, held.wanted, held.present) for held in files.plan(text).held] == [("every", "2m", "9m")]
    files.apply(text)
    assert sources(files)["gpu-1"]["every"] == "9m"
    files.adopt(text)
    assert sources(files)["gpu-1"]["every"] == "2m"


def test_a_source_that_was_there_is_not_removed_with_the_file(files: Files) -> None:
    files.apply(FILE)
    other = FILE.replace("sources:", "manager: team-b\nsources:")
    files.service.apply(files.plan(other))
    files.service.apply(files.plan("manager: team-b\nsources: []"))
    assert list(sources(files)) == ["gpu-1", "gpu-2"]


def test_a_protected_source_does_not_go(files: Files) -> None:
    files.apply(FILE.replace("{name: gpu-2", "{protected: true, name: gpu-2"))
    with pytest.raises(ConflictError, match="would remove sources that are protected: gpu-2"):
        files.plan("sources: []")


ASKED = "sources: [{name: gateway, kind: litellm, url: 'http://gateway:4000', asks_keys: true, workspace: lab}]"
LAB = "workspaces: [{name: lab, deny: [x]}]"


def test_a_file_makes_the_workspace_of_a_source_that_is_asked_about_keys(files: Files) -> None:
    files.apply(f"{LAB}\n{ASKED}")
    lab = files.installation.access.show_workspace("lab")
    assert sources(files)["gateway"]["workspace"] == lab.id
    files.apply(f"{LAB}\n{ASKED.replace(', workspace: lab', '')}")
    assert "workspace" not in sources(files)["gateway"]


def test_a_kept_plan_of_a_source_and_the_workspace_of_its_keys_applies_later(files: Files) -> None:
    plan = kept(files.plan(f"{LAB}\n{ASKED}").plan)
    record = next(step.after for step in plan.steps if step.kind == "source")
    assert record is not None
    assert record["config"]["workspace"] == "lab"
    files.service.apply_saved(plan)
    assert files.plan(f"{LAB}\n{ASKED}").plan.is_empty
    assert sources(files)["gateway"]["workspace"] == files.installation.access.show_workspace("lab").id


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ASKED, "There is no workspace 'lab'"),
        (
            (
                "sources: [{name: a, kind: openai, url: 'http://a', asks_keys: true}, "
                "{name: b, kind: openai, url: 'http://b', asks_keys: true}]"
            ),
            "The source a is asked about keys, so b cannot be, too",
        ),
    ],
)
def test_a_file_cannot_say_what_would_mix_keys_up(files: Files, text: str, words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        files.plan(text)


def test_a_file_can_pass_the_question_about_keys_from_one_source_to_another(files: Files) -> None:
    text = "sources: [{name: a, kind: openai, url: 'http://a', asks_keys: true}, {name: b, kind: openai, url: 'http://b'}]"
    files.apply(text)
    files.apply(text.replace(", asks_keys: true", "").replace("http://b'", "http://b', asks_keys: true"))
    assert [name for name, config in sources(files).items() if config.get("asks_keys")] == ["b"]


def test_a_file_cannot_take_the_workspace_of_keys_away_and_can_together_with_its_source(files: Files) -> None:
    files.apply(f"{LAB}\n{ASKED}")
    with pytest.raises(ConflictError, match="The workspace lab of the source gateway is archived"):
        files.plan(f"workspaces: []\n{ASKED}")
    files.apply("workspaces: []\nsources: []")
    assert sources(files) == {}


def test_that_keys_were_forgotten_is_not_exported_and_stays(files: Files) -> None:
    files.apply(ASKED.replace(", workspace: lab", ""))
    service = SourcesService(files.installation.store, "test", now)
    forgotten = service.forget("gateway").config.keys_forgotten_at
    exported = files.service.export("team-a", Holders.PEOPLE)
    assert "keys_forgotten_at" not in (exported.sources or ())[0].fields
    assert files.service.plan(exported).is_in_sync
    files.apply(ASKED.replace("workspace: lab", "every: 9m"))
    assert sources(files)["gateway"]["keys_forgotten_at"] == forgotten


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("every: 1s", "x.yaml:3: source gpu-1: "),
        ("kind: vlm", "x.yaml:3: source gpu-1: kind of a source must be one of"),
        ("new: maybe", "new of a source must be one of list, hide, hold"),
    ],
)
def test_a_source_that_is_configured_wrongly_is_refused_with_its_line(
    files: Files, wrong: str, sentence: str
) -> None:
    name = wrong.partition(":")[0]
    fields = {"kind": "kind: vllm", "every": "every: 1m", "new": "new: list"}
    fields[name] = wrong
    text = f"sources:\n- {{name: gpu-1, url: 'http://gpu-1:8000', {', '.join(fields.values())}}}"
    with pytest.raises(ManifestError) as caught:
        files.plan(text)
    assert sentence in str(caught.value)
    assert sources(files) == {}


def test_an_export_of_sources_is_in_sync(files: Files) -> None:
    files.apply(FILE)
    exported = files.service.export("team-a", Holders.PEOPLE)
    assert [entry.subject for entry in exported.sources or ()] == ["gpu-1", "gpu-2"]
    assert files.service.plan(files.exported()).is_in_sync


def test_everything_can_be_exported_with_all_that_is_known(installation: Installation) -> None:
    exported = Files(installation).service.export("all", Holders.EVERYONE)
    assert len(exported.models or ()) == len(installation.catalog.list())
    opus = next(entry for entry in exported.models or () if entry.subject == "claude-opus-5")
    assert opus.fields["max_input_tokens"] == 1_000_000

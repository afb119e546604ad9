"""The double with the official clients: in one process with them, in the environments they come in."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

import callsheet
from callsheet.testing import ModelsAPI
from tests.clients.programs import clean_environment, go_driver, java_driver, python_driver, run, run_driver
from tests.clients.server import ClientServer
from tests.tiers import exhaustive, first

MODELS: Final = ["claude-a", "claude-b", "claude-c", "claude-d", "claude-e"]
OLDEST: Final = "anthropic-0.42"


#: Asked without ``--all``: the newest in both modes and the oldest. The others behave like one of them.
UNLIKE: Final = ("anthropic-2-sync", "anthropic-2-async", f"{OLDEST}-sync")
ANTHROPIC: Final = [
    pytest.param(client, mode, marks=() if f"{client}-{mode}" in UNLIKE else exhaustive)
    for client in (OLDEST, "anthropic-1.17", "anthropic-2")
    for mode in ("sync", "async")
]


@pytest.mark.parametrize(("client", "mode"), ANTHROPIC)
def test_anthropics_client_meets_every_fault(client: str, mode: str, tmp_path: Path) -> None:
    python, *_ = python_driver(client, "", mode)
    report = drive(python, mode, tmp_path)
    assert report["walked"] == MODELS
    bearer = f"Bearer {report['key']}"
    assert report["sent"] == ([None, bearer] if client == "anthropic-2" else [report["key"], None])
    assert report["patient"] == [5, [429, 429, 200]]
    overloaded = "InternalServerError" if client == OLDEST else "OverloadedError"
    assert report["overloaded"] == f"{overloaded}: Overloaded"
    assert report["broken"] == "InternalServerError: Internal server error"
    assert report["late"] == "APITimeoutError: None"
    assert report["cut"] == "APIConnectionError: None"
    assert report["hidden"] == (MODELS if client == OLDEST else MODELS[:2])  # which does not look at has_more
    assert report["null"] == MODELS[:2]
    assert report["loop"] == [*MODELS[:2], *MODELS]
    assert report["unused"] == 0
    assert report["expired"] == "AuthenticationError: API key has expired."
    assert report["after_retirement"] == MODELS[1:]
    assert report.get("without_network") == (None if mode == "sync" else "claude-c")


def drive(python: str, mode: str, home: Path) -> Any:
    """The report of `drive_sdk.py`, which finds Callsheet, and nothing else of this environment."""
    packages = home / "packages"
    packages.mkdir()
    (packages / "callsheet").symlink_to(Path(callsheet.__file__).parent)
    driver = Path(__file__).with_name("drive_sdk.py")
    program = f"import sys; sys.path.append({str(packages)!r})\n{driver.read_text()}"
    code, printed, complaint = run([python, "-W", "error", "-c", program, mode], home, clean_environment(home))
    assert code == 0, complaint
    return json.loads(printed)


FAULTS: Final[dict[str, dict[str, Any]]] = {
    "none": {},
    "hidden": {"has_more": False},
    "null": {"null_ids": True},
    "loop": {"loop": True},
    "overloaded": {"status": 529},
    "cut": {"cut": True},
}


@pytest.mark.parametrize("client", first(["go", "java-3", "java-2.58"], 2))
def test_go_and_java_meet_faults_at_their_first_page(client: str, tmp_path: Path) -> None:
    command = go_driver("list") if client == "go" else java_driver(client, "list")
    with ExitStack() as stack:
        doubles = [stack.enter_context(ModelsAPI(MODELS)) for _ in FAULTS]
        for double, fault in zip(doubles, FAULTS.values(), strict=True):
            if fault:
                double.fail(**fault)
        server = ClientServer("", doubles[0].api_key, [], tmp_path)
        job = {"urls": [double.url for double in doubles], "key": server.key, "limit": 2, "at_most": 20}
        listed = dict(zip(FAULTS, run_driver(command, server, job), strict=True))
        assert [double.unused_faults for double in doubles] == [[]] * len(FAULTS)
    assert (
        listed
        == {
            "none": MODELS,
            "hidden": MODELS if client == "java-2.58" else MODELS[:2],  # which does not look at has_more
            "null": MODELS[:2],
            "loop": [*MODELS[:2], *MODELS],
            "overloaded": None,
            "cut": None,
        }
    )


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_openais_client_is_answered_in_its_own_shapes(mode: str, tmp_path: Path) -> None:
    with ModelsAPI(MODELS) as api:
        server = ClientServer(api.url, api.api_key, [], tmp_path)
        report = run_driver(python_driver("openai", "drive_openai.py", mode), server, {"names": MODELS[:1]})
    assert [model["id"] for model in report["all"]] == MODELS
    assert report["retrieved"]["claude-a"]["id"] == "claude-a"
    assert report["errors"]["wrong_key"]["code"] == "invalid_api_key"
    assert report["errors"]["unknown_model"]["code"] == "model_not_found"

"""The recordings of upstreams are true: vendors' own clients read them, and see in them what our modules see."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from callsheet.domain.times import parse_instant
from callsheet.sources.aws_credentials import AWSKeys
from callsheet.sources.aws_signature import sign_get
from callsheet.sources.credentials import credentials
from callsheet.sources.registry import upstream_of
from callsheet.sources.upstream import Options
from tests.clients.programs import clean_environment, python_driver
from tests.sources.recorded import listed_in, reading_of
from tests.sources.replay import Replay, replay
from tests.sources.test_openrouter import of_the_account as recorded_of_account
from tests.tiers import exhaustive

pytestmark = exhaustive

SECRET: Final = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEYS: Final = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": SECRET}
_SECONDS: Final = 120  # many times what a driver takes


def drive(mode: str, job: dict[str, Any], tmp_path: Path, client: str = "upstreams") -> Any:
    """What the official client of an upstream reports."""
    done = subprocess.run(
        python_driver(client, "drive_upstreams.py", mode),
        input=json.dumps(job),
        cwd=tmp_path,
        env=clean_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def boto3(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Replay]:
    """What boto3 reported of the recording of Bedrock, and what it asked."""
    with replay("bedrock") as served:
        job = {"url": served.url, "region": "eu-west-1", "keys": KEYS}
        return drive("bedrock", job, tmp_path_factory.mktemp("boto3")), served


def test_boto3_reads_the_recording_of_bedrock(boto3: tuple[Any, Replay]) -> None:
    report, _ = boto3
    assert report["version"].startswith("1.44.")
    profiles = {row["inferenceProfileId"]: row for row in report["profiles"]}
    models = {row["modelId"]: row for row in report["models"]}
    assert len(profiles) == 4
    for model_id, listed in listed_in(reading_of("bedrock")).items():
        row = profiles.get(model_id) or models[model_id]
        assert listed.fields["display_name"] == (row.get("inferenceProfileName") or row["modelName"])
        arns = [each["modelArn"].rpartition("/")[2] for each in row.get("models", [])]
        check_stage(listed.fields, models.get(arns[0] if arns else model_id, {}).get("modelLifecycle", {}))


def check_stage(fields: Any, theirs: dict[str, Any]) -> None:
    """The stage and the dates are those that boto3 parsed."""
    stage = {"ACTIVE": "active", "LEGACY": "deprecated", None: None}[theirs.get("status")]
    assert fields.get("lifecycle") == stage
    names = {"startOfLifeTime": "created_at"}
    if stage == "deprecated":
        names |= {"legacyTime": "deprecated_at", "endOfLifeTime": "retires_at"}
    for their_name, name in names.items():
        if their_name in theirs:
            assert parse_instant(fields[name]) == datetime.fromisoformat(theirs[their_name])


def test_our_requests_to_bedrock_are_signed_as_boto3_signs_its_own(boto3: tuple[Any, Replay]) -> None:
    """The very requests that boto3 sent, with its time, signed by us."""
    _, served = boto3
    assert len(served.asked) == 3
    for path, headers in served.asked:
        now = datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        secret = ":".join(KEYS.values())
        ours = credentials(upstream_of("bedrock"), served.url + path, secret, Options(region="eu-west-1"), now)
        assert ours["authorization"] == headers["authorization"]


def test_botocore_signs_any_url_as_we_do(tmp_path: Path) -> None:
    hosts = [
        "https://bedrock.eu-west-1.amazonaws.com",
        "http://127.0.0.1:4566",
        "https://Example.com:443",
        "http://a:80",
    ]
    paths = ["", "/", "/foundation-models", "/a%20b/~c", "/with%2Fslash", "/ünï".encode().decode("latin-1")]
    queries = ["", "?b=2&a=1", "?nextToken=AA%2B%2F%3D%3D&maxResults=1000", "?a=&b", "?a=1&a=0", "?z=~x&y=%7E"]
    requests: list[dict[str, Any]] = [
        {
            "url": host + path + query,
            "id": "AKIDEXAMPLE",
            "secret": SECRET[number % 7 :],
            "token": "" if number % 2 else "FwoGZXIvYXdzE+/==",
            "region": ["us-east-1", "eu-west-1"][number % 2],
            "at": 1_700_000_000 + 86_399 * number,
        }
        for number, (host, path, query) in enumerate(
            (host, path, query) for host in hosts for path in paths for query in queries
        )
    ]
    for each, theirs in zip(requests, drive("signatures", {"requests": requests}, tmp_path), strict=True):
        keys = AWSKeys(each["id"], each["secret"], each["token"])
        ours = sign_get(each["url"], keys, each["region"], "bedrock", datetime.fromtimestamp(each["at"], UTC))
        assert (each["url"], ours) == (each["url"], {name: theirs[name] for name in ours})


def test_google_genai_reads_the_recording_of_gemini(tmp_path: Path) -> None:
    with replay("gemini") as served:
        report = drive("gemini", {"url": served.url, "api_key": "AIzaExample"}, tmp_path)
    assert report["version"].startswith("3.")
    theirs = {
        model["name"].removeprefix("models/"): model
        for model in report["models"]
        if "generateContent" in model["supported_actions"]
    }
    ours = listed_in(reading_of("gemini"))
    assert list(ours) == list(theirs)
    for model_id, model in theirs.items():
        fields = ours[model_id].fields
        assert fields["display_name"] == model["display_name"]
        assert (fields["max_input_tokens"], fields["max_tokens"]) == (
            model["input_token_limit"],
            model["output_token_limit"],
        )
        assert fields["capabilities"].get("thinking", {}).get("supported") == model.get("thinking")
    assert served.asked[0][1]["x-goog-api-key"] == "AIzaExample"


def test_google_genai_reads_the_recording_of_vertex(tmp_path: Path) -> None:
    with replay("vertex") as served:
        report = drive("vertex", {"url": served.url, "token": "ya29.example"}, tmp_path)
    ours = reading_of("vertex", options=Options(provider="google"))
    assert [model["name"] for model in report["models"]] == ["publishers/google/models/aurora-3-flash"]
    assert [each.id for each in ours.listed] == ["aurora-3-flash"]
    assert served.asked[0][1]["authorization"] == "Bearer ya29.example"


@pytest.mark.parametrize("of_account", [False, True])
def test_openrouters_client_reads_the_recording_of_openrouter(tmp_path: Path, of_account: bool) -> None:
    job = {"api_key": "sk-or-example", "offsets": [0, 4], "of_account": of_account}
    with replay(recorded_of_account() if of_account else "openrouter") as served:
        report = drive("openrouter", {"url": served.url, **job}, tmp_path)
    assert report["version"].startswith("1.3.")
    theirs = {row["id"]: row for page in report["pages"] for row in page["data"]}
    ours = listed_in(reading_of("openrouter"))
    for model_id, listed in ours.items():
        row = theirs[model_id]
        assert listed.fields["display_name"] == row["name"]
        assert parse_instant(listed.fields["created_at"]) == datetime.fromtimestamp(row["created"], UTC)
        assert listed.fields.get("max_tokens") == row["top_provider"]["max_completion_tokens"]
        for alias in listed.aliases:
            assert theirs[alias]["alias_target"]["slug"] == model_id
    assert len(theirs) == 7
    assert served.asked[0][1]["authorization"] == "Bearer sk-or-example"


def test_anthropics_client_reads_the_recording_of_anthropic(tmp_path: Path) -> None:
    with replay("anthropic") as served:
        report = drive("anthropic", {"url": served.url, "api_key": "sk-ant-example"}, tmp_path, "anthropic-2")
    assert report["version"].startswith("2.")
    ours = listed_in(reading_of("anthropic"))
    assert [model["id"] for model in report["models"]] == list(ours)
    for model in report["models"]:
        fields = ours[model["id"]].fields
        assert fields["lifecycle"] == model["lifecycle"]
        for name in ("max_input_tokens", "max_tokens", "line"):
            assert fields.get(name) == model[name]
        for name in ("deprecated_at", "retires_at"):
            assert (fields.get(name) and parse_instant(fields[name])) == (
                model[name] and parse_instant(model[name])
            )


@pytest.mark.parametrize("recording", ["openai", "vllm", "sglang", "llamacpp", "litellm"])
def test_openais_client_reads_the_recordings_in_its_shape(recording: str, tmp_path: Path) -> None:
    with replay(recording) as served:
        report = drive("openai", {"url": served.url, "api_key": "sk-example"}, tmp_path, "openai")
    assert report["version"].startswith("3.")
    theirs = {model["id"]: model for model in report["models"]}
    reading = reading_of(recording)
    names = {name for each in reading.listed for name in (each.id, *each.aliases)}
    if recording != "litellm":  # of which wildcards and teams' own names are expanded
        assert set(theirs) <= names
    if recording != "openai":  # the others do not state when a model was released
        return
    for each in reading.listed:
        assert parse_instant(each.fields["created_at"]) == datetime.fromtimestamp(theirs[each.id]["created"], UTC)
        assert each.fields.get("retires_at", "")[:10] == (theirs[each.id].get("shutdown_date") or "")


def test_ollamas_client_reads_the_recording_of_ollama(tmp_path: Path) -> None:
    names = ["maple:latest", "maple-long:8b", "spruce-vl:3b"]
    with replay("ollama") as served:
        report = drive("ollama", {"url": served.url, "names": names}, tmp_path, "ollama")
    assert report["version"].startswith("0.6.")
    reading = reading_of("ollama")
    theirs = {model["model"]: model for model in report["tags"]}
    assert set(theirs) == {each.id for each in reading.listed} | {each.id for each in reading.dropped}
    ours = listed_in(reading)
    for each in reading.listed:
        assert abs(parse_instant(each.fields["created_at"]) - instant(theirs[each.id]["modified_at"])).seconds == 0
    (running,) = report["running"]
    assert ours[running["model"]].fields["max_input_tokens"] == running["context_length"]
    assert "num_ctx" in report["show"]["maple-long:8b"]["parameters"]
    for name in names:
        capabilities = ours[name].fields["capabilities"]
        assert capabilities["image_input"]["supported"] == ("vision" in report["show"][name]["capabilities"])


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)

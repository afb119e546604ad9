"""The whole files of models.dev and of LiteLLM, as their packages carry them."""

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from callsheet.sources.following import object_of
from callsheet.sources.litellm_entry import EXAMPLE, NO_TEXT, WILDCARD
from callsheet.sources.models_dev import OTHER_PROVIDER
from callsheet.sources.read import NOT_AN_OBJECT, read
from callsheet.sources.registry import upstream_of
from callsheet.sources.settle import settle
from callsheet.sources.upstream import Answer, Dropped, Listed, Options, Request
from tests.clients.installed import installed
from tests.clients.programs import be_without
from tests.sources.test_lifecycle import NOW
from tests.tiers import exhaustive

pytestmark = exhaustive

ROOT = Path(__file__).parents[2]


def packaged(client: str, name: str) -> bytes:
    """A file of a package that is installed in the environment of a client."""
    folder = installed(client)
    if folder is None:
        be_without(f"{name} is missing; run: python -m tests.clients.install --all")
    (found,) = folder.glob(f"lib/python*/site-packages/{name}")
    return gzip.decompress(found.read_bytes()) if found.suffix == ".gz" else found.read_bytes()


@pytest.fixture(scope="module")
def models_dev() -> Answer:
    body = packaged("upstreams", "models_dev/data.json.gz")
    return Answer(Request("GET", "/api.json"), 200, {}, body)


@pytest.fixture(scope="module")
def prices() -> Answer:
    body = packaged("litellm", "litellm/model_prices_and_context_window_backup.json")
    return Answer(Request("GET", ""), 200, {}, body)


class Opened:
    """An upstream whose only answer is parsed once, for all providers in it."""

    def __init__(self, kind: str, answer: Answer) -> None:
        self.upstream = upstream_of(kind)
        self.answer = answer
        self.found = self.upstream.rows([answer])

    def requests(self, options: Options, answers: Sequence[Answer]) -> Sequence[Request]:
        return self.upstream.requests(options, answers)

    def rows(self, _answers: Sequence[Answer]) -> Sequence[object]:
        return self.found

    def listed(self, row: Mapping[str, Any], options: Options) -> Listed | Dropped:
        return self.upstream.listed(row, options)

    def authorization(self, secret: str) -> Mapping[str, str]:
        return self.upstream.authorization(secret)


class Figures:
    """What all providers of a file together come to."""

    def __init__(self, opened: Opened, providers: Iterable[str]) -> None:
        self.known = Counter[str]()
        self.reasons = Counter[str]()
        self.senseless: list[str] = []
        self.listed = 0
        for provider in sorted(providers):
            reading = read(opened, [opened.answer], Options(provider=provider))
            self.listed += len(reading.listed)
            self.reasons.update(reading.reasons())
            for each in reading.listed:
                json.dumps(settle(each.fields, None, NOW))
                self.known.update(each.fields.keys())
                self.senseless += [f"{each.id}: {note}" for note in each.notes if "makes no sense" in note]
        assert opened.requests(Options(provider=provider), [opened.answer]) == ()

    def __str__(self) -> str:
        return f"{self.listed} read; known: {dict(self.known)}; senseless: {self.senseless}"


def test_the_models_of_all_providers_of_models_dev_are_read(models_dev: Answer) -> None:
    whole = object_of(models_dev)
    figures = Figures(Opened("models-dev", models_dev), whole)
    models = sum(len(provider["models"]) for provider in whole.values())
    print(f"models.dev: {models} models of {len(whole)} providers, {figures}")
    assert len(whole) > 100
    assert models > 4000
    assert figures.listed > 0.9 * models
    assert set(figures.reasons) == {OTHER_PROVIDER, NO_TEXT}
    assert len(figures.senseless) < 10  # such as a day in month 25
    assert figures.known["created_at"] >= figures.listed - len(figures.senseless)


def test_the_entries_of_all_providers_of_litellms_prices_are_read(prices: Answer) -> None:
    whole = object_of(prices)
    providers = {entry["litellm_provider"] for entry in whole.values() if "litellm_provider" in entry}
    figures = Figures(Opened("litellm-prices", prices), providers)
    print(f"LiteLLM's prices: {len(whole)} entries of {len(providers)} providers, {figures}")
    assert len(whole) > 4000
    assert figures.reasons[EXAMPLE] == len(providers)  # once for each
    assert {NO_TEXT, WILDCARD} <= set(figures.reasons)
    assert NOT_AN_OBJECT not in figures.reasons
    assert len(figures.senseless) < 10
    assert figures.known["retires_at"] > 500


@pytest.mark.parametrize("kind", ["models-dev", "litellm-prices"])
def test_what_is_read_of_anthropics_models_is_what_the_program_knows_of_them(
    kind: str, request: pytest.FixtureRequest
) -> None:
    """Two independent lists and the built-in facts agree on the limits of models that are in all of them."""
    answer = request.getfixturevalue(kind.replace("litellm-", "").replace("-", "_"))
    built_in = {
        each["id"]: each for each in json.loads((ROOT / "src/callsheet/data/models.json").read_text())["models"]
    }
    reading = read(upstream_of(kind), [answer], Options(provider="anthropic"))
    both = {each.id: each.fields for each in reading.listed if each.id in built_in}
    assert len(both) >= 10
    differing = {
        model_id: (name, fields[name], built_in[model_id].get(name))
        for model_id, fields in both.items()
        for name in ("max_input_tokens", "max_tokens")
        if name in fields and fields[name] != built_in[model_id].get(name)
    }
    print(f"{kind}: {len(both)} models that are built in, different: {differing}")
    assert len(differing) <= len(both) // 3

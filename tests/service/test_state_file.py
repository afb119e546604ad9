"""The state file: what was saved comes back as it was, or is refused; never anything else."""

from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings

from callsheet.api.state import Options, State
from callsheet.domain.access import Shape
from callsheet.domain.errors import StateFileError
from callsheet.domain.model import Lifecycle
from callsheet.service.state_file import StateFile
from tests.installation import Installation, make_model, now
from tests.service.seen import everything
from tests.strategies import models

ROOT = Path(__file__).parent.parent.parent
PLACE = "/where/the/database/is"
KNOWN_AT = 1_790_000_000.25


@pytest.fixture
def state(installation: Installation) -> State:
    """One that has something of everything, and not too much of it."""
    installation.clear_catalog()
    installation.add(
        make_model("plain"),
        make_model("gone"),
        make_model(
            "full",
            display_name="Voll, 完全 \N{SNOWMAN}",
            description="Two\nlines",
            line="opus",
            max_tokens=1,
            max_input_tokens=2**53 - 1,
            capabilities={"batch": {"supported": True}},
            lifecycle=Lifecycle.RETIRED,
            deprecated_at=now() - timedelta(days=2),
            retires_at=now() - timedelta(days=1),
            replacement="plain",
            hidden=True,
            source="somewhere",
        ),
    )
    installation.catalog.remove("gone")
    installation.catalog.alias("short", "plain")
    installation.workspace("team", ("full*",), ("*-x",), shape=Shape.CLASSIC)
    installation.key(name="plain")
    installation.key(name="ends", workspace="team", expires_at=now() + timedelta(seconds=60.5))
    installation.key(name="all", organization=True)
    installation.key(name="off")
    installation.access.disable_key("off")
    return installation.live().current


@pytest.fixture
def file(tmp_path: Path) -> StateFile:
    return StateFile(tmp_path / "state", PLACE)


def write(file: StateFile, state: State, known_at: float = KNOWN_AT) -> bytes:
    file.write(state, known_at, rest=lambda _: None)
    return file.path.read_bytes()


def refused(file: StateFile, options: Options | None = None) -> str:
    """The sentence with which it is refused."""
    with pytest.raises(StateFileError) as refusal:
        file.read(options or Options())
    assert str(refusal.value).startswith((f"The state file {file.path} ",))
    return str(refusal.value).removeprefix(f"The state file {file.path} ")


def test_what_is_saved_is_read_back_with_its_time_and_the_options_of_the_reader(file: StateFile, state: State) -> None:
    write(file, state)
    options = Options(default_limit=7)
    saved = file.read(options)
    assert saved is not None
    assert everything(saved.state) == everything(state)
    assert saved.known_at == KNOWN_AT
    assert saved.state.options is options
    assert file.is_good()
    assert file.holds(state)


def test_many_models_come_back_in_their_order(file: StateFile, empty: Installation) -> None:
    with empty.store.write("test", now()) as writing:
        for number in range(1000):
            model = make_model(f"m{number}")
            writing.put_model(model)
            writing.record("add", "model", model.id, None, None)
    state = empty.live().current
    write(file, state)
    saved = file.read(Options())
    assert saved is not None
    assert everything(saved.state) == everything(state)


_numbers = count()


@settings(max_examples=50)
@given(models())
def test_any_model_comes_back_as_it_was(installation: Installation, tmp_path: Path, model: object) -> None:
    state = installation.live().current
    catalog = state.catalog.changed({"m": model})  # type: ignore[dict-item]
    file = StateFile(tmp_path / f"{next(_numbers)}", PLACE)
    from dataclasses import replace

    write(file, replace(state, catalog=catalog))
    saved = file.read(Options())
    assert saved is not None
    assert list(saved.state.catalog) == list(catalog)

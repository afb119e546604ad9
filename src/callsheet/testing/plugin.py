"""The pytest plugin: the fixture `models_api`.

Every run of pytest imports this file if Callsheet is installed; it imports the rest only for tests that need it.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from callsheet.testing.double import ModelsAPI


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "models_api(**options): options of the fixture models_api, such as catalog, clock, shape, env, strict.",
    )


def pytest_collection_finish(session: pytest.Session) -> None:
    """Import the double before the first test that uses it, as modules must not be imported in frozen time."""
    if any("models_api" in getattr(item, "fixturenames", ()) for item in session.items):
        import_module("callsheet.testing.double")


@pytest.fixture
def models_api_options() -> dict[str, Any]:
    """Options of `models_api`; override this fixture to set them for a module or a package."""
    return {}


@pytest.fixture
def models_api(request: pytest.FixtureRequest, models_api_options: dict[str, Any]) -> "Iterator[ModelsAPI]":
    """A Models API on a free port; official clients find it by environment variables.

    Options are those of `ModelsAPI`, and ``env=False`` to leave environment variables alone, and ``strict=False``
    to let a test pass although a fault never happened.
    """
    from callsheet.testing.double import ModelsAPI

    options = {**models_api_options, **_marked(request.node)}
    _refuse_unknown(options, [*signature(ModelsAPI).parameters, "env", "strict"])
    env, strict = options.pop("env", True), options.pop("strict", True)
    with ModelsAPI(**options) as api, api.env if env else nullcontext():
        yield api
    if strict and api.unused_faults:
        idle = ", ".join(f"fail({_arguments(fault)})" for fault in api.unused_faults)
        pytest.fail(f"Never happened: {idle}. Remove it, or pass strict=False.", pytrace=False)


def _refuse_unknown(options: Iterable[str], known: Sequence[str]) -> None:
    for name in options:
        if name not in known:
            pytest.fail(f"models_api has no option {name!r}; it has {', '.join(known)}.", pytrace=False)


def _marked(item: pytest.Item) -> dict[str, Any]:
    """Return the options of all markers of a test."""
    options: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers("models_api"))):  # the nearest has the last word
        if marker.args:
            pytest.fail("The marker models_api takes its options by name, such as catalog=[...].", pytrace=False)
        options |= marker.kwargs
    return options


def _arguments(fault: Any) -> str:
    fields = fault.model_dump(exclude_defaults=True)
    return ", ".join(f"{name}={value!r}" for name, value in fields.items())

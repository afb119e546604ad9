"""The public names of the package: one sorted list, and nothing beside it."""

import subprocess
import sys

import pytest

import callsheet
from callsheet.domain import errors


def test_the_list_of_names_is_sorted_and_tells_each_once() -> None:
    assert callsheet.__all__ == sorted(set(callsheet.__all__))


def test_every_name_is_there_and_documented() -> None:
    for name in callsheet.__all__:
        value = getattr(callsheet, name)
        if name != "__version__":
            assert (value.__name__, bool(value.__doc__)) == (name, True)
            assert value.__module__.startswith("callsheet.")


def test_every_error_that_a_client_raises_is_among_them() -> None:
    raised = [errors.APIError, errors.ClientError]
    for kind in raised:
        raised.extend(kind.__subclasses__())
    assert {kind.__name__ for kind in raised} <= set(callsheet.__all__)


def test_a_name_that_is_not_there_is_told_as_python_does() -> None:
    with pytest.raises(AttributeError, match=r"^module 'callsheet' has no attribute 'nope'$"):
        _ = callsheet.nope  # type: ignore[attr-defined]  # that this is needed shows that type checkers tell, too


def test_importing_the_package_imports_nothing_that_is_slow() -> None:
    program = "import sys, callsheet; print(sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    for name in ("httpx2", "pydantic", "anyio", "asyncio"):
        assert f"'{name}'" not in done.stdout


@pytest.mark.parametrize("module", ["callsheet", "callsheet.testing", "callsheet.testing.plugin"])
def test_whoever_looks_at_everything_that_is_there_imports_nothing_by_it(module: str) -> None:
    """As freezegun does in every program that has imported the package, be it for the plugin for pytest."""
    program = (
        f"import sys, {module} as module\n"
        "before = set(sys.modules)\n"
        "seen = [getattr(module, name) for name in dir(module)]\n"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

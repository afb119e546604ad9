"""The environment variables by which official clients find the double."""

import os
from types import TracebackType
from typing import Final, Self

#: Removed from the environment of the tests: other credentials and headers that clients would send, and proxies,
#: through which the double may not be reachable.
_HIDDEN: Final = (
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_CUSTOM_HEADERS",
    "ANTHROPIC_WORKSPACE_ID",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    "ALL_PROXY",
    "HTTP_PROXY",
    "all_proxy",
    "http_proxy",
)


class Environment(dict[str, str]):
    """Base URLs and keys, by the names that clients read.

    A dictionary, to be passed to a process; and a context manager that sets them in this process, and removes other
    credentials and proxies.

    Parameters
    ----------
    url
        Of the double, without a slash at its end.
    api_key
        A key it accepts.
    """

    def __init__(self, url: str, api_key: str) -> None:
        super().__init__(
            ANTHROPIC_BASE_URL=url,
            ANTHROPIC_API_KEY=api_key,
            OPENAI_BASE_URL=f"{url}/v1",
            OPENAI_API_KEY=api_key,
        )
        self._before: list[dict[str, str | None]] = []

    def __enter__(self) -> Self:
        self._before.append({name: os.environ.get(name) for name in (*self, *_HIDDEN)})
        _set({**dict.fromkeys(_HIDDEN), **self})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _set(self._before.pop())


def _set(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value

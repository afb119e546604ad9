"""Bodies of responses as JSON, parsed without trust."""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final, NoReturn

from callsheet.doctor.probe.texts import one_line, shortened

_MAX_DEPTH: Final = 64

#: Checks come back to the same few bodies, and large ones take much memory.
_CACHED_BODIES: Final = 4

_MAX_ID_LENGTH: Final = 120  # characters of an id in a summary
_MAX_VALUE_LENGTH: Final = 80  # characters of any other value in a summary
_MAX_MEMBERS: Final = 8  # of an object in a summary


@lru_cache(_CACHED_BODIES)
def parse_body(body: bytes) -> Any:
    """Return the JSON value of ``body``; None if it is not valid JSON, or nested too deeply to be walked."""
    try:
        value = json.loads(body, parse_constant=_reject)
    except (ValueError, RecursionError):
        return None
    return None if _is_too_deep(value) else value


def summarize(value: object) -> str:
    """Return a list of models with only its first and last id; empty for any other value."""
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        return ""
    entries = value["data"]
    ends = entries if len(entries) < 2 else (entries[0], entries[-1])
    named = (str(each.get("id")) if isinstance(each, dict) else "?" for each in ends)
    ids = " … ".join(shortened(name, _MAX_ID_LENGTH) for name in named)
    models = f"{len(entries)} models: {ids}" if len(entries) > 1 else ids
    members = [
        f"{json.dumps(name)}: {json.dumps(value[name])[:_MAX_VALUE_LENGTH]}"
        for name in list(value)[:_MAX_MEMBERS]
        if name != "data"
    ]
    return one_line("{" + ", ".join([f'"data": [{models}]', *members]) + "}")


def _reject(constant: str) -> NoReturn:
    """Refuse `NaN` and the infinities, which Python's parser accepts and those of most languages do not."""
    raise ValueError(constant)


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [child for each in level for child in _children(each)]
        if not level:
            return False
    return True


def _children(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()

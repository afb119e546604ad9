"""Answers of upstreams, opened: the right one, its JSON, its list; SourceError for everything else."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from callsheet.domain.errors import SourceError
from callsheet.sources.upstream import Answer
from callsheet.wire.reading_errors import read_error
from callsheet.wire.rows import UnreadableError, parse

_OK: Final = 200
_MAX_INTEGER_DIGITS: Final = 1000  # Python reads no more than some thousand
_MAX_REASON_CHARACTERS: Final = 200


def find(answers: Sequence[Answer], path: str) -> Answer | None:
    """Return the answer to the request with this path, without its query; None if it was not asked."""
    return next((answer for answer in answers if path_of(answer) == path), None)


def path_of(answer: Answer) -> str:
    """Return the path that was asked, without its query."""
    return answer.request.path.partition("?")[0]


def has_succeeded(answer: Answer | None) -> bool:
    """Whether there is an answer, and its status is 200."""
    return answer is not None and answer.status == _OK


def need_json(answers: Sequence[Answer], path: str) -> Any:
    """Return the JSON of the answer to this path.

    Raises
    ------
    SourceError
        It was not asked, its status is not 200, or its body is not JSON.
    """
    answer = find(answers, path)
    if answer is None:
        raise SourceError(f"The upstream was not asked for {path}; run the source again.")
    return json_of(answer)


def json_of(answer: Answer) -> Any:
    """Return the JSON of an answer; SourceError if its status is not 200, or its body is not JSON."""
    check_status(answer)
    try:
        return _parsed(answer.body)
    except (ValueError, RecursionError):
        raise SourceError(
            f"{_asked(answer)} was answered with what is not JSON; check the URL and the kind."
        ) from None


def _parsed(body: bytes) -> Any:
    """The JSON of a body, whatever is in single rows: half a character, NaN, numbers of any length."""
    try:
        return parse(body)
    except UnreadableError:
        return json.loads(body, strict=False, parse_int=_integer)


def _integer(digits: str) -> float:
    return int(digits) if len(digits) <= _MAX_INTEGER_DIGITS else float(digits)


def check_status(answer: Answer) -> None:
    """Raise SourceError, with the reason that the upstream gives, if the status is not 200."""
    if answer.status == _OK:
        return
    reason = _reason(answer.body)
    said = f": {reason}" if reason else ""
    raise SourceError(f"{_asked(answer)} was answered with status {answer.status}{said}.")


def need_list(value: object, name: str, path: str) -> list[Any]:
    """Return the list ``name`` in an answer's JSON object, null meaning none; SourceError if there is no such list.

    Parameters
    ----------
    path
        What was asked, for the error.
    """
    if isinstance(value, Mapping) and name in value:
        found = value[name]
        if isinstance(found, list):
            return found
        if found is None:  # as programs in Go write an empty list
            return []
    raise SourceError(f'{path} was answered with JSON that has no list "{name}"; check the URL and the kind.')


def _asked(answer: Answer) -> str:
    return answer.request.path or "The URL"


def _reason(body: bytes) -> str:
    """What an upstream says went wrong, on one line; empty if nothing can be read."""
    try:
        content = read_error(parse(body))
    except (UnreadableError, RecursionError):
        return ""
    if content is None:
        return ""
    line = "".join(each if each.isprintable() else " " for each in content.message)
    return " ".join(line.split())[:_MAX_REASON_CHARACTERS].rstrip(".")

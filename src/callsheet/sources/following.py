"""The page after the last one: asked for once, and not for ever."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from callsheet.domain.errors import SourceError
from callsheet.sources.answers import json_of
from callsheet.sources.upstream import Answer, Request

#: How many pages a list may have.
MAX_PAGES: Final = 2000

_MAX_TOKEN_CHARACTERS: Final = 4096


def first_or_next(path: str, parameter: str, answers: Sequence[Answer], name: str) -> Sequence[Request]:
    """Return the request for the page that follows, where each page names the token of the next.

    Parameters
    ----------
    path
        That of the first page, with a query.
    parameter
        The query parameter that carries the token.
    answers
        Those to this list so far, in order.
    name
        The member of a page that holds the token of the next; absent, null or empty in the last.

    Raises
    ------
    SourceError
        The last answer is not an object of JSON, its token is not text, or the pages do not end.
    """
    if not answers:
        return (Request("GET", path),)
    token = _token(answers[-1], name)
    return follow(Request("GET", f"{path}&{parameter}={quote(token, safe='')}"), answers) if token else ()


def follow(request: Request, answers: Sequence[Answer]) -> Sequence[Request]:
    """Return ``request``; SourceError if it was asked before, or more pages were asked than a list may have."""
    if len(answers) >= MAX_PAGES:
        raise SourceError(f"The list has more than {MAX_PAGES:,} pages; check the URL and the kind.")
    if any(answer.request.path == request.path for answer in answers):
        raise SourceError("The pages of the list do not end: one names itself, or one before it, as the next.")
    return (request,)


def need_answers(answers: Sequence[Answer]) -> Sequence[Answer]:
    """Return ``answers``; SourceError if there are none."""
    if not answers:
        raise SourceError("The upstream was not asked; run the source again.")
    return answers


def object_of(answer: Answer) -> dict[str, Any]:
    """Return the JSON object of an answer; SourceError if it is something else."""
    found = json_of(answer)
    if not isinstance(found, dict):
        raise SourceError(f"{answer.request.path} was answered with JSON that is not an object; check the URL.")
    return found


def _token(answer: Answer, name: str) -> str:
    token = object_of(answer).get(name)
    if token is None:
        return ""
    if not isinstance(token, str) or len(token) > _MAX_TOKEN_CHARACTERS or not token.isprintable():
        raise SourceError(f'{answer.request.path} was answered with a page whose "{name}" cannot be used.')
    return token

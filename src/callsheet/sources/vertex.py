"""Models of publishers on Google's Vertex AI: one list for each publisher, in pages. No limits and no dates.

The list says what Google's catalogue offers in a region, not what the project has enabled. ``launchStage`` and the
rest of a row have no field in Callsheet.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from callsheet.domain.errors import SourceError
from callsheet.sources.google_pages import next_page, rows_of
from callsheet.sources.upstream import Answer, Dropped, Listed, Options, Request
from callsheet.sources.values import collect, text_in

OTHER_NAME: Final = "its name is not publishers/…/models/…"

_PAGE_ROWS: Final = 100
_PUBLISHER: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
_NAME: Final = re.compile(r"publishers/[^/]+/models/([^/]+)")
_SNAPSHOT: Final = re.compile(r"20\d{6}", re.ASCII)  # Anthropic's; Google's versions are 001 or default


def requests(options: Options, answers: Sequence[Answer]) -> Sequence[Request]:
    """Return the request for the page that follows, of one publisher after the other.

    Raises
    ------
    SourceError
        ``options.provider`` is not one publisher or several with commas between them, or the pages do not end.
    """
    for path in map(_path, _publishers(options)):
        pages = [answer for answer in answers if answer.request.path.startswith(path)]
        wanted = next_page(path, pages)
        if wanted:
            return wanted
    return ()


def _publishers(options: Options) -> list[str]:
    names = [name.strip() for name in options.provider.split(",")]
    if all(_PUBLISHER.fullmatch(name) for name in names):
        return list(dict.fromkeys(names))
    raise SourceError(
        "Name the publishers whose models count, for example --provider anthropic or --provider anthropic,google."
    )


def _path(publisher: str) -> str:
    return f"/v1beta1/publishers/{publisher}/models?pageSize={_PAGE_ROWS}"


def rows(answers: Sequence[Answer]) -> Sequence[object]:
    """Return the rows of all pages of all publishers; SourceError if there are none."""
    return rows_of(answers, "publisherModels")


def listed(row: Mapping[str, Any], _options: Options) -> Listed | Dropped:
    """Return a model by the id with which it is called: the end of its name, with the date of its snapshot."""
    name = text_in(row, "name")
    found = _NAME.fullmatch(name)
    if found is None:
        return Dropped(name, OTHER_NAME)
    model_id, version = found[1], text_in(row, "versionId")
    if _SNAPSHOT.fullmatch(version) and "@" not in model_id:
        model_id = f"{model_id}@{version}"
    fields, notes = collect({"display_name": row.get("displayName")})
    return Listed(model_id, fields, notes=notes)


def authorization(secret: str) -> Mapping[str, str]:
    """Return an OAuth access token, such as ``gcloud auth print-access-token`` prints, as a bearer token."""
    return {"authorization": f"Bearer {secret}"}

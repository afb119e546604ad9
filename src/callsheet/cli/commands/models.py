"""``callsheet models``: the models of any Models API, over HTTP."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from math import ceil
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from callsheet.cli.output.listing import print_list, print_rows
from callsheet.cli.output.progress import progress_line
from callsheet.cli.output.tables import AsJSON, cell_text, json_text, print_record, say, tokens
from callsheet.cli.output.usage import CommandLine
from callsheet.client.options import MAX_WAIT_SECONDS
from callsheet.client.printable import printable
from callsheet.domain.errors import APIError, AuthenticationError, CallsheetError, ModelNotFoundError, NotFoundError
from callsheet.domain.model import Lifecycle
from callsheet.domain.query import MAX_LIMIT, MIN_LIMIT
from callsheet.domain.times import EPOCH

if TYPE_CHECKING:  # at run time only when something is asked for: it brings an HTTP client
    from callsheet.client.client import Client
    from callsheet.client.page import Page
    from callsheet.wire.reading import ModelInfo

app = CommandLine(help="List the models of any Models API.", no_args_is_help=True)

_SOON_DAYS: Final = 90
_MAX_NAMED: Final = 5  # entries of a page that are left out


class DialectName(StrEnum):
    """Whose requests are sent."""

    ANTHROPIC = "anthropic"
    OPENAI = "openai"


BaseURL = Annotated[
    str | None, typer.Option(metavar="URL", help="Base URL of the API; else ANTHROPIC_BASE_URL, else Anthropic's.")
]
Secret = Annotated[
    str | None,
    typer.Option(
        "--api-key",
        metavar="KEY",
        help="An API key, or - to read it from stdin, or '' to send none; else ANTHROPIC_API_KEY or "
        "ANTHROPIC_AUTH_TOKEN.",
    ),
]
DialectOption = Annotated[
    DialectName,
    typer.Option(
        help="Whose requests to send; anthropic if not given. With openai, the variables are OPENAI_BASE_URL and "
        "OPENAI_API_KEY.",
        show_default=False,
    ),
]
HeaderOption = Annotated[
    list[str] | None,
    typer.Option(metavar="'NAME: VALUE'", help="Send this header with every request; may be repeated."),
]
Seconds = Annotated[
    float,
    typer.Option(
        "--timeout", metavar="SECONDS", min=0.001, max=MAX_WAIT_SECONDS, help="How long to wait for a response."
    ),
]


@app.command("list")
def list_models(
    base_url: BaseURL = None,
    api_key: Secret = None,
    dialect: DialectOption = DialectName.ANTHROPIC,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=MIN_LIMIT, max=MAX_LIMIT, help="Models on a page.")
    ] = None,
    lifecycle: Annotated[
        list[Lifecycle] | None,
        typer.Option(
            metavar="LIFECYCLE", help="Only models that are active, deprecated or retired; may be repeated."
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="List all pages.")] = False,
    header: HeaderOption = None,
    timeout: Seconds = 30,
    as_json: AsJSON = False,
) -> None:
    """List the models of a page, or of all pages, newest first."""
    if everything and limit is None and dialect is DialectName.ANTHROPIC:
        limit = MAX_LIMIT
    with _asking(base_url, api_key, dialect, timeout, header) as client:
        first = client.models.list(limit=limit, lifecycle=lifecycle)
        pages = _walk(first) if everything else [first]
    models = (model for page in pages for model in page.iter_data())
    has_more = pages[-1].has_next_page()
    if as_json:
        ends = {"first_id": pages[0].first_id, "last_id": pages[-1].last_id}
        print_list("data", (each.to_dict() for each in models), {"has_more": has_more, **ends})
    else:
        now = datetime.now(UTC)
        print_rows(
            ("ID", "Name", "Released", "Line", "Context", "Lifecycle"),
            (_row(each, now) for each in models),
            {"ID": 26, "Name": 10, "Line": 6, "Lifecycle": 11},  # all columns fit in 80
        )
        if has_more:
            say("More models follow; --all lists them.")
    _report_unreadable(pages)


@app.command()
def retrieve(
    model_id: Annotated[str, typer.Argument(metavar="ID|ALIAS", help="Id or alias of a model.")],
    base_url: BaseURL = None,
    api_key: Secret = None,
    dialect: DialectOption = DialectName.ANTHROPIC,
    header: HeaderOption = None,
    timeout: Seconds = 30,
    as_json: AsJSON = False,
) -> None:
    """Show one model, by id or alias."""
    with _asking(base_url, api_key, dialect, timeout, header) as client:
        model = client.models.retrieve(model_id)
    if as_json:
        typer.echo(json_text(model.to_dict(), indent=2))
    else:
        print_record({printable(name): _shown(value) for name, value in model.to_dict().items()})


@contextmanager
def _asking(
    base_url: str | None, api_key: str | None, dialect: DialectName, timeout: float, header: list[str] | None
) -> "Iterator[Client]":
    """Yield a client; an error of the server becomes a sentence."""
    from callsheet.client.client import Client
    from callsheet.client.headers import parse_headers

    logging.getLogger("callsheet.client").addHandler(
        logging.NullHandler()
    )  # its warnings are printed by this command

    if api_key == "-":
        api_key = sys.stdin.readline()
    headers = parse_headers(header or ())
    with Client(
        base_url=base_url, api_key=api_key, dialect=dialect.value, timeout=timeout, headers=headers
    ) as client:
        try:
            yield client
        except APIError as error:
            raise CallsheetError(_sentence(error)) from error


def _sentence(error: APIError) -> str:
    from callsheet.wire.reading_errors import read_error  # late, as it brings the models of all answers

    message = printable(error.message)
    if read_error(error.body) is None:  # the message is from the client, and already a sentence
        return message
    advice = ""
    if isinstance(error, AuthenticationError):
        advice = "; check --api-key or its environment variable"
    elif isinstance(error, NotFoundError) and not isinstance(error, ModelNotFoundError):
        advice = "; check the base URL"
    elif error.retry_after:
        advice = f"; try again in {ceil(error.retry_after)} s"
    return f"The server answered {error.status}: {message.rstrip('.')}{advice}."


def _report_unreadable(pages: "list[Page[ModelInfo]]") -> None:
    """Report the entries that were left out, the first few of each page by name."""
    for number, page in enumerate(pages, 1):
        where = f" of page {number}" if len(pages) > 1 else ""
        for left_out in page.unreadable[:_MAX_NAMED]:
            name = "" if left_out.id is None else f" ({printable(left_out.id)})"
            say(f"Entry {left_out.position + 1}{where}{name} is left out, as {left_out.reason}.")
        if len(page.unreadable) > _MAX_NAMED:
            say(f"So are {len(page.unreadable) - _MAX_NAMED:,} other entries{where}.")


def _walk(first: "Page[ModelInfo]") -> "list[Page[ModelInfo]]":
    """Return all pages, showing progress on a terminal."""
    pages: list[Page[ModelInfo]] = []
    count = 0
    with progress_line("Asking…") as progress:
        for page in first.iter_pages():
            pages.append(page)
            count += page.count
            progress(f"{count:,} models…")
    return pages


def _row(model: "ModelInfo", now: datetime) -> tuple[str, ...]:
    released = "-" if model.created_at <= EPOCH else f"{model.created_at:%Y-%m-%d}"
    context = tokens(model.max_input_tokens)
    texts = (model.id, model.display_name, released, model.line or "-", context, _lifecycle(model, now))
    return tuple(printable(text, None) for text in texts)


def _lifecycle(model: "ModelInfo", now: datetime) -> str:
    """Return the lifecycle, with the date of retirement; if that is near, also in days."""
    lifecycle = str(model.lifecycle)
    if model.retires_at is None:
        return lifecycle
    day, days = f"{model.retires_at:%Y-%m-%d}", (model.retires_at - now).days
    if model.lifecycle == Lifecycle.RETIRED:
        return f"{lifecycle} {day}"
    if days < 0:
        return f"{lifecycle}, OVERDUE since {day}"
    return (
        f"{lifecycle}, retires {day}"
        if days > _SOON_DAYS
        else f"{lifecycle}, retires SOON: {day}, {_in_days(days)}"
    )


def _in_days(days: int) -> str:
    return "within a day" if days == 0 else f"in {days} day{'s' * (days > 1)}"


def _shown(value: Any) -> str | None:
    """Return a field for people, without control characters; None if it is empty."""
    return None if value in (None, [], {}) else printable(cell_text(value), None)

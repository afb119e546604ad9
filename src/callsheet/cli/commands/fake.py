"""``callsheet fake``: the double of the test plugin, for programs in other languages."""

import signal
import threading
from json import dumps
from typing import Annotated, Any, Final

import typer

from callsheet.cli.output.tables import AsJSON, say
from callsheet.client.printable import printable
from callsheet.domain.access.workspace import Shape
from callsheet.domain.query import DEFAULT_LIMIT, MAX_LIMIT, MIN_LIMIT

_PORT: Final = 4010
_LARGEST_PORT: Final = 65535


def _quiet(sentence: str, **options: Any) -> Any:
    """An option whose sentence says its default, or needs none."""
    return typer.Option(help=sentence, show_default=False, **options)


def fake(
    host: Annotated[str, _quiet("Address to listen on; 127.0.0.1 if not given.")] = "127.0.0.1",
    port: Annotated[int, _quiet("4010 if not given; 0 takes a free one.", min=0, max=_LARGEST_PORT)] = _PORT,
    catalog: Annotated[
        str | None, _quiet("Models as JSON, such as a recorded list; else the built-in ones.", metavar="FILE")
    ] = None,
    api_key: Annotated[str | None, _quiet("The only key accepted; any is if not given.")] = None,
    shape: Annotated[Shape, _quiet("Fields of a model: current (all) or classic (four).")] = Shape.CURRENT,
    default_limit: Annotated[
        int, _quiet("Models on a page when the caller does not say.", min=MIN_LIMIT, max=MAX_LIMIT)
    ] = DEFAULT_LIMIT,
    clock: Annotated[str | None, _quiet("When its clock stands; 2026-11-29 if not given.", metavar="TIME")] = None,
    fault: Annotated[
        list[str] | None,
        _quiet(
            "What goes wrong first: status=529,times=3,on=list or retry_after=2,status=429 or delay=0.5 or cut "
            "or loop or null_ids or has_more=true; times=always does not end. May be repeated.",
            metavar="FAULT",
        ),
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """Answer from memory, for tests in any language. Print one line when ready; POST /_fake/… changes it."""
    from callsheet.testing.clock import START
    from callsheet.testing.control import FakeModelsAPI
    from callsheet.testing.double import API_KEY
    from callsheet.testing.faults import parse_fault

    api = FakeModelsAPI(
        catalog,
        clock=clock or START,
        shape=shape,
        default_limit=default_limit,
        any_key=api_key is None,
        api_key=API_KEY if api_key is None else api_key,
        host=host,
        port=port,
    )
    for left_out in api.unreadable:
        name = "" if left_out.id is None else f" ({printable(left_out.id)})"
        say(f"Entry {left_out.position + 1} of the catalogue{name} is left out, as {printable(left_out.reason)}.")
    api.faults += map(parse_fault, fault or ())
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_about: stopped.set())
    with api:
        models = len(api.state.catalog)
        ready = {"url": api.url, "api_key": api.api_key, "models": models}
        typer.echo(dumps(ready) if as_json else f"Callsheet fakes {models} models at {api.url}")
        stopped.wait()

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

_DEFAULT_PORT: Final = 4010
_MAX_PORT: Final = 65535


def _option(text: str, **options: Any) -> Any:
    """Return an option whose help says its default."""
    return typer.Option(help=text, show_default=False, **options)


def fake(
    host: Annotated[str, _option("Address to listen on; 127.0.0.1 if not given.")] = "127.0.0.1",
    port: Annotated[int, _option("4010 if not given; 0 takes a free one.", min=0, max=_MAX_PORT)] = _DEFAULT_PORT,
    catalog: Annotated[
        str | None,
        _option("JSON file of models, such as a recorded list; the built-in models if not given.", metavar="FILE"),
    ] = None,
    api_key: Annotated[str | None, _option("The only key that is accepted; every key if not given.")] = None,
    shape: Annotated[Shape, _option("Fields of a model: current (all) or classic (four).")] = Shape.CURRENT,
    default_limit: Annotated[
        int, _option("Models on a page if the request has no limit.", min=MIN_LIMIT, max=MAX_LIMIT)
    ] = DEFAULT_LIMIT,
    clock: Annotated[
        str | None, _option("The time on its clock, which stands still; 2026-11-29 if not given.", metavar="TIME")
    ] = None,
    fault: Annotated[
        list[str] | None,
        _option(
            "A fault of the first requests: status=529,times=3,on=list or retry_after=2,status=429 or delay=0.5 or "
            "cut or loop or null_ids or has_more=true; times=always does not end. May be repeated.",
            metavar="FAULT",
        ),
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """Serve models from memory, for tests in any language. Print one line when ready; POST /_fake/… changes it."""
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

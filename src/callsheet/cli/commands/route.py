"""``callsheet route``: the configuration of a proxy in front of Callsheet and a gateway."""

from typing import Annotated

import typer

from callsheet.domain.errors import InvalidError
from callsheet.route.route import DEFAULT_CALLSHEET, DEFAULT_LISTEN, read_route
from callsheet.route.write import Proxy, write_route


def route(
    proxy: Annotated[Proxy, typer.Argument(help="Whose configuration to print.", show_default=False)],
    gateway: Annotated[
        str, typer.Option(metavar="URL", help="Where the gateway is: everything but the list goes there.")
    ],
    callsheet: Annotated[
        str,
        typer.Option(
            metavar="URL", help=f"Where Callsheet is; {DEFAULT_CALLSHEET} if not given.", show_default=False
        ),
    ] = DEFAULT_CALLSHEET,
    prefix: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="A path under which clients ask as well, such as /anthropic; Callsheet does not see it, the "
            "gateway does. May be repeated.",
        ),
    ] = None,
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help=f"Where the proxy listens, such as :8080; {DEFAULT_LISTEN} if not given. Not for kubernetes.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Print a configuration that sends the list of models to Callsheet and everything else to your gateway.

    It is a whole file, and says which lines to copy into one that you have. While Callsheet is down, the gateway's
    own list is served.
    """
    if proxy is Proxy.KUBERNETES and listen is not None:
        raise InvalidError("In Kubernetes, the Gateway says where it listens; leave --listen out.")
    typer.echo(write_route(proxy, read_route(gateway, callsheet, prefix or (), listen or DEFAULT_LISTEN)), nl=False)

"""``callsheet doctor``: what clients make of a server, and where it departs from Anthropic's API."""

import os
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callsheet.cli.output.progress import progress_line
from callsheet.cli.output.tables import AsJSON, print_json
from callsheet.cli.output.usage import WrongCall
from callsheet.domain.errors import DoctorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from callsheet.doctor.compare import Comparison
    from callsheet.doctor.report import Level, Report

#: Variables that hold a key, by the names that clients know.
_KEY_VARIABLES: Final = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY")

#: Given as a client, it means all of them.
_ALL: Final = "all"


class FailOn(StrEnum):
    """The mildest level of a finding that makes the exit code other than 0."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    NEVER = "never"


#: Exit codes by the worst finding; 1 and 2 are those of every command.
EXIT_CODES: Final = {"note": 3, "warning": 4, "error": 5}


def _complete_client(incomplete: str) -> list[str]:
    from callsheet.doctor.clients.rules import load_clients  # reads files; most commands need none of them

    return [name for name in (*(rules.name for rules in load_clients()), _ALL) if name.startswith(incomplete)]


def _complete_rule(incomplete: str) -> list[str]:
    from callsheet.cli.output.diagnosis.explain import rule_codes

    return [code for code in rule_codes() if code.startswith(incomplete)]


def doctor(
    url: Annotated[
        str | None, typer.Argument(help="Base URL of the API, as ANTHROPIC_BASE_URL has it.", metavar="URL")
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option(
            metavar="SECRET",
            help="A key of the server, or - to read it from stdin; else ANTHROPIC_API_KEY, ANTHROPIC_AUTH_TOKEN or "
            "OPENAI_API_KEY.",
        ),
    ] = None,
    before: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Examine this server first, with the same key and headers, and report what each client showed "
            "there and shows now.",
        ),
    ] = None,
    client: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Report on this client only; may be repeated: any-llm, claude-code, claude-desktop, go-sdk, "
            "java-sdk, librechat, litellm, n8n, open-webui, openai-sdk, oterm, php-sdk, python-sdk, ruby-sdk, "
            "typescript-sdk, all (as without it).",
            autocompletion=_complete_client,
        ),
    ] = None,
    contract: Annotated[
        bool,
        typer.Option(
            "--contract", help="With --client: report broken rules of the contract as well, and count them."
        ),
    ] = False,
    header: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'NAME: VALUE'",
            help="Send this header with every request; may be repeated. The value is not printed.",
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="ID", help="The model to retrieve; otherwise one from the list.")
    ] = None,
    alias: Annotated[
        str | None, typer.Option(metavar="NAME", help="An alias that exists; without one, aliases are not tested.")
    ] = None,
    fail_on: Annotated[
        FailOn,
        typer.Option(
            help="Exit with 3 (note), 4 (warning) or 5 (error) if the worst finding is at least this bad."
        ),
    ] = FailOn.ERROR,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="How long to wait for one response.")
    ] = 30.0,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Also list the rules that are kept, and why others were not tested.")
    ] = False,
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="RULE|SECTION",
            help="Instead of examining a server, print what a rule (such as limit-is-honoured) or a section (such "
            "as 3) of the contract requires.",
            autocompletion=_complete_rule,
        ),
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """Send the requests that known clients send, and report what each of them shows. Only reads."""
    if explain is not None:
        _explain(explain)
        return
    if url is None:
        raise WrongCall("Missing argument 'URL': the base URL of the API.")
    examine_at = _examiner(api_key, client or [], header or [], model, alias, timeout, contract)
    report = examine_at(url) if before is None else _compare(examine_at, before, url)
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        _print(report, verbose=verbose)
    if code := _exit_code(report.worst, fail_on):
        raise typer.Exit(code)


def _examiner(
    api_key: str | None,
    names: list[str],
    headers: list[str],
    model: str | None,
    alias: str | None,
    timeout: float,
    contract: bool,
) -> "Callable[[str], Report]":
    """Return what examines the server at a URL."""
    from callsheet.doctor.clients.rules import load_clients
    from callsheet.doctor.examine import examine  # slow to import; most commands send no requests
    from callsheet.doctor.probe.headers import parse_header_options
    from callsheet.doctor.probe.target import parse_target

    clients = load_clients(() if _ALL in names else names)
    extra = parse_header_options(headers)
    key = ""

    def examine_at(url: str) -> "Report":
        nonlocal key
        target = parse_target(url)
        key = key or _find_key(api_key)
        with progress_line() as progress:
            return examine(
                target,
                key,
                clients,
                timeout=timeout,
                model=model,
                alias=alias,
                extra=extra,
                environment=os.environ,
                focused=bool(names) and _ALL not in names and not contract,
                progress=progress,
            )

    return examine_at


def _compare(examine_at: "Callable[[str], Report]", before: str, url: str) -> "Comparison":
    from callsheet.doctor.compare import compare
    from callsheet.doctor.probe.connect import NoListError

    try:
        earlier, no_list = examine_at(before), ""
    except NoListError as error:
        earlier, no_list = None, str(error)
    return compare(earlier, examine_at(url), no_list)


def _find_key(given: str | None) -> str:
    if given == "-":
        given = sys.stdin.readline().strip()
    key = given or next((os.environ[name] for name in _KEY_VARIABLES if os.environ.get(name)), None)
    key = (key or "").strip()
    if not key:
        raise DoctorError(
            "There is no API key; pass --api-key KEY or set ANTHROPIC_API_KEY (any word, if the server needs none)."
        )
    if not (key.isascii() and key.isprintable()):
        raise DoctorError("The API key holds a character that no header can carry; check that it was copied whole.")
    return key


def _exit_code(worst: "Level | None", fail_on: FailOn) -> int:
    levels = list(FailOn)
    if worst is None or fail_on is FailOn.NEVER or levels.index(FailOn(worst)) > levels.index(fail_on):
        return 0
    return EXIT_CODES[worst]


def _explain(name: str) -> None:
    from callsheet.cli.output.diagnosis.explain import explain

    _print_text(explain(name))


def _print(report: "Report | Comparison", *, verbose: bool) -> None:
    from callsheet.cli.output.diagnosis.comparison import write_comparison
    from callsheet.cli.output.diagnosis.report import write_diagnosis
    from callsheet.doctor.report import Report

    if isinstance(report, Report):
        _print_text(write_diagnosis(report, verbose=verbose))
    else:
        _print_text(write_comparison(report, verbose=verbose))


def _print_text(text: str) -> None:
    """Print Markdown: with colours in a terminal, as it is into a pipe."""
    if not sys.stdout.isatty():
        typer.echo(text, nl=False)
        return
    from callsheet.cli.output.markdown import print_markdown

    print_markdown(text)

"""docs/peers.md: what the doctor found on each peer, in its own words."""

import re
from collections.abc import Iterable, Iterator

from callsheet.cli.output.diagnosis.report import write_diagnosis
from callsheet.doctor.report import Report
from tests.doctor.peers.peers import Peer

_HEAD = """<!-- Made by scripts/doctor-peers; change it there. -->

# The doctor on other servers

What [`callsheet doctor`](how-to/doctor.md) found on other servers that can be installed from PyPI or npm and run
without a network. `scripts/doctor-peers` installs them, starts and examines each, and writes this page; nothing on
it is written by hand. Each finding comes with the request that shows it.

The score says how much of [the contract](reference/contract.md), which is Anthropic's Models API, a server keeps.
None of these servers claims to keep all of it, and some claim to be compatible with OpenAI only.
"""

_CLIENTS = ("claude-code", "claude-desktop", "python-sdk", "librechat", "openai-sdk")

#: Printed instead of the address, which differs from run to run.
_ADDRESS = "http://{name}"


def write_page(day: str, version: str, results: Iterable[tuple[Peer, str, Report | str]]) -> str:
    """Return the page.

    Parameters
    ----------
    results
        Each peer with its URL, and its report or the reason why there is none.
    """
    results = list(results)
    lines = [_HEAD, f"Examined on {day} with Callsheet {version}.", ""]
    lines += ["| Server | Version | Score | Claude Code | Claude Desktop | Python SDK | LibreChat | OpenAI SDK |"]
    lines += ["|---|---|--:|---|---|---|---|---|"]
    lines += [_row(peer, result) for peer, _, result in results]
    lines += ["", "In the columns of clients: how many of the listed models its newest version shows.", ""]
    for peer, url, result in results:
        lines += [f"## {peer.title} {peer.version()}", "", peer.how, ""]
        lines += _report_lines(peer, url, result)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def _row(peer: Peer, result: Report | str) -> str:
    link = f"[{peer.title}](#{_slug(f'{peer.title} {peer.version()}')})"
    if isinstance(result, str):
        return f"| {link} | {peer.version()} | none |" + " no list |" * len(_CLIENTS)
    seen = {client.name: client.plays[0] for client in result.clients}
    cells = [
        "no list" if seen[name].shown is None else f"{len(seen[name].shown or ())} of {seen[name].listed}"
        for name in _CLIENTS
    ]
    return f"| {link} | {peer.version()} | {result.score} % | {' | '.join(cells)} |"


def _report_lines(peer: Peer, url: str, result: Report | str) -> Iterator[str]:
    address = _ADDRESS.format(name=peer.name)
    if isinstance(result, str):
        yield from ("The doctor could not examine it:", "", f"> {result.replace(url, address)}", "")
        return
    text = write_diagnosis(result).replace(url, address)
    for line in text.split("\n")[4:]:  # without its title, and when it was
        if line == "```text":
            yield "<!-- not run: an answer of another server -->"
        yield f"#{line}" if line.startswith("#") else line


def _slug(heading: str) -> str:
    kept = "".join(character for character in heading.lower() if character.isalnum() or character in "-_ ")
    return kept.replace(" ", "-")

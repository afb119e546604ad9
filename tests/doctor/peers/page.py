"""docs/peers.md: what the doctor found on each peer, in its own words."""

import re
from collections.abc import Iterable, Iterator

from callsheet.cli.output.diagnosis.report import write_diagnosis
from callsheet.doctor.report import Report
from tests.doctor.peers.peers import Peer

_HEAD = """<!-- Made by scripts/doctor-peers; change it there. -->

# The doctor on other servers

What [`callsheet doctor`](how-to/doctor.md) found on servers of others that install from PyPI or npm and run
without a network. `scripts/doctor-peers` installs them, starts each, asks it, and writes this page; nothing on it
is written by hand. Each finding stands beside the request that shows it.

The score says how much of Anthropic's contract, as Callsheet [has it](reference/contract.md), a server keeps.
None of these servers claims to keep all of it, and some claim only OpenAI's.
"""

_CLIENTS = ("claude-code", "claude-desktop", "python-sdk", "librechat", "openai-sdk")

#: What stands in the place of an address that was only that of one run.
_ADDRESS = "http://{name}"


def write_page(day: str, version: str, results: Iterable[tuple[Peer, str, Report | str]]) -> str:
    """Return the page.

    Parameters
    ----------
    results
        Each peer with its URL and the report, or the sentence that there is in its place.
    """
    results = list(results)
    lines = [_HEAD, f"Asked on {day} with Callsheet {version}.", ""]
    lines += ["| Server | Version | Score | Claude Code | Claude Desktop | Python SDK | LibreChat | OpenAI SDK |"]
    lines += ["|---|---|--:|---|---|---|---|---|"]
    lines += [_row(peer, result) for peer, _, result in results]
    lines += ["", "In the columns of clients: how many of the listed models its newest version shows.", ""]
    for peer, url, result in results:
        lines += [f"## {peer.title} {peer.version()}", "", peer.how, ""]
        lines += _told(peer, url, result)
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


def _told(peer: Peer, url: str, result: Report | str) -> Iterator[str]:
    address = _ADDRESS.format(name=peer.name)
    if isinstance(result, str):
        yield from ("The doctor refused it:", "", f"> {result.replace(url, address)}", "")
        return
    text = write_diagnosis(result).replace(url, address)
    for line in text.split("\n")[4:]:  # without its title, and when it was
        if line == "```text":
            yield "<!-- not run: an answer of another server -->"
        yield f"#{line}" if line.startswith("#") else line


def _slug(heading: str) -> str:
    kept = "".join(character for character in heading.lower() if character.isalnum() or character in "-_ ")
    return kept.replace(" ", "-")

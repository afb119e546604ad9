"""What clients show of the list of a gateway, as ``serve`` says it when it starts."""

from collections.abc import Iterator, Sequence
from shlex import quote
from typing import Final

from callsheet.doctor.report import ClientReport
from callsheet.sources.upstream import SourceKind

_MAX_NAMED: Final = 3

#: The client for which a source can list further names.
_PICKER: Final = "claude-code"


def client_lines(
    known: Sequence[str],
    clients: Sequence[ClientReport],
    *,
    names_by_client: bool = False,
    kind: SourceKind = SourceKind.OPENAI,
) -> Iterator[str]:
    """Yield a line for each client that does not show all of ``known``, with the reason, and one for all others.

    Parameters
    ----------
    known, clients
        What `play_clients` returns.
    names_by_client
        Whether the gateway gives Claude Code other names for its models, which it shows.
    kind
        What answers at the gateway.
    """
    everything = []
    for client in clients:
        play = client.plays[0]  # of its newest release
        if play.shown is not None and len(play.shown) == len(known):
            everything.append(client.title)
            continue
        shown = 0 if play.shown is None else len(play.shown)
        why = next((finding.sentence for finding in play.findings), "")
        left_out = [model_id for model_id in known if model_id not in set(play.shown or ())]
        yield f"{client.title} shows {shown:,} of {len(known):,}. {why} Left out: {_some(left_out)}."
        if client.name == _PICKER and names_by_client:
            yield f"For a key of the gateway, {client.title} shows these under names that the gateway gives them."
        elif client.name == _PICKER and any(finding.code == "dropped" for finding in play.findings):
            yield from _naming_lines(kind, client.title, left_out)
    if everything:
        whole = f"all {len(known):,}" if len(known) > 1 else "the only model"
        yield f"These show {whole}: {', '.join(everything)}."


def _naming_lines(kind: SourceKind, title: str, left_out: Sequence[str]) -> Iterator[str]:
    """Yield how models get names that a client shows."""
    if kind is SourceKind.OLLAMA:
        first = left_out[0]
        yield f"{title} shows a model of Ollama that has a second name with claude in it. To give it one:"
        yield f"  ollama cp {quote(first)} {quote(f'claude-{first}')}"
    else:
        yield "If the gateway takes other names for them, such as anthropic/ID, list those as well:"
        yield "  callsheet sources change gateway --picker-prefix anthropic/"
        yield "To undo that: callsheet sources change gateway --clear picker-prefix"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMED:,} more" if len(names) > _MAX_NAMED else ""
    return f"{', '.join(names[:_MAX_NAMED])}{more}"

"""Trial: what answers at a URL and what would be made of its list, before there is a source; nothing is written."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from callsheet.service.sync.config import SourceConfig, read_config
from callsheet.service.sync.limits import Limits
from callsheet.service.sync.listing import Lists, Upstreams, contexts_in
from callsheet.service.sync.probing import answers_to_probes
from callsheet.sources.mapping import ListMapping, map_list
from callsheet.sources.recognise import recognise
from callsheet.sources.upstream import SourceKind
from callsheet.storage.store import Store

#: A person waits for the answer: of the questions that show the kind, and once more of the list.
TRIAL_LIMITS: Final = Limits(
    max_bytes=16 << 20, max_requests=200, connect_seconds=5, read_seconds=10, request_seconds=10, run_seconds=12
)


class Trial(NamedTuple):
    """What answers at a URL, and what its list comes to.

    Parameters
    ----------
    config
        As it was given, with the kind that was found.
    evidence
        What shows that kind; none if it was given.
    lists, mapping
        The list, and what it says of each field.
    """

    config: SourceConfig
    evidence: tuple[str, ...]
    lists: Lists
    mapping: ListMapping


def try_source(
    members: Mapping[str, Any],
    organization_id: str,
    clock: Callable[[], datetime],
    store: Store,
    limits: Limits = TRIAL_LIMITS,
) -> Trial:
    """Ask an upstream for its list.

    Parameters
    ----------
    members
        Of a configuration; without ``kind``, that is found out.
    organization_id
        Of this installation, which must not be its own upstream.
    clock
        Gives the time (aware).
    store
        Of the catalogue that knows what the upstream does not state.
    limits
        What the questions that show the kind may take, and what the list may take.

    Raises
    ------
    InvalidError
        A member is not valid.
    SourceError
        Nothing answers, or something else than a list.
    """
    config = read_config({"kind": str(SourceKind.OPENAI), **members})
    evidence: tuple[str, ...] = ()
    if "kind" not in members:
        secret = "" if config.secret is None else config.secret.read()
        kind, evidence = recognise(answers_to_probes(config.url, secret, organization_id, limits))
        config = replace(config, kind=kind)
    lists = Upstreams(clock, limits, contexts_in(store)).ask(config, organization_id)
    assert lists is not None  # noqa: S101  # without validators, no upstream can say "unchanged"
    return Trial(config, evidence, lists, map_list(lists.chosen, lists.dropped))

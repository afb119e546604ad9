"""KeySource: the source that is asked about keys, as its configuration says."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from callsheet.api.client_kind import ANY_CLIENT, CLAUDE_CODE
from callsheet.domain.access.delegation import KeyMode
from callsheet.domain.claims.manager import Manager
from callsheet.service.sync.config import read_config
from callsheet.service.sync.listing import choice_of
from callsheet.service.sync.secret import SecretReference
from callsheet.sources.asking import KeyList
from callsheet.sources.choosing import Choice
from callsheet.sources.upstream import Options, SourceKind


@dataclass(frozen=True)
class KeySource:
    """What asking about keys needs to know.

    Parameters
    ----------
    name
        Of the source.
    kind, url
        What answers, and where.
    secret
        Where the source's own secret is; None if it has none.
    choice
        Which of the models count, and what they are called here.
    options
        What the translation of rows needs.
    mode
        What keys see.
    manager
        Who the source is where it claims something.
    """

    name: str
    kind: SourceKind
    url: str
    secret: SecretReference | None
    choice: Choice
    options: Options
    mode: KeyMode
    manager: Manager

    def key_list(self, client: bytes = ANY_CLIENT) -> KeyList:
        """Return what it is asked for a client, and how its answers are read; see `api.client_kind`."""
        return KeyList(self.kind, for_claude_code=client == CLAUDE_CODE)


def read_key_source(record: Mapping[str, Any]) -> KeySource:
    """Return the source of `State.key_source`; InvalidError if it is not one of this release."""
    name = record["name"]
    config = read_config(record["config"])
    return KeySource(
        name=name,
        kind=config.kind,
        url=config.url,
        secret=config.secret,
        choice=choice_of(config),
        options=replace(config.options, has_secret=True),  # that of the caller
        mode=config.key_mode,
        manager=config.manager(name),
    )

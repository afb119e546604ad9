"""Export: which clients a configuration is written for."""

from collections.abc import Sequence
from enum import StrEnum

from callsheet.domain.errors import ConflictError, DoesNotExistError
from callsheet.domain.model import Model
from callsheet.service.clients.claude_code import claude_code_settings
from callsheet.service.clients.codex import codex_config
from callsheet.service.clients.config_file import ConfigFile
from callsheet.service.clients.opencode import opencode_config
from callsheet.service.explain.explainer import Listed


class ConfiguredClient(StrEnum):
    """A client that a configuration is written for."""

    CLAUDE_CODE = "claude-code"
    OPENCODE = "opencode"
    CODEX = "codex"

    @classmethod
    def named(cls, name: str) -> "ConfiguredClient":
        """Return the client with this name; DoesNotExistError if a configuration is written for no such client."""
        try:
            return cls(name)
        except ValueError:
            known = ", ".join(cls)
            raise DoesNotExistError(
                f"No configuration is written for a client {name[:80]!r}, but for {known}."
            ) from None


def offered_models(listed: Listed, refusal: str | None) -> Sequence[Model]:
    """Return the models that a client is to offer.

    Parameters
    ----------
    listed
        What is listed for whom the client asks.
    refusal
        Why nothing is, in words; None if it is not refused.

    Raises
    ------
    ConflictError
        It is refused, or nothing is listed.
    """
    if refusal is not None:
        raise ConflictError(f"The key sees nothing: {refusal}.")
    if not listed.models:
        raise ConflictError(f"No model is listed for {listed.subject.title}, so there is nothing to offer.")
    return listed.models


def config_files(client: ConfiguredClient, models: Sequence[Model], url: str) -> tuple[ConfigFile, ...]:
    """Return the files with which a client offers just ``models``, the one that it is configured with first.

    Parameters
    ----------
    client
        Which.
    models
        At least one, in the order in which they are offered.
    url
        Where the client sends messages, as `read_base_url` returns it.
    """
    match client:
        case ConfiguredClient.CLAUDE_CODE:
            return claude_code_settings(models, url)
        case ConfiguredClient.OPENCODE:
            return opencode_config(models, url)
        case ConfiguredClient.CODEX:
            return codex_config(models, url)

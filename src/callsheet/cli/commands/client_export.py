"""``callsheet export --for``: the configuration of a client, with the models that are listed for a key."""

from typing import Final

from callsheet.cli.commands.explain import explaining_here
from callsheet.cli.database import load_settings
from callsheet.cli.output.client_files import put_files
from callsheet.cli.output.tables import say
from callsheet.cli.viewing import Viewing
from callsheet.domain.errors import InvalidError
from callsheet.service.clients.base_url import read_base_url
from callsheet.service.clients.config_file import KEY_VARIABLE
from callsheet.service.clients.export import ConfiguredClient, config_files, offered_models
from callsheet.service.explain.words import why
from callsheet.settings import Settings

_DEFAULT_PORT: Final = 8484
_EVERY_ADDRESS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104


def export_for(
    client: ConfiguredClient,
    key: str | None,
    workspace: str | None,
    url: str | None,
    folder: str | None,
    database: str | None,
) -> None:
    """Print the configuration of ``client``, or write it into ``folder``.

    Raises
    ------
    InvalidError
        Neither a key nor a workspace is named, ``url`` is not one, or the files have no place to go.
    ConflictError
        Nothing is listed for it, or a file is there already.
    """
    if key is None and workspace is None:
        raise InvalidError("Name whose models the client is to offer, with --key or --workspace.")
    base = read_base_url(_own_url(load_settings(database)) if url is None else url, "--url")
    with explaining_here(Viewing(database)) as explainer:
        listed = explainer.listed_for(key, workspace)
        refusal = None if listed.refusal is None else why(listed.subject, listed.refusal, explainer.workspace_name)
    models = offered_models(listed, refusal)
    put_files(config_files(client, models, base), folder)
    say(f"{len(models):,} listed for {listed.subject.title}; messages go to {base}. {_key_sentence(client)}")


def _key_sentence(client: ConfiguredClient) -> str:
    variable = "ANTHROPIC_API_KEY" if client is ConfiguredClient.CLAUDE_CODE else KEY_VARIABLE
    return f"Put the key into {variable}; it is not in the file."


def _own_url(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in _EVERY_ADDRESS else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port or _DEFAULT_PORT}"

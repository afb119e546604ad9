"""What one key of a gateway would see, asked about as a server does it."""

import asyncio

from callsheet.api.grants import Verdict
from callsheet.api.state import Options
from callsheet.cli.database import clock
from callsheet.cli.output.tables import print_table, say
from callsheet.domain.access.delegation import KeyMode
from callsheet.domain.errors import SourceError
from callsheet.domain.sources.source import SourceRecord
from callsheet.service.delegation.trial import Trial, try_key
from callsheet.service.state.load import load
from callsheet.service.sync.config import SourceConfig
from callsheet.storage.store import Store

_NAME = "gateway"


def trial_of(store: Store, config: SourceConfig, key: str) -> Trial:
    """Return what ``key`` would see if a source were configured so.

    Raises
    ------
    InvalidError
        A source of this kind cannot be asked about keys.
    SourceError
        It does not accept the key, or cannot be asked.
    StorageError
        The database cannot be used.
    """
    with store.read() as reading:
        state = load(reading, Options())
    trial = asyncio.run(try_key(state, SourceRecord(_NAME, 1, config.record(), clock()), key))
    match trial.verdict:
        case Verdict.ACCEPTED:
            return trial
        case Verdict.REFUSED:
            raise SourceError(f"{config.url} refuses this key, so it is refused here, too.")
        case Verdict.AWAY:
            raise SourceError(f"This key cannot be asked about at the moment: {trial.why}")
        case _:
            raise SourceError("This key is one of Callsheet's own, or no header can carry it, so it is never sent.")


def print_trial(trial: Trial, listed: int) -> None:
    """Print the models that a key sees in some mode, and in which.

    Parameters
    ----------
    listed
        How many models the catalogue lists.
    """
    every = list(dict.fromkeys(model_id for ids in trial.seen.values() for model_id in ids))
    print_table(
        ("Model", *map(str, KeyMode)),
        ([model_id, *("yes" if model_id in trial.seen[mode] else "" for mode in KeyMode)] for model_id in every),
    )
    counts = ", ".join(f"{len(ids)} with {mode}" for mode, ids in trial.seen.items())
    say(f"It accepts this key, which sees these models: {counts}.")
    if not trial.seen[KeyMode.GOVERN] and any(trial.seen.values()):
        say(_why_none(listed))


def _why_none(listed: int) -> str:
    if not listed:
        return (
            "None with govern, as the catalogue lists no model; let the source list its models by a key, or add "
            "some."
        )
    return "None with govern, as the catalogue lists none of them, or the rules of the workspace show none."

"""A history of random changes, by people and by sources, and what was observed after each of its revisions."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st

from callsheet.api.explain import Asker
from callsheet.api.state import Options, State
from callsheet.domain.changes.change import AnyChange
from callsheet.domain.changes.claiming import claim
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager, ManagerKind
from callsheet.domain.errors import RefusedError
from callsheet.domain.query import Reach
from callsheet.service.explain.seeing import what_sees
from callsheet.service.state.load import load
from callsheet.storage.reading import Reading
from callsheet.storage.store import Store
from callsheet.storage.transactions.write import WriteTransaction
from tests.domain.changes.acts import NOW, acts, content, decide, names
from tests.service.seen import everything

GATEWAY: Final = Manager(ManagerKind.SOURCE, "gateway")

#: What a source says of one model, and of one alias.
said_of_models = st.builds(
    lambda name, lists, known: Claims(name, GATEWAY, lists, known),
    names,
    st.sampled_from([None, True, True]),
    st.fixed_dictionaries(
        {},
        optional={
            "display_name": st.sampled_from(["One", "Two"]),
            "hidden": st.booleans(),
            "max_tokens": st.sampled_from([1000, 2000, None]),
            "same_as": names,
        },
    ),
)
said_of_aliases = st.builds(
    lambda name, target: Claims(name, GATEWAY, True, {"model_id": target}, ClaimKind.ALIAS), names, names
)

#: An act of a person, or what a source comes to say.
Event = tuple[Any, ...] | Claims
events: st.SearchStrategy[Event] = st.one_of(acts, acts, said_of_models, said_of_aliases)
histories = st.lists(events, min_size=4, max_size=14)


@dataclass(frozen=True)
class Observed:
    """What there was after a revision."""

    revision: int
    at: datetime
    content: dict[str, object]
    state: dict[str, Any]
    listed: dict[str, list[str]]


@dataclass
class Replay:
    """A database with a history, and what was observed on the way."""

    store: Store
    observed: list[Observed] = field(default_factory=list)

    def play(self, drawn: Sequence[Event], step: timedelta = timedelta(minutes=1)) -> None:
        """Let each event happen, a ``step`` after the one before; what is refused does not."""
        for number, event in enumerate(drawn, len(self.observed) + 1):
            now = NOW + number * step
            try:
                with self.store.write("test", now) as writing:
                    changes = changes_of(writing, number, event, now)
                    writing.apply(changes)
            except RefusedError:
                continue
            if changes:
                self.observe(now)

    def observe(self, at: datetime) -> None:
        """Note what there is at present, which came to be ``at``."""
        with self.store.read() as reading:
            self.observed.append(observation(reading, at))


def changes_of(writing: WriteTransaction, number: int, event: Event, now: datetime) -> Sequence[AnyChange]:
    """What an event changes."""
    return claim(writing, [event]) if isinstance(event, Claims) else decide(writing, number, event, now)


def observation(reading: Reading, at: datetime) -> Observed:
    """What there is in ``reading``, for those who ask ``at``."""
    state = load(reading, Options())
    return Observed(state.revision, at, content(reading), everything(state), listed(state, at))


def listed(state: State, at: datetime) -> dict[str, list[str]]:
    """What each key lists."""
    return {
        key.key_id: [
            model.id for model, reach in what_sees(state, Asker(key), at.timestamp()) if reach is Reach.LISTED
        ]
        for _, key in state.keyring.credentials()
    }


def replays_in(folder: Path, empty: Store) -> Callable[[], Replay]:
    """What makes copies of a database without a model."""
    numbers = count()

    def make() -> Replay:
        path = folder / f"replay-{next(numbers)}.db"
        shutil.copy(empty.display_name, path)
        return Replay(Store(f"sqlite:///{path}"))

    return make

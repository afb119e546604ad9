"""A reader that remembers gives what the one behind it gives, which it asks of each thing once."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.changes.reader import CatalogReader
from callsheet.domain.changes.remembering import RememberingReader
from callsheet.domain.claims.claims import ClaimKind
from callsheet.testing.memory import Memory
from tests.domain.changes.acts import Act
from tests.domain.changes.test_sequences import after, sequences

#: What is asked of named things, by what it is called.
QUESTIONS: Final[dict[str, Callable[[CatalogReader, list[str]], object]]] = {
    "models": lambda it, names: {model.id: model for model in it.models(names)},
    "aliases": lambda it, names: dict(it.aliases(names)),
    "claims of models": lambda it, names: dict(it.claims_of(names)),
    "claims of aliases": lambda it, names: dict(it.claims_of(names, ClaimKind.ALIAS)),
    "claims towards": lambda it, names: sorted(map(repr, it.claims_towards(names))),
    "positions": lambda it, _names: dict(it.positions()),
    "model": lambda it, names: [it.model(name) for name in names],
}


class Counting:
    """A memory that counts how often it is asked of each thing."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.asked: Counter[tuple[str, ...]] = Counter()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.memory, name)

        def ask(*given: Any) -> Any:
            if not given:
                self.asked[name,] += 1
                return method()
            names, *others = given
            wanted = list(names)
            self.asked.update((name, *map(str, others), each) for each in wanted)
            return method(wanted, *others)

        return ask


@given(sequences, st.data())
def test_it_gives_what_the_reader_gives_and_asks_of_each_thing_once(drawn: list[Act], data: st.DataObject) -> None:
    memory = after(drawn)
    counting = Counting(memory)
    remembering = RememberingReader(counting)
    names = st.lists(st.sampled_from(sorted([*memory.names(), "nothing", "bad\ud800"])))
    for question, asked in data.draw(st.lists(st.tuples(st.sampled_from(sorted(QUESTIONS)), names), max_size=20)):
        assert QUESTIONS[question](remembering, asked) == QUESTIONS[question](memory, asked)
    assert set(counting.asked.values()) <= {1}

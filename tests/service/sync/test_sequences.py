"""No sequence of lists, failures and people's changes loses what a person said, or lists what no manager lists."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.claims.claims import Claims
from callsheet.domain.claims.manager import PERSON, ManagerKind
from callsheet.domain.claims.resolve import in_order, is_listed
from callsheet.domain.errors import RefusedError
from callsheet.service.maintenance.check import check_database
from callsheet.service.sync.config import Missing, New
from callsheet.service.sync.durations import Grace
from callsheet.sources.upstream import SourceKind
from tests.installation import Installation
from tests.service.sync.site import Site
from tests.service.sync.upstream import Upstream
from tests.tiers import examples

IDS: Final = ("a", "b", "c", "d", "e")
NAMES: Final = (*IDS, "p")  # one that is only ever an alias


class World:
    """An installation with two sources over files, and a person."""

    def __init__(self, folder: Path, template: Path, config: Mapping[str, Any]) -> None:
        shutil.copy(template, folder / "callsheet.db")
        self.folder = folder
        installation = Installation(f"sqlite:///{folder}/callsheet.db")
        self.site = Site(
            installation, Upstream(), kind=SourceKind.FILE, url=(folder / "gateway.json").as_uri(), **config
        )
        self.site.add("second", kind=SourceKind.FILE, url=(folder / "second.json").as_uri(), grace=Grace(2, 0))
        self.catalog = installation.catalog
        self.store = installation.store

    def list(self, source: str, rows: Sequence[Mapping[str, Any]] | None) -> None:
        """Let a source list these rows, or be away."""
        file = self.folder / f"{source}.json"
        file.unlink(missing_ok=True)
        if rows is not None:
            file.write_text(json.dumps({"data": rows}))

    def run(self, source: str) -> None:
        """Run a source: of what people said, nothing changes."""
        before = self.said()
        self.site.run(source, minutes=20)
        assert self.said() == before

    def said(self) -> Mapping[str, Claims]:
        """What people claim of models, stored or implied."""
        with self.store.read() as reading:
            return {claims.subject: claims for claims in reading.claims_by(PERSON)}

    def check(self) -> None:
        """Everything that is listed is listed by somebody, and nothing that a person removed is there."""
        with self.store.read() as reading:
            models = {model.id for model in reading.models()}
            aliases = reading.aliases()
            claims = reading.claims_of([*IDS, *models])
            positions = reading.positions()
        for model_id in models & claims.keys():
            assert is_listed(in_order(claims[model_id], positions)), f"{model_id} is listed by no manager"
        for model_id, of_it in claims.items():
            if any(each.manager == PERSON and each.lists is False for each in of_it):
                assert model_id not in models, f"{model_id} was removed by a person"
        assert not models & aliases.keys()
        assert set(aliases.values()) <= models


Act = Callable[[World], object]

_rows: Final = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from(IDS)},
        optional={"max_input_tokens": st.sampled_from([1_000, 2_000]), "name": st.sampled_from(["A", "B"])},
    ),
    max_size=5,
    unique_by=lambda row: row["id"],
)
_sources: Final = st.sampled_from(["gateway", "gateway", "second"])
_acts: Final[st.SearchStrategy[Act]] = st.one_of(
    st.builds(lambda source, rows: lambda world: (world.list(source, rows), world.run(source)), _sources, _rows),
    st.builds(lambda source: lambda world: (world.list(source, None), world.run(source)), _sources),
    st.builds(lambda source: lambda world: world.run(source), _sources),
    st.builds(lambda source: lambda world: world.site.sources.accept(source), _sources),
    st.builds(lambda source: lambda world: world.site.sources.reject(source), _sources),
    st.builds(lambda model_id: lambda world: world.catalog.remove(model_id), st.sampled_from(IDS)),
    st.builds(lambda model_id: lambda world: world.catalog.hide(model_id), st.sampled_from(IDS)),
    st.builds(lambda model_id: lambda world: world.catalog.unhide(model_id), st.sampled_from(IDS)),
    st.builds(lambda model_id: lambda world: world.catalog.retire(model_id), st.sampled_from(IDS)),
    st.builds(
        lambda model_id: lambda world: world.catalog.change(model_id, {"display_name": "Ours"}),
        st.sampled_from(IDS),
    ),
    st.builds(
        lambda alias, model_id: lambda world: world.catalog.alias(alias, model_id),
        st.sampled_from(NAMES),
        st.sampled_from(IDS),
    ),
    st.builds(lambda alias: lambda world: world.catalog.unalias(alias), st.sampled_from(NAMES)),
    st.builds(lambda days: lambda world: world.site.clock.passes(days=days), st.sampled_from([-1, 1])),
)
_configs: Final = st.fixed_dictionaries(
    {
        "new": st.sampled_from(New),
        "missing": st.sampled_from(Missing),
        "grace": st.builds(Grace, st.integers(0, 2), st.sampled_from([0, 1_800])),
    }
)


@pytest.fixture(scope="module")
def template(_template: Path) -> Path:
    """A database as the first start leaves it."""
    return _template


@examples(0.5)
@given(_configs, st.lists(_acts, min_size=1, max_size=10))
def test_no_sequence_loses_what_a_person_said_or_lists_what_none_lists(
    template: Path, config: Mapping[str, Any], acts: Sequence[Act]
) -> None:
    with TemporaryDirectory(prefix="callsheet-sequence-") as folder:
        world = World(Path(folder), template, config)
        for act in acts:
            with suppress(RefusedError):  # there may be no such model, or nothing that waits
                act(world)
            world.check()
        world.site.sources.remove("gateway")
        world.site.sources.remove("second")
        world.check()
        assert check_database(world.store).problems == []
        with world.store.read() as reading:
            left = reading.claims_of(model.id for model in reading.models())
        assert not any(each.manager.kind is ManagerKind.SOURCE for those in left.values() for each in those)

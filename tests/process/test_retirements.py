"""The day on which a model retires itself, with two real servers over one database, of which one is killed."""

import random
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from signal import SIGKILL
from threading import Timer

import pytest

from callsheet.domain.model import Lifecycle, RetirementPrecision
from callsheet.service.maintenance.check import check_database
from callsheet.service.retirements.due import REASON
from tests.docs.pages import ROOT
from tests.installation import Installation, make_model, now
from tests.program import Server, wait_for
from tests.tiers import exhaustive

_DAYS = 2


@exhaustive
@pytest.mark.parametrize("seed", [1, 2])
def test_a_model_retires_itself_once_although_two_servers_see_the_day_come_and_one_is_killed(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    offset = tmp_path / "offset"
    offset.write_text("0")
    monkeypatch.setenv("FLEET_CLOCK", str(offset))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests/fleet/clock"))
    day = datetime.combine(now().date() + timedelta(days=_DAYS), time(), UTC)
    installation.add(make_model("acme/old"), make_model("acme/new"))
    installation.catalog.alias("acme/a", "acme/old")
    installation.catalog.deprecate(
        "acme/old",
        retires_at=day,
        retires_itself=True,
        retirement_precision=RetirementPrecision.EXACT,
        replacement="acme/new",
    )
    key = installation.key()
    database = Path(installation.url.removeprefix("sqlite:///"))

    def lists_it(server: Server) -> bool:
        return "acme/old" in {each["id"] for each in server.get("/v1/models?limit=1000", key)[1]["data"]}

    with (
        Server(database, "--move-aliases", fresh=True) as one,
        Server(database, "--move-aliases", fresh=True) as other,
    ):
        assert lists_it(one)
        assert lists_it(other)
        assert installation.catalog.show("acme/old").model.lifecycle is Lifecycle.DEPRECATED
        killing = Timer(random.Random(seed).uniform(0.05, 0.6), one.send, [SIGKILL])
        offset.write_text(str(_DAYS * 86_400))
        killing.start()
        killing.join()
        assert one.ended() == -SIGKILL
        wait_for(lambda: not lists_it(other), "the retirement")
        with Server(database, "--move-aliases", fresh=True) as again:
            assert not lists_it(again)
    with installation.store.read() as reading:
        made = [each for each in reading.changes(limit=1000) if each.reason == REASON and each.kind != "claim"]
    done = {(str(each.action), each.subject, each.revision - made[0].revision) for each in made}
    assert done == {("retire", "acme/old", 0), ("alias", "acme/a", 0)}
    assert len(made) == len(done)
    assert check_database(installation.store).problems == []

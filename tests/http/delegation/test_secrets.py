"""Nothing of a credential is anywhere but in the question: not in logs, metrics, files, or texts of objects."""

import logging
import pickle
from pathlib import Path
from typing import Final

import pytest

from callsheet.service.delegation.asking import Asker
from callsheet.service.state.file import StateFile
from callsheet.settings import LogFormat
from tests.http.delegation.site import VERSION, Site, ask, talk
from tests.installation import Installation
from tests.rows import everything
from tests.service.delegation.gateway import Given, page

CANARY: Final = "sk-canary-5f3a9c71e2-do-not-keep"

#: Pieces of it, each of which would give something away.
PIECES: Final = (CANARY, CANARY[:16], CANARY[-12:], CANARY.encode().hex()[:24])


def leaks(*texts: object) -> list[str]:
    """Those texts that hold something of the credential."""
    return [text for text in map(str, texts) if any(piece in text for piece in PIECES)]


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])
def test_whatever_the_gateway_does_nothing_of_the_credential_remains(
    empty: Installation,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    fast: bool,
) -> None:
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.DEBUG, "callsheet")
    echo = f'{{"error": {{"message": "no such key {CANARY}"}}}}'.encode()
    answers = (
        page(["alpha", f"of-{CANARY}"]),
        Given(401, echo),
        Given(500, echo),
        Given(302, headers={"location": f"https://elsewhere.example/{CANARY}"}),
        Given(200, echo),
        Given(200, f'{{"data": [{{"id": "{CANARY}"}}, {{"id": "{CANARY}"}}, "{CANARY}"]}}'.encode()),
        None,
    )
    file = StateFile(tmp_path / "state", empty.store.canonical_address)

    async def what(here: Site) -> None:
        line = here.line(fast=fast)
        for given in answers:
            here.gateway.answer = lambda _, given=given: given
            for credential in (f"x-api-key: {CANARY}", f"authorization: Bearer {CANARY}"):
                reply = await ask(line, credential, VERSION)
                assert not leaks(reply.body, reply.headers)
            here.clock.now += 86_500
        state = here.app.live.current
        here.app.live.refresh()
        file.write(state, 0.0, lambda _: None)
        assert not leaks(
            here.figures,
            here.app.readiness.describe(),
            repr(state.grants),
            repr(state.delegation),
            state.key_source,
        )
        checks = here.app.keys.loaded
        assert checks is not None
        assert checks._here is not None
        assert not leaks(repr(checks._here.__dict__), repr(checks.__dict__))
        assert not leaks(everything(here.installation.store))

    talk(empty, what, {"access_log": LogFormat.JSON, "state_file": str(tmp_path / "state")})
    said = capfd.readouterr()
    assert not leaks(caplog.text, *(vars(record) for record in caplog.records), said.out, said.err)
    assert not leaks(*(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()))


def test_an_error_that_nobody_expected_is_logged_without_the_credential(
    empty: Installation, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(self: Asker, source: object, secret: str, *_: object) -> None:
        raise RuntimeError(f"what a bug might say of {secret}")

    monkeypatch.setattr(Asker, "ask", fails)

    async def what(here: Site) -> None:
        assert (await ask(here.line(), f"x-api-key: {CANARY}", VERSION)).status == 529

    talk(empty, what)
    assert "failed" in caplog.text
    assert "RuntimeError" in caplog.text
    assert not leaks(*caplog.messages, caplog.text)


def test_what_is_remembered_of_keys_cannot_be_pickled_by_accident_with_them(empty: Installation) -> None:
    async def what(here: Site) -> None:
        here.gateway.keys = {CANARY: ["alpha"]}
        await ask(here.line(), f"x-api-key: {CANARY}", VERSION)
        grants = here.app.live.current.grants
        held = [getattr(grants, name) for name in grants.__slots__ if not name.startswith("_lists")]
        assert not leaks(*held)
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
            pickle.dumps(here.app.keys.loaded)

    talk(empty, what)

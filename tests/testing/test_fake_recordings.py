"""``callsheet fake --catalog``: recorded lists with entries that no catalogue can hold."""

import signal
from pathlib import Path

from tests.testing.test_fake_command import Fake


def test_entries_that_a_catalogue_cannot_hold_are_named_on_stderr_and_the_rest_is_served(tmp_path: Path) -> None:
    recorded = tmp_path / "recorded.json"
    recorded.write_text('{"object":"list","data":[{"id":"a","max_input_tokens":0},{"id":""},{"id":"b\\u001b "}]}')
    with Fake("--catalog", str(recorded)) as fake:
        assert fake.ids() == ["a"]
        assert fake.stop(signal.SIGTERM) == 0
        first, second = fake.stderr.splitlines()
    assert first == "Entry 2 of the catalogue is left out, as its id is empty."
    assert second.startswith("Entry 3 of the catalogue (b\N{REPLACEMENT CHARACTER} ) is left out, as its id must ")

"""``sources try``: what a list would come to, field by field."""

import json
from pathlib import Path

from tests.program import call
from tests.sources.recorded import exchanges


def test_a_list_is_shown_field_by_field_with_what_stays_unknown_and_what_is_left_out(tmp_path: Path) -> None:
    recorded = tmp_path / "list.json"
    rows = exchanges("openai")["GET /v1/models"]["json"]["data"]
    recorded.write_text(json.dumps({"data": [*rows, {"object": "model"}, {"id": "bad", "lifecycle": "gone"}]}))
    done = call("sources", "try", f"file://{recorded}", "--kind", "file", "--deny", "ft:*", cwd=tmp_path)
    assert done.returncode == 0
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0] == "5 models would be listed, of 7 rows."
    assert "created_at 4 of 5 2026-01-01T00:00:00Z" in lines
    assert "deprecated_at 1 of 5 when it is first seen" in lines
    assert "max_input_tokens none stays unknown, unless others know it" in lines
    assert done.stderr.splitlines() == [
        "Left out: 1, because it is not an object.",
        "Left out: 1, because a denied pattern matches its id (ft:nova-3-mini:example:support:AbCdEf12).",
        "Note on 1 model: lifecycle is left out, because 'gone' makes no sense for it (bad).",
    ]
    assert list(tmp_path.iterdir()) == [recorded]


def test_programs_get_the_same_as_json(tmp_path: Path) -> None:
    recorded = tmp_path / "list.json"
    recorded.write_text('[{"id": "a", "context_length": 5}, 7]')
    done = call("sources", "try", f"file://{recorded}", "--kind", "file", "--json", cwd=tmp_path)
    said = json.loads(done.stdout)
    assert said["models"] == [{"id": "a", "fields": {"max_input_tokens": 5}, "aliases": [], "notes": []}]
    assert "max_tokens" in said["unknown"]
    assert "max_input_tokens" not in said["unknown"]
    assert said["left_out"] == {"it is not an object": 1}

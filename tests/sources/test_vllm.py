"""vLLM's list and SGLang's: names of one model, adapters, and times that mean nothing."""

import json

from callsheet.sources.upstream import FIRST_SEEN, Listed
from tests.sources.recorded import answers_of, exchanges, listed_in, reading_from, reading_of


def test_created_is_the_time_of_the_request_so_the_model_dates_from_when_it_was_first_seen() -> None:
    assert {each.fields["created_at"] for each in reading_of("vllm").listed} == {FIRST_SEEN}


def test_what_changes_with_every_request_changes_nothing() -> None:
    text = json.dumps(exchanges("vllm")["GET /v1/models"]["json"])
    later = json.loads(text.replace("1795984809", "1795984999").replace("modelperm-1f", "modelperm-2e"))
    assert reading_from("vllm", later) == reading_of("vllm")


def test_names_of_one_root_are_one_model_with_aliases() -> None:
    listed = listed_in(reading_of("vllm"))
    assert list(listed) == ["maple-8b", "maple-sql", "maple-legal"]
    assert listed["maple-8b"] == Listed(
        "maple-8b", {"created_at": FIRST_SEEN, "max_input_tokens": 32768}, ("default",)
    )


def test_one_root_with_two_limits_is_two_models() -> None:
    rows = [{"id": each, "root": "acme/m", "max_model_len": limit} for each, limit in [("a", 4096), ("b", 8192)]]
    assert [(each.id, each.aliases) for each in reading_from("vllm", {"data": rows}).listed] == [
        ("a", ()), ("b", ()),
    ]  # fmt: skip


def test_rows_without_a_root_are_never_joined() -> None:
    rows = [{"id": each, "root": root} for each, root in [("a", None), ("b", None), ("c", ""), ("d", "")]]
    assert len(reading_from("vllm", {"data": rows}).listed) == 4


def test_an_adapter_has_the_limit_of_its_parent_by_id_or_root() -> None:
    listed = listed_in(reading_of("vllm"))
    assert listed["maple-sql"].fields["max_input_tokens"] == 32768
    assert listed["maple-legal"].fields["max_input_tokens"] == 32768
    assert listed_in(reading_of("sglang"))["oak-chem"].fields["max_input_tokens"] == 131072


def test_an_adapter_whose_parent_is_unknown_has_no_limit() -> None:
    rows = [{"id": "a", "parent": "gone"}, {"id": "b", "parent": "b"}, {"id": "c", "parent": ["c"]}]
    assert [dict(each.fields) for each in reading_from("vllm", {"data": rows}).listed] == [
        {"created_at": FIRST_SEEN}
    ] * 3


def test_adapters_of_one_path_stay_models() -> None:
    rows = [{"id": each, "root": "/adapters/a", "parent": "base"} for each in "ab"]
    assert [each.id for each in reading_from("vllm", {"data": rows}).listed] == ["a", "b"]


def test_one_request_is_all_that_is_asked() -> None:
    assert [answer.request.path for answer in answers_of("vllm")] == ["/v1/models"]
    assert len(answers_of("sglang")) == 1

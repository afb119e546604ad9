"""What is recorded of answers holds nothing private, and still says what the answers say of models."""

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.sources.read import read
from callsheet.sources.registry import upstream_of
from callsheet.sources.scrub import KEPT, scrub
from callsheet.sources.upstream import Answer, Request
from tests.sources.recorded import answer_to, answers_of, ask, exchanges
from tests.sources.test_any_bytes import OPTIONS, RECORDINGS, kind_of, mutated
from tests.tiers import examples

URL = "https://gateway-7.plants.example.org:8443/v1"

words = st.text("abcdefghijklmnopqrstuvwxyz", min_size=7, max_size=12).map(lambda text: f"zq{text}")  # no word
mixed = st.text("abcdefghABCDEFGH01234567", min_size=28, max_size=40).map(lambda text: f"aB3{text}")

#: What looks private wherever it is.
private_anywhere = st.one_of(
    words.map(lambda text: f"sk-{text}"),
    words.map(lambda text: f"sk-ant-api03-{text}"),
    words.map(lambda text: f"AIza{text}Q7"),
    words.map(lambda text: f"AKIA{text.upper()}"),
    words.map(lambda text: f"ghp_{text}"),
    words.map(lambda text: f"hf_{text}"),
    words.map(lambda text: f"org-{text}"),
    words.map(lambda text: "eyJ" + base64.urlsafe_b64encode(text.encode()).decode().strip("=") + ".eyJ9.c2ln"),
    words.map(lambda text: f"{text}@{text}.example.net"),
    words.map(lambda text: f"https://{text}.example.net/path"),
    words.map(lambda text: f"https://{text}:{text}@db.{text}.net"),
    words.map(lambda text: f"{text}.corp.internal"),
    words.map(lambda text: f"/home/{text}/models"),
    words.map(lambda text: f"Bearer {text}"),
    words.map(lambda text: f"ft:nova-3:{text}:bot:AbC1"),
    st.uuids().map(str),
    st.binary(min_size=20, max_size=32).map(bytes.hex),
    mixed,
)
#: Members whose texts never stay, and members in which none stays.
unknown_members = st.sampled_from(
    ["api_base", "note", "description", "token", "hugging_face_id", "x", "secret", "source"]
)
private_members = st.sampled_from(
    ["litellm_params", "created_by", "permission", "team", "user", "http_headers", "args"]
)


def core(secret: str) -> list[str]:
    """The parts of a planted text that must not be found."""
    return [part for part in secret.replace("/", " ").replace("@", " ").replace(":", " ").split() if _is_own(part)]


def _is_own(part: str) -> bool:
    public = ("https", "home", "models", "path", "Bearer", "ft", "nova-3", "bot", "AbC1", "db")
    return part not in public and len(part) > 4


def rows_in(value: Any) -> list[dict[str, Any]]:
    """All objects in a JSON value."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    here = [value] if isinstance(value, dict) and value else []
    return [*here, *(row for each in inner for row in rows_in(each))]


def changed(answers: Sequence[Answer], number: int, member: str, value: Any) -> list[Answer]:
    """``answers`` with one more member in one of their objects."""
    bodies = [json.loads(each.body) for each in answers]
    rows = [row for body in bodies for row in rows_in(body)]
    rows[number % len(rows)][member] = value
    return [
        Answer(each.request, each.status, each.headers, json.dumps(body).encode())
        for each, body in zip(answers, bodies, strict=True)
    ]


def recorded(answers: Sequence[Answer], **known: Any) -> str:
    text = json.dumps(scrub(answers, **known), ensure_ascii=False)
    json.loads(text)
    return text


@pytest.mark.parametrize("recording", RECORDINGS)
@examples(0.3)
@given(
    secret=private_anywhere, number=st.integers(0, 1000), member=st.sampled_from(sorted(KEPT)), inside=st.booleans()
)
def test_what_looks_private_survives_nowhere_not_even_where_texts_stay(
    recording: str, secret: str, number: int, member: str, inside: bool
) -> None:
    planted = changed(
        answers_of(recording, kind_of(recording), OPTIONS),
        number,
        member,
        f"Nova {secret} 3" if inside else [secret],
    )
    text = recorded(planted)
    assert [part for part in core(secret) if part in text] == []


@given(secret=words, number=st.integers(0, 1000), member=unknown_members)
def test_no_text_at_all_survives_where_translation_reads_none(secret: str, number: int, member: str) -> None:
    planted = changed(answers_of("litellm"), number, member, {"id2": [secret], "deep": secret})
    assert secret not in recorded(changed(planted, number + 1, member, secret))


@given(secret=words, number=st.integers(0, 1000), member=private_members, name=st.sampled_from(sorted(KEPT)))
def test_no_text_at_all_survives_in_members_that_are_about_people_or_secrets(
    secret: str, number: int, member: str, name: str
) -> None:
    planted = changed(answers_of("litellm"), number, member, [{name: secret, "more": {name: [secret]}}])
    assert secret not in recorded(planted)


@given(
    secret=st.text(st.characters(codec="utf-8", exclude_characters=" "), min_size=9), number=st.integers(0, 1000)
)
def test_the_sources_own_secret_survives_nowhere_however_it_is_encoded(secret: str, number: int) -> None:
    planted = changed(answers_of("openrouter"), number, "name", f"key {secret}")
    planted = changed(planted, number, f"k{secret}", 7)
    path = f"/v1/models?key={quote(secret, safe='')}&again={quote(quote(secret, safe=''), safe='')}"
    planted.append(Answer(Request("GET", path), 200, {}, b"{}"))
    found = scrub(planted, secrets=[secret])
    texts = [*found, *(key for row in rows_in(found) for key in row), *_leaves(found)]
    assert not [text for text in texts if (secret.strip() and secret in text) or quote(secret, safe="") in text]


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [text for each in inner for text in _leaves(each)]
    return [value] if isinstance(value, str) else []


def test_parts_of_a_secret_of_aws_and_the_sources_host_survive_nowhere() -> None:
    pair = "AKIAIOSFODNN7EXAMPLE:secret-part-of-it"
    planted = changed(answers_of("bedrock"), 3, "modelName", "secret-part-of-it on gateway-7.plants.example.org")
    text = recorded(planted, url=URL, secrets=[pair])
    assert "secret-part-of-it" not in text
    assert "gateway-7" not in text


@pytest.mark.parametrize("recording", RECORDINGS)
def test_a_recording_reads_as_the_answers_do(recording: str) -> None:
    """The same models with the same facts, but for descriptions and ids of owners."""
    upstream = upstream_of(kind_of(recording))
    original = ask(upstream, OPTIONS, lambda request: answer_to(request, exchanges(recording)))
    found = scrub(original)
    again = ask(upstream, OPTIONS, lambda request: answer_to(request, found))
    before, after = read(upstream, original, OPTIONS), read(upstream, again, OPTIONS)
    assert after.reasons() == before.reasons()
    for one, other in zip(before.listed, after.listed, strict=True):
        if "ft:" not in one.id:
            assert (one.id, one.aliases) == (other.id, other.aliases)
        for field in {*one.fields, *other.fields} - {"description"}:
            assert one.fields.get(field) == other.fields.get(field)


def request_of(name: str) -> Request:
    """The request that a recording calls so."""
    method, path, *body = name.split(" ", maxsplit=2)
    return Request(method, path, body="".join(body).encode() or None)


@pytest.mark.parametrize("recording", RECORDINGS)
def test_scrubbing_what_is_scrubbed_changes_nothing(recording: str) -> None:
    once = scrub(answers_of(recording, kind_of(recording), OPTIONS))
    answers = [
        Answer(request_of(name), each["status"], {}, json.dumps(each["json"]).encode())
        for name, each in once.items()
    ]
    assert scrub(answers) == once


@given(body=st.binary(max_size=200))
def test_an_answer_that_is_not_json_leaves_no_text(body: bytes) -> None:
    (found,) = scrub([Answer(Request("GET", "/v1/models"), 502, {}, b"<" + body)]).values()
    assert found == {"status": 502, "text": ""}


@pytest.mark.parametrize("recording", RECORDINGS)
@examples(0.2)
@given(data=st.data())
def test_whatever_is_answered_can_be_recorded(recording: str, data: st.DataObject) -> None:
    answers = list(answers_of(recording, kind_of(recording), OPTIONS))
    number = data.draw(st.integers(0, len(answers) - 1))
    body = data.draw(mutated(answers[number].body))
    answers[number] = replace(answers[number], body=body)
    json.dumps(scrub(answers, url=URL, secrets=["a secret"]), allow_nan=False).encode()


def test_headers_are_not_recorded() -> None:
    request = Request("GET", "/v1/models", {"authorization": "Bearer planted"})
    answer = Answer(request, 200, {"set-cookie": "planted"}, b"[]")
    assert scrub([answer]) == {"GET /v1/models": {"status": 200, "json": []}}


def test_numbers_of_accounts_are_not_recorded() -> None:
    answer = Answer(
        Request("GET", "/a"), 200, {}, b'{"n": 123456789012, "x": 1e999, "id": "arn:aws:b:r:123456789012:m/x"}'
    )
    assert scrub([answer])["GET /a"]["json"] == {"n": 0, "x": None, "id": "arn:aws:b:r:111122223333:m/x"}

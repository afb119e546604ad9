"""What hypothesis draws of catalogue files: manifests that are valid, of every collection."""

from typing import Any
from unicodedata import category

from hypothesis import strategies as st

from callsheet.domain.claims.values import claimed_by
from callsheet.domain.manifest import Entry, Manifest
from callsheet.domain.model import Lifecycle, Model
from tests import strategies

#: Texts that YAML, in one version or another, takes for something else.
TRAPS = st.sampled_from(
    [
        "no",
        "yes",
        "on",
        "true",
        "null",
        "~",
        "1e3",
        "010",
        "0x1F",
        "4.10",
        "2026-01-01",
        "12:30:00",
        ".inf",
        "-",
        "=",
        "<<",
    ]
)

ids = strategies.model_ids | TRAPS
names = TRAPS | st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=20)

NULLABLE = ("line", "max_input_tokens", "max_tokens", "capabilities", "replacement", "description", "source")


@st.composite
def _model_entry(draw: st.DrawFn, model_id: str) -> Entry:
    listed = draw(st.sampled_from([True, True, True, False, None]))
    if listed is False:
        return Entry(model_id, listed=False, protected=draw(st.booleans()))
    known: Model = draw(strategies.models())
    fields: dict[str, Any] = claimed_by(known)
    for name in ("display_name", "description", "source"):
        if any(category(character) in ("Cf", "Zl", "Zp") for character in fields.get(name) or ""):
            del fields[name]  # nobody could see it, so no file may hold it
    fields.update(dict.fromkeys(draw(st.sets(st.sampled_from(NULLABLE)))))
    if known.lifecycle is Lifecycle.ACTIVE and draw(st.booleans()):
        fields["lifecycle"] = "active"
    if fields.get("replacement") == model_id:
        del fields["replacement"]
    was = draw(st.none() | st.just(f"{model_id[:200]} earlier"))
    return Entry(model_id, fields, listed, draw(st.booleans()), was)


def _key_entry(name: str) -> st.SearchStrategy[Entry]:
    secret = st.sampled_from([{"secret_sha256": "ab" * 32}, {"secret_env": "CI_KEY"}])
    place = st.sampled_from([{}, {"workspace": "research"}, {"organization": True}])
    more = st.sampled_from(
        [{}, {"status": "disabled"}, {"expires_at": None}, {"expires_at": "2027-02-04T00:00:00Z"}]
    )
    fields = st.builds(lambda *parts: {k: v for part in parts for k, v in part.items()}, secret, place, more)
    return st.builds(Entry, st.just(name), fields, protected=st.booleans())


def _workspace_entry(name: str) -> st.SearchStrategy[Entry]:
    rules = st.lists(ids.filter(lambda each: len(each) <= 256), max_size=3)
    shape = st.sampled_from([None, "classic", "current"])
    fields = st.fixed_dictionaries({}, optional={"allow": rules, "deny": rules, "shape": shape})
    return st.builds(Entry, st.just(name), fields, protected=st.booleans())


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    """Any manifest that a file can hold."""

    def some(names: st.SearchStrategy[str], entry: Any) -> tuple[Entry, ...] | None:
        if draw(st.booleans()):
            return None
        return tuple(draw(entry(name)) for name in draw(st.lists(names, unique=True, max_size=3)))

    models = some(ids, _model_entry)
    taken = {entry.subject for entry in models or ()}
    free = ids.filter(lambda name: name not in taken)
    aliases = some(free, lambda name: st.just(Entry(name, {"model_id": f"{name[:200]} meant"})))
    return Manifest("team-a", models, aliases, some(names, _workspace_entry), some(names, _key_entry))

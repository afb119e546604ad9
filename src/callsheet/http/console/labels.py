"""Labels: what people read where the Admin API has the name of a member, also in what it refuses."""

import re
from collections.abc import Mapping
from typing import Final

#: The labels of members that are more than their names with a space for each underscore.
_LABELS: Final[Mapping[str, str]] = {
    "after": "Grace",
    "as_of": "Date, time ago or revision",
    "asks_keys": "Ask it about keys that Callsheet does not have",
    "before": "Rank",
    "created_at": "Released",
    "deprecated_at": "Deprecated since",
    "display_color": "Colour",
    "expires_at": "Expires",
    "fold_variants": "Leave out variants of models",
    "key_mode": "What such a key sees",
    "long_context_rows": "Also list ID[1m]",
    "max_input_tokens": "Context window",
    "max_tokens": "Largest output",
    "missing": "A model that goes",
    "model_id": "Model",
    "new": "A model that appears",
    "other_hours": "Hours",
    "overlap": "The old secret keeps working for",
    "retirement_precision": "What the date means",
    "retires_at": "Retires on",
    "retires_itself": "Retires by itself",
    "secret": "Where its secret is stored",
    "shape": "Fields",
    "source": "Comes from",
    "url": "Address",
    "workspace_id": "Workspace",
}

#: Names that no sentence uses as its own words.
_RAW: Final = re.compile(rf"\b(?:{'|'.join(name for name in _LABELS if '_' in name)})\b")


def label_of(name: str) -> str:
    """Return the label of a member."""
    words = name.replace("_", " ")
    return _LABELS.get(name) or words[:1].upper() + words[1:]


def term_of(name: str) -> str:
    """Return the label of a member as it stands within a sentence."""
    label = label_of(name)
    return label[:1].lower() + label[1:]


def in_labels(sentence: str) -> str:
    """Return what the Admin API says with labels in place of the names of members."""
    return _RAW.sub(lambda found: f"“{label_of(found[0])}”", sentence)


def at_field(sentence: str, place: str) -> str:
    """Return what the Admin API says of a member as it is said at its field, where the label need not be repeated.

    Parameters
    ----------
    sentence
        It may begin with the place, and a colon, or with the name of the member.
    place
        Where the member is, such as ``config.url``, or ``allow.2`` for an entry of a list.
    """
    name, _, entry = place.rpartition(".")
    if not entry.isdecimal():
        name = entry
    rest = sentence.removeprefix(f"{place}: ")
    if rest != sentence and entry.isdecimal():
        return in_labels(f"Entry {int(entry) + 1}: {rest}")
    named = re.match(rf"{re.escape(name)}(?: of a source)? (?=must )", rest)
    said = in_labels(rest if named is None else rest[named.end() :])
    return said[:1].upper() + said[1:]

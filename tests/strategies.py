"""What hypothesis draws: values that the contract allows, small and often equal, where bugs like to be."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from callsheet.domain.model import Lifecycle, Model, RetirementPrecision
from callsheet.domain.times import EPOCH

LATEST = datetime(9999, 12, 30, tzinfo=UTC)

LINES = [None, "haiku", "sonnet", "opus", "fable", "mythos", "nova", "opus-mini"]

zones = st.builds(timezone, st.integers(-23 * 60, 23 * 60).map(lambda minutes: timedelta(minutes=minutes)))


def instants(
    earliest: datetime = EPOCH + timedelta(days=2), latest: datetime = LATEST
) -> st.SearchStrategy[datetime]:
    """Aware times of any zone, whole seconds and fractions."""
    bare = st.datetimes(earliest.replace(tzinfo=None), latest.replace(tzinfo=None) - timedelta(days=2))
    whole = bare.map(lambda when: when.replace(microsecond=0))
    return st.builds(lambda when, zone: when.replace(tzinfo=zone), bare | whole, zones)


#: The usual ones often, those that something might take for more than a letter, and any that can be seen.
id_characters = (
    st.sampled_from("abcXYZ019._:@/+~-")
    | st.sampled_from(' [1m]?#*%&=\\"模é\u0301🎬')
    | st.characters(exclude_categories=["Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"])
)

model_ids = st.text(id_characters, min_size=1, max_size=256).filter(
    lambda text: text == text.strip() and text not in (".", "..")
)

texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40).filter(
    lambda text: bool(text.strip())
)

leaves = st.builds(lambda supported: {"supported": supported}, st.booleans())

groups = st.recursive(
    leaves,
    lambda node: st.dictionaries(
        st.sampled_from(["low", "high", "types", "enabled", "new_20270101"]), node, min_size=1
    ),
    max_leaves=4,
).filter(lambda node: _depth(node) <= 4)

capabilities = st.dictionaries(
    st.sampled_from(["batch", "citations", "effort", "thinking", "server_tools", "telepathy"]), groups
)


def _depth(node: Any) -> int:
    return 1 + max(map(_depth, node.values())) if isinstance(node, dict) and node else 0


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Any valid model."""
    lifecycle = draw(st.sampled_from(Lifecycle))
    deprecated_at = retires_at = None
    if lifecycle is not Lifecycle.ACTIVE:
        deprecated_at = draw(instants(latest=datetime(5000, 1, 1, tzinfo=UTC)))
        retires_at = draw(st.none() | st.timedeltas(timedelta(), timedelta(days=4000)).map(deprecated_at.__add__))
    model_id = draw(model_ids)
    return Model(
        id=model_id,
        display_name=draw(texts),
        created_at=draw(instants()),
        line=draw(st.sampled_from(LINES)),
        max_input_tokens=draw(st.none() | st.integers(1, 2**53 - 1)),
        max_tokens=draw(st.none() | st.integers(1, 2**53 - 1)),
        capabilities=draw(st.none() | capabilities),
        lifecycle=lifecycle,
        deprecated_at=deprecated_at,
        retires_at=retires_at,
        replacement=draw(st.none() | model_ids.filter(lambda other: other != model_id)),
        description=draw(st.none() | texts | st.just("two\nlines\tand a tab")),
        hidden=draw(st.booleans()),
        retirement_precision=None if retires_at is None else draw(st.sampled_from([None, *RetirementPrecision])),
        retires_itself=draw(st.booleans()),
        source=draw(st.none() | texts),
    )

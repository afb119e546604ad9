"""Which of the models that an upstream lists are wanted, and what they are called here."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from callsheet.domain.access.visibility import Visibility
from callsheet.domain.errors import InvalidError
from callsheet.domain.model import check_id
from callsheet.sources.renaming import namer, renamed
from callsheet.sources.upstream import Dropped, Listed

#: The endings by which gateways sell a model at another price, speed or limit.
VARIANTS: Final = (
    ":batch", ":beta", ":exacto", ":extended", ":fast", ":flex", ":floor", ":free", ":nitro", ":online",
    ":priority", ":thinking",
)  # fmt: skip

NOT_ALLOWED: Final = "no allowed pattern matches its id"
DENIED: Final = "a denied pattern matches its id"
VARIANT: Final = "it is a variant of a model that is listed"

LONG_CONTEXT_SUFFIX: Final = "[1m]"
MIN_LONG_CONTEXT_TOKENS: Final = 1_000_000

#: Claude Code's picker shows only ids that contain one of these, in small or capital letters.
PICKER_WORDS: Final = ("claude", "anthropic")


@dataclass(frozen=True, slots=True)
class Choice:
    """What is wanted of an upstream's list.

    Parameters
    ----------
    prefix, rename
        See `sources.renaming.namer`.
    allow, deny
        Globs on the upstream's ids, as in the rules of a workspace: deny wins, and no ``allow`` means all.
    fold_variants
        Leave out a model such as ``X:free`` (see `VARIANTS`) if ``X`` is listed. It does not become an alias of
        ``X``: a caller who asks for a variant would get another price or limit than the one asked for.
    long_context_rows
        For each model with a context window of at least a million tokens, list ``ID[1m]``, too, as the same model:
        the name by which Claude Code asks for all of it.
    picker_prefix
        For each model that Claude Code's picker leaves out, list this and its id, too, as the same model; empty for
        none. The upstream has to take that name.
    """

    prefix: str = ""
    rename: Mapping[str, str] = field(default_factory=dict)
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    fold_variants: bool = False
    long_context_rows: bool = False
    picker_prefix: str = ""


#: Returns the context windows, in tokens, that are known of models by their ids.
ContextsOf: TypeAlias = Callable[[Sequence[str]], Mapping[str, int]]


def _unknown(_ids: Sequence[str]) -> Mapping[str, int]:
    """No context window is known."""
    return {}


def choose(listed: Sequence[Listed], choice: Choice, contexts_of: ContextsOf = _unknown) -> list[Listed]:
    """Return the models that are wanted, by their new ids, in the upstream's order.

    Allow and deny apply first, to the upstream's ids, then variants, then names, then rows for a long context, then
    those for pickers. An alias that is denied, or is taken by a model or another alias, is left out.

    Parameters
    ----------
    contexts_of
        What the catalogue knows of models by their new ids: it counts where the upstream does not state a context
        window. It is asked once.

    Raises
    ------
    SourceError
        Two models would have one id, a model an id that no model can have, or a rename is not valid.
    """
    named = _kept(listed, choice)
    if choice.rename or choice.prefix or choice.deny:
        allowed = _without_denied_aliases(named, choice)
        named = _with_free_aliases(renamed(allowed, namer(choice.rename, choice.prefix)))
    if choice.long_context_rows:
        named = _with_long_context(named, contexts_of)
    return _with_picker_names(named, choice.picker_prefix) if choice.picker_prefix else named


def is_shown_by_pickers(model_id: str) -> bool:
    """Return whether Claude Code's picker shows a model of this id."""
    return any(word in model_id.lower() for word in PICKER_WORDS)


def left_out(listed: Sequence[Listed], choice: Choice) -> list[Dropped]:
    """Return the models that `choose` leaves out, each with the reason."""
    if not (choice.allow or choice.deny or choice.fold_variants):
        return []
    rules = _rules(listed, choice)
    seen = [each for each in listed if rules.sees(each.id)]
    ids = {each.id for each in seen}
    reasons = {
        each.id: DENIED if _is_denied(each.id, rules) else NOT_ALLOWED for each in listed if each.id not in ids
    }
    if choice.fold_variants:
        reasons |= {each.id: VARIANT for each in seen if _is_variant(each.id, ids)}
    return [Dropped(each.id, reasons[each.id]) for each in listed if each.id in reasons]


def _kept(listed: Sequence[Listed], choice: Choice) -> list[Listed]:
    dropped = {each.id for each in left_out(listed, choice)}
    return [each for each in listed if each.id not in dropped]


def _rules(listed: Sequence[Listed], choice: Choice) -> Visibility:
    ids = {each.id for each in listed}
    return Visibility(tuple(choice.allow), tuple(choice.deny)).among(ids.__contains__)


def _is_denied(model_id: str, rules: Visibility) -> bool:
    return not rules._replace(allow=()).sees(model_id)


def _is_variant(model_id: str, ids: Iterable[str]) -> bool:
    return any(model_id.endswith(ending) and model_id.removesuffix(ending) in ids for ending in VARIANTS)


def _without_denied_aliases(listed: list[Listed], choice: Choice) -> list[Listed]:
    if not choice.deny:
        return listed
    rules = _rules(listed, choice)
    return [
        replace(each, aliases=tuple(alias for alias in each.aliases if not _is_denied(alias, rules)))
        for each in listed
    ]


def _with_free_aliases(listed: list[Listed]) -> list[Listed]:
    """The models with those aliases that nothing else is called."""
    taken = {each.id for each in listed}
    found = []
    for each in listed:
        if not each.aliases:
            found.append(each)
            continue
        free = tuple(alias for alias in dict.fromkeys(each.aliases) if alias not in taken and _can_be_id(alias))
        taken.update(free)
        found.append(replace(each, aliases=free))
    return found


def _with_long_context(listed: list[Listed], contexts_of: ContextsOf) -> list[Listed]:
    """The models, each with a long context followed by its row for that."""
    taken = {name for each in listed for name in (each.id, *each.aliases)}
    stated = {each.id: tokens for each in listed if isinstance(tokens := each.fields.get("max_input_tokens"), int)}
    contexts = {**contexts_of([each.id for each in listed if each.id not in stated]), **stated}
    found = []
    for each in listed:
        found.append(each)
        name = each.id + LONG_CONTEXT_SUFFIX
        is_long = contexts.get(each.id, 0) >= MIN_LONG_CONTEXT_TOKENS
        if is_long and name not in taken and not each.id.endswith(LONG_CONTEXT_SUFFIX) and _can_be_id(name):
            found.append(Listed(name, _of_the_same(each)))
    return found


def _of_the_same(model: Listed) -> dict[str, Any]:
    """The claims of a second row for a model: it is the same, under a name that differs from the first."""
    name = model.fields.get("display_name")
    return {"same_as": model.id, **({"display_name": f"{name[:240]} (1M context)"} if name else {})}


def _with_picker_names(listed: list[Listed], prefix: str) -> list[Listed]:
    """The models, each that pickers leave out followed by a row that they show."""
    taken = {name for each in listed for name in (each.id, *each.aliases)}
    found = []
    for each in listed:
        found.append(each)
        name = prefix + each.id
        if not is_shown_by_pickers(each.id) and name not in taken and _can_be_id(name):
            found.append(Listed(name, {"same_as": each.id, **_second_name(each)}))
    return found


def _second_name(model: Listed) -> dict[str, Any]:
    """What a row that is the same as another claims beside, so that a row for the same as that is like it."""
    return {name: value for name, value in model.fields.items() if name in ("same_as", "display_name")}


def _can_be_id(text: str) -> bool:
    try:
        check_id(text)
    except InvalidError:
        return False
    return True

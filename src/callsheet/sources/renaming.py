"""How a model of an upstream is called here: by a rename, exact or with ``*``, and a prefix."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from callsheet.domain.errors import InvalidError, SourceError
from callsheet.domain.model import check_id
from callsheet.sources.upstream import Listed

_ANY: Final = "*"
_NAMING: Final = ("same_as", "replacement")  # fields that name another model of the upstream


def namer(rename: Mapping[str, str], prefix: str) -> Callable[[str], str]:
    """Return what gives a model its id here.

    Parameters
    ----------
    rename
        An upstream's id to what to call it. In a key, ``*`` means any characters; the value may have as many, which
        mean the same characters in order: ``openai/*`` to ``*``. An exact key counts before any with ``*``, and of
        those the first that matches. Every other character means itself.
    prefix
        Put before every id, renamed or not.

    Raises
    ------
    SourceError
        A value has more ``*`` than its key.
    """
    patterns = [_pattern(key, value) for key, value in rename.items() if _ANY in key]

    def name(upstream_id: str) -> str:
        exact = rename.get(upstream_id)
        if exact is not None and _ANY not in upstream_id:
            return prefix + exact
        found = next((named for pattern in patterns if (named := pattern(upstream_id)) is not None), upstream_id)
        return prefix + found

    return name


def _pattern(key: str, value: str) -> Callable[[str], str | None]:
    """What gives an id that matches ``key`` its name by ``value``; None for others."""
    if value.count(_ANY) > key.count(_ANY):
        raise SourceError(f"The rename {key[:60]!r} to {value[:60]!r} has more * on the right than on the left.")
    match = re.compile("(.*)".join(map(re.escape, key.split(_ANY))), re.DOTALL).fullmatch
    between = value.split(_ANY)

    def name(upstream_id: str) -> str | None:
        found = match(upstream_id)
        if found is None:
            return None
        return between[0] + "".join(part + after for part, after in zip(found.groups(), between[1:], strict=False))

    return name


def renamed(listed: list[Listed], name: Callable[[str], str]) -> list[Listed]:
    """Return the models by their new ids, aliases renamed as well.

    A model with another id than its upstream's is the same as the model with the upstream's id, if that is not
    the new id of another: what the catalogue knows of it holds.

    Raises
    ------
    SourceError
        Two models would have one id, or a model one that no model can have.
    """
    names = _names(listed, name)
    taken = set(names.values())
    return [_renamed(each, names, name, taken) for each in listed]


def _names(listed: list[Listed], name: Callable[[str], str]) -> Mapping[str, str]:
    """The new id of each; SourceError if it cannot be one."""
    names: dict[str, str] = {}
    first: dict[str, str] = {}
    for each in listed:
        new = name(each.id)
        try:
            check_id(new)
        except InvalidError:
            raise SourceError(
                f"{each.id!r} would be called {new[:60]!r}, which is not an id that a model can have; "
                "change the prefix or the rename."
            ) from None
        other = first.setdefault(new, each.id)
        if other != each.id:
            raise SourceError(
                f"{other!r} and {each.id!r} would both be called {new!r}; change the prefix or a rename."
            )
        names[each.id] = new
    return names


def _renamed(each: Listed, names: Mapping[str, str], name: Callable[[str], str], taken: set[str]) -> Listed:
    new = names[each.id]
    if new == each.id and not each.aliases and each.fields.keys().isdisjoint(_NAMING):
        return each
    fields = {
        field: names.get(value, value) if field in _NAMING and isinstance(value, str) else value
        for field, value in each.fields.items()
    }
    if new != each.id and each.id not in taken:
        fields.setdefault("same_as", each.id)
    return replace(each, id=new, fields=fields, aliases=tuple(map(name, each.aliases)))

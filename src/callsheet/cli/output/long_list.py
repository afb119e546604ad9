"""A note on lists that are longer than what clients get that send no limit."""

from typing import Final

from callsheet.domain.query import MAX_LIMIT

#: The setting that helps, as an environment variable.
_REMEDY: Final = f"CALLSHEET_DEFAULT_LIMIT={MAX_LIMIT}"


def long_list_note(listed: int, default_limit: int) -> str:
    """Return which known clients show only part of the list, how many models they show, and the setting that helps.

    Empty if every client shows all models.

    Parameters
    ----------
    listed
        How many models are listed.
    default_limit
        How many models a request without a limit gets.
    """
    if listed <= default_limit:
        return ""
    from callsheet.doctor.clients.rules import clients_cut_short  # it reads files, and mostly there is no need

    who: dict[int, list[str]] = {}
    for client in clients_cut_short(listed, default_limit):
        who.setdefault(client.shown, []).append(f"{client.title} ({client.versions})")
    shown = [f"{', '.join(names)}: {count:,}" for count, names in sorted(who.items(), reverse=True)]
    note = f"Note: the list has {listed:,} models, and a request without a limit gets {default_limit:,} of them "
    cure = f"With {_REMEDY} they show up to {MAX_LIMIT:,}."
    return f"{note}(default_limit). How many models these clients show: {'; '.join(shown)}. {cure}"

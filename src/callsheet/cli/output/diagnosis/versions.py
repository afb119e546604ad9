"""Which versions and ways of asking of a client something is about."""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from callsheet.doctor.report import ClientReport, Play

#: A range such as "2.0 and newer" or "1.0 to 1.9".
_RANGE: Final = re.compile(r"(?P<first>[\d.]+) (?:to (?P<last>[\d.]+)|and newer)")


def who(client: ClientReport, plays: Sequence[Play]) -> str:
    """Return the client's title, and which of its ways of asking ``plays`` are if they are not all of them."""
    if len(plays) == len(client.plays):
        return client.title

    def ways(versions: str) -> str:
        """Return the ways of these versions in brackets; a blank if all are meant, empty if none is."""
        meant = [play.way for play in plays if play.versions == versions]
        is_whole = len(meant) == sum(play.versions == versions for play in client.plays)
        return (" " if is_whole else f" ({', '.join(meant)})") if meant else ""

    all_versions = dict.fromkeys(play.versions for play in client.plays)
    parts = [
        f"{versions}{meant}".rstrip()
        for meant, neighbours in groupby(all_versions, key=ways)
        if meant
        for versions in _join_ranges(list(neighbours))
    ]
    return f"{client.title} {', '.join(parts)}"


def _join_ranges(versions: Sequence[str]) -> list[str]:
    """Return neighbouring ranges, the newest first, as one: `1.0 and newer` for `2.0 and newer`, `1.0 to 1.9`."""
    ranges = [found for found in map(_RANGE.fullmatch, versions) if found]
    if len(versions) < 2 or len(ranges) < len(versions):
        return list(versions)
    newest, oldest = ranges[0], ranges[-1]
    return [f"{oldest['first']} to {newest['last']}" if newest["last"] else f"{oldest['first']} and newer"]

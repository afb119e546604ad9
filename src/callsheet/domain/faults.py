"""Faults of a text that people write: where each is, and what would be right."""

from typing import Final, NamedTuple


class Place(NamedTuple):
    """Where something was read: the file, and the line, which is 0 if it is not known."""

    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


NOWHERE: Final = Place()


class FileFault(NamedTuple):
    """One thing that is wrong in a catalogue file.

    Parameters
    ----------
    place
        Where.
    about
        What the entry is of, such as ``model claude-x``; empty if it is not in one.
    field
        Which field; empty if it is none.
    reason
        What is wrong and what would be right; a sentence without its full stop, that may begin in small letters.
    """

    place: Place
    about: str
    field: str
    reason: str

    def __str__(self) -> str:
        parts = (str(self.place), self.about, "" if self.reason.startswith(self.field) else self.field, self.reason)
        text = ": ".join(part for part in parts if part)
        return text if text.endswith("?") else f"{text}."

    def record(self) -> dict[str, object]:
        """Return every part as plain JSON values."""
        return {
            "file": self.place.file,
            "line": self.place.line or None,
            "about": self.about or None,
            "field": self.field or None,
            "reason": self.reason,
        }

"""SecretTexts: what a source is asked with, found and hidden in what its upstream says back. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from callsheet.sources.read import Reading
from callsheet.sources.scrubbed_texts import parts_of, without_secret
from callsheet.sources.upstream import Answer, Dropped, Listed

REPEATS_SECRET: Final = "it repeats the secret of the source"

HIDDEN: Final = "***"

#: A shorter secret, such as ``ollama`` where none is needed, may well be in a name by itself.
_MIN_TELLING_CHARACTERS: Final = 16


class SecretTexts:
    """The secret of a source, as it may come back from its upstream.

    Parameters
    ----------
    secret
        Empty if there is none.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret
        plain = [each for each in (secret, *parts_of(secret)) if each]
        known = {each for text in plain for each in (text, quote(text), quote(text, safe=""))}
        self._known = sorted(known, key=len, reverse=True)
        self._telling = [each for each in self._known if len(each) >= _MIN_TELLING_CHARACTERS]

    def hide(self, text: str) -> str:
        """Return ``text`` with asterisks for the secret."""
        text = without_secret(text, self._secret)
        for each in self._known:
            text = text.replace(each, HIDDEN)
        return text

    def is_in(self, text: str) -> bool:
        """Return whether ``text`` holds the secret, and not merely a word that was chosen as one."""
        return any(each in text for each in self._telling)

    def without(self, reading: Reading, answers: Sequence[Answer]) -> Reading:
        """Return what ``answers`` come to without the models that repeat the secret: what is listed is kept."""
        if not self.may_be_in(answers):
            return reading
        kept = tuple(each for each in reading.listed if not any(map(self.is_in, _texts(each))))
        repeating = len(reading.listed) - len(kept)
        dropped = (Dropped(self.hide(each.id), each.reason) for each in reading.dropped)
        return Reading(kept, (*dropped, *[Dropped("", REPEATS_SECRET)] * repeating))

    def may_be_in(self, answers: Sequence[Answer]) -> bool:
        """Return whether an answer holds the secret as it is, or may hold it with escapes or in UTF-16."""
        wanted = [each.encode() for each in (*self._telling, "\\", "\0")] if self._telling else []
        return any(each in answer.body for answer in answers for each in wanted)


def _texts(each: Listed) -> Iterator[str]:
    yield from (each.id, *each.aliases, *each.notes)
    for fields in (each.fields, each.guessed):
        for value in fields.values():
            if isinstance(value, str | Mapping | list | tuple):
                yield str(value)

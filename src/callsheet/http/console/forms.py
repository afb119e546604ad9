"""Form: the fields of a form, as they are now, as they were when the form was shown, and as they were typed."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from callsheet.domain.errors import RefusedError
from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.console.asking import Fields
from callsheet.http.console.labels import at_field, in_labels

#: What a field holds: text, lines of text, or whether a box is ticked.
Value: TypeAlias = str | list[str] | bool

#: Refusals that can be mended by typing something else.
MENDABLE: Final = frozenset(
    {
        *(Code.INVALID, Code.INVALID_REQUEST, Code.INVALID_CURSOR),
        *(Code.CONFLICT, Code.DOES_NOT_EXIST, Code.SOURCE),
    }
)

#: The field by which a form that was sent before is only shown again, with what was typed.
AGAIN: Final = "again"

_MIDNIGHT: Final = "T00:00:00Z"


class FieldError(Exception):
    """What was typed into a field cannot be used.

    Parameters
    ----------
    field
        The name of the field.
    message
        One sentence: what is wrong, and what to type.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class FormError(Exception):
    """What was typed cannot be used; the form has noted what is wrong."""


class Form:
    """The fields of one form.

    Parameters
    ----------
    sent
        What was typed, by name; None if the form is only shown.
    """

    def __init__(self, sent: Fields | None = None) -> None:
        self._sent = sent
        self.initial: dict[str, Value] = {}
        self.errors: dict[str, str] = {}
        """Why what was typed cannot be used, by field; under the empty name what is wrong with the whole."""
        self.meanwhile: dict[str, Value] = {}
        """What fields hold at present that were changed since the form was shown."""

    @contextmanager
    def at(self, field: str) -> Iterator[None]:
        """Note at ``field`` what the block refuses, and go on behind it, so that all that is wrong is shown."""
        try:
            yield
        except FieldError as error:
            self.errors.setdefault(error.field, error.message)
        except RefusedError as error:
            self.errors.setdefault(field, at_field(str(error), error.field or field))

    def check(self) -> None:
        """Raise FormError if something wrong was noted."""
        if self.errors:
            raise FormError

    def note(self, error: AdminError) -> None:
        """Note what a call refuses at the fields that it is about, or else of the form as a whole."""
        for place, sentence in {error.field or "": error.message, **error.others}.items():
            field = self.field_at(place)
            self.errors.setdefault(field, at_field(sentence, place) if field else in_labels(sentence))

    def field_at(self, place: str) -> str:
        """Return the field of the member at ``place`` of a body, such as ``config.url``; empty if there is none."""
        return next((part for part in place.split(".") if part in self.initial), "")

    @property
    def is_sent(self) -> bool:
        """Whether someone has sent it."""
        return self._sent is not None

    @property
    def is_again(self) -> bool:
        """Whether it comes back from a plan, only to be shown again with what was typed."""
        return self.raw(AGAIN) is not None

    @property
    def carried(self) -> list[tuple[str, str]]:
        """What a plan carries along to show the form again: fields that the page fills, so never a password."""
        sent = self._sent or {}
        return [(name, value) for name in (*self.initial, "was") for value in sent.get(name, ())]

    def fill(self, initial: Mapping[str, Value]) -> None:
        """Say what the fields hold at present."""
        self.initial = dict(initial)
        self.meanwhile = {
            name: self.initial[name]
            for name, before in self._was().items()
            if name in self.initial and before != self.initial[name]
        }

    @property
    def values(self) -> dict[str, str]:
        """What the fields show: what was typed, or else what there is; a box that is not ticked is absent."""
        shown = {name: self.value(name) for name in {**self.initial, **(self._sent or {})}}
        texts = {name: "\n".join(each) if isinstance(each, list) else each for name, each in shown.items()}
        return {name: "on" if each is True else each for name, each in texts.items() if each is not False}

    @property
    def was(self) -> str:
        """What the fields hold at present, as text that the form carries along."""
        return json.dumps(self.initial, ensure_ascii=False) if self.initial else ""

    def raw(self, name: str) -> str | None:
        """Return what was sent as ``name``, without any change; None if nothing was."""
        values = (self._sent or {}).get(name)
        return values[-1] if values else None

    def replace(self, name: str, text: str) -> None:
        """Let a field show ``text`` in place of what was typed, such as a secret that is not to be repeated."""
        self._sent = {**(self._sent or {}), name: [text]}

    def value(self, name: str) -> Value:
        """Return what the field shows: what was typed, or else what there is at present."""
        if self._sent is None:
            return self.initial.get(name, "")
        kind = self.initial.get(name, "")
        if isinstance(kind, bool):
            return name in self._sent
        if isinstance(kind, list):
            return _lines("\n".join(self._sent.get(name, ())))
        typed = self.raw(name)
        return kind if typed is None else typed.replace("\r\n", "\n").strip()

    def text(self, name: str) -> str:
        """Return what a field of one line holds, without space around it."""
        value = self.value(name)
        return value if isinstance(value, str) else ""

    def lines(self, name: str) -> list[str]:
        """Return the lines of a field that are not empty."""
        value = self.value(name)
        return value if isinstance(value, list) else _lines(str(value))

    def flag(self, name: str) -> bool:
        """Return whether a box is ticked."""
        return self.value(name) is True or (self._sent is not None and name in self._sent)

    def number(self, name: str) -> int | None:
        """Return the whole number in a field, with or without separators; None if it is empty.

        Raises
        ------
        FieldError
            It is not one.
        """
        text = self.text(name).replace(",", "").replace(" ", "").replace("_", "")
        if not text:
            return None
        if not (text.isascii() and text.isdecimal() and len(text) <= 18):
            raise FieldError(name, f"Type a whole number, such as 200000, not {self.text(name)[:40]!r}.")
        return int(text)

    def changed(self) -> set[str]:
        """Return the names of the fields that were changed: all that differ from what the form showed."""
        was = self._was()
        return {name for name in self.initial if self.value(name) != was.get(name, self.initial[name])}

    def _was(self) -> dict[str, Value]:
        """What the fields held when the form was shown."""
        try:
            was = read_json(self.raw("was") or "{}")
        except ValueError:
            return {}
        return was if isinstance(was, dict) else {}


def read_json(text: str) -> Any:
    """Return what JSON that a form carries says; ValueError if it cannot be read, or not be written as UTF-8."""
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def _lines(text: str) -> list[str]:
    return [line for each in text.splitlines() if (line := each.strip())]


def value_of(given: Any) -> Value:
    """Return a value of an answer as a field holds it: nothing as an empty text."""
    if isinstance(given, bool):
        return given
    if isinstance(given, list):
        return [str(each) for each in given]
    return "" if given is None else str(given)


def day_of(instant: str | None) -> str:
    """Return a time of an answer as people type it: its day, if it is the midnight (UTC) of one; empty for none."""
    return "" if instant is None else instant.removesuffix(_MIDNIGHT)


def nothing_changed() -> FieldError:
    """Return the refusal of a form in which no field was changed."""
    return FieldError("", "You have not changed anything; change a field, or cancel.")

"""Entries: the nodes of a file as a manifest; every fault of the file is collected."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from callsheet.domain.claims.manager import check_manager_name
from callsheet.domain.errors import InvalidError
from callsheet.domain.faults import FileFault, Place
from callsheet.domain.manifest import Collection, Entry, Manifest
from callsheet.files.checks import wrong_with
from callsheet.files.fields import OF_THE_ENTRY, SHAPES, Shapes
from callsheet.files.node import Node
from callsheet.files.values import WrongValueError, read_value

_ROOT_FIELDS: Final = ("manager", *Collection)
_SCHEMA: Final = "$schema"
_OF_A_PLAN: Final = {"base_revision", "steps"}
_OTHERS: Final = "others"

_SHOWN: Final = 60  # characters of a name in a message


class FileReader:
    """Reads the nodes of one file.

    Parameters
    ----------
    file
        Its name, for messages.

    Attributes
    ----------
    faults
        What has been found so far.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self.faults: list[FileFault] = []

    def manifest(self, root: Node) -> Manifest | None:
        """Return what the file says; None if it does not even say whose it is. What is wrong is left out."""
        if not isinstance(root.value, dict):
            self._fault(root, "", "", "it must hold manager and any of the collections " + ", ".join(Collection))
            return None
        table = root.value
        if table.keys() >= _OF_A_PLAN:
            self._fault(
                root,
                "",
                "",
                "it is a plan; apply it with callsheet apply --plan, and keep it out of folders of catalogue files",
            )
            return None
        for name in table:
            if name not in (*_ROOT_FIELDS, _SCHEMA):
                self._fault(table[name], "", name[:_SHOWN], _unknown(name, _ROOT_FIELDS, "a catalogue file"))
        manager = self._manager(root)
        found = {each: self._collection(each, table[each]) for each in Collection if each in table}
        return None if manager is None else Manifest(manager, **{str(each): found.get(each) for each in Collection})

    def _manager(self, root: Node) -> str | None:
        assert isinstance(root.value, dict)  # noqa: S101  # as `manifest` has checked
        node = root.value.get("manager")
        if node is None:
            self._fault(
                root, "", "manager", "it is missing; name who claims what the file says, such as manager: team-a"
            )
            return None
        name = node.value if node.written is None else node.written
        try:
            return check_manager_name(name if isinstance(name, str) else "", "file")
        except InvalidError as error:
            self._fault(node, "", "manager", str(error).rstrip("."))
            return None

    def _collection(self, collection: Collection, node: Node) -> tuple[Entry, ...]:
        shapes = SHAPES[collection]
        if not isinstance(node.value, list):
            self._fault(
                node,
                "",
                collection,
                f"it must be a list of entries, each with {shapes.subject}; [] says that there are none; leave it "
                "out if this file is to have no say in it",
            )
            return ()
        entries = [self._entry(collection, shapes, each) for each in node.value]
        return tuple(entry for entry in entries if entry is not None)

    def _entry(self, collection: Collection, shapes: Shapes, node: Node) -> Entry | None:
        if not isinstance(node.value, dict):
            self._fault(node, f"{collection}", "", f"an entry must be a mapping with {shapes.subject}")
            return None
        subject_node = node.value.get(shapes.subject)
        if subject_node is None:
            about = _about(shapes.noun, "?")
            self._unknown_fields(node, shapes, about)
            self._fault(node, about, shapes.subject, "it is missing, and names the entry")
            return None
        subject = subject_node.value if subject_node.written is None else subject_node.written
        about = _about(shapes.noun, subject)
        before = len(self.faults)
        if not isinstance(subject, str):
            self._fault(subject_node, about, shapes.subject, "it must be a text; put quotes around it")
            return None
        self._unknown_fields(node, shapes, about)
        values = self._values(node, shapes, about)
        entry = self._made(collection, subject, values, node, about)
        for name, reason in wrong_with(collection, entry):
            self._fault(self._at(node, name), about, name, reason)
        return entry if len(self.faults) == before else None

    def _unknown_fields(self, node: Node, shapes: Shapes, about: str) -> None:
        assert isinstance(node.value, dict)  # noqa: S101  # as `_entry` has checked
        for name, value in node.value.items():
            if name not in shapes.fields:
                self._fault(
                    value,
                    about,
                    name[:_SHOWN],
                    _unknown(name, shapes.fields, f"{_article(shapes.noun)} {shapes.noun}"),
                )

    def _values(self, node: Node, shapes: Shapes, about: str) -> dict[str, Any]:
        """The values of the known fields, as plain JSON."""
        assert isinstance(node.value, dict)  # noqa: S101  # as `_entry` has checked
        values: dict[str, Any] = {}
        for name, field in shapes.fields.items():
            value = node.value.get(name)
            if value is None or name == shapes.subject:
                continue
            try:
                values[name] = read_value(field, value)
            except WrongValueError as error:
                self._fault(value, about, name, str(error))
        return values

    def _made(
        self, collection: Collection, subject: str, values: Mapping[str, Any], node: Node, about: str
    ) -> Entry:
        unset = values.get("unset", ())
        fields = {name: value for name, value in values.items() if name not in OF_THE_ENTRY}
        for name in unset:
            field = SHAPES[collection].fields.get(name)
            if field is None or not field.nullable:
                known = [each.name for each in SHAPES[collection].fields.values() if each.nullable]
                self._fault(
                    node, about, "unset", f"{name[:_SHOWN]!r} cannot be null; those that can are {', '.join(known)}"
                )
            elif fields.get(name) is not None:
                self._fault(node, about, name, "it has a value, and is among unset as well; say one")
            else:
                fields[name] = None
        listed = values.get("listed", True)
        return Entry(
            subject,
            fields,
            None if listed == _OTHERS else listed,
            bool(values.get("protected", False)),
            values.get("was"),
            self._place(node),
        )

    def _at(self, node: Node, name: str) -> Node:
        """The node of a field, or that of the entry if the field is not there."""
        return node.value.get(name, node) if isinstance(node.value, dict) else node

    def _place(self, node: Node) -> Place:
        return Place(self._file, node.line)

    def _fault(self, node: Node, about: str, field: str, reason: str) -> None:
        self.faults.append(FileFault(self._place(node), about, field, reason))


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def _about(noun: str, subject: object) -> str:
    return f"{noun} {str(subject)[:_SHOWN]}"


def _unknown(name: str, known: Iterable[str], what: str) -> str:
    names = list(known)
    near = get_close_matches(name.lower(), names, 1)
    advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
    return f"{name[:_SHOWN]!r} is not a field of {what}; {advice}"

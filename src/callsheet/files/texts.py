"""Texts: manifests as files of each format."""

import json
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from callsheet.domain.manifest import Collection, Entry, Manifest
from callsheet.files.fields import SHAPES
from callsheet.files.schema import SCHEMA_FILE

_YAML_STAMP: Final = f"# yaml-language-server: $schema={SCHEMA_FILE}\n"
_TOML_STAMP: Final = f"#:schema {SCHEMA_FILE}\n"

#: A text that needs no quotes in YAML, whichever version of it a reader has.
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*", re.ASCII)
_WORDS: Final = re.compile(r"y|n|yes|no|on|off|true|false|null|nan|inf", re.IGNORECASE)
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_UNSEEN: Final = re.compile(r"[^\n\t -~]")


def manifest_text(manifest: Manifest, ending: str) -> str:
    """Return a manifest as the text of a file with this ending: ``.yaml``, ``.yml``, ``.toml`` or ``.json``.

    The fields of an entry are in the order of the reference; what a reader takes for granted is left out.
    """
    content = manifest_record(manifest)
    match ending:
        case ".json":
            text = json.dumps({"$schema": SCHEMA_FILE, **content}, indent=2, ensure_ascii=False)
            return _UNSEEN.sub(_escape_json, text) + "\n"
        case ".toml":
            return _TOML_STAMP + "\n".join(_toml_lines(content)) + "\n"
        case _:
            return _YAML_STAMP + "\n".join(_yaml_lines(content)) + "\n"


def manifest_record(manifest: Manifest) -> dict[str, Any]:
    """Return a manifest as plain JSON values, in the order in which it is written."""
    found = {
        str(each): [entry_record(each, entry) for entry in entries] for each, entries in manifest.collections()
    }
    return {"manager": manifest.name, **found}


def entry_record(collection: Collection, entry: Entry) -> dict[str, Any]:
    """Return an entry as plain JSON values, in the order in which it is written."""
    shapes = SHAPES[collection]
    listed = "others" if entry.listed is None else entry.listed
    about: dict[str, Any] = {
        shapes.subject: entry.subject,
        **({"was": entry.was} if entry.was is not None else {}),
        **({"listed": listed} if listed is not True else {}),
        **({"protected": True} if entry.protected else {}),
    }
    fields = {name: str(value) if isinstance(value, StrEnum) else value for name, value in entry.fields.items()}
    values = {**fields, **about}
    return {name: values[name] for name in shapes.fields if name in values}


def _yaml_lines(content: Mapping[str, Any]) -> Iterator[str]:
    for name, value in content.items():
        if not isinstance(value, list):
            yield f"{name}: {yaml_scalar(value)}"
            continue
        yield ""
        yield f"{name}:" if value else f"{name}: []"
        for entry in value:
            lines = (line for field, each in entry.items() for line in _yaml_field(field, each))
            for number, line in enumerate(lines):
                yield f"  {'  ' if number else '- '}{line}"


def _yaml_field(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        yield f"{yaml_scalar(name)}:"
        for key, each in value.items():
            yield f"  {yaml_scalar(key)}: {_yaml_flow(each)}"
    else:
        yield f"{yaml_scalar(name)}: {_yaml_flow(value)}"


def _yaml_flow(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{yaml_scalar(key)}: {_yaml_flow(each)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml_flow, value))}]"
    return yaml_scalar(value)


def yaml_scalar(value: Any) -> str:
    """Return a scalar as YAML has it; a text that a reader might take for something else is in quotes."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and not _WORDS.fullmatch(value):
        return value
    return _quoted(value)


def _quoted(value: Any) -> str:
    """A scalar as JSON, which YAML and TOML read as well; characters that cannot be seen are escaped."""
    return _UNSEEN.sub(_escape, json.dumps(value, ensure_ascii=False))


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _escape_json(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]


def _toml_lines(content: Mapping[str, Any]) -> Iterator[str]:
    for name, value in content.items():
        if not isinstance(value, list):
            yield f"{name} = {_quoted(value)}"
        elif not value:
            yield f"{name} = []"
    for name, value in content.items():
        for entry in value if isinstance(value, list) else ():
            yield ""
            yield f"[[{name}]]"
            unset = [field for field, each in entry.items() if each is None]
            for field, each in entry.items():
                if each is not None:
                    yield f"{_toml_key(field)} = {_toml_value(each)}"
            if unset:
                yield f"unset = {_toml_value(unset)}"


def _toml_value(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{_toml_key(key)} = {_toml_value(each)}" for key, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml_value, value))}]"
    return _quoted(value)


def _toml_key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _quoted(name)

"""Lines of logs: how values are written so that no caller can forge a line, or leave a secret in one."""

import json
import re
from collections.abc import Mapping
from typing import Final

_BARE: Final = re.compile(r"[!#-<>-\[\]-~]+")  # visible ASCII but for quotes, backslashes and the sign of a pair

#: What looks like the secret of a key, ours or a provider's, where one word of a URL or a sentence begins.
_SECRET: Final = re.compile(
    r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2}))sk(?:-|%2[Dd])(?:[A-Za-z0-9_-]|%2[Dd]|%5[Ff]){12,}"
)


def hide_secrets(text: str) -> str:
    """Return ``text`` without what looks like the secret of a key; people put them into URLs, too."""
    return _SECRET.sub("sk-***", text) if "sk" in text else text


def write_logfmt(fields: Mapping[str, object]) -> str:
    """Return ``fields`` as pairs of name and value, quoted where they must be; None is a dash."""
    return " ".join(f"{name}={_write(value)}" for name, value in fields.items())


def _write(value: object) -> str:
    text = "-" if value is None else str(value)
    return text if _BARE.fullmatch(text) else json.dumps(text)

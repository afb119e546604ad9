"""Values in log lines, written so that no caller can forge a line, and that no secret is left in one."""

import json
import re
from collections.abc import Mapping
from typing import Final

_BARE: Final = re.compile(r"[!#-<>-\[\]-~]+")  # visible ASCII except quotes, backslashes and the equals sign

#: What looks like the secret of a key, ours or a provider's, at the start of a word of a URL or a sentence.
_SECRET: Final = re.compile(
    r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2}))sk(?:-|%2[Dd])(?:[A-Za-z0-9_-]|%2[Dd]|%5[Ff]){12,}"
)


def hide_secrets(text: str) -> str:
    """Return ``text`` with everything that looks like the secret of a key replaced by ``sk-***``."""
    return _SECRET.sub("sk-***", text) if "sk" in text else text


def write_logfmt(fields: Mapping[str, object]) -> str:
    """Return ``fields`` as pairs of name and value, quoted where they must be; None is a dash."""
    return " ".join(f"{name}={_write(value)}" for name, value in fields.items())


def _write(value: object) -> str:
    text = "-" if value is None else str(value)
    return text if _BARE.fullmatch(text) else json.dumps(text)

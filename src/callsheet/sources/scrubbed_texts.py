"""Texts without what is secret or private in them: keys, hosts, addresses, accounts, people."""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, unquote, urlsplit

SCRUBBED: Final = "scrubbed"

_HIDDEN: Final = re.compile(rf"{SCRUBBED}-\d+")
_HOST: Final = "example.com"
_ADDRESS: Final = "192.0.2.1"
_ACCOUNT: Final = "111122223333"
MIN_PART_CHARACTERS: Final = 8  # of a secret; what is shorter is too common
_MAX_ROUNDS: Final = 3  # what was percent-encoded twice

#: What keys and tokens of well-known issuers look like, and what only a secret looks like.
_KEYS: Final = re.compile(
    r"""(?x)
    \b(?:sk|pk|rk|xox[a-z]|gh[a-z]|glpat|hf|nvapi|gsk|pplx|r8)[-_][A-Za-z0-9_-]{6,}
    | \bgithub_pat_\w+ | \bAIza[\w-]{8,} | \bya29\.[\w.-]+ | \bA[KS]IA[A-Z0-9]{8,} | \bABSK[\w+/=]{8,}
    | \bbedrock-api-key-[\w+/=-]+ | \beyJ[\w-]+(?:\.[\w-]+)* | \b(?:org|proj|user|acct)[-_][A-Za-z0-9]{6,}
    | (?i:bearer|basic)\s+[\w.+/=~-]{6,} | -----BEGIN[\s\S]*
    | \b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b
    | \b[0-9a-fA-F]{32,}\b
    | (?<![\w+/=])(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])[A-Za-z0-9+/]{40}={0,2}(?![\w+/=])
    | (?<![\w+=])(?=\w*[a-z])(?=\w*[A-Z])(?=\w*[0-9])\w{24,}={0,2}(?![\w+=])
    """,
    re.ASCII,
)
_FINE_TUNED: Final = re.compile(r"\bft:([^:\s]+):[^\s]+")
_URL: Final = re.compile(r"\b([a-z][a-z0-9+.-]*)://[^\s/?#\"'<>]+([^\s\"'<>]*)", re.IGNORECASE)
_MAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_IPV4: Final = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_PRIVATE_HOST: Final = re.compile(
    r"\b[\w-]+(?:\.[\w-]+)*\.(?:internal|intranet|local|lan|corp|home|private)\b", re.IGNORECASE
)
_ACCOUNT_ID: Final = re.compile(r"(?<![\w.-])\d{12}(?![\w.-])")
_HOME: Final = re.compile(r"(/home/|/Users/|\\Users\\)[^/\\\s]+")


class Texts:
    """Texts without what is private; equal ones stay equal, and different ones different.

    Parameters
    ----------
    private
        Texts that are known to be private, such as the secret of the source and the name of its host.
    """

    def __init__(self, private: Iterable[str]) -> None:
        known = {each for text in private if text for each in (text, quote(text, safe=""), quote(text))}
        self._private = sorted(known, key=len, reverse=True)
        self._names: dict[str, str] = {}

    def clean(self, text: str) -> str:
        """Return ``text`` without what is private in it; the rest of it stays."""
        if self._holds_private(text):
            return self.hide(text)
        text = _KEYS.sub(lambda found: self.hide(found[0]), text)
        text = _FINE_TUNED.sub(lambda found: f"ft:{found[1]}:example::{self.hide(found[0])}", text)
        text = _URL.sub(rf"\1://{_HOST}", text)
        text = _MAIL.sub(f"someone@{_HOST}", text)
        text = _IPV4.sub(_ADDRESS, text)
        text = _PRIVATE_HOST.sub(_HOST, text)
        text = _ACCOUNT_ID.sub(_ACCOUNT, text)
        return _HOME.sub(r"\1example", text)

    def hide(self, text: str) -> str:
        """Return what is put in the place of all of ``text``."""
        if not text or _HIDDEN.fullmatch(text):
            return text
        return self._names.setdefault(text, f"{SCRUBBED}-{len(self._names) + 1}")

    def _holds_private(self, text: str) -> bool:
        for _ in range(_MAX_ROUNDS):
            if any(each in text for each in self._private):
                return True
            text = unquote(text)
        return False


def parts_of(secret: str) -> list[str]:
    """Return the texts within a secret that holds several, such as access keys of AWS."""
    return [part for part in re.split(r"[\s:\"{},]+", secret) if len(part) >= MIN_PART_CHARACTERS]


def without_secret(text: str, secret: str) -> str:
    """Return ``text``, which an upstream wrote, without a secret and its parts; at the end, they may be cut."""
    for each in sorted({secret, *parts_of(secret)} - {""}, key=len, reverse=True):
        text = text.replace(each, "***")
        ends = (each[:length] for length in range(len(each) - 1, MIN_PART_CHARACTERS - 1, -1))
        cut = next((end for end in ends if text.endswith((end, f"{end}."))), None)
        if cut is not None:
            text = f"{text[: text.rindex(cut)]}***"
    return text


def host_of(url: str) -> str:
    """Return the name of the host in a URL; empty if there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""

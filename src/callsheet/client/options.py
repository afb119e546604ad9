"""Client options: which server a client asks, with which credential, from its arguments and the environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from callsheet._version import __version__
from callsheet.client.headers import CREDENTIALS, GATEWAY_CREDENTIALS, secrets_of, validated_headers
from callsheet.domain.errors import SettingsError

#: Whose API the server speaks: Anthropic's, or OpenAI's (contract, section 7).
Dialect: TypeAlias = Literal["anthropic", "openai"]

#: Seconds from connecting to the last byte of an answer.
DEFAULT_TIMEOUT_SECONDS: Final = 30.0

#: A day. Operating systems cannot wait much longer than that.
MAX_WAIT_SECONDS: Final = 86_400.0

#: How often a request is repeated, as official SDKs do (contract, section 8).
DEFAULT_RETRIES: Final = 2

_VERSION: Final = "2023-06-01"  # every server accepts it, and answers all versions alike (contract, section 4)
#: Of environment variables: each server gets its own key, never the other's.
_PREFIX: Final = {"anthropic": "ANTHROPIC", "openai": "OPENAI"}
_HOME: Final = {"anthropic": "https://api.anthropic.com", "openai": "https://api.openai.com"}
_VISIBLE = re.compile(r"[!-~]*", re.ASCII)
_NO_KEY: Final = "There is no API key; set {}_API_KEY or pass a key (an empty one if the server needs none)."


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """The options of a client, the same for each of its requests.

    Parameters
    ----------
    root
        The URL above ``/models``.
    dialect
        See `Dialect`.
    headers
        Of every request; the secret is among them.
    secrets
        Texts that no error may repeat.
    timeout
        Seconds from connecting to the last byte of an answer; None leaves that to the HTTP client.
    max_retries
        How often a request is repeated.
    """

    root: str
    dialect: Dialect
    headers: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    timeout: float | None
    max_retries: int


def read_options(
    environment: Mapping[str, str],
    *,
    api_key: str | None = None,
    auth_token: str | None = None,
    base_url: str | None = None,
    dialect: Dialect = "anthropic",
    timeout: float | None = DEFAULT_TIMEOUT_SECONDS,
    max_retries: int = DEFAULT_RETRIES,
    headers: Mapping[str, str] | None = None,
) -> ClientOptions:
    """Return the options that the arguments of a client and the environment make; an argument wins.

    Raises
    ------
    SettingsError
        There is no key, or a value is not valid; no secret is repeated.
    """
    if dialect not in get_args(Dialect):
        raise SettingsError(f"dialect must be anthropic or openai, not {dialect!r}.")
    if timeout is not None and not 0 < timeout <= MAX_WAIT_SECONDS:
        raise SettingsError(f"timeout must be more than 0 seconds and at most a day, not {timeout!r}.")
    if max_retries < 0:
        raise SettingsError(f"max_retries must be 0 or more, not {max_retries!r}.")
    own = validated_headers(headers or {})
    credential, secret = _credential(environment, api_key, auth_token, dialect, own)
    version = {"anthropic-version": _VERSION} if dialect == "anthropic" else {}
    usual = {"accept": "application/json", "user-agent": f"callsheet/{__version__}", **version, **credential}
    return ClientOptions(
        root=_root(environment, base_url, dialect),
        dialect=dialect,
        headers={**usual, **own},
        secrets=(secret, *secrets_of(own)),
        timeout=timeout,
        max_retries=max_retries,
    )


def _credential(
    environment: Mapping[str, str],
    api_key: str | None,
    auth_token: str | None,
    dialect: Dialect,
    own: Mapping[str, str],
) -> tuple[dict[str, str], str]:
    """The header of the credential, and the secret in it. Only one is sent: a key rather than a token, as SDKs do.

    If one of the caller's own headers is a credential, none is taken from the environment; if one is a gateway's
    credential, there need be no other.
    """
    prefix = _PREFIX[dialect]
    if api_key is None and auth_token is None:
        if not CREDENTIALS.isdisjoint(own):
            return {}, ""
        api_key = environment.get(f"{prefix}_API_KEY", "").strip() or None
        auth_token = environment.get(f"{prefix}_AUTH_TOKEN", "").strip() or None
    secret = api_key if api_key is not None else auth_token
    if secret is None and not GATEWAY_CREDENTIALS.isdisjoint(own):
        return {}, ""
    if secret is None:
        raise SettingsError(_NO_KEY.format(prefix))
    secret = secret.strip()
    if not _VISIBLE.fullmatch(secret):
        raise SettingsError("The API key must be visible ASCII characters without spaces, as headers carry it.")
    if not secret:
        return {}, ""
    if api_key is not None and dialect == "anthropic":
        return {"x-api-key": secret}, secret  # accepted by every server of this dialect, old or new
    return {"authorization": f"Bearer {secret}"}, secret


def _root(environment: Mapping[str, str], base_url: str | None, dialect: Dialect) -> str:
    """The URL above ``/models``. Anthropic's clients append ``/v1`` to a base URL; OpenAI's expect it there."""
    variable = f"{_PREFIX[dialect]}_BASE_URL"
    name = "base_url" if base_url is not None else variable
    url = base_url if base_url is not None else environment.get(variable) or _HOME[dialect]
    url = validated_url(url.strip(), name).rstrip("/")
    has_path = urlsplit(url).path != ""
    return url if url.endswith("/v1") or (dialect == "openai" and has_path) else f"{url}/v1"


def validated_url(url: str, name: str) -> str:
    """Return ``url`` if it is the base URL of a server.

    Raises
    ------
    SettingsError
        It is not an HTTP URL, or has more than a path; the sentence begins with ``name``.
    """
    example = "such as https://api.anthropic.com"
    if "@" in url:  # not shown: it may hold a secret
        raise SettingsError(f"{name} must hold no user or password; give the key as api_key.")
    shown = url[:100]
    not_a_url = SettingsError(f"{name} must be an HTTP URL {example}, not {shown!r}.")
    try:
        parts = urlsplit(url)
        _ = parts.port  # parsed, and checked, only on access
        (parts.hostname or "").encode("idna")  # as resolving it will
    except ValueError:
        raise not_a_url from None
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in url or not url.isprintable():
        raise not_a_url
    if "?" in url or "#" in url:
        raise SettingsError(f"{name} must end with its path, {example}, not {shown!r}.")
    return url

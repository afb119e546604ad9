"""Settings: the only reader of the environment and of ``callsheet.toml``."""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.access.workspace import Shape
from callsheet.domain.errors import SettingsError
from callsheet.domain.hints import Hint
from callsheet.domain.query import DEFAULT_LIMIT, MAX_LIMIT, MIN_LIMIT

PREFIX: Final = "CALLSHEET_"
FILE: Final = "callsheet.toml"

#: Settings whose variable is not simply the prefix and the name.
_VARIABLES: Final = {"database": f"{PREFIX}DATABASE_URL"}

#: The variable with the key by which the gateway is asked for its own list; a secret, so it is not a setting.
GATEWAY_KEY: Final = f"{PREFIX}GATEWAY_KEY"

#: Names with the prefix that are not settings: where the file of settings is, secrets, the server that commands
#: administer, and what the tests need.
_NOT_SETTINGS: Final = frozenset({f"{PREFIX}CONFIG", GATEWAY_KEY, f"{PREFIX}REMOTE", f"{PREFIX}ADMIN_KEY"})
_NOT_SETTINGS_PREFIX: Final = f"{PREFIX}TEST_"

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})

_HEADER: Final = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,100}")

#: Headers that say something else, or that browsers can send from pages of others.
_HEADERS_WITH_MEANING: Final = frozenset(
    {"accept", "authorization", "cookie", "host", "origin", "referer", "sec-fetch-site", "user-agent"}
    | {"content-length", "content-type", "x-api-key", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}
)

_PASSWORD = re.compile(r"(:/{1,2}[^:/@\s]*:)\S*(@)")  # up to the last @: one that is not written %40 is part of it
_OPTION = re.compile(r"([?&])([^=&\s]*)=([^&\s]*)")


def default_database() -> str:
    """Return the URL of a file in the user's data directory; `prepare_folder` creates that folder when needed."""
    return f"sqlite:///{user_data_path('callsheet') / 'callsheet.db'}"


class LogFormat(StrEnum):
    """Format of the access log."""

    OFF = "off"
    JSON = "json"
    LOGFMT = "logfmt"
    COMMON = "common"


class MessageFormat(StrEnum):
    """Format of the server's messages to its operator."""

    TEXT = "text"
    JSON = "json"
    LOGFMT = "logfmt"


class MissingVersion(StrEnum):
    """Response to a request with ``x-api-key`` and without ``anthropic-version``."""

    REFUSE = "refuse"
    OPENAI = "openai"


class Otel(StrEnum):
    """What is exported by OpenTelemetry."""

    OFF = "off"
    METRICS = "metrics"
    TRACES = "traces"
    BOTH = "both"

    @property
    def metrics(self) -> bool:
        """Whether metrics are."""
        return self in (Otel.METRICS, Otel.BOTH)

    @property
    def traces(self) -> bool:
        """Whether traces are."""
        return self in (Otel.TRACES, Otel.BOTH)


class Settings(BaseModel):
    """Every setting. Flags override the environment, which overrides ``callsheet.toml``, over defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    database: str = Field(default_factory=default_database, repr=False, description="URL of the database.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8484, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    admin_host: str = Field(
        "",
        description="Address for the Admin API alone, which then has a process for itself. Empty: 127.0.0.1 if "
        "admin_port is set, else with the rest.",
    )
    admin_port: int = Field(
        0, ge=0, le=65535, description="Port for the Admin API alone; 0 picks a free one if admin_host is set."
    )
    console: bool = Field(
        True, description="Serve the console, pages for a browser, at /console, wherever the Admin API is served."
    )
    console_user_header: str = Field(
        "",
        description="Header in which an authenticating proxy names the person who uses the console, such as "
        "x-forwarded-user; needs console_proxies. Empty: none is believed.",
    )
    console_user_scopes: list[str] = Field(
        ["read"], description="What a person named by that header may do: read, catalog, keys or all."
    )
    console_proxies: list[str] = Field(
        [],
        description="Addresses and networks of the proxies that are believed when they name a person: those that "
        "connections come from, whatever x-forwarded-for says.",
    )
    workers: int = Field(1, ge=1, le=256, description="Number of server processes.")
    any_key: bool = Field(
        False, description="Accept every credential; for tests, laptops, and on loopback behind a gateway."
    )
    gateway: str = Field(
        "",
        description="URL of a gateway that is asked about keys: each sees what it may call there. Empty: none.",
    )
    forward: bool = Field(
        False,
        description="Pass everything that is not the Models API on to the gateway; for laptops and small teams.",
    )
    forward_connect_seconds: float = Field(
        5, ge=0.1, le=300, description="How long the gateway may take to accept a connection, TLS included."
    )
    forward_idle_seconds: float = Field(
        600,
        ge=1,
        le=86400,
        description="How long a forwarded request may go without a byte from the gateway, or of the client's body.",
    )
    forward_max_requests: int = Field(
        1_000, ge=1, le=100_000, description="Maximum number of forwarded requests under way, per process."
    )
    insecure: bool = Field(False, description="Allow any_key and forward on an address that is not loopback.")
    root_path: str = Field("", description="Path prefix under which requests arrive, such as /anthropic.")
    default_limit: int = Field(
        DEFAULT_LIMIT, ge=MIN_LIMIT, le=MAX_LIMIT, description="Models on a page when the request has no limit."
    )
    shape: Shape = Field(
        Shape.CURRENT,
        description="Fields of a model: current (all) or classic (four); a workspace can override it.",
    )
    openai_dialect: bool = Field(True, description="Answer OpenAI clients in OpenAI's shapes.")
    missing_version: MissingVersion = Field(
        MissingVersion.REFUSE,
        description="Response to x-api-key without anthropic-version: refuse, or openai for OpenAI's shapes.",
    )
    strict_betas: bool = Field(False, description="Refuse unknown values of anthropic-beta.")
    extra_betas: list[str] = Field([], description="Further values of anthropic-beta that count as known.")
    extra_versions: list[str] = Field([], description="Further values of anthropic-version to accept.")
    cors_origins: list[str] = Field([], description="Web origins whose pages may send requests; * allows any.")
    poll_seconds: float = Field(0.1, ge=0.01, le=60, description="How often to poll the database for changes.")
    sync: bool = Field(
        True,
        description="Run the sources that are due in this server; if not, let cron run callsheet sources sync.",
    )
    move_aliases: bool = Field(
        False,
        description="When a model retires itself on its day, let its aliases mean what replaces it.",
    )
    sources_private: list[str] = Field(
        [],
        description="Private addresses and networks that the Admin API may set sources to, such as 10.1.0.0/16; * "
        "allows any private or loopback address.",
    )
    webhooks: bool = Field(
        True, description="Send webhooks from this server; if no server of a fleet does, they wait."
    )
    webhooks_private: list[str] = Field(
        [],
        description="Private addresses and networks that webhooks may be sent to, such as 10.1.0.0/16; * allows "
        "any private or loopback address.",
    )
    max_url_bytes: int = Field(8192, ge=256, le=65536, description="Maximum size of a request's path and query.")
    max_header_bytes: int = Field(
        32768, ge=1024, le=1048576, description="Maximum size of all headers of a request."
    )
    max_body_bytes: int = Field(
        65536,
        ge=0,
        description="Maximum size of a request's body; the Admin API takes up to 16 MiB"
        ", and the console 1 MiB, in any case.",
    )
    max_connections: int = Field(
        10_000, ge=1, le=1_000_000, description="Maximum number of open connections, per process."
    )
    head_seconds: float = Field(
        10,
        ge=0.1,
        le=3600,
        description="How long the head of a request may take to arrive, and then again its body.",
    )
    idle_seconds: int = Field(
        75,
        ge=1,
        le=86400,
        description="How long to keep an idle connection open; set it longer than your proxy does.",
    )
    answer_seconds: float = Field(
        30, ge=0.1, le=3600, description="How long a client may leave a response unread before it is disconnected."
    )
    max_unread_bytes: int = Field(
        2**28, ge=2**20, description="Maximum size of all responses that clients have not read yet, per process."
    )
    trusted_proxies: list[str] = Field(
        ["127.0.0.1", "::1"],
        description="Addresses and networks of proxies whose x-forwarded-for is trusted; * trusts any.",
    )
    rate_limit_key: str = Field(
        "", description="Requests allowed per API key, such as 100/minute or 10/second;1000/hour. Empty: no limit."
    )
    rate_limit_address: str = Field(
        "",
        description="Requests allowed per client address (per /64 for IPv6), such as 100/minute. Empty: no limit.",
    )
    rate_limit_failures: str = Field(
        "",
        description="Failed authentications allowed per client address, such as 10/minute. Empty: no limit.",
    )
    rate_limit_storage: str = Field(
        "memory://",
        repr=False,
        description="Where requests are counted: memory://, per process, or redis:// or valkey://, for a fleet.",
    )
    access_log: LogFormat = Field(
        LogFormat.OFF,
        description="Write a line for every response to standard output: off, json, logfmt or common.",
    )
    log_format: MessageFormat = Field(
        MessageFormat.TEXT, description="Format of the server's messages on standard error: text, json or logfmt."
    )
    otel: Otel = Field(
        Otel.OFF,
        description="Export by OpenTelemetry: off, metrics, traces or both; its own variables (OTEL_) say where.",
    )
    fast: bool = Field(
        True, description="Answer the public API on the fast path, without ASGI, where the server allows it."
    )
    memo_bytes: int = Field(
        32 * 2**20,
        ge=0,
        description="Size of the response cache in bytes, per process and driver.",
    )
    max_stale_seconds: float = Field(
        0,
        ge=0,
        description="While the database is away, readyz is 503 once the served list is older than this. 0: never.",
    )
    state_file: str = Field(
        "", description="File that keeps what is served, for a start while the database is away. Empty: none."
    )
    catalog: str = Field(
        "",
        description="Catalogue file, or folder of them such as a mounted ConfigMap, to apply whenever it changes. "
        "Empty: none.",
    )
    drain_seconds: float = Field(
        0,
        ge=0,
        le=3600,
        description="How long a stop goes on answering, with readyz at 503, before it closes the port.",
    )
    shutdown_seconds: int = Field(30, ge=0, description="How long a stop waits for requests in flight.")

    @field_validator(
        *("extra_betas", "extra_versions", "cors_origins", "trusted_proxies"),
        *("sources_private", "webhooks_private", "console_user_scopes", "console_proxies"),
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        """Split ``a,b``: the environment and flags cannot hold a list."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @property
    def has_admin_listener(self) -> bool:
        """Whether the Admin API has a listener, and a process, for itself."""
        return bool(self.admin_host or self.admin_port)

    @field_validator("root_path")
    @classmethod
    def _check_root_path(cls, value: str) -> str:
        trimmed = value.rstrip("/")
        if trimmed and not trimmed.startswith("/"):
            raise ValueError("must begin with a slash")
        return trimmed

    @field_validator("gateway")
    @classmethod
    def _check_gateway(cls, value: str) -> str:
        """Without what clients add: clients of OpenAI's are configured with a URL that ends in ``/v1``."""
        trimmed = value.strip().rstrip("/").removesuffix("/v1").rstrip("/")
        if value and not _is_base_url(trimmed):
            if "@" in value:  # it may hold a password, so it is not repeated
                raise ValueError(
                    "must be a URL without a user name and password, such as http://localhost:4000; put a key of "
                    f"the gateway into {GATEWAY_KEY}"
                )
            raise ValueError(_what_is_wrong(value.strip()))
        return trimmed

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, value: list[str]) -> list[str]:
        for origin in value:
            if origin != "*" and ("://" not in origin or origin.count("/") != 2 or not origin.isascii()):
                raise ValueError(f"{origin!r} is not an origin such as https://app.example.com")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, value: list[str]) -> list[str]:
        proxies = []
        for proxy in value:
            network = _check_network(proxy)
            proxies.append(network if "/" in proxy else proxy)
        return ["*"] if "*" in value else proxies

    @field_validator("console_user_header")
    @classmethod
    def _check_user_header(cls, value: str) -> str:
        name = value.strip().lower()
        if value and (not _HEADER.fullmatch(name) or name in _HEADERS_WITH_MEANING):
            raise ValueError(f"{value!r} is not a header that a proxy names a person in, such as x-forwarded-user")
        return name

    @field_validator("console_user_scopes")
    @classmethod
    def _check_user_scopes(cls, value: list[str]) -> list[str]:
        unknown = next((name for name in value if name not in tuple(Scope)), None)
        if unknown is not None or not value:
            raise ValueError(f"must be some of {', '.join(Scope)}, not {unknown if value else 'none'!r}")
        return value

    @field_validator("console_proxies")
    @classmethod
    def _check_console_proxies(cls, value: list[str]) -> list[str]:
        if "*" in value:
            raise ValueError("must name each proxy; with *, any sender of a request could name any person")
        return [_check_network(network) for network in value]

    @field_validator("sources_private", "webhooks_private")
    @classmethod
    def _check_private(cls, value: list[str]) -> list[str]:
        for network in value:
            _check_network(network)
        return value

    @field_validator("rate_limit_key", "rate_limit_address", "rate_limit_failures")
    @classmethod
    def _check_rate(cls, value: str) -> str:
        if value:
            from limits import parse_many  # slow to import, and seldom needed

            try:
                rates = parse_many(value)
            except ValueError:
                raise ValueError(f"{value!r} is not a rate such as 100/minute") from None
            if not all(rate.amount for rate in rates):
                raise ValueError(f"{value!r} would refuse every request; leave it empty for no limit")
        return value

    @field_validator("rate_limit_storage")
    @classmethod
    def _check_storage(cls, value: str) -> str:
        if value != "memory://" and not value.startswith(("redis://", "rediss://", "valkey://", "valkeys://")):
            raise ValueError("must be memory://, or begin with redis://, rediss://, valkey:// or valkeys://")
        return value

    @model_validator(mode="after")
    def _check_stale(self) -> Self:
        if 0 < self.max_stale_seconds <= self.poll_seconds:
            raise ValueError(
                f"max_stale_seconds must be more than poll_seconds, {self.poll_seconds:g}; between two polls, the "
                "state of the database is unknown"
            )
        return self

    @model_validator(mode="after")
    def _check_missing_version(self) -> Self:
        if self.missing_version is MissingVersion.OPENAI and not self.openai_dialect:
            raise ValueError("missing_version is openai, which needs openai_dialect; turn that on, or use refuse")
        return self

    @model_validator(mode="after")
    def _check_forward(self) -> Self:
        if self.forward and not self.gateway:
            raise ValueError(
                "forward needs a gateway to pass requests on to; set gateway, such as http://localhost:4000"
            )
        if self.forward and not self.insecure and self.host not in _LOOPBACK:
            raise ValueError(
                f"forward would carry prompts and keys to {self.host} without TLS; serve on 127.0.0.1, or set "
                "insecure (--insecure) if a proxy in front of it has TLS"
            )
        return self

    @model_validator(mode="after")
    def _check_console_user(self) -> Self:
        if self.console_user_header and not self.console_proxies:
            raise ValueError(
                "console_user_header needs console_proxies: the addresses of the proxies that are believed, such "
                "as 10.0.0.7"
            )
        return self

    @model_validator(mode="after")
    def _check_any_key(self) -> Self:
        if self.any_key and not self.insecure and self.host not in _LOOPBACK:
            raise ValueError(
                f"any_key would open {self.host} to everybody; serve on 127.0.0.1, or set insecure (--insecure) if "
                "you mean it"
            )
        return self


def _check_network(text: str) -> str:
    """``text`` as a network; ``*`` is every one."""
    try:
        return str(ip_network("0.0.0.0/0" if text == "*" else text, strict=False))
    except ValueError:
        raise ValueError(f"{text!r} is not an address or a network such as 10.0.0.0/8") from None


def _what_is_wrong(url: str) -> str:
    """Why a text without a password is not the base URL of a gateway; what follows a ``?`` may be secret."""
    if "?" in url or "#" in url:
        mark = next(each for each in url if each in "?#")
        return f"must be a URL that ends with its path; leave out the {mark} and what follows it"
    if "://" not in url and _is_base_url(f"http://{url}"):
        return f"must begin with http:// or https://; write http://{url[:100]}"
    return f"must be the base URL of a gateway, such as http://localhost:4000, not {url[:100]!r}"


def _is_base_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port  # parsed, and checked, only on access
        (parts.hostname or "").encode("idna")  # as resolving it will
    except ValueError:
        return False
    is_plain = text.isascii() and text.isprintable() and not set(text) & set(" ?#@")
    return is_plain and parts.scheme in ("http", "https") and bool(parts.hostname)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its value, and where that came from."""

    name: str
    value: object = field(repr=False)  # may hold a password; see `shown`
    origin: str
    description: str

    def shown(self) -> object:
        """Return the value as plain JSON, with the password of a URL hidden."""
        value = str(self.value) if isinstance(self.value, StrEnum) else self.value
        return hide_password(value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Loaded:
    """All settings, and where each came from."""

    settings: Settings
    listing: list[Setting]


def load(flags: Mapping[str, Any] | None = None, config: str | None = None) -> Loaded:
    """Return the settings: flags over the environment over the file over the defaults.

    Parameters
    ----------
    flags
        By name; None where a flag was not given.
    config
        Path of the file; else ``CALLSHEET_CONFIG``; else ``callsheet.toml`` here, if there is one.

    Raises
    ------
    SettingsError
        An unknown name, a bad value, or a file that cannot be read; names it and says why.
    """
    path, from_file = _read_file(config or os.environ.get(f"{PREFIX}CONFIG"))
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    for found, origin in ((given, _flag), (_read_environment(), _variable), (from_file, f"{{}} in {path}".format)):
        for name, value in found.items():
            if name not in Settings.model_fields:
                raise _unknown(name, origin)
            if name not in values:
                values[name], origins[name] = value, origin(name)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise SettingsError(_explain(error, origins)) from None
    listing = [
        Setting(name, getattr(settings, name), origins.get(name, "default"), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return Loaded(settings, listing)


def has_gateway_key() -> bool:
    """Return whether there is a key by which the gateway is asked for its own list."""
    return bool(os.environ.get(GATEWAY_KEY, "").strip())


def prepare_folder(settings: Settings) -> None:
    """Create the folder of the default database; that of any other has to exist.

    Raises
    ------
    SettingsError
        It cannot be created.
    """
    if settings.database != default_database():
        return
    folder = user_data_path("callsheet")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"The folder {folder} of the default database cannot be created ({error.strerror})",
            hint=Hint.NAME_ANOTHER_DATABASE,
        ) from None


def hide_password(text: str) -> str:
    """Return ``text`` with the password of any URL in it replaced by ``***``."""
    return _OPTION.sub(_hide_option, _PASSWORD.sub(r"\1***\2", text))


def _hide_option(option: re.Match[str]) -> str:
    """Hide ``password=…``, of whichever kind and however it is written."""
    before, name, value = option.groups()
    return f"{before}{name}={'***' if 'password' in unquote(name).lower() else value}"


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _variable(name: str) -> str:
    """The environment variable of the setting ``name``; an unknown name is a variable already."""
    return (_VARIABLES.get(name) or f"{PREFIX}{name.upper()}") if name in Settings.model_fields else name


def _unknown(name: str, origin: Callable[[str], str]) -> SettingsError:
    """The refusal of ``name``, which is not a setting."""
    close = get_close_matches(name.removeprefix(PREFIX).lower(), Settings.model_fields, 1)
    if close:
        return SettingsError(f"{origin(name)} is not a setting; did you mean {origin(close[0])}?")
    return SettingsError(f"{origin(name)} is not a setting", hint=Hint.LIST_SETTINGS)


def _read_environment() -> dict[str, str]:
    """Every variable with our prefix, by the name of its setting; unknown ones too, so that they are refused."""
    names = {_variable(name): name for name in Settings.model_fields}
    return {
        names.get(name, name): value
        for name, value in os.environ.items()
        if name.startswith(PREFIX) and name not in _NOT_SETTINGS and not name.startswith(_NOT_SETTINGS_PREFIX)
    }


def _read_file(named: str | None) -> tuple[Path, dict[str, Any]]:
    path = Path(named or FILE)
    if not named and not path.is_file():
        return path, {}
    try:
        return path, tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"The settings file {path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings file {path} is not valid TOML: {error}.") from None


def _explain(error: ValidationError, origins: Mapping[str, str]) -> str:
    """The first problem, in a sentence that begins with where the value came from."""
    problem = error.errors(include_url=False, include_context=False)[0]
    message = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return f"{message}."
    name = str(problem["loc"][0])
    return f"{origins.get(name, name)}: {message[:1].lower()}{message[1:]}."

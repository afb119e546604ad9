"""``/console/sources/new``, ``/console/sources/NAME/change``: a source to add or to change, and to try before."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.claims.manager import check_manager_name
from callsheet.domain.errors import InvalidError
from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.console.change import Change
from callsheet.http.console.forms import FieldError, Form, Value, nothing_changed, value_of
from callsheet.http.console.long_calls import StillRunningError
from callsheet.http.console.pages.source import act, page_of
from callsheet.http.console.pages.workspace_choices import choices
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Outcome, Page, Review, Visit
from callsheet.service.sync.config import DEFAULTS, parse_renames, read_config
from callsheet.service.sync.guard import SETTING, PrivateAddressError
from callsheet.service.sync.secret import parse_reference
from callsheet.sources.registry import ASKABLE, ENRICHMENTS, KINDS
from callsheet.sources.upstream import SourceKind

#: The members of a configuration that the form has, in its order, as they are by default.
_MEMBERS: Final[Mapping[str, Any]] = {
    "url": "",
    "kind": "",
    **{name: value for name, value in DEFAULTS.items() if name != "keys_forgotten_at"},
}

#: Members that are valid together with others only, or that the guard judges.
_TOGETHER: Final = frozenset({"url", "asks_keys"})

#: A configuration beside which members can be checked one by one.
_PLAIN: Final[Mapping[str, Any]] = {"kind": str(SourceKind.LITELLM), "url": "https://litellm.example.org"}

_TITLES: Final = {
    "anthropic": "Anthropic's API, or another Models API",
    "openai": "OpenAI's API, and what has its list",
    "vllm": "vLLM",
    "sglang": "SGLang",
    "ollama": "Ollama",
    "llamacpp": "llama.cpp's server",
    "lmstudio": "LM Studio",
    "gemini": "Google's Gemini API",
    "openrouter": "OpenRouter",
    "litellm": "LiteLLM's proxy",
    "bedrock": "Amazon Bedrock, in one region",
    "vertex": "Vertex AI, in one region",
    "models-dev": "models.dev: facts only",
    "litellm-prices": "LiteLLM's file of prices: facts only",
    "callsheet": "Another Callsheet",
    "file": "A list at a fixed URL",
}

_NOT_A_REFERENCE: Final = (
    "This is not the name of a place, and may be the secret itself, so it is not shown again. Type where the "
    "secret is on the host: env:NAME for a variable of its environment, or file:/PATH for a file."
)


def _show_new(visit: Visit) -> Page:
    form = visit.form
    form.fill({"name": "", **_initial(_MEMBERS), **({} if form.is_sent else _wished(visit.query))})
    change = _addition(form)
    return Page("source_form.html", _data(visit, None, change), "Add a source", extra=_USUAL)


def _wished(query: Mapping[str, str]) -> dict[str, Value]:
    """What a link to the form says of its fields."""
    return {name: query[name].strip() for name in ("name", "url", "kind") if name in query}


def _submit_new(visit: Visit) -> Outcome:
    form = visit.form
    _check(visit, _MEMBERS, is_asked=True)
    if form.raw("action") == "try":
        form.check()
        return _tried(visit, _config_of(form), None)
    with form.at("name"):
        check_manager_name(form.text("name"), "source")
    form.check()
    if not form.text("kind") and form.text("url") and not form.text("secret"):
        form.replace("kind", _ask(visit, _config_of(form))["kind"])
    name = form.text("name")
    change = Change("createSource", {}, {"name": name, "config": _config_of(form)})
    return Review(change, page_of(visit, name) if name else visit.url("sources"), f"Add {name}")


def _show_change(visit: Visit) -> Page:
    source = visit.calls.read("getSource", {"source": visit.ids["source"]})
    visit.form.fill({**_initial({**_MEMBERS, **source["config"]}), "before": ""})
    data = _data(visit, source, _reconfiguration(visit))
    return Page("source_form.html", data, f"Change {source['name']}", extra=_USUAL)


def _submit_change(visit: Visit) -> Outcome:
    form, action, name = visit.form, visit.form.raw("action"), visit.ids["source"]
    if action not in (None, "try"):
        return act(visit, action or "")
    changed = form.changed()
    _check(visit, changed & _MEMBERS.keys(), is_asked=action == "try" or "url" in changed)
    form.check()
    if action == "try":
        return _tried(visit, _config_of(form), visit.calls.read("getSource", {"source": name}))
    change = _reconfiguration(visit)
    if not change.body["config"] and "before" not in change.body:
        raise nothing_changed()
    return Review(change, page_of(visit, name), f"Change {name}")


def _initial(members: Mapping[str, Any]) -> dict[str, Value]:
    renames = [f"{before}={after}" for before, after in members["rename"].items()]
    return {name: renames if name == "rename" else value_of(members[name]) for name in _MEMBERS}


def _usual() -> dict[str, str]:
    """What fields hold by default, as texts."""
    form = Form()
    form.fill(_initial(_MEMBERS))
    return form.values


#: Which parts of the form are folded depends on it.
_USUAL: Final = {"usual": _usual()}


def _member(form: Form, name: str) -> Any:
    """What a field says of a member of the configuration; FieldError if it cannot be read."""
    default = _MEMBERS[name]
    if isinstance(default, bool):
        return form.flag(name)
    if isinstance(default, list):
        return form.lines(name)
    if name == "rename":
        try:
            return parse_renames(form.lines(name))
        except InvalidError as error:
            raise FieldError(name, str(error)) from None
    return form.text(name) or default


def _config_of(form: Form) -> dict[str, Any]:
    """Every member that is not as by default."""
    members = {name: _member(form, name) for name in _MEMBERS}
    return {name: value for name, value in members.items() if value != _MEMBERS[name]}


def _addition(form: Form) -> Change | None:
    """What adds what was typed; None if there is nothing yet, or it cannot be read."""
    try:
        config = _config_of(form)
    except FieldError:
        return None
    if "url" not in config or _has_password(config["url"]) or _is_secret(config.get("secret", "")):
        return None
    return Change("createSource", {}, {"name": form.text("name") or "NAME", "config": config})


def _reconfiguration(visit: Visit) -> Change:
    form, changed = visit.form, visit.form.changed()
    config = {name: _member(form, name) for name in _MEMBERS if name in changed}
    before = form.text("before")
    body = {"config": config, **({"before": before} if before else {})}
    return Change("updateSource", {"source": visit.ids["source"]}, body)


def _check(visit: Visit, names: Iterable[str], *, is_asked: bool) -> None:
    """Note what of these fields no source can have, and whether the console may have it asked where it is."""
    form = visit.form
    with form.at("url"):
        _check_password(form)
    with form.at("secret"):
        _check_reference(form)
    for name in names:
        with form.at(name):
            value = _member(form, name)
            if value != _MEMBERS[name] and name not in _TOGETHER:
                read_config({**_PLAIN, name: value})
    if is_asked:
        with form.at("url"):
            _check_address(visit)


def _check_password(form: Form) -> None:
    """Refuse an address with what may be a password, and do not show that again."""
    url = form.text("url")
    if _has_password(url):
        form.replace("url", url.replace(f"{_host_of(url).rpartition('@')[0]}@", "", 1))
        raise FieldError(
            "url",
            "The address must hold no user or password; what was before the @ is left out now. Name below "
            "where its secret is stored.",
        )


def _check_reference(form: Form) -> None:
    """Refuse what may be a secret in place of where it is, and do not show it again."""
    if _is_secret(form.text("secret")):
        form.replace("secret", "")
        raise FieldError("secret", _NOT_A_REFERENCE)


def _check_address(visit: Visit) -> None:
    """Refuse an address that only the host may set, in the words of the console."""
    subject = _private_subject(visit)
    if subject is not None:
        raise FieldError(
            "url",
            f"{subject} is not public, so the console cannot set a source there. Run the command above on the "
            f"host, or allow the address with the setting {SETTING}.",
        )


def _private_subject(visit: Visit) -> str | None:
    """What of the address is not public; None if the console may set it, or it is refused for another reason."""
    try:
        visit.calls.guard.check(visit.form.text("url"))
    except PrivateAddressError as error:
        return error.subject
    except InvalidError:
        return None
    return None


def _has_password(url: str) -> bool:
    return "@" in _host_of(url)


def _host_of(url: str) -> str:
    """What of an address is between its slashes, which need not be a valid host."""
    return url.partition("//")[2].partition("/")[0]


def _is_secret(text: str) -> bool:
    """Whether what was typed does not refer to a secret, so that it may be one."""
    try:
        if text:
            parse_reference(text)
    except InvalidError:
        return True
    return False


def _tried(visit: Visit, config: Mapping[str, Any], source: Mapping[str, Any] | None) -> Page:
    """The form again, with what answers at the address."""
    trial = _ask(visit, config)
    change = _addition(visit.form) if source is None else _reconfiguration(visit)
    title = "Add a source" if source is None else f"Change {source['name']}"
    return Page("source_form.html", {**_data(visit, source, change), "trial": trial}, title, extra=_USUAL)


def _ask(visit: Visit, config: Mapping[str, Any]) -> dict[str, Any]:
    """What trying finds; FieldError, at the field that it is about, if nothing is found."""
    try:
        return visit.calls.wait("trySource", {}, {"config": {**config}})
    except StillRunningError:
        seconds = visit.calls.long.timeout_seconds
        raise FieldError(
            "url", f"What answers there took longer than {seconds:g} s; try again, or name its kind."
        ) from None
    except AdminError as error:
        if error.code not in (Code.SOURCE, Code.OVERLOADED):
            raise
        raise FieldError("url", error.message) from None


def _data(visit: Visit, source: Mapping[str, Any] | None, change: Change | None) -> dict[str, Any]:
    name = None if source is None else source["name"]
    return {
        "source": source,
        "kinds": [
            *([] if source else [("", "Detect automatically")]),
            *((str(kind), _TITLES[kind]) for kind in KINDS),
        ],
        "askable": [str(kind) for kind in ASKABLE],
        "workspaces": choices(visit),
        "others": _others(visit, source),
        "action": visit.url("sources", "new") if name is None else visit.url("sources", name, "change"),
        "back": visit.url("sources") if name is None else page_of(visit, name),
        "change": None if change is None else change.shown(),
        "host_command": _host_command(change, source),
        "private_command": _private_command(visit, change),
        "trial": None,
    }


def _host_command(change: Change | None, source: Mapping[str, Any] | None) -> str | None:
    """The command that the host has to be given, as the API neither names a secret nor sends it elsewhere."""
    config = {} if change is None else change.body["config"]
    moves_secret = source is not None and "secret" in source["config"] and "url" in config
    return change.command() if change is not None and (config.get("secret") or moves_secret) else None


def _private_command(visit: Visit, change: Change | None) -> str | None:
    """The command that the host has to be given, as the address that was sent is not public."""
    if change is None or not visit.form.is_sent or _private_subject(visit) is None:
        return None
    return change.command()


def _others(visit: Visit, source: Mapping[str, Any] | None) -> list[str]:
    """The sources that this one may be put before: enrichments are outranked by every source."""
    if source is None:
        return []
    is_enrichment = source["config"]["kind"] in ENRICHMENTS
    return [
        each["name"]
        for each in visit.calls.read("listSources")["data"]
        if each["name"] != source["name"] and (each["config"]["kind"] in ENRICHMENTS) is is_enrichment
    ]


SOURCE_FORMS: Final = (
    Route(path="/sources/new", show=_show_new, submit=_submit_new, scope=Scope.CATALOG, is_long=True),
    Route(
        path="/sources/{source}/change",
        show=_show_change,
        submit=_submit_change,
        scope=Scope.CATALOG,
        is_long=True,
    ),
)

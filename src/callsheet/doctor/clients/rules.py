"""Rules: which requests known clients send and what they make of the response, one data file for each client."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from importlib.resources import files
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from callsheet.doctor.clients.entries import FieldKind, ShownText
from callsheet.doctor.probe.exchange import ProbeRequest
from callsheet.doctor.probe.headers import Headers, merge_headers
from callsheet.doctor.probe.wrappers import Handling, Wrapper
from callsheet.domain.errors import DoctorError
from callsheet.domain.query import DEFAULT_LIMIT, MAX_LIMIT

#: Replaced in a target by `page_size`, so that a client which pages needs a few pages.
PAGE: Final = "{page}"


def page_size(models: int) -> int:
    """Return a third of the number of models, so that the list has a few pages."""
    return min(-(-models // 3), MAX_LIMIT) or DEFAULT_LIMIT


class Walk(StrEnum):
    """When a client asks for the next page, and how; each of them needs a page with models and a cursor."""

    ONE_PAGE = "one-page"
    UNTIL_FALSE = "until-has-more-is-false"
    WHILE_TRUE = "while-has-more-is-true"
    UNTIL_EMPTY = "until-a-page-is-empty"
    #: It asks for the models before the first one while has_more is true, and so never gets a second page.
    BACKWARDS = "before-the-first-while-has-more-is-true"

    @property
    def is_whole(self) -> bool:
        """Whether a correct server gives it everything, whatever the size of a page."""
        return self not in (Walk.ONE_PAGE, Walk.BACKWARDS)

    @property
    def cursor(self) -> str:
        """The query parameter of its cursor."""
        return "before_id" if self is Walk.BACKWARDS else "after_id"

    def goes_on(self, has_more: object) -> bool:
        """Return whether the client asks for another page after one with models and a cursor."""
        if self is Walk.ONE_PAGE:
            return False
        if self is Walk.UNTIL_FALSE:
            return has_more is not False
        return bool(has_more) or self is Walk.UNTIL_EMPTY


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))


class Source(_Data):
    """Where rules were read, or how they were recorded."""

    about: str
    url: str | None = None


class Keeps(_Data):
    """A filter on ids: models that do not match `pattern` are dropped; ASCII letters match in either case.

    `why` is a sentence without its end; `advice` may hold ``{id}`` and ``{name}``, the id's last part. If the id
    holds one of `words`, but not where the client wants it, `inside` is the advice.
    """

    pattern: str
    unless_field: str | None = Field(default=None, description="A field whose presence keeps a model all the same.")
    why: str
    advice: str
    words: tuple[str, ...] = ()
    inside: str = ""
    verified: bool = True

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.IGNORECASE | re.ASCII)

    def keeps(self, model: Mapping[str, Any]) -> bool:
        """Return whether a model stays."""
        return bool(self._compiled.search(model["id"])) or (
            self.unless_field is not None and self.unless_field in model
        )

    def is_word_inside(self, model_id: str) -> bool:
        """Return whether an id that is dropped holds one of `words`, for which `inside` is the advice."""
        return bool(self.inside) and any(word in model_id.lower() for word in self.words)

    def advice_for(self, model_id: str) -> str:
        """Return how to keep this model, as a sentence that begins in lower case and has no full stop."""
        advice = self.inside if self.is_word_inside(model_id) else self.advice
        return advice.format(id=model_id, name=model_id.rstrip("/").rpartition("/")[2])


class Way(_Data):
    """One way in which a client asks for its models: its requests, and what it makes of the response."""

    versions: str
    way: str = ""
    target: str
    headers: tuple[str, ...] = Field(description="As `name: value`; $ANTHROPIC_API_KEY stands for the key.")
    custom_headers: str = Field(default="", description="The environment variable whose headers it sends as well.")
    silent_if: str = Field(default="", description="When it sends no request at all; the rest of 'if …'.")
    seconds: float | None = Field(default=None, description="After which it gives up; null if not known.")
    seconds_setting: str = Field(default="", description="The environment variable that allows more.")
    follows_redirects: bool
    walk: Walk = Walk.ONE_PAGE
    walk_verified: bool = Field(default=True, description="Whether the paging was verified.")
    max_pages: int | None = Field(default=None, description="Pages after which it gives up and shows nothing.")
    wrappers: Mapping[Wrapper, Handling] = Field(
        default={}, description="Other than an object with `data`; it fails on those that are not named."
    )
    every_entry: Mapping[str, tuple[FieldKind, ...]] = Field(
        default={}, description="What fields must hold; one wrong entry makes the client reject the whole list."
    )
    lists_once: bool = Field(default=False, description="Whether it shows a model that is listed twice only once.")
    label: str | None = Field(default=None, description="The field shown as a model's name.")
    expects_label: bool = Field(default=True, description="Whether models without that field are worth a note.")
    texts: Mapping[str, ShownText] = Field(default={}, description="How it shows fields that hold text.")
    keeps: Keeps | None = None
    cut: str = Field(default="", description="What to do if its one page does not have all models.")
    unverified: str = Field(default="", description="Which of these rules are not verified, and why.")

    def first_request(self, page: int, extra: Headers = ()) -> ProbeRequest:
        """Return its first request.

        Parameters
        ----------
        page
            Size of a page, if the client chooses one.
        extra
            Headers that are added; they replace those of the same name.
        """
        lines = (line.partition(": ") for line in self.headers)
        own = tuple((name, value) for name, _, value in lines)
        return ProbeRequest(self.target.replace(PAGE, str(page)), merge_headers(own, extra))

    def handling(self, wrapper: Wrapper) -> Handling:
        """Return what the client makes of a list in this wrapper."""
        return Handling.READ if wrapper is Wrapper.OBJECT else self.wrappers.get(wrapper, Handling.FAILS)

    def why_dropped(self, model: Mapping[str, Any]) -> str | None:
        """Return why the client does not show a model of a list that it accepted; None if it does."""
        return None if self.keeps is None or self.keeps.keeps(model) else self.keeps.why

    def name_of(self, model: Mapping[str, Any]) -> str:
        """Return what the client shows as the name of a model."""
        name = model.get(self.label) if self.label else None
        if not isinstance(name, str) or self.label is None:
            return str(model["id"])
        text = self.texts.get(self.label)
        return (name if text is None else text.shown(name)) or str(model["id"])

    @property
    def takes_default_limit(self) -> bool:
        """Whether it asks in Anthropic's dialect without a limit, so that the server chooses one."""
        names = {line.partition(":")[0] for line in self.headers}
        return "limit=" not in self.target and bool(names & {"anthropic-version", "x-api-key"})


class ClientRules(_Data):
    """A client and its ways of asking; the first is that of its newest version."""

    name: str
    title: str
    otherwise: str = Field(description='What its user sees if the list fails; the rest of "Its user then sees …".')
    sources: tuple[Source, ...]
    ways: tuple[Way, ...]


class Dropping(NamedTuple):
    """A client whose newest version does not show a model, and the reason as a sentence without a full stop."""

    title: str
    reason: str


def clients_that_drop(model_id: str) -> list[Dropping]:
    """Return the known clients whose newest version hides every model with this id; see `clients_that_drop_any`."""
    return [Dropping(title, reason) for title, reason, _ in clients_that_drop_any((model_id,))]


class DroppingSome(NamedTuple):
    """A client whose newest version does not show some models, the reason as of `Dropping`, and their ids."""

    title: str
    reason: str
    ids: tuple[str, ...]


def clients_that_drop_any(model_ids: Sequence[str]) -> list[DroppingSome]:
    """Return the known clients whose newest version hides every model with one of these ids, and which it hides.

    Only filters that were verified on the client itself count. A title is such as "Claude Code", a reason such as
    "Claude Code keeps only ids that contain `claude` or `anthropic`".
    """
    found = []
    for rules in load_clients():
        keeps = rules.ways[0].keeps
        if keeps is not None and keeps.verified:
            dropped = tuple(model_id for model_id in model_ids if not keeps.keeps({"id": model_id}))
            if dropped:
                found.append(DroppingSome(rules.title, keeps.why, dropped))
    return found


class CutShort(NamedTuple):
    """A client that shows only part of a long list: which versions, and how many models they show."""

    title: str
    versions: str
    shown: int


def clients_cut_short(models: int, default_limit: int) -> list[CutShort]:
    """Return the known clients that show fewer than ``models``, as they send no limit.

    Clients whose paging is not verified are left out.

    Parameters
    ----------
    models
        How many the server lists.
    default_limit
        How many it returns to a request without a limit.
    """
    if models <= default_limit:
        return []
    found: list[CutShort] = []
    for rules in load_clients():
        for way in rules.ways:
            shown = _shown_of(models, default_limit, way)
            if way.walk_verified and shown < models and not any(each.title == rules.title for each in found):
                found.append(CutShort(rules.title, way.versions, shown))
    return found


def _shown_of(models: int, default_limit: int, way: Way) -> int:
    if not way.takes_default_limit:
        return models
    if way.walk.is_whole:
        return 0 if way.max_pages is not None and models > way.max_pages * default_limit else models
    return default_limit


def load_clients(names: Iterable[str] = ()) -> tuple[ClientRules, ...]:
    """Return the rules of the named clients; of all clients if ``names`` is empty.

    Raises
    ------
    DoctorError
        There are no rules for one of ``names``.
    """
    folder = files("callsheet.doctor") / "clients"
    texts = {each.name: each.read_text("utf-8") for each in folder.iterdir() if each.name.endswith(".toml")}
    found = [read_client(texts[name]) for name in sorted(texts)]
    wanted = set(names)
    if unknown := wanted - {rules.name for rules in found}:
        known = ", ".join(rules.name for rules in found)
        raise DoctorError(f"No client is called {min(unknown)}; known are {known}.")
    return tuple(rules for rules in found if not wanted or rules.name in wanted)


def read_client(text: str) -> ClientRules:
    """Return the rules in a data file.

    The table ``common`` has what all ways have in common; a table of ``releases``, what the ways of some releases
    have in common.
    """
    data = tomllib.loads(text)
    common = data.pop("common", {})
    ways = data.pop("ways", [])
    for release in data.pop("releases", []):
        ways += [{**release, **way} for way in release.pop("ways")]
    return ClientRules.model_validate({**data, "ways": [{**common, **way} for way in ways]})

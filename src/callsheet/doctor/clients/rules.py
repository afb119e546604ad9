"""Rules: how known clients ask and what they make of the answer, read from one data file for each client."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cached_property
from importlib.resources import files
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from callsheet.doctor.clients.entries import Kind, Text
from callsheet.doctor.probe.exchange import Ask
from callsheet.doctor.probe.headers import Headers, overlaid
from callsheet.doctor.probe.wrappers import Outcome, Wrapper
from callsheet.domain.errors import DoctorError
from callsheet.domain.query import DEFAULT_LIMIT, MAX_LIMIT

#: Stands in a target for a page size that takes a few pages to see all models.
PAGE: Final = "{page}"


def page_size(models: int) -> int:
    """Return a third of the models, so that there is something to page."""
    return min(-(-models // 3), MAX_LIMIT) or DEFAULT_LIMIT


class Walk(StrEnum):
    """When a client asks for the page after this one, and how; all of them need models and a cursor for it."""

    ONE_PAGE = "one-page"
    UNTIL_FALSE = "until-has-more-is-false"
    WHILE_TRUE = "while-has-more-is-true"
    UNTIL_EMPTY = "until-a-page-is-empty"
    #: It asks for what comes before the first model while has_more is true, and so never gets a second page.
    BACKWARDS = "before-the-first-while-has-more-is-true"

    @property
    def is_whole(self) -> bool:
        """Whether a correct server gives it everything, whatever the size of a page."""
        return self not in (Walk.ONE_PAGE, Walk.BACKWARDS)

    @property
    def cursor(self) -> str:
        """The query parameter that it pages with."""
        return "before_id" if self is Walk.BACKWARDS else "after_id"

    def goes_on(self, has_more: object) -> bool:
        """Return whether a page with models and a cursor is followed by another request."""
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
    """A filter on ids: models that do not match `pattern` drop out; ASCII letters match in either case.

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

    def advice_for(self, model_id: str) -> str:
        """Return what to do so that this model stays, as a sentence without its beginning and its end."""
        is_inside = any(word in model_id.lower() for word in self.words)
        advice = self.inside if self.inside and is_inside else self.advice
        return advice.format(id=model_id, name=model_id.rstrip("/").rpartition("/")[2])


class Way(_Data):
    """One way in which a client asks for its models."""

    versions: str
    way: str = ""
    target: str
    headers: tuple[str, ...] = Field(description="As `name: value`; $ANTHROPIC_API_KEY stands for the key.")
    custom_headers: str = Field(default="", description="The environment variable whose headers it sends as well.")
    silent_if: str = Field(default="", description="When it does not ask at all; the rest of “if …”.")
    seconds: float | None = Field(default=None, description="After which it gives up; null if not known.")
    seconds_setting: str = Field(default="", description="The environment variable that allows more.")
    follows_redirects: bool
    walk: Walk = Walk.ONE_PAGE
    walk_verified: bool = Field(default=True, description="Whether it is known that it pages so.")
    most_pages: int | None = Field(default=None, description="Pages after which it gives up, and shows nothing.")
    wrappers: Mapping[Wrapper, Outcome] = Field(
        default={}, description="Besides an object with `data`; else it fails."
    )
    every_entry: Mapping[str, tuple[Kind, ...]] = Field(
        default={}, description="What fields must hold: one entry that does not, and it throws the whole list away."
    )
    lists_once: bool = Field(default=False, description="Whether it shows a model once that is listed twice.")
    label: str | None = Field(default=None, description="The field shown as a model's name.")
    expects_label: bool = Field(default=True, description="Whether models without that field are worth a note.")
    texts: Mapping[str, Text] = Field(default={}, description="How it shows fields that hold text.")
    keeps: Keeps | None = None
    cut: str = Field(default="", description="What to do if it does not get all models on its one page.")
    unverified: str = Field(default="", description="Which of these rules are not verified, and why.")

    def ask(self, page: int, extra: Headers = ()) -> Ask:
        """Return its first request; ``page`` is the size of a page, where it chooses one.

        Headers in ``extra`` are sent as well, in the place of its own of the same name.
        """
        lines = (line.partition(": ") for line in self.headers)
        own = tuple((name, value) for name, _, value in lines)
        return Ask(self.target.replace(PAGE, str(page)), overlaid(own, extra))

    def outcome(self, wrapper: Wrapper) -> Outcome:
        """Return what it makes of a list in this wrapper."""
        return Outcome.READ if wrapper is Wrapper.OBJECT else self.wrappers.get(wrapper, Outcome.FAILS)

    def why_dropped(self, model: Mapping[str, Any]) -> str | None:
        """Return why the client does not show a model of a list that it took; None if it does."""
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
        """Whether it asks Anthropic's dialect for a list without saying how long, so that the server decides."""
        names = {line.partition(":")[0] for line in self.headers}
        return "limit=" not in self.target and bool(names & {"anthropic-version", "x-api-key"})


class ClientRules(_Data):
    """A client: what it is called, what its user sees otherwise, where that was read, and its ways of asking.

    The first way is that of its newest version.
    """

    name: str
    title: str
    otherwise: str = Field(description='What its user sees if the list fails; the rest of "Its user then sees …".')
    sources: tuple[Source, ...]
    ways: tuple[Way, ...]


class Dropping(NamedTuple):
    """A client whose newest version does not show a model, and why, as a sentence without its full stop."""

    title: str
    reason: str


def clients_that_drop(model_id: str) -> list[Dropping]:
    """Return the known clients whose newest version hides every model with this id.

    Only filters that were verified on the client itself count. The title is such as "Claude Code", and the reason
    names it, too: "Claude Code keeps only ids that contain `claude` or `anthropic`".
    """
    model = {"id": model_id}
    return [
        Dropping(rules.title, newest.keeps.why)
        for rules in load_clients()
        for newest in rules.ways[:1]
        if newest.keeps is not None and newest.keeps.verified and not newest.keeps.keeps(model)
    ]


class CutShort(NamedTuple):
    """A client that does not show all of a longer list: which versions do so, and how many models they show."""

    title: str
    versions: str
    shown: int


def clients_cut_short(models: int, default_limit: int) -> list[CutShort]:
    """Return the known clients that show fewer than ``models``, as they leave the size of a page to the server.

    Clients whose paging is not verified are left out.

    Parameters
    ----------
    models
        How many the server lists.
    default_limit
        How many it answers to a request without a limit.
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
        return 0 if way.most_pages is not None and models > way.most_pages * default_limit else models
    return default_limit


def load_clients(names: Iterable[str] = ()) -> tuple[ClientRules, ...]:
    """Return the rules of these clients; of all, if none is named.

    Raises
    ------
    DoctorError
        A client is not known.
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

    What all ways have in common is in the table ``common``; what those of some releases have in common, in a table
    of ``releases``.
    """
    data = tomllib.loads(text)
    common = data.pop("common", {})
    ways = data.pop("ways", [])
    for release in data.pop("releases", []):
        ways += [{**release, **way} for way in release.pop("ways")]
    return ClientRules.model_validate({**data, "ways": [{**common, **way} for way in ways]})

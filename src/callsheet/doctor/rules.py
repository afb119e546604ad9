"""Rules: how known clients ask and what they make of the answer, read from one data file for each client."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cached_property
from importlib.resources import files
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from callsheet.doctor.exchange import Ask
from callsheet.domain.errors import DoctorError
from callsheet.domain.query import DEFAULT_LIMIT, MAX_LIMIT

#: Stands in a target for a page size that takes a few pages to see all models.
PAGE: Final = "{page}"


def page_size(models: int) -> int:
    """Return a third of the models, so that there is something to page."""
    return min(-(-models // 3), MAX_LIMIT) or DEFAULT_LIMIT


class Walk(StrEnum):
    """When a client asks for the page after this one; all of them need models and a cursor for it."""

    ONE_PAGE = "one-page"
    UNTIL_FALSE = "until-has-more-is-false"
    WHILE_TRUE = "while-has-more-is-true"
    UNTIL_EMPTY = "until-a-page-is-empty"

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
    """A filter on ids: models that do not match `pattern` drop out.

    `why` is the rest of the sentence "`id`: …"; `advice` may hold ``{id}`` and ``{name}``, the id's last part.
    """

    pattern: str
    unless_field: str | None = Field(default=None, description="A field whose presence keeps a model all the same.")
    why: str
    advice: str
    verified: bool = True

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.IGNORECASE)

    def keeps(self, model: Mapping[str, Any]) -> bool:
        """Return whether a model stays."""
        return bool(self._compiled.search(model["id"])) or (
            self.unless_field is not None and self.unless_field in model
        )


class Way(_Data):
    """One way in which a client asks for its models."""

    versions: str
    way: str = ""
    target: str
    headers: tuple[str, ...] = Field(description="As `name: value`; $ANTHROPIC_API_KEY stands for the key.")
    seconds: float | None = Field(default=None, description="After which it gives up; null if not known.")
    follows_redirects: bool
    walk: Walk = Walk.ONE_PAGE
    needs: tuple[str, ...] = Field(default=(), description="Fields without which it drops a model, besides id.")
    label: str | None = Field(default=None, description="The field shown as a model's name.")
    keeps: Keeps | None = None
    cut: str = Field(default="", description="What to do if it does not get all models on its one page.")
    unverified: str = Field(default="", description="Which of these rules are not verified, and why.")

    def ask(self, page: int) -> Ask:
        """Return its first request; ``page`` is the size of a page, where it chooses one."""
        headers = (line.partition(": ") for line in self.headers)
        return Ask(self.target.replace(PAGE, str(page)), tuple((name, value) for name, _, value in headers))

    def why_dropped(self, model: Mapping[str, Any], title: str) -> str | None:
        """Return why the client, called ``title``, does not show a model; None if it does."""
        lacking = next((name for name in self.needs if name not in model), None)
        if lacking is not None:
            return f"{title} drops models without `{lacking}`"
        if self.keeps is not None and not self.keeps.keeps(model):
            return self.keeps.why
        return None


class ClientRules(_Data):
    """A client: what it is called, what its user sees otherwise, where that was read, and its ways of asking."""

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

    Only filters that were verified on the client itself count. Each comes with its title, such as "Claude Code",
    and a reason that names it, such as "Claude Code keeps only ids that contain `claude` or `anthropic`".
    """
    model = {"id": model_id}
    return [
        Dropping(rules.title, newest.keeps.why)
        for rules in load_clients()
        for newest in rules.ways[:1]
        if newest.keeps is not None and newest.keeps.verified and not newest.keeps.keeps(model)
    ]


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
    """Return the rules in a data file: what its ways have in common stands once, in the table ``common``."""
    data = tomllib.loads(text)
    common = data.pop("common", {})
    return ClientRules.model_validate({**data, "ways": [{**common, **way} for way in data["ways"]]})

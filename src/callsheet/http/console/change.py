"""Change: a call of the Admin API that changes something, as a page offers it, shows it and carries it along."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from callsheet.http.admin.endpoint import Endpoint
from callsheet.http.console.commands import command_of
from callsheet.http.console.forms import read_json
from callsheet.http.console.operations import endpoint_of


@dataclass(frozen=True, slots=True)
class Change:
    """A call that changes something.

    Parameters
    ----------
    operation
        The name of the call.
    ids
        The variable parts of its path, decoded.
    body
        What it is sent.
    """

    operation: str
    ids: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def endpoint(self) -> Endpoint:
        """The call; AdminError if there is none of its name."""
        return endpoint_of(self.operation)

    def request(self) -> str:
        """Return its request line and its body, for people who want to send it themselves."""
        endpoint = self.endpoint
        path = endpoint.path
        for name, value in self.ids.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        line = f"{endpoint.method} {path}"
        return f"{line}\n{json.dumps(self.body, ensure_ascii=False, indent=2)}" if self.body else line

    def command(self) -> str | None:
        """Return the command that does the same; None if there is none."""
        words = command_of(self.operation, self.ids, self.body)
        return None if words is None else shlex.join(["callsheet", *words])

    def shown(self) -> dict[str, str | None]:
        """Return both, as templates show them."""
        return {"command": self.command(), "call": self.request()}

    def dump(self) -> str:
        """Return it as text that `load_change` reads."""
        return json.dumps([self.operation, dict(self.ids), dict(self.body)], ensure_ascii=False)


def load_change(text: str) -> Change:
    """Return the change that ``text`` is; ValueError if it is none."""
    match read_json(text):
        case [str(operation), dict(ids), dict(body)] if all(isinstance(each, str) for each in ids.values()):
            return Change(operation, ids, body)
    raise ValueError("not a change")

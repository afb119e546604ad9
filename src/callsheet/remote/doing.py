"""How changes are sent: for good, or as dry runs, whose answer is a plan."""

import json
from collections.abc import Mapping
from typing import Any

from callsheet.domain.plan.plan import Plan
from callsheet.domain.plan.reading import read_plan
from callsheet.remote.connection import JSON, Connection


class PlannedError(Exception):
    """A change was sent as a dry run, so that there is only its plan."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("a dry run")
        self.plan = plan


class Sender:
    """Sends what changes something.

    Parameters
    ----------
    connection
        To the server.
    dry_run
        Whether nothing is to be changed; then each call raises PlannedError.
    """

    def __init__(self, connection: Connection, *, dry_run: bool = False) -> None:
        self.connection = connection
        self._dry_run = dry_run

    def post(self, *segments: str, body: Mapping[str, Any] | None = None) -> JSON:
        """Send ``body`` to a path, and return the answer; errors as of `Connection.get`."""
        query = {"dry_run": True} if self._dry_run else {}
        return self._taken(self.connection.post(*segments, body=body, **query))

    def delete(self, *segments: str) -> JSON:
        """Remove what is at a path, and return the answer; errors as of `Connection.get`."""
        query = {"dry_run": True} if self._dry_run else {}
        return self._taken(self.connection.delete(*segments, **query))

    def _taken(self, answer: JSON) -> JSON:
        if self._dry_run:
            raise PlannedError(plan_of(answer))
        return answer


def plan_of(answer: Mapping[str, Any]) -> Plan:
    """Return the plan of an answer; InvalidError if it is of a release with another form."""
    return read_plan(json.dumps({name: value for name, value in answer.items() if name != "type"}))

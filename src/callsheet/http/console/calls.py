"""Calls: the Admin API's calls as pages make them, in the same process, with the same checks and answers."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, partial
from typing import Any, Final
from urllib.parse import urlencode

from callsheet.api.state import State
from callsheet.http.admin.admitting import Admission
from callsheet.http.admin.asking import Head, Secrets, read_body, read_query
from callsheet.http.admin.doing import Done, Wanted, Worker
from callsheet.http.admin.endpoint import Endpoint
from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.console.change import Change
from callsheet.http.console.long_calls import LongCalls
from callsheet.http.console.operations import endpoint_of
from callsheet.service.sync.guard import UpstreamGuard
from callsheet.storage.transactions.read import ReadTransaction

#: Models of each group that a plan names; the page shows no more.
MAX_PLANNED_IDS: Final = 1000

_JSON: Final = "application/json"
_VARIABLE: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """What one person may call.

    Parameters
    ----------
    worker
        Does the calls.
    admission
        What lets the person in.
    now, state
        The time (aware), and what is served.
    guard, private
        As for `AdminAPI`.
    long
        Does those calls that may take long.
    reading
        Returns the transaction in which all calls are read; None for one for each call.
    """

    worker: Worker
    admission: Admission
    now: datetime
    state: State
    guard: UpstreamGuard
    private: Sequence[str] = ()
    long: LongCalls = field(default_factory=LongCalls)
    reading: Callable[[], ReadTransaction] | None = None

    @contextmanager
    def together(self) -> Iterator["Calls"]:
        """Yield the same calls, which read the database as it is at one moment; StorageError if it cannot be used.

        Calls that open transactions themselves, such as that for the plan of a source, do so here as well.
        """
        with ExitStack() as until_end:
            open_once = cache(lambda: until_end.enter_context(self.worker.reading()))
            yield replace(self, reading=open_once)

    def read(self, operation: str, ids: Mapping[str, str] | None = None, /, **query: Any) -> dict[str, Any]:
        """Return what a call that changes nothing answers.

        Parameters
        ----------
        operation, ids
            The name of the call, and the variable parts of its path, decoded.
        query
            Its parameters; those that are None are left out.

        Raises
        ------
        AdminError
            As the Admin API refuses it.
        """
        endpoint = endpoint_of(operation)
        answer: dict[str, Any] = json.loads(self._work(endpoint)(self._wanted(endpoint, ids or {}, query)).body)
        return answer

    def ask(self, operation: str, ids: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a call answers that has a body and yet changes nothing; errors as for `read`."""
        endpoint = endpoint_of(operation)
        answer: dict[str, Any] = json.loads(self._work(endpoint)(self._wanted(endpoint, ids, {}, body)).body)
        return answer

    def wait(self, operation: str, ids: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a call answers that waits for an upstream.

        The page that calls it belongs to a route that ``is_long``.

        Raises
        ------
        AdminError
            As the Admin API refuses it.
        StillRunningError
            It goes on, and the page has waited long enough.
        """
        endpoint = endpoint_of(operation)
        done = self.long.wait(partial(self._work(endpoint), self._wanted(endpoint, ids, {}, body)))
        answer: dict[str, Any] = json.loads(done.body)
        return answer

    def rehearse(self, change: Change, at: datetime | None = None) -> dict[str, Any]:
        """Return the plan of ``change``, which makes nothing; AdminError if it would be refused.

        It names `MAX_PLANNED_IDS` models of each group at most, and has how many they are.
        The times that a change notes in what it changes are those of ``at``, by default of now.
        """
        endpoint = change.endpoint
        if endpoint.act is None or set(change.ids) != set(_VARIABLE.findall(endpoint.path)):
            raise AdminError(Code.INVALID_REQUEST, "This form is not complete; begin again at the page before.")
        wanted = self._wanted(endpoint, change.ids, {"dry_run": "true"}, change.body)
        wanted = replace(wanted, now=wanted.now if at is None else at, max_ids=MAX_PLANNED_IDS)
        plan: dict[str, Any] = json.loads(self.worker.change(wanted).body)
        return plan

    def make(self, change: Change, revision: int, reason: str | None = None) -> tuple[dict[str, Any], int]:
        """Make ``change`` if the revision is still this one.

        Returns
        -------
        tuple
            The answer, and the revision that it led to.

        Raises
        ------
        AdminError
            As the Admin API refuses it; ``changed_concurrently`` if there has been another change.
        """
        endpoint = change.endpoint
        wanted = self._wanted(endpoint, change.ids, {}, change.body, revision=revision, reason=reason)
        done = self.worker.change(wanted)
        return json.loads(done.body), _revision_of(done)

    def _work(self, endpoint: Endpoint) -> Callable[[Wanted], Done]:
        if endpoint.run is not None:
            return self.worker.run
        return partial(self.worker.read, within=None if self.reading is None else self.reading())

    def _wanted(
        self,
        endpoint: Endpoint,
        ids: Mapping[str, str],
        query: Mapping[str, Any],
        body: Mapping[str, Any] | None = None,
        *,
        revision: int | None = None,
        reason: str | None = None,
    ) -> Wanted:
        sent = None if endpoint.body is None else json.dumps(body or {}).encode()
        return Wanted(
            endpoint=endpoint,
            ids=ids,
            query=read_query(endpoint, _query_string(query)),
            body=None if sent is None else read_body(endpoint, _JSON, sent),
            admission=self.admission,
            head=Head(Secrets(()), None if revision is None else frozenset((revision,)), None, reason, _JSON),
            digest="",
            now=self.now,
            state=self.state,
            guard=self.guard,
            private=self.private,
        )


def _query_string(query: Mapping[str, Any]) -> bytes:
    given = {name: _text(value) for name, value in query.items() if value is not None}
    return urlencode(given, doseq=True).encode("ascii")


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _revision_of(done: Done) -> int:
    return int(dict(done.headers)[b"etag"].strip(b'"'))

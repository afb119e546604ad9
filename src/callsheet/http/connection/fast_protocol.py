"""The uvicorn driver of `answer`: plain requests of the public API are answered where they arrive.

No task, scope or ASGI cycle is made for them, and no parser called: one write. Where a gateway must be asked about
the key, the request waits for that (`asking.py`). What is out of the ordinary (a body, an upgrade, a refusal of
what has not waited, a request in pieces, or behind one that is still being answered, a reader that is too slow)
takes uvicorn's own path through the same app, which keeps its promises, and is counted by `Ordinary`.
"""

from asyncio import Transport
from typing import TYPE_CHECKING, Any, Final

from callsheet.api.answer import negotiate_encoding, select_body, success_response
from callsheet.api.body import Body, Pieces
from callsheet.api.caller import Caller
from callsheet.api.compression import MIN_COMPRESSED_BYTES
from callsheet.api.dialect import OPENAI
from callsheet.api.request import Request, find_names
from callsheet.api.view import UnfinishedError
from callsheet.domain.access.keyring import NEVER
from callsheet.domain.errors import APIError
from callsheet.http.connection.asking import AskingProtocol, Waiting
from callsheet.http.connection.config import ConnectionConfig
from callsheet.http.connection.head import Head
from callsheet.http.connection.timeouts import IDLE
from callsheet.http.connection.writing import rest_of_head
from callsheet.http.metrics.counters import Ordinary
from callsheet.http.observer import Client
from callsheet.http.public.cache import ENTRY_BYTES, MAX_REQUEST_BYTES, CachedResponse
from callsheet.service.delegation.asked_by import ASKED_BY

_START: Final = b"GET /v1/"
_LIST: Final = b"/v1/models"  # the path that nearly all requests for lists have

#: After so many requests in a row that are not known by their bytes, only one of as many is looked for by them:
#: where every request has another trace, hashing all of it is a tenth of the work. A power of two.
_MAX_MISSED_REQUESTS: Final = 16

# Looking up a member of an enumeration costs ten times more than a name.
_BUSY: Final = Ordinary.BUSY
_FORM: Final = Ordinary.FORM
_PATH: Final = Ordinary.PATH
_SETTING: Final = Ordinary.SETTING


class FastProtocol(AskingProtocol):
    """Answers plain requests of the public API at once, and leaves everything else to uvicorn.

    What every request goes through is written flat: a call costs as much here as the work it does.
    """

    def __init__(self, config: ConnectionConfig, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self._is_proxied = False  # whether the other side is a proxy, and it matters for whom it asks
        self._bytes_missed = 0  # requests in a row that were not known by their bytes

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Note whether the other side may say for whom it asks."""
        super().connection_made(transport)
        clients = self.fast_path.clients
        self._is_proxied = clients is not None and clients.trusts(self.client)

    def data_received(self, data: bytes) -> None:
        """Answer a request that is known by its bytes, or by its headers; leave any other to the parser."""
        begun = self.perf_counter()
        cycle = self.cycle
        fast_path = self.fast_path
        if (  # nothing is ahead of it, and readers keep up: an answer may be written now
            self._parser_state is IDLE
            and (cycle is None or cycle.response_complete)
            and self.waiting is None
            and not self.flow.write_paused
            and not self._discarding_input
            and not self.transport.is_closing()
            and self.limit_concurrency is None
            and not fast_path.unread.is_full
        ):
            cache = fast_path.cache
            if fast_path.live.current is not cache.state:
                cache.reset(fast_path.live.current)
            missed = self._bytes_missed
            known = (
                cache.answers.get(data)
                if missed < _MAX_MISSED_REQUESTS or not missed & _MAX_MISSED_REQUESTS - 1
                else None
            )
            if (
                known is not None
                and (known.expires == NEVER or self.time() < known.expires)
                and (fast_path.admits is None or fast_path.admits(self.client, known.key_id))
            ):
                fast_path.observer.metrics.cache_hits += 1
                self._bytes_missed = 0
                self.write_answer(known.label, fast_path.ids.make(), known.content, b"", begun, self.client)
                return
            self._bytes_missed = missed + 1
            if not data.startswith(_START):
                fast_path.observer.metrics.ordinary[_PATH] += 1
            elif not fast_path.is_open:
                fast_path.observer.metrics.ordinary[_SETTING] += 1
            elif self._answer(data, begun):
                return
        else:
            self.leave_waiting()
            if self._parser_state is IDLE:  # else it is a part of a request that was counted when it began
                fast_path.observer.metrics.ordinary[_BUSY] += 1
        super().data_received(data)

    def answer_checked(self, waiting: Waiting, refusal: APIError | None) -> bool:
        """Answer a request whose key has been asked about; it has been counted towards the rate limits."""
        if self.limit_concurrency is not None or self.fast_path.unread.is_full:  # which they were not as it arrived
            return False
        if refusal is not None:
            return self.refuse_checked(waiting, self.time(), refusal)
        self.fast_path.drop_stale()
        return self._answer(waiting.data, waiting.begun, waiting)

    def _answer(self, data: bytes, begun: float, waiting: Waiting | None = None) -> bool:
        """Answer a request if it is plain and let in, or let it wait for its key; return whether either is so."""
        written = self.server_state.total_requests
        fast_path = self.fast_path
        try:
            head = self.reader.read(data)
            if head is None:
                fast_path.observer.metrics.ordinary[_FORM] += 1
                return False
            client = self.client
            forwarded = self.reader.forwarded
            if forwarded is not None and self._is_proxied and fast_path.clients is not None:
                client = fast_path.clients.find(forwarded, client)
            now = self.time()
            known = fast_path.cache.answers.get(head)
            if known is None or now >= known.expires:
                self._make(data, head, client, now, begun, waiting)
            else:
                self._write_cached(data, known, client, begun, waiting)
        except _LeftError as left:
            fast_path.observer.metrics.ordinary[left.reason] += 1
            return False
        except APIError:  # the ordinary path refuses the request, unless it must wait, or has waited
            if head is not None and (
                self.ask(data, head, client, now, begun) if waiting is None else self.refuse_checked(waiting, now)
            ):
                return True
            fast_path.observer.metrics.ordinary[Ordinary.REFUSED] += 1
            return False
        except UnfinishedError:  # the ordinary path prepares more for it
            fast_path.observer.metrics.ordinary[Ordinary.LARGE] += 1
            return False
        except Exception:
            if self.server_state.total_requests != written:
                raise  # an answer is out: a second one would be taken for that to the next request
            fast_path.record_error()
            return False
        return True

    def _write_cached(
        self, data: bytes, known: CachedResponse[bytes], client: Client, begun: float, waiting: Waiting | None
    ) -> None:
        """Answer a request whose ``data`` is new, but not what it means.

        Raises
        ------
        _LeftError
            It is not let in; nothing has been written.
        """
        fast_path = self.fast_path
        if waiting is None and fast_path.admits is not None and not fast_path.admits(client, known.key_id):
            raise _LeftError(Ordinary.LIMITED)
        fast_path.observer.metrics.cache_hits += 1
        self.write_answer(known.label, fast_path.ids.make(), known.content, b"", begun, client)
        names_client = self.reader.forwarded is not None and fast_path.clients is not None
        if (
            (self._bytes_missed <= _MAX_MISSED_REQUESTS or self._bytes_missed & _MAX_MISSED_REQUESTS - 1 == 1)
            and len(data) <= MAX_REQUEST_BYTES
            and not names_client
            and not self.reader.closes
            and fast_path.cache.mark_seen(data)
        ):
            fast_path.cache.keep_answer(data, known)

    def _make(
        self, data: bytes, head: Head, client: Client, now: float, begun: float, waiting: Waiting | None
    ) -> None:
        """Answer a request that is not cached, or let it wait until its ``x-api-key`` has been asked about.

        Raises
        ------
        APIError
            It is refused; nothing has been written.
        UnfinishedError
            More of the catalogue must be prepared first; nothing has been written.
        _LeftError
            It is not let in, or its answer is too long to be given at once; nothing has been written.
        """
        fast_path = self.fast_path
        path, query, lines = head
        cache = fast_path.cache
        known = cache.callers.get(lines)
        if known is None or now >= known.caller.expires:
            if waiting is None and self._asks_first(data, head, client, now, begun):
                return
            known = cache.caller(fast_path.live.current, lines, lambda: self.reader.headers(lines), now)
        caller, plain_lines, varying_lines, _ = known
        names = () if path == _LIST else find_names(path)
        body = select_body(caller, names, query)
        if isinstance(body.content, Pieces):  # which are sent one after the other, as far as they are read
            raise _LeftError(Ordinary.LARGE)
        if waiting is None and fast_path.admits is not None and not fast_path.admits(client, caller.key_id):
            raise _LeftError(Ordinary.LIMITED)
        again = cache.mark_seen(head)
        if caller.dialect is OPENAI or caller.if_none_match is not None:
            self._make_unusual(data, head, caller, body, client, now, begun, names, again=again)
            return
        if caller.coding is None and len(body.content) >= MIN_COMPRESSED_BYTES:  # as below, in fewer steps
            (content, etag), headers, coding, final = body, caller.varying_headers, None, True
        else:
            (content, etag), headers, coding, final = negotiate_encoding(caller, body, again=again)
        if TYPE_CHECKING:
            assert isinstance(content, bytes)
        rest = b"\r\n%betag: %b\r\ncontent-length: %d\r\n%b\r\n" % (  # byte for byte as `success_response`
            plain_lines if headers is caller.headers else varying_lines,
            etag,
            len(content),
            b"" if coding is None else b"content-encoding: %b\r\n" % coding,
        )
        lasting = again and final and len(data) <= MAX_REQUEST_BYTES
        label = fast_path.label(names, head, len(content), caller, lasting=lasting)
        self.write_answer(label, fast_path.ids.make(), rest, content, begun, client)
        if lasting:
            size = len(data) + len(rest) + len(content) + ENTRY_BYTES
            cache.keep_answer(head, CachedResponse(rest + content, caller.expires, label, size, caller.key_id))

    def _asks_first(self, data: bytes, head: Head, client: Client, now: float, begun: float) -> bool:
        """Let a request with two credentials wait if that must be: the known one may not be the one that counts.

        Raises
        ------
        _LeftError
            It is itself a question about a key.
        """
        if self.fast_path.live.current.delegation is None:
            return False
        if not {b"x-api-key", b"authorization"} <= {name for name, _ in self.reader.headers(head[2])}:
            return False
        if ASKED_BY in data.lower():  # of which `ask` says only that it does not wait
            raise _LeftError(Ordinary.FORM)
        return self.ask(data, head, client, now, begun)

    def _make_unusual(
        self,
        data: bytes,
        head: Head,
        caller: Caller,
        body: Body,
        client: Client,
        now: float,
        begun: float,
        names: tuple[str, ...],
        *,
        again: bool,
    ) -> None:
        """Answer with ``body`` a caller who speaks OpenAI's dialect, or may have the body already."""
        fast_path, (path, query, _) = self.fast_path, head
        response = success_response(caller, body, Request("GET", path, query, (), now, ""), again=again, whole=True)
        rest = rest_of_head(response)
        lasting = again and response.cacheable_until > 0 and len(data) <= MAX_REQUEST_BYTES
        label = fast_path.label(names, head, len(response.body), caller, response.status, lasting=lasting)
        self.write_answer(label, fast_path.ids.make(), rest, response.body, begun, client)
        if lasting:
            size = len(data) + len(rest) + len(response.body) + ENTRY_BYTES
            content = rest + response.body
            fast_path.cache.keep_answer(head, CachedResponse(content, caller.expires, label, size, caller.key_id))


class _LeftError(Exception):
    """A request is left to the ordinary path; nothing has been written.

    Parameters
    ----------
    reason
        Why.
    """

    def __init__(self, reason: Ordinary) -> None:
        super().__init__(reason)
        self.reason = reason

"""What a connection hands over of itself, so that a request can be answered by writing to it directly."""

from collections.abc import Sequence
from typing import Final, Protocol

from callsheet.api.request import Header

#: Where the scope of a request has the connection, among its extensions, if it is handed over: a `ClientSide`.
HANDED_OVER: Final = "callsheet.connection"


class RequestReceiver(Protocol):
    """What a client's connection passes on what happens to it while a request is forwarded."""

    def body_received(self, body: bytes) -> None:
        """More of the body has arrived."""

    def request_ended(self, trailers: Sequence[Header]) -> None:
        """The request is complete."""

    def client_lost(self) -> None:
        """The client has gone."""

    def pause_answer(self) -> None:
        """The client does not read more of the answer for now."""

    def resume_answer(self) -> None:
        """It does again."""


class ClientSide(Protocol):
    """The connection that a request came over, for as long as the request is forwarded."""

    @property
    def target(self) -> bytes:
        """Path and query, byte for byte as sent."""

    @property
    def address(self) -> str:
        """What the connection comes from; empty if that is unknown."""

    @property
    def keeps_connection(self) -> bool:
        """Whether another request may follow."""

    @property
    def default_headers(self) -> Sequence[Header]:
        """Those that every answer of this server has."""

    @property
    def is_paused(self) -> bool:
        """Whether the client must read before more is written."""

    @property
    def has_left(self) -> bool:
        """Whether the client has gone, as far as that has been noticed."""

    def take(self, receiver: RequestReceiver) -> None:
        """Pass on what arrives from now on, and what has arrived already."""

    def give_back(self) -> None:
        """Let the request be answered through ASGI after all; nothing has been written."""

    def write(self, *parts: bytes) -> None:
        """Send part of the answer."""

    def pause_reading(self) -> None:
        """Hold the body back."""

    def resume_reading(self) -> None:
        """Take more of it."""

    def finish(self, *, closes: bool) -> None:
        """The answer is complete, and the connection ends with it if it ``closes``."""

    def break_off(self, *, by_reset: bool, waits: bool) -> None:
        """End the connection in such a way that the client notices that the answer is incomplete.

        Parameters
        ----------
        by_reset
            Whether the end of the connection would otherwise be that of the answer.
        waits
            Whether the client gets what has been written already.
        """

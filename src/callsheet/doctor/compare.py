"""What the users of each client saw on one server, and see on another; its fields are the JSON of ``--before``."""

from collections.abc import Iterator

from pydantic import Field

from callsheet.doctor.report import ClientReport, Level, Line, Play, Report, Value, worst_of


class ShownModel(Value):
    """A model in a client's picker on either server, by its id."""

    id: Line
    before: Line | None = Field(description="The name that was shown; null if the model was not.")
    now: Line | None = Field(description="The name that is shown; null if the model is not.")

    @property
    def is_lost(self) -> bool:
        """Whether it was shown, and is not any more."""
        return self.now is None


class PlayChange(Value):
    """One way in which a client asks, on both servers."""

    versions: str = Field(description="Of the client.")
    way: str = Field(description="What distinguishes this way of asking; empty if there is only one.")
    models: tuple[ShownModel, ...] = Field(description="As its user sees them now, and then those that are gone.")

    @property
    def lost(self) -> tuple[str, ...]:
        """Ids that were shown, and are not any more."""
        return tuple(model.id for model in self.models if model.is_lost)


class ClientChange(Value):
    """What one client makes of both servers."""

    name: str
    title: str
    plays: tuple[PlayChange, ...]


class Comparison(Value):
    """Examinations of two servers with the same key."""

    before: Report | None = Field(description="Of the server to compare with; null if it answers without a list.")
    no_list: Line = Field(description="Why there was no list before; empty if there was one.")
    now: Report
    clients: tuple[ClientChange, ...]
    worst: Level | None = Field(description="That of `now`; at least a warning if a client lost models.")


def compare(before: Report | None, now: Report, no_list: str = "") -> Comparison:
    """Return what changed for the users of each client.

    Parameters
    ----------
    before, now
        Reports on the same clients.
    no_list
        Why there is no report before, as a sentence.
    """
    earlier = {client.name: client for client in before.clients} if before else {}
    clients = tuple(_compare_client(earlier.get(client.name), client) for client in now.clients)
    has_lost = any(play.lost for client in clients for play in client.plays)
    worst = worst_of(filter(None, (now.worst, Level.WARNING if has_lost else None)))
    return Comparison(before=before, no_list=no_list, now=now, clients=clients, worst=worst)


def _compare_client(before: ClientReport | None, now: ClientReport) -> ClientChange:
    earlier = {(play.versions, play.way): play for play in before.plays} if before else {}
    plays = tuple(_compare_play(earlier.get((play.versions, play.way)), play) for play in now.plays)
    return ClientChange(name=now.name, title=now.title, plays=plays)


def _compare_play(before: Play | None, now: Play) -> PlayChange:
    return PlayChange(versions=now.versions, way=now.way, models=tuple(_compare_names(_names(before), _names(now))))


def _compare_names(before: dict[str, str], now: dict[str, str]) -> Iterator[ShownModel]:
    for model_id in (*now, *(model_id for model_id in before if model_id not in now)):
        yield ShownModel(id=model_id, before=before.get(model_id), now=now.get(model_id))


def _names(play: Play | None) -> dict[str, str]:
    """Return what is shown for each id; nothing if the client has no list."""
    return dict(zip(play.shown, play.names, strict=True)) if play is not None and play.shown else {}

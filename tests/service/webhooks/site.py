"""An installation with webhooks, and servers that send them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

from callsheet.domain.addresses import AllowedAddresses
from callsheet.domain.webhooks.delivery import Delivery
from callsheet.domain.webhooks.webhook import Webhook
from callsheet.service.catalog import CatalogService
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.service.resolving import Resolve, resolve
from callsheet.service.webhooks.courier import Courier
from callsheet.service.webhooks.post import Attempt, Poster
from callsheet.service.webhooks.sender import Sender
from callsheet.service.webhooks.service import NewSecret, WebhooksService
from callsheet.storage.store import Store
from tests.installation import Installation
from tests.service.webhooks.receiver import Receiver

LOOPBACK = AllowedAddresses(["127.0.0.0/8"])


class MovingClock:
    """The time, which passes only when it is told to; short waits pass by themselves."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **duration: float) -> None:
        self.now += timedelta(**duration)


class HookSite:
    """An installation, its webhooks, and what changes them; all by one clock."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.clock = MovingClock()
        self.store = installation.store
        self.webhooks = WebhooksService(self.store, "test", self.clock, LOOPBACK)
        self.catalog = CatalogService(self.store, "test", self.clock)

    def hook(self, receiver: Receiver, events: Sequence[str] = ("*",), name: str = "receiver") -> NewSecret:
        """Create a webhook for a receiver, which verifies what it gets from now on."""
        made = self.webhooks.create(name, receiver.url, events)
        receiver.secret = made.secret
        return made

    def signal(self) -> object:
        """What differs when anything was written."""
        with self.store.read() as reading:
            installation = reading.installation()
            return None if installation is None else (installation.revision, reading.first_attempt_at())

    def poster(self, resolve: Resolve = resolve, timeout_seconds: float = 5.0) -> Poster:
        return Poster(LOOPBACK, self.clock, resolve, timeout_seconds)

    def courier(
        self,
        record: Callable[[Webhook, Delivery, Attempt], None] = lambda *_: None,
        *,
        poster: Poster | None = None,
        lease_seconds: float = 60.0,
    ) -> Courier:
        store = Store(self.installation.url)
        return Courier(store, self.clock, poster or self.poster(), record, lease_seconds)


@contextmanager
def sending(
    site: HookSite, *, replicas: int = 1, poster: Poster | None = None, runs: bool = True
) -> Iterator[list[Sender]]:
    """Servers that send what is due, by the clock of the site."""
    clock = Clock(lambda: site.clock.now.timestamp(), SYSTEM_CLOCK.monotonic, SYSTEM_CLOCK.perf_counter)
    with ExitStack() as stack:
        made = []
        for _ in range(replicas):
            sender = Sender(
                Store(site.installation.url),
                clock,
                lambda: site.signal(),
                lambda record: site.courier(record, poster=poster),
                runs=runs,
                tick_seconds=0.01,
            )
            sender.start()
            stack.callback(sender.stop)
            made.append(sender)
        yield made

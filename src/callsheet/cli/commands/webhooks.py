"""``callsheet webhooks``: who is sent what happens."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from errno import EBADF
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callsheet.cli.changing import Changing, DryRun
from callsheet.cli.database import DatabaseURL, clock, load_settings, open_remote_webhooks, open_webhooks
from callsheet.cli.input.completion import complete_webhook
from callsheet.cli.input.secret import read_secret
from callsheet.cli.output.tables import AsJSON, print_json, say
from callsheet.cli.output.usage import CommandLine
from callsheet.cli.output.webhooks import changed_sentence, print_deliveries, print_webhook, print_webhooks
from callsheet.cli.remote_option import ServerURL
from callsheet.domain.addresses import AllowedAddresses
from callsheet.domain.changes.webhooks import MAX_OVERLAP_HOURS, WebhookChange
from callsheet.domain.errors import InvalidError
from callsheet.domain.webhooks.delivery import Delivery, DeliveryStatus
from callsheet.domain.webhooks.webhook import Webhook
from callsheet.service.setup import open_existing
from callsheet.service.webhooks.service import MAX_SHOWN_DELIVERIES, OVERLAP, NewSecret, WebhooksService

if TYPE_CHECKING:  # a protocol
    from callsheet.service.administration import Webhooks

app = CommandLine(help="Have changes sent to other programs, signed (Standard Webhooks).", no_args_is_help=True)


#: The exit code of a test that the receiver did not take.
_NOT_TAKEN: Final = 1

Name = Annotated[
    str, typer.Argument(metavar="NAME|ID", help="Name or id of a webhook.", autocompletion=complete_webhook)
]
Secret = Annotated[
    str | None,
    typer.Option(metavar="-", help="Bring an existing secret (whsec_…) on standard input; must be -."),
]


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Name for people; no two webhooks in use have the same.")],
    url: Annotated[str, typer.Option(metavar="URL", help="Where events are posted to.")],
    events: Annotated[
        str,
        typer.Option(
            metavar="A,B", help="Types of events, such as model.retiring,alias.moved; model.* and * are patterns."
        ),
    ] = "*",
    secret: Secret = None,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Create a webhook. The secret by which its receiver checks what arrives is printed once."""
    brought = _brought(secret)
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    new = changing.webhook(lambda webhooks: webhooks.create(name, url, _split(events), brought))
    with _taken_back_unless_shown(changing.webhooks, new) as receipt:
        _print_new(receipt, changed_sentence(new.webhook, "Created"), brought=brought is not None, as_json=as_json)


@app.command("list")
def list_webhooks(database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """List all webhooks and how their deliveries go, oldest first, archived ones too. Times are UTC."""
    found = open_webhooks(database).list()
    if as_json:
        print_json([each.record() for each in found])
    else:
        print_webhooks(found)


@app.command()
def show(webhook: Name, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Show one webhook, and how its deliveries go. Times are UTC."""
    details = open_webhooks(database).show(webhook)
    if as_json:
        print_json(details.record())
    else:
        print_webhook(details)


@app.command()
def change(
    webhook: Name,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    url: Annotated[str | None, typer.Option(metavar="URL", help="Another address; what waits goes there.")] = None,
    events: Annotated[str | None, typer.Option(metavar="A,B", help="Other types of events, from now on.")] = None,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Change a webhook; its secret stays."""
    wanted = WebhookChange()
    if name is not None:
        wanted["name"] = name
    if url is not None:
        wanted["url"] = url
    if events is not None:
        wanted["events"] = _split(events)
    if not wanted:
        raise InvalidError("Nothing to change; name at least one field, such as --url.")
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    _done(changing.webhook(lambda webhooks: webhooks.change(webhook, wanted)), "Changed", as_json=as_json)


@app.command("test")
def send_test(webhook: Name, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Send a test event once, from here or the server, and say how that went. Exit code 1: it was not taken."""
    from callsheet.service.webhooks.post import Poster  # here and below: slow to import
    from callsheet.service.webhooks.trial import try_webhook

    if isinstance(database, ServerURL):
        trial = open_remote_webhooks(database).test(webhook)
    else:
        settings = load_settings(database)
        poster = Poster(AllowedAddresses(settings.webhooks_private), clock)
        trial = try_webhook(open_existing(settings.database), webhook, poster, clock)
    if as_json:
        print_json(trial.record())
    if trial.attempt.error is None:
        say(f"{trial.webhook.name} took the event {trial.message.id} with {trial.attempt.status}.")
        return
    say(f"{trial.webhook.name} did not take the event: {trial.attempt.error}")
    raise typer.Exit(_NOT_TAKEN)


@app.command()
def rotate(
    webhook: Name,
    overlap: Annotated[
        float,
        typer.Option(min=0, max=MAX_OVERLAP_HOURS, metavar="HOURS", help="How long the old secret signs as well."),
    ] = OVERLAP.total_seconds() / 3600,
    secret: Secret = None,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Sign with another secret; the old one signs as well, for a day by default."""
    brought = _brought(secret)
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    rotated = changing.webhook(lambda webhooks: webhooks.rotate(webhook, timedelta(hours=overlap), brought))
    with _taken_back_unless_shown(changing.webhooks, rotated) as receipt:
        message = f"{rotated.webhook.name} signs with another secret from now on."
        _print_new(receipt, message, brought=brought is not None, as_json=as_json)
        if overlap:
            say(f"The old one signs as well, for {overlap:g} hours; give the receiver the new one until then.")


@app.command()
def disable(webhook: Name, dry_run: DryRun = False, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Send a webhook nothing until it is enabled again; what waits for it is given up."""
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    _done(changing.webhook(lambda webhooks: webhooks.disable(webhook)), "Disabled", as_json=as_json)


@app.command()
def enable(webhook: Name, dry_run: DryRun = False, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Send a disabled webhook what happens from now on."""
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    _done(changing.webhook(lambda webhooks: webhooks.enable(webhook)), "Enabled", as_json=as_json)


@app.command()
def archive(webhook: Name, dry_run: DryRun = False, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Send a webhook nothing ever again; its secrets are deleted."""
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    _done(changing.webhook(lambda webhooks: webhooks.archive(webhook)), "Archived", as_json=as_json)


@app.command()
def deliveries(
    webhook: Annotated[
        str | None,
        typer.Argument(metavar="NAME|ID", help="Name or id of a webhook.", autocompletion=complete_webhook),
    ] = None,
    status: Annotated[DeliveryStatus | None, typer.Option(help="Only those that wait, or so.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MAX_SHOWN_DELIVERIES, help="At most so many.")] = 20,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """List what was sent, waits or was given up, newest first. Times are UTC."""
    webhooks = open_webhooks(database)
    found = webhooks.deliveries(webhook, status, limit)
    if as_json:
        print_json([each.record() for each in found])
        return
    print_deliveries(found, {each.webhook.id: each.webhook.name for each in webhooks.list()})


@app.command()
def retry(
    webhook: Name,
    events: Annotated[
        list[str] | None, typer.Argument(metavar="EVENT…", help="Ids of events; all that were given up if none.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")] = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Have events sent at once, with the ids that they had."""
    webhooks = open_webhooks(database)
    find = partial(_check_retry, database) if dry_run else webhooks.retry
    found = find(webhook, events or ())
    if as_json:
        print_json([each.record() for each in found])
    elif found:
        print_deliveries(found, {each.webhook.id: each.webhook.name for each in webhooks.list()})
    count = f"{len(found):,} event{'s' * (len(found) != 1)}"
    say(f"{count} would be sent; this was a dry run." if dry_run else f"{count} will be sent by the server.")


def _check_retry(database: str | None, webhook: str, events: Sequence[str]) -> Sequence[Delivery]:
    """What a retry would send."""
    if isinstance(database, ServerURL):
        return open_remote_webhooks(database).check_retry(webhook, events)
    with open_existing(load_settings(database).database).rehearse(clock()) as rehearsal:
        return WebhooksService(rehearsal, "", clock).retry(webhook, events)


class _Receipt:
    """A new secret, and whether it has been shown."""

    def __init__(self, new: NewSecret) -> None:
        self.new = new
        self.is_shown = False


@contextmanager
def _taken_back_unless_shown(webhooks: "Webhooks", new: NewSecret) -> Iterator[_Receipt]:
    """Yield a receipt; unless it is marked as shown in the end, undo what was done: no receiver has the secret."""
    receipt = _Receipt(new)
    try:
        yield receipt
    finally:
        if not receipt.is_shown:
            webhooks.take_back(new)


def _print_new(receipt: _Receipt, message: str, *, brought: bool, as_json: bool) -> None:
    """Show a secret that we made; one that was brought is known, and could only leak."""
    new = receipt.new
    if sys.stdout is None and not brought:  # it was closed, so that writing does nothing
        raise OSError(EBADF, os.strerror(EBADF))
    if as_json:
        print_json({**new.webhook.record(), **({} if brought else {"secret": new.secret})})
    elif not brought:
        typer.echo(new.secret)
    receipt.is_shown = True
    say(f"{message} Its secret is the one given." if brought else f"{message} The secret is shown this once.")


def _brought(given: str | None) -> str | None:
    if given not in (None, "-"):  # as an argument, every user of the machine could read it
        raise InvalidError("A secret is read from standard input only; write it there, and give --secret -.")
    return read_secret(given)


def _split(events: str) -> tuple[str, ...]:
    """Patterns from ``a,b``; empty ones match nothing, and are left out."""
    return tuple(part.strip() for part in events.split(",") if part.strip())


def _done(webhook: Webhook, verb: str, *, as_json: bool) -> None:
    if as_json:
        print_json(webhook.record())
    say(changed_sentence(webhook, verb))

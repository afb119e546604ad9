"""``callsheet webhooks``: what people type, and what they see."""

import base64
import re
from collections.abc import Iterator

import pytest

from callsheet.domain.webhooks.signing import make_signing_secret
from tests.cli.conftest import CLI
from tests.installation import Installation, make_model
from tests.service.webhooks.receiver import Receiver, receiving, status

URL = "https://hooks.example.com/in"
BROUGHT = make_signing_secret(bytes(range(32)))


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver on this machine, to which webhooks are allowed."""
    monkeypatch.setenv("CALLSHEET_WEBHOOKS_PRIVATE", "127.0.0.1")
    with receiving() as made:
        yield made


def create(cli: CLI, url: str = URL, *more: str) -> str:
    result = cli("webhooks", "create", "--name", "chat", "--url", url, *more)
    assert result.code == 0, result
    return result.out.strip()


def test_create_prints_the_secret_alone_on_stdout_and_never_again(cli: CLI) -> None:
    result = cli("webhooks", "create", "--name", "chat", "--url", URL)
    assert re.fullmatch(r"whsec_[0-9A-Za-z+/]{43}=\n", result.out)
    assert re.fullmatch(r"Created the webhook chat: webhook_\w+\. The secret is shown this once\.\n", result.err)
    secret = result.out.strip().removeprefix("whsec_")
    for arguments in (("list",), ("show", "chat"), ("list", "--json"), ("show", "chat", "--json"), ("deliveries",)):
        shown = cli("webhooks", *arguments)
        assert secret not in shown.out + shown.err
    assert secret not in cli("catalog", "history", "chat").out


def test_a_secret_that_is_brought_comes_on_stdin_only_and_is_not_repeated(cli: CLI) -> None:
    brought = cli("webhooks", "create", "--name", "chat", "--url", URL, "--secret", "-", stdin=f"{BROUGHT}\n")
    assert (brought.code, brought.out) == (0, "")
    assert cli("webhooks", "show", "chat", "--json").json["secrets"][0]["hint"] == f"...{BROUGHT[-4:]}"
    refused = cli("webhooks", "create", "--name", "other", "--url", URL, "--secret", BROUGHT)
    assert "standard input" in refused.refusal
    assert BROUGHT not in refused.err
    weak = base64.b64encode(b"weak").decode()
    assert weak not in cli("webhooks", "rotate", "chat", "--secret", "-", stdin=f"whsec_{weak}").refusal


def test_a_secret_that_cannot_be_shown_is_taken_back(cli: CLI, monkeypatch: pytest.MonkeyPatch) -> None:
    create(cli)
    before = cli("webhooks", "show", "chat", "--json").json["secrets"]
    with monkeypatch.context() as patched:
        patched.setattr("typer.echo", lambda *_args, **_kwargs: (_ for _ in ()).throw(OSError(28, "No space")))
        assert cli("webhooks", "rotate", "chat", "--overlap", "0").code == 1
        assert cli("webhooks", "create", "--name", "other", "--url", URL).code == 1
    assert cli("webhooks", "show", "chat", "--json").json["secrets"] == before
    assert [each["status"] for each in cli("webhooks", "list", "--json").json] == ["active", "archived"]


def test_a_test_says_what_the_receiver_does_and_ends_with_1_if_it_takes_nothing(
    cli: CLI, receiver: Receiver
) -> None:
    receiver.secret = create(cli, receiver.url)
    taken = cli("webhooks", "test", "chat")
    assert (taken.code, receiver.types()) == (0, ["webhook.test"])
    assert re.fullmatch(r"chat took the event evt_\w+ with 204\.\n", taken.err)
    receiver.answer = status(500)
    refused = cli("webhooks", "test", "chat")
    assert refused.code == 1
    assert "answered 500" in refused.err
    assert cli("webhooks", "deliveries", "--json").json == []


def test_a_private_address_is_refused_with_the_setting_that_allows_it(cli: CLI) -> None:
    sentence = cli("webhooks", "create", "--name", "chat", "--url", "http://127.0.0.1:8000/in").refusal
    assert sentence == (
        "127.0.0.1 is not a public address; to let webhooks go there, name it in the setting webhooks_private."
    )


def test_what_waits_and_what_is_sent_again_is_listed(cli: CLI, installation: Installation) -> None:
    create(cli, URL, "--events", "model.added")
    installation.add(make_model("claude-new"))
    (waiting,) = cli("webhooks", "deliveries", "chat", "--json").json
    assert (waiting["type"], waiting["status"], waiting["attempts"]) == ("model.added", "waiting", 0)
    assert "claude-new" not in repr(waiting)
    assert waiting["id"] in cli("webhooks", "deliveries").out
    cli("webhooks", "disable", "chat")
    assert cli("webhooks", "list", "--json").json[0]["given_up"] == 1
    cli("webhooks", "enable", "chat")
    shown = cli("webhooks", "retry", "chat", "--dry-run")
    assert shown.err == "1 event would be sent; this was a dry run.\n"
    assert cli("webhooks", "deliveries", "--status", "given_up", "--json").json != []
    assert [each["id"] for each in cli("webhooks", "retry", "chat", "--json").json] == [waiting["id"]]
    assert cli("webhooks", "deliveries", "--status", "waiting", "--json").json != []
    assert "has no delivery 'evt_none'" in cli("webhooks", "retry", "chat", "evt_none").refusal


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("create", "--name", "x", "--url", "hooks.example.com"), "must begin with https:// or http://"),
        (("create", "--name", "x", "--url", URL, "--events", "model"), "There are no events 'model'"),
        (("change", "chat"), "Nothing to change; name at least one field"),
        (("show", "chatt"), "There is no webhook 'chatt'; did you mean 'chat'?"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(cli: CLI, arguments: tuple[str, ...], sentence: str) -> None:
    create(cli)
    assert sentence in cli("webhooks", *arguments).refusal


def test_a_plan_shows_secrets_by_their_hints_as_json_and_not_as_python(cli: CLI) -> None:
    secret = create(cli)
    shown = cli("webhooks", "archive", "chat", "--dry-run").out
    assert f'{{"hint": "...{secret[-4:]}", "expires_at": null}}' in shown
    assert secret not in shown

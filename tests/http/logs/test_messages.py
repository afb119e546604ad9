"""Messages for the operator, in the words of the program that started the server."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from callsheet.cli.hints import sentence_of
from callsheet.domain.errors import CallsheetError, StorageError
from callsheet.domain.hints import Hint
from callsheet.http.logs.messages import set_up_messages
from callsheet.service.state.outage import Outage
from callsheet.settings import MessageFormat

UNMADE = StorageError("The database has not been set up", hint=Hint.SET_UP_DATABASE)


@contextmanager
def messages(monkeypatch: pytest.MonkeyPatch, words: Callable[[CallsheetError], str]) -> Iterator[None]:
    """Send messages to standard error; afterwards, all loggers are as they were."""
    loggers = [logging.getLogger(name) for name in (None, "callsheet", "uvicorn")]
    levels = [logger.level for logger in loggers]
    with monkeypatch.context() as patch:
        patch.setattr(logging.root, "handlers", [])  # pytest's, beside which no other would be added
        set_up_messages(MessageFormat.TEXT, words)
        yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.mark.parametrize(
    ("words", "advice"),
    [(sentence_of, "run: callsheet migrate."), (str, "let a migration or a server do that.")],
    ids=["command line", "neutral"],
)
def test_an_error_is_logged_as_a_sentence_in_the_words_of_the_door(
    words: Callable[[CallsheetError], str],
    advice: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with messages(monkeypatch, words):
        Outage().begin(UNMADE, "Answers come from revision 3.")
        logging.getLogger("callsheet").error("%s", UNMADE)
    first, second = (line.partition(" ERROR ")[2] for line in capsys.readouterr().err.splitlines())
    assert first == f"The database has not been set up; {advice} Answers come from revision 3."
    assert second == f"The database has not been set up; {advice}"

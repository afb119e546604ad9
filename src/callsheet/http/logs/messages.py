"""Messages of the server to its operator, on standard error, as text or as lines of fields."""

import json
import logging
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from callsheet.domain.errors import CallsheetError
from callsheet.http.logs.redact import hide_secrets, write_logfmt
from callsheet.settings import MessageFormat

_WRITERS: Final[Mapping[MessageFormat, Callable[[Mapping[str, object]], str]]] = {
    MessageFormat.JSON: json.dumps,
    MessageFormat.LOGFMT: write_logfmt,
}


def set_up_messages(kind: MessageFormat, sentence_of: Callable[[CallsheetError], str] = str) -> None:
    """Send the messages of this process, and of the libraries in it, to standard error.

    Parameters
    ----------
    kind
        Text, or lines of fields in JSON or logfmt.
    sentence_of
        Words the errors that messages are given as arguments, for the operator of the server.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TextFormatter() if kind is MessageFormat.TEXT else FieldsFormatter(_WRITERS[kind]))
    handler.addFilter(partial(_word_errors, sentence_of))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("callsheet").setLevel(logging.INFO)
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # its warnings are about callers, who can cause millions


def _word_errors(sentence_of: Callable[[CallsheetError], str], record: logging.LogRecord) -> bool:
    """Replace the errors among the arguments of a message by their sentences; return that it is to be written."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            f"{sentence_of(each).removesuffix('.')}." if isinstance(each, CallsheetError) else each
            for each in record.args
        )
    return True


class TextFormatter(logging.Formatter):
    """Writes a message for people, a traceback below it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines."""
        return hide_secrets(super().format(record))


class FieldsFormatter(logging.Formatter):
    """Writes a message as one line of fields.

    Parameters
    ----------
    write
        Makes a line of fields.
    """

    def __init__(self, write: Callable[[Mapping[str, object]], str]) -> None:
        super().__init__()
        self._write = write

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "message": hide_secrets(record.getMessage()),
        }
        request_id = getattr(record, "request_id", None)
        if request_id is not None:
            fields["request_id"] = request_id
        if record.exc_info:
            fields["traceback"] = hide_secrets(self.formatException(record.exc_info))
        return self._write(fields)

"""Cache: a folder of the last good answers, for when the server is away.

Each answer has one file, named by the hash of the request and its credential, so that no key is shown what another
key may see. A file is replaced as a whole. If it cannot be read, it is ignored; if it cannot be written, the answer
is returned all the same.
"""

import json
import logging
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from callsheet.client.reply import Reply
from callsheet.client.request import ClientRequest

_ANY_BYTES: Final = "surrogateescape"  # one entry of a list that is not UTF-8 must not spoil the others
_KEPT: Final = ("content-type", "request-id")
_log = logging.getLogger("callsheet.client")


class Cache:
    """The answers kept in a folder, which is created with the first of them."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder).expanduser()

    def load(self, request: ClientRequest) -> Reply | None:
        """Return the last good answer to a request, as it was received; None if there is none."""
        try:
            kept = json.loads(self._file(request).read_bytes())
            return Reply(
                request.url,
                datetime.fromisoformat(kept["received_at"]).astimezone(UTC),
                200,
                {str(name): str(value) for name, value in kept["headers"].items()},
                kept["body"].encode(errors=_ANY_BYTES),
            )
        except (OSError, ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
            return None

    def save(self, request: ClientRequest, reply: Reply) -> None:
        """Keep a good answer instead of the previous one; if that fails, log it."""
        kept = {
            "url": reply.url,
            "received_at": reply.received_at.isoformat(),
            "headers": {name: reply.headers[name] for name in _KEPT if name in reply.headers},
            "body": reply.body.decode(errors=_ANY_BYTES),
        }
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with NamedTemporaryFile("w", encoding="utf-8", dir=self._folder, suffix=".new", delete=False) as file:
                temporary = Path(file.name)
                try:
                    json.dump(kept, file)
                    file.close()
                    temporary.replace(self._file(request))
                except OSError:
                    with suppress(OSError):
                        temporary.unlink()
                    raise
        except OSError as error:
            _log.warning("The answer of %s cannot be kept in %s: %s.", reply.url, self._folder, error.strerror)

    def _file(self, request: ClientRequest) -> Path:
        return self._folder / f"{request.key}.json"

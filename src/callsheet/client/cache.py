"""Cache: a folder of the last good answers, for when the server is away.

One file an answer, named by the hash of the request and its credential, so that nobody is shown what another key
was allowed to see. A file is replaced as a whole; one that cannot be read counts as none, and one that cannot be
written takes nothing away from the answer.
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
from callsheet.client.request import Request

_ANY_BYTES: Final = "surrogateescape"  # an entry of a list may not be text, and the others are good all the same
_KEPT: Final = ("content-type", "request-id")
_log = logging.getLogger("callsheet.client")


class Cache:
    """The answers kept in a folder, which is made when the first one comes."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder).expanduser()

    def load(self, request: Request) -> Reply | None:
        """Return the last good answer to a request, as received then; None if there is none."""
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

    def save(self, request: Request, reply: Reply) -> None:
        """Keep a good answer in the place of the one before."""
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

    def _file(self, request: Request) -> Path:
        return self._folder / f"{request.key}.json"

"""An access log that keeps its lines instead of writing them."""

import json
from typing import Any

from callsheet.http.logs.access_line import Template
from callsheet.http.logs.writer import AccessLog
from callsheet.settings import LogFormat


class KeptLog(AccessLog):
    """Keeps the lines as objects, but for what differs each time."""

    def __init__(self) -> None:
        super().__init__(LogFormat.JSON)
        self.kept: list[dict[str, Any]] = []

    def add(self, template: Template, request_id: bytes, seconds: float, client: str) -> None:
        line = json.loads(self._format([(1e9, request_id, seconds, client, template)]))
        self.kept.append({**line, "request_id": "", "duration_us": 0})

    def start(self) -> None:
        """Nothing is written."""

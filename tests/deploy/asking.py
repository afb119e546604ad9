"""One request to a proxy, and which server has answered it."""

import http.client
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.deploy.conftest import KEY
from tests.program import DEADLINE, credentials


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def by(self) -> str:
        """``callsheet``, ``gateway``, or empty if the proxy itself has answered."""
        if self.headers.get("request-id", "").startswith("req_01"):
            return "callsheet"
        return self.headers.get("x-answered-by", "")

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


def ask(
    port: int,
    target: str,
    method: str = "GET",
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    source: str = "127.0.0.1",
) -> Answer:
    """Send a request with the key of the tests."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE, source_address=(source, 0))
    try:
        connection.request(method, target, body, {**credentials(KEY), **(headers or {})})
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())
    finally:
        connection.close()

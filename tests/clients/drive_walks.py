"""Walk pages with Anthropic's Python client, as often as asked: a query a line in, its pages a line out, as JSON.

`drive_walks.py URL KEY` runs in an environment that holds nothing but the client.
"""

import json
import sys
from typing import Any

import anthropic  # type: ignore[import-not-found]  # lives in the client's own environment


def walk(client: Any, query: dict[str, Any]) -> list[Any]:
    """Every page that the client comes to by itself."""
    return [
        [[model.to_dict(mode="json") for model in page.data], page.has_more, page.first_id, page.last_id]
        for page in client.models.list(**query).iter_pages()
    ]


if __name__ == "__main__":
    with anthropic.Anthropic(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=0) as client:
        for line in sys.stdin:
            print(json.dumps(walk(client, json.loads(line))), flush=True)

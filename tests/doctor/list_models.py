"""List the models of several servers through Anthropic's or OpenAI's Python client, as its user's program would.

`list_models.py anthropic|openai` reads a job (JSON) on stdin: base URLs, a key, the size of a page, and how many
models to take at most from a list that may never end. It prints what the loop over the list gave for each URL: ids,
or null if the client raised an error.
"""

import importlib
import itertools
import json
import sys
from typing import Any


def main(kind: str, job: dict[str, Any]) -> list[list[str] | None]:
    """List them all."""
    library = importlib.import_module(kind)
    openai = kind == "openai"
    client = (library.OpenAI if openai else library.Anthropic)(api_key=job["key"], max_retries=0)
    listed: list[list[str] | None] = []
    with client:
        for url in job["urls"]:
            asking = client.with_options(base_url=f"{url}/v1" if openai else url)
            models = asking.beta.models if job.get("beta") else asking.models
            query = {} if openai else {"limit": job["limit"]}
            try:
                listed.append([model.id for model in itertools.islice(models.list(**query), job["at_most"])])
            except (library.APIError, AttributeError):  # the latter from an array where a page should be
                listed.append(None)
    return listed


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], json.load(sys.stdin))))

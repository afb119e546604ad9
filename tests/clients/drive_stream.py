"""Stream a message, and count tokens, with Anthropic's Python client; print what it made of it as JSON.

`drive_stream.py URL KEY` runs in an environment that holds nothing but the client.
"""

import json
import sys

import anthropic  # type: ignore[import-not-found]  # lives in the client's own environment

_MESSAGES = [{"role": "user", "content": "hello"}]


def main(url: str, key: str) -> None:
    """Do both, and meet an error."""
    with anthropic.Anthropic(base_url=url, api_key=key, max_retries=0) as client:
        with client.messages.stream(model="claude-x", max_tokens=10, messages=_MESSAGES) as stream:
            texts = []
            for text in stream.text_stream:
                texts.append(text)
                print(json.dumps({"text": text}), flush=True)
            stop = stream.get_final_message().stop_reason
        counted = client.messages.count_tokens(model="claude-x", messages=_MESSAGES).input_tokens
        try:
            client.messages.create(model="refused", max_tokens=10, messages=_MESSAGES)
        except anthropic.APIStatusError as error:
            refused = [error.status_code, type(error).__name__, error.request_id]
        print(json.dumps({"texts": texts, "stop": stop, "tokens": counted, "refused": refused}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

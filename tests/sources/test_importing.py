"""A recorded list, read once."""

import pytest

from callsheet.domain.errors import SourceError
from callsheet.sources.importing import read_list
from callsheet.sources.upstream import Listed


def test_a_list_in_a_file_is_read() -> None:
    reading = read_list(b'{"data": [{"id": "a", "context_length": 5}, 7]}')
    assert reading.listed == (Listed("a", {"max_input_tokens": 5}),)
    assert len(reading.dropped) == 1


def test_anything_else_is_refused() -> None:
    with pytest.raises(SourceError, match="It holds what is not JSON"):
        read_list(b"id: a")

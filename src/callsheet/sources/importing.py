"""A recorded list, read once into a catalogue: any shape that the client reads."""

from callsheet.sources import file
from callsheet.sources.read import Reading, read
from callsheet.sources.upstream import Answer, Options, Request

_OK = 200


def read_list(body: bytes) -> Reading:
    """Return the models in ``body``: a list in a file, or what a URL answered with status 200.

    Raises
    ------
    SourceError
        It is not a list of models, or is one page of a longer list.
    """
    return read(file, [Answer(Request("GET", ""), _OK, {}, body)], Options())

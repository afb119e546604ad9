"""What a client has to know of a model before it sends a picture or a file."""

from collections.abc import Mapping

from callsheet.domain.model import Model


def has_capability(model: Model, name: str) -> bool:
    """Return whether a model is known to have a capability, such as ``image_input``."""
    node = (model.capabilities or {}).get(name)
    return isinstance(node, Mapping) and node.get("supported") is True

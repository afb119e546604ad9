"""Alias: another name for a model."""

from typing import NamedTuple


class Alias(NamedTuple):
    """Another name for a model.

    Parameters
    ----------
    alias
        The name; neither the id of a model nor another alias.
    model_id
        Id of the model that it means.
    """

    alias: str
    model_id: str

    def record(self) -> dict[str, object]:
        """Return both as plain JSON values."""
        return {"alias": self.alias, "model_id": self.model_id}

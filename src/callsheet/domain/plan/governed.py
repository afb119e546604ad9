"""Governed: what rules let the keys of a source that is asked about keys see at most."""

from typing import NamedTuple


class Governed(NamedTuple):
    """How many models there are.

    Parameters
    ----------
    listed, visible
        Models that the catalogue lists, and those of them that the rules of the workspace show.
    own, own_visible
        Models that the source lists itself, and those of them that the catalogue lists and the rules show.
    """

    listed: int
    visible: int
    own: int
    own_visible: int

    def sentence(self, name: str) -> str:
        """Return what the keys of the source of this name see at most."""
        if not self.listed:
            return f"The catalogue lists no model, so with govern the keys of {name} see none."
        if not self.visible:
            return f"The rules of the workspace show no model, so with govern the keys of {name} see none."
        if not self.own:
            return (
                f"The catalogue has no model of {name}, so with govern its keys see at most what others list: "
                f"{_models(self.visible)}."
            )
        return f"With govern the keys of {name} see at most {self.own_visible:,} of its {_models(self.own)}."

    @property
    def is_poor(self) -> bool:
        """Whether its keys see nothing, or nothing of what the source lists itself."""
        return not self.own_visible


def _models(count: int) -> str:
    return "1 model" if count == 1 else f"{count:,} models"

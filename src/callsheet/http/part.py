"""Part: what of the application one process serves."""

from enum import StrEnum


class Part(StrEnum):
    """What a process serves, and with it, which work it does beside answering."""

    ALL = "all"
    """Everything, on one listener."""
    MODELS = "models"
    """Everything but administration, which has a listener and a process for itself."""
    ADMINISTRATION = "administration"
    """Administration alone; it runs the sources and sends webhooks as well, so that no list waits for them."""

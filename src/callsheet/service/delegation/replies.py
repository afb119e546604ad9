"""What comes of a question: models, a refusal, or nothing."""

from typing import NamedTuple, TypeAlias

from callsheet.domain.access.grant import GrantedModels


class Listed(NamedTuple):
    """The gateway accepts the credential, and lists these models to it."""

    models: GrantedModels


class Refused(NamedTuple):
    """The gateway does not accept the credential."""

    status: int


class Away(NamedTuple):
    """The gateway did not say.

    Parameters
    ----------
    sentence
        Why, for people; it holds nothing of the credential.
    is_loop
        Whether the gateway is this installation itself.
    """

    sentence: str
    is_loop: bool = False


Reply: TypeAlias = Listed | Refused | Away

"""State: everything that a response depends on, as one value; only what is prepared for answering changes in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from callsheet.api.grants import Grants
from callsheet.api.rendering import WireFormat
from callsheet.api.versions import ACCEPTED_VERSIONS
from callsheet.api.view import UNBOUNDED, View
from callsheet.api.views import Shown, Views
from callsheet.domain.access.delegation import Delegation, KeyMode
from callsheet.domain.access.grant import Grant
from callsheet.domain.access.keyring import Keyring
from callsheet.domain.access.workspace import Shape, Workspace
from callsheet.domain.catalog import Catalog
from callsheet.domain.query import DEFAULT_LIMIT

_SHAPE_FORMATS = {Shape.CURRENT: WireFormat.CURRENT, Shape.CLASSIC: WireFormat.CLASSIC}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the contract leaves to the operator.

    Parameters
    ----------
    default_limit
        Models on a page for which the caller gives no ``limit``, 1-1000.
    shape
        Which fields a model has, unless its workspace says otherwise.
    openai_dialect
        Whether OpenAI clients are answered in their shapes.
    needs_version
        Whether ``x-api-key`` without ``anthropic-version`` is refused; else it means an OpenAI client.
    versions
        Accepted values of ``anthropic-version``.
    betas
        Accepted values of ``anthropic-beta``; None accepts any.
    cors_origins
        Web origins that browsers may ask from; ``*`` is any.
    any_key
        Whether every credential is accepted.
    max_url_bytes
        Of path and query together.
    """

    default_limit: int = DEFAULT_LIMIT
    shape: Shape = Shape.CURRENT
    openai_dialect: bool = True
    needs_version: bool = True
    versions: frozenset[bytes] = ACCEPTED_VERSIONS
    betas: frozenset[str] | None = None
    cors_origins: frozenset[str] = frozenset()
    any_key: bool = False
    max_url_bytes: int = 8192


DEFAULTS = Options()


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A snapshot of the installation, dated by its revision.

    Parameters
    ----------
    catalog, keyring, workspaces
        What is listed, who may ask, and by which rules. Archived workspaces are left out.
    organization_id
        A UUID, fixed per installation.
    default_workspace_id
        The workspace of requests with an organization's key that name none.
    revision
        Counts the changes; equal revisions of one database are equal states.
    last_change
        Number and time of the latest change. A database that does not have it at this revision has another history:
        it was restored, or replaced.
    options
        What the operator chose.
    views
        What has been encoded for answering; successive states share it.
    delegation
        Which source is asked about keys that the keyring does not have; None if no source is.
    grants
        What is remembered of such keys; successive states share it.
    has_admin_keys
        Whether an admin key was ever made, without which there is no Admin API.
    key_source
        Name and configuration of that source as plain JSON values, without a secret: what asking it needs.
    """

    catalog: Catalog
    keyring: Keyring
    workspaces: Mapping[str, Workspace]
    organization_id: str
    default_workspace_id: str
    revision: int = 0
    last_change: tuple[int, str] | None = None
    options: Options = field(default_factory=Options)
    views: Views = field(default_factory=Views, compare=False)
    delegation: Delegation | None = None
    grants: Grants = field(default_factory=Grants, compare=False)
    key_source: Mapping[str, Any] | None = None
    has_admin_keys: bool = False

    def view(
        self,
        workspace: Workspace,
        *,
        openai: bool = False,
        grant: Grant | None = None,
        block_budget: int = UNBOUNDED,
    ) -> View:
        """Return what ``workspace``, or a delegated key with ``grant``, sees, in its shape or in OpenAI's.

        Raises
        ------
        UnfinishedError
            The grant is large, and ``block_budget`` that of a request for which others wait.
        """
        shape = workspace.shape or self.options.shape
        wire_format = WireFormat.OPENAI if openai else _SHAPE_FORMATS[shape]
        if grant is None:
            return self.views.get(self.catalog, workspace.visibility, wire_format)
        mode = KeyMode.GOVERN if self.delegation is None else self.delegation.mode
        shown = Shown(workspace.visibility, wire_format, mode, grant.models, grant.former)
        return self.views.get_granted(self.catalog, shown, block_budget)

"""The types of what the endpoints of workspaces and keys answer: the records that ``--json`` prints."""

from pydantic import BaseModel, ConfigDict, Field

from callsheet.http.admin.moments import Dated


class WorkspaceRecord(BaseModel):
    """A group of keys that see the same models."""

    model_config = ConfigDict(extra="allow")

    id: str
    name: str
    allow: list[str] = Field(description='Globs on ids of models: ["*"] is all models, [] is none.')
    deny: list[str]
    shape: str | None
    created_at: str
    archived_at: str | None


class ListedWorkspaceRecord(WorkspaceRecord):
    """A workspace in a list."""

    color: str = Field(description="The one that was chosen, or else the one that the id decides.")
    is_default: bool = Field(description="Whether keys get this workspace if they name none.")
    keys: int | None = Field(description="How many keys that work see by its rules, if counts were asked for.")
    models: int | None = Field(
        description="How many models are listed for it, if counts were asked for and there are not too many."
    )


class DatedWorkspaceRecord(WorkspaceRecord, Dated):
    """A workspace at a moment."""


class SightRecord(BaseModel):
    """What some rules let be seen."""

    visible: list[str] = Field(description="Ids of the models that are listed, or as many as were asked for.")
    count: int = Field(description="How many models are listed.")
    listed: int = Field(description="How many models are listed where all are seen.")
    idle: list[str] = Field(description="Patterns that match no model.")
    aliases: dict[str, str] = Field(description="Those of the idle patterns that are aliases, and what they mean.")


class KeyRecord(BaseModel):
    """An API key. Its secret is not kept."""

    id: str
    name: str
    workspace_id: str | None = Field(description="null: of the whole organization.")
    partial_key_hint: str | None
    status: str
    expires_at: str | None
    created_at: str


class ListedKeyRecord(KeyRecord):
    """An API key in a list."""

    expired: bool
    replaced: bool = Field(description="Whether it was rotated, and works on only for the overlap.")
    created_by: str | None = Field(description="As change records name who created it.")
    last_used_at: str | None = Field(
        description="The hour in which it was last used; null: never, or not known of another moment than now."
    )


class KnownKeyRecord(ListedKeyRecord, Dated):
    """An API key, and what it sees."""

    workspace: str | None = Field(description="The name of its workspace; null: of the whole organization.")
    works: bool
    fault: str | None = Field(description="Why it does not work.")
    models_visible: int
    models_listed: int
    models: list[str] | None = Field(
        description="Ids of the models that are listed for it, or as many as were asked for; null unless they were."
    )


class NewKeyRecord(KeyRecord):
    """A key just made, and the key that it replaces."""

    secret: str | None = Field(description="Shown this once; null if it was brought along.")
    replaced: KeyRecord | None


class ImportedKeys(BaseModel):
    """What an import does."""

    created: list[KeyRecord]
    present: list[KeyRecord] = Field(description="Those that were there already; they stay as they are.")


class SightsRecord(Dated):
    """What each of several rules lets be seen."""

    data: list[SightRecord]
    is_whole: bool = Field(description="Whether all models were looked at; if not, no pattern is called idle.")

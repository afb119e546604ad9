"""``GET /v1/organizations/me``: whose admin key this is."""

from typing import Final, Literal

from pydantic import BaseModel, Field

from callsheet.domain.access.admin_key import Scope
from callsheet.http.admin.endpoint import ROOT, Answer, Asked, Endpoint
from callsheet.service.state.load import installation_of
from callsheet.storage.transactions.read import ReadTransaction

#: Of an organization that was given none.
DEFAULT_NAME: Final = "Callsheet"


class Organization(BaseModel):
    """The installation, which is one organization."""

    type: Literal["organization"] = "organization"
    id: str = Field(description="A UUID; the header anthropic-organization-id has it as well.")
    name: str


def _show(reading: ReadTransaction, _asked: Asked) -> Answer:
    installation = installation_of(reading)
    return Organization(id=installation.organization_id, name=installation.name or DEFAULT_NAME)


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path=f"{ROOT}/me",
        operation="getOrganization",
        summary="Whose admin key is this?",
        scope=Scope.READ,
        answer=Organization,
        read=_show,
    ),
)

"""Catalogue files in tests: their text planned and applied to an installation."""

import json
from collections.abc import Mapping
from typing import Any

from callsheet.domain.changes.change import AnyChange
from callsheet.domain.manifest import Manifest
from callsheet.domain.plan.plan import Plan
from callsheet.domain.plan.reading import read_plan
from callsheet.files.load import parse_manifest
from callsheet.service.manifests.export import Holders
from callsheet.service.manifests.service import ManifestService, Planned
from tests.installation import Installation, now

SECRET = "sk-0123456789abcdefghijk"


class Files:
    """Files of one manager, and the installation that they are applied to."""

    def __init__(self, installation: Installation, environment: Mapping[str, str] | None = None) -> None:
        self.installation = installation
        self.service = ManifestService(installation.store, "test", now, (environment or {"CI_KEY": SECRET}).get)

    def plan(self, text: str, **options: Any) -> Planned:
        """What YAML, without its line for the manager, would change."""
        return self.service.plan(manifest(text), **options)

    def apply(self, text: str, **options: Any) -> list[AnyChange]:
        """Apply YAML; a second plan is empty then."""
        changes = list(self.service.apply(self.plan(text, **options)))
        assert self.plan(text).plan.is_empty
        return changes

    def adopt(self, text: str) -> None:
        """Let YAML take over what people hold."""
        self.apply(text, adopt=True)

    def exported(self, holders: Holders = Holders.FILE) -> Manifest:
        """What there is as a file."""
        return self.service.export("team-a", holders)

    def ids(self) -> list[str]:
        """The ids of all models, in order."""
        return sorted(item.model.id for item in self.installation.catalog.list())


def manifest(text: str) -> Manifest:
    """The manifest that YAML says; of team-a unless it names a manager."""
    return parse_manifest(text if "manager:" in text else f"manager: team-a\n{text}", "x.yaml")


def kept(plan: Plan) -> Plan:
    """A plan as it is after it has been in a file."""
    return read_plan(json.dumps(plan.record()))

"""Catalogue files and their plans over the administration API."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from callsheet.domain.changes.change import Subject
from callsheet.domain.declared.held import Held
from callsheet.domain.manifest import Collection, Manifest
from callsheet.domain.plan.plan import Plan
from callsheet.files.load import parse_manifest
from callsheet.files.texts import manifest_record
from callsheet.remote.connection import Connection
from callsheet.remote.doing import plan_of
from callsheet.service.manifests.deciding import decision_again
from callsheet.service.manifests.export import Holders
from callsheet.service.manifests.service import Planned, check_is_of_file
from callsheet.service.records import plan_id

_PLANS: Final = ("catalog", "plans")
_VARIABLE: Final = "secret_env"


class RemoteManifests:
    """The twin of `callsheet.service.manifests.service.ManifestService`.

    Parameters
    ----------
    connection
        To the server.
    secret_of
        Returns the secret that an environment variable holds here, or None.
    """

    def __init__(self, connection: Connection, secret_of: Callable[[str], str | None] = os.environ.get) -> None:
        self._connection = connection
        self._secret_of = secret_of

    def plan(self, manifest: Manifest, *, adopt: bool = False, max_deletes: int | None = None) -> Planned:
        variables = [str(each.fields[_VARIABLE]) for each in manifest.keys or () if _VARIABLE in each.fields]
        body = {
            "document": manifest_record(manifest),
            "adopt": adopt,
            "max_deletes": max_deletes,
            "secrets": self._secrets(variables),
        }
        answer = self._connection.post(*_PLANS, body=body)
        plan = plan_of(answer["plan"])
        held = [Held(**{**each, "kind": Subject(each["kind"])}) for each in answer["held"]]
        return Planned(plan, held, decision_again(plan, None))

    def apply(self, planned: Planned) -> None:
        if not planned.plan.is_empty:
            self._apply(planned.plan, None, dry_run=False)

    def apply_saved(self, plan: Plan, *, max_deletes: int | None = None) -> None:
        check_is_of_file(plan)
        if not plan.is_empty:
            self._apply(plan, max_deletes, dry_run=False)

    def check_saved(self, plan: Plan, *, max_deletes: int | None = None) -> None:
        check_is_of_file(plan)
        self._apply(plan, max_deletes, dry_run=True)

    def export(
        self, name: str, holders: Holders = Holders.PEOPLE, only: Sequence[Collection] | None = None
    ) -> Manifest:
        record = self._connection.get("catalog", "export", manager=name, held_by=holders, only=only)
        return parse_manifest(json.dumps(record), "export.json")

    def snapshot(self) -> Mapping[str, Any]:
        """Return what `take_snapshot` does."""
        found: Mapping[str, Any] = self._connection.get("catalog", "snapshot")
        return found

    def _apply(self, plan: Plan, max_deletes: int | None, *, dry_run: bool) -> None:
        steps = [step.claims.after for step in plan.steps if step.claims is not None and step.claims.after]
        variables = [each["fields"][_VARIABLE] for each in steps if _VARIABLE in each["fields"]]
        body = {"plan": plan.record(), "max_deletes": max_deletes, "secrets": self._secrets(variables)}
        self._connection.post(*_PLANS, plan_id(plan), "apply", body=body, **({"dry_run": True} if dry_run else {}))

    def _secrets(self, variables: Sequence[str]) -> dict[str, str]:
        found = ((name, self._secret_of(name)) for name in variables)
        return {name: secret for name, secret in found if secret}

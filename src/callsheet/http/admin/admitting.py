"""Admission: by what a call is let in, looked up in the transaction in which the call is done."""

from datetime import datetime
from typing import Protocol

from callsheet.api.state import State
from callsheet.domain.access.admin_key import Scope, allows
from callsheet.domain.access.administrator import Administrator, administrator_with
from callsheet.domain.access.secret import fingerprint, may_be_admin_secret
from callsheet.http.admin.asking import Secrets
from callsheet.http.admin.errors import AdminError, Code
from callsheet.storage.transactions.read import ReadTransaction


class Admission(Protocol):
    """What someone shows to be let in."""

    @property
    def digest(self) -> bytes:
        """What only equal ones share; it gives nothing away."""

    def check_form(self, state: State) -> None:
        """Raise AdminError if it cannot let anyone in, before the database is asked."""

    def admit(self, reading: ReadTransaction, scope: Scope, now: datetime, state: State) -> Administrator:
        """Return who it lets in; AdminError if it is not valid at ``now``, or ``scope`` is missing."""


class KeyAdmission:
    """Lets in by the credentials of a request of the Admin API.

    Parameters
    ----------
    secrets
        The credentials.
    """

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    @property
    def digest(self) -> bytes:
        """As `Admission` says."""
        return b"".join(map(fingerprint, self._secrets.found))

    def check_form(self, state: State) -> None:
        """As `Admission` says."""
        if not self._secrets.found:
            raise AdminError(
                Code.NO_CREDENTIAL, "An admin key is required: send it as x-api-key, or as Authorization: Bearer."
            )
        if not any(map(may_be_admin_secret, self._secrets.found)):
            raise self._invalid(state)

    def admit(self, reading: ReadTransaction, scope: Scope, now: datetime, state: State) -> Administrator:
        """As `Admission` says."""
        fault, lacking = None, None
        for secret in filter(may_be_admin_secret, self._secrets.found):
            key = reading.admin_key_with(fingerprint(secret))
            if key is None:
                continue
            fault = key.fault(now)
            if fault is not None:
                continue
            if allows(key.scopes, scope):
                return administrator_with(key)
            lacking = key.scopes
        if lacking is not None:
            raise scope_missing(scope, lacking, "this one")
        if fault is not None:
            raise AdminError(Code.INVALID_CREDENTIAL, f"The admin key does not work: {fault}.")
        raise self._invalid(state)

    def _invalid(self, state: State) -> AdminError:
        if any(state.keyring.find(secret.encode("latin-1")) is not None for secret in self._secrets.found):
            return AdminError(
                Code.CLIENT_KEY,
                "This is an API key of the Models API, which administers nothing; "
                "send an admin key (sk-cs-admin-…).",
            )
        return AdminError(Code.INVALID_CREDENTIAL, "invalid admin key")


def scope_missing(needed: Scope, held: tuple[Scope, ...], holder: str) -> AdminError:
    """Return the refusal of a call that needs another scope than ``holder`` has."""
    wanted = " or ".join(dict.fromkeys((needed, Scope.ALL)))
    return AdminError(
        Code.SCOPE_MISSING, f"This needs an admin key with the scope {wanted}; {holder} has {', '.join(held)}."
    )

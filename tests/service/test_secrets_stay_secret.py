"""A secret is nowhere but with whoever it was shown to."""

import json
from pathlib import Path

import pytest

from callsheet.domain.access.secret import fingerprint
from callsheet.domain.errors import ConflictError
from tests.installation import Installation
from tests.service.content import content

BROUGHT = "sk-ant-api03-brought-along-by-hand"


def test_no_secret_is_in_the_database_and_no_fingerprint_in_its_records(installation: Installation) -> None:
    access = installation.access
    first, brought = access.create_key("ci"), access.create_key("brought", secret=BROUGHT)
    with pytest.raises(ConflictError):
        access.create_key("again", secret=BROUGHT)
    access.disable_key("brought")
    rotated = access.rotate_key("ci")
    ensured = installation.key(organization=True)
    secrets = [first.secret, brought.secret, rotated.secret, ensured]

    stored = content(installation)
    files = list(Path(installation.store.display_name).parent.glob("callsheet.db*"))
    written = b"".join(file.read_bytes() for file in files)
    for secret in secrets:
        assert secret.encode() not in written
        assert secret.removeprefix("sk-cs-").encode() not in written
        assert fingerprint(secret).hex().encode() not in written.lower()
    told = json.dumps([{name: repr(value) for name, value in row.items()} for row in stored["changes"]])
    for secret in secrets:
        assert repr(fingerprint(secret)) not in told
    keys = [row for row in stored["changes"] if row["kind"] == "key"]
    assert len(keys) == 6
    for row in keys:
        for side in (row["before"], row["after"]):
            assert side is None or set(json.loads(side)) == {
                "id",
                "name",
                "workspace_id",
                "partial_key_hint",
                "status",
                "expires_at",
                "created_at",
            }


def test_a_refusal_does_not_repeat_the_secret(installation: Installation) -> None:
    installation.access.create_key("ci", secret=BROUGHT)
    for secret in (BROUGHT, "short-secret", f"{BROUGHT} with spaces"):
        with pytest.raises(Exception) as refusal:  # noqa: PT011  # whatever it is
            installation.access.create_key("again", secret=secret)
        assert secret not in repr(refusal.value)


def test_a_record_of_a_key_shows_four_characters_of_its_secret(installation: Installation) -> None:
    made = installation.access.create_key("ci")
    assert made.key.record()["partial_key_hint"] == f"...{made.secret[-4:]}"

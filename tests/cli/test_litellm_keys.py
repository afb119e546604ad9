"""The query of the how-to, on a table as LiteLLM makes it: what it gives can be imported."""

import hashlib
import re
from pathlib import Path

import psycopg

from callsheet.domain.access.secret import fingerprint
from tests.cli.conftest import CLI
from tests.installation import Installation
from tests.postgres import Databases

PAGE = Path(__file__).parents[2] / "docs/how-to/keys-and-workspaces.md"

#: The columns that the query reads, as schema.prisma of LiteLLM 1.110.2 has them.
TABLE = """
CREATE TABLE "LiteLLM_VerificationToken" (
    token TEXT PRIMARY KEY, key_name TEXT, key_alias TEXT, expires TIMESTAMP(3), team_id TEXT, blocked BOOLEAN
)
"""


def hash_token(token: str) -> str:
    """As litellm.proxy.utils has it."""
    return hashlib.sha256(token.encode()).hexdigest()


def query() -> str:
    """The query as the shell hands it over."""
    found = re.search(r'--command "\n(.*?)\n" \| callsheet keys import', PAGE.read_text(), re.DOTALL)
    assert found is not None
    return found[1].replace(r"\"", '"')


def test_keys_that_litellm_knows_are_imported_by_their_hashes(
    cli: CLI, installation: Installation, postgres: Databases
) -> None:
    cli("workspaces", "create", "team-1")
    rows = [
        (hash_token("sk-of-ada-0001"), "sk-...0001", "ada", None, "team-1", None),
        (hash_token("sk-of-bob-0002"), "sk-...", None, "2099-05-06 07:08:09.123", None, False),
        (hash_token("sk-of-eve-0003"), "sk-...0003", "eve", None, None, True),
        (hash_token("sk-of-old-0004"), "sk-...0004", "old", "2020-01-01 00:00:00", None, None),
        ("litellm-dashboard", None, "dashboard", None, None, None),
    ]
    url = postgres.make().replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url) as connection:
        connection.execute(TABLE)
        with connection.cursor() as cursor:
            cursor.executemany('INSERT INTO "LiteLLM_VerificationToken" VALUES (%s, %s, %s, %s, %s, %s)', rows)
            with cursor.copy(f"COPY ({query()}) TO STDOUT WITH (FORMAT csv, HEADER)") as copy:
                exported = b"".join(bytes(part) for part in copy).decode()
    assert cli("keys", "import", "-", stdin=exported).err == "Created 2 keys; already there: 0.\n"
    with installation.store.read() as reading:
        ada, bob = (reading.key_with(fingerprint(secret)) for secret in ("sk-of-ada-0001", "sk-of-bob-0002"))
    assert ada is not None
    assert bob is not None
    assert (ada.name, ada.hint, ada.expires_at) == ("ada", "0001", None)
    assert cli("keys", "show", "ada", "--json").json["workspace"] == "team-1"
    assert (bob.name, bob.hint) == (f"litellm {hash_token('sk-of-bob-0002')[:8]}", "")
    assert cli("keys", "show", bob.id, "--json").json["expires_at"] == "2099-05-06T07:08:09Z"

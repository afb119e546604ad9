"""``callsheet keys import``: every key of a file, or none; and never a secret in what it says."""

import hashlib
import json
from pathlib import Path

import pytest

from callsheet.domain.access.secret import fingerprint
from tests.cli.conftest import CLI, Result
from tests.installation import Installation


def secret(number: int) -> str:
    """A secret that is as long as they are."""
    return f"sk-litellm-{number:032}"


def sha256(number: int) -> str:
    """What a gateway stores of it."""
    return hashlib.sha256(secret(number).encode()).hexdigest()


def records(cli: CLI) -> list[tuple[str, str]]:
    """Name and status of every key."""
    return [(each["name"], each["status"]) for each in cli("keys", "list", "--json").json]


def write(folder: Path, text: str) -> str:
    """The path of a file with this text."""
    path = folder / "keys.csv"
    path.write_bytes(text.encode())
    return str(path)


def test_fifty_keys_come_with_one_command_and_one_revision(
    cli: CLI, installation: Installation, tmp_path: Path
) -> None:
    cli("workspaces", "create", "team", "--id", "wrkspc_1")
    before = cli("catalog", "history", "--limit", "1", "--json").json[0]["revision"]
    rows = [f"person-{number},team,{secret(number)},2099-01-01" for number in range(50)]
    done = cli("keys", "import", write(tmp_path, "\n".join(["name,workspace,secret,expires", *rows])))
    assert (done.code, done.out, done.err) == (0, "", "Created 50 keys; already there: 0.\n")
    history = cli("catalog", "history", "--limit", "50", "--json").json
    assert {(row["revision"], row["action"]) for row in history} == {(before + 1, "create")}
    with installation.store.read() as reading:
        key = reading.key_with(fingerprint(secret(49)))
    assert key is not None
    assert (key.name, key.workspace_id, key.hint) == ("person-49", "wrkspc_1", "0049")
    assert cli("keys", "show", "person-7", "--json").json["expires_at"] == "2099-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "text",
    [
        f"name,sha256,hint\nada,{sha256(1)},sk-...0001\nbob,{sha256(2).upper()},\n",
        f"\ufeffName;SHA256\r\nada;{sha256(1)}\r\n\r\nbob;{sha256(2)}\r\n",
        f'sha256\tname\n{sha256(1)}\t"ada"\n{sha256(2)}\tbob\n',
        f"name, secret, sha256\nada, {secret(1)},\nbob, , {sha256(2)}\n",
        json.dumps([{"name": "ada", "secret": secret(1)}, {"name": "bob", "sha256": sha256(2), "expires": None}]),
    ],
    ids=["csv", "semicolons", "tabs", "both columns", "json"],
)
def test_secrets_and_their_sha256_are_read_in_every_form(cli: CLI, installation: Installation, text: str) -> None:
    assert cli("keys", "import", "-", stdin=text).code == 0
    with installation.store.read() as reading:
        names = [(reading.key_with(fingerprint(secret(number)))) for number in (1, 2)]
    assert [key.name for key in names if key is not None] == ["ada", "bob"]
    assert cli("check").code == 0


def test_a_second_time_creates_nothing_and_an_addition_only_what_is_new(cli: CLI, tmp_path: Path) -> None:
    text = f"name,sha256\nada,{sha256(1)}\n"
    assert cli("keys", "import", write(tmp_path, text)).code == 0
    assert cli("keys", "import", write(tmp_path, text)).err == "Created 0 keys; already there: 1.\n"
    cli("keys", "disable", "ada")
    more = cli("keys", "import", write(tmp_path, f"{text}bob,{sha256(2)}\n"), "--json").json
    assert [key["name"] for key in more["created"]] == ["bob"]
    assert [key["name"] for key in more["present"]] == ["ada"]
    assert records(cli) == [("ada", "disabled"), ("bob", "active")]


def test_a_dry_run_shows_what_would_be_done_and_does_nothing(cli: CLI, tmp_path: Path) -> None:
    cli("keys", "import", write(tmp_path, f"name,sha256\nada,{sha256(1)}\n"))
    file = write(tmp_path, f"name,sha256\nada,{sha256(1)}\nbob,{sha256(2)}\n")
    done = cli("keys", "import", file, "--dry-run")
    assert done.err == "Would create 1 key; already there: 1.\n"
    assert [line.split()[:2] for line in done.out.splitlines()[2:4]] == [["bob", "create"], ["ada", "keep"]]
    assert "For 1 key:" in done.out
    planned = cli("keys", "import", file, "--dry-run", "--json").json
    assert planned["dry_run"] is True
    assert [step["subject"] for step in planned["plan"]["steps"]] == ["bob"]
    assert records(cli) == [("ada", "active")]


WRONG = {
    f"name,sha256\nada,{sha256(1)}\nbob,{sha256(2)[1:]}": (
        "Line 3: its sha256 must be 64 hexadecimal digits. Nothing was imported."
    ),
    f"name,secret\nada,{secret(1)}\nbob,short": (
        "Line 3: A secret must have 16 to 512 characters. Nothing was imported."
    ),
    f"name,secret\nada,{secret(1)}\nbob,{secret(1)}": (
        "Line 3: it has the secret of line 2. Nothing was imported."
    ),
    f"name,secret\nada,{secret(1)}\nada,{secret(2)}": "Line 3: it has the name of line 2. Nothing was imported.",
    f"name,secret,workspace\nada,{secret(1)},{secret(1)}": (
        "Line 2: there is no workspace of this name or id; create it first. Nothing was imported."
    ),
    f"name,secret,expires\nada,{secret(1)},{secret(1)}": (
        "Line 2: its expires must be a day or an RFC 3339 time such as 2027-02-04T00:00:00Z. Nothing was imported."
    ),
    f"name,secret,expires\nada,{secret(1)},2020-01-01": (
        "Line 2: it has expired; leave it out. Nothing was imported."
    ),
    f"name,secret\n{secret(1)},{secret(1)}": (
        "Line 2: The name of a key must not contain its secret. Nothing was imported."
    ),
    f"name,sha256\n{secret(1)},{sha256(1)}": (
        "Line 2: its name is its secret; give it a name that people may see. Nothing was imported."
    ),
    f"name,secret\n{secret(1) * 9},{secret(1)}2": (
        "Line 2: its name must be 1 to 128 printable characters. Nothing was imported."
    ),
    f"name,secret,sha256\nada,{secret(1)},{sha256(1)}": (
        "Line 2: it must have a secret or a sha256, and not both. Nothing was imported."
    ),
    "name,secret\nada,": "Line 2: it must have a secret or a sha256, and not both. Nothing was imported.",
    f"name,secret\nada,{secret(1)},{secret(2)}": (
        "Line 2 has more fields than the header; put quotes around a field with commas."
    ),
    f"ada,{secret(1)}": (
        "The first line must name the columns: name, secret or sha256, and optionally workspace, hint and expires."
    ),
    f'name,secret\nada,"{secret(1)}': "Line 2 is not valid CSV; check its quotes.",
    "name,secret": "There is no key to import: the file is empty, or has a header only.",
    "": "There is no key to import: the file is empty, or has a header only.",
    "{": "The file is not valid JSON at line 1; give an array of objects.",
    "{}": "The file must be a JSON array of objects",
    "[1]": "Entry 1 is not an object whose values are strings.",
    '[{"name": "ada", "token": "x"}]': "Entry 1 has a field that is not known",
    '[{"name": "ada", "sha256": "x"}, {"name": ""}]': (
        "Entry 1: its sha256 must be 64 hexadecimal digits. Nothing was imported; also wrong: Entry 2."
    ),
    "[" * 100_000: "The file is not valid JSON; give an array of objects.",
}


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_a_wrong_file_is_refused_as_a_whole_with_the_place_and_no_secret(cli: CLI, text: str) -> None:
    done = cli("keys", "import", "-", stdin=text)
    if WRONG[text].endswith("."):
        assert done.refusal == WRONG[text]
    assert done.refusal.startswith(WRONG[text])
    assert not any(each in done.err for number in (1, 2) for each in (secret(number), sha256(number)[1:]))
    assert records(cli) == []


def test_a_file_that_is_not_there_or_not_text_is_refused(cli: CLI, tmp_path: Path) -> None:
    assert cli("keys", "import", f"{tmp_path}/x").refusal.endswith("No such file or directory; name another file.")
    assert cli("keys", "import", str(tmp_path)).refusal.endswith("Is a directory; name another file.")
    (tmp_path / "x").write_bytes(b"name,secret\n\xff\xfe")
    assert cli("keys", "import", f"{tmp_path}/x").refusal == (
        "The file is not UTF-8 text; save it as CSV or JSON in UTF-8."
    )


def imported(cli: CLI, row: str) -> Result:
    """Import one row beside one that is right."""
    return cli("keys", "import", "-", stdin=f"name,sha256,workspace,expires\ngood,{sha256(9)},,\n{row}\n")


def test_a_row_that_differs_from_what_is_there_is_refused_with_what_to_do(cli: CLI) -> None:
    cli("workspaces", "create", "team")
    ada = cli("keys", "create", "--name", "ada", "--secret", secret(1), "--json").json["id"]
    remedy = "Nothing was imported; change that key with callsheet keys change, or leave this entry out."
    assert imported(cli, f"eve,{sha256(1)},,").refusal == (
        f"Line 3: its secret belongs to {ada}, which has another name. {remedy}"
    )
    assert imported(cli, f"ada,{sha256(1)},team,2099-01-01").refusal == (
        f"Line 3: its secret belongs to {ada}, which has another workspace and expiry. {remedy}"
    )
    assert imported(cli, f"ada,{sha256(2)},,").refusal.startswith(
        f"Line 3: There is a key named 'ada' already: {ada};"
    )
    cli("keys", "archive", "ada")
    assert imported(cli, f"ada,{sha256(1)},,").refusal.startswith(f"Line 3: its secret belonged to {ada}, which is")
    assert records(cli) == [("ada", "archived")]


def test_no_secret_of_a_file_is_in_the_database_the_history_or_a_list(
    cli: CLI, installation: Installation, tmp_path: Path
) -> None:
    file = write(tmp_path, f"name,secret\nada,{secret(1)}\n")
    cli("keys", "import", file, "--dry-run")
    cli("keys", "import", file)
    shown = [cli(*command.split()) for command in ("keys list", "keys show ada", "catalog history ada --json")]
    database = Path(installation.store.display_name)
    stored = [path.read_bytes() for path in database.parent.glob(f"{database.name}*")]
    assert not any(secret(1) in result.out + result.err for result in shown)
    assert not any(secret(1).encode() in content for content in stored)

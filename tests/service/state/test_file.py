"""The state file: what was saved comes back as it was, or is refused; never anything else."""

import gzip
import json
import os
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.api.state import Options, State
from callsheet.domain.access.workspace import Shape
from callsheet.domain.catalog import Catalog
from callsheet.domain.errors import CallsheetError, StateFileError
from callsheet.domain.model import MODEL_FIELDS, Lifecycle, Model, RetirementPrecision
from callsheet.service.state.file import StateFile
from tests.installation import Installation, make_model, now
from tests.program import run_program
from tests.service.seen import everything
from tests.strategies import models
from tests.tiers import examples

ADDRESS = "/where/the/database/is"
FOREIGN = "was not written by Callsheet; remove it, or name another state file."
KNOWN_AT = 1_790_000_000.25


@pytest.fixture
def state(installation: Installation) -> State:
    """One that has something of everything, and not too much of it."""
    installation.clear_catalog()
    installation.add(
        make_model("plain"),
        make_model("gone"),
        make_model(
            "full",
            display_name="Voll, 完全 \N{SNOWMAN}",
            description="Two\nlines",
            line="opus",
            max_tokens=1,
            max_input_tokens=2**53 - 1,
            capabilities={"batch": {"supported": True}},
            lifecycle=Lifecycle.RETIRED,
            deprecated_at=now() - timedelta(days=2),
            retires_at=now() - timedelta(days=1),
            replacement="plain",
            hidden=True,
            source="somewhere",
            retirement_precision=RetirementPrecision.EARLIEST,
            retires_itself=True,
        ),
    )
    installation.catalog.remove("gone")
    installation.catalog.alias("short", "plain")
    installation.workspace("team", ("full*",), ("*-x",), shape=Shape.CLASSIC)
    installation.key(name="plain")
    installation.key(name="ends", workspace="team", expires_at=now() + timedelta(seconds=60.5))
    installation.key(name="all", organization=True)
    installation.key(name="off")
    installation.access.disable_key("off")
    return installation.live().current


@pytest.fixture
def file(tmp_path: Path) -> StateFile:
    return StateFile(tmp_path / "state", ADDRESS)


def write(file: StateFile, state: State, known_at: float = KNOWN_AT) -> bytes:
    file.write(state, known_at, throttle=lambda _: None)
    return file.path.read_bytes()


def refused(file: StateFile) -> str:
    """Why it is refused."""
    with pytest.raises(StateFileError) as refusal:
        file.read(Options())
    return str(refusal.value).removeprefix(f"The state file {file.path} ")


def test_what_is_saved_is_read_back_with_its_time_and_the_options_of_the_reader(
    file: StateFile, state: State
) -> None:
    write(file, state)
    options = Options(default_limit=7)
    saved = file.read(options)
    assert saved is not None
    assert everything(saved.state) == everything(state)
    assert saved.known_at == KNOWN_AT
    assert saved.state.options is options
    assert file.holds(state)


def test_many_models_come_back_in_their_order(file: StateFile, empty: Installation) -> None:
    empty.add_at_once(make_model(f"m{number}") for number in range(1000))
    state = empty.live().current
    write(file, state)
    saved = file.read(Options())
    assert saved is not None
    assert everything(saved.state) == everything(state)


_numbers = count()


@examples(0.5)
@given(models())
def test_any_model_comes_back_as_it_was(installation: Installation, tmp_path: Path, model: Model) -> None:
    state = installation.live().current
    state = replace(state, catalog=state.catalog.changed({model.id: model}))
    file = StateFile(tmp_path / f"{next(_numbers)}", ADDRESS)
    write(file, state)
    saved = file.read(Options())
    assert saved is not None
    assert everything(saved.state) == everything(state)


def test_nothing_saved_is_nothing_read(file: StateFile, state: State) -> None:
    assert file.read(Options()) is None
    assert not file.was_written()
    assert not file.holds(state)


def test_it_is_for_its_owner_only_and_holds_no_secret(file: StateFile, installation: Installation) -> None:
    secret = installation.key()
    write(file, installation.live().current)
    assert file.path.stat().st_mode & 0o777 == 0o600
    content = gzip.decompress(file.path.read_bytes())
    assert sha256(secret.encode()).hexdigest().encode() in content
    assert secret.encode() not in content
    assert secret[-4:].encode() not in content  # not even what people are shown of it
    assert [path.name for path in file.path.parent.glob("*state*")] == ["state"]


def test_cut_short_anywhere_it_is_refused(file: StateFile, state: State) -> None:
    content = write(file, state)
    for length in [*range(60), *range(60, len(content), 7), len(content) - 1]:
        file.path.write_bytes(content[:length])
        assert refused(file) in ("is damaged.", FOREIGN)


@examples(3)
@given(st.data())
def test_with_any_bits_flipped_it_is_refused_or_says_the_same(
    file: StateFile, state: State, data: st.DataObject
) -> None:
    file.path.unlink(missing_ok=True)
    content = bytearray(write(file, state))
    for _ in range(data.draw(st.integers(1, 3), "flips")):
        content[data.draw(st.integers(0, len(content) - 1), "at")] ^= 1 << data.draw(st.integers(0, 7), "bit")
    file.path.write_bytes(content)
    with suppress(StateFileError):
        saved = file.read(Options())
        assert saved is not None
        assert everything(saved.state) == everything(state)


@examples(1)
@given(st.data())
def test_lines_that_were_changed_lost_swapped_or_repeated_are_refused(
    file: StateFile, state: State, data: st.DataObject
) -> None:
    lines = gzip.decompress(write(file, state)).splitlines(keepends=True)
    changed = list(lines)
    place, other = data.draw(st.integers(0, len(lines) - 1)), data.draw(st.integers(0, len(lines) - 1))
    match data.draw(st.sampled_from(["lose", "swap", "repeat", "add"])):
        case "lose":
            del changed[place]
        case "swap":
            changed[place], changed[other] = changed[other], changed[place]
        case "repeat":
            changed.insert(other, changed[place])
        case "add":
            changed.append(b"{}\n")
    if changed != lines:
        pack(file, b"".join(changed))
        assert refused(file) == "is damaged."


def pack(file: StateFile, content: bytes) -> None:
    """Write this as a state file would be."""
    with file.path.open("wb") as raw, gzip.GzipFile("callsheet-state", "wb", 1, raw) as packed:
        packed.write(content)


def seal(file: StateFile, lines: list[bytes]) -> None:
    """Write these lines with a checksum that is right."""
    content = b"".join(lines)
    pack(file, content + b'"%s"\n' % sha256(content).hexdigest().encode())


@pytest.mark.parametrize(
    "change",
    [
        {"callsheet_state": 1},
        {"model": ["id", "display_name", "colour"]},
        {"key": ["key_id"]},
        {"last_change": 3},
        {"revision": None, "callsheet_state": None},
    ],
    ids=str,
)
def test_what_another_release_wrote_is_refused(file: StateFile, state: State, change: dict[str, object]) -> None:
    header, *lines, _ = gzip.decompress(write(file, state)).splitlines(keepends=True)
    seal(file, [json.dumps({**json.loads(header), **change}).encode() + b"\n", *lines])
    assert refused(file) == "was written by another release of Callsheet."
    assert not file.holds(state)


def test_a_file_of_the_release_before_whose_models_had_fewer_fields_is_read(
    file: StateFile, installation: Installation
) -> None:
    installation.add(make_model("m", retires_itself=True))
    header, *lines, _ = gzip.decompress(write(file, installation.live().current)).splitlines(keepends=True)
    former = {**json.loads(header), "model": list(MODEL_FIELDS[:-2])}
    cut = [
        [name, [row[:-2] for row in batch]] if name == "models" else [name, batch]
        for name, batch in map(json.loads, lines)
    ]
    seal(file, [json.dumps(each).encode() + b"\n" for each in [former, *cut]])
    saved = file.read(Options())
    assert saved is not None
    expected = [
        replace(each, retirement_precision=None, retires_itself=False)
        for each in installation.live().current.catalog
    ]
    assert list(saved.state.catalog) == expected
    assert not file.holds(saved.state)  # so that it is written again


@pytest.mark.parametrize(
    "line", [b"{}", b"[]", b"3", b'["models", [[]]]', b'["models", [["a"]]]', b'["nothing", [1]]', b"[", b"\xff"]
)
def test_lines_with_a_right_checksum_that_mean_nothing_are_refused(
    file: StateFile, state: State, line: bytes
) -> None:
    header, *_ = gzip.decompress(write(file, state)).splitlines(keepends=True)
    for lines in ([line + b"\n"], [header, line + b"\n"]):
        seal(file, lines)
        assert refused(file) == "was written by another release of Callsheet."


def test_the_state_of_another_database_is_refused(file: StateFile, state: State) -> None:
    write(file, state)
    other = StateFile(file.path, "/another/address")
    assert refused(other) == f"is of another database, {ADDRESS}."
    assert not other.holds(state)


@pytest.mark.parametrize(
    "content",
    [b"Dear Sir or Madam, ", gzip.compress(b"Dear Sir or Madam, "), b"\x1f\x8b"],
    ids=["text", "other text compressed", "nearly nothing"],
)
def test_a_file_that_is_not_ours_is_neither_read_nor_replaced(
    file: StateFile, state: State, content: bytes
) -> None:
    file.path.write_bytes(content)
    assert refused(file) == FOREIGN
    assert not file.was_written()
    with pytest.raises(StateFileError, match="was not written by Callsheet"):
        write(file, state)
    assert file.path.read_bytes() == content


def test_an_empty_file_is_refused_and_replaced(file: StateFile, state: State) -> None:
    file.path.touch()
    assert refused(file) == FOREIGN
    assert not file.was_written()
    write(file, state)
    assert file.holds(state)


def test_a_state_was_saved_here_even_if_it_cannot_be_read(file: StateFile, state: State) -> None:
    content = write(file, state)
    for spoilt in (content, content[:40], content[:-1], content[:100] + b"?" + content[101:]):
        file.path.write_bytes(spoilt)
        assert file.was_written()
        assert StateFile(file.path, "/another/address").was_written()


def test_a_folder_in_its_place_and_a_folder_that_is_missing_are_told(state: State, tmp_path: Path) -> None:
    with pytest.raises(CallsheetError, match="is not a file"):
        write(StateFile(tmp_path, ADDRESS), state)
    with pytest.raises(StateFileError, match="cannot be read: Is a directory"):
        StateFile(tmp_path, ADDRESS).read(Options())
    missing = StateFile(tmp_path / "missing" / "state", ADDRESS)
    with pytest.raises(CallsheetError, match="does not exist"):
        write(missing, state)
    assert missing.read(Options()) is None


def test_it_holds_a_state_only_as_long_as_that_does_not_move(file: StateFile, installation: Installation) -> None:
    live = installation.live()
    write(file, live.current)
    assert file.holds(installation.live().current)
    installation.key()
    live.refresh()
    assert not file.holds(live.current)
    file.path.write_bytes(file.path.read_bytes()[:40])
    assert not file.holds(live.current)


def test_touching_it_moves_its_time_and_nothing_else(file: StateFile, state: State) -> None:
    content = write(file, state)
    file.touch(KNOWN_AT + 5)
    saved = file.read(Options())
    assert saved is not None
    assert saved.known_at == KNOWN_AT + 5
    assert file.path.read_bytes() == content


PROGRAM = """
import os, resource, signal, sys
from pathlib import Path
from callsheet.api.state import Options
from callsheet.service.state.file import StateFile
from tests.installation import Installation, make_model
from tests.service.seen import everything

url, folder, limit = sys.argv[1:]
installation, file = Installation(url), StateFile(Path(folder) / "state", "here")
old = installation.live().current
file.write(old, 1, throttle=lambda _: None)
installation.add(make_model("new"))
new = installation.live().current
if limit != "none":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    try:
        file.write(new, 2, throttle=lambda _: None)
    except Exception as error:
        print(type(error).__name__, error)
    print(everything(file.read(Options()).state) == everything(old), sorted(os.listdir(folder)))
    sys.exit()

step = last = 0
def count(*_):
    global step
    step += 1
    if step == last:
        os.kill(os.getpid(), signal.SIGKILL)
def heard(event, arguments):
    if event in ("open", "tempfile.mkstemp", "os.utime", "os.rename", "os.remove") and armed:
        count()
armed = False
sys.addaudithook(heard)
seen = set()
while True:
    last += 1
    child = os.fork()
    if not child:
        armed = True
        file.write(new, 2, throttle=count)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    found = file.read(Options())
    which = "new" if everything(found.state) == everything(new) else "old"
    assert which == "new" or everything(found.state) == everything(old)
    assert found.known_at == {"old": 1, "new": 2}[which]
    seen.add(which)
    if not status:
        break
    file.write(old, 1, throttle=lambda _: None)  # also takes away what the killed one left
    assert os.listdir(folder) == ["state"], os.listdir(folder)
print(last, sorted(seen))
"""


def run(installation: Installation, folder: Path, limit: str) -> str:
    """What `PROGRAM` prints."""
    folder.mkdir()
    done = run_program(PROGRAM, installation.url, str(folder), limit)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_killed_at_any_step_it_is_the_old_one_or_the_new_one(installation: Installation, tmp_path: Path) -> None:
    steps, seen = run(installation, tmp_path / "folder", "none").split(maxsplit=1)
    assert int(steps) > 8
    assert seen == "['new', 'old']\n"


def test_a_full_disk_leaves_the_old_one_and_nothing_else(installation: Installation, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    assert run(installation, folder, "1000").splitlines() == [
        f"StateFileError The state file {folder}/state cannot be written: File too large.",
        "True ['state']",
    ]


def test_a_state_without_models_is_read_back(file: StateFile, state: State) -> None:
    empty = replace(state, catalog=Catalog())
    write(file, empty)
    saved = file.read(Options())
    assert saved is not None
    assert len(saved.state.catalog) == 0
    assert everything(saved.state) == everything(empty)


def test_a_later_state_of_the_same_installation_is_told_from_others(file: StateFile, state: State) -> None:
    write(file, state)
    earlier = replace(state, revision=state.revision - 1)
    assert file.holds_newer(earlier, KNOWN_AT + 5)
    assert not file.holds_newer(earlier, KNOWN_AT + 500)  # the database has gone back
    assert not file.holds_newer(state, KNOWN_AT)
    assert not file.holds_newer(replace(state, revision=state.revision + 1), KNOWN_AT)
    other = replace(state, revision=0, organization_id="00000000-0000-4000-8000-00000000ffff")
    assert not file.holds_newer(other, KNOWN_AT)


def test_a_pipe_is_no_state_file_and_nobody_waits_for_it(file: StateFile, state: State) -> None:
    os.mkfifo(file.path)
    assert refused(file) == "is not a regular file; name another one."
    assert not file.was_written()
    assert not file.holds(state)
    with pytest.raises(StateFileError, match="is not a regular file"):
        write(file, state)

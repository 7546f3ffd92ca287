"""A package in other hands: every byte changed, every file added or taken away, every forgery is found and placed.

Holds R21, R84, R85, R88 and R98. The forgeries mend all manifests afterwards, as one who knows the format would.
"""

import ast
import csv
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import bagit
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from filled import Filled, fill
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casualty import release
from casualty.errors import CheckFailed, NotFound
from casualty.release import bag as bags
from casualty.release import making
from casualty.release.ed25519 import signed
from casualty.release.signing import Signer
from casualty.store import Store
from casualty.vocabulary import Tier

REVISIONS, BODIES = "data/06_ledger/revisions.csv", "data/06_ledger/bodies.jsonl"
INCIDENTS, VICTIMS = "data/04_records/incidents.csv", "data/04_records/victims.csv"
MANIFESTS = ("manifest-sha256.txt", "tagmanifest-sha256.txt")
SIGNATURE = "tagmanifest-sha256.txt.minisig"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Filled]:
    """One package, and what it was made of; nobody changes it."""
    folder = tmp_path_factory.mktemp("made")
    store = Store.create(folder / "record.db")
    by = store.local("tester")
    filled = fill(store, by, store.local("second person"))
    done = release.build(store, folder / "bag", tier=Tier.COMMISSION, recipient="R", basis="B", by=by)
    store.close()
    return done.path, filled


@pytest.fixture
def bag(made: tuple[Path, Filled], tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return shutil.copytree(made[0], tmp_path / "bag")


def faults(bag: Path) -> list[str]:
    with pytest.raises(CheckFailed) as raised:
        release.verify(bag)
    return [f"{fault.field}: {fault.fault}" for fault in raised.value.faults]


def mend(bag: Path) -> None:
    """Write manifests and Payload-Oxum that fit the files as they are now, and take the signature away: nobody can forge it."""
    (bag / SIGNATURE).unlink(missing_ok=True)
    files = {str(path.relative_to(bag)): path for path in bag.rglob("*") if path.is_file()}
    payload = {name: path for name, path in files.items() if name.startswith("data/")}
    info = bag / "bag-info.txt"
    size = sum(path.stat().st_size for path in payload.values())
    lines = [
        line
        for line in info.read_text(encoding="utf-8").splitlines()
        if not line.startswith(("Payload-Oxum", "Signing-Key"))
    ]
    info.write_text("\n".join([*lines, f"Payload-Oxum: {size}.{len(payload)}"]) + "\n", encoding="utf-8")
    for manifest, held in zip(MANIFESTS, (payload, set(files) - set(payload) - {MANIFESTS[1]}), strict=True):
        text = "".join(f"{hashlib.sha256(files[name].read_bytes()).hexdigest()}  {name}\n" for name in sorted(held))
        (bag / manifest).write_text(text, encoding="utf-8")
    assert bagit.Bag(str(bag)).validate()


def test_a_whole_package_holds(bag: Path) -> None:
    """R84: and says what it checked, with the head to compare."""
    checked = release.verify(bag)
    assert checked[-1].endswith("points of the map against the table of incidents")
    assert any(line.startswith("ledger head: ") for line in checked)
    mend(bag)
    unsigned = [line for line in checked if not line.startswith("the signature, by the key ")]
    assert [line for line in release.verify(bag)[1:] if line != "no signature: who sent it is not shown"] == unsigned[
        1:
    ]


def test_a_forger_who_mends_everything_is_found_by_the_key(bag: Path, made: tuple[Path, Filled]) -> None:
    """R84: who was given the key by another way finds a package that was forged and signed anew, or not signed at all."""
    store = Store.open(made[0].parent / "record.db")
    key = release.public_key(store, store.local("tester"))
    store.close()
    assert any(line == "the signature, by the key you gave" for line in release.verify(bag, key))
    assert f"Signing-Key: {key}" in (bag / "bag-info.txt").read_text(encoding="utf-8").splitlines()
    forger = Signer(bytes(32), b"forgery.")
    with (bag / "data/00_README.txt").open("a", encoding="utf-8") as file:
        file.write("More.")
    mend(bag)
    with pytest.raises(CheckFailed, match="1 fault"):
        release.verify(bag, key)
    manifest = hashlib.sha256((bag / MANIFESTS[0]).read_bytes()).hexdigest()
    bags.seal(bag, manifest, [], forger)
    assert release.verify(bag, forger.public)
    with pytest.raises(CheckFailed) as raised:
        release.verify(bag, key)
    assert [fault.field for fault in raised.value.faults] == [SIGNATURE]


@settings(deadline=None, max_examples=25)
@given(
    secret=st.binary(min_size=32, max_size=32),
    data=st.binary(max_size=200),
    other=st.binary(min_size=1, max_size=9),
    bit=st.integers(0, 511),
)
def test_a_signature_is_checked_as_others_check_it(secret: bytes, data: bytes, other: bytes, bit: int) -> None:
    """R84: the check with the standard library alone agrees with a well-kept library, on whole and on spoiled signatures."""
    key = Ed25519PrivateKey.from_private_bytes(secret)
    public, signature = key.public_key().public_bytes_raw(), key.sign(data)
    assert signed(public, data, signature)
    assert not signed(public, data + other, signature)
    spoiled = bytearray(signature)
    spoiled[bit // 8] ^= 1 << bit % 8
    assert not signed(public, data, bytes(spoiled))
    assert not signed(public[:31], data, signature)
    assert not signed(public, data, signature[:63])


def test_a_byte_changed_in_any_file_is_found(bag: Path) -> None:
    """R84: first, middle and last byte of every file: the fault names the file, both hashes, and nothing passes."""
    for path in sorted(path for path in bag.rglob("*") if path.is_file()):
        name, whole = str(path.relative_to(bag)), path.read_bytes()
        for at in {0, len(whole) // 2, len(whole) - 1}:
            spoiled = bytearray(whole)
            spoiled[at] ^= 0x20
            path.write_bytes(spoiled)
            told = faults(bag)
            assert any(name in line for line in told), (name, at, told)
            if name not in (*MANIFESTS, SIGNATURE):
                assert any(hashlib.sha256(spoiled).hexdigest() in line for line in told)
        path.write_bytes(whole)
    assert release.verify(bag)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), data=st.data())
def test_any_bit_anywhere_is_found(bag: Path, place: float, bit: int, data: st.DataObject) -> None:
    """R84"""
    path = data.draw(st.sampled_from(sorted(path for path in bag.rglob("*") if path.is_file())))
    whole = path.read_bytes()
    spoiled = bytearray(whole)
    spoiled[int(place * len(whole))] ^= 1 << bit
    path.write_bytes(spoiled)
    try:
        assert any(str(path.relative_to(bag)) in line for line in faults(bag))
    finally:
        path.write_bytes(whole)


def test_any_file_taken_away_is_found(bag: Path) -> None:
    """R84: each file in turn, by its name."""
    for path in sorted(path for path in bag.rglob("*") if path.is_file()):
        whole = path.read_bytes()
        path.unlink()
        name = str(path.relative_to(bag))
        assert any(line.startswith(f"{name}: is ") and "missing" in line for line in faults(bag)), name
        path.write_bytes(whole)


ADDED: list[tuple[str, Callable[[Path], object], str]] = [
    ("data/extra.txt", lambda path: path.write_text("x"), "not listed in manifest-sha256.txt"),
    ("note.txt", lambda path: path.write_text("x"), "not listed in tagmanifest-sha256.txt"),
    ("data/empty", lambda path: path.mkdir(), "empty folder"),
    ("data/link", lambda path: path.symlink_to("/etc/hostname"), "is a link"),
    ("tags", lambda path: path.symlink_to("/tmp", target_is_directory=True), "is a link"),
]


@pytest.mark.parametrize(("name", "add", "text"), ADDED)
def test_anything_added_is_found(bag: Path, name: str, add: Callable[[Path], object], text: str) -> None:
    """R84"""
    add(bag / name)
    assert any(line.startswith(f"{name}: ") and text in line for line in faults(bag))


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_a_shortened_manifest_is_found(bag: Path, manifest: str) -> None:
    """R84: a line less, and half a line."""
    whole = (bag / manifest).read_text(encoding="utf-8")
    for text in ("".join(whole.splitlines(True)[1:]), whole[:-10], whole + whole.splitlines(True)[0], ""):
        (bag / manifest).write_text(text, encoding="utf-8")
        assert any(manifest in line for line in faults(bag))


def change(bag: Path, name: str, row: int, **cells: str) -> None:
    """Give cells of a row (from 1) of a CSV file other values."""
    with open(bag / name, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[row - 1].update(cells)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    (bag / name).write_text(text.getvalue(), encoding="utf-8", newline="")


def replace(bag: Path, name: str, old: str, new: str, times: int = 1) -> None:
    """Change the first places where a text stands in a file."""
    text = (bag / name).read_bytes().decode()
    assert old in text
    (bag / name).write_bytes(text.replace(old, new, times).encode())


def drop(bag: Path, name: str, line: int) -> None:
    """Take a line (from 1, the header counted) out of a file."""
    lines = (bag / name).read_text(encoding="utf-8").split("\n")
    del lines[line - 1]
    (bag / name).write_text("\n".join(lines), encoding="utf-8")


FORGED: list[tuple[str, Callable[[Path], None], list[str]]] = [
    # what was done                          how                                         what is told, and where
    ("a figure", lambda b: change(b, INCIDENTS, 1, killed_best="30"),
     [f"{INCIDENTS}, row 1 (", "killed_best: is '30', the ledger signed 3", "data/summary.json, killed_best: says 2"]),
    ("a status", lambda b: change(b, INCIDENTS, 6, status="verified"), ["status: is 'verified', the ledger signed"]),
    ("a status beside", lambda b: change(b, VICTIMS, 1, incident_status="x"), [f"{VICTIMS}, row 1", "incident_status"]),
    ("a place", lambda b: change(b, INCIDENTS, 1, lat="0.5"), ["lat: is '0.5'", "geojson, feature 1: is not"]),
    ("an order", lambda b: change(b, INCIDENTS, 1, id="0"), [f"{INCIDENTS}, "]),
    ("a withheld mark", lambda b: change(b, INCIDENTS, 1, withheld="consent: x"), ["withheld: is 'consent: x'"]),
    ("a person less", lambda b: drop(b, VICTIMS, 2), [f"{VICTIMS}, ", "is signed in the ledger and missing here"]),
    ("a row cut", lambda b: replace(b, VICTIMS, "\nperson", "\nperson,1,1\nperson"), [f"{VICTIMS}, row 1: cannot"]),
    ("an actor's name", lambda b: replace(b, "data/04_records/actors.csv", "Army of Example", "Army of Others"),
     ["data/04_records/actors.csv, row 1", "the ledger signed 'Army of Example'"]),
    ("a link's author", lambda b: change(b, REVISIONS, 5, actor="x"), [f"{REVISIONS}, row 5: the link is broken"]),
    ("a link's time", lambda b: change(b, REVISIONS, 5, at="2020-01-01T00:00:00.000000Z"), [f"{REVISIONS}, row 5"]),
    ("a link's hash", lambda b: change(b, REVISIONS, 5, hash="0" * 64), [f"{REVISIONS}, row 5", f"{REVISIONS}, row 6"]),
    ("a link less", lambda b: drop(b, REVISIONS, 4), [f"{REVISIONS}, row 3: is link 4, where 3 should be"]),
    ("the tail", lambda b: (b / REVISIONS).write_text("\n".join((b / REVISIONS).read_text().split("\n")[:-2]) + "\n"),
     [f"{REVISIONS}, end: the chain does not end at the head"]),
    ("a sealed link", lambda b: change(b, REVISIONS, sealed(b), reason="see here"), ["is sealed and yet states"]),
    ("a body", lambda b: replace(b, BODIES, "Public narrative", "Other narrative", 2),
     [f"{BODIES}, line 1: is not the body that link", "narrative_public: is 'Public narrative,"]),
    ("a total", lambda b: replace(b, "data/summary.json", '"victims":', '"victims":1'), ["victims: says 1"]),
    ("a point more", lambda b: twice(b), ["incidents.geojson, end: holds more points"]),
    ("no table", lambda b: (b / VICTIMS).write_text(""), [f"{VICTIMS}, "]),
    ("no text", lambda b: (b / VICTIMS).write_bytes(b"\xff\xfe"), [f"{VICTIMS}, header: cannot be read"]),
    ("no JSON", lambda b: (b / BODIES).write_text("[]\n"), [f"{BODIES}, line 1: cannot be read"]),
    ("no summary", lambda b: (b / "data/summary.json").write_text("[" * 9999), ["data/summary.json: cannot be read"]),
    ("the declaration", lambda b: replace(b, "bagit.txt", "1.0", "0.97"), ["bagit.txt: is not the declaration"]),
    ("the head", lambda b: replace(b, "bag-info.txt", "Ledger-Seq: ", "Ledger-Seq: 1"), [f"{REVISIONS}, end"]),
]  # fmt: skip


def sealed(bag: Path) -> int:
    with open(bag / REVISIONS, encoding="utf-8", newline="") as file:
        return next(at for at, row in enumerate(csv.DictReader(file), start=1) if not row["digest"])


def twice(bag: Path) -> None:
    """Put the last point on the map a second time."""
    path = bag / "data/05_geo/incidents.geojson"
    lines = path.read_text(encoding="utf-8").split("\n")
    path.write_text("\n".join([*lines[:-2], "," + lines[-3], *lines[-2:]]).replace("\n,{", ",\n{"), encoding="utf-8")


@pytest.mark.parametrize(("forge", "told"), [pytest.param(how, told, id=name) for name, how, told in FORGED])
def test_a_forgery_with_right_manifests_is_found(bag: Path, forge: Callable[[Path], None], told: list[str]) -> None:
    """R21, R84: what the ledger signed, the totals and the map hold each other; the fault says where."""
    forge(bag)
    mend(bag)
    found = faults(bag)
    for text in told:
        assert any(text in line for line in found), found


def test_an_older_body_is_not_taken_for_the_last(bag: Path, made: tuple[Path, Filled]) -> None:
    """R21: what the sender's own ledger signed before, with its right salt, does not prove the record as shown."""
    store = Store.open(made[0].parent / "record.db")
    first, *rest = (bag / BODIES).read_text(encoding="utf-8").split("\n")
    proof = json.loads(first)
    statement = sa.text(
        "SELECT b.* FROM revision_body b JOIN revision r USING (seq) WHERE r.record_id = :id AND seq < :seq ORDER BY seq"
    )
    older = store.rows(statement, id=proof["record_id"], seq=proof["seq"])[0]
    store.close()
    line = json.dumps({**proof, **older._mapping}, ensure_ascii=False)
    (bag / BODIES).write_text("\n".join([line, *rest]), encoding="utf-8")
    mend(bag)
    assert any(line.startswith(f"{BODIES}, line 1: is not the last body of its record") for line in faults(bag))


def test_the_copy_inside_is_never_run(bag: Path) -> None:
    """R84: a package that brings a false verifier is judged by ours."""
    (bag / "verify.py").write_text("raise SystemExit('run')", encoding="utf-8")
    assert any(line.startswith("verify.py: ") for line in faults(bag))
    mend(bag)
    assert release.verify(bag)


def test_what_is_no_package_is_said_to_be_none(tmp_path: Path) -> None:
    """R84"""
    with pytest.raises(NotFound, match="no package at"):
        release.verify(tmp_path / "nowhere")
    told = faults(tmp_path)
    assert {"bagit.txt: is missing.", "manifest-sha256.txt: is missing."} <= set(told)


def test_the_verifier_ends_with_1_and_a_place(bag: Path) -> None:
    """R84: what a person at a bare machine sees; no traceback."""
    change(bag, INCIDENTS, 1, killed_best="30")
    done = subprocess.run([sys.executable, "-I", str(bag / "verify.py")], capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (1, "")
    assert f"FAULT: {INCIDENTS}: was changed: SHA-256 is " in done.stdout
    assert "killed_best: is '30', the ledger signed 3" in done.stdout
    assert done.stdout.endswith("The package DOES NOT HOLD.\n")


def test_the_verifier_stands_alone(made: tuple[Path, Filled]) -> None:
    """R84: the bytes in the bag are this program's, are Python 3.8, and import the standard library only."""
    text = (made[0] / "verify.py").read_text(encoding="utf-8")
    assert text == making.verifier()
    names = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert len(names) == len(set(names))
    tree = ast.parse(text, feature_version=(3, 8))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in imports if isinstance(node, ast.ImportFrom)}
    assert names <= set(sys.stdlib_module_names) | {"__future__"}
    assert not any(isinstance(node, ast.ImportFrom) and node.level for node in imports)


BUILD = """
import sys; from pathlib import Path; from casualty import release; from casualty.store import Store
from casualty.vocabulary import Tier
store = Store.open(sys.argv[1]); by = store.local("tester"); print("ready", flush=True)
release.build(store, Path(sys.argv[2]), tier=Tier.COMMISSION, recipient="R", basis="B", by=by)
"""


def test_a_build_that_is_killed_leaves_no_bag(sqlite_store: Store, tmp_path: Path) -> None:
    """R88: SIGKILL at several moments; the name is absent, or a whole bag; the next build clears what was left."""
    fill(sqlite_store, sqlite_store.local("tester"), sqlite_store.local("second person"))
    out = tmp_path / "out" / "bag"
    for moment in (0.0, 0.02, 0.05, 0.1, 0.2):
        running = subprocess.Popen(
            [sys.executable, "-c", BUILD, str(tmp_path / "record.db"), str(out)], stdout=subprocess.PIPE
        )
        assert running.stdout is not None
        running.stdout.readline()
        time.sleep(moment)
        os.kill(running.pid, signal.SIGKILL)
        running.communicate()
        if out.exists():
            assert release.verify(out)
            break
    last = out if not out.exists() else tmp_path / "out" / "last"
    release.build(sqlite_store, last, tier=Tier.COMMISSION, recipient="R", basis="B", by=sqlite_store.local("tester"))
    assert release.verify(last)
    assert not (tmp_path / "out" / f".{last.name}.unfinished").exists()
    assert sqlite_store.verify()


CELLS = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12), min_size=2)


@given(table=st.lists(CELLS, min_size=1, max_size=4))
def test_any_text_survives_a_cell(table: list[list[str]]) -> None:
    """R98: RFC 4180 quoting, read back by the standard library as it was written."""
    lines: Iterator[str] = iter("".join(",".join(map(bags.quoted, row)) + "\n" for row in table).splitlines(True))
    assert list(csv.reader(_kept(lines), strict=True)) == table


def _kept(lines: Iterator[str]) -> Iterator[str]:
    """Undo the splitting at characters that end no line of a CSV file."""
    held = ""
    for line in lines:
        held += line
        if held.endswith("\n"):
            yield held
            held = ""
    if held:
        yield held


VALUES = [(None, ""), (True, "true"), (False, "false"), (0, "0"), (8.0, "8.0"), (0.1, "0.1"), ("", ""), ("007", "007")]


@pytest.mark.parametrize(("value", "text"), VALUES)
def test_values_are_written_one_way(value: object, text: str) -> None:
    """R85, R98"""
    assert bags.cell(value) == text

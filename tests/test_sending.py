"""A package on its way: encrypted to its recipient, stamped with the time; what is wrong is refused and nothing is overwritten.

Holds R84, R85 and R88.
"""

import hashlib
import io
import subprocess
import tarfile
from pathlib import Path

import pyrage
import pytest
from conftest import minimum

from casualty import release
from casualty.errors import CheckFailed, NotFound, UsageFault
from casualty.release import sending
from casualty.schema import DocumentFields, SourceFields
from casualty.store import Store
from casualty.vocabulary import SourceKind, Tier


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of one incident."""
    folder = tmp_path_factory.mktemp("made")
    store = Store.create(folder / "record.db")
    by = store.local("tester")
    source = store.record("source", SourceFields(name="Paper", kind=SourceKind.MEDIA), by)
    document = store.record("document", DocumentFields(title="Issue", source_id=source.id), by).id
    store.record("incident", minimum(document), by)
    done = release.build(store, folder / "bag", tier=Tier.COMMISSION, recipient="R", basis="B", by=by)
    store.close()
    return done.path


@pytest.fixture
def bag(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may add to."""
    import shutil

    return shutil.copytree(made, tmp_path / "bag")


# Encrypted ----------------------------------------------------------------------------------------------------------------


def test_only_its_recipients_open_it(bag: Path, tmp_path: Path) -> None:
    """R84: each of two recipients finds the package as it was; somebody else finds nothing; what lies open is removed."""
    first, second, other = (pyrage.x25519.Identity.generate() for _ in range(3))
    out = tmp_path / "bag.age"
    size = sending.encrypt(bag, out, [str(first.to_public()), f" {second.to_public()} "])
    assert size == out.stat().st_size
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    for identity in (first, second):
        with tarfile.open(fileobj=io.BytesIO(pyrage.decrypt(out.read_bytes(), [identity]))) as tar:
            tar.extractall(tmp_path / str(hash(identity)), filter="data")
        assert release.verify(tmp_path / str(hash(identity)) / "bag") == release.verify(bag)
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(out.read_bytes(), [other])


REFUSED = [
    # keys                      its text
    ([], "at least one"),
    (["age1nothing"], "begins with age1"),
    (["AGE-SECRET-KEY-1"], "begins with age1"),
]


@pytest.mark.parametrize(("keys", "text"), REFUSED)
def test_a_key_that_is_none_is_refused(bag: Path, tmp_path: Path, keys: list[str], text: str) -> None:
    """R84: and nothing is written."""
    with pytest.raises(UsageFault, match=text):
        sending.encrypt(bag, tmp_path / "bag.age", keys)
    assert not (tmp_path / "bag.age").exists()


def test_nothing_sent_is_overwritten_and_only_packages_are_sent(bag: Path, tmp_path: Path) -> None:
    """R88"""
    key = str(pyrage.x25519.Identity.generate().to_public())
    (tmp_path / "there.age").write_text("kept")
    with pytest.raises(UsageFault, match="nothing delivered is overwritten"):
        sending.encrypt(bag, tmp_path / "there.age", [key])
    assert (tmp_path / "there.age").read_text() == "kept"
    (bag / "bagit.txt").unlink()
    with pytest.raises(NotFound, match="no finished package"):
        sending.encrypt(bag, tmp_path / "bag.age", [key])


def test_the_archive_is_the_same_each_time(bag: Path, tmp_path: Path) -> None:
    """R85: neither clock nor owner is in it."""
    for name in ("one", "two"):
        (bag / "bagit.txt").touch()
        sending.archive(bag, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


# Stamped ------------------------------------------------------------------------------------------------------------------

SETTINGS = """
[req]
distinguished_name = name
[name]
[tsa]
extendedKeyUsage = critical, timeStamping
[stamping]
serial = {folder}/serial
digests = sha256
signer_digest = sha256
default_policy = 1.2.3.4
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A time stamping authority of our own, as OpenSSL makes one."""
    folder = tmp_path_factory.mktemp("authority")
    (folder / "settings").write_text(SETTINGS.format(folder=folder))
    (folder / "serial").write_text("01\n")
    run(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Authority", "-days", "2", "-config", "settings",
        "-extensions", "tsa", "-keyout", "key", "-out", "certificate")  # fmt: skip
    return folder


def run(folder: Path, *command: str) -> None:
    done = subprocess.run(["openssl", *command], cwd=folder, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr


def answered(authority: Path, asked: Path) -> bytes:
    run(authority, "ts", "-reply", "-config", "settings", "-section", "stamping", "-queryfile", str(asked), "-signer", "certificate",
        "-inkey", "key", "-out", "answer")  # fmt: skip
    return (authority / "answer").read_bytes()


def test_a_stamp_is_asked_for_and_kept_with_the_package(bag: Path, authority: Path) -> None:
    """R84: OpenSSL answers what was asked, and its answer holds for the package; both are checked by the verifier."""
    asked = sending.ask_stamp(bag)
    assert hashlib.sha256((bag / "tagmanifest-sha256.txt").read_bytes()).digest() in asked.read_bytes()
    assert asked == sending.ask_stamp(bag)
    answer = answered(authority, asked)
    assert sending.keep_stamp(bag, answer).startswith("20")
    run(
        authority,
        "ts",
        "-verify",
        "-data",
        str(bag / "tagmanifest-sha256.txt"),
        "-in",
        str(bag / "timestamp.tsr"),
        "-CAfile",
        "certificate",
    )
    told = release.verify(bag)
    assert [line for line in told if line.startswith("timestamp.")] == [
        "timestamp.tsq is of this tagmanifest-sha256.txt", "timestamp.tsr is of this tagmanifest-sha256.txt",
    ]  # fmt: skip
    assert sending.keep_stamp(bag, answer)
    with pytest.raises(UsageFault, match="nothing delivered is overwritten"):
        sending.keep_stamp(bag, answered(authority, asked))


def test_a_stamp_of_something_else_is_refused(bag: Path, authority: Path) -> None:
    """R84"""
    asked = sending.ask_stamp(bag)
    answer = answered(authority, asked)
    (bag / "tagmanifest-sha256.txt").write_text("other")
    with pytest.raises(CheckFailed, match="of another package"):
        sending.keep_stamp(bag, answer)
    with pytest.raises(CheckFailed, match="no answer"):
        sending.keep_stamp(bag, b"nothing")
    with pytest.raises(CheckFailed) as raised:
        release.verify(bag)
    assert any(fault.field == "timestamp.tsq" for fault in raised.value.faults)

"""Originals: hashed before anything reads them, never changed, handed out to few and written down.

Holds R71 (originals and their metadata for few), R81 (hash first, originals read-only) and R82 (a flipped bit is found).
"""

import hashlib
import io
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import minimum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from photographs import photograph, refusal

from casualty import doctor, evidence
from casualty.access import Acting
from casualty.errors import CheckFailed, InvalidRecords, NotFound, Refused, UsageFault
from casualty.evidence import copies, items
from casualty.evidence.items import Items
from casualty.schema import DocumentFields, SituationFields, SourceFields
from casualty.store import Store

SEVERAL = (b"first bytes", b"second bytes", b"third")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a server's database keeps its originals in."""
    named = tmp_path / "originals"
    monkeypatch.setenv(evidence.VARIABLE, str(named))
    return named


def row(store: Store, document_id: str) -> dict[str, Any]:
    return dict(store.current("document", document_id)["document"][0])


def test_a_file_is_kept_as_it_came_and_its_document_says_what_it_is(store: Store, by: Acting, clock: datetime) -> None:
    """R81: the hash is that of the bytes as they came, and of the file on the disk."""
    source = store.record("source", SourceFields(name="A neighbour"), by).id
    data = photograph()
    kept = evidence.keep(
        store, data, file_name="IMG_1.jpg", title="Market", source_id=source, media_type="text/plain", language="ar",
        retrieved_at="2024-05-03T10:00+03:00", custody_note="Handed over on a card.", by=by,
    )  # fmt: skip
    assert (kept.sha256, kept.bytes, kept.known) == (hashlib.sha256(data).hexdigest(), len(data), False)
    held = row(store, kept.document_id)
    assert {name: held[name] for name in ("title", "file_name", "media_type", "source_id", "retrieved_at")} == {
        "title": "Market", "file_name": "IMG_1.jpg", "media_type": "image/jpeg", "source_id": source,
        "retrieved_at": "2024-05-03T07:00:00.000000Z",
    }  # fmt: skip
    path = Items.of(store).path(str(kept.sha256))
    assert path.read_bytes() == data
    assert path.stat().st_mode & 0o777 == 0o400
    assert {part.stat().st_mode & 0o777 for part in (path.parent, path.parent.parent)} == {0o700}
    store.verify()


def test_the_folder_lies_beside_a_file_or_is_named_for_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R81: no originals are put where nobody decided that they should lie."""
    assert evidence.items_folder(tmp_path / "a.db") == tmp_path / "a.db.items"
    server = "postgresql+psycopg://somebody@host/name"
    assert evidence.items_folder(server) == tmp_path / "originals"
    for wrong in ("", "  ", "originals"):
        monkeypatch.setenv(evidence.VARIABLE, wrong)
        with pytest.raises(UsageFault, match="CASUALTY_ITEMS to the whole path"):
            evidence.items_folder(server)


def test_the_same_bytes_are_one_file_and_one_document_unless_asked_otherwise(store: Store, by: Acting) -> None:
    """R81"""
    first = evidence.keep(store, b"bytes", file_name="a.txt", by=by)
    second = evidence.keep(store, io.BytesIO(b"bytes"), file_name="b.txt", by=by)
    assert (second.document_id, second.known) == (first.document_id, True)
    third = evidence.keep(store, b"bytes", file_name="c.txt", by=by, again=True)
    assert third.document_id != first.document_id
    assert list(Items.of(store).listed()) == [first.sha256]
    for kept in (first, third):
        store.withdraw("document", kept.document_id, by, "mistaken")
    assert not evidence.keep(store, b"bytes", file_name="d.txt", by=by).known
    assert evidence.check(store).sound


def test_the_hash_is_taken_before_anything_else_sees_the_bytes(store: Store, by: Acting) -> None:
    """R81: the file is read once, from where it stands, by the hash; what cannot be read as a picture is kept too."""

    class Once(io.BytesIO):
        reads: list[int] = []  # noqa: RUF012

        def read(self, size: int | None = -1, /) -> bytes:
            self.reads.append(self.tell())
            return super().read(size)

        def seek(self, *_: int) -> int:
            raise AssertionError("nobody goes back in a file that is being hashed")

    data = b"\xff\xd8\xff" + os.urandom(items.CHUNK + 5)
    kept = evidence.keep(store, Once(data), file_name="broken.jpg", by=by)
    assert kept.sha256 == hashlib.sha256(data).hexdigest()
    assert Once.reads == [0, items.CHUNK, len(data)]


@pytest.mark.parametrize(
    ("data", "more", "fault"),
    [
        (b"", {}, "file: Is empty."),
        (b"too long", {}, "file: Is larger than"),
        (b"x", {"title": "x" * 401}, "title: Is longer than 400 characters."),
        (b"x", {"title": "a\x00b"}, "document.title: Holds a character that cannot be kept"),
        (b"x", {"url": "ftp://example.org/x"}, "url: Is not the address of a page."),
        (b"x", {"retrieved_at": "yesterday"}, "retrieved_at: Is not a day and time."),
        (b"x", {"retrieved_at": "9999-01-01"}, "retrieved_at: 9999-01-01 has not come yet."),
        (b"x", {"reason": "\x00"}, "revision.reason: Holds a character"),
        (b"x", {"language": "x" * 17, "url": "//"}, "language: Is longer than 16"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words_and_leaves_nothing(
    sqlite_store: Store, data: bytes, more: dict[str, str], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R20, R81: every fault is said before a file is kept; no file without its row, no row without its file."""
    monkeypatch.setattr(items, "LARGEST", 5)
    with pytest.raises(InvalidRecords) as refused:
        evidence.keep(sqlite_store, data, file_name="a", by=sqlite_store.local("tester"), **more)  # type: ignore[arg-type]
    assert fault in str(refused.value)
    found = evidence.check(sqlite_store)
    assert (found.documents, found.unrecorded) == (0, ())
    assert not list((Items.of(sqlite_store).folder / items.INCOMING).glob("*"))


NAMES = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=400),
    st.sampled_from(
        ["../../etc/passwd", "C:\\con", "a\x00b", "\u202egpj.exe", "\ud800", "😀" * 200, "x" * 2000, "", "."]
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200), file_name=NAMES)
def test_any_bytes_under_any_name_are_kept_or_refused_in_words(
    sqlite_store: Store, data: bytes, file_name: str
) -> None:
    """R81: a name is kept as it came, as far as a database can, and never leads anywhere."""
    by, before = sqlite_store.local("tester"), set(Items.of(sqlite_store).listed())
    refused = refusal(evidence.keep, sqlite_store, data, file_name=file_name, by=by, again=True)
    if refused is not None:
        assert not data, refused
        return
    (held,) = sqlite_store.rows(sa.text("SELECT title, file_name FROM document ORDER BY id DESC LIMIT 1"))
    storable = len(file_name) <= 300 and file_name.isprintable() and file_name == file_name.strip()
    assert held.file_name == (file_name or None) if storable else held.file_name or not file_name.strip()
    assert held.title == f"Document {hashlib.sha256(data).hexdigest()[:12]}"
    assert set(Items.of(sqlite_store).listed()) - before <= {hashlib.sha256(data).hexdigest()}


def test_a_name_that_cannot_be_kept_whole_says_so(store: Store, by: Acting) -> None:
    """R81"""
    spaced = evidence.keep(store, b"y", file_name=" a.txt", by=by)
    assert row(store, spaced.document_id)["custody_note"] == "Spaces around the file's name are left out."
    kept = evidence.keep(store, b"x", file_name="n\x00" + "m" * 400, title="T", custody_note="From a family.", by=by)
    held = row(store, kept.document_id)
    assert held["file_name"] == "n\ufffd" + "m" * 298
    assert held["custody_note"] == (
        "From a family.\nThe file's name held signs that cannot be kept; they read \ufffd here."
        " The file's name had 402 signs; the first 300 are kept."
    )


KINDS = [
    (photograph(), None, "image/jpeg"),
    (photograph(kind="PNG"), "image/jpeg", "image/png"),
    (photograph(kind="WEBP"), None, "image/webp"),
    (b"%PDF-1.7 ...", "text/html", "application/pdf"),
    (b"\x00\x00\x00\x18ftypmp42", None, "video/mp4"),
    (b"\x00\x00\x00\x18ftypheic", None, "image/heic"),
    (b"PK\x03\x04", "application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
    (b"PK\x03\x04", "text/plain", "application/zip"),
    (b"plain words", "text/plain", "text/plain"),
    (b"plain words", None, None),
]


@pytest.mark.parametrize(("data", "stated", "shown"), KINDS)
def test_the_bytes_say_what_a_file_is(data: bytes, stated: str | None, shown: str | None) -> None:
    """R81: what a browser says counts only where the bytes are silent."""
    assert copies.media_type_of(data[: items.HEAD], stated) == shown


# Changed, gone, left over ----------------------------------------------------------------------------------------


def test_a_check_names_what_is_changed_gone_or_left_over(store: Store, by: Acting) -> None:
    """R82: flip a bit and the alarm is raised, by the check, the doctor and every look at the file."""
    kept = [evidence.keep(store, data, file_name="a", by=by) for data in SEVERAL]
    held = Items.of(store)
    changed, gone, whole = (held.path(str(one.sha256)) for one in kept)
    changed.chmod(0o600)
    changed.write_bytes(b"firsT bytes")
    gone.chmod(0o600)
    gone.unlink()
    (whole.parent / "notes.txt").write_text("not ours")
    orphan = held.take(io.BytesIO(b"the row never came")).sha256
    found = evidence.check(store)
    assert found.changed == ((kept[0].document_id, kept[0].sha256),)
    assert found.missing == ((kept[1].document_id, kept[1].sha256),)
    assert set(found.unrecorded) == {orphan, f"{whole.parent.name}/notes.txt"}
    assert (found.documents, found.sound) == (2, False)
    for one, said in ((kept[0], "its bytes have changed"), (kept[1], "is not in its folder")):
        with pytest.raises(CheckFailed, match=said):
            evidence.original(store, one.document_id, by, "a look")
    with pytest.raises(CheckFailed, match="its bytes have changed"):
        evidence.keep(store, SEVERAL[0], file_name="a", by=by)
    assert evidence.keep(store, SEVERAL[1], file_name="a", by=by).known
    assert evidence.check(store).missing == ()


def test_a_crash_leaves_a_file_without_a_row_and_never_a_row_without_its_file(
    store: Store, by: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R81: keeping it again mends it."""

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(evidence, "_recorded", crash)
        with pytest.raises(KeyboardInterrupt):
            evidence.keep(store, b"bytes", file_name="a", by=by)
    assert evidence.check(store).unrecorded == (hashlib.sha256(b"bytes").hexdigest(),)
    with monkeypatch.context() as patched:
        patched.setattr(items.os, "fsync", crash)
        with pytest.raises(KeyboardInterrupt):
            evidence.keep(store, b"other", file_name="a", by=by)
    assert evidence.check(store).unrecorded == (hashlib.sha256(b"bytes").hexdigest(),)
    assert not evidence.keep(store, b"bytes", file_name="a", by=by).known
    assert evidence.check(store).unrecorded == ()


def test_half_written_files_are_swept_once_nobody_writes_them(store: Store, by: Acting) -> None:
    """R81"""
    evidence.keep(store, b"bytes", file_name="a", by=by)
    coming = Items.of(store).folder / items.INCOMING
    old, fresh = coming / "old", coming / "fresh"
    for path in (old, fresh):
        path.write_bytes(b"half")
    long_ago = time.time() - items.STALE_SECONDS - 60
    os.utime(old, (long_ago, long_ago))
    assert evidence.check(store).swept == 1
    assert (old.exists(), fresh.exists()) == (False, True)


def test_a_folder_that_takes_nothing_is_told_in_words(store: Store, by: Acting) -> None:
    """R81: the record then says nothing of a file that it does not have."""
    Items.of(store).folder.write_text("a file where the folder should be")
    with pytest.raises(CheckFailed, match=r"cannot be kept in .* Nothing was recorded"):
        evidence.keep(store, b"bytes", file_name="a", by=by)
    assert evidence.check(store).documents == 0


def test_documents_of_an_intake_keep_no_file_and_are_no_alarm(sqlite_store: Store, tmp_path: Path) -> None:
    """R82: an intake hashes its file and keeps its rows verbatim; it never said that the file lies here."""
    by = sqlite_store.local("tester")
    with sqlite_store.writing(by) as writer:
        writer.batch_id = "0" * 36
        writer.record("document", DocumentFields(title="A data set", sha256="a" * 64, bytes=1))
    assert evidence.check(sqlite_store) == evidence.Checked(0, (), (), (), 1, 0)
    sqlite_store.record("document", DocumentFields(title="A photograph", sha256="b" * 64, bytes=1), by)
    assert [sha256 for _, sha256 in evidence.check(sqlite_store).missing] == ["b" * 64]


def test_the_doctor_looks_at_every_original(tmp_path: Path) -> None:
    """R82"""
    store = Store.create(tmp_path / "r.db")
    kept = evidence.keep(store, b"bytes", file_name="a", by=store.local("tester"))
    path = Items.of(store).path(str(kept.sha256))
    store.close()

    def found() -> doctor.Finding:
        return next(finding for finding in doctor.examine(str(tmp_path / "r.db")) if finding.what == "originals")

    assert (found().ok, found().found) == (True, "1 file, each with the hash of its document")
    path.parent.parent.chmod(0o755)
    assert (found().ok, "others" in found().found) == (False, True)
    path.parent.parent.chmod(0o700)
    path.chmod(0o600)
    path.write_bytes(b"other")
    assert (found().ok, kept.document_id in found().found) == (False, True)


# Who may hold an original ----------------------------------------------------------------------------------------


def test_only_some_roles_hold_originals_and_see_metadata(store: Store, accounts: dict[str, Acting]) -> None:
    """R71: tried as every role; each time it was granted stands in the custody note and in the ledger."""
    kept = evidence.keep(store, photograph(), file_name="a.jpg", by=accounts["recorder"])
    handed = []
    for name, acting in accounts.items():
        refused = refusal(evidence.original, store, kept.document_id, acting, "for  the\ncourt")
        also = refusal(evidence.metadata, store, kept.document_id, acting)
        assert type(refused) is type(also)
        if refused is None:
            handed.append(name)
        else:
            assert "may not have originals" in str(refused)
    assert evidence.original(store, kept.document_id, accounts["reviewer"], "x").read_bytes() == photograph()
    assert sorted(handed) == ["administrator", "custodian", "reviewer"]
    told = [revised for revised in store.history("document", kept.document_id) if revised.operation == "amend"]
    assert sorted({revised.actor for revised in told}) == sorted(handed)
    assert [revised.reason for revised in told] == [*["for  the\ncourt", "metadata read"] * 3, "x"]
    notes = row(store, kept.document_id)["custody_note"].splitlines()
    assert [note.split(" ", 2)[2] for note in notes] == [
        "took out the original: for the court", "read the metadata of the original",
    ] * 3 + ["took out the original: x"]  # fmt: skip
    store.verify()


def test_an_original_is_not_handed_out_without_a_reason_or_a_file(store: Store, by: Acting) -> None:
    """R71"""
    kept = evidence.keep(store, b"bytes", file_name="a", by=by)
    with pytest.raises(InvalidRecords, match="not taken out without a reason"):
        evidence.original(store, kept.document_id, by, " ")
    page = evidence.page(store, "https://example.org/", by=by)
    for asked in (evidence.metadata, lambda *given: evidence.original(*given, "why")):
        with pytest.raises(InvalidRecords, match="There is no file to show"):
            asked(store, page.document_id, by)
        with pytest.raises(NotFound):
            asked(store, "nothing", by)
    assert "custody_note" not in row(store, kept.document_id)


def test_recording_a_document_needs_the_role_and_is_asked_before_a_file_is_kept(
    store: Store, accounts: dict[str, Acting]
) -> None:
    """R71, R81"""
    with pytest.raises(Refused):
        evidence.keep(store, b"bytes", file_name="a", by=accounts["custodian"])
    with pytest.raises(Refused):
        evidence.page(store, "https://example.org/", by=accounts["custodian"])
    assert evidence.check(store).unrecorded == ()


def test_who_is_cleared_for_named_situations_sees_what_theirs_rests_on(
    store: Store, accounts: dict[str, Acting]
) -> None:
    """R71: a document that no incident of theirs names is not found."""
    by, administrator = accounts["recorder"], accounts["administrator"]
    situations = [
        store.record("situation", SituationFields(name=name), accounts["analyst"]).id for name in ("North", "South")
    ]
    kept = [evidence.keep(store, photograph((90, 60 + n)), file_name="a.jpg", by=by).document_id for n in range(3)]
    for situation, document in zip(situations, kept, strict=False):
        store.record("incident", minimum(document, situation_id=situation), by)
    store.clear("reviewer", situations[0], administrator, "assigned")
    reviewer = accounts["reviewer"]
    assert evidence.original(store, kept[0], reviewer, "to compare").is_file()
    assert evidence.working_copy(store, kept[0], blurred=True, width=50, by=reviewer)
    for hidden in kept[1:]:
        with pytest.raises(NotFound):
            evidence.original(store, hidden, reviewer, "to compare")
        with pytest.raises(NotFound):
            evidence.metadata(store, hidden, reviewer)
        with pytest.raises(NotFound):
            evidence.working_copy(store, hidden, blurred=True, width=50, by=reviewer)


# Pages and what is said of documents -----------------------------------------------------------------------------


def test_a_page_is_kept_with_the_time_it_was_seen_and_nothing_is_fetched(store: Store, by: Acting) -> None:
    """R81: keeping it twice is one document; seen another time it is another."""
    seen = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)
    first = evidence.page(store, " https://example.org/a?b=ä#c ", retrieved_at=seen, by=by)
    assert (first.sha256, first.known) == (None, False)
    assert evidence.page(store, "https://example.org/a?b=ä#c", retrieved_at="2024-05-03 12:00", by=by).known
    assert not evidence.page(store, "https://example.org/a?b=ä#c", retrieved_at="2024-05-03 12:01", by=by).known
    held = row(store, first.document_id)
    assert (held["url"], held["title"]) == ("https://example.org/a?b=ä#c", "https://example.org/a?b=ä#c")
    now = evidence.page(store, "https://example.org/b", title="B", by=by)
    assert row(store, now.document_id)["retrieved_at"] == row(store, now.document_id)["recorded_at"]
    saved = evidence.page(store, "https://example.org/b", data=b"<html>", file_name="b.html", by=by)
    assert (row(store, saved.document_id)["url"], saved.bytes) == ("https://example.org/b", 6)


@pytest.mark.parametrize(
    "address",
    ["", " ", "example.org", "ftp://example.org", "javascript:alert(1)", "http://", "http:///x", "file:///etc/passwd",
     "http://[::1", "http://h:99999/", "http://a b/", "http://a/\u202e", "https://me:word@example.org/", "http://a/\x00",
     "https://example.org/" + "x" * 2000],
)  # fmt: skip
def test_what_is_no_address_of_a_page_is_refused_in_words(sqlite_store: Store, address: str) -> None:
    """R81"""
    with pytest.raises(InvalidRecords) as refused:
        evidence.page(sqlite_store, address, by=sqlite_store.local("tester"))
    assert "url: " in str(refused.value)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(address=st.text(max_size=40).map("http".__add__) | st.text(max_size=40), seen=st.text(max_size=25))
def test_any_address_and_any_time_are_kept_or_refused_in_words(sqlite_store: Store, address: str, seen: str) -> None:
    """R81"""
    refused = refusal(evidence.page, sqlite_store, address, retrieved_at=seen, by=sqlite_store.local("tester"))
    assert refused is None or refused.faults


def test_a_document_is_described_later_and_its_hash_stays(store: Store, by: Acting) -> None:
    """R81: what is said of a file may be mended; which file it is may not."""
    kept = evidence.keep(store, b"bytes", file_name="a.txt", by=by)
    source = store.record("source", SourceFields(name="A neighbour"), by).id
    evidence.describe(store, kept.document_id, by=by, title="Letter", source_id=source, reason="named")
    evidence.describe(store, kept.document_id, by=by, retrieved_at="2024-05-03 12:00", url="https://example.org/")
    (held,) = evidence.documents(store, [kept.document_id, "unknown"])
    assert (held["title"], held["source"], held["url"]) == ("Letter", "A neighbour", "https://example.org/")
    evidence.describe(store, kept.document_id, by=by, url=None)
    assert "url" not in row(store, kept.document_id)
    for wrong in ({"title": ""}, {"url": "x"}, {"retrieved_at": "x"}, {"sha256": "0" * 64}, {"title": "\x00"}):
        with pytest.raises(InvalidRecords):
            evidence.describe(store, kept.document_id, by=by, **wrong)


def test_the_documents_that_an_incident_names(store: Store, by: Acting) -> None:
    """R81"""
    kept = [evidence.keep(store, data, file_name="a", by=by).document_id for data in SEVERAL]
    claims = [{"document_id": document, "killed_best": 7} for document in (kept[1], kept[0], kept[1])]
    saved = store.record("incident", minimum(kept[1], claims=claims), by)
    assert set(evidence.cited(store.current("incident", saved.id))) == {kept[0], kept[1]}
    assert [held["id"] for held in evidence.documents(store, kept)] == kept

"""Documents on the pages: kept as soon as they come, covered until asked for, handed out to few and written down.

Holds R71 (metadata and originals for few), R81 (a file is kept as it came) and R100 (covered by default).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from photographs import SECRET, photograph
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.testing.v1 import AppTest

from app import evidence as page
from app import session
from casualty import evidence
from casualty.access import Acting
from casualty.errors import InvalidRecords
from casualty.schema import AccountFields, SourceFields
from casualty.store import Store
from casualty.vocabulary import Role

ATTACH = """
import streamlit as st
from app import evidence, session
given = {"documents": st.query_params.get_all("document"), "page_address": st.query_params.get("address", "")}
st.session_state["returned"] = evidence.attach("entry", session.acting(), given)
"""
GALLERY = """
import streamlit as st
from app import evidence, session
if "elsewhere" not in st.query_params:
    evidence.gallery(st.query_params.get_all("document"), session.acting())
"""
NASTY = "<script>alert(1)</script> *star*"
Page = Callable[..., AppTest]


@pytest.fixture
def house(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store, shown by the pages, with an account of each role, on each kind of database."""
    monkeypatch.setenv(evidence.VARIABLE, str(tmp_path / "originals"))
    monkeypatch.setattr(session, "store", lambda: store)
    with store.writing(store.local("tester"), action="account") as writer:
        for role in Role:
            writer.record("account", AccountFields(name=role.value, role=role, credential_digest="0" * 64))
    return store


def who(role: Role) -> Acting:
    return Acting(role.value, role)


@pytest.fixture
def opened(house: Store, monkeypatch: pytest.MonkeyPatch) -> Page:
    """Opens a page as somebody of a role, at an address."""

    def open_page(script: str, role: Role = Role.RECORDER, **params: Any) -> AppTest:
        monkeypatch.setattr(session, "acting", lambda: who(role))
        test = AppTest.from_string(script, default_timeout=60)
        for name, value in params.items():
            test.query_params[name] = value
        return well(test.run())

    return open_page


def well(test: AppTest) -> AppTest:
    assert not test.exception
    return test


def said(test: AppTest) -> str:
    """All that is written on the page."""
    parts = [element.value for kind in ("caption", "markdown", "code") for element in test.get(kind)]
    return "\n".join([*parts, *(element.proto.body for element in test.get("html"))])


def alt(test: AppTest) -> str:
    """What stands for the one picture on the page."""
    (picture,) = test.image
    return str(picture.proto.imgs[0].alt)


def choose(test: AppTest, key: str, value: str) -> AppTest:
    """Choose in a box, or type there what is not in its list."""
    box = test.selectbox(key=key)
    if value not in box.options:
        box.options.append(value)
    return well(box.set_value(value).run())


def attached(test: AppTest) -> list[str]:
    found: list[str] = test.session_state["returned"]["documents"]
    return found


def document(house: Store, test: AppTest, at: int = 0) -> dict[str, Any]:
    return evidence.documents(house, attached(test))[at]


def test_files_are_kept_at_once_and_streamlit_s_copies_are_dropped(
    house: Store, opened: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R81: byte for byte, with the name they came with; the uploader is empty again, and a reload loses nothing."""
    managers: list[MemoryUploadedFileManager] = []
    dropped = MemoryUploadedFileManager.remove_file

    def remove(self: MemoryUploadedFileManager, session_id: str, file_id: str) -> None:
        dropped(self, session_id, file_id)
        managers.append(self)

    monkeypatch.setattr(MemoryUploadedFileManager, "remove_file", remove)
    test, data = opened(ATTACH), photograph()
    came = [("صورة ١.jpg", data, "image/jpeg"), ("b.txt", b"words", "text/plain"), ("b.txt", b"words", "text/plain")]
    well(test.file_uploader[0].set_value(came).run())
    held = evidence.documents(house, attached(test))
    assert [row["file_name"] for row in held] == ["صورة ١.jpg", "b.txt"]
    assert [row["media_type"] for row in held] == ["image/jpeg", "text/plain"]
    assert evidence.Items.of(house).path(held[0]["sha256"]).read_bytes() == data
    assert len(managers) == 3
    assert not any(managers[-1].file_storage.values())
    assert test.file_uploader[0].value == []
    well(test.run())
    assert len(attached(test)) == 2
    elsewhere = opened(ATTACH, document=attached(test))
    assert attached(elsewhere) == attached(test)
    assert evidence.check(house).sound


def test_a_file_that_cannot_be_kept_is_named_and_the_others_are_kept(house: Store, opened: Page) -> None:
    """R81: a fault in words, no traceback, nothing else lost."""
    test = opened(ATTACH)
    well(test.file_uploader[0].set_value([("empty.txt", b"", "text/plain"), ("b.txt", b"words", "x" * 200)]).run())
    assert len(attached(test)) == 1
    assert "empty.txt was not kept" in said(test)
    assert "Is empty. Look whether it was saved" in said(test)
    assert "was not kept" not in said(well(test.run()))


def test_who_may_record_no_documents_is_told_so(house: Store, opened: Page) -> None:
    """R71"""
    test = opened(ATTACH, Role.CUSTODIAN)
    well(test.file_uploader[0].set_value([("b.txt", b"words", "text/plain")]).run())
    assert (attached(test), "may not evidence" in said(test)) == ([], True)
    assert evidence.check(house).unrecorded == ()


def test_what_is_said_of_a_document_is_saved_when_its_box_is_left(house: Store, opened: Page) -> None:
    """R81: title, source (new or known), address, time; a fault stands at the document and what was typed stays."""
    known = house.record("source", SourceFields(name="A neighbour"), who(Role.RECORDER)).id
    test = opened(ATTACH)
    well(test.file_uploader[0].set_value([("b.txt", b"words", "text/plain")]).run())
    key = f"entry-{attached(test)[0]}"
    well(test.text_input(key=f"{key}-title").set_value("A letter").run())
    well(test.text_input(key=f"{key}-retrieved_at").set_value("2024-05-03 12:00").run())
    choose(test, f"{key}-source", "a neighbour")
    held = document(house, test)
    assert (held["title"], held["source_id"], held["retrieved_at"][:16]) == ("A letter", known, "2024-05-03T12:00")
    choose(test, f"{key}-source", "A second neighbour")
    well(test.text_input(key=f"{key}-url").set_value("nonsense").run())
    assert "Is not the address of a page." in said(test)
    assert test.text_input(key=f"{key}-url").value == "nonsense"
    assert (document(house, test)["source"], document(house, test)["url"]) == ("A second neighbour", None)
    well(test.text_input(key=f"{key}-url").set_value("https://example.org/").run())
    assert "Is not the address" not in said(test)
    assert document(house, test)["url"] == "https://example.org/"


def test_an_address_is_kept_with_its_time_and_stays_typed_if_it_is_refused(house: Store, opened: Page) -> None:
    """R81: what was typed on another device is in the box."""
    test = opened(ATTACH, address="example.org/a")
    well(test.button(key="entry-page").click().run())
    assert "Is not the address of a page." in said(test)
    assert (test.session_state["returned"]["page_address"], attached(test)) == ("example.org/a", [])
    well(test.text_input(key="entry-page_address").set_value("https://example.org/a").run())
    well(test.text_input(key="entry-page_seen").set_value("2024-05-03 12:00").run())
    well(test.button(key="entry-page").click().run())
    held = document(house, test)
    assert (held["url"], held["retrieved_at"][:16]) == ("https://example.org/a", "2024-05-03T12:00")
    assert test.session_state["returned"]["page_address"] == ""
    assert "No file: the address alone is kept." in said(test)


def test_a_document_is_taken_out_of_an_entry_and_stays_a_document(house: Store, opened: Page) -> None:
    """R20"""
    test = opened(ATTACH)
    well(test.file_uploader[0].set_value([("b.txt", b"words", "text/plain")]).run())
    (kept,) = attached(test)
    well(test.button(key=f"entry-{kept}-out").click().run())
    assert attached(test) == []
    assert evidence.documents(house, [kept])


def test_what_somebody_else_recorded_is_shown_and_not_edited(house: Store, opened: Page) -> None:
    """R81: the same file from two recorders is one document."""
    kept = evidence.keep(house, b"words", file_name="a.txt", title=NASTY, by=who(Role.ANALYST))
    test = opened(ATTACH)
    well(test.file_uploader[0].set_value([("b.txt", b"words", "text/plain")]).run())
    assert attached(test) == [kept.document_id]
    assert "Somebody else recorded this document before" in said(test)
    assert not [box for box in test.text_input if kept.document_id in str(box.key)]
    assert "<script>" not in said(test)


def gallery_of(house: Store, opened: Page, data: bytes, role: Role, **more: Any) -> tuple[AppTest, str]:
    kept = evidence.keep(house, data, file_name="a.jpg", by=who(Role.RECORDER), **more)
    return opened(GALLERY, role, document=[kept.document_id]), f"gallery-{kept.document_id}"


def test_a_picture_is_covered_until_asked_for_and_again_after_leaving(
    house: Store, opened: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R100"""
    asked: list[bool] = []
    real = evidence.working_copy

    def copy(*given: Any, blurred: bool, **more: Any) -> bytes:
        asked.append(blurred)
        return real(*given, blurred=blurred, **more)

    monkeypatch.setattr(evidence, "working_copy", copy)
    test, key = gallery_of(house, opened, photograph(), Role.ANALYST, title=NASTY)
    assert (asked, alt(test)) == ([True], "A covered image")
    assert "Covered: it may show what is hard to see." in said(test)
    well(test.toggle(key=f"{key}-show").set_value(True).run())
    assert (asked, alt(test)) == ([True, False], NASTY)
    test.query_params["elsewhere"] = "1"
    well(test.run())
    del test.query_params["elsewhere"]
    well(test.run())
    assert (test.toggle(key=f"{key}-show").value, alt(test)) == (False, "A covered image")
    assert "<script>" not in said(test)


@pytest.mark.parametrize("role", list(Role))
def test_the_original_and_its_metadata_are_for_few(house: Store, opened: Page, role: Role) -> None:
    """R71: the others see no button, and no word of what the file says of itself."""
    test, key = gallery_of(house, opened, photograph(), role)
    few = role in (Role.REVIEWER, Role.CUSTODIAN, Role.ADMINISTRATOR)
    assert bool(test.get("download_button")) == few
    assert [toggle.key for toggle in test.toggle] == [f"{key}-show", f"{key}-metadata"][: 1 + few]
    assert SECRET not in said(test)
    if few:
        assert test.get("download_button")[0].proto.disabled
        well(test.text_input(key=f"{key}-reason").set_value("for the court").run())
        assert not test.get("download_button")[0].proto.disabled


def test_the_original_comes_byte_for_byte_and_is_written_down(house: Store, opened: Page) -> None:
    """R71, R81"""
    test, key = gallery_of(house, opened, photograph(), Role.REVIEWER)
    kept = key.removeprefix("gallery-")
    assert page._original(kept, who(Role.REVIEWER), "for the court") == photograph()
    with pytest.raises(InvalidRecords):
        page._original(kept, who(Role.REVIEWER), " ")
    well(test.run())
    assert "reviewer took out the original: for the court" in said(test)


def test_metadata_is_read_once_when_asked_for(house: Store, opened: Page) -> None:
    """R71: reading it is written down once, however often the page is drawn; put away, it is forgotten."""
    test, key = gallery_of(house, opened, photograph(), Role.CUSTODIAN)
    well(test.toggle(key=f"{key}-metadata").set_value(True).run())
    for _ in range(2):
        assert SECRET in said(well(test.run()))
    assert "Coordinates that the camera wrote (not of the incident)" in said(test)
    well(test.toggle(key=f"{key}-metadata").set_value(False).run())
    assert SECRET not in said(test)
    assert f"{key}-facts" not in test.session_state
    operations = [revised.operation for revised in house.history("document", key.removeprefix("gallery-"))]
    assert operations == ["record", "amend"]


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"\xff\xd8\xff broken", "It cannot be read as a picture"),
        (b"%PDF-1.7", "No picture is shown of a file of this kind."),
        (b"\x00\x00\x00\x18ftypmp42", "No picture is shown of a file of this kind."),
    ],
)
def test_what_has_no_picture_says_so(house: Store, opened: Page, data: bytes, word: str) -> None:
    """R100: in words, and without a failure."""
    test, key = gallery_of(house, opened, data, Role.REVIEWER)
    assert word in said(test)
    well(test.toggle(key=f"{key}-metadata").set_value(True).run())


def test_a_file_that_is_gone_is_told(house: Store, opened: Page) -> None:
    """R82"""
    kept = evidence.keep(house, photograph(), file_name="a.jpg", by=who(Role.RECORDER))
    path = evidence.Items.of(house).path(str(kept.sha256))
    path.unlink()
    test = opened(GALLERY, Role.REVIEWER, document=[kept.document_id])
    assert "is not in its folder; restore it from a copy" in said(test)


def test_documents_are_described_in_the_reader_s_words(house: Store, opened: Page) -> None:
    """R81: an address is text, for a link would tell its owner who reads; what is not known says so."""
    kept = evidence.page(house, "https://example.org/?q=<b>", by=who(Role.RECORDER)).document_id
    withdrawn = evidence.keep(house, b"words" * 3000, file_name="a.txt", by=who(Role.RECORDER)).document_id
    house.withdraw("document", withdrawn, who(Role.RECORDER), "sent by mistake")
    test = opened(GALLERY, document=[kept, withdrawn])
    assert "https://example.org/?q=&lt;b&gt;" in said(test)
    assert "<a " not in said(test)
    assert "unknown" in said(test)
    assert "15 kB" in said(test)
    assert "sent by mistake" in said(test)
    assert "No document is attached." in said(opened(GALLERY))


@pytest.mark.parametrize(
    ("length", "shown"), [(0, "0 bytes"), (9999, "9999 bytes"), (10_400, "10 kB"), (2_550_000, "2.5 MB")]
)
def test_a_size_is_said_in_round_numbers(length: int, shown: str) -> None:
    """R81"""
    assert page._size(length) in (shown, shown.replace("2.5", "2.6"))

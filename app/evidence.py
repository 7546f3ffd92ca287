"""Documents on the pages: files and addresses attached to an entry, and what is shown of them afterwards.

A file is kept as soon as it has come, so that no reload loses it. Pictures are covered until somebody asks for one. The
original and its metadata go only to those who may have them, and each time it is written down.
"""

import mimetypes
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app import language, session, widgets
from app.language import later, phrase, say
from casualty import evidence
from casualty.access import Acting
from casualty.errors import CasualtyError, Word
from casualty.schema import SourceFields
from casualty.store import Store

WIDTH = 900
MEGABYTES = 200  # of one file sent through a page: the browser's part lies in memory until it is kept
SHORT = 12
PICTURES_SECONDS = 600
LONGEST_TYPE = 100
DOCUMENTS, ADDRESS, SEEN = "documents", "page_address", "page_seen"
NO_FILE = later("No file: the address alone is kept.")


def attach(name: str, by: Acting, draft: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for files and pages of an entry; return what its draft should hold, in plain values.

    `name` begins the keys of all boxes; `draft` is what an earlier call returned, on whatever device: `documents` (ids, in
    their order), `page_address` and `page_seen` (as typed). Files are kept at once, as documents that wait for their
    incident; what is said of each is saved when its box is left.
    """
    ids: list[str] = st.session_state.setdefault(f"{name}-documents", list(draft.get(DOCUMENTS) or ()))
    st.file_uploader(
        say("Photographs, videos, reports and other files"),
        accept_multiple_files=True,
        key=_uploader(name),
        max_upload_size=MEGABYTES,
        on_change=_keep_files,
        args=(name, by),
    )
    typed = _ask_for_page(name, by, draft)
    for told in st.session_state.pop(f"{name}-told", ()):
        widgets.faults(*told)
    for row in evidence.documents(session.store(), ids):
        with st.container(border=True):
            _attached(name, row, by, ids)
    return {DOCUMENTS: list(ids), **typed}


def _uploader(name: str) -> str:
    """Return the key of the uploader: another one after each keeping, so that it is empty again."""
    return f"{name}-files-{st.session_state.setdefault(f'{name}-round', 0)}"


def _keep_files(name: str, by: Acting) -> None:
    """Keep the files that have come, and let go of Streamlit's copies of them."""
    came = [file for file in st.session_state.get(_uploader(name)) or () if isinstance(file, UploadedFile)]
    st.session_state[f"{name}-round"] += 1
    for file in came:
        stated = file.type if len(file.type) <= LONGEST_TYPE else None
        keeping = partial(evidence.keep, session.store(), file, file_name=file.name, media_type=stated, by=by)
        _add(name, file.name, keeping)
    if (context := get_script_run_ctx()) is not None:
        for file in came:
            context.uploaded_file_mgr.remove_file(session_id=context.session_id, file_id=file.file_id)


def _add(name: str, what: str, keeping: partial[evidence.Kept]) -> bool:
    """Keep one thing and add its document to the entry; what was refused is told on the page."""
    try:
        kept = keeping(reason="attached to an entry")
    except CasualtyError as refused:
        message, faults = language.told(refused)
        said = say("{name} was not kept: {why}", name=what, why=Word(message))
        st.session_state.setdefault(f"{name}-told", []).append((said, faults))
        return False
    ids = st.session_state[f"{name}-documents"]
    if kept.document_id not in ids:
        ids.append(kept.document_id)
    return True


def _ask_for_page(name: str, by: Acting, draft: Mapping[str, Any]) -> dict[str, str]:
    """Ask for the address of a page and when it was seen; return both as typed."""
    where, when, go = st.columns([4, 2, 2], vertical_alignment="bottom")
    typed = {}
    for column, field, label, empty in (
        (where, ADDRESS, say("Address of a page"), "https://"),
        (when, SEEN, say("Seen on (UTC)"), say("now")),
    ):
        key = f"{name}-{field}"
        if key not in st.session_state:
            st.session_state[key] = draft.get(field) or ""
        typed[field] = column.text_input(label, key=key, placeholder=empty, persist_state="session") or ""
    go.button(say("Keep this address"), key=f"{name}-page", on_click=_keep_page, args=(name, by))
    return typed


def _keep_page(name: str, by: Acting) -> None:
    """Keep the address that was typed; the boxes stay as they are if it was refused."""
    address, seen = (str(st.session_state[f"{name}-{field}"] or "").strip() for field in (ADDRESS, SEEN))
    keeping = partial(evidence.page, session.store(), address, retrieved_at=seen or None, by=by)
    if _add(name, address or say("The address"), keeping):
        st.session_state[f"{name}-{ADDRESS}"] = st.session_state[f"{name}-{SEEN}"] = ""


def _attached(name: str, row: Mapping[str, Any], by: Acting, ids: list[str]) -> None:
    """Show one document of an entry; whoever recorded it says here what it is."""
    key = f"{name}-{row['id']}"
    if row["recorded_by"] == by.name:
        _described(key, row, by)
    else:
        st.caption(say("Somebody else recorded this document before; it is shown as they described it."))
        _facts(row)
    if row["file_name"]:
        st.html(f'<p class="document">{phrase("It came as {name}", name=widgets.text(row["file_name"]))}</p>')
    if row["sha256"]:
        st.caption(say("Kept: {size}, SHA-256 {hash}", size=Word(_size(row["bytes"])), hash=row["sha256"][:SHORT]))
    else:
        st.caption(say(NO_FILE))
    st.button(say("Not part of this entry"), key=f"{key}-out", on_click=ids.remove, args=(row["id"],))


def _described(key: str, row: Mapping[str, Any], by: Acting) -> None:
    """Ask what a document is; each box is saved when it is left."""
    left, right = st.columns(2)
    held = {**row, "retrieved_at": (row["retrieved_at"] or "")[:16].replace("T", " ")}
    for column, field, label, hint in (
        (left, "title", say("Title (required)"), None),
        (right, "url", say("Address it came from"), "https://"),
        (left, "retrieved_at", say("When it was had (UTC)"), "2024-03-05 14:30"),
        (right, "language", say("Language of the document"), "ar, fr, en"),
    ):
        box, args = _box(key, field, held[field] or ""), (key, row["id"], field, by)
        column.text_input(label, key=box, placeholder=hint, on_change=_describe, args=args, persist_state="session")
    names = [source.name for source in session.listed("source")]
    st.selectbox(
        say("Source: who says so"),
        sorted({*names, *filter(None, [row["source"]])}, key=str.casefold),
        key=_box(key, "source", row["source"]),
        placeholder=say("Choose, or type a new one"),
        accept_new_options=True,
        on_change=_describe,
        args=(key, row["id"], "source", by),
        persist_state="session",
    )
    if refused := st.session_state.get(f"{key}-refused"):
        widgets.faults(*refused)


def _box(key: str, field: str, held: object) -> str:
    """Return the key of a box, filled at first with what is held."""
    box = f"{key}-{field}"
    if box not in st.session_state:
        st.session_state[box] = held
    return box


def _describe(key: str, document_id: str, field: str, by: Acting) -> None:
    """Save what was said of a document; what is refused stays typed, with its fault."""
    store, value = session.store(), str(st.session_state[f"{key}-{field}"] or "").strip()
    st.session_state.pop(f"{key}-refused", None)
    try:
        stated = {"source_id": _source(store, value, by)} if field == "source" else {field: value or None}
        evidence.describe(store, document_id, by=by, reason="described in an entry", **stated)
    except CasualtyError as refused:
        st.session_state[f"{key}-refused"] = language.told(refused)


def _source(store: Store, name: str, by: Acting) -> str | None:
    """Return the id of the source of this name, recorded now if there was none."""
    if not name:
        return None
    known = next((row.id for row in session.listed("source") if row.name.casefold() == name.casefold()), None)
    return known or store.record("source", SourceFields.model_construct(name=name), by, "named in an entry").id


# What is shown of documents --------------------------------------------------------------------------------------


def gallery(ids: Sequence[str], by: Acting, name: str = "gallery") -> None:
    """Show these documents: what is known of each, its picture covered until asked for, and the original for whom it is."""
    rows = evidence.documents(session.store(), ids)
    if not rows:
        st.caption(say("No document is attached."))
    for row in rows:
        with st.container(border=True):
            _facts(row)
            key = f"{name}-{row['id']}"
            if row["sha256"]:
                _hash(row)
                _picture(key, row, by)
            if row["sha256"] and evidence.may_handle(by):
                _handling(key, row, by)


def _facts(row: Mapping[str, Any]) -> None:
    """Show what is known of a document. An address is text and no link: opening it would tell its owner who reads."""
    st.html(f'<p class="document"><strong>{widgets.text(row["title"])}</strong></p>')
    shown = {
        say("Source"): widgets.text(row["source"]),
        say("Size"): escape(_size(row["bytes"])) if row["sha256"] else escape(say(NO_FILE)),
        say("When it was had (UTC)"): escape(language.moment(row["retrieved_at"]))
        if row["retrieved_at"]
        else widgets.unknown(),
        say("Language of the document"): widgets.text(row["language"]),
    }
    if row["url"]:
        shown[say("Address it came from")] = _long(row["url"])
    if row["withdrawn_at"]:
        shown[say("Withdrawn")] = widgets.text(row["withdrawn_reason"])
    widgets.facts(shown.items())


def _size(length: int | None) -> str:
    """Return the length of a file in words."""
    if length is None:
        return widgets.unknown()
    if length < 10_000:
        return say("{n} bytes", n=length)
    if length < 1_000_000:
        return say("{n} kB", n=round(length / 1000))
    return say("{n} MB", n=round(length / 1_000_000, 1))


def _hash(row: Mapping[str, Any]) -> None:
    with st.expander(f"SHA-256 {row['sha256'][:SHORT]}"):
        st.code(row["sha256"], language=None, wrap_lines=True)


def _picture(key: str, row: Mapping[str, Any], by: Acting) -> None:
    """Show a copy of a picture: covered, unless it was asked for since this page was opened."""
    if not evidence.is_image(row["media_type"]):
        st.caption(say("No picture is shown of a file of this kind."))
        return
    asked = st.toggle(say("Show this image"), key=f"{key}-show")
    if not asked:
        st.caption(say("Covered: it may show what is hard to see."))
    try:
        copy = _copy(row["id"], by, not asked, session.store())
    except CasualtyError as told:
        widgets.told(told)
        return
    st.image(copy, alt=row["title"] if asked else say("A covered image"))


@st.cache_data(max_entries=64, ttl=PICTURES_SECONDS, show_spinner=False)
def _copy(document_id: str, by: Acting, blurred: bool, _store: Store) -> bytes:
    return evidence.working_copy(_store, document_id, blurred=blurred, width=WIDTH, by=by)


def _handling(key: str, row: Mapping[str, Any], by: Acting) -> None:
    """Offer the original and its metadata; both are written into the custody note."""
    reason = st.text_input(say("What the original is needed for"), key=f"{key}-reason", live=True) or ""
    st.download_button(
        say("Download the original"),
        partial(_original, row["id"], by, reason),
        file_name=f"{row['sha256'][:SHORT]}{mimetypes.guess_extension(row['media_type'] or '') or '.bin'}",
        mime="application/octet-stream",
        disabled=not reason.strip(),
        key=f"{key}-download",
        on_click="ignore",
    )
    st.caption(
        say("Who takes the original or reads its metadata, when and what for, is written into the custody note.")
    )
    if st.toggle(
        say("Show the metadata of the file"), key=f"{key}-metadata", on_change=_read, args=(key, row["id"], by)
    ):
        _metadata(st.session_state.get(f"{key}-facts"))
    if row["custody_note"]:
        with st.expander(say("Custody")):
            st.html("<br>".join(map(widgets.text, row["custody_note"].splitlines())))


def _original(document_id: str, by: Acting, reason: str) -> bytes:
    """Return the bytes of an original as they came, and have it written down."""
    return evidence.original(session.store(), document_id, by, reason).read_bytes()


def _read(key: str, document_id: str, by: Acting) -> None:
    """Read a file's metadata once, when it is asked for; forget it when it is put away."""
    st.session_state.pop(f"{key}-facts", None)
    if st.session_state[f"{key}-metadata"]:
        try:
            st.session_state[f"{key}-facts"] = evidence.metadata(session.store(), document_id, by)
        except CasualtyError as told:
            st.session_state[f"{key}-facts"] = told


def _metadata(found: list[evidence.Fact] | CasualtyError | None) -> None:
    """Show what a file says of itself, or why it cannot be read."""
    if isinstance(found, CasualtyError):
        widgets.told(found)
        return
    st.caption(say("A camera's clock and place can be wrong or false. Nothing of this enters the record by itself."))
    named = ((say(fact.name) if isinstance(fact.name, Word) else fact.name, fact.value) for fact in found or ())
    widgets.facts((name, _long(value)) for name, value in named)


def _long(value: object) -> str:
    """Return a value as HTML that may be broken anywhere, so that it fits a narrow screen."""
    return f'<span style="overflow-wrap: anywhere">{widgets.text(value)}</span>'

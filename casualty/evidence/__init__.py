"""Documents and their originals: kept with their hash before anything reads them, handed out only to those who may.

An original is never changed. What is shown is a copy; who took an original out, or read its metadata, and why, is
written into the document's custody note, and so into the ledger. Standards: R71, R81, R82; Berkeley Protocol (2022),
chapter VI, on collection, preservation and the chain of custody.
"""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import sqlalchemy as sa
from pydantic import ValidationError

from casualty import access, bodies
from casualty.access import Acting
from casualty.errors import Fault, InvalidRecords, Refused, Word
from casualty.evidence import copies
from casualty.evidence.copies import Fact, is_image
from casualty.evidence.items import LARGEST, VARIABLE, Items, items_folder
from casualty.ledger import Row, Rows
from casualty.schema import DocumentFields, table
from casualty.store import Store, faults_of, history
from casualty.vocabulary import Operation, Role
from casualty.writing import Saved, Writer, nothing

__all__ = [
    "HANDLERS", "LARGEST", "VARIABLE", "Checked", "Fact", "Items", "Kept", "check", "cited", "describe", "documents",
    "is_image", "items_folder", "keep", "may_handle", "metadata", "original", "page", "working_copy",
]  # fmt: skip

# Who may hold an original, and see what a file says of itself.
HANDLERS = frozenset({Role.REVIEWER, Role.CUSTODIAN, Role.ADMINISTRATOR})
LONGEST_NAME = 300
UNTITLED, SHORT = "Document", 12
UNKEPT = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Kept:
    """A document as kept: its id, the hash and length of its file if it has one, and whether it was here already."""

    document_id: str
    sha256: str | None
    bytes: int | None
    known: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of the originals found.

    `documents` have a file that lies here; `missing` are (document, hash) without it, `changed` those whose file holds
    other bytes; `unrecorded` files belong to no document; `elsewhere` documents came by an intake, which keeps no file;
    `swept` half-written files were removed.
    """

    documents: int
    missing: tuple[tuple[str, str], ...]
    changed: tuple[tuple[str, str], ...]
    unrecorded: tuple[str, ...]
    elsewhere: int
    swept: int

    @property
    def sound(self) -> bool:
        """Whether every document has its file, unchanged."""
        return not self.missing and not self.changed


def keep(
    store: Store, data: BinaryIO | bytes, *, file_name: str, by: Acting, title: str = "", source_id: str | None = None,
    media_type: str | None = None, url: str | None = None, retrieved_at: str | datetime | None = None,
    language: str | None = None, custody_note: str | None = None, reason: str = "", again: bool = False,
) -> Kept:  # fmt: skip
    """Keep a file and record it as a document; a file that is a document already is told, and not recorded `again`.

    Without a title the document is called by its hash: a file's name may tell who sent it, and titles go into packages.
    Without `retrieved_at` (UTC) it was had at the moment of keeping. `media_type` is what somebody says it is, and counts
    only where the bytes do not show it. A file name is kept as it came; one that no database keeps or that is too long is
    kept as far as it goes, and the custody note says so. Raises Refused, InvalidRecords with every fault (before anything
    is kept), CheckFailed if the folder cannot take it.
    """
    access.permit(by, access.action_for("document", "record"))
    name, remark = _storable(file_name)
    stated = {
        "title": title.strip() or UNTITLED, "file_name": name or None, "source_id": source_id, "url": url,
        "media_type": media_type or None, "retrieved_at": retrieved_at, "language": language or None,
        "custody_note": "\n".join(part for part in (custody_note, remark) if part) or None,
    }  # fmt: skip
    fields = _sound(stated, reason, store.today())
    taken = Items.of(store).take(io.BytesIO(data) if isinstance(data, bytes) else data)
    fields |= {
        "title": title.strip() or f"{UNTITLED} {taken.sha256[:SHORT]}",
        "sha256": taken.sha256,
        "bytes": taken.size,
        "media_type": copies.media_type_of(taken.head, fields.get("media_type")),
    }
    with store.writing(by, reason=reason) as writer:
        known = None if again else _first(writer, sha256=taken.sha256)
        return _recorded(writer, fields, known)


def page(
    store: Store, url: str, *, by: Acting, title: str = "", source_id: str | None = None,
    retrieved_at: str | datetime | None = None, language: str | None = None, custody_note: str | None = None,
    reason: str = "", data: BinaryIO | bytes | None = None, file_name: str = "",
) -> Kept:  # fmt: skip
    """Keep the address of a page with the time at which somebody saw it (now, if not said); nothing is fetched.

    `data` is the page as that person saved it. The same address seen at the same time is the same document. Raises as
    `keep` does.
    """
    titled = title.strip() or url.strip()[:400]
    if data is not None:
        return keep(
            store, data, file_name=file_name, by=by, title=titled, source_id=source_id, url=url, language=language,
            retrieved_at=retrieved_at, custody_note=custody_note, reason=reason,
        )  # fmt: skip
    access.permit(by, access.action_for("document", "record"))
    stated = {
        "title": titled, "source_id": source_id, "url": url, "retrieved_at": retrieved_at, "language": language or None,
        "custody_note": custody_note or None,
    }  # fmt: skip
    fields = _sound({**stated, "url": url or " "}, reason, store.today())
    with store.writing(by, reason=reason) as writer:
        seen = fields.get("retrieved_at")
        known = _first(writer, url=fields["url"], retrieved_at=seen, sha256=None) if seen else None
        return _recorded(writer, fields, known)


def describe(store: Store, document_id: str, *, by: Acting, reason: str = "", **stated: object) -> Saved:
    """Amend what is said of a document: title, source, address, time of retrieval, language, custody note.

    Raises NotFound, Refused, EditConflict, or InvalidRecords with every fault.
    """
    row = store.current("document", document_id)["document"][0]
    held = {name: row[name] for name in DocumentFields.model_fields if name in row}
    fields = _sound({**held, **stated}, reason, store.today())
    draft = DocumentFields.model_validate(fields)
    return store.amend("document", document_id, draft, expected=row["version"], by=by, reason=reason)


def _first(writer: Writer, **wanted: str | None) -> str | None:
    """Return the id of the oldest standing document that has these values."""
    document = table("document")
    alike = [document.c[name] == value if value else document.c[name].is_(None) for name, value in wanted.items()]
    chosen = sa.select(document.c.id).where(document.c.withdrawn_at.is_(None), *alike).order_by(document.c.id)
    return writer.connection.execute(chosen.limit(1)).scalar()


def _recorded(writer: Writer, fields: Row, known: str | None) -> Kept:
    """Record a document, unless it is known."""
    sha256, size = fields.get("sha256"), fields.get("bytes")
    if known is not None:
        return Kept(known, sha256, size, True)
    draft = DocumentFields.model_validate({**fields, "retrieved_at": fields.get("retrieved_at") or writer.at})
    return Kept(writer.record("document", draft).id, sha256, size, False)


def _storable(file_name: str) -> tuple[str, str]:
    """Return a file name as a database can keep it, and what was done to it."""
    name, remarks = UNKEPT.sub("\ufffd", file_name), []
    if name != file_name:
        remarks.append("The file's name held signs that cannot be kept; they read \ufffd here.")
    if name != name.strip():
        remarks.append("Spaces around the file's name are left out.")
    if len(name) > LONGEST_NAME:
        remarks.append(f"The file's name had {len(name)} signs; the first {LONGEST_NAME} are kept.")
    return name[:LONGEST_NAME], " ".join(remarks)


def _sound(stated: Mapping[str, object], reason: str, today: date) -> Row:
    """Return the fields of a document as JSON values; raise InvalidRecords with every fault."""
    faults: list[Fault] = []
    address, moment = stated.get("url"), stated.get("retrieved_at")
    checked = dict(stated)
    if address:
        faults += _address_faults(str(address))
    if moment:
        checked["retrieved_at"] = _moment(moment, today, faults)
    try:
        fields = bodies.dump(DocumentFields.model_validate({k: v for k, v in checked.items() if v is not None}))
    except ValidationError as wrong:
        raise InvalidRecords("The document cannot be saved as it is.", [*faults, *faults_of(wrong)]) from wrong
    if faults:
        raise InvalidRecords("The document cannot be saved as it is.", faults)
    bodies.refuse_unstorable({"document": [fields], "revision": [{"reason": reason}]})
    return fields


def _address_faults(address: str) -> list[Fault]:
    mend = "Copy it from the browser's address line; it begins with http:// or https://."
    try:
        parts = urlsplit(address.strip())
        named = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return [Fault(0, "url", "Is not the address of a page.", mend)]
    if not named or any(sign.isspace() or not sign.isprintable() for sign in address.strip()):
        return [Fault(0, "url", "Is not the address of a page.", mend)]
    if parts.username is not None or parts.password is not None:
        return [Fault(0, "url", "Holds a name or a password for the site.", "Leave out what stands before the @.")]
    return []


def _moment(stated: object, today: date, faults: list[Fault]) -> str | None:
    """Return a moment in UTC as every table keeps it; one without a zone is UTC."""
    try:
        found = stated if isinstance(stated, datetime) else datetime.fromisoformat(str(stated).strip())
        moment = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        faults.append(Fault(0, "retrieved_at", "Is not a day and time.", "Write it as 2024-03-05 14:30, in UTC."))
        return None
    if moment.date() > today:
        faults.append(Fault(0, "retrieved_at", "{day} has not come yet.", "Check it.", {"day": moment.date()}))
    return bodies.stamp(moment)


# Handing out ------------------------------------------------------------------------------------------------------


def may_handle(by: Acting) -> bool:
    """Return whether somebody may take originals out and see their metadata."""
    return by.local or by.role in HANDLERS


def original(store: Store, document_id: str, by: Acting, reason: str) -> Path:
    """Return the path of a document's original, its bytes checked, and write into its custody note who took it and why.

    Raises Refused for a role that may not, InvalidRecords without a reason or for a document without a file, NotFound,
    CheckFailed if the file is gone or changed.
    """
    if not reason.strip():
        raise InvalidRecords(
            "An original is not taken out without a reason.", [Fault(0, "reason", "Empty.", "Write what it is for.")]
        )
    path = _checked_path(store, document_id, by)
    _note(store, document_id, by, f"took out the original: {' '.join(reason.split())}", reason)
    return path


def metadata(store: Store, document_id: str, by: Acting) -> list[Fact]:
    """Return what a document's file says of itself, and write into its custody note who read that.

    Only a picture's own metadata is read here. Raises as `original` does, and InvalidRecords for a broken picture.
    """
    path = _checked_path(store, document_id, by)
    row = store.current("document", document_id)["document"][0]
    facts = [
        Fact(Word("File name"), row.get("file_name", "")),
        Fact(Word("Type of file"), row.get("media_type", "")),
        Fact(Word("Length in bytes"), str(row["bytes"])),
        Fact(Word("SHA-256"), row["sha256"]),
    ]
    if is_image(row.get("media_type")) and path.stat().st_size <= copies.MOST_BYTES:
        facts += copies.facts_of(path.read_bytes())
    _note(store, document_id, by, "read the metadata of the original", "metadata read")
    return [fact for fact in facts if fact.value]


def working_copy(store: Store, document_id: str, *, blurred: bool, width: int, by: Acting | None = None) -> bytes:
    """Return a JPEG of a document's picture, upright, without metadata, at most `width` pixels wide.

    Raises InvalidRecords, saying why, for what has no such copy; NotFound, also for what `by` may not see; CheckFailed if
    the original is not sound.
    """
    row = _with_file(store, document_id, by)
    copies.must_be_image(row.get("media_type"))
    return copies.copy_of(Items.of(store).read(row["sha256"], copies.MOST_BYTES), blurred=blurred, width=width)


def _with_file(store: Store, document_id: str, by: Acting | None) -> Row:
    """Return the row of a document that has a file, if it is for `by` to see."""
    row = store.current("document", document_id)["document"][0]
    if by is not None and not _sees(store, row, by):
        raise nothing("document", document_id)
    if "sha256" not in row:
        raise InvalidRecords(
            "There is no file to show.", [Fault(0, "document", "It was recorded without one.", "Open its address.")]
        )
    return row


def _checked_path(store: Store, document_id: str, by: Acting) -> Path:
    if not may_handle(by):
        raise Refused(
            "{name} ({role}) may not have originals or their metadata; the role must be one of: {roles}.",
            values={"name": by.name, "role": by.role, "roles": tuple(sorted(HANDLERS))},
        )
    return Items.of(store).original(_with_file(store, document_id, by)["sha256"])


def _sees(store: Store, row: Row, by: Acting) -> bool:
    """Return whether an account sees a document: all do, but those of named situations only what theirs rest on."""
    if store.situations_of(by) is None or row["recorded_by"] == by.name:
        return True
    incident, seen = table("incident"), store.visible(by)
    parts = (table(name) for name in ("claim", "involvement", "attribution"))
    return any(
        store.rows(
            sa.select(part.c.id)
            .join(incident, incident.c.id == part.c.incident_id)
            .where(part.c.document_id == row["id"], seen)
            .limit(1)
        )
        for part in parts
    )


def _note(store: Store, document_id: str, by: Acting, what: str, reason: str) -> None:
    """Add a line to a document's custody note: when, who, what."""
    # A custodian records no documents, but answers for what leaves the house.
    action = "release" if by.role is Role.CUSTODIAN else None
    with store.writing(by, action=action, reason=reason) as writer:
        before = history.current(writer.connection, "document", document_id)
        row = before["document"][0]
        note = "\n".join(part for part in (row.get("custody_note"), f"{writer.at} {by.name} {what}") if part)
        writer.change("document", before, {"document": [{**row, "custody_note": note}]}, Operation.AMEND)


# Reading ----------------------------------------------------------------------------------------------------------


def cited(rows: Rows) -> list[str]:
    """Return the ids of the documents that an incident's rows name, each once, in their order."""
    named = [row["document_id"] for part in rows.values() for row in part if row.get("document_id")]
    return list(dict.fromkeys(named))


def documents(store: Store, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of these documents in this order, each with the name of its `source`; unknown ids are left out."""
    document, source = table("document"), table("source")
    chosen = (
        sa.select(document, source.c.name.label("source"))
        .outerjoin(source, source.c.id == document.c.source_id)
        .where(document.c.id.in_([key for key in ids if not bodies.unstorable(key)]))
    )
    held = {row.id: dict(row._mapping) for row in store.rows(chosen)} if ids else {}
    return [held[key] for key in dict.fromkeys(ids) if key in held]


def check(store: Store) -> Checked:
    """Read every original and compare it with its document; change nothing but to sweep up what was left half written.

    Raises UsageFault if a server's database has no folder for its originals. Standards: R82.
    """
    items = Items.of(store)
    swept = items.sweep()
    here = set(items.listed())
    stated = _stated(store)
    kept = [(key, sha256) for key, sha256, batch in stated if sha256 in here or not batch]
    bad = set(_not_as_named(items, here))
    return Checked(
        documents=sum(sha256 in here for _, sha256 in kept),
        missing=tuple((key, sha256) for key, sha256 in kept if sha256 not in here),
        changed=tuple((key, sha256) for key, sha256 in kept if sha256 in bad),
        unrecorded=tuple(sorted(here - {sha256 for _, sha256, _ in stated})),
        elsewhere=len(stated) - len(kept),
        swept=swept,
    )


def _stated(store: Store) -> list[tuple[str, str, str | None]]:
    """Return (document, hash, the batch that recorded it) for every document that states a file."""
    document, revision = table("document"), table("revision")
    recorded = (revision.c.record_id == document.c.id) & (revision.c.record_kind == "document")
    chosen = (
        sa.select(document.c.id, document.c.sha256, revision.c.batch_id)
        .join(revision, recorded & (revision.c.operation == Operation.RECORD))
        .where(document.c.sha256.is_not(None))
        .order_by(document.c.id)
    )
    return [(row.id, row.sha256, row.batch_id) for row in store.rows(chosen)]


def _not_as_named(items: Items, here: Iterable[str]) -> Iterable[str]:
    """Yield the hashes whose file holds other bytes, or cannot be read."""
    for sha256 in here:
        if "/" not in sha256 and not items.holds(sha256):
            yield sha256

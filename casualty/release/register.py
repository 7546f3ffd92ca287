"""The register of documents, their custody as the ledger tells it, and their originals, byte for byte.

An original goes out with a commission's package unless the document is withheld, or speaks of an incident in which somebody
is withheld: nobody can take a name out of a photograph. Sources: Berkeley Protocol (2022), chapter VI; R71, R81, R84.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from casualty.disclosure import CONSENT, MENTION, Phrases, Withheld
from casualty.errors import CheckFailed, Fault
from casualty.evidence import Items, is_image
from casualty.evidence.copies import MOST_BYTES, copy_of
from casualty.release.bag import Bag
from casualty.release.package import Package
from casualty.release.records import Tally

REGISTER, CUSTODY, ITEMS = "data/03_register/evidence_register.csv", "data/03_register/custody_log.csv", "data/10_items"
COLUMNS = (
    "evidence_no", "title", "media_type", "bytes", "sha256", "retrieved_at", "collected_by", "custody_since", "source_id", "url",
    "language", "generation", "incidents", "incident_codes", "consents", "original", "working_copy", "working_copy_sha256",
    "derived_from", "withheld", "custody_note",
)  # fmt: skip
CUSTODY_COLUMNS = ("seq", "evidence_no", "at", "event", "by", "reason", "digest", "hash")
# Beyond so many incidents the register gives their number alone; claims.csv names each.
MOST_CODES = 50
COPY_WIDTH = 1600
ELSEWHERE, HERE, KEPT_BACK = "came by an intake, which keeps no file", "original", "original is withheld"
ABSENT, NOT_HERE = "original is not in this house: only its hash is known", "not here"


@dataclass
class Carried:
    """How many originals went into a package, with how many working copies, and why others did not, by reason."""

    originals: int = 0
    copies: int = 0
    withheld: Counter[str] = field(default_factory=Counter)


def write(
    bag: Bag, package: Package, connection: sa.Connection, held: Withheld, tally: Tally, items: Items | None
) -> Carried:
    """Write register, custody log and originals; the tables of the package are written already.

    items: the folder of originals, None if this database has none. Raises CheckFailed with every original that was
    changed; one that is not here is told as such.
    """
    carried, missing = Carried(), list[Fault]()
    codes, consents = _incidents(package), _consents(package)
    unspoken, intake, files = _unspoken(package, held), _by_intake(connection), _files(connection)
    with bag.sheet(REGISTER) as sheet:
        sheet.row(COLUMNS)
        for row in package.rows("document"):
            told = dict.fromkeys(COLUMNS, "") | {name: row[name] for name in COLUMNS if name in row}
            told |= _told(row, codes, consents)
            reason = row["withheld"].split(":")[0] if row["withheld"] else unspoken.get(row["id"], "")
            if row["id"] in files:
                told |= _item(bag, row, files[row["id"]], reason, row["id"] in intake, items, carried, missing)
            sheet.row(told[name] for name in COLUMNS)
    if missing:
        raise CheckFailed("Originals were changed: {n}. Nothing was released.", missing, {"n": len(missing)})
    for reason, count in carried.withheld.items():
        tally.withheld[reason, "document", "original"] += count
    _custody(bag, connection, tally, held.phrases)
    return carried


def _told(
    row: Mapping[str, str], codes: Mapping[str, dict[str, None]], consents: Mapping[str, list[str]]
) -> dict[str, str]:
    of = codes.get(row["id"], {})
    return {
        "evidence_no": row["id"], "collected_by": row["recorded_by"], "custody_since": row["recorded_at"],
        "incidents": str(len(of)), "incident_codes": " ".join(of) if len(of) <= MOST_CODES else "",
        "consents": " ".join(consents.get(row["id"], ())),
    }  # fmt: skip


def _item(
    bag: Bag,
    row: Mapping[str, str],
    sha256: str,
    reason: str,
    by_intake: bool,
    items: Items | None,
    carried: Carried,
    missing: list[Fault],
) -> dict[str, str]:
    """Put an original into the package, with a working copy of a picture; return what the register tells of it."""
    folder = f"{ITEMS}/{row['id']}"
    if items is None or not items.path(sha256).is_file():
        carried.withheld[NOT_HERE] += not by_intake
        return {"generation": ELSEWHERE if by_intake else ABSENT}
    if not items.holds(sha256):
        missing.append(Fault(0, row["id"], "Its original holds other bytes than were kept.", "Restore it from a copy."))
        return {"generation": ABSENT}
    if reason:
        carried.withheld[reason] += 1
        return {"generation": KEPT_BACK, "withheld": row["withheld"] or f"{reason}: original"}
    path = f"{folder}/original/{sha256}"
    bag.copy(path, items.path(sha256), sha256)
    carried.originals += 1
    told = {"generation": HERE, "original": path}
    if is_image(row["media_type"]) and items.path(sha256).stat().st_size <= MOST_BYTES:
        copied = f"{folder}/working/{sha256[:12]}.jpg"
        bag.bytes(copied, copy_of(items.read(sha256, MOST_BYTES), blurred=False, width=COPY_WIDTH))
        carried.copies += 1
        told |= {"working_copy": copied, "working_copy_sha256": bag.hash_of(copied), "derived_from": sha256}
    return told


def _incidents(package: Package) -> dict[str, dict[str, None]]:
    """Return the codes of the incidents that each document speaks of, in the order of the claims."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for row in package.rows("claim"):
        found[row["document_id"]][row["incident_code"]] = None
    return found


def _consents(package: Package) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for row in package.rows("consent"):
        found[row["document_id"]].append(row["id"])
    return found


def _unspoken(package: Package, held: Withheld) -> dict[str, str]:
    """Return why the original of a document stays, by document: it speaks of somebody, or something, that is withheld."""
    hidden = held.beside | held.severe_incidents | held.tainted_incidents
    found = {row["document_id"]: MENTION for row in package.rows("claim") if row["incident_id"] in hidden}
    return found | dict.fromkeys(held.tainted_documents, MENTION) | dict.fromkeys(held.documents, CONSENT)


def _files(connection: sa.Connection) -> dict[str, str]:
    """Return the hash of each document's file, also of one whose content is withheld."""
    found = connection.execute(sa.text("SELECT id, sha256 FROM document WHERE sha256 IS NOT NULL"))
    return {row.id: row.sha256 for row in found}


def _by_intake(connection: sa.Connection) -> frozenset[str]:
    return frozenset(connection.execute(sa.text(
        "SELECT record_id FROM revision WHERE record_kind = 'document' AND operation = 'record' AND batch_id IS NOT NULL"
    )).scalars())  # fmt: skip


def _custody(bag: Bag, connection: sa.Connection, tally: Tally, hidden: Phrases) -> None:
    """Write every handling of a document that the ledger holds; a reason where nothing of the document is withheld, nor named in it."""
    bag.table(CUSTODY, CUSTODY_COLUMNS, _handled(connection, tally, hidden))


def _handled(connection: sa.Connection, tally: Tally, hidden: Phrases) -> Iterator[tuple[str, ...]]:
    rows = connection.execute(sa.text(
        "SELECT seq, record_id, at, operation, actor, reason, digest, hash FROM revision"
        " WHERE record_kind = 'document' ORDER BY seq"
    ))  # fmt: skip
    for seq, record_id, at, operation, actor, reason, digest, hash_ in rows:
        said = "" if record_id in tally.reserved or hidden.within(reason or "") else reason or ""
        yield str(seq), record_id, at, operation, actor, said, digest, hash_

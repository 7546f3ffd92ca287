"""Packages that leave the house: built from the record alone, verifiable by a stranger, the same bytes each time.

`build` writes a BagIt bag for a named recipient on a named basis and records that it did; `verify` checks any bag
with this program's own copy of the code that travels in it. Standards: R84, R85, R86.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from pydantic import ValidationError

from casualty import access, codebook, disclosure, ledger
from casualty.access import Acting
from casualty.errors import CheckFailed, Fault, InvalidRecords, NotEnoughData, NotFound, Refused, UsageFault
from casualty.release import chain, methodology, papers, records, verifier
from casualty.release.bag import Bag
from casualty.release.papers import Facts
from casualty.release.withholding import withheld
from casualty.schema import ReleaseFields
from casualty.store import Store, faults_of
from casualty.summary import summarise
from casualty.vocabulary import Tier

__all__ = ["Released", "build", "verify"]


@dataclass(frozen=True, slots=True)
class Released:
    """A package that left: where it lies, what it holds, and the hashes by which it is known."""

    path: Path
    release_id: str
    manifest_sha256: str
    ledger_seq: int
    ledger_head: str
    incidents: int
    withheld: int
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class _Written:
    facts: Facts
    manifest_sha256: str
    files: int
    bytes: int


def build(store: Store, out: Path, *, tier: Tier, recipient: str, basis: str, by: Acting) -> Released:
    """Write a package as the folder `out`, and record in the ledger that it went to this recipient on this basis.

    The same record, tier, recipient and basis give the same bytes: nothing in a package comes from the clock, from
    chance or from packages sent before. The folder appears whole or not at all.

    Raises
    ------
    Refused: the account may not release, recipient or basis is empty, or the tier cannot be made yet.
    UsageFault: `out` is there and not empty.
    NotEnoughData: no incident is held. CheckFailed: the ledger does not verify.
    """
    access.permit(by, "release")
    disclosure.require_tier(tier)
    recipient, basis = recipient.strip(), basis.strip()
    if not recipient or not basis:
        raise Refused("A package goes to a named recipient on a named basis: give both --to and --basis.")
    _fields(tier, recipient, basis, "0" * 64, "0" * 64, 0)
    with _place(out) as folder:
        written = _write(store, folder, tier, recipient, basis)
        verify(folder)  # what does not hold does not leave
        facts = written.facts
        incidents = facts.summary.incidents
        fields = _fields(tier, recipient, basis, written.manifest_sha256, facts.head, incidents)
        saved = store.record("release", fields, by)
        if out.exists():
            out.rmdir()
        folder.rename(out)
    withheld_count = sum(facts.tally.withheld.values())
    return Released(
        out, saved.id, written.manifest_sha256, facts.seq, facts.head, incidents, withheld_count, written.files,
        written.bytes,
    )  # fmt: skip


def _fields(tier: Tier, recipient: str, basis: str, manifest: str, head: str, incidents: int) -> ReleaseFields:
    try:
        return ReleaseFields.model_validate(
            {
                "tier": tier,
                "recipient": recipient,
                "basis": basis,
                "manifest_sha256": manifest,
                "ledger_head": head,
                "incidents": incidents,
            }
        )
    except ValidationError as wrong:
        raise InvalidRecords("The release cannot be recorded as it is.", faults_of(wrong)) from wrong


@contextmanager
def _place(out: Path) -> Iterator[Path]:
    """Give a folder beside `out`, on the same disk, that is removed unless it has become `out`."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UsageFault(f"{out} is not a folder; name a new one.")
    if out.exists() and any(out.iterdir()):
        raise UsageFault(f"{out} is not empty; a package delivered is never overwritten. Name a new folder.")
    folder = out.parent / f".{out.name}.unfinished"
    if folder.exists():  # left by a build that was killed
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        if folder.exists():
            shutil.rmtree(folder)


def _write(store: Store, folder: Path, tier: Tier, recipient: str, basis: str) -> _Written:
    """Write the bag into a folder, all of it from one moment of the database."""
    bag = Bag(folder)
    with store.reading() as connection:
        ledger.verify(connection)
        facts = _records(bag, connection, tier, recipient, basis)
        _papers(bag, connection, facts, tier)
    manifest, count, size = bag.finish(_info(facts))
    return _Written(facts, manifest, count, size)


def _records(bag: Bag, connection: sa.Connection, tier: Tier, recipient: str, basis: str) -> Facts:
    head, date = chain.head_of_record(connection)
    held = withheld(connection)
    tally = records.write(bag, connection, tier, held)
    if not tally.written["incident"]:
        raise NotEnoughData("No incident is held; there is nothing to release.")
    extracted = chain.write(bag, connection, head, tally.reserved, held.phrases)
    house = connection.execute(sa.text("SELECT name, sample, minimum_origins FROM deployment")).one()
    facts = Facts(
        house.name, bool(house.sample), house.minimum_origins, tier.value, recipient, basis, date[:10], head.seq,
        head.hash, summarise(cast(Store, _Moment(connection))).total, tally, extracted,
    )  # fmt: skip
    bag.text("data/01_methodology.md", methodology.text(facts, connection, held.phrases))
    return facts


@dataclass(frozen=True, slots=True)
class _Moment:
    """The store as it stood when the package was begun: what `summarise` reads is what the tables were written from."""

    connection: sa.Connection

    def rows(self, statement: sa.Executable, **parameters: object) -> Sequence[sa.Row[Any]]:
        return self.connection.execute(statement, parameters).all()


def _papers(bag: Bag, connection: sa.Connection, facts: Facts, tier: Tier) -> None:
    bag.text("data/00_README.txt", papers.readme(facts))
    bag.text("data/02_codebook/codebook.md", codebook.markdown(methodology.in_use(connection)))
    bag.table("data/02_codebook/terms.csv", codebook.TERM_COLUMNS, codebook.term_rows())
    bag.table("data/02_codebook/fields.csv", codebook.FIELD_COLUMNS, _released_fields(tier))
    bag.table("data/08_withheld.csv", papers.WITHHELD_COLUMNS, papers.withheld_rows(facts))
    bag.text("data/summary.json", ledger.canonical(asdict(facts.summary)) + "\n")
    bag.text("verify.py", files("casualty.release").joinpath("verifier.py").read_text(encoding="utf-8"))


def _released_fields(tier: Tier) -> Iterator[tuple[str, ...]]:
    """Yield the codebook's rows for the columns that the files of this package have."""
    for name in (*records.FILES, "revision"):
        own = {row[1]: row for row in codebook.field_rows([name])}
        for column in records.header(name, tier) if name in records.FILES else chain.FIELDS:
            yield own.get(column) or (name, column, "text", "yes", "", ADDED[column])


ADDED = {
    "has_point": "Whether coordinates are held; `true` also where they are withheld.",
    "incident_code": "Code of the incident this row belongs to.",
    "incident_status": "Where that incident stands in review.",
    "withheld": "What was kept back from this row, and by which reason of 08_withheld.csv; empty: nothing.",
}


def _info(facts: Facts) -> list[tuple[str, object]]:
    return [
        ("Source-Organization", facts.deployment),
        ("External-Description", f"Casualty record package, {facts.tier} tier. {papers.CAVEAT}"),
        ("External-Identifier", f"casualty-{facts.head[:16]}"),
        ("Bagging-Date", facts.date),
        ("Tier", facts.tier),
        ("Recipient", facts.recipient),
        ("Basis", facts.basis),
        ("Ledger-Seq", facts.seq),
        ("Ledger-Head", facts.head),
    ]


def verify(bag: Path) -> tuple[str, ...]:
    """Return what was checked of a package, a sentence each; this program's verifier is used, never the copy inside.

    Raises NotFound if there is no such folder, CheckFailed with every fault found: file, place, what is wrong.
    """
    if not bag.is_dir():
        raise NotFound(f"There is no package at {bag}.")
    report = verifier.check(str(bag))
    if report.faults:
        found = [
            Fault(0, ", ".join(part for part in (file, place) if part), f"{what}.", "Ask the sender for it again.")
            for file, place, what in report.faults
        ]
        raise CheckFailed(f"The package does not hold: {len(found)} fault(s).", found)
    return tuple(report.checked)

"""What a package holds, written into a folder that is not a package yet: it has no declaration until `sealing` closes it.

All of it is of one moment of the database, and nothing in it comes from the clock, from chance or from packages sent before,
unless it follows one: the same record and the same wishes give the same bytes. Standards: R01, R64, R84, R85, R87.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa

from casualty import codebook, ledger
from casualty.errors import NotEnoughData
from casualty.evidence import Items
from casualty.ledger import Progress
from casualty.release import analyses, chain, changes, descriptor, methodology, outward, papers, records, register
from casualty.release.bag import Bag
from casualty.release.outward import Outward
from casualty.release.package import Package
from casualty.release.papers import Facts
from casualty.release.records import Tally
from casualty.release.withholding import withheld
from casualty.schema import table
from casualty.store import Store
from casualty.summary import Sums, summarise
from casualty.vocabulary import Tier

REPORT = "data/12_report.pdf"
PLACES = "data/05_geo"
OUTSIDE = frozenset({Tier.PUBLIC, Tier.PARTNER})
# What stands in the verifier in place of the modules that travel within it, and with what each of those begins below its imports.
TRAVELLING = {
    "from casualty.release.ed25519 import signed\n": "ed25519",
    "from casualty.release.recounting import FEATURES, RECORDS, SUMMARY, features, same_cell, summary\n": "recounting",
}
BEGINS = {"ed25519": "_P = ", "recounting": "from itertools import groupby"}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for: tier, recipient, basis, the earlier package that this one follows, whether a second person
    is asked, and whether the report for people who read is made too."""

    tier: Tier
    recipient: str
    basis: str
    follows: "Earlier | None" = None
    second: bool = False
    report: bool = True


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier release: its id, the hash of its manifest, and the link of the ledger that it was made at."""

    id: str
    manifest_sha256: str
    ledger_head: str


@dataclass(frozen=True, slots=True)
class Made:
    """What was written: the facts that the papers tell, the hash of the manifest, files and bytes, and what was published."""

    facts: Facts
    manifest_sha256: str
    files: int
    bytes: int
    published: str | None


@dataclass
class Steps:
    """How far the making of a package is, told as links of the ledger verified and incidents written, of all of them."""

    tell: Progress | None
    links: int = 0
    total: int = 0

    def begun(self, connection: sa.Connection) -> None:
        """Count what is to be done."""
        count = "SELECT (SELECT count(*) FROM revision), (SELECT count(*) FROM incident)"
        self.links, incidents = connection.execute(sa.text(count)).one()
        self.total = self.links + incidents

    def verified(self, done: int, total: int) -> None:
        """So many links were verified."""
        self._tell(done)

    def written(self, done: int) -> None:
        """So many incidents were written."""
        self._tell(self.links + done)

    def over(self) -> None:
        """All is done."""
        self._tell(self.total)

    def _tell(self, done: int) -> None:
        if self.tell is not None:
            self.tell(done, self.total)


def write(
    store: Store, folder: Path, wishes: Wishes, secret: bytes, items: Items | None, progress: Progress | None = None
) -> Made:
    """Write the content of a package into an empty folder, without the declaration that would make it one.

    secret: by which places are moved and ids drawn for those outside. Raises NotEnoughData if no incident is held, CheckFailed
    if the ledger does not verify, an original is missing or a text cannot be set.
    """
    bag = Bag(folder)
    with store.reading() as connection:
        steps = Steps(progress)
        steps.begun(connection)
        ledger.verify(connection, progress=steps.verified)
        if wishes.tier in OUTSIDE:
            facts, published = _outward(bag, connection, wishes, secret)
        else:
            facts, published = _whole(bag, connection, wishes, items, steps), None
        _papers(bag, connection, facts, wishes.tier)
    info = _info(facts, wishes)
    _drawn(bag, Package(folder, dict(info)), wishes.report)
    manifest, count, size = bag.close(info)
    steps.over()
    return Made(facts, manifest, count, size, published)


def _whole(bag: Bag, connection: sa.Connection, wishes: Wishes, items: Items | None, steps: Steps) -> Facts:
    """Write the records themselves, with their evidence, their ledger and their analyses, for a commission or the house."""
    head, date = chain.head_of_record(connection)
    held = withheld(connection)
    tally = records.write(bag, connection, wishes.tier, held, steps.written)
    _must_hold(tally.written["incident"])
    extracted = chain.write(bag, connection, head, tally.reserved, held.phrases)
    package = Package(bag.folder, {})
    carried = register.write(bag, package, connection, held, tally, items)
    for _ in analyses.write(bag, package):
        tally.withheld["unanswered", "analysis_run", "answer"] += 1
    descriptor.write(bag, package, ADDED)
    if wishes.follows is not None:
        changes.write(bag, connection, wishes.follows.ledger_head, head.seq)
    summary = summarise(cast(Store, _Moment(connection))).total
    facts = _facts(connection, wishes, date, head, summary, tally, extracted, carried)
    bag.text("data/summary.json", ledger.canonical(asdict(facts.summary)) + "\n")
    bag.text("data/01_methodology.md", methodology.text(facts, connection, held.phrases))
    bag.table("data/08_withheld.csv", papers.WITHHELD_COLUMNS, papers.withheld_rows(facts))
    return facts


def _outward(bag: Bag, connection: sa.Connection, wishes: Wishes, secret: bytes) -> tuple[Facts, str]:
    """Write what those outside may have; return what the next package of these tiers is checked against too."""
    head, date = chain.head_of_record(connection)
    done = outward.write(bag, connection, wishes.tier, wishes.recipient, secret, _published(connection))
    _must_hold(done.written["incident"])
    tally = Tally(done.written, done.withheld, set(), done.statuses)
    summary = _headline(done)
    facts = _facts(connection, wishes, date, head, summary, tally, chain.Extracted(0, 0), register.Carried())
    hidden = withheld(connection).phrases
    bag.text("data/01_methodology.md", methodology.text(facts, connection, hidden, outward=True))
    return facts, ledger.canonical(done.kept)


def _published(connection: sa.Connection) -> list[Mapping[str, Any]]:
    release = table("release")
    kept = sa.select(release.c.published).where(release.c.published.is_not(None)).order_by(release.c.id)
    return [json.loads(text) for text in connection.execute(kept).scalars()]


def _must_hold(incidents: int) -> None:
    if not incidents:
        raise NotEnoughData("No incident is held; there is nothing to release.")


def _headline(done: Outward) -> Sums:
    head = done.headline
    return Sums(
        incidents=head.incidents, victims=done.written["victim"], killed_low=head.killed_low, killed_best=head.killed_best,
        killed_high=head.killed_high, without_best=head.without_best, without_place=0,
    )  # fmt: skip


def _facts(
    connection: sa.Connection, wishes: Wishes, date: str, head: ledger.Head, summary: Sums, tally: Tally,
    extracted: chain.Extracted, carried: register.Carried,
) -> Facts:  # fmt: skip
    house = connection.execute(sa.text("SELECT name, sample, minimum_origins FROM deployment")).one()
    return Facts(
        house.name, bool(house.sample), house.minimum_origins, wishes.tier.value, wishes.recipient, wishes.basis, date[:10],
        head.seq, head.hash, summary, tally, extracted, carried, wishes.second,
        wishes.follows.manifest_sha256 if wishes.follows else "", wishes.report,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Moment:
    """The store as it stood when the package was begun: what `summarise` reads is what the tables were written from."""

    connection: sa.Connection

    def rows(self, statement: sa.Executable, **parameters: object) -> Sequence[sa.Row[Any]]:
        return self.connection.execute(statement, parameters).all()


def _papers(bag: Bag, connection: sa.Connection, facts: Facts, tier: Tier) -> None:
    bag.text("data/00_README.txt", papers.readme_outside(facts) if tier in OUTSIDE else papers.readme(facts))
    bag.text("data/02_codebook/codebook.md", codebook.markdown(methodology.in_use(connection)))
    bag.table("data/02_codebook/terms.csv", codebook.TERM_COLUMNS, codebook.term_rows())
    if tier not in OUTSIDE:
        bag.table("data/02_codebook/fields.csv", codebook.FIELD_COLUMNS, _released_fields(tier))
        bag.table("data/02_codebook/history.csv", codebook.HISTORY_COLUMNS, codebook.history_rows())
    bag.text("verify.py", verifier())


def verifier() -> str:
    """Return the one file that verifies a package anywhere: the verifier, with the modules that it imports from here in their places."""
    folder = files("casualty.release")
    text = folder.joinpath("verifier.py").read_text(encoding="utf-8")
    for line, name in TRAVELLING.items():
        own = folder.joinpath(f"{name}.py").read_text(encoding="utf-8")
        _, first, rest = own.partition(BEGINS[name])
        text = text.replace(line, f"\n{first}{rest}")
    return text


def _drawn(bag: Bag, package: Package, reported: bool) -> None:
    """Add what is made of the tables for a map program and for people who read: GeoPackage and report."""
    from casualty.release import report
    from casualty.release.formats import maps, output

    maps.geopackage(package, output.Output(bag.folder / PLACES, package), output.Wishes())
    bag.made(f"{PLACES}/package.gpkg")
    if reported:
        bag.bytes(REPORT, report.compiled(package))


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


def _info(facts: Facts, wishes: Wishes) -> list[tuple[str, str]]:
    """Return the labels of bag-info.txt; none of a package for those outside names a link of the ledger."""
    ledger_ = [("Ledger-Seq", str(facts.seq)), ("Ledger-Head", facts.head)]
    name = facts.head if wishes.tier not in OUTSIDE else hashlib.sha256(facts.head.encode()).hexdigest()
    return [
        ("Source-Organization", facts.deployment),
        ("External-Description", f"Casualty record package, {facts.tier} tier. {papers.CAVEAT}"),
        ("External-Identifier", f"casualty-{name[:16]}"),
        ("Bagging-Date", facts.date),
        ("Tier", facts.tier),
        ("Recipient", facts.recipient),
        ("Basis", facts.basis),
        *([] if wishes.tier in OUTSIDE else ledger_),
        *([("Follows", wishes.follows.manifest_sha256)] if wishes.follows else []),
    ]

"""The ledger's extract: every link of the chain, and the bodies of the records that are shown whole.

A link is shown with all its fields, so that it can be computed again, or *sealed*: only its number and its hash.
Sealed are the links of accounts, clearances, consents, corrections asked for, second codings and earlier packages, and
those of records of which something is withheld if a reason was written (a reason may say what must not be said). The
next link still covers the hash of a sealed one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from casualty.disclosure import Phrases
from casualty.ledger import GENESIS, Head, Row
from casualty.release.bag import Bag, Sheet, cell
from casualty.schema import table

FIELDS = ("seq", "at", "actor", "record_kind", "record_id", "operation", "reason", "batch_id", "digest", "hash")
STREAMED = {"stream_results": True, "yield_per": 2000}
PROOF = ("seq", "record_kind", "record_id", "salt", "before", "after")
CODED = (sa.Enum, sa.Integer, sa.Float, sa.Boolean, sa.Date)
HOUSE_LINKS = ("release", "release_request")
SEALED_KINDS = frozenset({"account", "clearance", "coding", "coding_sample", "consent", "correction", *HOUSE_LINKS})


@dataclass(frozen=True, slots=True)
class Extracted:
    """How many links were written, and how many of them sealed."""

    links: int
    sealed: int


def head_of_record(connection: sa.Connection) -> tuple[Head, str]:
    """Return the last link that is not of a package sent out, and its time; sending one changes no package."""
    row = connection.execute(
        sa.text(
            "SELECT seq, hash, at FROM revision WHERE record_kind NOT IN ('release', 'release_request') ORDER BY seq DESC LIMIT 1"
        )
    ).first()
    return (Head(0, GENESIS), "") if row is None else (Head(row[0], row[1]), row[2])


class Proofs:
    """Writes the body of a record beside its salt, so that anyone can see that its digest is the one in the chain."""

    def __init__(self, sheet: Sheet, connection: sa.Connection, kind: str) -> None:
        self._sheet = sheet
        self._kind = kind
        self._last = connection.execute(LAST, {"kind": kind}, execution_options=STREAMED)
        self.shown = 0

    def __enter__(self) -> "Proofs":
        return self

    def __exit__(self, *_: object) -> None:
        self._last.close()

    def show(self, record_id: str) -> bool:
        """Write the last body of a record and return True; records are asked for in order of id.

        Returns False, and writes nothing, if the body would tell what no longer stands (a text since changed, a row
        since taken out), or was erased.
        """
        seq, salt, before, after = next(row[1:] for row in self._last if row[0] == record_id)
        if salt is None or (before and tells_earlier(json.loads(before), json.loads(after))):
            return False
        proof = dict(zip(PROOF, (seq, self._kind, record_id, salt, before, after), strict=True))
        self._sheet.write(json.dumps(proof, ensure_ascii=False, separators=(",", ":")) + "\n")
        self.shown += 1
        return True


LAST = sa.text(
    "SELECT r.record_id, r.seq, b.salt, b.before, b.after FROM (SELECT record_id, max(seq) AS seq FROM revision"
    " WHERE record_kind = :kind GROUP BY record_id) r LEFT JOIN revision_body b ON b.seq = r.seq"
    " ORDER BY r.record_id"
)


def tells_earlier(before: Mapping[str, Sequence[Row]], after: Mapping[str, Sequence[Row]]) -> bool:
    """Return whether the record before held a row or a written text that the record after does not."""
    for name, rows in before.items():
        now = {row["id"]: row for row in after.get(name, ())}
        for row in rows:
            if row["id"] not in now or any(_written(name, column, row, now[row["id"]]) for column in row):
                return True
    return False


def _written(name: str, column: str, was: Row, now: Row) -> bool:
    return not isinstance(table(name).c[column].type, CODED) and was[column] != now.get(column)


def write(bag: Bag, connection: sa.Connection, head: Head, reserved: set[str], phrases: Phrases) -> Extracted:
    """Write the chain up to `head`; return how many links it has and how many are sealed."""
    links = sealed = 0
    statement = sa.text(f"SELECT {', '.join(FIELDS)} FROM revision WHERE seq <= :seq ORDER BY seq")
    found = connection.execute(statement, {"seq": head.seq}, execution_options=STREAMED)
    with bag.sheet("data/06_ledger/revisions.csv") as sheet:
        sheet.row(FIELDS)
        for row in found:
            links += 1
            if _sealed(row, reserved, phrases):
                sealed += 1
                sheet.row([cell(row.seq), *[""] * (len(FIELDS) - 2), row.hash])
            else:
                sheet.row(map(cell, row))
    return Extracted(links, sealed)


def _sealed(row: sa.Row[Any], reserved: set[str], phrases: Phrases) -> bool:
    if row.record_kind in SEALED_KINDS:
        return True
    return bool(row.reason) and (row.record_id in reserved or phrases.within(row.reason))

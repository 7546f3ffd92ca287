"""The incidents of a filter as a table that leaves the pages: through disclosure, for a stated purpose, and noted in the ledger.

It is for work within the deployment (tier internal). What is withheld is told row by row and never dropped, so that the rows are
as many as the pages show.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from casualty import access, disclosure, overview, tables
from casualty.access import Acting
from casualty.errors import Fault, InvalidRecords
from casualty.filters import Filter
from casualty.overview import Selection
from casualty.release.withholding import withheld
from casualty.schema import ReleaseFields, table
from casualty.store import Store
from casualty.vocabulary import ConsentPurpose, Tier

AT_ONCE = 5_000
WITHHELD = "withheld"
CAVEATS = ("Documented incidents, not all deaths.", "Unknown numbers are empty and are not 0.")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Extract:
    """A table of incidents as CSV (UTF-8), how many it holds, its SHA-256 (hex), and under which key its taking is noted."""

    csv: bytes
    incidents: int
    sha256: str
    release_id: str


def take(store: Store, by: Acting, wanted: Filter, purpose: str, progress: Progress | None = None) -> Extract:
    """Return the incidents that a filter asks for as a table, and note in the ledger who took what, and what for.

    One row an incident, in the order of their keys; columns of the internal tier as the codebook has them, and `withheld`:
    the reasons why columns of a row are empty. Raises Refused for whoever may take no table, InvalidRecords without a purpose.
    """
    access.permit(by, "export")
    access.permit_whole(store.situations_of(by))
    if not purpose.strip():
        fault = Fault(0, "purpose", "No purpose is stated.", "Write what the table is for.")
        raise InvalidRecords("The table cannot be taken.", [fault])
    chosen = overview.selected(store, by, wanted)
    head = tables.head(
        by,
        None,
        what=f"{len(chosen)} incidents",
        caveats=CAVEATS,
        ledger_head=chosen.overview.head.hash,
        filter=wanted.text,
    )
    columns = disclosure.columns("incident", Tier.INTERNAL)
    body = tables.csv([*columns, WITHHELD], _rows(store, chosen, columns, progress), head=head)
    digest = hashlib.sha256(body).hexdigest()
    return Extract(body, len(chosen), digest, _noted(store, by, purpose.strip(), chosen, digest))


def _rows(store: Store, chosen: Selection, columns: tuple[str, ...], progress: Progress | None) -> Iterator[list[Any]]:
    incident = table("incident")
    with store.reading() as connection:
        held = withheld(connection, ConsentPurpose.ANALYSIS)
        ids = np.sort(chosen.columns.ids[chosen.at])
        for start in range(0, len(ids), AT_ONCE):
            keys = [key.decode() for key in ids[start : start + AT_ONCE]]
            rows = connection.execute(sa.select(incident).where(incident.c.id.in_(keys)).order_by(incident.c.id))
            yield from (_row(dict(row._mapping), columns, held) for row in rows)
            if progress is not None:
                progress(min(start + AT_ONCE, len(ids)), len(ids))


def _row(row: dict[str, Any], columns: tuple[str, ...], held: disclosure.Withheld) -> list[Any]:
    shown = disclosure.show("incident", {name: value for name, value in row.items() if value is not None}, held)
    if isinstance(shown, str):
        return [row["id"] if name == "id" else None for name in columns] + [shown]
    reasons = "; ".join(f"{reason}: {', '.join(fields)}" for reason, fields in shown.withheld)
    return [shown.values.get(name) for name in columns] + [reasons]


def _noted(store: Store, by: Acting, purpose: str, chosen: Selection, digest: str) -> str:
    """Note in the ledger that a table was taken, as a release to who took it."""
    basis = json.dumps(
        {"purpose": purpose, "filter": chosen.filter.text, "what": "table of incidents"}, ensure_ascii=False
    )
    fields = {
        "tier": Tier.INTERNAL, "recipient": by.name, "basis": basis, "manifest_sha256": digest,
        "ledger_head": chosen.overview.head.hash, "incidents": len(chosen),
    }  # fmt: skip
    draft = ReleaseFields.model_validate(fields)
    with store.writing(by, action="export", reason="a table of incidents was taken") as writer:
        return writer.record("release", draft).id

"""Intake: files of others become incidents, victims and reference data, every row accounted for."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from casualty.access import Acting
from casualty.errors import Interrupted, NotFound, UsageFault
from casualty.intake import exchanging
from casualty.intake import mapping as mappings
from casualty.intake.batch import Batch, Report
from casualty.intake.mapping import Mapping
from casualty.intake.reading import Table, fingerprint, open_table, readable
from casualty.store import Store
from casualty.vocabulary import IntakeFormat

INCIDENT_FORMATS = (IntakeFormat.GED, IntakeFormat.IBC, IntakeFormat.HXL, IntakeFormat.VICTIMS, IntakeFormat.INCIDENTS)
LONGEST_DATASET = 120
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx")
MAP_SUFFIXES = (".geojson", ".topojson", ".json", ".gpkg", ".shp", ".zip")


class _DryRun(Exception):
    """Ends a dry run: the transaction is rolled back with all its work."""


def _silent(_done: int) -> None:
    return None


def propose(
    path: Path, *, format: IntakeFormat | None = None, dataset: str | None = None, store: Store | None = None
) -> str:
    """Return a proposed mapping of a file as TOML, to be edited and given back.

    With a `store`, whether latitude and longitude look exchanged is also asked of the administrative units held.
    """
    from casualty.intake.proposing import propose as proposed

    opened = open_table(path)
    found = proposed(opened, _named(dataset, path), format)
    if store is None:
        return mappings.written(exchanging.mended(opened, found, None))
    with store.reading() as connection:
        return mappings.written(exchanging.mended(opened, found, connection))


def take_in(
    store: Store,
    path: Path,
    by: Acting,
    *,
    format: IntakeFormat | None = None,
    mapping: Mapping | None = None,
    dataset: str | None = None,
    complete: bool = False,
    dry_run: bool = False,
    progress: Callable[[int], None] = _silent,
) -> Report:
    """Take a file into the record in one transaction and return what became of every row.

    Parameters
    ----------
    format: settles what the file holds; without it and without a mapping, the header tells.
    mapping: which column holds which field; without it one is proposed and used.
    dataset: the name under which rows are known again; by default the mapping's, else the file's stem.
    complete: rows of this data set that the file no longer names are withdrawn.
    dry_run: everything is done and then rolled back: the report is exact, nothing is written.

    Raises NotFound, UsageFault, InvalidRecords (a mapping that does not fit), Refused, Interrupted. Refused rows are
    in the report, not raised: the acceptable rows land.
    """
    if format is None and mapping is None and path.suffix.lower() in MAP_SUFFIXES:
        format = IntakeFormat.PLACES
    opened, used = _prepared(path, format, mapping, dataset)
    report = Report()
    try:
        with store.writing(by, action="intake") as writer:
            if mapping is None:
                used = exchanging.mended(opened, used, writer.connection)
            batch = Batch(writer, opened, used, complete=complete)
            batch.report.remarks += used.remarks
            _run(batch, store, progress, told=mapping is not None)
            report = batch.close()
            if dry_run:
                report.batch = None
                raise _DryRun
    except _DryRun:
        pass
    except KeyboardInterrupt as stopped:
        raise Interrupted("Stopped. Nothing of this file was kept.") from stopped
    return report


def _named(dataset: str | None, path: Path) -> str:
    if dataset is not None and not 1 <= len(dataset.strip()) <= LONGEST_DATASET:
        raise UsageFault(f"The name of a data set has 1 to {LONGEST_DATASET} letters.")
    return readable(dataset or path.stem)[:LONGEST_DATASET].strip() or "unnamed"


def _prepared(
    path: Path, format: IntakeFormat | None, mapping: Mapping | None, dataset: str | None
) -> tuple[Table, Mapping]:
    from casualty.intake.proposing import propose as proposed

    if mapping is not None and format not in (None, mapping.format):
        raise UsageFault(f"The mapping is for {mapping.format}, the command says {format}; leave one out.")
    name = _named(dataset or (mapping.dataset if mapping else "") or None, path)
    kind = mapping.format if mapping else format
    if kind == IntakeFormat.PLACES and path.suffix.lower() not in TABLE_SUFFIXES:
        used = mapping or Mapping(IntakeFormat.PLACES, name)
        return Table(path, *fingerprint(path), _media_type(path), "utf-8", "", [], 0), replace(used, dataset=name)
    opened = open_table(path, mapping.encoding if mapping else "")
    return opened, replace(mapping, dataset=name) if mapping is not None else proposed(opened, name, format)


def _media_type(path: Path) -> str:
    return "application/geopackage+sqlite3" if path.suffix.lower() == ".gpkg" else "application/geo+json"


def _run(batch: Batch, store: Store, progress: Callable[[int], None], *, told: bool) -> None:
    """Read the file; `told` says that a person gave the mapping, so that nothing of it is altered, only questioned."""
    if batch.mapping.format not in INCIDENT_FORMATS:
        from casualty.intake import reference

        reference.run(batch, progress)
        return
    from casualty.intake.incidents import Intake

    suspicion = exchanging.suspicion(batch.table, batch.mapping, batch.writer.connection) if told else None
    if suspicion:
        batch.report.remarks.append(f"{suspicion} The mapping was followed all the same.")
    Intake(batch, store.today(), exchanged=bool(suspicion)).run(progress)


def batches(store: Store) -> list[dict[str, Any]]:
    """Return every batch, newest first: number, dataset, format, file, when, by whom, its counts, and if withdrawn."""
    rows = store.rows(
        sa.text(
            "SELECT b.number AS batch, b.dataset, b.format, d.title AS file, b.recorded_at, b.recorded_by, b.read, b.recorded,"
            " b.amended, b.unchanged, b.refused, b.vanished, b.warnings, b.withdrawn_at, b.withdrawn_reason FROM batch b"
            " JOIN document d ON d.id = b.document_id ORDER BY b.number DESC"
        )
    )
    return [dict(row._mapping) for row in rows]


def withdraw_batch(
    store: Store, number: int, by: Acting, reason: str, progress: Callable[[int], None] = _silent
) -> dict[str, int]:
    """Take a whole batch back: what it recorded is withdrawn, what it amended returns to what it was before.

    Returns how many records were `withdrawn`, `restored`, and `left` because they were changed since.
    """
    from casualty.intake.undoing import undo

    found = store.rows(sa.text("SELECT id, withdrawn_at FROM batch WHERE number = :n"), n=number)
    if not found:
        raise NotFound(f"There is no batch {number}; see: casualty intake list")
    if found[0].withdrawn_at is not None:
        raise UsageFault(f"Batch {number} is already withdrawn.")
    if not reason.strip():
        raise UsageFault("A withdrawal needs its reason.")
    try:
        with store.writing(by, action="withdraw_batch", reason=f"withdrawal of batch {number}: {reason}") as writer:
            return undo(writer, found[0].id, progress)
    except KeyboardInterrupt as stopped:
        raise Interrupted("Stopped. The batch stands as it was.") from stopped

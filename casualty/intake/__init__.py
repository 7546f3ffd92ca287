"""Intake: files of others become incidents, victims and reference data, every row accounted for."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from casualty.access import Acting
from casualty.errors import Interrupted, NotFound, UsageFault
from casualty.intake import mapping as mappings
from casualty.intake.batch import Batch, Report
from casualty.intake.mapping import Mapping
from casualty.intake.reading import Table, open_table
from casualty.store import Store
from casualty.vocabulary import IntakeFormat

INCIDENT_FORMATS = (IntakeFormat.GED, IntakeFormat.IBC, IntakeFormat.HXL, IntakeFormat.VICTIMS, IntakeFormat.INCIDENTS)
MAP_SUFFIXES = (".geojson", ".topojson", ".json", ".gpkg", ".shp", ".zip")


class _DryRun(Exception):
    """Ends a dry run: the transaction is rolled back with all its work."""


def _silent(_done: int) -> None:
    return None


def propose(path: Path, *, format: IntakeFormat | None = None, dataset: str | None = None) -> str:
    """Return a proposed mapping of a file as TOML, to be edited and given back."""
    from casualty.intake.proposing import propose as proposed

    return mappings.written(proposed(open_table(path), dataset or path.stem, format))


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
    if path.suffix.lower() in MAP_SUFFIXES and (format in (None, IntakeFormat.PLACES)):
        format = IntakeFormat.PLACES
    opened, used = _prepared(path, format, mapping, dataset)
    report = Report()
    try:
        with store.writing(by, action="intake") as writer:
            batch = Batch(writer, opened, used, complete=complete)
            _run(batch, store, progress)
            report = batch.close()
            if dry_run:
                report.batch = None
                raise _DryRun
    except _DryRun:
        pass
    except KeyboardInterrupt as stopped:
        raise Interrupted("Stopped. Nothing of this file was kept.") from stopped
    report.remarks = [*used.remarks, *report.remarks]
    return report


def _prepared(path: Path, format: IntakeFormat | None, mapping: Mapping | None, dataset: str | None) -> tuple[Table, Mapping]:
    from casualty.intake.proposing import propose as proposed

    name = dataset or (mapping.dataset if mapping else "") or path.stem
    if format == IntakeFormat.PLACES:
        from casualty.intake.reading import fingerprint

        sha256, size = fingerprint(path)
        used = mapping or Mapping(IntakeFormat.PLACES, name)
        return Table(path, sha256, size, "application/geo+json", "utf-8", "", [], 0), replace(used, dataset=name)
    opened = open_table(path, mapping.encoding if mapping else None)
    if mapping is not None and format not in (None, mapping.format):
        raise UsageFault(f"The mapping is for {mapping.format}, the command says {format}; leave one out.")
    used = replace(mapping, dataset=name) if mapping is not None else proposed(opened, name, format)
    return opened, used


def _run(batch: Batch, store: Store, progress: Callable[[int], None]) -> None:
    if batch.mapping.format in INCIDENT_FORMATS:
        from casualty.intake.incidents import Intake

        Intake(batch, store.today()).run(progress)
    else:
        from casualty.intake import reference

        reference.run(batch, progress)


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


def withdraw_batch(store: Store, number: int, by: Acting, reason: str, progress: Callable[[int], None] = _silent) -> dict[str, int]:
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

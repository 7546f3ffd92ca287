"""One reading of one file, in one transaction: the batch, its document, its counts, and what the file no longer names."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from casualty.bodies import dump, root
from casualty.errors import Fault
from casualty.intake import mapping as mappings
from casualty.intake.mapping import Mapping
from casualty.intake.reading import Table, readable
from casualty.intake.references import References
from casualty.ledger import Rows, current_bodies
from casualty.schema import BatchFields, DocumentFields, table
from casualty.vocabulary import Operation, SourceKind
from casualty.writing import Writer

MOST_FAULTS = 1000
PROGRESS_EVERY = 2000
FIGURES = ("read", "recorded", "amended", "unchanged", "refused", "vanished", "warnings")

Progress = Callable[[int], None]


@dataclass
class Report:
    """What an intake did. Rows read = recorded + amended + unchanged + refused; `warnings` are rows with at least one."""

    batch: int | None = None
    read: int = 0
    recorded: int = 0
    amended: int = 0
    unchanged: int = 0
    refused: int = 0
    vanished: int = 0
    warnings: int = 0
    faults: list[Fault] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    kinds_of_warning: dict[str, int] = field(default_factory=dict)

    def refuse(self, faults: list[Fault]) -> None:
        """Count one refused row with its faults."""
        self.refused += 1
        self.faults += faults[: max(0, MOST_FAULTS - len(self.faults))]

    def warn(self, warnings: list[Fault]) -> None:
        """Count one row that entered with warnings."""
        if warnings:
            self.warnings += 1
            for kind in {f"{w.field}: {w.remedy}" for w in warnings}:
                self.kinds_of_warning[kind] = self.kinds_of_warning.get(kind, 0) + 1

    def as_json(self) -> dict[str, Any]:
        """Return the report as the command line prints it."""
        return {
            "batch": self.batch,
            **{name: getattr(self, name) for name in FIGURES},
            "faults": [fault.as_dict() for fault in self.faults],
        }


class Batch:
    """The batch while it runs. Its rows are written when the first row of the file changes something."""

    def __init__(self, writer: Writer, opened: Table, mapping: Mapping, *, complete: bool) -> None:
        self.writer = writer
        self.table = opened
        self.mapping = mapping
        self.complete = complete
        self.report = Report()
        self.references = References(writer)
        self.source_id = self.references.source(mapping.source or mapping.dataset, SourceKind.DATASET)
        self.document_id, self._new_document = self._document()
        self._rows: Rows | None = None

    def _document(self) -> tuple[str, Rows | None]:
        """The same file is the same document, however often it is read."""
        document = table("document")
        held = self.writer.connection.execute(
            sa.select(document.c.id).where(document.c.sha256 == self.table.sha256, document.c.withdrawn_at.is_(None))
        ).scalar()
        if held is not None:
            return held, None
        draft = DocumentFields(
            title=readable(self.table.path.name)[:400],
            source_id=self.source_id,
            sha256=self.table.sha256,
            bytes=self.table.bytes,
            media_type=self.table.media_type,
            retrieved_at=self.writer.at,
            custody_note="Hashed before it was read; rows are kept verbatim with each claim.",
        )
        row = root(self.writer.ids, self.writer.at, self.writer.by.name, dump(draft))
        return row["id"], {"document": [row]}

    def open(self) -> str:
        """Write batch, document and names if that is still to be done, and return the batch's id."""
        if self._rows is None:
            batch = table("batch")
            number = (self.writer.connection.execute(sa.select(sa.func.max(batch.c.number))).scalar() or 0) + 1
            fields = dump(self._fields(Report())) | {"number": number}
            self._rows = {"batch": [root(self.writer.ids, self.writer.at, self.writer.by.name, fields)]}
            self.report.batch = number
            self.writer.reason = f"intake batch {number}"
            self.writer.batch_id = self._rows["batch"][0]["id"]
            self.references.keep()
            if self._new_document is not None:
                self.writer.insert("document", self._new_document)
            self.writer.insert("batch", self._rows)
        self.references.keep()
        return str(self._rows["batch"][0]["id"])

    def _fields(self, report: Report) -> BatchFields:
        return BatchFields(
            dataset=self.mapping.dataset,
            format=self.mapping.format,
            document_id=self.document_id,
            mapping=mappings.written(self.mapping),
            complete=self.complete,
            **{name: getattr(report, name) for name in FIGURES},
        )

    def close(self) -> Report:
        """Write the batch's counts and return the report."""
        if self._rows is not None:
            after = {"batch": [self._rows["batch"][0] | dump(self._fields(self.report))]}
            self.writer.change("batch", self._rows, after, Operation.AMEND)
        return self.report

    def current(self, kind: str, record_id: str) -> Rows:
        """Return a record's rows as they stand in this transaction."""
        self.writer.flush()
        return next(rows for _, rows in current_bodies(self.writer.connection, kind, [record_id]))

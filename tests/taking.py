"""Small files for tests of intake, and what became of them."""

from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from casualty import intake
from casualty.intake.batch import Report
from casualty.store import Store

NUMBER = count(1)


def file(folder: Path, text: str | bytes, name: str = "") -> Path:
    """Write a file of this text, in UTF-8 unless it is bytes already."""
    path = folder / (name or f"file{next(NUMBER)}.csv")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def take(store: Store, folder: Path, text: str | bytes, **options: Any) -> Report:
    """Take in a file of this text as the data set `d`, as the local person; the ledger verifies after it."""
    path = file(folder, text, options.pop("name", ""))
    by = options.pop("by", None) or store.local("tester")
    report = intake.take_in(store, path, by, **{"dataset": "d", **options})
    store.verify()
    assert report.read == report.recorded + report.amended + report.unchanged + report.refused
    return report


def figures(report: Report) -> tuple[int, int, int, int, int]:
    """Return recorded, amended, unchanged, refused, vanished."""
    return report.recorded, report.amended, report.unchanged, report.refused, report.vanished


def column(store: Store, query: str, **parameters: object) -> list[Any]:
    """Return the first column of a query."""
    return [row[0] for row in store.rows(sa.text(query), **parameters)]


def killed(store: Store) -> list[Any]:
    """Return the best figures of the incidents that stand, in order of their rows' ids."""
    return column(
        store,
        "SELECT i.killed_best FROM incident i JOIN claim c ON c.incident_id = i.id AND c.standing = 'current'"
        " WHERE i.withdrawn_at IS NULL ORDER BY c.external_id, c.occurrence",
    )

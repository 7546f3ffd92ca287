"""A package made by hand, with the tables and columns that a test names and nothing else."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from casualty.release.package import RECORDS, Package
from casualty.release.records import FILES

INFO = {
    "Source-Organization": "Record of Example", "External-Identifier": "casualty-0123456789abcdef", "Tier": "commission",
    "Bagging-Date": "2025-03-01", "Recipient": "Commission on Example", "Basis": "Resolution 1/2024",
    "Ledger-Seq": "7", "Ledger-Head": "0123456789abcdef" * 4,
}  # fmt: skip
INCIDENT = {
    "id": "i1", "code": "AAAA-0001", "status": "verified", "incident_type": "raid", "date_start": "2024-05-02",
    "date_end": "2024-05-02", "date_precision": "1", "lat": "", "lon": "", "place_precision": "", "pcode": "",
    "admin1": "", "place_as_reported": "Market", "killed_low": "", "killed_best": "", "killed_high": "",
    "count_conflict": "false", "title": "", "narrative_public": "", "has_point": "false", "withheld": "",
}  # fmt: skip
VICTIM = {
    "id": "v1", "incident_id": "i1", "incident_code": "AAAA-0001", "kind": "person", "count_low": "1", "count_best": "1",
    "count_high": "1", "resolved_out_of": "", "harm": "killed", "sex": "woman", "age_band": "adult",
}  # fmt: skip


def incident(number: int = 1, **fields: str) -> dict[str, str]:
    """Return a row of incidents with an id and a code of its own."""
    return {**INCIDENT, "id": f"i{number}", "code": f"AAAA-{number:04}", **fields}


def victim(number: int, of: int, **fields: str) -> dict[str, str]:
    """Return a row of victims, of an incident by its number."""
    return {**VICTIM, "id": f"v{number}", "incident_id": f"i{of}", "incident_code": f"AAAA-{of:04}", **fields}


def package(
    folder: Path,
    tables: Mapping[str, Sequence[Mapping[str, str]]],
    files: Mapping[str, Any] | None = None,
    **info: str,
) -> Package:
    """Write tables by their name in the schema, and further files by their path (text, rows or JSON); return the package.

    Nothing of bag-info.txt lies in the folder: the package is one in the making.
    """
    for name, rows in tables.items():
        _table(folder / RECORDS / f"{FILES[name]}.csv", rows)
    for path, held in (files or {}).items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith(".csv"):
            _table(place, held)
        else:
            place.write_text(held if isinstance(held, str) else json.dumps(held), encoding="utf-8")
    return Package(folder, {label: value for label, value in {**INFO, **info}.items() if value})


def _table(place: Path, rows: Sequence[Mapping[str, str]]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else ["id"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read(package: Package, name: str) -> list[dict[str, str]]:
    """Return the rows of a table of a package, read without the program's own reader."""
    with (package.folder / RECORDS / f"{FILES[name]}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))

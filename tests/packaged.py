"""Packages written by hand, of any tier, for tests of formats that no database need stand behind."""

import csv
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from filled import Filled, fill
from test_release import send

from casualty.release import formats
from casualty.release.bag import quoted
from casualty.release.formats.output import Output, Wishes
from casualty.release.package import Package
from casualty.release.records import FILES
from casualty.store import Store

Rows = Sequence[Mapping[str, object]]
AWKWARD = '=1+1, "quoted"\r\nbroken; أمينة المثال\ttab & <tag> _x0041_'


def write(path: Path, rows: Rows) -> None:
    """Write rows as CSV; the first names the columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        for cells in (list(rows[0]), *([str(row.get(name, "")) for name in rows[0]] for row in rows)):
            file.write(",".join(map(quoted, cells)) + "\n")


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    csv.field_size_limit(2**31 - 1)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def package(
    folder: Path, tables: Mapping[str, Rows], tier: str = "commission", fields: Rows = (), **info: str
) -> Package:
    """Write what formats read of a package, and open it."""
    folder.mkdir(parents=True)
    labels = {"Source-Organization": "Test", "External-Identifier": "casualty-1", "Bagging-Date": "2025-03-04", "Tier": tier,
              "Recipient": "Them", "Basis": "Agreement", **info}  # fmt: skip
    (folder / "bag-info.txt").write_text("".join(f"{k}: {v}\n" for k, v in labels.items()), encoding="utf-8")
    (folder / "manifest-sha256.txt").write_text("", encoding="utf-8")
    for name, rows in tables.items():
        write(folder / f"data/04_records/{FILES[name]}.csv", rows)
    if fields:
        write(folder / "data/02_codebook/fields.csv", fields)
    return Package.at(folder)


def full(folder: Path) -> tuple[Path, Filled]:
    """Make a package of a record with something of everything; return its folder and what is in it."""
    store = Store.create(folder / "record.db")
    by = store.local("tester")
    filled = fill(store, by, store.local("second person"))
    path = send(store, by, folder / "bag").path
    store.close()
    return path, filled


def field(table: str, name: str, kind: str) -> dict[str, str]:
    """Return a row of a package's codebook."""
    return {
        "table": table,
        "field": name,
        "kind": kind,
        "required": "no",
        "scheme": "",
        "meaning": f"Meaning of {name}.",
    }


def converted(made: Package, wanted: str, folder: Path, **wishes: object) -> Path:
    """Write a package in a format, without verifying it first; return the folder."""
    folder.mkdir(parents=True)
    asked = Wishes(**wishes)  # type: ignore[arg-type]
    output = Output(folder, made, bom=asked.bom)
    told, writer = formats.FORMATS[wanted]
    writer(made, output, asked)
    output.finish(wanted, told, None)
    return folder


def hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


# Rows of a narrow tier, and what their columns are.
SUPPRESSED = [
    {
        "id": "a",
        "code": "C1",
        "killed_best": "suppressed",
        "lat": "1.5",
        "lon": "-2.5",
        "date_start": "2024-05",
        "pcode": "007",
    },
    {
        "id": "b",
        "code": "C2",
        "killed_best": "7",
        "lat": "",
        "lon": "",
        "date_start": "2024-05-02",
        "pcode": "suppressed",
    },
]
KINDS = [field("incident", "killed_best", "whole number"), field("incident", "lat", "number"), field("incident", "lon", "number"),
         field("incident", "date_start", "date, ISO 8601")]  # fmt: skip

"""The two records that are measured: the 176,579-incident file, and a million incidents made of it by repetition.

They are kept in the folder that CASUALTY_BENCH names, or else in `casualty-bench` of the temporary folder: the million takes
some ten minutes to read in, once.
"""

import csv
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from bench import intake

MILLION = 1_000_000
# Each repetition is shifted by so much more: degrees east and north, and days earlier.
SHIFT = (0.37, 0.23, 41)
ACCOUNT, PASSWORD = "bench", "for the benchmark only"


def folder() -> Path:
    """Return the folder that the records are kept in; it is made if need be."""
    named = os.environ.get("CASUALTY_BENCH")
    kept = Path(named) if named else Path(tempfile.gettempdir()) / "casualty-bench"
    kept.mkdir(parents=True, exist_ok=True)
    return kept


def large() -> Path:
    """Return the path of a database that holds the file, with an account to sign in by."""
    return _database("large.db", intake.source(folder()))


def million() -> Path:
    """Return the path of a database that holds a million incidents: the file again and again, shifted."""
    source, target = intake.source(folder()), folder() / "million.csv"
    if not target.is_file():
        _repeated(source, target)
    return _database("million.db", target)


def _database(name: str, file: Path) -> Path:
    """Read a file into a database by the commands that everybody has; built beside and moved when whole."""
    target, part = folder() / name, folder() / f"{name}.part"
    if not target.is_file():
        part.unlink(missing_ok=True)
        _command(part, "init")
        _command(part, "intake", str(file), "--format", "ged")
        _command(part, "account", "add", ACCOUNT, "--role", "administrator")
        part.rename(target)
    return target


def _command(database: Path, *command: str) -> None:
    whole = [sys.executable, "-m", "casualty", "--db", str(database), *command]
    subprocess.run(whole, check=True, capture_output=True, env=os.environ | {"CASUALTY_NEW_PASSWORD": PASSWORD})


def _repeated(source: Path, target: Path) -> None:
    part = target.with_suffix(".part")
    with source.open(encoding="utf-8", newline="") as read, part.open("w", encoding="utf-8", newline="") as written:
        rows = list(csv.DictReader(read))
        writer = csv.DictWriter(written, list(rows[0]))
        writer.writeheader()
        writer.writerows(_shifted(rows))
    part.rename(target)


def _shifted(rows: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    """Yield the rows over and over until there are a million, each time with other keys, at other places, on other days."""
    for number in range(MILLION):
        round_, at = divmod(number, len(rows))
        yield _moved(rows[at], round_) if round_ else rows[at]


def _moved(row: dict[str, str], times: int) -> dict[str, str]:
    east, north, days = SHIFT
    day = date(*(int(float(row[part])) for part in ("year", "month", "day"))) - timedelta(days=days * times)
    return row | {
        "id": f"{int(float(row['id'])) + times * 10_000_000}.0",
        "latitude": f"{min(float(row['latitude']) + north * times, 89.0):.6f}",
        "longitude": f"{(float(row['longitude']) + east * times + 180) % 360 - 180:.6f}",
        "year": str(day.year),
        "month": str(day.month),
        "day": str(day.day),
    }

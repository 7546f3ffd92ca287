"""How dear are validation, claims and ledger? An intake against a bare executemany of every row it leaves.

Both run in this order on the same machine, in processes of their own; the ratio of their CPU times is the figure.
"""

import csv
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

CHUNK = 20_000
ROWS = 176_579


def source(folder: Path) -> Path:
    """Return the real GED file, or one of the same shape and size made here where the real data are absent."""
    shared = Path(os.environ.get("CASUALTY_SHARED", "../shared")) / "data/ucdp_ged211_subset/ged211_whereprec12.csv"
    return shared if shared.is_file() else _made(folder / "ged.csv")


def _made(path: Path) -> Path:
    rng = np.random.default_rng(1)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            [
                "id",
                "year",
                "month",
                "day",
                "country",
                "type_of_violence",
                "conflict_name",
                "side_a",
                "side_b",
                "latitude",
                "longitude",
                "low_death",
                "best_death",
                "high_death",
            ]
        )
        for number in range(ROWS):
            day = date(1989, 1, 1) + timedelta(days=int(rng.integers(11_600)))
            best = int(rng.pareto(1.5) * 2)
            writer.writerow(
                [f"{number}.0", day.year, day.month, day.day, f"Country {rng.integers(120)}", "State-based violence",
                 f"Conflict {rng.integers(1200)}", f"Party {rng.integers(650)}", f"Party {rng.integers(650)}",
                 round(float(rng.uniform(-60, 70)), 5), round(float(rng.uniform(-170, 170)), 5), best, best, best + 1]
            )  # fmt: skip
    return path


def _child(*arguments: str) -> tuple[float, float, int]:
    """Run the command line; return its CPU seconds, wall seconds and peak memory in MiB."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-m", "casualty", *arguments], check=True, capture_output=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall, after.ru_maxrss // 1024


def bare(full: Path, empty: Path) -> tuple[float, int]:
    """Put every row of every table of one database into another of the same schema; return CPU seconds and rows."""
    held, made = sqlite3.connect(full), sqlite3.connect(empty, isolation_level=None)
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "cache_size=-65536",
        "foreign_keys=ON",
        "defer_foreign_keys=ON",
    ):
        made.execute(f"PRAGMA {pragma}")
    made.execute("BEGIN")
    made.execute("PRAGMA defer_foreign_keys=ON")
    spent, rows = 0.0, 0
    names = [
        row[0]
        for row in held.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    ]
    for name in names:
        if name in ("alembic_version", "ledger_head"):
            continue
        cursor = held.execute(f'SELECT * FROM "{name}"')
        marks = ", ".join("?" * len(cursor.description))
        while chunk := cursor.fetchmany(CHUNK):
            began = time.process_time()
            made.executemany(f'INSERT INTO "{name}" VALUES ({marks})', chunk)
            spent += time.process_time() - began
            rows += len(chunk)
    began = time.process_time()
    made.execute("COMMIT")
    return spent + time.process_time() - began, rows


def measure() -> dict[str, Any]:
    """Return the figures: intake against bare insert, a second reading, verification, summary, help."""
    from casualty import migrating
    from casualty.store.opening import engine_of, url_of

    with tempfile.TemporaryDirectory() as folder:
        file, full, empty = source(Path(folder)), Path(folder) / "full.db", Path(folder) / "empty.db"
        _child("--db", str(full), "init")
        intake, wall, memory = _child("--db", str(full), "intake", str(file))
        with engine_of(url_of(empty)).begin() as connection:
            migrating.upgrade(connection)
        inserted, rows = bare(full, empty)
        again, _, _ = _child("--db", str(full), "intake", str(file))
        verify, verify_wall, _ = _child("--db", str(full), "ledger", "verify")
        summaries = sorted(_child("--db", str(full), "summary", "--by", "year", "--json")[1] for _ in range(5))
        helps = sorted(_child("--help")[1] for _ in range(9))
        return {
            "file": "UCDP GED subset" if "shared" in str(file) else "made here, same shape",
            "rows left in all tables": rows,
            "intake CPU s": round(intake, 1),
            "bare executemany CPU s": round(inserted, 1),
            "intake / bare (at most 5)": round(intake / inserted, 2),
            "intake peak MiB (at most 1024)": memory,
            "read again / intake": round(again / intake, 2),
            "verify / intake, wall (at most 1)": round(verify_wall / wall, 2),
            "verify CPU s": round(verify, 1),
            "summary s, median of 5 (under 1)": round(summaries[2], 2),
            "help s, median of 9 (under 0.5)": round(helps[4], 2),
            "database MiB": full.stat().st_size // 2**20,
        }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))

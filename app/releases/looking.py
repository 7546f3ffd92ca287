"""Exactly what would leave, before it leaves: every file with its length and hash, the papers, what is withheld, the tables."""

import csv
from collections import Counter
from collections.abc import Sequence
from html import escape
from itertools import islice
from pathlib import Path

import streamlit as st

from app import language, widgets
from app.language import count, say
from casualty.evidence.items import hash_of
from casualty.release import Request
from casualty.release.package import LONGEST_CELL, Package
from casualty.vocabulary import IncidentStatus

README, WITHHELD, REPORT, MANIFEST = (
    "data/00_README.txt", "data/08_withheld.csv", "data/12_report.pdf", "manifest-sha256.txt"
)  # fmt: skip
AT_ONCE = 200  # files on one page of the list
FIRST_ROWS = 20
LONGEST_SHOWN = 120


def show(asked: Request) -> None:
    """Show the content of a package that was asked for."""
    if not asked.folder.is_dir():
        st.warning(
            say("The package that was shown does not lie on this machine. It can be looked at where it was asked for.")
        )
        return
    files = list(asked.files())
    summed(asked, files)
    with st.expander(say("What the recipient reads first (README)")):
        st.html(f'<pre class="paper" lang="en" dir="ltr" tabindex="0">{escape(text(asked.folder / README))}</pre>')
    with st.expander(say("What is withheld, and why")):
        of_file(asked.folder / WITHHELD, AT_ONCE)
    with st.expander(say("The first rows of a table")):
        tables = [path for path, _ in files if path.endswith(".csv")]
        chosen = st.selectbox(say("Table"), tables, key=f"table-{asked.id}", index=first_table(tables))
        if chosen is not None:
            with st.container(key=f"rows-{asked.id}"):
                of_file(asked.folder / chosen, FIRST_ROWS, LONGEST_SHOWN)
    with st.expander(widgets.plain(count("Every file: {n}", "Every file: {n}", len(files)))):
        listed(asked, files)


def summed(asked: Request, files: Sequence[tuple[str, int]]) -> None:
    """Show in numbers what would leave."""
    sizes = dict(files)
    report = sizes.get(REPORT)
    found = by_status(asked.manifest_sha256, str(asked.folder))
    widgets.facts([
        (say("Incidents"), escape(language.number(asked.incidents))),
        (say("By status"), "<br>".join(
            f"{escape(widgets.label(IncidentStatus, word))}: {escape(language.number(n))}" for word, n in found
        ) or widgets.unknown()),
        (say("Files"), escape(language.joined([
            count("{n} file", "{n} files", len(files)), count("{n} byte", "{n} bytes", sum(sizes.values()))]))),
        (say("Report (PDF)"), escape(say("none: it was left out") if report is None else count("{n} byte", "{n} bytes", report))),
    ])  # fmt: skip


@st.cache_data(max_entries=16, show_spinner=False)
def by_status(manifest_sha256: str, folder: str) -> list[tuple[str, int]]:
    """Return how many incidents of a package have which status, in the order of review."""
    found = Counter(row["status"] for row in Package.at(Path(folder)).rows("incident"))
    order = {status.value: at for at, status in enumerate(IncidentStatus)}
    return sorted(found.items(), key=lambda item: order.get(item[0], len(order)))


def text(path: Path) -> str:
    """Return a text of a package, or that it is not there."""
    return path.read_text(encoding="utf-8") if path.is_file() else say("This file is missing.")


def first_table(tables: Sequence[str]) -> int | None:
    """Return which table is shown at first: the incidents."""
    return next((at for at, path in enumerate(tables) if path.endswith("/incidents.csv")), 0 if tables else None)


def of_file(path: Path, most: int, longest: int = LONGEST_CELL) -> None:
    """Show the first rows of a CSV file as they stand in it, cells cut at `longest` characters."""
    if not path.is_file():
        st.info(say("This file is missing."))
        return
    csv.field_size_limit(LONGEST_CELL)
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        heads, rows = next(lines, []), list(islice(lines, most + 1))
    if not rows:
        st.info(say("This table has no rows."))
        return
    widgets.table(heads, [[cell(value, longest) for value in row] for row in rows[:most]])
    if len(rows) > most:
        st.caption(count("Only the first {n} row is shown.", "Only the first {n} rows are shown.", most))


def cell(value: str, longest: int) -> str:
    """Return a cell as it stands in the file, a long one cut; an empty one stays empty."""
    shown = value if len(value) <= longest else f"{value[:longest]}…"
    return f'<bdi dir="auto">{escape(shown)}</bdi>'


def listed(asked: Request, files: Sequence[tuple[str, int]]) -> None:
    """Show each file with its length and its SHA-256; those that granting adds are named."""
    pages = -(-len(files) // AT_ONCE)
    page = 1
    if pages > 1:
        page = int(st.number_input(say("Page of the list, of {n}", n=pages), 1, pages, key=f"files-{asked.id}"))
    hashes = manifest(asked.folder)
    heads = (say("File"), say("Bytes"), say("SHA-256"))
    cells = [
        [f"<code>{escape(path)}</code>", language.number(size),
         f"<code>{escape(hashes.get(path) or hash_of(asked.folder / path))}</code>"]
        for path, size in files[(page - 1) * AT_ONCE : page * AT_ONCE]
    ]  # fmt: skip
    widgets.table(heads, cells, heads[1:2])
    st.caption(
        say("Granting hashes every file again and refuses if one has changed. It adds to bag-info.txt who asked and who granted it, and "
            "lays the declaration, a manifest of these papers and the signature beside them.")
    )  # fmt: skip


def manifest(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of the payload, as the package states it."""
    lines = (line.partition("  ") for line in text(folder / MANIFEST).splitlines())
    return {path: digest for digest, _, path in lines if path}

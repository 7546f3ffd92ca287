"""Tables of answers and of charts as files: what they are, for whom, and with which caveats stands in their first lines."""

import csv as writing
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from casualty.access import Acting
from casualty.disclosure import table_tier
from casualty.patterns.answers import plain

# A spreadsheet computes a cell that begins so, full-width signs among them; as text it begins with an apostrophe.
COMPUTED = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
KEEP = "For work within this deployment. Do not pass it on: what leaves the house leaves it as a release."
MANY = "; "


def head(
    by: Acting, situations: frozenset[str] | None, *, what: str, caveats: Sequence[str], ledger_head: str, filter: str = "",
    run: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return what the first lines of a table say; raise Refused for whoever may take none (`disclosure.table_tier`).

    what: what the table shows; filter: text of the filter it follows; run: code of the kept answer; ledger_head: hash of
    the link at which the record was read.
    """
    tier = table_tier(by, situations)
    told = {"tier": str(tier), "handling": KEEP, "what": what, "filter": filter or "none", "run": run}
    return {**told, "taken_by": by.name, "ledger_head": ledger_head, "caveats": list(caveats)}


def csv(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, head: Mapping[str, Any]) -> bytes:
    """Return a table as CSV in UTF-8, with a mark that spreadsheets know it by.

    head: from `head`; each of its values is a line of two cells before the columns, whose first begins with #. Text that
    a spreadsheet would compute stands as text; absent values are empty, lists are joined by semicolons.
    """
    out = io.StringIO()
    writer = writing.writer(out, lineterminator="\r\n")
    for name, value in head.items():
        for part in value if isinstance(value, list | tuple) else (value,):
            writer.writerow([f"# {name}", cell(part)])
    writer.writerow(map(cell, columns))
    writer.writerows(map(cell, row) for row in rows)
    return out.getvalue().encode("utf-8-sig", "replace")


def document(body: Any, *, head: Mapping[str, Any]) -> bytes:
    """Return an answer's document as strict JSON in UTF-8, below what `head` says of it."""
    text = json.dumps({"head": plain(head), "answer": plain(body)}, ensure_ascii=False, indent=2, allow_nan=False)
    return f"{text}\n".encode("utf-8", "replace")


def cell(value: Any) -> Any:
    """Return a value as a cell of CSV: numbers as they are, text that no spreadsheet computes."""
    value = plain(value)
    if isinstance(value, Mapping):
        value = MANY.join(f"{name} {part}" for name, part in value.items())
    if isinstance(value, list):
        value = MANY.join(map(str, value))
    if isinstance(value, str):
        return f"'{value}" if value.startswith(COMPUTED) else value
    return "" if value is None else value


def of_answer(answer: Mapping[str, Any]) -> tuple[list[str], list[list[Any]]]:
    """Return the columns and the rows of an answer's document: of its clusters, if it is a scan's."""
    rows = answer.get("clusters") or answer.get("rows") or []
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return columns, [[row.get(name) for name in columns] for row in rows]

"""An answer in words for a terminal: the sentence first, then a table, then all that must be said with it."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]
Row = Mapping[str, Any]

WIDTH = 100  # columns of a terminal
MOST_ROWS = 20
LONGEST_CELL = 34
PLACES_NAMED = 3
NONE = "-"

LABELS = ("area", "band", "date")
CONTRACT = ("observed", "expected", "ratio", "low", "high", "p", "p_adjusted", "alarm")
WHERE = ("rank", "locations", "start", "end")
OF_CLUSTER = (*WHERE, "cases", "expected", "relative_risk", "log_likelihood_ratio", "p_value")
# What a table says beside the contract must be short; these are said elsewhere or belong to a machine.
NEVER = frozenset({"id", "locations", "places"})
HEADS = {
    "p_adjusted": "p adjusted", "log_likelihood_ratio": "LLR", "relative_risk": "relative risk", "p_value": "p",
    "start": "first day", "end": "last day",
}  # fmt: skip

BREAKS = "\n\r\t\x0b\x0c\x85\u2028\u2029"
ISOLATE, END = "\u2068", "\u2069"
RIGHT_TO_LEFT = ("R", "AL", "AN")
# Marks that turn the direction of what follows: a name that holds one could turn a figure beside it.
TURNING = dict.fromkeys([0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)], "")


def text(document: Document, *, width: int = WIDTH, most: int = MOST_ROWS) -> str:
    """Return an answer, scan or disparity (its JSON document) as lines of a terminal.

    width: columns to fill; most: rows of the table, and those that stand out go before others where there are more.
    """
    parts = [
        [line for said in sentences(document) for line in wrapped(said, width)],
        _table(document, width, most),
        [line for said in beside(document) for line in wrapped(said, width)],
        [line for said in document.get("caveats") or () for line in wrapped(f"- {clean(said)}", width, "  ")],
        wrapped(_chosen(document), width, "  "),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def sentences(document: Document) -> list[str]:
    """Return what may be said of an answer."""
    said = document.get("sentences") or [document.get("sentence") or ""]
    return [clean(one) for one in said if one]


# Words --------------------------------------------------------------------------------------------------------------


def beside(document: Document) -> Iterator[str]:
    """Yield what was used, what was left out and why, and what the p were corrected for."""
    if document.get("n") is not None:
        yield f"Incidents used: {number(document['n'])}."
    left = document.get("left_out")
    if isinstance(left, Mapping) and left:
        yield f"Left out: {'; '.join(f'{number(count)} {clean(reason)}' for reason, count in left.items())}."
    elif isinstance(left, Sequence) and left:
        yield f"Left out: {number(len(left))} combinations of place, time and group without figures."
    if document.get("correction"):
        yield f"Adjusted p: {clean(document['correction'])}."


def _chosen(document: Document) -> str:
    chosen = dict(document.get("parameters") or {})
    if document.get("replications") is not None:
        chosen.setdefault("replications", document["replications"])
    if document.get("seed") is not None:
        chosen.setdefault("seed", document["seed"])
    told = "; ".join(f"{clean(name)} {_said(value)}" for name, value in chosen.items() if value not in (None, "", []))
    return f"Chosen: {told}" if told else ""


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{clean(name)} {_said(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_said, value))
    # A year and a seed are no quantities: they are not cut into thousands.
    return str(value) if isinstance(value, int) else number(value) if isinstance(value, float) else clean(value)


def clean(value: object) -> str:
    """Return a text of one line that moves neither the cursor nor the direction of writing."""
    return "".join(" " if sign in BREAKS else "·" if _moving(sign) else sign for sign in str(value).translate(TURNING))


def _moving(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cs")


def number(value: Any) -> str:
    """Return a number as a person reads it: three significant figures where it is no count."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, list | tuple):
        return " ".join(map(number, value))
    if not isinstance(value, int | float):
        return clean(value)
    if float(value).is_integer():
        return f"{int(value):,}"
    size = abs(value)
    return f"{value:,.0f}" if size >= 1000 else f"{value:.3g}" if size >= 1e-4 else f"{value:.1e}"


# The table ----------------------------------------------------------------------------------------------------------


def _table(document: Document, width: int, most: int) -> list[str]:
    rows: Sequence[Row] = document["clusters"] if "clusters" in document else document.get("rows") or ()
    if not rows:
        return ["No cluster." if "clusters" in document else "Nothing to show in a table."]
    chosen = _outstanding(rows, most)
    columns = _fitting(_columns(rows), chosen, width)
    lines = _aligned(columns, chosen)
    if len(chosen) < len(rows):
        lines.append(f"Shown {len(chosen)} of {len(rows):,}: those that stand out most; the JSON document has all.")
    return lines


def _outstanding(rows: Sequence[Row], most: int) -> list[Row]:
    """Return at most so many rows in their order: alarms first, then by p; days without either, the latest."""
    ranked = sorted(range(len(rows)), key=lambda at: (not rows[at].get("alarm"), *_p(rows[at]), _late(rows[at], at)))
    return [rows[at] for at in sorted(ranked[:most])]


def _p(row: Row) -> tuple[float, float]:
    found = [row.get(name) for name in ("p_adjusted", "p", "p_value")]
    known = [value for value in found if isinstance(value, int | float)]
    return (known[0], known[-1]) if known else (2.0, 2.0)


def _late(row: Row, at: int) -> int:
    return -at if "date" in row else at


def _columns(rows: Sequence[Row]) -> list[str]:
    """Return the columns to show: what a row is called by, the contract's, then whatever else is one value a row."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    if "rank" in keys:
        return [key for key in OF_CLUSTER if key in keys]
    labels = [key for key in keys if key in LABELS] or keys[:1]
    named = [key for key in keys if key not in labels and any(_names_more(row, key, labels) for row in rows)]
    words = [key for key in keys if key not in labels and any(isinstance(row.get(key), str) for row in rows)]
    others = [key for key in keys if key not in (*labels, *words, *CONTRACT) and key not in NEVER]
    shown = [*labels, *named, *(key for key in CONTRACT if key in keys), *others]
    return [key for key in shown if any(_single(row.get(key)) for row in rows)]


def _names_more(row: Row, key: str, labels: Iterable[str]) -> bool:
    """Return whether a word of a row is not already part of what the row is called by."""
    value = row.get(key)
    return isinstance(value, str) and not any(value in str(row.get(label)) for label in labels)


def _single(value: Any) -> bool:
    return value is not None and not isinstance(value, list | tuple | Mapping)


def _fitting(columns: list[str], rows: Sequence[Row], width: int) -> list[str]:
    """Return the columns that fit, from the left; the contract's stay whatever they take."""
    kept, used = [], 0
    for name in columns:
        needed = 2 + max(columns_of(cell) for cell in _cells(name, rows))
        if used + needed > width and name not in (*LABELS, *CONTRACT, *OF_CLUSTER):
            continue
        used += needed
        kept.append(name)
    return kept


def _cells(name: str, rows: Iterable[Row]) -> list[str]:
    shown: Callable[[Any], str] = _places if name == "locations" else _short
    return [HEADS.get(name, name.replace("_", " ")), *(shown(row.get(name)) for row in rows)]


def _short(value: Any) -> str:
    return clipped(number(value), LONGEST_CELL)


def _places(value: Sequence[str] | None) -> str:
    listed = list(value or ())
    more = f" and {len(listed) - PLACES_NAMED:,} more" if len(listed) > PLACES_NAMED else ""
    each = max((LONGEST_CELL - len(more)) // max(1, min(len(listed), PLACES_NAMED)) - 2, 4)
    return ", ".join(clipped(clean(one), each) for one in listed[:PLACES_NAMED]) + more


def _aligned(columns: Sequence[str], rows: Sequence[Row]) -> list[str]:
    table = [_cells(name, rows) for name in columns]
    words = [any(isinstance(row.get(name), str | list) for row in rows) and name != "cases" for name in columns]
    widths = [max(map(columns_of, cells)) for cells in table]
    return [
        "  ".join(
            _padded(cells[at], wide, left) for cells, wide, left in zip(table, widths, words, strict=True)
        ).rstrip()
        for at in range(len(rows) + 1)
    ]


def _padded(cell: str, wide: int, left: bool) -> str:
    gap = " " * (wide - columns_of(cell))
    # Isolated, so that a word written from the right does not pull the figures of its row with it.
    isolated = f"{ISOLATE}{cell}{END}" if any(unicodedata.bidirectional(c) in RIGHT_TO_LEFT for c in cell) else cell
    return isolated + gap if left else gap + isolated


# Widths -------------------------------------------------------------------------------------------------------------


def columns_of(value: str) -> int:
    """Return how many columns of a terminal a text takes: marks none, East Asian wide signs two."""
    return sum(map(_wide, value))


def _wide(sign: str) -> int:
    if unicodedata.category(sign) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def clipped(value: str, most: int) -> str:
    """Return a text cut to so many columns, with a sign that it was."""
    if columns_of(value) <= most:
        return value
    kept, used = "", 1
    for sign in value:
        used += _wide(sign)
        if used > most:
            break
        kept += sign
    return f"{kept.rstrip()}…"


def wrapped(value: str, width: int, indent: str = "") -> list[str]:
    """Return a text as lines of so many columns, further ones indented; a word that is longer stands whole."""
    lines: list[str] = []
    for word in value.split():
        if lines and columns_of(lines[-1]) + 1 + columns_of(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(f"{indent if lines else ''}{word}")
    return lines

"""The kept analyses of a package as the report tells them: what was asked, what may be said, the figures, the caveats.

They are conclusions of analysts, never facts of the record (R87); each is told with its interval, with what was left
out and with what must be said beside it (R45, R49, R52).
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from casualty.errors import CheckFailed, Fault
from casualty.patterns.plainly import clean, number, sentences
from casualty.release.package import Package
from casualty.release.report.annex import reasons
from casualty.release.report.lines import inline

Answer = Mapping[str, Any]
Row = Mapping[str, Any]

ANSWERS = "data/07_analysis"
MOST_ROWS = 12
# What a table of an answer shows, by the column that tells its kind: (column, head). The first that fits is taken.
SHAPES: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("stratified_ratio", (
        ("area", "Area"), ("period", "Period"), ("group", "Group"), ("incidents", "Inci- dents"), ("victims", "Victims"),
        ("rate_ratio", "Crude ratio"), ("stratified_ratio", "Within areas"), ("stratified_low", "95\u00a0% from"),
        ("stratified_high", "to"), ("p_adjusted", "p adjusted"), ("verdict", "May be called"),
    )),
    ("rank", (
        ("rank", "Rank"), ("places", "Places"), ("start", "First day"), ("end", "Last day"), ("cases", "Cases"),
        ("expected", "Expected"), ("relative_risk", "Relative risk"), ("p_value", "p"),
    )),
    ("observed", (
        ("name", "Part"), ("observed", "Observed"), ("expected", "Expected"), ("ratio", "Ratio"), ("low", "95\u00a0% from"),
        ("high", "to"), ("p", "p"), ("p_adjusted", "p adjusted"), ("alarm", "Stands out"),
    )),
)  # fmt: skip
CALLED = ("area", "band", "date", "name", "group")
PLACES_NAMED = 3
# How wide a column of words is, against the others of words; a column of numbers is as wide as it must be.
WIDE = {"area": 2, "period": 5, "group": 3, "name": 1, "places": 1, "verdict": 4}


def kept(package: Package) -> list[dict[str, Any]]:
    """Return the analyses that stand, oldest first, as the report shows them.

    Raises CheckFailed, naming each, if an answer cannot be read.
    """
    faults: list[Fault] = []
    rows = (_again(package, row) for row in package.rows("analysis_run") if not row.get("withdrawn_at"))
    found = [_told(row, faults) for row in rows]
    if faults:
        raise CheckFailed("The report cannot tell every analysis of the package; nothing was written.", faults)
    return found


def _again(package: Package, row: Mapping[str, str]) -> Mapping[str, str]:
    """Where an answer of the whole record is withheld, take the one that was given anew of what the package holds."""
    folder = package.folder / ANSWERS / row.get("code", "")
    if row.get("result") or not (folder / "result.json").is_file():
        return row
    asked = json.loads((folder / "asked.json").read_text(encoding="utf-8"))
    answer = (folder / "result.json").read_text(encoding="utf-8").rstrip("\n")
    hashes = {name: asked[name] for name in ("data_sha256", "result_sha256")}
    return {**row, **hashes, "result": answer, "of": asked["asked_of"]}


def _told(row: Mapping[str, str], faults: list[Fault]) -> dict[str, Any]:
    code = row.get("code") or row["id"]
    told: dict[str, Any] = {
        "code": code,
        "name": clean(row.get("name", "")),
        "question": clean(row.get("question", "")),
        "method": row.get("method", ""),
        "asked": _asked(row),
        "withheld": "" if row.get("result") else reasons(row) or "not given at this tier",
    }
    if not row.get("result"):
        return told
    try:
        answer = json.loads(row["result"])
    except ValueError:
        faults.append(Fault(0, f"analysis {code}, result", "is not JSON.", "Ask the sender for the package again."))
        return told
    return told | _answer(answer)


def _asked(row: Mapping[str, str]) -> str:
    """Return what was chosen, the seed, and by which hash the data and the answer are known."""
    parameters = row.get("parameters") or "{}"
    chosen = json.loads(parameters) if parameters.startswith("{") else {}
    given = {name: value for name, value in sorted(chosen.items()) if value not in (None, "", [])}
    parts = [f"{clean(name).replace('_', ' ')} {_chosen(value)}" for name, value in given.items()]
    parts += [f"seed {row['seed']}"] if row.get("seed") and "seed" not in chosen else []
    parts += [f"asked of {row['of']}"] if row.get("of") else []
    parts += [f"data {row['data_sha256'][:16]}"] if row.get("data_sha256") else []
    parts += [f"answer {row['result_sha256'][:16]}"] if row.get("result_sha256") else []
    return "; ".join(parts)


def _chosen(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{clean(name)} {_chosen(part)}" for name, part in value.items())
    return ", ".join(map(_chosen, value)) if isinstance(value, list) else inline(value)


def _answer(answer: Answer) -> dict[str, Any]:
    caveats = [clean(one) for one in answer.get("caveats") or ()]
    return {
        "sentences": [said for said in sentences(answer) if said not in caveats],
        "caveats": caveats,
        "used": number(answer.get("n")) if answer.get("n") is not None else "",
        "left_out": _left_out(answer.get("left_out")),
        "correction": clean(answer.get("correction") or ""),
        "table": _table(answer),
    }


def _left_out(left: Any) -> list[str]:
    """Return what was left out, each with its reason: incidents, or combinations of place, time and group."""
    if isinstance(left, Mapping):
        return [f"{number(count)} incidents: {inline(reason)}" for reason, count in left.items() if count]
    reasons = Counter(inline(part.get("reason", "no figures")) for part in left or ())
    return [f"{reason} ({number(n)} of the areas, periods and groups)" for reason, n in reasons.items()]


def _table(answer: Answer) -> dict[str, Any] | None:
    """Return the figures of an answer: those that stand out most, in their order; None where it has no table."""
    rows: Sequence[Row] = answer.get("clusters") or answer.get("rows") or ()
    shape = next((columns for key, columns in SHAPES if any(key in row for row in rows)), None)
    if shape is None:
        return None
    ranked = sorted(range(len(rows)), key=lambda at: (not rows[at].get("alarm"), _p(rows[at]), at))
    chosen = [rows[at] for at in sorted(ranked[:MOST_ROWS])]
    columns = [(key, head) for key, head in shape if any(_cell(row, key) for row in chosen)]
    return {
        "head": [head for _, head in columns],
        "rows": [[_cell(row, key) for key, _ in columns] for row in chosen],
        "wide": [WIDE.get(key, 0) for key, _ in columns],
        "shown": number(len(chosen)),
        "of": number(len(rows)),
    }


def _p(row: Row) -> float:
    found = (row.get(name) for name in ("p_adjusted", "p", "p_value"))
    return next((float(value) for value in found if isinstance(value, int | float)), 2.0)


def _cell(row: Row, key: str) -> str:
    if key == "name":
        return " · ".join(dict.fromkeys(inline(part) for part in _called(row)))
    if key == "places":
        return _places(row)
    if key == "period":  # two days with a space between them, where a line may break
        return clean(row.get(key, "")).replace("/", " to ")
    value = row.get(key)
    return "" if value is None else number(value)


def _called(row: Row) -> Iterator[Any]:
    return (row[key] for key in CALLED if row.get(key) not in (None, ""))


def _places(row: Row) -> str:
    """Return the places of a cluster: the first few by name, and how many more."""
    listed = [inline(place) for place in row.get("areas") or row.get("locations") or ()]
    more = f" and {len(listed) - PLACES_NAMED:,} more" if len(listed) > PLACES_NAMED else ""
    return ", ".join(listed[:PLACES_NAMED]) + more

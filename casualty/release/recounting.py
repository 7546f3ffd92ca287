"""Totals and places of a package, counted again from its tables; it travels within `verify.py`, for Python 3.8."""

from __future__ import annotations

import json
import os
from itertools import groupby
from typing import Any, Iterator  # noqa: UP035 (Python 3.8)

PARTS = ("low", "best", "high")
RECORDS = "data/04_records/"
VICTIMS, PAIRINGS = RECORDS + "victims.csv", RECORDS + "pairings.csv"
INCIDENTS, FEATURES, SUMMARY = RECORDS + "incidents.csv", "data/05_geo/incidents.geojson", "data/summary.json"
ABSENT = {"", "not_applicable", "not_recorded"}


def same_cell(cell: str, value: object) -> bool:
    """Return whether a cell of a table says what a value of the ledger says."""
    if value is None:
        return cell in ABSENT
    if isinstance(value, bool):
        return cell == ("true" if value else "false")
    if isinstance(value, float):
        return cell == repr(value)
    return cell == str(value)


def summary(report: Any) -> None:
    """Hold the stated totals against those counted again from the tables."""
    report.at = (SUMMARY, "")
    with open(report.path(SUMMARY), encoding="utf-8") as file:
        stated = json.load(file)
    counted = _count(report)
    for name in sorted(set(stated) | set(counted)):
        if stated.get(name) != counted.get(name):
            report.fault(SUMMARY, name, f"says {stated.get(name)}, the tables give {counted.get(name)}")
    report.checked.append(f"{len(counted)} totals counted again from the tables")


def _count(report: Any) -> dict[str, int]:
    """Sum the stated figures of every incident, or, where it states none, its victims recorded as killed."""
    counted = dict.fromkeys(("incidents", "victims", "killed_low", "killed_best", "killed_high"), 0)
    counted.update(without_best=0, without_place=0)
    killed: dict[str, list[int]] = {}
    counted_as, elsewhere = _counted_as(report)
    rows = (row for _, row in report.rows(VICTIMS))
    for incident, victims in groupby(rows, key=lambda row: row["incident_id"]):
        held = list(victims)
        counted["victims"] += sum(row["kind"] == "person" and row["id"] not in counted_as for row in held)
        killed[incident] = _killed(held, counted_as)
    for _, row in report.rows(INCIDENTS):
        stated = [row[f"killed_{part}"] for part in PARTS]
        recorded = killed.get(row["id"], [0, 0, 0, 1])
        less = len(elsewhere.get(row["id"], ()))
        for at, part in enumerate(PARTS):
            counted[f"killed_{part}"] += max(int(stated[at] or 0) - less, 0) if any(stated) else recorded[at]
        counted["incidents"] += 1
        counted["without_best"] += stated[1] == "" if any(stated) else recorded[3] > 0
        counted["without_place"] += row["has_point"] != "true"
    return counted


def _killed(victims: list[dict[str, str]], counted_as: dict[str, str]) -> list[int]:
    """Return low, best, high and whether best is unknown; a person named out of a group is inside its number, once."""
    named: dict[str, set[str]] = {}
    for row in victims:
        if row["resolved_out_of"]:
            named.setdefault(row["resolved_out_of"], set()).add(counted_as.get(row["id"], row["id"]))
    killed = [row for row in victims if row["harm"] == "killed"]
    persons = sum(row["kind"] == "person" and row["id"] not in counted_as for row in killed)
    groups = [row for row in killed if row["kind"] != "person"]
    left = [sum(max(int(r[f"count_{part}"] or 0) - len(named.get(r["id"], ())), 0) for r in groups) for part in PARTS]
    return [*(persons + number for number in left), int(not killed or any(row["count_best"] == "" for row in groups))]


def _counted_as(report: Any) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Return each victim row's other row that counts, and by incident the killed who are counted in another one.

    Rows judged to be one person are counted as the end of their chain if it is in the package, else as the row nearest
    to it, the first by id.
    """
    judged = report.rows(PAIRINGS) if os.path.isfile(report.path(PAIRINGS)) else iter(())  # older packages have none
    standing = (row for _, row in judged if row["verdict"] == "same" and not row["withdrawn_at"])
    into = {row["victim_id"]: row["other_id"] for row in standing}
    involved = {*into, *into.values()}
    held = {row["id"]: row for _, row in report.rows(VICTIMS) if row["id"] in involved} if involved else {}
    people: dict[str, list[tuple[int, str]]] = {}
    for key in held:
        chain = [key]
        while into.get(chain[-1]) is not None and into[chain[-1]] not in chain:
            chain.append(into[chain[-1]])
        people.setdefault(chain[-1], []).append((len(chain), key))
    counted_as = {key: min(rows)[1] for rows in people.values() for _, key in rows if key != min(rows)[1]}
    elsewhere: dict[str, set[str]] = {}
    for key, other in counted_as.items():
        if held[key]["harm"] == "killed" and held[key]["incident_id"] != held[other]["incident_id"]:
            elsewhere.setdefault(held[key]["incident_id"], set()).add(other)
    return counted_as, elsewhere


def features(report: Any) -> None:
    """Every incident with a point is on the map, at that point and with these figures, and no other."""
    features = _read_points(report)
    count = 0
    for number, row in report.rows(INCIDENTS):
        if not row["lat"]:
            continue
        count += 1
        feature = next(features, None)
        if feature is None or not _same_feature(feature, row):
            report.fault(FEATURES, f"feature {count}", f"is not what row {number} of {INCIDENTS} says")
            return
    if next(features, None) is not None:
        report.fault(FEATURES, "end", f"holds more points than {INCIDENTS}")
    report.checked.append(f"{count} points of the map against the table of incidents")


def _same_feature(feature: dict[str, Any], row: dict[str, str]) -> bool:
    point = feature["geometry"]["coordinates"] == [float(row["lon"]), float(row["lat"])]
    properties = feature["properties"].items()
    return point and feature["id"] == row["id"] and all(same_cell(row[k], v) for k, v in properties if k in row)


def _read_points(report: Any) -> Iterator[dict[str, Any]]:
    lines = (line for line in report.lines(FEATURES) if line.startswith('{"type":"Feature",'))
    for _, line in report.placed(FEATURES, "feature", lines):
        yield json.loads(line.rstrip(",\n"))

"""Victims as they are typed: rows of a grid, with more about each on demand; and how they add up to the stated figures.

A row with a name, or without a number, is one person; a row with a number of its own is an unnamed group. A person who
is part of a group of the form is counted inside that group and nowhere else.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.entry.reading import PARTS, Read, Typed, read_date, text
from casualty import figures, rules
from casualty.errors import Fault
from casualty.intake import values
from casualty.linkage import fold
from casualty.schema import VictimDraft
from casualty.vocabulary import Harm, VictimKind

Row = Mapping[str, Any]
Bounds = tuple[int, int | None]
MORE = (
    "civil_status",
    "cause",
    "occupation",
    "described_as",
    "date_of_death",
    "part_of",
    "names",
    "acts",
    "identities",
)
HARMS = [harm for harm in Harm if harm is not Harm.ALIVE]
# What stands where nothing is typed: stated, so that an amendment that empties a box is seen.
EMPTY: dict[str, Any] = dict.fromkeys(("sex", "civil_status", "cause", "age_band"), "not_recorded") | dict.fromkeys(
    ("resolved_out_of", "age_years", "age_low", "age_high", *(f"count_{part}" for part in PARTS))
)
# Words of an age in Arabic and French as `values.age` knows them.
AGES = (
    ("سنة|سنه|سنوات|سنين|عام|عاما|أعوام", "years"), ("شهر|شهرا|أشهر|شهور", "months"), ("طفل|طفلة|قاصر", "child"),
    ("رضيع|رضيعة|nourrisson|bébé", "infant"), ("بالغ|بالغة|راشد|راشدة", "adult"), ("مسن|مسنة|personne âgée|âgée?", "older"),
    ("|".join(map(re.escape, sorted(figures.UNKNOWN))), "unknown"),
)  # fmt: skip
_AGES = tuple((re.compile(rf"(?<!\w)(?:{fold(words)})(?!\w)"), meant) for words, meant in AGES)


def rows(typed: Typed) -> list[dict[str, Any]]:
    """Return the rows of the grid in which something stands: one with nothing but a harm is a person as well."""
    listed = [dict(row) for row in typed.get("people") or []]
    return [row for row in listed if any(value for name, value in row.items() if name != "id")]


def grouped(row: Row) -> bool:
    """Return whether a row is an unnamed group: it has a number of its own and no name."""
    return bool(str(row.get("count") or "").strip()) and not _names(row)


def victims(typed: Typed, today: date, found: Read) -> list[dict[str, Any]]:
    """Return the fields of each victim's draft, in the order of the grid; faults name the row's key and the column."""
    listed = rows(typed)
    groups = {row["id"] for row in listed if grouped(row)}
    return [_victim(row, typed, groups, today, found) for row in listed]


def _victim(row: Row, typed: Typed, groups: set[str], today: date, found: Read) -> dict[str, Any]:
    key, more = row["id"], {name: typed.get(f"person.{row['id']}.{name}") for name in MORE}
    who = EMPTY | {"harm": row.get("harm") or Harm.KILLED.value, "occupation": text(more, "occupation")}
    who |= {name: value for name, value in (("sex", row.get("sex")), *more.items()) if name in EMPTY and value}
    described = dict.fromkeys(part for part in (text(row, "note"), text(more, "described_as")) if part)
    who["described_as"] = "; ".join(described) or None
    who |= _day_of_death(key, typed, today, found) | _age(row, found)
    if grouped(row):
        conflict = bool(row.get("count_conflict"))
        who |= {"kind": VictimKind.GROUP.value, "ref": key, "names": [], "count_conflict": conflict}
        who |= _count(row, found, ordered=not conflict)
        _no_name(row, more, found)
    else:
        who |= {"kind": VictimKind.PERSON.value, "names": [{"name": name} for name in _all_names(row, more)]}
        who["count_conflict"] = False
        _counts_one(row, found)
        if more["part_of"] in groups:
            who["resolved_out_of"] = more["part_of"]
    who["attributions"] = _attributions(row, typed, found)
    who["acts"] = _acts(key, more, typed, found)
    return who


def _names(row: Row) -> list[str]:
    return [name for name in (text(row, "name"), text(row, "other_name")) if name]


def _all_names(row: Row, more: Row) -> list[str]:
    """Return every name once, in the order typed: those of the row, then one a line of those below."""
    listed = [*_names(row), *(line.strip() for line in str(more["names"] or "").splitlines())]
    return list(dict.fromkeys(name for name in listed if name))


def _day_of_death(key: str, typed: Typed, today: date, found: Read) -> dict[str, Any]:
    box = f"person.{key}.date_of_death"
    if not text(typed, box):
        return {"date_of_death": None}
    reading = read_date(typed, box, today, found)
    if reading is not None and reading.start != reading.end:
        found.faults.append(Fault(0, box, "This is more than one day.", "Write one day, or leave it empty."))
        return {"date_of_death": None}
    return {"date_of_death": reading and reading.start}


def _no_name(row: Row, more: Row, found: Read) -> None:
    """Question further names of a row that is a group."""
    if text(more, "names"):
        mend = "Give each person a row of their own; they can be counted within the group there."
        found.faults.append(Fault(0, f"people.{row['id']}.count", "A group with names of its own.", mend))


def _counts_one(row: Row, found: Read) -> None:
    """Question a number beside a name: a named person counts one."""
    if figures.plain(str(row.get("count") or "")) not in ("", "1"):
        mend = "Leave the number out, and give the others a row of their own."
        found.faults.append(Fault(0, f"people.{row['id']}.count", "A named person counts one.", mend))


def _count(row: Row, found: Read, *, ordered: bool) -> dict[str, Any]:
    try:
        got = figures.read(str(row.get("count") or ""), ordered=ordered)
    except figures.NotUnderstood as wrong:
        found.faults.append(Fault(0, f"people.{row['id']}.count", wrong.template, wrong.mend, wrong.values))
        return {}
    return {f"count_{part}": getattr(got, part) for part in PARTS}


def _age(row: Row, found: Read) -> dict[str, Any]:
    try:
        age = age_of(str(row.get("age") or ""))
    except ValueError:
        stated = {"text": repr(str(row.get("age"))[:40])}
        fault = Fault(0, f"people.{row['id']}.age", "{text} is no age.", "Write 34, 30-35, 30s or child.", stated)
        found.faults.append(fault)
        return {}
    if age is None:
        return {}
    band = age.band or rules.age_band(age.exact).value
    return {"age_years": age.exact, "age_low": age.low, "age_high": age.high, "age_band": band}


def age_of(stated: str) -> values.Age | None:
    """Return an age as typed, in English, French or Arabic words and any digits; raise ValueError."""
    plain = fold(figures.plain(stated))
    for words, meant in _AGES:
        plain = words.sub(meant, plain)
    return values.age(plain)


def _identities(row: Row, typed: Typed) -> list[tuple[dict[str, Any], str, str]]:
    """Return each identity of a row in which something stands, with its boxes for the group and for the basis."""
    key, further = row["id"], ("group", "basis", "sense", "confidence", "document")
    first = {name: typed.get(f"identity.{key}.{name}") for name in further[2:]}
    first |= {"group": row.get("identity"), "basis": row.get("basis")}
    listed = [(first, f"people.{key}.identity", f"people.{key}.basis")] + [
        ({name: typed.get(f"identity.{each}.{name}") for name in further}, f"identity.{each}.group", f"identity.{each}.basis")
        for each in typed.get(f"person.{key}.identities") or ()
    ]  # fmt: skip
    return [one for one in listed if any(one[0].values())]


def identity_box(row: Row, typed: Typed, number: int, field: str) -> str:
    """Return the box in which a field of a row's identity, counted from 0 among those that are stated, is typed."""
    listed = [one for one in _identities(row, typed) if one[0]["basis"] and _group_of(one[0])]
    _, group, basis = listed[number]
    further = f"identity.{group.partition('.')[2].rpartition('.')[0]}"
    return {"basis": basis, "sense": f"{further}.sense", "confidence": f"{further}.confidence"}.get(field, group)


def _group_of(one: Row) -> str:
    return str(one["group"] or "").partition("/")[2]


def _attributions(row: Row, typed: Typed, found: Read) -> list[dict[str, Any]]:
    stated = []
    for one, group_box, basis_box in _identities(row, typed):
        if one["group"] and not one["basis"]:
            mend = "Say how it is known; it is never inferred by the program."
            found.faults.append(Fault(0, basis_box, "An identity without its basis.", mend))
            continue
        dimension, group = str(one["group"] or "").partition("/")[0], _group_of(one)
        if not group:
            mend = "Choose the group from the list, or empty what is said of it."
            found.faults.append(Fault(0, group_box, "No identity group is named.", mend))
            continue
        optional = {name: one[name] for name in ("sense", "confidence") if one.get(name)}
        named = {"group_id": group} if len(group) > 20 else {"group_missing": group}
        document = {"document_id": one["document"]} if one.get("document") else {}
        stated.append({"dimension_id": dimension, "basis": one["basis"], **named, **optional, **document})
    return stated


def _acts(key: str, more: Row, typed: Typed, found: Read) -> list[dict[str, Any]]:
    """Return the acts; means and alleged actor are asked once for all acts of a victim."""
    means, actor = text(typed, f"person.{key}.means"), typed.get(f"person.{key}.act_by") or None
    if (means or actor) and not more["acts"]:
        mend = "Choose what was done, or empty the means and the actor."
        found.faults.append(Fault(0, f"person.{key}.acts", "It is not said what was done.", mend))
    return [{"kind": kind, "means": means, "note": None, "involvement": actor} for kind in more["acts"] or ()]


@dataclass(frozen=True, slots=True)
class Tally:
    """How the victims described add up beside the figure stated: all of it is about people killed.

    `named` and `unnamed` are persons of their own rows; `groups` is what the groups have beyond the persons who are part
    of them; `described` is all three; `stated` is the incident's own figure. Each is the least and the most; None as the
    most says that nobody stated one.
    """

    named: int
    unnamed: int
    groups: Bounds
    described: Bounds
    stated: Bounds | None

    @property
    def left(self) -> Bounds | None:
        """Return the least and the most people who are stated and not described; None if nothing is stated."""
        if self.stated is None:
            return None
        (least, most), (low, high) = self.stated, self.described
        return 0 if high is None else max(least - high, 0), None if most is None else max(most - low, 0)

    @property
    def over(self) -> int:
        """Return by how many people the rows go beyond the highest figure stated, at the least."""
        most = None if self.stated is None else self.stated[1]
        return 0 if most is None else max(self.described[0] - most, 0)


def tally(people: Iterable[Mapping[str, Any]], stated: rules.Range) -> Tally:
    """Return how the victims of a form add up to its figure for the killed, nobody counted twice (R09, R30)."""
    counted = [who for who in people if who["harm"] in set(Harm)]
    drafts = [VictimDraft.model_construct(**_for_count(who)) for who in counted]
    persons = [d for d in drafts if d.kind == VictimKind.PERSON and d.harm == Harm.KILLED]
    open_ended = any(d.kind == VictimKind.GROUP and d.harm == Harm.KILLED and d.count_high is None for d in drafts)
    whole = rules.victims_harmed(drafts, Harm.KILLED)
    low, high = whole.low or 0, None if open_ended else whole.high or 0
    groups = (low - len(persons), None if high is None else high - len(persons))
    named = sum(1 for person in persons if person.names)
    return Tally(named, len(persons) - named, groups, (low, high), bounds(stated) if stated.stated else None)


def bounds(stated: rules.Range) -> Bounds:
    """Return the least and the most people that figures allow; a best figure alone is both."""
    least = stated.low if stated.low is not None else stated.best if stated.best is not None else 0
    return least, stated.high if stated.high is not None else stated.best


def _for_count(who: Mapping[str, Any]) -> dict[str, Any]:
    """Return what counting needs: a group with the least and the most that its figures allow."""
    least, most = bounds(rules.Range(*(who.get(f"count_{part}") for part in PARTS)))
    names = {name: who.get(name) for name in ("id", "ref", "resolved_out_of")}
    return {
        "kind": VictimKind(who["kind"]), "harm": Harm(who["harm"]), "names": who.get("names") or [],
        "count_low": least, "count_best": least, "count_high": most, **names,
    }  # fmt: skip

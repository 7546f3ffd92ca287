"""A column mapping: which column of a file holds which field, written in TOML, proposed by the program, edited by people."""

import json
import tomllib
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from casualty.errors import Fault, InvalidRecords, NotFound, UsageFault
from casualty.linkage import slug
from casualty.vocabulary import (
    ActorKind,
    AttributionBasis,
    Cause,
    CivilStatus,
    Harm,
    IncidentType,
    IntakeFormat,
    Sex,
    Terms,
)

INCIDENT_FIELDS = {
    "id": "the row's own id in the data set",
    "incident": "victim lists: the incident's id, shared by all its victims",
    "date_start": "first possible day", "date_end": "last possible day",
    "date_year": "year", "date_month": "month by number or name", "date_day": "day of the month",
    "date_precision": "1 day, 2 days, 3 week, 4 month, 5 longer", "time_of_day": "as reported",
    "report_date": "day of the report",
    "lat": "degrees north", "lon": "degrees east", "place_precision": "1 exact to 7 waters", "uncertainty_m": "metres",
    "place": "place as reported", "country": "country", "admin1": "first-order unit", "admin2": "second-order unit",
    "pcode": "P-code of the finest unit",
    "killed_low": "fewest killed", "killed_best": "killed, best figure", "killed_high": "most killed",
    "injured_low": "fewest injured", "injured_best": "injured", "injured_high": "most injured",
    "missing_low": "fewest missing", "missing_best": "missing", "missing_high": "most missing",
    "deaths_a": "deaths of the first party", "deaths_b": "deaths of the second party",
    "deaths_civilians": "civilian deaths", "deaths_unknown": "deaths of unknown status",
    "incident_type": "type of incident", "title": "a neutral title", "narrative": "restricted narrative",
    "clarity": "1 clear, 2 less", "situation": "situation or conflict",
    "actor_a": "first party named", "actor_b": "second party named", "origin": "who first reported", "cited": "what the source cites",
    "name": "victim's name", "age": "age", "sex": "sex", "civil_status": "status", "cause": "cause of death",
    "occupation": "occupation", "described_as": "other words on the victim", "date_of_death": "day of death",
    "harm": "killed, injured, missing",
}  # fmt: skip
FIELDS: dict[IntakeFormat, dict[str, str]] = {
    **dict.fromkeys(
        (IntakeFormat.GED, IntakeFormat.IBC, IntakeFormat.HXL, IntakeFormat.VICTIMS, IntakeFormat.INCIDENTS), INCIDENT_FIELDS
    ),
    IntakeFormat.POPULATION: {
        "area": "P-code or name of the unit", "dimension": "identity dimension", "group": "identity group (empty: everybody)",
        "year": "year", "number": "people", "source": "who says so",
    },
    IntakeFormat.GROUPS: {
        "dimension": "identity dimension", "dimension_label": "its label", "genocide_ground": "Convention ground, if one",
        "persecution_ground": "ground of persecution, if one", "assessment": "protection assessment", "group": "group's code",
        "group_label": "its label", "label_local": "label in its own language", "parent": "parent group",
    },
    IntakeFormat.ACTORS: {
        "name": "name", "kind": "kind of actor", "aliases": "other names", "affiliation": "affiliation", "id": "code elsewhere",
    },
    IntakeFormat.PLACES: {
        "name": "name of the place", "also": "its other names, divided by | or ;", "lat": "degrees north", "lon": "degrees east",
        "uncertainty_m": "metres", "pcode": "P-code of its unit", "country": "country", "admin1": "first-order unit",
    },
}  # fmt: skip
NEEDED = {
    IntakeFormat.POPULATION: ("area", "number"),
    IntakeFormat.GROUPS: ("dimension", "group"),
    IntakeFormat.ACTORS: ("name",),
    IntakeFormat.PLACES: ("name", "lat", "lon"),
}
LONGEST_DIMENSION = 60
DATE_ORDERS = ("iso", "dmy", "mdy")
# Fields whose words have a fixed meaning: [values.FIELD] gives the meaning of a file's own words.
TERMS: dict[str, type[Terms]] = {
    "incident_type": IncidentType, "harm": Harm, "sex": Sex, "civil_status": CivilStatus, "cause": Cause, "kind": ActorKind,
}  # fmt: skip


@dataclass(frozen=True)
class Identity:
    """How one column gives an identity dimension: its basis, and which group each word of the file means."""

    column: str
    basis: AttributionBasis = AttributionBasis.SOURCE_CLAIM
    label: str = ""
    assessment: str = ""
    groups: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mapping:
    """What a mapping says. `columns` names one or more columns a field; several are joined by `; `."""

    format: IntakeFormat
    dataset: str
    source: str = ""
    encoding: str = ""
    date_order: str = "iso"
    columns: dict[str, list[str]] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    identity: dict[str, Identity] = field(default_factory=dict)
    wide: dict[str, str] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def load(path: Path) -> Mapping:
    """Return the mapping of a TOML file; raise NotFound, UsageFault (not TOML), InvalidRecords (every fault in it)."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as wrong:
        raise NotFound(f"There is no mapping {path}.") from wrong
    except (OSError, UnicodeDecodeError) as wrong:
        raise UsageFault(f"The mapping {path} cannot be read as UTF-8 text.") from wrong
    return parse(text)


def parse(text: str) -> Mapping:
    """Return the mapping that a TOML text states."""
    try:
        stated = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise UsageFault(f"The mapping is not TOML: {wrong}.") from wrong
    faults = _faults(stated)
    if faults:
        raise InvalidRecords("The mapping has faults.", faults)
    return Mapping(
        format=IntakeFormat(stated["format"]),
        dataset=stated.get("dataset", ""),
        source=stated.get("source", ""),
        encoding=stated.get("encoding", ""),
        date_order=stated.get("date_order", "iso"),
        columns={
            name: [value] if isinstance(value, str) else list(value)
            for name, value in stated.get("columns", {}).items()
        },
        defaults={name: str(value) for name, value in stated.get("defaults", {}).items()},
        values={name: {str(k): str(v) for k, v in words.items()} for name, words in stated.get("values", {}).items()},
        identity={name: _identity(part) for name, part in stated.get("identity", {}).items()},
        wide={str(name): str(value) for name, value in stated.get("wide", {}).items()},
    )


def _identity(part: dict[str, Any]) -> Identity:
    return Identity(
        column=part["column"],
        basis=AttributionBasis(part.get("basis", "source_claim")),
        label=str(part.get("label", ""))[:200],
        assessment=str(part.get("assessment", "")),
        groups={str(word): str(code) for word, code in part.get("groups", {}).items()},
    )


_TABLES = ("columns", "defaults", "values", "identity", "wide")
_TEXTS = ("format", "dataset", "source", "encoding", "date_order")
_IDENTITY = ("column", "basis", "label", "assessment", "groups")


def _faults(stated: dict[str, Any]) -> list[Fault]:
    known = _TEXTS + _TABLES
    faults = [
        Fault(0, name, "Is no part of a mapping.", f"Known: {', '.join(known)}.")
        for name in stated
        if name not in known
    ]
    faults += [
        Fault(0, name, "Is not a text.", "Put it in quotes.")
        for name in _TEXTS
        if not isinstance(stated.get(name, ""), str)
    ]
    faults += [
        Fault(0, name, "Is not a table.", f"Write [{name}].")
        for name in _TABLES
        if not isinstance(stated.get(name, {}), dict)
    ]
    if stated.get("format") not in set(IntakeFormat):
        faults.append(
            Fault(0, "format", f"{stated.get('format')!r} is not a format.", f"Known: {', '.join(IntakeFormat)}.")
        )
    if stated.get("date_order", "iso") not in DATE_ORDERS:
        faults.append(Fault(0, "date_order", "Is not an order.", f"One of: {', '.join(DATE_ORDERS)}."))
    if faults:
        return faults
    fields = FIELDS[IntakeFormat(stated["format"])]
    faults += [
        Fault(0, f"{part}.{name}", "Is no field of this format.", f"Known: {', '.join(fields)}.")
        for part in ("columns", "defaults", "values")
        for name in stated.get(part, {})
        if name not in fields
    ]
    for name, columns in stated.get("columns", {}).items():
        if not _names(columns):
            faults.append(Fault(0, f"columns.{name}", "Names no column.", 'Write "column", or ["column", "another"].'))
    for name, words in stated.get("values", {}).items():
        faults += _value_faults(name, words)
    for name in stated.get("defaults", {}).keys() & TERMS.keys():
        faults += _term_faults(name, {f"defaults.{name}": str(stated["defaults"][name])})
    for name, part in stated.get("identity", {}).items():
        faults += _identity_faults(name, part)
    return faults


def _names(columns: object) -> bool:
    named = [columns] if isinstance(columns, str) else columns
    return isinstance(named, list) and bool(named) and all(isinstance(name, str) for name in named)


def _value_faults(name: str, words: object) -> list[Fault]:
    where = f"values.{name}"
    if not isinstance(words, dict):
        return [Fault(0, where, "Is not a table.", f"Write [{where}].")]
    if name == "group":
        return []
    if name not in TERMS:
        return [
            Fault(0, where, "Words of this field are kept as they stand.", f"Give meanings for: {', '.join(TERMS)}.")
        ]
    return _term_faults(name, {f"{where}.{word}": str(meant) for word, meant in words.items()})


def _term_faults(name: str, stated: dict[str, str]) -> list[Fault]:
    known = set(TERMS[name])
    return [
        Fault(0, where, f"{meant!r} is not a term.", f"One of: {', '.join(TERMS[name])}.")
        for where, meant in stated.items()
        if meant not in known
    ]


def _identity_faults(name: str, part: object) -> list[Fault]:
    where = f"identity.{name}"
    if not isinstance(part, dict) or not isinstance(part.get("column"), str):
        return [Fault(0, where, "Names no column.", "Write column = ...")]
    faults = [
        Fault(0, f"{where}.{key}", "Is no part of an identity.", f"Known: {', '.join(_IDENTITY)}.")
        for key in part
        if key not in _IDENTITY
    ]
    if part.get("basis", "source_claim") not in set(AttributionBasis):
        faults.append(
            Fault(0, f"{where}.basis", f"{part['basis']!r} is not a basis.", f"One of: {', '.join(AttributionBasis)}.")
        )
    if not isinstance(part.get("groups", {}), dict):
        faults.append(Fault(0, f"{where}.groups", "Is not a table.", f"Write [{where}.groups]."))
    if len(slug(name)) > LONGEST_DIMENSION:
        faults.append(Fault(0, where, "Is too long a name.", f"At most {LONGEST_DIMENSION} letters."))
    return faults


@cache
def _spellings(scheme: type[Terms]) -> dict[str, str]:
    return {spelled: term.value for term in scheme for spelled in (slug(term.label), term.value)}


@lru_cache(4096)
def term(scheme: type[Terms], word: str) -> str | None:
    """Return the term that a word spells, by its value or its label, or None."""
    return _spellings(scheme).get(slug(word))


def written(mapping: Mapping) -> str:
    """Return a mapping as TOML, with the remarks and the columns left unused as comments."""
    lines = ["# Proposed from the file's header and first rows. Edit it, then: casualty intake FILE --mapping THIS"]
    lines += [f"# {''.join(c if c.isprintable() else ' ' for c in remark)}" for remark in mapping.remarks]
    lines += [
        f"format = {_quoted(mapping.format)}",
        f"dataset = {_quoted(mapping.dataset)}",
        f"source = {_quoted(mapping.source)}",
    ]
    if mapping.encoding:
        lines.append(f"encoding = {_quoted(mapping.encoding)}")
    lines += [f"date_order = {_quoted(mapping.date_order)}  # what 05/11/2015 means: dmy or mdy", "", "[columns]"]
    fields = FIELDS[mapping.format]
    for name, columns in mapping.columns.items():
        right = _quoted(columns[0]) if len(columns) == 1 else f"[{', '.join(map(_quoted, columns))}]"
        lines.append(f"{name} = {right}  # {fields[name]}")
    lines += _section("defaults", mapping.defaults)
    for name, words in mapping.values.items():
        lines += _section(f"values.{name}", words)
    for name, identity in mapping.identity.items():
        lines += [
            "",
            f"[identity.{_key(name)}]",
            f"column = {_quoted(identity.column)}",
            f"basis = {_quoted(identity.basis)}",
        ]
        lines += [
            f"label = {_quoted(identity.label)}",
            "# why this identity may be held and how it is protected; without it no form offers it",
        ]
        lines.append(f"assessment = {_quoted(identity.assessment)}")
        lines += _section(f"identity.{_key(name)}.groups", identity.groups)
    lines += _section("wide", mapping.wide)
    if mapping.unused:
        lines += ["", "# Columns kept with each claim as stated, in no field:"]
        lines += [f"#   {_quoted(name)}" for name in mapping.unused]
    free = [name for name in fields if name not in mapping.columns]
    if free:
        lines += ["", "# Fields without a column:", *(f"#   {name}: {fields[name]}" for name in free)]
    return "\n".join(lines) + "\n"


def _section(name: str, words: dict[str, str]) -> list[str]:
    return ["", f"[{name}]", *(f"{_key(word)} = {_quoted(value)}" for word, value in words.items())] if words else []


def _quoted(text: str) -> str:
    """Return a TOML string; JSON writes the same, but for the one control character that it leaves as it is."""
    return json.dumps(str(text), ensure_ascii=False).replace("\x7f", "\\u007F")


def _key(text: str) -> str:
    return text if text.isascii() and text.replace("_", "").replace("-", "").isalnum() else _quoted(text)

"""One row of an incident or victim table becomes a draft, with every fault and warning it has."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError

from casualty import rules
from casualty.errors import Fault, InvalidRecords
from casualty.intake import values
from casualty.intake.mapping import Mapping
from casualty.intake.references import References
from casualty.intake.values import Span
from casualty.ledger import canonical
from casualty.linkage import fold, slug
from casualty.schema import IncidentDraft
from casualty.store import faults_of
from casualty.vocabulary import (
    ActorKind,
    CivilStatus,
    Harm,
    IncidentType,
    IntakeFormat,
    InvolvementRole,
    Terms,
    VictimKind,
)

T = TypeVar("T")
PARTY_GROUPS = (
    ("deaths_a", "deaths of the first party", None),
    ("deaths_b", "deaths of the second party", None),
    ("deaths_civilians", "civilian deaths", CivilStatus.CIVILIAN),
    ("deaths_unknown", "deaths of unknown status", CivilStatus.UNKNOWN),
)
PLACE_FIELDS = ("lat", "place_as_reported", "pcode", "admin2", "admin1", "country")
COUNT_FIELDS = tuple(f"{harm}_{part}" for harm in ("killed", "injured", "missing") for part in ("low", "best", "high"))


@dataclass
class Reading:
    """One row as read: its key, the values of a draft, the verbatim cells, and what is wrong or odd."""

    row: int
    external_id: str
    incident: str
    fields: dict[str, Any]
    stated: str
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)


class RowReader:
    """Reads rows by a mapping whose columns have been found in the header."""

    def __init__(self, mapping: Mapping, headers: list[str], references: References) -> None:
        self.mapping = mapping
        self._headers = headers
        self._references = references
        self._at = {name: [headers.index(column) for column in columns] for name, columns in found_columns(mapping, headers).items()}
        self._identity = {name: headers.index(part.column) for name, part in mapping.identity.items()}
        self._persons = mapping.format == IntakeFormat.VICTIMS or "name" in self._at

    def read(self, number: int, cells: Sequence[str]) -> Reading:
        """Return a row as draft values; faults stand in the reading, nothing is raised."""
        stated = {name: cell for name, cell in zip(self._headers, cells, strict=False) if cell}
        reading = Reading(number, "", "", {}, canonical(stated))
        if len(cells) != len(self._headers) and any(cells[len(self._headers) :]):
            reading.faults.append(
                Fault(number, "", f"{len(cells)} cells where the header has {len(self._headers)}.", "Look for a stray delimiter or quote.")
            )
            return reading
        if "\x00" in reading.stated or "\\u0000" in reading.stated:
            reading.faults.append(Fault(number, "", "Holds a NUL character.", "Save the file again as text."))
            return reading
        text = {name: self._text(name, cells) for name in (*self._at, *self.mapping.defaults)}
        reading.external_id = values.identifier(text.get("id", ""))[:200]
        reading.incident = values.identifier(text.get("incident", ""))[:200]
        self._date(text, reading)
        self._place(text, reading)
        self._counts(text, reading)
        self._words(text, reading)
        self._parties(text, reading)
        reading.fields["victims"] = self._victims(text, cells, reading)
        return reading

    def claim_text(self, reading: Reading) -> dict[str, str]:
        """Return what a row says beside its figures: whom it cites, who first reported, the parties it names."""
        stated = restated(reading.stated)

        def said(name: str) -> str:
            return "; ".join(stated[column] for column in self.mapping.columns.get(name, ()) if stated.get(column))

        origin = said("origin")
        actors = "; ".join(part for part in (said("actor_a"), said("actor_b")) if part)
        return {"cited": said("cited"), "origin": "" if values.missing_word(origin) else origin[:300], "actors": actors}

    def _text(self, name: str, cells: Sequence[str]) -> str:
        parts = [cells[at].strip() for at in self._at.get(name, ()) if at < len(cells)]
        joined = parts[0] if len(parts) == 1 else "; ".join(part for part in parts if part)
        return joined or self.mapping.defaults.get(name, "")

    def _take(self, read: Callable[[str], T], name: str, text: dict[str, str], reading: Reading) -> T | None:
        if not text.get(name):
            return None
        try:
            return read(text[name])
        except ValueError as wrong:
            reading.faults.append(Fault(reading.row, name, f"{wrong}.", "Mend the cell, or map the field to another column."))
            return None

    def _date(self, text: dict[str, str], reading: Reading) -> None:
        order = self.mapping.date_order

        def day(cell: str) -> Span | None:
            return values.day(cell, order)

        fields = reading.fields
        start = self._take(day, "date_start", text, reading) if "date_start" in text else self._parts(text, reading)
        end = self._take(day, "date_end", text, reading)
        precision = self._take(values.count, "date_precision", text, reading)
        if start is None:
            stated = text.get("date_start") or text.get("date_year") or ""
            fields["date_missing"] = values.missing_word(stated) or "unknown"
        else:
            fields["date_start"] = start.start
            fields["date_end"] = (end or start).end
            fields["date_precision"] = precision or start.precision
        report = self._take(day, "report_date", text, reading)
        fields["report_date"] = report.start if report else None
        as_written = "; ".join(text[name] for name in ("date_start", "date_end") if text.get(name))
        fields["date_as_reported"] = as_written[:300] or None
        fields["time_of_day"] = text.get("time_of_day", "")[:120] or None

    def _parts(self, text: dict[str, str], reading: Reading) -> Span | None:
        year = self._take(values.count, "date_year", text, reading)
        month = self._take(values.month_number, "date_month", text, reading)
        number = self._take(values.count, "date_day", text, reading)
        if year is None:
            return None
        try:
            if month is None:
                return values.day(f"{year:04d}")
            return values.day(f"{year:04d}-{month:02d}-{number:02d}") if number else values.whole_month(year, month)
        except ValueError as wrong:
            reading.faults.append(Fault(reading.row, "date", f"{wrong}.", "Mend year, month or day."))
            return None

    def _place(self, text: dict[str, str], reading: Reading) -> None:
        fields = reading.fields
        lat = self._take(values.decimal, "lat", text, reading)
        lon = self._take(values.decimal, "lon", text, reading)
        if lat is not None and lon is not None and abs(lat) > 90 and abs(lat) <= 180 and abs(lon) <= 90:
            reading.faults.append(
                Fault(reading.row, "lat", f"{lat} is no latitude, while {lon} could be one.", "Latitude and longitude look swapped: swap their columns.")
            )
        fields |= {
            "lat": lat,
            "lon": lon,
            "place_precision": self._take(values.count, "place_precision", text, reading),
            "uncertainty_m": self._take(values.decimal, "uncertainty_m", text, reading),
            "place_as_reported": text.get("place", "")[:1000] or None,
            "pcode": text.get("pcode", "")[:40] or None,
        }
        for name, longest in (("country", 120), ("admin1", 200), ("admin2", 200)):
            fields[name] = text.get(name, "")[:longest] or None
        if not any(fields[name] is not None for name in PLACE_FIELDS):
            fields["place_missing"] = values.missing_word(text.get("place", "")) or "not_recorded"

    def _counts(self, text: dict[str, str], reading: Reading) -> None:
        fields = reading.fields
        for name in COUNT_FIELDS:
            if name in text:
                fields[name] = self._take(values.count, name, text, reading)
        for harm in ("killed", "injured", "missing"):
            triple = rules.Range(*(fields.get(f"{harm}_{part}") for part in ("low", "best", "high")))
            if not triple.ordered:
                fields["count_conflict"] = True

    def _words(self, text: dict[str, str], reading: Reading) -> None:
        fields = reading.fields
        fields["incident_type"] = self._term(IncidentType, "incident_type", text, reading) or IncidentType.NOT_RECORDED
        fields["clarity"] = self._take(values.count, "clarity", text, reading)
        fields["title"] = text.get("title", "")[:300] or None
        fields["narrative_restricted"] = text.get("narrative") or None
        if text.get("situation"):
            fields["situation_id"] = self._references.situation(text["situation"][:200])

    def _term(self, scheme: type[Terms], name: str, text: dict[str, str], reading: Reading) -> Terms | None:
        """Return the term a word stands for; a word that stands for none is kept in the claim and warned of."""
        word = text.get(name, "")
        if not word:
            return None
        meant = self.mapping.values.get(name, {})
        found = meant.get(word) or meant.get(values.identifier(word)) or slug(word)
        try:
            return scheme(found)
        except ValueError:
            reading.warnings.append(
                Fault(reading.row, name, f"{word[:60]!r} is no known word.", f"Kept as stated; give its meaning under [values.{name}].")
            )
            return None

    def _parties(self, text: dict[str, str], reading: Reading) -> None:
        involvements = []
        for name, role in (("actor_a", InvolvementRole.SIDE_A), ("actor_b", InvolvementRole.SIDE_B)):
            stated = text.get(name, "")[:300]
            if not stated:
                continue
            if values.missing_word(stated) is not None:
                involvements.append({"actor_missing": values.missing_word(stated), "role": role})
            else:
                involvements.append({"actor_id": self._references.actor(stated, self._actor_kind(stated)), "role": role})
        reading.fields["involvements"] = involvements

    def _actor_kind(self, name: str) -> ActorKind:
        """UCDP's own naming tells governments and civilians apart; nothing is read into any other name."""
        if self.mapping.format != IntakeFormat.GED:
            return ActorKind.NOT_RECORDED
        if name.startswith("Government of"):
            return ActorKind.STATE
        return ActorKind.CIVILIANS if name == "Civilians" else ActorKind.NON_STATE_ARMED

    def _victims(self, text: dict[str, str], cells: Sequence[str], reading: Reading) -> list[dict[str, Any]]:
        if self._persons:
            return [self._person(text, cells, reading)]
        victims: list[dict[str, Any]] = []
        for name, described, status in PARTY_GROUPS:
            number = self._take(values.count, name, text, reading)
            if number:
                group = {"kind": VictimKind.GROUP, "count_best": number, "harm": Harm.KILLED, "described_as": described}
                victims.append(group | ({"civil_status": status} if status else {}))
        if not victims and self._identity:
            counts = {f"count_{part}": reading.fields.get(f"killed_{part}") for part in ("low", "best", "high")}
            if any(value is not None for value in counts.values()):
                conflict = {"count_conflict": reading.fields.get("count_conflict", False)}
                attributions = self._attributions(cells)
                victims.append({"kind": VictimKind.GROUP, "harm": Harm.KILLED, "attributions": attributions, **counts, **conflict})
        return victims

    def _person(self, text: dict[str, str], cells: Sequence[str], reading: Reading) -> dict[str, Any]:
        exact, low, high, band = self._take(values.age, "age", text, reading) or (None, None, None, None)
        sex = values.SEXES.get(fold(text.get("sex", "")))
        if sex is None:
            sex = "unknown"
            reading.warnings.append(Fault(reading.row, "sex", f"{text['sex'][:40]!r} is no known word.", "Kept as stated."))
        harm = self._term(Harm, "harm", text, reading)
        death = self._take(lambda cell: values.day(cell, self.mapping.date_order), "date_of_death", text, reading)
        name = text.get("name", "")
        return {
            "kind": VictimKind.PERSON,
            "harm": harm or Harm.NOT_RECORDED,
            "sex": sex,
            "age_years": exact,
            "age_low": low,
            "age_high": high,
            "age_band": band or rules.age_band(exact if exact is not None else (low if low is not None and low >= rules.ADULT_AT else None)),
            "civil_status": self._term(CivilStatus, "civil_status", text, reading) or CivilStatus.NOT_RECORDED,
            "occupation": text.get("occupation", "")[:120] or None,
            "date_of_death": death.start if death and death.start == death.end else None,
            "described_as": text.get("described_as", "")[:400] or None,
            "names": [{"name": name[:300]}] if name and values.missing_word(name) is None else [],
            "attributions": self._attributions(cells),
        }

    def _attributions(self, cells: Sequence[str]) -> list[dict[str, Any]]:
        attributions = []
        for dimension, at in self._identity.items():
            identity = self.mapping.identity[dimension]
            word = cells[at].strip() if at < len(cells) else ""
            meant = identity.groups.get(word) or identity.groups.get(" ".join(word.split())) or word
            dimension_id = self._references.dimension(dimension, identity)
            missing = values.missing_word(meant)
            known = {"group_missing": missing} if missing else {"group_id": self._references.group(dimension_id, self._label(meant, word))}
            attributions.append({"dimension_id": dimension_id, "basis": identity.basis, **known})
        return attributions

    @staticmethod
    def _label(meant: str, word: str) -> str:
        return word if slug(word) == meant else meant


def found_columns(mapping: Mapping, headers: list[str]) -> dict[str, list[str]]:
    """Return the mapping's columns, or raise with each one that the file does not have."""
    wanted = [(name, column) for name, columns in mapping.columns.items() for column in columns]
    wanted += [(f"identity.{name}", part.column) for name, part in mapping.identity.items()]
    faults = [
        Fault(0, name, f"The file has no column {column!r}.", f"Its columns: {', '.join(headers[:30])}.")
        for name, column in wanted
        if column not in headers
    ]
    if faults:
        raise InvalidRecords("The mapping does not fit the file.", faults)
    return mapping.columns


def claim(reading: Reading, document_id: str, source_id: str, origin_id: str | None, text: dict[str, str]) -> dict[str, Any]:
    """Return the claim that a row makes: its own figures, what it cites, and the row as it stands in the file."""
    fields = reading.fields
    return {
        "document_id": document_id,
        "source_id": source_id,
        "origin_id": origin_id,
        "locator": f"row {reading.row}",
        **{name: fields.get(name) for name in COUNT_FIELDS if not name.startswith("missing")},
        "count_conflict": fields.get("count_conflict", False),
        "date_as_reported": fields.get("date_as_reported"),
        "actor_as_reported": text["actors"][:400] or None,
        "cited": text["cited"] or None,
        "stated": reading.stated,
    }


def validated(fields: dict[str, Any], row: int) -> tuple[IncidentDraft | None, list[Fault]]:
    """Return the draft, or the faults of its values."""
    try:
        return IncidentDraft.model_validate(fields), []
    except ValidationError as wrong:
        return None, faults_of(wrong, row)


def restated(stated: str) -> dict[str, str]:
    """Return a claim's verbatim row by column name."""
    return dict(json.loads(stated))

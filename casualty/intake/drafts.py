"""One row of an incident or victim table becomes the values of a draft, with every fault and warning it has."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from casualty import rules
from casualty.bodies import unstorable
from casualty.errors import Fault, InvalidRecords
from casualty.intake import values
from casualty.intake.mapping import TERMS, Mapping, term
from casualty.intake.references import LONGEST_CODE, References
from casualty.intake.values import Age
from casualty.ledger import canonical
from casualty.linkage import slug
from casualty.schema import IncidentDraft
from casualty.store import faults_of
from casualty.vocabulary import ActorKind, AgeBand, CivilStatus, Harm, IntakeFormat, InvolvementRole, VictimKind

T = TypeVar("T")
PARTY_GROUPS = (
    ("deaths_a", "deaths of the first party", None),
    ("deaths_b", "deaths of the second party", None),
    ("deaths_civilians", "civilian deaths", CivilStatus.CIVILIAN.value),
    ("deaths_unknown", "deaths of unknown status", CivilStatus.UNKNOWN.value),
)
HARMS = ("killed", "injured", "missing")
PARTS = ("low", "best", "high")
COUNTS = {harm: [f"{harm}_{part}" for part in PARTS] for harm in HARMS}
NUMBERS: dict[str, Callable[[str], float | None]] = {
    **{name: values.count for names in COUNTS.values() for name in names},
    "lat": values.decimal, "lon": values.decimal, "place_precision": values.count, "uncertainty_m": values.decimal,
    "clarity": values.count,
}  # fmt: skip
# Where a field's text goes and how much of it fits there; all of it stands in the claim. None: it must fit.
TEXTS = {"time_of_day": ("time_of_day", 120), "title": ("title", 300), "narrative": ("narrative_restricted", 1 << 20)}
PLACES = {
    "place": ("place_as_reported", 1000), "country": ("country", 120), "admin1": ("admin1", 200),
    "admin2": ("admin2", 200), "pcode": ("pcode", None),
}  # fmt: skip
LOCATED = {"lat", *(target for target, _ in PLACES.values())}
IN_CLAIM = [name for harm in ("killed", "injured") for name in COUNTS[harm]]
LONGEST_ID = 200
OTHER_COLUMN = "Mend the cell, or map the field to another column."

_drafts = TypeAdapter(IncidentDraft)
_code = lru_cache(4096)(slug)


@dataclass
class Reading:
    """One row as read: the values of a draft, the row verbatim, what is wrong or odd, and digests of what it means.

    The first digest is kept; the second is the one it would have had while every dimension was open.
    """

    row: int
    fields: dict[str, Any] = field(default_factory=dict)
    stated: str = ""
    digests: tuple[str, ...] = ()
    text: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)

    def fault(self, name: str, text: str, mend: str) -> None:
        self.faults.append(Fault(self.row, name, text, mend))

    def warn(self, name: str, text: str, mend: str) -> None:
        self.warnings.append(Fault(self.row, name, text, mend))

    def take(self, read: Callable[[str], T | None], name: str) -> T | None:
        """Return what a field's text means, or None with a fault."""
        if not self.text.get(name):
            return None
        try:
            return read(self.text[name])
        except ValueError as wrong:
            self.fault(name, f"{wrong}.", OTHER_COLUMN)
            return None


class RowReader:
    """Reads rows by a mapping whose columns have been found in the header.

    `closed` are the identity dimensions of the mapping that are switched off here: their columns are not kept at all.
    `exchanged` says that latitude and longitude of the whole file look exchanged; each row then carries a warning.
    """

    def __init__(
        self, mapping: Mapping, headers: list[str], references: References, *, exchanged: bool = False
    ) -> None:
        self.mapping = mapping
        self.exchanged = exchanged
        self._references = references
        self._headers = headers
        found = found_columns(mapping, headers)
        self._at = {name: [headers.index(column) for column in columns] for name, columns in found.items()}
        self._single = [(name, places[0]) for name, places in self._at.items() if len(places) == 1]
        self._several = [(name, places) for name, places in self._at.items() if len(places) > 1]
        stated = {*self._at, *mapping.defaults}
        self._numbers = [(name, read) for name, read in NUMBERS.items() if name in stated]
        self._texts = [(name, *where) for name, where in TEXTS.items() if name in stated]
        self._places = [(name, *where) for name, where in PLACES.items() if name in stated]
        self._harms = [names for names in COUNTS.values() if sum(name in stated for name in names) > 1]
        self._groups = [part for part in PARTY_GROUPS if part[0] in stated]
        self._persons = mapping.format == IntakeFormat.VICTIMS or "name" in stated
        self._day = partial(values.day, order=mapping.date_order)
        self.closed = [name for name in mapping.identity if references.closed(name)]
        self._identity = [(name, headers.index(part.column)) for name, part in mapping.identity.items()]
        self._hidden = {at for name, at in self._identity if name in self.closed}

    def key(self, name: str, cells: Sequence[str]) -> str:
        """Return the row's own `id`, or the `incident` it names; nothing where it has none that can be read."""
        if len(cells) < len(self._headers):
            return ""
        return values.identifier("; ".join(part for at in self._at.get(name, ()) if (part := cells[at].strip())))

    def digest_of(self, cells: Sequence[str]) -> str:
        """Return a digest by which a row without an id is known; it says nothing of an identity."""
        identities = {at for _, at in self._identity}
        told = chr(31).join(cell for at, cell in enumerate(cells) if at not in identities)
        return f"row:{hashlib.sha256(told.rstrip(chr(31)).encode()).hexdigest()[:24]}"

    def read(self, row: int, cells: Sequence[str]) -> Reading:
        """Return a row as draft values; faults stand in the reading, nothing is raised."""
        reading = Reading(row)
        if wrong := misshapen(row, cells, len(self._headers)):
            reading.faults.append(wrong)
            return reading
        identities = self._identities(cells, reading)
        if self._hidden:
            cells = ["" if at in self._hidden else cell for at, cell in enumerate(cells)]
        reading.stated = canonical({name: cell for name, cell in zip(self._headers, cells, strict=False) if cell})
        reading.text = self._texts_of(cells)
        if len(reading.text.get("id", "")) > LONGEST_ID:
            reading.fault("id", f"Is longer than {LONGEST_ID} letters.", "Map another column to the id.")
        self._take_values(reading)
        self._date(reading)
        self._place(reading)
        self._words(reading)
        self._parties(reading)
        if not reading.faults:
            self._victims(reading, identities)
        return reading

    def _texts_of(self, cells: Sequence[str]) -> dict[str, str]:
        text = {name: cells[at].strip() for name, at in self._single}
        for name, places in self._several:
            text[name] = "; ".join(part for at in places if (part := cells[at].strip()))
        for name, value in self.mapping.defaults.items():
            if not text.get(name):
                text[name] = value
        return text

    def _take_values(self, reading: Reading) -> None:
        text, fields = reading.text, reading.fields
        for name, read in self._numbers:
            if text[name] and (value := reading.take(read, name)) is not None:
                fields[name] = value
        for name, target, longest in self._texts:
            if text[name]:
                fields[target] = text[name][:longest]
        for names in self._harms:
            if not rules.Range(*map(fields.get, names)).ordered:
                fields["count_conflict"] = True

    def _date(self, reading: Reading) -> None:
        text, fields = reading.text, reading.fields
        start = reading.take(self._day, "date_start") if "date_start" in text else self._parts(reading)
        end, precision = reading.take(self._day, "date_end"), reading.take(values.count, "date_precision")
        if start is None:
            stated = text.get("date_start") or text.get("date_year") or ""
            fields["date_missing"] = values.missing_word(stated) or "unknown"
        else:
            fields["date_start"] = start.start.isoformat()
            fields["date_end"] = (end or start).end.isoformat()
            if precision or start.precision:
                fields["date_precision"] = precision or start.precision
        if report := reading.take(self._day, "report_date"):
            fields["report_date"] = report.start.isoformat()
        as_written = "; ".join(text[name] for name in ("date_start", "date_end") if text.get(name))
        if as_written:
            fields["date_as_reported"] = as_written[:300]

    def _parts(self, reading: Reading) -> values.Span | None:
        text = reading.text
        try:
            return values.parts(text.get("date_year", ""), text.get("date_month", ""), text.get("date_day", ""))
        except ValueError as wrong:
            reading.fault("date", f"{wrong}.", "Mend year, month or day.")
            return None

    def _place(self, reading: Reading) -> None:
        text, fields = reading.text, reading.fields
        lat, lon = fields.get("lat"), fields.get("lon")
        if lat is not None and lon is not None:
            if 90 < abs(lat) <= 180 and abs(lon) <= 90:
                mend = "Latitude and longitude look exchanged: exchange their columns."
                reading.fault("lat", f"{lat} is no latitude, while {lon} could be one.", mend)
            elif self.exchanged:
                reading.warn(
                    "lat, lon", "Look exchanged, as in the whole file.", "If they are, exchange their columns."
                )
        for name, target, longest in self._places:
            if text[name] and values.missing_word(text[name]) is None:
                fields[target] = text[name][:longest]
        if fields.keys().isdisjoint(LOCATED):
            fields["place_missing"] = values.missing_word(text.get("place", "")) or "not_recorded"

    def _words(self, reading: Reading) -> None:
        if kind := self._term("incident_type", reading):
            reading.fields["incident_type"] = kind
        if situation := reading.text.get("situation"):
            reading.fields["situation_id"] = self._references.situation(situation)

    def _term(self, name: str, reading: Reading) -> str | None:
        """Return the term a word stands for; a word that stands for none is kept in the claim and warned of."""
        word = reading.text.get(name, "")
        if not word:
            return None
        meant = self.mapping.values.get(name, {})
        found = term(TERMS[name], meant.get(word) or meant.get(values.identifier(word)) or word)
        if found is None:
            mend = f"Kept as stated; give its meaning under [values.{name}]."
            reading.warn(name, f"{word[:60]!r} is no known word.", mend)
        return found

    def _parties(self, reading: Reading) -> None:
        involvements = []
        for name, role in (("actor_a", InvolvementRole.SIDE_A), ("actor_b", InvolvementRole.SIDE_B)):
            if stated := reading.text.get(name, ""):
                missing = values.missing_group(stated)
                known = (
                    {"actor_missing": missing}
                    if missing
                    else {"actor_id": self._references.actor(stated, self._kind_of(stated))}
                )
                involvements.append({**known, "role": role.value})
        if involvements:
            reading.fields["involvements"] = involvements

    def _kind_of(self, name: str) -> ActorKind:
        """UCDP's own naming tells governments and civilians apart; nothing is read into any other name."""
        if self.mapping.format != IntakeFormat.GED:
            return ActorKind.NOT_RECORDED
        if name.startswith("Government of"):
            return ActorKind.STATE
        return ActorKind.CIVILIANS if name == "Civilians" else ActorKind.NON_STATE_ARMED

    def _identities(self, cells: Sequence[str], reading: Reading) -> list[tuple[str, str, str | None]]:
        """Return (dimension, word as meant, reason for absence) of each identity column."""
        found = []
        for dimension, at in self._identity:
            groups = self.mapping.identity[dimension].groups
            word = " ".join(cells[at].split())
            meant = groups.get(cells[at].strip()) or groups.get(word) or word
            missing = values.missing_group(meant)
            if not missing and (len(_code(meant)) > LONGEST_CODE or len(meant) > 200):
                reading.fault(f"identity.{dimension}", f"{meant[:40]!r}... is too long for a group.", OTHER_COLUMN)
            # A code that only spells the word otherwise leaves the word as the group's label.
            found.append((dimension, word if _code(word) == meant else meant, missing))
        return found

    def _victims(self, reading: Reading, identities: list[tuple[str, str, str | None]]) -> None:
        """Add the victims, and the digests of all the row means."""
        victims = [self._person(reading)] if self._persons else self._unnamed(reading)
        reading.fields["victims"] = victims
        still = [identity for identity in identities if identity[0] not in self.closed]
        reading.digests = tuple(
            self._digest(reading, told) for told in ((still, identities) if self.closed else (still,))
        )
        if still and victims and (self._persons or not self._groups):
            victims[0]["attributions"] = [self._attribution(*identity) for identity in still]

    def _digest(self, reading: Reading, identities: list[tuple[str, str, str | None]]) -> str:
        said = [reading.text.get(name, "") for name in ("cited", "origin", "actor_a", "actor_b")]
        meant = [(name, missing or _code(word)) for name, word, missing in identities]
        return hashlib.sha256(canonical([reading.fields, meant, said]).encode()).hexdigest()

    def _unnamed(self, reading: Reading) -> list[dict[str, Any]]:
        fields = reading.fields
        victims: list[dict[str, Any]] = []
        for name, described, status in self._groups:
            if number := reading.take(values.count, name):
                group = {"count_best": number, "described_as": described, "civil_status": status}
                victims.append({part: value for part, value in group.items() if value})
        if not self._groups and self._identity:
            victims.append({f"count_{part}": fields[f"killed_{part}"] for part in PARTS if f"killed_{part}" in fields})
            if fields.get("count_conflict"):
                victims[0]["count_conflict"] = True
        return [{"kind": VictimKind.GROUP.value, "harm": Harm.KILLED.value, **victim} for victim in victims if victim]

    def _person(self, reading: Reading) -> dict[str, Any]:
        text = reading.text
        age, death = self._age(reading), reading.take(self._day, "date_of_death")
        name = text.get("name", "")
        person = {
            "kind": VictimKind.PERSON.value,
            "harm": self._term("harm", reading),
            "sex": self._sex(reading),
            "age_years": age.exact,
            "age_low": age.low,
            "age_high": age.high,
            "age_band": age.band or _band(age),
            "civil_status": self._term("civil_status", reading),
            "cause": self._term("cause", reading),
            "occupation": text.get("occupation", "")[:120],
            "date_of_death": death.start.isoformat() if death and death.start == death.end else None,
            "described_as": text.get("described_as", "")[:400],
            "names": [] if values.unnamed(name) else [{"name": name[:300]}],
        }
        return {part: value for part, value in person.items() if value not in (None, "", [])}

    def _age(self, reading: Reading) -> Age:
        try:
            return values.age(reading.text.get("age", "")) or Age()
        except ValueError as wrong:
            reading.warn("age", f"{wrong}.", "Kept as stated.")
            return Age(band="unknown")

    def _sex(self, reading: Reading) -> str:
        word = reading.text.get("sex", "")
        found = self.mapping.values.get("sex", {}).get(word) or values.sex(word)
        if found is None:
            reading.warn(
                "sex", f"{word[:40]!r} is no known word.", "Kept as stated; give its meaning under [values.sex]."
            )
        return found or "unknown"

    def _attribution(self, dimension: str, word: str, missing: str | None) -> dict[str, Any]:
        identity = self.mapping.identity[dimension]
        dimension_id = self._references.dimension(dimension, identity)
        known = {"group_missing": missing} if missing else {"group_id": self._references.group(dimension_id, word)}
        return {"dimension_id": dimension_id, "basis": identity.basis.value, **known}

    def claim(self, reading: Reading, document_id: str, source_id: str) -> dict[str, Any]:
        """Return the claim that a row makes: its own figures, what it cites, and the row as it stands in the file."""
        text, fields = reading.text, reading.fields
        origin = text.get("origin", "")
        said = {
            "origin_id": self._references.origin(origin) if origin and values.missing_word(origin) is None else None,
            "date_as_reported": fields.get("date_as_reported"),
            "actor_as_reported": "; ".join(filter(None, (text.get("actor_a"), text.get("actor_b"))))[:400],
            "cited": text.get("cited"),
            "count_conflict": fields.get("count_conflict"),
            **{name: fields.get(name) for name in IN_CLAIM},
        }
        stated = {name: value for name, value in said.items() if value is not None and value != ""}
        return {
            **stated,
            "document_id": document_id,
            "source_id": source_id,
            "locator": f"row {reading.row}",
            "stated": reading.stated,
        }


def _band(age: Age) -> str:
    """Return the band of an age, of a range only where both its ends lie on one side of eighteen."""
    if age.low is None or age.high is None:
        return rules.age_band(age.exact).value
    low, high = rules.age_band(age.low), rules.age_band(age.high)
    if low == high:
        return low.value
    if age.low >= rules.ADULT_AT:
        return AgeBand.ADULT.value
    return (AgeBand.CHILD if age.high < rules.ADULT_AT else AgeBand.NOT_RECORDED).value


def misshapen(row: int, cells: Sequence[str], width: int) -> Fault | None:
    """Return what is wrong with the shape of a row: too few cells, too many, or a character that is no text."""
    found = len(cells)
    if found < width or any(cells[width:]):
        # A reader of tables that stumbled over a quote hands on one cell that says where.
        text = f"{cells[0][:300]}." if found == 1 < width else f"{found} cells where the header has {width}."
        return Fault(row, "", text, "Look for a stray delimiter, or for a quote that is not closed or not doubled.")
    if unstorable("".join(cells)):
        return Fault(
            row, "", "Holds a character that cannot be kept (NUL, or half a pair).", "Save the file again as text."
        )
    return None


def found_columns(mapping: Mapping, headers: list[str]) -> dict[str, list[str]]:
    """Return the mapping's columns, or raise with each one that the file does not have."""
    wanted = [(name, column) for name, columns in mapping.columns.items() for column in columns]
    wanted += [(f"identity.{name}", part.column) for name, part in mapping.identity.items()]
    wanted += [("wide", column) for column in mapping.wide]
    faults = [
        Fault(0, name, f"The file has no column {column!r}.", f"Its columns: {', '.join(headers[:30])}.")
        for name, column in wanted
        if column not in headers
    ]
    if faults:
        raise InvalidRecords("The mapping does not fit the file.", faults)
    return mapping.columns


def validated(fields: dict[str, Any], row: int) -> tuple[IncidentDraft | None, list[Fault]]:
    """Return the draft, or the faults of its values."""
    try:
        return _drafts.validate_python(fields), []
    except ValidationError as wrong:
        return None, faults_of(wrong, row)


def restated(stated: str) -> dict[str, str]:
    """Return a claim's verbatim row by column name."""
    return dict(json.loads(stated))

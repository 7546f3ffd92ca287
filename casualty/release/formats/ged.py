"""The record as a table in the layout of the UCDP Georeferenced Event Dataset: 49 columns, exactly.

What an imported event's source stated and the record does not hold stands in its claim, and goes out again as it came; what
the record holds goes out as it is held. What nobody stated is empty, and is counted in the report. Standards: R92; UCDP GED
codebook; standards digest, 5.1.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from casualty.intake import drafts, values
from casualty.intake import mapping as mappings
from casualty.intake.mapping import Mapping as Read
from casualty.intake.proposing import GED_TYPES
from casualty.release.formats.output import CHANGED, EMPTY, LEFT_OUT, Losses, Output, Wishes
from casualty.release.formats.tables import (
    NUMBER,
    REFUTED,
    TEXT,
    WHOLE,
    Column,
    Row,
    joined,
    named,
    number,
    one,
    year_of,
)
from casualty.release.package import Package
from casualty.vocabulary import IntakeFormat

COLUMNS = (
    "id", "relid", "year", "active_year", "code_status", "type_of_violence", "conflict_dset_id", "conflict_new_id",
    "conflict_name", "dyad_dset_id", "dyad_new_id", "dyad_name", "side_a_dset_id", "side_a_new_id", "side_a",
    "side_b_dset_id", "side_b_new_id", "side_b", "number_of_sources", "source_article", "source_office", "source_date",
    "source_headline", "source_original", "where_prec", "where_coordinates", "where_description", "adm_1", "adm_2",
    "latitude", "longitude", "geom_wkt", "priogrid_gid", "country", "country_id", "region", "event_clarity", "date_prec",
    "date_start", "date_end", "deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown", "best", "high", "low",
    "gwnoa", "gwnob",
)  # fmt: skip
# The column of the record that says the same, and the field by which intake read it.
HELD = {
    "type_of_violence": ("incident_type", "incident_type"), "where_prec": ("place_precision", "place_precision"),
    "adm_1": ("admin1", "admin1"), "adm_2": ("admin2", "admin2"), "latitude": ("lat", "lat"), "longitude": ("lon", "lon"),
    "country": ("country", "country"), "event_clarity": ("clarity", "clarity"), "date_prec": ("date_precision", "date_precision"),
    "date_start": ("date_start", "date_start"), "date_end": ("date_end", "date_end"), "best": ("killed_best", "killed_best"),
    "high": ("killed_high", "killed_high"), "low": ("killed_low", "killed_low"),
}  # fmt: skip
# What only the source's own row says, by the field by which intake read it.
READ_AS = {
    "id": "id", "conflict_name": "situation", "side_a": "actor_a", "side_b": "actor_b", "source_original": "origin",
    "deaths_a": "deaths_a", "deaths_b": "deaths_b", "deaths_civilians": "deaths_civilians", "deaths_unknown": "deaths_unknown",
}  # fmt: skip
# What follows from other columns: empty or computed anew where these are no longer as the source states them.
FOLLOWS = {
    "year": ("date_start", "date_end"), "geom_wkt": ("latitude", "longitude"), "priogrid_gid": ("latitude", "longitude"),
    "where_coordinates": ("latitude", "longitude"),
}  # fmt: skip
INTEGERS = frozenset({
    "id", "year", "active_year", "type_of_violence", "conflict_dset_id", "conflict_new_id", "dyad_dset_id",
    "dyad_new_id", "side_a_dset_id", "side_a_new_id", "side_b_dset_id", "side_b_new_id", "number_of_sources",
    "where_prec", "priogrid_gid", "country_id", "event_clarity", "date_prec", "deaths_a", "deaths_b",
    "deaths_civilians", "deaths_unknown", "best", "high", "low", "gwnoa", "gwnob",
})  # fmt: skip
PARTS = ("deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown")
TYPES = {"state_based": "1", "non_state": "2", "one_sided": "3"}
SHORTEST_CUT = min(longest for _, longest in drafts.PLACES.values() if longest)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)")
UNREAD = ("", "not_recorded", "unknown")
LACKING = "neither the source states it nor the record holds it"
ELSEWHERE = "the incident did not come from a file in this layout, and the record does not hold it"

MEANINGS = {
    "id": "Number of the event in the UCDP data set; empty for an incident that did not come from it (see incidents.csv).",
    "type_of_violence": "1 state-based, 2 non-State, 3 one-sided; as held.",
    "side_a": "First party named by the source; does not mean attacker.",
    "side_b": "Second party named by the source; does not mean attacked.",
    "best": "Best-supported number of people killed, as held.",
    "high": "Highest credible number of people killed, as held.",
    "low": "Lowest credible number of people killed, as held.",
}
KEYS = (
    Column("row", "Row of ged.csv, counted from 1; empty: left out.", WHOLE),
    Column("id", "Number of the event in the UCDP data set, if it came from it."),
    Column("incident_code", "Code of the incident in the package.", TEXT, "incident.code"),
    Column("incident_status", "Where the incident stands in review.", TEXT, "incident.status"),
    Column("remark", "Why it is left out, or which further events of the data set are held as this incident."),
)
CHECKS = (
    Column("row", "Row of ged.csv, counted from 1.", WHOLE),
    Column("incident_code", "Code of the incident in the package.", TEXT, "incident.code"),
    Column("check", "What does not hold; nothing was mended."),
)  # fmt: skip


@dataclass(frozen=True)
class Event:
    """The source's own row of an event: its cells by GED column, what intake read of it, its id, the order of its dates."""

    cells: Mapping[str, str] = field(default_factory=dict)
    read: frozenset[str] = frozenset()
    id: str = ""
    order: str = "iso"


@dataclass
class _Table:
    """The rows as they are made, with their keys, checks and losses."""

    package: Package
    losses: Losses = field(default_factory=Losses)
    keys: list[list[str]] = field(default_factory=list)
    checks: list[list[str]] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.actors, self.situations = named(self.package, "actor"), named(self.package, "situation")
        self._mappings = _mappings(self.package)

    def rows(self) -> Iterator[list[str]]:
        """Yield one row an incident, in the order of the package; refuted ones are left out."""
        for incident, under in joined(self.package, "claim", "involvement"):
            events = self._events(under["claim"])
            if incident.get("status") == REFUTED:
                self.losses.add(LEFT_OUT, "incident", "refuted: shown not to have happened as alleged")
                self._key("", incident, events, "refuted")
                continue
            self.count += 1
            further = [event.id for event in events[1:]]
            self._key(str(self.count), incident, events, f"also {' '.join(further)}" if further else "")
            self._left_out(incident)
            yield self._row(incident, under["involvement"], events[0] if events else None)
        if removed := one(self.package, "removed"):
            names = [column.name for column in removed.columns]
            self.keys += [_gone(dict(zip(names, row, strict=True))) for row in removed.rows()]

    def _events(self, claims: list[Row]) -> list[Event]:
        """Return what the current claims of an incident state in this layout, in the order of their file."""
        found = [c for c in claims if c.get("standing") == "current" and c.get("batch_id") in self._mappings]
        found.sort(key=lambda claim: int(claim.get("row_number") or 0))
        return [_event(claim, self._mappings[claim["batch_id"]]) for claim in found if claim.get("stated")]

    def _key(self, row: str, incident: Row, events: list[Event], remark: str) -> None:
        first = events[0].id if events else ""
        self.keys.append([row, first, incident.get("code", ""), incident.get("status", ""), remark])

    def _left_out(self, incident: Row) -> None:
        for name in (
            "injured_best",
            "missing_best",
            "narrative_public",
            "narrative_restricted",
            "title",
            "time_of_day",
        ):
            if incident.get(name):
                self.losses.add(LEFT_OUT, name, "the layout has no column for it")

    def _row(self, incident: Row, involvements: list[Row], event: Event | None) -> list[str]:
        stated = event or Event(cells=self._from_the_record(incident, involvements))
        cells: dict[str, str] = {}
        moved: set[str] = set()
        for column in HELD:
            cells[column], same = _held(column, incident, stated)
            if not same:
                moved.add(column)
                self.losses.add(CHANGED, column, "the record is held otherwise than its source states")
        for column in COLUMNS:
            if column not in HELD:
                follows = FOLLOWS.get(column, ())
                cells[column] = "" if moved & set(follows) else _plain(column, stated.cells.get(column, ""))
        cells["year"] = cells["year"] or year_of(incident)
        if not cells["geom_wkt"] and cells["latitude"] and cells["longitude"]:
            cells["geom_wkt"] = f"POINT ({cells['longitude']} {cells['latitude']})"
        for column in COLUMNS:
            if not cells[column]:
                self.losses.add(EMPTY, column, LACKING if event else ELSEWHERE)
        self.checks += [[str(self.count), incident.get("code", ""), check] for check in _checks(cells)]
        return [cells[column] for column in COLUMNS]

    def _from_the_record(self, incident: Row, involvements: list[Row]) -> dict[str, str]:
        """Return what the record says, in columns of its own, of an incident that came from elsewhere."""
        sides = {
            side: "; ".join(
                name
                for one in involvements
                if one.get("role") == side and (name := self.actors.get(one.get("actor_id", "")))
            )
            for side in ("side_a", "side_b")
        }
        place = incident.get("place_as_reported", "")
        return {
            **sides,
            "conflict_name": self.situations.get(incident.get("situation_id", ""), ""),
            "where_description": place,
        }


def _gone(row: Row) -> list[str]:
    """Return the line of an incident that was taken back or merged."""
    into = row.get("merged_into", "")
    return ["", "", row["incident_code"], row["incident_status"], f"merged into {into}" if into else "taken back"]


def _mappings(package: Package) -> dict[str, Read | None]:
    """Return, for each batch of files in this layout, how they were read; None where that is withheld."""
    batches = (row for row in package.rows("batch") if row.get("format") == IntakeFormat.GED)
    return {row["id"]: mappings.parse(row["mapping"]) if row.get("mapping") else None for row in batches}


def _event(claim: Row, read: Read | None) -> Event:
    stated = {name.strip().lower(): cell for name, cell in drafts.restated(claim["stated"]).items()}
    cells = {column: stated[column] for column in COLUMNS if column in stated}
    columns = {} if read is None else {name: of[0] for name, of in read.columns.items() if len(of) == 1}
    for column, named_as in {**{name: of for name, (_, of) in HELD.items()}, **READ_AS}.items():
        if named_as in columns:
            cells[column] = stated.get(columns[named_as].strip().lower(), "")
    known = frozenset() if read is None else frozenset(read.columns) | {"date_start", "date_end"}
    own = values.identifier(claim.get("external_id") or cells.get("id", ""))
    return Event({**cells, "id": own}, known, own, "iso" if read is None else read.date_order)


def _held(column: str, incident: Row, event: Event) -> tuple[str, bool]:
    """Return a cell as the record holds it, in the source's own spelling where both say the same; and whether they do."""
    name, read_as = HELD[column]
    value, cell = incident.get(name, ""), event.cells.get(column, "").strip()
    if column == "type_of_violence":
        stated = TYPES.get(GED_TYPES.get(values.identifier(cell), ""), "")
        code = TYPES.get(value, "")
        return (stated, True) if value in UNREAD and stated else (code, not stated or code == stated)
    if not cell:
        return value, True
    if not value and (read_as not in event.read or values.missing_word(cell) is not None):
        return _plain(column, cell), True
    if not _says(column, cell, value, event.order):
        return value, False
    return (_plain(column, cell) if _spelled(column, cell) else value), True


def _says(column: str, cell: str, value: str, order: str) -> bool:
    """Return whether a source's cell says what is held; a text may have been cut to what fits."""
    if column in ("date_start", "date_end"):
        return cell[:10] == value or _day(cell, order) == value
    if column in INTEGERS or column in ("latitude", "longitude"):
        try:
            return values.decimal(values.identifier(cell)) == (float(value) if value else None)
        except ValueError:
            return False
    return cell == value or (len(value) >= SHORTEST_CUT and cell.startswith(value))


def _spelled(column: str, cell: str) -> bool:
    """Return whether a cell is spelled as the layout has it: days year first, numbers with a point."""
    if column in ("date_start", "date_end"):
        return _ISO.match(cell) is not None
    return number(cell) if column in INTEGERS or column in ("latitude", "longitude") else True


def _day(cell: str, order: str) -> str:
    try:
        found = values.day(cell, order)
    except ValueError:
        return ""
    return found.start.isoformat() if found and found.start == found.end else ""


def _plain(column: str, cell: str) -> str:
    """Return a cell as it stands; a whole number that passed through a float without what that left on it."""
    return values.identifier(cell) if column in INTEGERS else cell


def _checks(cells: Mapping[str, str]) -> Iterator[str]:
    """Yield what of UCDP's own rules does not hold in a row."""
    found = {name: int(cells[name]) if cells[name].isdecimal() else None for name in (*PARTS, "low", "best", "high")}
    parts = [value for name in PARTS if (value := found[name]) is not None]
    if len(parts) == len(PARTS) and sum(parts) != found["best"]:
        yield f"best is {cells['best'] or 'not stated'}, its four parts add up to {sum(parts)}"
    known = [value for name in ("low", "best", "high") if (value := found[name]) is not None]
    if known != sorted(known):
        yield f"low {cells['low']}, best {cells['best']}, high {cells['high']} are out of order in the source"
    if not any(known):
        yield "no death is stated: such an event is not in the UCDP data set"
    if cells["date_start"] and cells["date_end"] and _backwards(cells["date_start"][:10], cells["date_end"][:10]):
        yield "the last day lies before the first"


def _backwards(start: str, end: str) -> bool:
    try:
        return date.fromisoformat(start) > date.fromisoformat(end)
    except ValueError:  # a day as its source spells it
        return False


def write(package: Package, output: Output, _: Wishes) -> None:
    """Write ged.csv, the incidents its rows stand for, what does not hold, and what was lost."""
    table = _Table(package)
    output.table("ged.csv", [_column(name) for name in COLUMNS], table.rows())
    output.table("incidents.csv", KEYS, table.keys)
    output.table("checks.csv", CHECKS, table.checks)
    output.losses(table.losses)
    output.notes.append(
        "The layout has no column for the status of review: it stands in incidents.csv, row by row. `side_a` and `side_b` do not mean\n"
        "attacker and attacked. UCDP data are by the Uppsala Conflict Data Program (CC BY 4.0); this table is not an edition of them."
    )


def _column(name: str) -> Column:
    source = f"incident.{HELD[name][0]}" if name in HELD else "claim.stated"
    kind = WHOLE if name in INTEGERS else NUMBER if name in ("latitude", "longitude") else TEXT
    return Column(name, MEANINGS.get(name, f"As in the UCDP GED codebook: {name}."), kind, source)

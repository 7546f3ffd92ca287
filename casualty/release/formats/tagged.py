"""Incidents as CSV with HXL tags under the header, for the tools of humanitarian data. Standards: R95; HXL 1.1; digest, 7.1."""

import re
from collections.abc import Iterator, Mapping

from casualty.release.formats.output import Output, Wishes
from casualty.release.formats.tables import TEXT, Column, Row, joined, named, number, one
from casualty.release.package import Package

# Columns of an incident and their tags. The best number comes before the bounds: readers take the first that fits.
TAGS = {
    "code": "#event+id", "status": "#status+verification", "incident_type": "#event+type",
    "period": "#date+occurred", "date_start": "#date+occurred+start", "date_end": "#date+occurred+end", "report_date": "#date+reported",
    "country": "#country+name", "admin1": "#adm1+name", "admin2": "#adm2+name", "place_as_reported": "#loc+name",
    "lat": "#geo+lat", "lon": "#geo+lon", "place_precision": "#geo+precision",
    "killed_best": "#affected+killed", "killed_low": "#affected+killed+min", "killed_high": "#affected+killed+max",
    "injured_best": "#affected+injured", "injured_low": "#affected+injured+min", "injured_high": "#affected+injured+max",
    "missing_best": "#affected+missing", "missing_low": "#affected+missing+min", "missing_high": "#affected+missing+max",
    "narrative_public": "#description+public",
}  # fmt: skip
LEVELS = range(1, 6)
DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
ELSEWHERE = Column("loc_code", "P-code of a unit whose level this package does not tell.", TEXT, "incident.pcode")
ALLEGED = Column(
    "alleged_parties", "Parties alleged to be involved; an allegation, nothing more.", TEXT, "involvement.actor_id"
)
UNREAD = Column(
    "not_told", "What stands in the package where tools read a date or a number, and is none: `suppressed`, `withheld`."
)
SOURCES = Column("sources", "Sources whose claims stand.", TEXT, "claim.source_id")

NOTE = """Tags of our own: #status+verification is where the incident stands in review, #org+alleged a party alleged to be
involved, #meta+not_told says which dates or numbers of a row are kept back, #geo+precision is the place precision of UCDP GED
(from 3 on the point stands for an area)."""

Unit = tuple[str, str]


def write(package: Package, output: Output, _: Wishes) -> None:
    """Write incidents.csv with its row of tags."""
    table = one(package, "incident")
    own = [column for column in table.columns if column.name in TAGS] if table is not None else []
    own.sort(key=lambda column: list(TAGS).index(column.name))
    units = {(row["pcode"], row.get("boundary_set", "")): row for row in package.rows("admin_unit") if row.get("pcode")}
    levels = [level for level in LEVELS if any(row.get("level") == str(level) for row in units.values())]
    codes = [Column(f"adm{n}_code", f"P-code of the unit of order {n}; text.", TEXT, "incident.pcode") for n in levels]
    columns = [*own, *codes, ELSEWHERE, ALLEGED, SOURCES, UNREAD]
    tags = [*(TAGS[column.name] for column in own), *(f"#adm{n}+code+v_pcode" for n in levels)]
    tags += ["#loc+code+v_pcode", "#org+alleged", "#meta+source", "#meta+not_told"]
    output.table("incidents.csv", columns, _rows(package, [column.name for column in own], units, levels), tags)
    output.notes.append(NOTE)


def _rows(package: Package, own: list[str], units: Mapping[Unit, Row], levels: list[int]) -> Iterator[list[str]]:
    actors, sources = named(package, "actor"), named(package, "source")
    for incident, under in joined(package, "claim", "involvement"):
        held = _codes((incident.get("pcode", ""), incident.get("boundary_set", "")), units)
        standing = [row for row in under["claim"] if row.get("standing", "current") == "current"]
        hidden = [name for name in own if incident[name] and not _readable(TAGS[name], incident[name])]
        yield [
            *("" if name in hidden else incident[name] for name in own),
            *(held.get(str(level), "") for level in levels),
            "" if held else incident.get("pcode", ""),
            _names(actors, under["involvement"], "actor_id"),
            _names(sources, standing, "source_id"),
            "; ".join(f"{name}: {incident[name]}" for name in hidden),
        ]


def _readable(tag: str, cell: str) -> bool:
    """Return whether tools can read a cell under its tag, where they read dates and numbers."""
    if tag.startswith("#date"):
        return DATE.fullmatch(cell) is not None
    return number(cell) if tag.startswith(("#affected", "#geo")) else True


def _names(called: Mapping[str, str], rows: list[Row], key: str) -> str:
    return "; ".join(dict.fromkeys(name for row in rows if (name := called.get(row.get(key, "")))))


def _codes(unit: Unit, units: Mapping[Unit, Row]) -> dict[str, str]:
    """Return the P-codes of a unit and of those above it, by their order; empty for a unit that the package does not have."""
    found: dict[str, str] = {}
    while unit in units and (level := units[unit].get("level", "")) not in found:
        found[level] = unit[0]
        unit = (units[unit].get("parent_pcode", ""), unit[1])
    return found

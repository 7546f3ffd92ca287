"""SDG indicator 16.1.2: documented conflict-related deaths per 100,000 people, by sex, age, cause and status.

A person is counted once, in the year of death. Documented deaths alone: nothing is estimated here, and nothing unknown is
spread over what is known. Standards: SDG metadata 16.1.2; standards digest, section 3; R26-R31.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from casualty import rules
from casualty.errors import Fault, NotEnoughData
from casualty.release.formats import population
from casualty.release.formats.output import Output, Wishes
from casualty.release.formats.population import ADULT, AGES, CHILD, MAN, SEXES, WOMAN, Figure, Population
from casualty.release.formats.tables import NUMBER, REFUTED, TEXT, WHOLE, Column, Row, joined, year_of
from casualty.release.package import Package
from casualty.vocabulary import Cause, CivilStatus, IncidentStatus, SituationKind

UNKNOWN, ALL = "Unknown", "All"
NO_VALUE = ("unknown", "not_recorded", "withheld", "not_applicable")
CAUSES = {cause.value: cause.label for cause in Cause if cause.value not in NO_VALUE}
STATUSES = {status.value: status.label for status in CivilStatus if status.value not in NO_VALUE}
CATEGORIES: dict[str, tuple[str, ...]] = {
    "total": (ALL,),
    "sex": (MAN, WOMAN, "Other", UNKNOWN),
    "age": (ADULT, CHILD, UNKNOWN),
    "cause": (*CAUSES.values(), UNKNOWN),
    "status": (*STATUSES.values(), UNKNOWN),
}
DIMENSIONS = tuple(CATEGORIES)[1:]
CONFLICTS = (SituationKind.INTERNATIONAL, SituationKind.NON_INTERNATIONAL)
ELSEWHERE = "(in none of the areas)"
NOT_ESTIMATED = "not estimated"
CONFLICT, NO_CONFLICT = "armed conflict", "not classified as armed conflict"
PER = 100_000
COLUMNS = (
    Column("area", "Area of the population figure.", TEXT, "population.area"),
    Column("situation", "armed conflict: so classified by a named authority; only such rows are of the indicator."),
    Column(
        "year", "Year of death: of the person where known, else of the incident; unknown where the incident spans two."
    ),
    Column("dimension", "total, sex, age, cause or status: each adds up to the total, its unknown with it."),
    Column("category", "Label of the indicator."),
    Column(
        "documented_verified", "Documented direct deaths in incidents whose status is verified: the headline.", WHOLE
    ),
    Column(
        "documented_not_verified",
        "Documented direct deaths in incidents of any other status, refuted ones left out.",
        WHOLE,
    ),
    Column("lowest", "Total only: sum of the lowest figures; where no lowest is stated, of the best.", WHOLE),
    Column("highest", "Total only: sum of the highest figures; where no highest is stated, of the best.", WHOLE),
    Column("estimated_undocumented", "Nothing is estimated in this record."),
    Column("population", "All residents of the area in that year.", NUMBER, "population.number"),
    Column("population_source", "Who says so.", TEXT, "population.source"),
    Column(
        "rate_verified", "documented_verified per 100,000 of all residents; empty where no death is verified.", NUMBER
    ),
    Column("rate_documented", "Both documented columns per 100,000 of all residents.", NUMBER),
    Column("population_of_category", "Residents of that sex or age group, where the file gives them.", NUMBER),
    Column("rate_of_category", "Both documented columns per 100,000 of that group.", NUMBER),
)
LEFT_OUT = (
    Column("reason", "Why incidents are left out, are not of the indicator, or are told without their particulars."),
    Column("incidents", "How many.", WHOLE),
    Column("deaths", "Best-supported number killed in them.", WHOLE),
)


_Key = tuple[str, str, str]


@dataclass
class _Cell:
    """Deaths of one area, situation and year: by (dimension, category) in incidents verified and others; lowest and highest."""

    verified: Counter[tuple[str, str]] = field(default_factory=Counter)
    other: Counter[tuple[str, str]] = field(default_factory=Counter)
    lowest: int = 0
    highest: int = 0


@dataclass(frozen=True, slots=True)
class Deaths:
    """Some deaths of one incident: their year, their categories by dimension, how many."""

    year: str
    categories: Mapping[str, str]
    number: int


@dataclass
class _Count:
    """The count over a package: cells by area, situation and year, and what is left out or told without its particulars."""

    package: Package
    people: Population
    cells: dict[_Key, _Cell] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)
    left_deaths: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        """Count every incident once in each area that it lies in."""
        counted, elsewhere = _counted_once(self.package)
        situations = {row["id"]: row for row in self.package.rows("situation") if row.get("id")}
        units = {row["pcode"]: row for row in self.package.rows("admin_unit") if row.get("pcode")}
        areas = {area.casefold(): area for area in self.people.areas}
        for incident, under in joined(self.package, "victim"):
            less = elsewhere.get(incident.get("id", ""), 0)
            deaths, odd = of_incident(incident, under["victim"], counted, less)
            outside = _outside(incident, situations)
            for why in filter(None, (odd, outside)):
                self.left[why] += 1
                self.left_deaths[why] += sum(one.number for one in deaths)
            if incident.get("status") == REFUTED:
                continue
            found = [areas[name] for name in _names(incident, units) if name in areas] or [ELSEWHERE]
            for area in dict.fromkeys(found):
                self._add(area, NO_CONFLICT if outside else CONFLICT, incident, deaths, less)

    def _add(self, area: str, situation: str, incident: Row, deaths: Sequence[Deaths], less: int) -> None:
        verified = incident.get("status") == IncidentStatus.VERIFIED
        own, total = _year(incident), sum(one.number for one in deaths)
        for one in deaths:
            cell = self.cells.setdefault((area, situation, one.year), _Cell())
            counts = cell.verified if verified else cell.other
            counts["total", ALL] += one.number
            for dimension in DIMENSIONS:
                counts[dimension, one.categories.get(dimension, UNKNOWN)] += one.number
            if one.year != own:
                cell.lowest += one.number
                cell.highest += one.number
        moved = sum(one.number for one in deaths if one.year != own)
        cell = self.cells.setdefault((area, situation, own), _Cell())
        for bound, name in (("lowest", "killed_low"), ("highest", "killed_high")):
            stated = _number(incident.get(name, ""))
            number = total if stated is None else max(stated - less, 0)
            setattr(cell, bound, getattr(cell, bound) + max(number - moved, 0))


def of_incident(
    incident: Row, victims: Sequence[Row], counted: Mapping[str, str], less: int
) -> tuple[list[Deaths], str]:
    """Return the documented deaths of an incident, and in words what of them is not as it should be (or nothing).

    The number stated of the incident holds, without the `less` people who are counted in another one; those of it who are no
    victims of their own are of unknown sex, age, cause and status. Without a stated number the victims recorded as killed count.
    """
    found = list(_recorded(incident, victims, counted))
    recorded = sum(one.number for one in found)
    stated = _number(incident.get("killed_best", ""))
    if stated is None:
        bounds = any(_number(incident.get(name, "")) is not None for name in ("killed_low", "killed_high"))
        counted_by = "counted by its victims: a lowest or highest number is stated and no best one" if bounds else ""
        return found, counted_by if recorded else "no number of people killed is known"
    number = max(stated - less, 0)
    if recorded > number:
        return [Deaths(_year(incident), {}, number)], "more victims than the number stated: shown as unknown"
    rest = [Deaths(_year(incident), {}, number - recorded)] if number > recorded else []
    return [*found, *rest], ""


def _recorded(incident: Row, victims: Sequence[Row], counted: Mapping[str, str]) -> Iterator[Deaths]:
    """Yield the victims recorded as killed; a person named out of a group is inside its number, once."""
    named: dict[str, set[str]] = {}
    for row in victims:
        if group := row.get("resolved_out_of"):
            named.setdefault(group, set()).add(counted.get(row["id"], row["id"]))
    for row in victims:
        if row.get("harm") != "killed" or row.get("id", "") in counted:
            continue
        number = (
            1
            if row.get("kind") == "person"
            else (_number(row.get("count_best", "")) or 0) - len(named.get(row.get("id", ""), ()))
        )
        if number > 0:
            yield Deaths(_year(incident, row), _categories(row), number)


def _categories(row: Row) -> dict[str, str]:
    age = AGES.get(row.get("age_band", ""))
    if age is None and (years := row.get("age_years", "").partition(".")[0]).isdecimal():
        age = ADULT if int(years) >= rules.ADULT_AT else CHILD
    return {
        "sex": {**SEXES, "other": "Other"}.get(row.get("sex", ""), UNKNOWN),
        "age": age or UNKNOWN,
        "cause": CAUSES.get(row.get("cause", ""), UNKNOWN),
        "status": STATUSES.get(row.get("civil_status", ""), UNKNOWN),
    }


def _year(incident: Row, victim: Row | None = None) -> str:
    if victim is not None and (died := victim.get("date_of_death", "")[:4]).isdecimal() and len(died) == 4:
        return died
    return year_of(incident) or "unknown"


def _number(cell: str) -> int | None:
    return int(cell) if cell.isdecimal() else None


def _outside(incident: Row, situations: Mapping[str, Row]) -> str:
    """Return why an incident is not of the indicator, or nothing."""
    if incident.get("status") == REFUTED:
        return "left out: refuted, shown not to have happened as alleged"
    if "situation_id" not in incident:
        return "not of the indicator: this package does not tell situations"
    situation = situations.get(incident["situation_id"])
    if situation is None:
        return "not of the indicator: in no situation of violence"
    if situation.get("kind") not in CONFLICTS:
        return "not of the indicator: its situation is not classified as an armed conflict"
    first, last = situation.get("date_start", ""), situation.get("date_end", "")
    if (first and incident.get("date_end", "") < first) or (last and incident.get("date_start", "") > last):
        return "not of the indicator: outside the dates of its situation"
    return ""


def _names(incident: Row, units: Mapping[str, Row]) -> Iterator[str]:
    """Yield what the areas in which an incident lies may be called: units by P-code, and names as reported."""
    code, seen = incident.get("pcode", ""), set[str]()
    while code and code not in seen:
        seen.add(code)
        yield code.casefold()
        code = units.get(code, {}).get("parent_pcode", "")
    yield from (name.casefold() for column in ("country", "area", "admin1", "admin2") if (name := incident.get(column)))


def _counted_once(package: Package) -> tuple[dict[str, str], dict[str, int]]:
    """Return the rows of people who are counted as another row, and per incident how many of its dead are counted elsewhere."""
    pairs = [
        (row["victim_id"], row["other_id"])
        for row in package.rows("pairing")
        if row.get("verdict") == "same" and not row.get("withdrawn_at")
    ]
    involved = {key for pair in pairs for key in pair}
    rows = {row["id"]: row for row in package.rows("victim") if row["id"] in involved} if involved else {}
    standing = {key for key, row in rows.items() if row.get("incident_status") != REFUTED}
    counted = rules.counted_once(pairs, standing)
    people: dict[str, set[str]] = {}
    for one, other in counted.items():
        if rows[one]["harm"] == "killed" and rows[one]["incident_id"] != rows[other]["incident_id"]:
            people.setdefault(rows[one]["incident_id"], set()).add(other)
    return counted, {key: len(those) for key, those in people.items()}


# The table ------------------------------------------------------------------------------------------------------------


def write(package: Package, output: Output, wishes: Wishes) -> None:
    """Write sdg_16_1_2.csv and what is left out of it.

    Raises NotEnoughData without a population for every area and year in which a death is held, and without any death.
    """
    people = population.read(wishes.population, package)
    count = _Count(package, people)
    count.run()
    years = {str(year) for year in wishes.years}
    cells = {key: cell for key, cell in sorted(count.cells.items()) if not years or key[2] in years}
    if not cells:
        raise NotEnoughData("No death is held in these years." if years else "No death is held.")
    _require(cells, people)
    output.table("sdg_16_1_2.csv", COLUMNS, _rows(cells, people))
    left = [[why, str(number), str(count.left_deaths[why])] for why, number in sorted(count.left.items())]
    output.table("left_out.csv", LEFT_OUT, left)
    output.notes.append(NOTE)


def _require(cells: Mapping[_Key, _Cell], people: Population) -> None:
    faults = [
        Fault(
            0,
            f"{area}, {year}",
            "Has deaths and no population.",
            "Give it with --population, or ask for other years with --year.",
        )
        for area, year in dict.fromkeys((area, year) for area, _, year in cells)
        if area != ELSEWHERE and year != "unknown" and (area, year) not in people.everybody
    ]
    if faults:
        raise NotEnoughData("No rate without a population of that area and that year.", faults)


def _rows(cells: Mapping[_Key, _Cell], people: Population) -> Iterator[list[str]]:
    for (area, situation, year), cell in cells.items():
        everybody = people.everybody.get((area, year))
        for dimension, categories in CATEGORIES.items():
            for category in categories:
                part = people.parts.get((area, year, category))
                yield [
                    area,
                    situation,
                    year,
                    dimension,
                    category,
                    *_figures(cell, dimension, category, everybody, part),
                ]


def _figures(cell: _Cell, dimension: str, category: str, everybody: Figure | None, part: Figure | None) -> list[str]:
    verified, other = cell.verified[dimension, category], cell.other[dimension, category]
    bounds = [str(cell.lowest), str(cell.highest)] if dimension == "total" else ["", ""]
    return [
        str(verified), str(other), *bounds, NOT_ESTIMATED, _shown(everybody), everybody.source if everybody else "",
        _rate(verified, everybody) if verified else "", _rate(verified + other, everybody), _shown(part), _rate(verified + other, part),
    ]  # fmt: skip


def _shown(figure: Figure | None) -> str:
    return "" if figure is None else f"{figure.number:.15g}"


def _rate(deaths: int, figure: Figure | None) -> str:
    return "" if figure is None else f"{deaths / figure.number * PER:.4f}"


NOTE = """Only rows of an armed conflict, so classified by a named authority, are of the indicator; the others stand apart.
Documented direct deaths only. Undocumented deaths are not estimated in this record, and nothing here may be added to an estimate.
Deaths of incidents that are not verified stand apart from the headline. Unknown is a category of its own and is not spread over the others.
A rate is of the residents of the area named, which may be a part of the territory of a conflict: the indicator itself is of all
residents of that territory. An incident lies in an area if its P-code, a unit above that, or its country or unit as reported, is called so;
areas may lie in each other, so rows of several areas are not to be added. Deaths in years before may change with later packages."""

"""The targeting question asked of the record: victims and population brought to the same areas and periods."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from casualty import frames
from casualty.errors import NotEnoughData, UsageFault
from casualty.linkage import fold
from casualty.store import Store
from casualty.vocabulary import IncidentStatus

if TYPE_CHECKING:
    import pandas as pd

PERIODS = ("all", "year", "quarter", "month")
NOT_ANALYSED = (IncidentStatus.DRAFT, IncidentStatus.REFUTED)
LEVELS = {"admin1": 1, "admin2": 2, "admin3": 3, "admin4": 4}


@dataclass(frozen=True)
class Question:
    """What is compared, ready for `patterns.disparity`, and what had to be left out or chosen on the way.

    `counts`: incident, area, period, tier, group, victims. `people`: area, period, group, number.
    """

    dimension: str
    counts: "pd.DataFrame"
    people: "pd.DataFrame"
    remarks: tuple[str, ...]

    def columns(self) -> "tuple[dict[str, list[Any]], ...]":
        """Both tables column by column, in the order in which they are compared."""
        return tuple({str(name): list(table[name]) for name in table} for table in (self.counts, self.people))


def question(
    store: Store,
    dimension: str,
    *,
    by: str = "admin1",
    since: date | None = None,
    until: date | None = None,
    status: str | None = None,
    period: str = "all",
    inferred: bool = False,
    only: Collection[str] | None = None,
    group: str | None = None,
) -> Question:
    """Return the comparison for one identity dimension.

    Parameters
    ----------
    by: admin1 to admin4, the level of the areas.
    since, until: only incidents that started in these days; incidents without a date are then left out.
    status: only incidents of this status; without it all but drafts and refuted ones.
    period: all, year, quarter or month; the whole is one period unless asked otherwise.
    inferred: count identities inferred by a person too (left out otherwise, R44).
    only: ids of the incidents that a filter lets in; None: all.
    group: the group asked about; it is told apart from a wider one it belongs to, all others are counted under their widest.

    Raises NotFound (no such dimension), NotEnoughData (no victims, no population, or no area of the level where figures are
    by area: a rate is refused, not guessed).
    """
    import pandas as pd

    if by not in LEVELS:
        raise UsageFault(f"--by {by} is not known; one of: {', '.join(LEVELS)}.")
    if period not in PERIODS:
        raise UsageFault(f"--period {period} is not known; one of: {', '.join(PERIODS)}.")
    if status is not None and status not in set(IncidentStatus):
        raise UsageFault(f"--status {status} is not known; one of: {', '.join(IncidentStatus)}.")
    frames.dimension_id(store, dimension)
    held = within(frames.incidents(store), only)
    if held.empty:
        raise NotEnoughData("No incident is recorded." if only is None else "The filter lets in no incident; widen it.")
    victims = killed(store, dimension, inferred=inferred, held=held, asked=group)
    held, remarks = _chosen(held, since, until, status, period)
    held["area"] = held["id"].map(frames.areas(store, LEVELS[by], held))
    held["period"] = _label(held, period, since, until)
    counts = victims.merge(held[["id", "area", "period", "tier"]], left_on="incident", right_on="id").drop(columns="id")
    if counts.empty or counts["group"].isna().all():
        raise NotEnoughData(f"No incident asked for has a killed victim whose {dimension} is known.")
    people, more = _people(store, dimension, LEVELS[by], held, group)
    if counts["area"].isna().all() or people["area"].isna().all():
        _must_be_one_area(people, by)
        counts["area"] = None
        people = (
            people.assign(area=None)
            .groupby(["period", "group"], as_index=False, dropna=False)["number"]
            .sum()
            .assign(area=None)
        )
    return Question(dimension, pd.DataFrame(counts), people, (*remarks, *more))


def _must_be_one_area(people: "pd.DataFrame", by: str) -> None:
    """Refuse to compare as one what people's figures hold apart: where they live would then pass for who is hit."""
    if (areas := people["area"].nunique()) > 1:
        raise NotEnoughData(
            f"No incident asked for lies in a known area of the level {by}, and the figures of people are by area ({areas}):"
            " without areas, where people live cannot be told from who is hit. Ask by another level, or give incidents their areas."
        )


def within(held: "pd.DataFrame", only: Collection[str] | None) -> "pd.DataFrame":
    """Return the incidents of the frame that a filter lets in, by their ids; all of them without one."""
    return held if only is None else held[held["id"].isin(list(only))]


def _chosen(
    held: "pd.DataFrame", since: date | None, until: date | None, status: str | None, period: str
) -> tuple["pd.DataFrame", list[str]]:
    remarks = []
    kept = held["status"] == status if status else ~held["status"].isin(NOT_ANALYSED)
    if since or until or period != "all":
        undated = kept & held["date_start"].isna()
        if undated.any():
            remarks.append(_left(undated.sum(), "without a date", "a question about time"))
        kept &= held["date_start"].notna()
    if since:
        kept &= held["date_start"] >= str(since)
    if until:
        kept &= held["date_start"] <= str(until)
    if period in ("quarter", "month"):
        vague = kept & (held["date_precision"] >= 5)
        if vague.any():
            remarks.append(_left(vague.sum(), "known only to within a year", "periods this short"))
        kept &= ~vague
    return held[kept].copy(), remarks


def _left(many: int, which: str, of: str) -> str:
    noun, verb = ("incident", "is") if many == 1 else ("incidents", "are")
    return f"{many} {noun} {which} {verb} left out of {of}."


def _label(held: "pd.DataFrame", period: str, since: date | None, until: date | None) -> Any:
    """Return each incident's period: a year, quarter or month, or the one span asked about as FIRST/LAST day (ISO 8601)."""
    days = held["date_start"]
    if period != "all":
        return days.dt.to_period({"year": "Y", "quarter": "Q", "month": "M"}[period]).astype(str)
    known = days.dropna()
    first = since or (known.min().date() if len(known) else "")
    last = until or (known.max().date() if len(known) else "")
    return days.map(lambda _: f"{first}/{last}")


def killed(
    store: Store, dimension: str | None, *, inferred: bool, held: "pd.DataFrame | None" = None, asked: str | None = None
) -> "pd.DataFrame":
    """Killed victims by incident (of `held`, if given) and group, with those whose group is unknown: all without a dimension.

    A group counts what remains after the persons resolved out of it; a group of unknown number counts as one. What an
    incident states beyond its victims is unknown in identity; a person counted in another incident is counted there.
    """
    import pandas as pd

    frame = frames.attributions(store, dimension, inferred=inferred, asked=asked)
    stated = frames.incidents(store) if held is None else held
    frame = frame[(frame["harm"] == "killed") & frame["incident_id"].isin(stated["id"])].copy()
    number = frame["count_best"].astype("float64").fillna(frame["count_low"].astype("float64")).fillna(1.0)
    frame["victims"] = number - frame["resolved"].clip(upper=number)
    stated = stated[["id", "killed_low", "killed_best", "killed_high"]]
    elsewhere = stated["id"].map(frames.counted_elsewhere(store, frames.counted_as(store))).fillna(0)
    figure = stated["killed_best"].fillna(stated["killed_low"]).fillna(0) - elsewhere
    counted = stated["id"].map(frame.groupby("incident_id")["victims"].sum()).fillna(0)
    rest = pd.DataFrame({"incident_id": stated["id"], "group": None, "victims": figure - counted})
    parts = pd.concat([frame[["incident_id", "group", "victims"]], rest[rest["victims"] > 0]], ignore_index=True)
    parts = parts[parts["victims"] > 0]
    parts["group"] = parts["group"].astype(object).where(parts["group"].notna(), None)
    summed: Any = parts.groupby(["incident_id", "group"], as_index=False, dropna=False)["victims"].sum()
    summed["group"] = summed["group"].astype(object).where(summed["group"].notna(), None)
    return pd.DataFrame(summed.rename(columns={"incident_id": "incident"}))


def _people(
    store: Store, dimension: str, level: int, held: "pd.DataFrame", asked: str | None
) -> tuple["pd.DataFrame", list[str]]:
    """Population by area, period and group: the years of the period where stated, else the nearest year, and that is said."""
    import pandas as pd

    figures = _grouped(_figures(store, dimension, level), frames.lineages(store, dimension), asked)
    if figures.empty:
        raise NotEnoughData(
            f"No population by {dimension} is held: a rate is refused, not guessed. Bring figures in with:"
            " casualty intake FILE --format population"
        )
    rows, nearest = [], set()
    for label in sorted(held["period"].dropna().unique()):
        years = _years(label)
        for (area, group), part in figures.groupby(["area", "group"], dropna=False):
            inside = part[part["year"].isin(years)]
            if inside.empty:
                year = min(part["year"], key=lambda y: (min(abs(y - wanted) for wanted in years), y))
                nearest.add(int(year))
                inside = part[part["year"] == year]
            rows.append((area if isinstance(area, str) else None, label, group, float(inside["number"].mean())))
    remarks = (
        [f"Population of {', '.join(map(str, sorted(nearest)))} stands for years without a figure."] if nearest else []
    )
    sources = sorted(set(figures["source"]))
    return pd.DataFrame(rows, columns=["area", "period", "group", "number"]), [
        *remarks,
        f"Population: {'; '.join(sources)}.",
    ]


def _grouped(figures: "pd.DataFrame", lines: Mapping[str, tuple[str, ...]], asked: str | None) -> "pd.DataFrame":
    """Return the figures by the groups that are counted: a wide group's own figure, else what is stated of its parts.

    The people of the group asked about are taken out of those of the wider ones that it belongs to.
    """
    import pandas as pd

    rows = []
    for (area, year), part in figures.groupby(["area", "year"], dropna=False):
        here = dict(zip(part["group"], zip(part["number"], part["source"], strict=True), strict=True))
        for code, (number, source) in here.items():
            under = frames.counted_under(lines[code], asked)
            if any(wide in here for wide in lines[code][1:] if frames.counted_under(lines[wide], asked) == under):
                continue  # these people are in the wider figure
            inside = here[asked][0] if asked is not None and asked in here and code in lines[asked][1:] else 0.0
            rows.append((area, under, year, source, max(number - inside, 0.0)))
    found = pd.DataFrame(rows, columns=["area", "group", "year", "source", "number"])
    named: Any = {"number": "sum", "source": lambda told: "; ".join(sorted(set(told)))}
    return pd.DataFrame(found.groupby(["area", "group", "year"], as_index=False, dropna=False).agg(named))


def _years(label: str) -> list[int]:
    """Return the years that a period touches; of a span without dates, none is known and every figure serves."""
    first, _, last = label.partition("/")
    if not first:
        return list(range(1, 10000))
    return list(range(int(first[:4]), int((last or first)[:4]) + 1))


def _figures(store: Store, dimension: str, level: int) -> "pd.DataFrame":
    """Return population by area of the level, group, year and source; finer units are added up, no unit counted twice.

    Parts of one figure (same area, group, year and source) are summed; of several sources, the one recorded last is used.
    """
    import pandas as pd

    rows = store.rows(
        sa.text(
            "SELECT p.area, g.code, p.year, p.number, p.source, p.recorded_at FROM population p"
            " JOIN identity_group g ON g.id = p.group_id WHERE p.dimension_id = :d AND p.withdrawn_at IS NULL"
        ),
        d=frames.dimension_id(store, dimension),
    )
    frame = pd.DataFrame(rows, columns=["stated", "group", "year", "number", "source", "recorded_at"])
    if frame.empty:
        return frame.assign(area=None)
    frame["number"] = frame["number"].astype("float64")
    units = _units(store)
    frame["area"], frame["level"] = zip(*(units.at(stated, level) for stated in frame["stated"]), strict=True)
    frame = frame[frame["level"] >= level]
    if frame.empty:
        return frame
    latest = frame.groupby(["stated", "group", "year"])["recorded_at"].transform("max")
    source = frame[frame["recorded_at"] == latest].groupby(["stated", "group", "year"])["source"].first().rename("used")
    frame = frame.merge(source, on=["stated", "group", "year"])
    frame = frame[frame["source"] == frame["used"]]
    coarsest = frame.groupby(["area", "group", "year"])["level"].transform("min")
    frame = frame[frame["level"] == coarsest]
    return pd.DataFrame(frame.groupby(["area", "group", "year", "source"], as_index=False)["number"].sum())


@dataclass(frozen=True)
class _Units:
    """Finds the unit that a population row speaks of, and the unit of the wanted level above it."""

    by_name: dict[str, tuple[str, int]]
    where: Any

    def at(self, stated: str, level: int) -> tuple[str | None, int]:
        """Return (area at the level, level of the row); a name that no unit bears is an area of the level itself."""
        found = self.by_name.get(fold(stated))
        if found is None:
            return stated, level
        code, own = found
        return (self.where.ancestor(code, level) if own >= level else None), own


def _units(store: Store) -> _Units:
    rows = store.rows(
        sa.text("SELECT pcode, name, level FROM admin_unit WHERE withdrawn_at IS NULL ORDER BY level DESC, pcode")
    )
    names = {fold(row.name): (row.pcode, row.level) for row in rows}
    return _Units(names | {fold(row.pcode): (row.pcode, row.level) for row in rows}, frames.locator(store))


def inhabitants(store: Store, level: int) -> dict[str, tuple[float, int]]:
    """Return how many people live in each unit of a level, of all groups together, and in which year, by P-code or name.

    The latest year of the unit. Where only groups are counted, those of one dimension are added up (the one with most people
    there); people who belong to none of its groups are then missing. Finer units are added up; a unit of which nothing
    is stated is absent, never 0.
    """
    rows = store.rows(
        sa.text(
            "SELECT p.area, p.dimension_id, p.group_id, p.year, p.number FROM population p WHERE p.withdrawn_at IS NULL"
            " ORDER BY p.recorded_at, p.id"
        )
    )
    units = _units(store)
    # A later figure of the same unit, group and year takes the place of an earlier one.
    latest = {(row.area, row.dimension_id, row.group_id, row.year): float(row.number) for row in rows}
    sums: dict[tuple[str, str | None, int], dict[int, float]] = {}
    for (stated, dimension, _, year), number in latest.items():
        area, own = units.at(stated, level)
        if area is not None and own >= level:
            finer = sums.setdefault((area, dimension, own), {})
            finer[year] = finer.get(year, 0.0) + number
    found: dict[str, tuple[float, int]] = {}
    # Whole populations before groups, and the coarsest unit stated before finer ones, so that nobody is counted twice.
    for (area, _, _), years in sorted(
        sums.items(), key=lambda one: (one[0][1] is not None, one[0][2], -max(one[1].values()))
    ):
        year = max(years)
        found.setdefault(area, (years[year], year))
    return found

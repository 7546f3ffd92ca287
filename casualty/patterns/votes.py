"""From victims by incident and group to votes: one for each incident, split by the shares of its known victims.

An incident is one event however many it killed. Its vote goes to the groups of its victims in proportion, so that a
massacre of five hundred people of one group weighs as much as the killing of one. Cells are area by period: a vote
counts only where its group and at least one other have a population figure, since without both there is no rate.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from casualty.errors import Fault, InvalidRecords
from casualty.patterns.rates import Floats

if TYPE_CHECKING:
    import pandas as pd

TIERS = ("verified", "corroborated", "other")
ALL = "all"

NO_FIGURE = "no population figure"
NO_PEOPLE = "a population figure of zero"
NO_OTHERS = "no other group has a population figure there"
WHOLE_ONLY = "population figures are for the whole only; counted there"
NO_AREA = "the area of the incident is not known"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What no rate can be given for, and why; a part that is None stands for every one of its kind."""

    area: str | None
    period: str | None
    group: str | None
    reason: str
    incidents: int
    victims: float


@dataclass(frozen=True, eq=False)
class Cells:
    """Sums over the incidents of each cell (axis 0), by group (axis 1); zero where a group has no rate.

    `n` incidents with a vote, by group as far as the group has a rate there; `x` votes; `victims` of the group and
    `known` of all groups; `incidents` with a victim of the group. With unknown identities counted too: `n_all`
    incidents, `x_low` votes if none of the unknown were of the group, `x_high` if all were. `t1` people of the
    group, `t0` of the rest.
    """

    n: Floats
    x: Floats
    victims: Floats
    known: Floats
    incidents: Floats
    n_all: Floats
    x_low: Floats
    x_high: Floats
    t1: Floats
    t0: Floats


@dataclass(frozen=True, eq=False)
class Votes:
    """Incidents (axis 0) by group (axis 1), and the cells they lie in.

    `cells` (area or None, period) in order; `people` cells by group, 0 where there is no figure to use; `cell` the
    number of each incident's cell; `tier` its number in TIERS; `victims` of known identity with a rate; `unknown`
    victims without known identity; `identified` whether any identity is known, with a rate or without.
    """

    groups: tuple[str, ...]
    cells: tuple[tuple[str | None, str], ...]
    people: Floats
    cell: NDArray[np.intp]
    tier: NDArray[np.intp]
    victims: Floats
    unknown: Floats
    identified: NDArray[np.bool_]
    left_out: tuple[LeftOut, ...]

    @cached_property
    def voting(self) -> NDArray[np.bool_]:
        """Incidents with a vote: a victim of known identity whose group has a rate."""
        return np.asarray(self.victims.sum(axis=1) > 0)

    @cached_property
    def rated(self) -> NDArray[np.bool_]:
        """Cells by group: whether a rate can be given."""
        return self.people > 0

    def sums(self, among: NDArray[np.bool_] | None = None) -> Cells:
        """The sums by cell, over all incidents or `among` these."""
        kept = np.ones(self.cell.size, dtype=bool) if among is None else among
        victims, unknown, voting = self.victims[kept], self.unknown[kept], self.voting[kept]
        known = victims.sum(axis=1)
        every = (known + unknown)[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = np.nan_to_num(victims / known[:, None])
            low, high = np.nan_to_num(victims / every), np.nan_to_num((victims + unknown[:, None]) / every)

        def by_cell(values: Any) -> Floats:
            return self._by_cell(self.cell[kept], values) * self.rated

        return Cells(
            n=by_cell(voting[:, None]),
            x=by_cell(shares),
            victims=by_cell(victims),
            known=by_cell(known[:, None]),
            incidents=by_cell(victims > 0),
            n_all=by_cell(every > 0),
            x_low=by_cell(low),
            x_high=by_cell(high),
            t1=self.people,
            t0=np.where(self.rated, self.people.sum(axis=1, keepdims=True) - self.people, 0.0),
        )

    def _by_cell(self, cell: NDArray[np.intp], values: Any) -> Floats:
        columns = [np.bincount(cell, weights=column, minlength=len(self.cells)) for column in np.asarray(values).T]
        return np.stack(columns, axis=1)

    def largest(self) -> Floats:
        """Victims of the group in the one incident of the cell that has most of them: cells by group."""
        most = np.zeros(self.people.shape)
        np.maximum.at(most, self.cell, self.victims)
        return most

    def effective(self, rows: Any) -> Floats:
        """How many incidents of one size would tell as much of the groups' parts in the victims: rows by group.

        `rows` is a sparse matrix of rows by cells. With w the known victims of an incident, (sum w)^2 / sum w^2 (Kish
        1965); or, where that is less, s (1 - s) over the variance of the group's part s as it is estimated from its
        spread over incidents (Korn and Graubard 1998), since a group whose incidents are larger than others' is seen
        in fewer than the sizes alone tell. 0 without a known victim.
        """
        known = self.victims.sum(axis=1, keepdims=True)

        def pooled(values: Any) -> Floats:
            return np.asarray(rows @ (self._by_cell(self.cell, values) * self.rated))

        total, squares, theirs = pooled(known), pooled(known**2), pooled(self.victims)
        with np.errstate(divide="ignore", invalid="ignore"):
            part = theirs / total
            apart = pooled(self.victims**2) - 2 * part * pooled(self.victims * known) + part**2 * squares
            by_spread = np.where((part > 0) & (part < 1), total**2 * part * (1 - part) / np.maximum(apart, 0), np.inf)
            return np.nan_to_num(np.minimum(total**2 / squares, by_spread), nan=0.0)


def cast(counts: "pd.DataFrame", people: "pd.DataFrame") -> Votes:
    """Votes from the two tables of `disparity`; raises InvalidRecords with every fault of them."""
    counts, people = _worded(counts), _worded(people)
    _check(counts, people)
    whole = len(people) > 0 and people["area"].isna().all()
    whole_only = _without_areas(counts) if whole else ()
    people = people if whole else people[people["area"].notna()]
    counts = counts.assign(area=None) if whole else counts
    groups = tuple(sorted({*counts["group"].dropna(), *people["group"]}))
    incidents = counts.drop_duplicates("incident").sort_values("incident").set_index("incident")
    cells = sorted({*_pairs(counts), *_pairs(people)}, key=lambda cell: (cell[0] or "", cell[1]))
    number = {cell: i for i, cell in enumerate(cells)}
    group = {name: i for i, name in enumerate(groups)}

    stated = np.full((len(cells), len(groups)), np.nan)
    stated[[number[pair] for pair in _pairs(people)], people["group"].map(group)] = people["number"].to_numpy(
        dtype=float
    )
    victims, unknown = _victims(counts, incidents.index, group)
    cell = np.array([number[pair] for pair in _pairs(incidents)], dtype=np.intp)
    figures = np.nan_to_num(stated)
    rated = (figures > 0) & (figures.sum(axis=1, keepdims=True) > figures)
    tier = np.array([TIERS.index(name) for name in incidents["tier"]], dtype=np.intp)
    left_out = whole_only + _left_out(groups, cells, stated, rated, cell, victims, unknown)
    return Votes(
        groups=groups,
        cells=tuple(cells),
        people=np.where(rated, figures, 0.0),
        cell=cell,
        tier=tier,
        victims=np.where(rated[cell], victims, 0.0),
        unknown=unknown,
        identified=victims.sum(axis=1) > 0,
        left_out=left_out,
    )


def _without_areas(counts: "pd.DataFrame") -> tuple[LeftOut, ...]:
    """The areas that have no row of their own, since the figures are for the whole only."""
    areas = counts[counts["area"].notna()].groupby("area")
    return tuple(
        LeftOut(str(area), None, None, WHOLE_ONLY, int(rows["incident"].nunique()), float(rows["victims"].sum()))
        for area, rows in areas
    )


def _worded(table: "pd.DataFrame") -> "pd.DataFrame":
    """The same table with every missing word None, whatever stood for it."""
    words = [column for column in ("area", "group") if column in table]
    return table.assign(**{w: table[w].astype(object).where(table[w].notna(), None) for w in words})


def _pairs(table: "pd.DataFrame") -> list[tuple[str | None, str]]:
    return list(zip(table["area"], table["period"], strict=True))


def _victims(counts: "pd.DataFrame", incidents: "pd.Index", group: dict[str, int]) -> tuple[Floats, Floats]:
    """Victims of known identity by incident and group, and victims of unknown identity by incident."""
    place = {incident: i for i, incident in enumerate(incidents)}
    row = np.array([place[incident] for incident in counts["incident"]], dtype=np.intp)
    known = counts["group"].notna().to_numpy()
    number = counts["victims"].to_numpy(dtype=float)
    victims, unknown = np.zeros((len(incidents), len(group))), np.zeros(len(incidents))
    np.add.at(victims, (row[known], counts["group"][known].map(group).to_numpy(dtype=np.intp)), number[known])
    np.add.at(unknown, row[~known], number[~known])
    return victims, unknown


def _left_out(
    groups: tuple[str, ...],
    cells: list[tuple[str | None, str]],
    stated: Floats,
    rated: NDArray[np.bool_],
    cell: NDArray[np.intp],
    victims: Floats,
    unknown: Floats,
) -> tuple[LeftOut, ...]:
    """Every cell without a rate for any group, then every group without one in a cell that has some."""
    by_area = any(area is not None for area, _ in cells)
    out = []
    for c in np.flatnonzero(~rated.all(axis=1)):
        (area, period), here = cells[c], cell == c
        if not rated[c].any():
            reason = NO_AREA if by_area and area is None else NO_OTHERS if (stated[c] > 0).any() else NO_FIGURE
            total = float(victims[here].sum() + unknown[here].sum())
            out.append(LeftOut(area, period, None, reason, int(here.sum()), total))
            continue
        for g in np.flatnonzero(~rated[c]):
            theirs = victims[here, g]
            reason = NO_FIGURE if np.isnan(stated[c, g]) else NO_PEOPLE
            out.append(LeftOut(area, period, groups[g], reason, int((theirs > 0).sum()), float(theirs.sum())))
    return tuple(out)


def _check(counts: "pd.DataFrame", people: "pd.DataFrame") -> None:
    number, figures = counts["victims"].to_numpy(dtype=float), people["number"].to_numpy(dtype=float)
    where = counts.drop_duplicates(["incident", "area", "period", "tier"])
    found = [
        (not (np.isfinite(number) & (number > 0)).all(), "victims", "is not a number above 0.", "Leave the row out."),
        (where["incident"].duplicated().any(), "incident", "has two areas, periods or tiers.", "Give each one."),
        (not counts["tier"].isin(TIERS).all(), "tier", "is not one of " + ", ".join(TIERS) + ".", "Use these."),
        ((figures < 0).any(), "number", "of people is below 0.", "Correct the figure."),
        (np.isinf(figures).any(), "number", "of people is infinite.", "Correct it."),
        (people["group"].isna().any(), "group", "of a population figure is missing.", "Leave the row out."),
        (people.duplicated(["area", "period", "group"]).any(), "number", "is given twice for a group.", "Choose one."),
        (ALL in {*counts["area"], *people["area"]}, "area", f"is called {ALL!r}, the word for the sum.", "Rename it."),
        (ALL in {*counts["period"], *people["period"]}, "period", f"is called {ALL!r}, as the sum.", "Rename it."),
    ]
    faults = [Fault(0, field, fault, mend) for wrong, field, fault, mend in found if wrong]
    if faults:
        raise InvalidRecords("The tables for the comparison cannot be used.", faults)

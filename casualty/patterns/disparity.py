"""The targeting question: is violence against a group out of proportion to its share of the people?

Everything inferential rests on incidents; what the victims' figures would say if victims were independent stands
beside it and carries no verdict.
"""

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from casualty.errors import Fault, NotEnoughData
from casualty.patterns.rates import Floats, Ratio, adjust, as_ratio, share_interval, share_p
from casualty.patterns.results import ALARM_LEVEL, Disparity, Row, Stratified, Tier, Verdict, tipping
from casualty.patterns.strata import mantel_haenszel, stratified
from casualty.patterns.votes import ALL, Cells, Votes, cast
from casualty.patterns.wording import sentences, verdict

if TYPE_CHECKING:
    import pandas as pd

# "Few" incidents carry a ratio when they are at most this many, or this part of the group's incidents, and hold at
# least a tenth of its victims.
FEW, FEW_PART = 3, 0.05
CARRIED_PART = 0.1
# The comparison is repeated on each tier of TIERS with the better ones.
TIER_NAMES = ("verified", "corroborated or better", "all")


def disparity(counts: "pd.DataFrame", people: "pd.DataFrame", *, dimension: str) -> Disparity:
    """Compare each group's share of documented incidents with its share of the people, by area and period.

    `counts`: one row per incident and group, with `incident` (str), `area` (str or None), `period` (str), `tier`
    ("verified", "corroborated" or "other"), `group` (str, None: identity not known) and `victims` (above 0).
    `people`: `area`, `period`, `group`, `number` of people. Figures without an area are used when none has one: then
    there are only rows for the whole. Nothing is drawn: the same tables give the same answer.

    The null: within an area and period the expected part of a group in an incident's known victims is its share of the
    people. Each incident is one vote, split by that part. Whole votes are binomial and their law is exact; split ones
    vary less, and are judged by the same law, on the safe side (see `rates`).

    `p` of a row that pools areas or periods is that of the comparison within them (the sum's exact conditional law),
    and so is its verdict: a crude p accuses whoever lives where the violence is. Its `rate_ratio`, `low` and `high` are
    crude, and `p_crude` goes with these. Nothing is guessed where a figure is missing: such places are in `left_out`.
    Raises NotEnoughData where nothing else is there, InvalidRecords for tables that break these rules.

    Sources: Clopper and Pearson 1934; Przyborowski and Wilenski 1940; Mantel and Haenszel 1959; Kish 1965 and Korn and
    Graubard 1998 (effective number of incidents); Benjamini and Hochberg 1995. Does not show intent; nor what was never
    recorded; nor that people were at risk where they are counted (displacement). Every ratio is against the rest, so
    one group's excess lowers the others. Incidents that belong to one campaign are not independent: intervals are then
    too narrow.
    """
    votes = cast(counts, people)
    if not votes.voting.any():
        raise NotEnoughData("No rate can be given: no incident has both a known identity and figures.", _faults(votes))
    labels, members = _questions(votes)
    sums = votes.sums()
    rows = _judged(votes, sums, members, _rows(votes, sums, labels, members))
    answer = Disparity(
        dimension=dimension,
        unit="incident",
        n=int(votes.voting.sum()),
        unknown=int((~votes.identified).sum()),
        unknown_victims=float(votes.unknown.sum()),
        left_out_incidents=int((votes.identified & ~votes.voting).sum()),
        comparisons=sum(not np.isnan(row.p) for _, _, row in rows),
        rows=tuple(row for _, _, row in rows),
        stratified=tuple(_within(row, sums, g) for r, g, row in rows if r == 0),
        tiers=_tiers(votes),
        left_out=votes.left_out,
        sentences=(),
    )
    return replace(answer, sentences=sentences(answer))


def _faults(votes: Votes) -> list[Fault]:
    mend = "Record population figures for two groups or more, and identities with their basis."
    where = [(left, "/".join(part or "-" for part in (left.area, left.period, left.group))) for left in votes.left_out]
    return [Fault(0, place, f"{left.reason}, {left.incidents} incidents.", mend) for left, place in where[:20]]


def _questions(votes: Votes) -> tuple[list[tuple[str, str]], Any]:
    """The rows to be answered, the whole first, and which cells (columns) each of them takes together."""
    from scipy.sparse import csr_array

    areas = [ALL, *sorted({area for area, _ in votes.cells if area is not None})]
    periods = sorted({period for _, period in votes.cells})
    labels = list(product(areas, [ALL, *periods] if len(periods) > 1 else periods))
    number = {label: i for i, label in enumerate(labels)}
    pairs = [
        (number[label], cell)
        for cell, (area, period) in enumerate(votes.cells)
        for label in product({ALL, area}, {ALL, period})
        if label in number
    ]
    row, column = zip(*pairs, strict=True)
    shape = (len(labels), len(votes.cells))
    return labels, csr_array((np.ones(len(pairs)), (row, column)), shape=shape)


def _rows(votes: Votes, sums: Cells, labels: list[tuple[str, str]], members: Any) -> list[tuple[int, int, Row]]:
    """Every row that has people to compare, with its place among rows and groups; not yet corrected or judged."""
    figures = _figures(votes, sums, members)
    periods = {period for _, period in votes.cells}
    out = []
    for r, g in np.argwhere(members @ sums.t1 > 0):
        area, period = labels[r]
        own: dict[str, Any] = {name: float(values[r, g]) for name, values in figures.items()}
        own["population"] /= len(periods) if period == ALL else 1
        own |= {name: round(own[name]) for name in ("incidents", "known_incidents")}
        test, p_crude = _tested(sums, members, r, g, own)
        row = Row(
            area=area,
            period=period,
            group=votes.groups[g],
            p=test.p,
            p_adjusted=np.nan,
            p_crude=p_crude,
            stratified_ratio=test.ratio,
            stratified_low=test.low,
            stratified_high=test.high,
            tipping=tipping(own["low"], own["high"]),
            carried_by=None,
            alarm=False,
            verdict=Verdict.NO_SIGN,
            **own,
        )
        out.append((int(r), int(g), row))
    return out


def _figures(votes: Votes, sums: Cells, members: Any) -> dict[str, Floats]:
    """Everything about the rows that one sweep computes for all: rows by groups."""

    def pooled(values: Floats) -> Floats:
        return np.asarray(members @ values)

    def crude(x: Floats, n: Floats) -> Floats:
        with np.errstate(invalid="ignore"):
            return as_ratio(pooled(x) / pooled(n), odds)

    def within(x: Floats, n: Floats) -> Floats:
        return mantel_haenszel(x, np.maximum(n - x, 0), sums.t1, sums.t0, pooled)

    t1, t0, n, victims = pooled(sums.t1), pooled(sums.t0), pooled(sums.n), pooled(sums.victims)
    known, largest, effective = pooled(sums.known), votes.largest(), votes.effective(members)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = t1 / t0
        log_share = np.where(votes.rated, np.log(sums.t1 / (sums.t1 + sums.t0)), 0.0)
        log_rest = np.where(votes.rated, np.log(sums.t0 / (sums.t1 + sums.t0)), 0.0)
        own = {
            "share": victims / known,
            "population_share": t1 / (t1 + t0),
            "largest_share": np.stack([largest[cells].max(axis=0, initial=0.0) for cells in _cells(members)]) / victims,
        }
    low, high = (as_ratio(limit, odds) for limit in share_interval(pooled(sums.x), n))
    victim_low, victim_high = (as_ratio(limit, odds) for limit in share_interval(victims, known))
    mid_low, mid_high = (as_ratio(limit, odds) for limit in share_interval(victims, known, kind="mid-p"))
    shared = np.nan_to_num(own["share"]) * effective
    cluster_low, cluster_high = (as_ratio(limit, odds) for limit in share_interval(shared, effective))
    return own | {
        "victims": victims,
        "known_victims": known,
        "incidents": pooled(sums.incidents),
        "known_incidents": n,
        "votes": pooled(sums.x),
        "population": t1,
        "rate_ratio": crude(sums.x, sums.n),
        "low": low,
        "high": high,
        "victim_ratio": crude(sums.victims, sums.known),
        "victim_low": victim_low,
        "victim_high": victim_high,
        "victim_mid_low": mid_low,
        "victim_mid_high": mid_high,
        "cluster_low": cluster_low,
        "cluster_high": cluster_high,
        "bound_low": crude(sums.x_low, sums.n_all),
        "bound_high": crude(sums.x_high, sums.n_all),
        "stratified_bound_low": within(sums.x_low, sums.n_all),
        "stratified_bound_high": within(sums.x_high, sums.n_all),
        "least_p": np.exp(np.minimum(pooled(sums.n * log_share), pooled(sums.n * log_rest))),
    }


def _cells(members: Any) -> list[NDArray[np.intp]]:
    return np.split(members.indices, members.indptr[1:-1])


def _tested(sums: Cells, members: Any, r: int, g: int, own: dict[str, Any]) -> tuple[Ratio, float]:
    """The comparison within areas and periods, and the crude p."""
    cells = members.indices[members.indptr[r] : members.indptr[r + 1]]
    cells = cells[sums.t1[cells, g] > 0]
    p_crude = share_p(own["votes"], sums.n[cells, g].sum(), own["population_share"])
    if cells.size == 1:
        return Ratio(own["rate_ratio"], own["low"], own["high"], p_crude, np.nan), p_crude
    return _strata(sums, cells, g), p_crude


def _strata(sums: Cells, cells: NDArray[np.intp], g: Any) -> Ratio:
    return stratified(sums.x[cells, g], sums.n[cells, g], sums.t1[cells, g], sums.t0[cells, g])


def _judged(votes: Votes, sums: Cells, members: Any, rows: list[tuple[int, int, Row]]) -> list[tuple[int, int, Row]]:
    """The rows corrected for one another, each with its verdict."""
    out = []
    for (r, g, row), p in zip(rows, adjust([row.p for _, _, row in rows]), strict=True):
        apart = row.stratified_low > 1 or row.stratified_high < 1
        told = replace(row, p_adjusted=float(p), alarm=bool(p <= ALARM_LEVEL and apart))
        if told.victim_low > 1 and told.low <= 1:
            cells = members.indices[members.indptr[r] : members.indptr[r + 1]]
            told = replace(told, carried_by=_carried_by(votes, cells[votes.rated[cells, g]], g, told))
        out.append((r, g, replace(told, verdict=verdict(told))))
    return out


def _carried_by(votes: Votes, cells: NDArray[np.intp], g: int, row: Row) -> int | None:
    """How many of the group's largest incidents must be set aside for the victims' interval to reach down to 1."""
    here = np.isin(votes.cell, cells)
    theirs, known = votes.victims[here, g], votes.victims[here].sum(axis=1)
    most = np.argsort(-theirs, kind="stable")[: max(FEW, int(FEW_PART * row.incidents))]
    left, of = theirs.sum() - theirs[most].cumsum(), known.sum() - known[most].cumsum()
    odds = row.population_share / (1 - row.population_share)
    settled = np.flatnonzero(~(as_ratio(share_interval(np.maximum(left, 0), of)[0], odds) > 1))
    held = 1 - left / theirs.sum()
    return int(settled[0]) + 1 if settled.size and held[settled[0]] >= CARRIED_PART else None


def _within(row: Row, sums: Cells, g: int) -> Stratified:
    return Stratified(
        group=row.group,
        rate_ratio=row.stratified_ratio,
        low=row.stratified_low,
        high=row.stratified_high,
        p=row.p,
        p_adjusted=row.p_adjusted,
        crude_ratio=row.rate_ratio,
        bound_low=row.stratified_bound_low,
        bound_high=row.stratified_bound_high,
        tipping=tipping(row.stratified_low, row.stratified_high),
        strata=int((sums.n[:, g] > 0).sum()),
    )


def _tiers(votes: Votes) -> tuple[Tier, ...]:
    """The comparison within areas and periods on verified incidents, on corroborated or better, and on all."""
    out = []
    for best, name in enumerate(TIER_NAMES):
        sums = votes.sums(votes.tier <= best)
        for g in np.flatnonzero(votes.rated.any(axis=0)):
            test = _strata(sums, np.flatnonzero(votes.rated[:, g]), g)
            incidents = int(sums.n[:, g].sum())
            out.append(Tier(name, votes.groups[g], incidents, test.ratio, test.low, test.high, test.p))
    return tuple(out)

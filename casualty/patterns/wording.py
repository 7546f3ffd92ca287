"""What may be said of a row, and the plain sentences that say it: "consistent with", never more than was compared."""

import math
from collections.abc import Iterable

from casualty.patterns.results import ALARM_LEVEL, Disparity, Row, Verdict
from casualty.patterns.votes import ALL

# A crude ratio is explained by residence when less than this part of its logarithm is left within areas.
LEFT_BY_RESIDENCE = 0.5
# More places than this are counted in a sentence, and named in the table only.
NAMED = 8

CAVEAT = (
    "These are documented incidents, not all deaths: a group whose dead are recorded more often seems to be hit more "
    "often. A difference says nothing of why it is there."
)
UNIT = (
    "The unit is the incident: one with many victims counts once, and one with victims of several groups is shared "
    "between them. Intervals on victims as if they were independent stand beside and decide nothing."
)


def verdict(row: Row) -> Verdict:
    """The one word for a row: a finding, or what keeps high figures from being one, or that there are too few."""
    if row.alarm and row.stratified_low > 1:
        return Verdict.UNKNOWNS if row.stratified_bound_low <= 1 else Verdict.TARGETING
    if row.area == ALL and row.low > 1 and row.stratified_low <= 1 and _explained(row):
        return Verdict.RESIDENCE
    if row.carried_by is not None:
        return Verdict.FEW_INCIDENTS
    if row.alarm:
        return Verdict.UNKNOWNS if row.stratified_bound_high >= 1 else Verdict.UNDER
    return Verdict.TOO_FEW if not row.least_p <= ALARM_LEVEL else Verdict.NO_SIGN


def _explained(row: Row) -> bool:
    return row.stratified_ratio <= 0 or math.log(row.stratified_ratio) < LEFT_BY_RESIDENCE * math.log(row.rate_ratio)


def sentences(answer: Disparity) -> tuple[str, ...]:
    """The answer in plain words: the headline, what was found and what explains it, the unknowns, the caveats."""
    said = {kind: _by_group(row for row in answer.rows if row.verdict == kind) for kind in Verdict}
    told = [
        *(_finding(answer, rows) for rows in said[Verdict.TARGETING]),
        *(_undone(answer, rows) for rows in said[Verdict.UNKNOWNS]),
        *(_residence(rows[0]) for rows in said[Verdict.RESIDENCE]),
        *(_massacre(rows) for rows in said[Verdict.FEW_INCIDENTS]),
        *(_under(answer, rows) for rows in said[Verdict.UNDER]),
    ]
    rest = [_unknown(answer), _left_out(answer), UNIT, CAVEAT]
    return tuple(sentence for sentence in [_headline(answer, said[Verdict.TARGETING]), *told, *rest] if sentence)


def _by_group(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows of each group, the clearest alarm first, else the one with most victims; the whole before its parts."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    return [sorted(each, key=_clearest) for each in groups.values()]


def _clearest(row: Row) -> tuple[float, float]:
    return row.p if row.alarm else 1.0, -row.victims


def _headline(answer: Disparity, found: list[list[Row]]) -> str:
    asked = f"{count(answer.n, 'documented incident')} with known identity, {count(answer.comparisons, 'comparison')}"
    if not found:
        return (
            f"By {answer.dimension}, no group had more incidents than its share of the people explains, beyond "
            f"chance and whatever the unknown identities are ({asked})."
        )
    groups = "; ".join(f"{rows[0].group} ({_places(rows)})" for rows in found)
    return f"By {answer.dimension}, documented incidents are consistent with targeting of {groups} ({asked})."


def _finding(answer: Disparity, rows: list[Row]) -> str:
    row = rows[0]
    return _joined(
        f"Consistent with targeting: {_compared(row)}",
        _surely(answer, row),
        _bounds(row),
        _tipping(row),
        _others(rows),
        _tiers(answer, row.group),
        "Documented incidents, not all deaths.",
    )


def _undone(answer: Disparity, rows: list[Row]) -> str:
    row = rows[0]
    told = f"Depends on unknown identities, so no finding: {_compared(row)}"
    return _joined(told, _surely(answer, row), _bounds(row), _others(rows))


def _under(answer: Disparity, rows: list[Row]) -> str:
    row = rows[0]
    why = "This must be so where another group has more than its share, and where incidents are recorded less."
    told = f"Under-represented: {_compared(row)}"
    return _joined(told, _surely(answer, row), _bounds(row), _tipping(row), why, _others(rows))


def _residence(row: Row) -> str:
    return (
        f"Explained by residence: {_compared(row)} The crude ratio is high because more of {row.group} live where "
        f"the incidents are; it is no sign of targeting."
    )


def _massacre(rows: list[Row]) -> str:
    row = rows[0]
    told = f"Carried by few incidents: {_compared(row)} Counted by victims it had {_times(row.victim_ratio)}"
    whole = f" (whole incidents as the unit: {interval(row.cluster_low, row.cluster_high)})"
    largest = "it" if row.carried_by == 1 else f"its {row.carried_by} largest"
    why = (
        f", but its largest incident alone holds {percent(row.largest_share)} of its {amount(row.victims)} victims; "
        f"without {largest} no clear excess is left, even if victims were independent. A massacre is one event."
    )
    return _joined(told + whole + why, _others(rows))


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _compared(row: Row) -> str:
    """Incidents, people, ratio and interval of a row, with the denominators."""
    total = row.population / row.population_share
    limits, within = interval(row.low, row.high), interval(row.stratified_low, row.stratified_high)
    told = (
        f"{row.group} {_place(row)} had {amount(row.votes)} of {count(row.known_incidents, 'incident')} with known "
        f"identity ({percent(row.votes / row.known_incidents)}) against {percent(row.population_share)} of the people "
        f"({amount(row.population)} of {amount(total)}): {_times(row.rate_ratio)} ({limits})."
    )
    if within == limits:
        return told
    strata = " and ".join([*["areas"] * (row.area == ALL), *["periods"] * (row.period == ALL)])
    return f"{told} Compared within {strata}: {number(row.stratified_ratio)} ({within})."


def _times(ratio: float) -> str:
    if math.isinf(ratio):
        return "a rate where all others together had none"
    return f"{number(ratio)} times the rate of all others together"


def _surely(answer: Disparity, row: Row) -> str:
    adjusted = f"{chance(row.p_adjusted)} after correction for {count(answer.comparisons, 'comparison')}"
    return f"Chance alone: {chance(row.p)}, {adjusted} (Benjamini-Hochberg)."


def _bounds(row: Row) -> str:
    low, high = row.stratified_bound_low, row.stratified_bound_high
    if low == high:
        return "No victim there is of unknown identity."
    return (
        f"If none of the unknown victims were of {row.group} the ratio would be {number(low)}, if all were, "
        f"{number(high)}."
    )


def _tipping(row: Row) -> str:
    edge = row.stratified_low if row.stratified_low > 1 else row.stratified_high
    likelier = f"if incidents against {row.group} were {number(edge)} times as likely to be recorded"
    return f"The interval would touch 1 {likelier}."


def _tiers(answer: Disparity, group: str) -> str:
    """How the comparison over all areas and periods stands on the better verified incidents, where these are fewer."""
    tiers = {tier.incidents: tier for tier in reversed(answer.tiers) if tier.group == group and tier.incidents}
    told = [
        f"{tier.tier} {number(tier.rate_ratio)} ({interval(tier.low, tier.high)}, {count(tier.incidents, 'incident')})"
        for tier in reversed(tiers.values())
    ]
    return f"Over all areas and periods, by verification: {'; '.join(told)}."


def _others(rows: list[Row]) -> str:
    return f"The same holds {_places(rows[1:])}." if rows[1:] else ""


def _places(rows: list[Row]) -> str:
    named = "; ".join(_place(row) for row in rows[:NAMED])
    more = len(rows) - NAMED
    return f"{named}; and in {more} more rows of the table" if more > 0 else named


def _place(row: Row) -> str:
    area = "in all areas" if row.area == ALL else f"in {row.area}"
    return f"{area}, all periods" if row.period == ALL else f"{area}, {row.period}"


def _unknown(answer: Disparity) -> str:
    if not answer.unknown_victims:
        return "The identity of every victim is known."
    every = answer.n + answer.unknown + answer.left_out_incidents
    return (
        f"Of {count(every, 'incident')}, {amount(answer.unknown)} ({percent(answer.unknown / every)}) have no victim "
        f"of known identity; {count(answer.unknown_victims, 'victim')} in all are of unknown identity. They enter the "
        f"bounds, never the ratios."
    )


def _left_out(answer: Disparity) -> str:
    if not answer.left_out:
        return ""
    reasons = sorted({left.reason for left in answer.left_out})
    return (
        f"Left out for want of a denominator: {count(answer.left_out_incidents, 'incident')} of known identity, in "
        f"{count(len(answer.left_out), 'place or group', 'places or groups')} ({'; '.join(reasons)}). No figure was "
        f"guessed."
    )


def count(many: float, one: str, several: str = "") -> str:
    """A number with its noun: "1 incident", "1,204 incidents"."""
    return f"{amount(many)} {one if many == 1 else several or one + 's'}"


def amount(value: float) -> str:
    """A count for people: thousands apart, a fraction to one place."""
    return f"{value:,.0f}" if abs(value - round(value)) < 0.05 else f"{value:,.1f}"


def number(value: float) -> str:
    """A ratio for people, with the digits it deserves."""
    if math.isnan(value):
        return "not defined"
    if math.isinf(value):
        return "without limit"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def interval(low: float, high: float) -> str:
    """A 95 % interval for people."""
    return f"95 % interval {number(low)} to {'no upper limit' if math.isinf(high) else number(high)}"


def percent(part: float) -> str:
    """A share for people."""
    return f"{100 * part:.1f} %" if 0 < part < 0.1 else f"{100 * part:.0f} %"


def chance(p: float) -> str:
    """A p-value for people."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"

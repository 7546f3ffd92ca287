"""What the targeting question returns: rows, their verdicts in plain words, and the whole as strict JSON."""

import math
from dataclasses import asdict, dataclass, fields

from casualty.patterns.votes import LeftOut
from casualty.vocabulary import Terms

ALARM_LEVEL = 0.05
TABLES = ("rows", "stratified", "tiers", "left_out")


class Verdict(Terms):
    """What a row may be called. Caution: none of these says why a difference is there, or that anyone meant it."""

    TARGETING = (
        "consistent with targeting",
        "Consistent with targeting",
        "More incidents than the group's share of the people explains, in the same areas and periods, after correction "
        "for all comparisons, and whatever the unknown identities are.",
    )
    UNKNOWNS = (
        "depends on unknown identities",
        "Depends on unknown identities",
        "A difference is left after correction, but unknown identities alone could undo it: no finding.",
    )
    RESIDENCE = (
        "explained by residence",
        "Explained by residence",
        "The crude ratio is above 1 because the group lives where the incidents are; within areas it is not, or not "
        "clearly, and less than half of it (on the log scale) is left.",
    )
    FEW_INCIDENTS = (
        "carried by few incidents",
        "Carried by few incidents",
        "The group's share of the victims is high, its share of the incidents is not: a few incidents with many "
        "victims carry it, and a massacre is one event.",
    )
    UNDER = (
        "under-represented",
        "Under-represented",
        "Fewer incidents than the group's share of the people explains, after correction; or they are recorded less.",
    )
    TOO_FEW = ("too few", "Too few", "So few incidents that no outcome of them could have shown a difference.")
    NO_SIGN = ("no sign", "No sign", "No difference beyond chance is seen; that is not a sign that there is none.")


@dataclass(frozen=True, slots=True)
class Row:
    """One group in one area and period ("all": the sum) against all other groups with population figures there.

    victims, incidents: victims of the group, and incidents with at least one. known_victims, known_incidents: victims
    of known identity, and incidents with one; votes: the group's part of these, each split by its known victims.
    population: people of the group, mean over the periods. share, population_share: the group's part of the known
    victims, and of the people.
    rate_ratio, low, high: incidents per head of the group over those of all others, crude, exact 95 % interval.
    stratified_ratio, stratified_low, stratified_high: the same within areas and periods (Mantel-Haenszel, exact
    conditional); equal to the crude where the row is one area in one period.
    p: two-sided, of the stratified comparison, because a crude p accuses whoever lives where the violence is;
    p_crude without it; p_adjusted: p after Benjamini-Hochberg over all rows; least_p: no outcome had a smaller p.
    victim_ratio, victim_low, victim_high, victim_mid_low, victim_mid_high: ratio of victims per head with exact and
    mid-p intervals IF VICTIMS WERE INDEPENDENT, which they are not; cluster_low, cluster_high: its 95 % interval where
    the incident is the unit, exact for the group's part at the effective number of incidents (`Votes.effective`); too
    narrow where a group was hit a few times only and its incidents are far larger than others'. largest_share: part of
    the group's victims in its largest incident. carried_by: the least number of incidents without which victim_low is
    at most 1; None where it is not, or more than a few would be needed.
    bound_low, bound_high: crude rate ratio if no unknown victim, and if every one, were of the group;
    stratified_bound_low, stratified_bound_high: the same within strata. tipping: how many times likelier than the rest
    the group's incidents must be to be recorded for the interval (low, high) to touch 1; None if it holds 1 already.
    alarm: p_adjusted is at most 0.05 and the stratified interval leaves 1 out, on either side; what may be said of it
    is the verdict. NaN: not defined.
    """

    area: str
    period: str
    group: str
    victims: float
    incidents: int
    population: float
    share: float
    population_share: float
    rate_ratio: float
    low: float
    high: float
    p: float
    p_adjusted: float
    victim_low: float
    victim_high: float
    bound_low: float
    bound_high: float
    tipping: float | None
    known_victims: float
    known_incidents: int
    votes: float
    p_crude: float
    least_p: float
    stratified_ratio: float
    stratified_low: float
    stratified_high: float
    stratified_bound_low: float
    stratified_bound_high: float
    victim_ratio: float
    victim_mid_low: float
    victim_mid_high: float
    cluster_low: float
    cluster_high: float
    largest_share: float
    carried_by: int | None
    alarm: bool
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Stratified:
    """A group over all areas and periods, compared within them, beside the crude ratio (Simpson's paradox).

    rate_ratio: Mantel-Haenszel; low, high: exact conditional 95 %; p, p_adjusted, bounds and tipping as in a Row, of
    this comparison. strata: areas by periods that had incidents.
    """

    group: str
    rate_ratio: float
    low: float
    high: float
    p: float
    p_adjusted: float
    crude_ratio: float
    bound_low: float
    bound_high: float
    tipping: float | None
    strata: int


@dataclass(frozen=True, slots=True)
class Tier:
    """The stratified comparison of a group on incidents of one verification tier or better."""

    tier: str
    group: str
    incidents: int
    rate_ratio: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class Disparity:
    """The answer to the targeting question on one dimension of identity.

    n: incidents used, the unit; unknown: incidents with no known identity; unknown_victims: victims without one;
    left_out_incidents: of known identity but without population figures; these three are all incidents. left_out: each
    place, time and group without figures, with the reason. comparisons: how many p_adjusted is corrected for.
    """

    dimension: str
    unit: str
    n: int
    unknown: int
    unknown_victims: float
    left_out_incidents: int
    comparisons: int
    rows: tuple[Row, ...]
    stratified: tuple[Stratified, ...]
    tiers: tuple[Tier, ...]
    left_out: tuple[LeftOut, ...]
    sentences: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """The whole as values of strict JSON: infinite and undefined numbers are null."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        tables = {name: [_strict(asdict(item)) for item in parts[name]] for name in TABLES}
        return _strict(parts) | tables | {"sentences": list(self.sentences)}


def _strict(values: dict[str, object]) -> dict[str, object]:
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, str) else value


def tipping(low: float, high: float) -> float | None:
    """The ratio of reporting probabilities, the group's over the rest's, at which the interval touches 1."""
    return low if low > 1 else high if high < 1 else None

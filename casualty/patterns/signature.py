"""Whether a group's incidents repeat one signature (actor x act x means x place) more than others' do nearby."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from casualty.errors import NotEnoughData, UsageFault
from casualty.patterns.answers import Answer
from casualty.patterns.events import NO_DATE, Events, Flags, Floats
from casualty.patterns.wording import chance, count, interval, number
from casualty.vocabulary import Missing

Period = Literal["all", "year", "quarter", "month"]
Signature = tuple[frozenset[str], ...]
Progress = Callable[[int, int], None]

PARTS = ("actors", "acts", "means", "place_type")
PAIRS = "all pairs with one signature"
# A signature seen less often than this in all, whoever was hit, has no row: no outcome of so few could stand out.
LEAST_INCIDENTS = 5
ALARM_LEVEL = 0.05
# With fewer of the group's incidents a resample holds too few different ones for its spread to mean anything.
LEAST_RESAMPLED = 5
# Sums of parts that agree to this are ties.
TIE = 1e-9
AT_ONCE = 4_000_000

NO_PART = "signature not known in full: {part} not recorded"
NO_AREA = "area not known"
COARSE_PERIOD = "date not known to within one period"

NAMED = MappingProxyType({"actors": "alleged actor", "acts": "act", "means": "means", "place_type": "kind of place"})
CAVEATS = (
    "A signature is what was recorded of an incident; sources that describe one group's incidents alike, or name the "
    "same alleged actor for them, repeat it too.",
    "Compared within area and period only: where a group lives near one armed actor within an area, its incidents "
    "repeat a signature without anybody choosing them.",
    "Repetition is consistent with an organised pattern, with one armed actor being active where the group lives, and "
    "with a campaign told of in one way. It does not say why.",
)


@dataclass(frozen=True, eq=False)
class Signed:
    """Incidents with a full signature: `share` of the group in each, number of its signature and of its stratum."""

    share: Floats
    signature: NDArray[np.intp]
    stratum: NDArray[np.intp]
    signatures: tuple[Signature, ...]

    @cached_property
    def incidents(self) -> Floats:
        """Incidents of each signature, whoever was hit."""
        return np.bincount(self.signature, minlength=len(self.signatures)).astype(float)

    @cached_property
    def by_signature(self) -> Any:
        """Incidents by signatures, one 1 in each row."""
        return _indicator(self.signature)

    def votes(self, share: Floats) -> Floats:
        """The group's part in the incidents of each signature: draws (axis 0) by signatures."""
        return np.asarray(share @ self.by_signature)

    def pairs(self, share: Floats) -> Floats:
        """Pairs of the group's incidents with one signature, a shared incident counting for its part."""
        return np.asarray(((self.votes(share) ** 2).sum(axis=1) - (share**2).sum(axis=1)) / 2)

    def expected_votes(self) -> Floats:
        """The mean of `votes` when shares change places within strata."""
        return np.asarray(self.votes(self._stratum_mean(np.ones((1, self.share.size)))[:, self.stratum])[0])

    def _stratum_mean(self, weights: Floats) -> Floats:
        strata = _indicator(self.stratum)
        with np.errstate(invalid="ignore"):
            return np.asarray(((weights * self.share) @ strata) / (weights @ strata))

    def expected_pairs(self, weights: Floats) -> Floats:
        """The mean of pairs when shares change places within strata, each incident counted `weights` (draws by n) times.

        Two incidents of one stratum hold the mean product of two different shares there; of two strata, the product of
        their mean shares. A resampled incident makes no pair with itself.
        """
        strata = _indicator(self.stratum)
        cells, cell = np.unique(np.stack([self.signature, self.stratum]), axis=1, return_inverse=True)
        within = _indicator(cell.ravel())
        shared = weights * self.share
        with np.errstate(invalid="ignore", divide="ignore"):
            product = ((shared @ strata) ** 2 - shared**2 @ strata) / ((weights @ strata) ** 2 - weights**2 @ strata)
            mean = np.nan_to_num(self._stratum_mean(weights))[:, cells[1]] * (weights @ within)
        same = ((weights @ within) ** 2 - weights**2 @ within) * np.nan_to_num(product)[:, cells[1]]
        across = (mean @ _indicator(cells[0])) ** 2
        return np.asarray((same.sum(axis=1) + across.sum(axis=1) - (mean**2).sum(axis=1)) / 2)

    def shuffled(self, rng: np.random.Generator, draws: int) -> Floats:
        """Shares that changed places at random within strata: draws by n."""
        order = np.argsort(self.stratum, kind="stable")
        mixed = np.argsort(self.stratum[order] + rng.random((draws, self.share.size)), axis=1)
        drawn = np.empty(mixed.shape)
        drawn[:, order] = self.share[order][mixed]
        return drawn


def repeated_signature(
    events: Events,
    group: str,
    *,
    rng: np.random.Generator,
    parts: Sequence[str] | None = None,
    period: Period = "year",
    replications: int = 999,
    progress: Progress | None = None,
) -> Answer:
    """Test whether the group's incidents repeat one signature more than others' in the same area and period.

    `parts`: what makes a signature, some of actors, acts, means, place_type (None: those that any incident has); an
    incident is left out, and counted, when one of these is not known, so fewer parts keep more incidents. `period`: all,
    year, quarter or month; with the area it makes the strata. Null: the mixes of groups, whole, change places among the
    incidents of a stratum; size and signature stay. Rows: `band` is PAIRS (pairs of the group's incidents with equal
    signature, over the whole) or a signature of LEAST_INCIDENTS or more; observed, expected (exact mean under the null),
    ratio, low, high (95 %: for a signature the exact interval of the group's part among its incidents, on the safe side;
    for PAIRS by resampling incidents, None for fewer than 5), p (one-sided, ties counted), p_adjusted (largest
    standardised excess over all rows of each permutation), alarm, `incidents` with the signature, and each part.

    Raises UsageFault (unknown group, part or period), NotEnoughData. Sources: Westfall and Young 1993 (max T); Hoeffding
    1956 (why the binomial interval is safe for strata). Does not show who organised anything, nor why: see the caveats.
    """
    parts = recorded(events) if parts is None else tuple(parts)
    _checked(events, group, parts, period)
    chosen = known(events, parts, period)
    signed = _signed(chosen, group, parts, period)
    heard = partial(_heard, progress, 2 * replications)
    tested = _permuted(signed, rng, replications, heard)
    rows = _rows(signed, parts, *tested, _resampled(signed, rng, replications, heard))
    return Answer(
        method="repeated signature",
        question=f"Do incidents of {group} repeat one signature more than other incidents in the same area and period?",
        n=len(chosen),
        left_out=chosen.left_out,
        rows=rows,
        sentence=_sentence(group, parts, rows, len(chosen)),
        caveats=CAVEATS,
        parameters=MappingProxyType({"group": group, "parts": parts, "period": period, "replications": replications}),
        seed=seeded(rng),
        correction="largest standardised excess over all rows in each permutation (Westfall and Young, max T)",
    )


def _checked(events: Events, group: str, parts: Sequence[str], period: str) -> None:
    if group not in events.groups:
        raise UsageFault(f"No group {group} among the incidents; there are: {', '.join(events.groups) or 'none'}.")
    if not parts or set(parts) - set(PARTS):
        raise UsageFault(f"A signature is made of one or more of: {', '.join(PARTS)}.")
    if period not in ("all", "year", "quarter", "month"):
        raise UsageFault(f"Period {period} is not known; one of: all, year, quarter, month.")


def seeded(rng: np.random.Generator) -> int | None:
    """Return the number a generator was seeded with, None if it was not with one number."""
    entropy = getattr(rng.bit_generator.seed_seq, "entropy", None)
    return entropy if isinstance(entropy, int) else None


def recorded(events: Events) -> tuple[str, ...]:
    """Return the parts of a signature that are recorded of any incident; all, where none is."""
    return tuple(part for part in PARTS if any(part_of(events, part))) or PARTS


def known(events: Events, parts: Sequence[str], period: Period) -> Events:
    """Return the incidents of known identity, signature, area (if any has one) and period; the others are counted."""
    there = events.with_identity()
    for part in parts:
        told = np.array([bool(values) for values in part_of(there, part)], dtype=bool)
        there = there.only(told, NO_PART.format(part=NAMED[part]))
    if any(area is not None for area in there.area):
        there = there.only(np.array([area is not None for area in there.area], dtype=bool), NO_AREA)
    if period == "all":
        return there
    there = there.only(np.isfinite(there.day), NO_DATE)
    return there.only(in_one(there, period), COARSE_PERIOD)


def part_of(events: Events, part: str) -> tuple[frozenset[str], ...]:
    """Return what is known of one part of each incident's signature; empty where nothing is."""
    values = getattr(events, part)
    sets = (frozenset({value} if isinstance(value, str) else value or ()) for value in values)
    return tuple(each - frozenset(Missing) for each in sets)


def in_one(events: Events, period: Period) -> Flags:
    """Return whether each incident's date (all have one) is known to within one period."""
    span = np.where(np.isfinite(events.day_span), events.day_span, events.day[:, None])
    return np.asarray(periods(span[:, 0], period) == periods(span[:, 1], period))


def periods(day: Floats, period: Period) -> NDArray[np.intp]:
    """Return the number of the period of each day (finite, since 1970-01-01); all days are one period for "all"."""
    months = np.floor(day).astype("datetime64[D]").astype("datetime64[M]").astype(np.intp)
    length = {"all": None, "year": 12, "quarter": 3, "month": 1}[period]
    return np.zeros(months.shape, dtype=np.intp) if length is None else months // length


def _signed(events: Events, group: str, parts: Sequence[str], period: Period) -> Signed:
    share = events.share(group)
    if not (share > 0).sum() >= 2 or np.ptp(share) == 0:
        raise NotEnoughData(
            f"{count(int((share > 0).sum()), 'incident')} of {group} and {count(int((share == 0).sum()), 'other')} have "
            "a known signature, identity, area and period; at least two of the group and one other are needed. Record "
            "more of these parts, or ask for fewer parts or longer periods."
        )
    whole = list(zip(*(part_of(events, part) for part in parts), strict=True))
    signatures = tuple(sorted(set(whole), key=lambda each: [sorted(part) for part in each]))
    numbered = {signature: i for i, signature in enumerate(signatures)}
    when = periods(events.day, period) if period != "all" else np.zeros(len(events), dtype=np.intp)
    strata = {stratum: i for i, stratum in enumerate(dict.fromkeys(zip(events.area, when.tolist(), strict=True)))}
    return Signed(
        share=share,
        signature=np.array([numbered[each] for each in whole], dtype=np.intp),
        stratum=np.array([strata[each] for each in zip(events.area, when.tolist(), strict=True)], dtype=np.intp),
        signatures=signatures,
    )


def _indicator(number: NDArray[np.intp]) -> Any:
    from scipy.sparse import csr_array

    shape = (number.size, int(number.max()) + 1)
    return csr_array((np.ones(number.size), (np.arange(number.size), number)), shape=shape)


def _heard(progress: Progress | None, of: int, done: int) -> None:
    if progress is not None:
        progress(done, of)


def _permuted(
    signed: Signed, rng: np.random.Generator, replications: int, heard: Callable[[int], None]
) -> tuple[Floats, Floats]:
    """p and p_adjusted: of the pairs first, then of each signature."""
    seen = _statistics(signed, signed.share[None])
    step = max(1, AT_ONCE // signed.share.size)
    found = [seen]
    for start in range(0, replications, step):
        heard(start)
        found.append(_statistics(signed, signed.shuffled(rng, min(step, replications - start))))
    drawn = np.concatenate(found)
    p = (drawn >= seen - TIE * np.maximum(1, np.abs(seen))).mean(axis=0)
    # What was seen takes part in mean and deviation like any permutation: the ranks stay exact.
    spread = drawn.std(axis=0)
    moves = spread > TIE * np.maximum(1, np.abs(seen[0]))
    excess = np.where(moves, (drawn - drawn.mean(axis=0)) / np.where(moves, spread, 1.0), 0.0)
    most = excess.max(axis=1)
    adjusted = (most[:, None] >= excess[0] - TIE).mean(axis=0)
    return p, np.maximum(p, adjusted)


def _statistics(signed: Signed, share: Floats) -> Floats:
    told = signed.incidents >= LEAST_INCIDENTS
    return np.column_stack([signed.pairs(share), signed.votes(share)[:, told]])


def _resampled(
    signed: Signed, rng: np.random.Generator, draws: int, heard: Callable[[int], None]
) -> tuple[float, float]:
    """95 % interval of observed over expected pairs, each incident drawn Poisson(1) times (percentiles)."""
    n = signed.share.size
    if (signed.share > 0).sum() < LEAST_RESAMPLED:
        return float("nan"), float("nan")
    step = max(1, AT_ONCE // n)
    ratios = []
    for start in range(0, draws, step):
        heard(draws + start)
        weights = rng.poisson(1.0, size=(min(step, draws - start), n)).astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratios.append(signed.pairs(weights * signed.share) / signed.expected_pairs(weights))
    told = np.concatenate(ratios)
    told = told[np.isfinite(told)]
    if told.size < draws / 2:
        return float("nan"), float("nan")
    low, high = np.quantile(told, [0.025, 0.975])
    return float(low), float(high)


def _rows(
    signed: Signed, parts: Sequence[str], p: Floats, adjusted: Floats, limits: tuple[float, float]
) -> tuple[dict[str, Any], ...]:
    from casualty.patterns.rates import share_interval

    told = np.flatnonzero(signed.incidents >= LEAST_INCIDENTS)
    votes, expected, of = signed.votes(signed.share[None])[0], signed.expected_votes(), signed.incidents
    share_low, share_high = share_interval(votes, of)
    pairs, by_chance = float(signed.pairs(signed.share[None])[0]), float(_whole_pairs(signed))
    rows = [_row(PAIRS, pairs, by_chance, limits, (p[0], adjusted[0])) | {"incidents": int(of.sum())}]
    for k, s in enumerate(told, 1):
        scale = of[s] / expected[s] if expected[s] > 0 else np.nan
        within = (float(share_low[s] * scale), float(share_high[s] * scale))
        row = _row(named(signed.signatures[s]), votes[s], expected[s], within, (p[k], adjusted[k]))
        words = {part: sorted(each) for part, each in zip(parts, signed.signatures[s], strict=True)}
        rows.append(row | {"incidents": int(of[s])} | words)
    return (rows[0], *sorted(rows[1:], key=lambda row: (row["p_adjusted"], row["p"], -row["observed"], row["band"])))


def _whole_pairs(signed: Signed) -> float:
    return float(signed.expected_pairs(np.ones((1, signed.share.size)))[0])


def _row(
    band: str, observed: float, expected: float, limits: tuple[float, float], p: tuple[float, float]
) -> dict[str, Any]:
    low, high = (None if np.isnan(limit) else limit for limit in limits)
    return {
        "band": band,
        "observed": float(observed),
        "expected": float(expected),
        "ratio": float(observed / expected) if expected > 0 else None,
        "low": low,
        "high": high,
        "p": float(p[0]),
        "p_adjusted": float(p[1]),
        "alarm": bool(p[1] <= ALARM_LEVEL and observed > expected),
    }


def named(signature: Signature) -> str:
    """Return a signature in its recorded words: parts apart by a middle dot, several values joined by a plus."""
    return " · ".join("+".join(sorted(part)) for part in signature)


def _sentence(group: str, parts: Sequence[str], rows: Sequence[dict[str, Any]], n: int) -> str:
    of = f"{count(n, 'incident')} with known identity and signature ({', '.join(NAMED[part] for part in parts)})"
    nearby = "other incidents in the same areas and periods"
    corrected = f"after correction for {count(len(rows), 'comparison')}"
    if all(row["p"] == 1 for row in rows):
        return (
            f"Among {of}, hardly any order of the groups could have looked otherwise: nothing can be said of {group}."
        )
    alarmed = [row for row in rows if row["alarm"]]
    if not alarmed:
        least = min(row["p_adjusted"] for row in rows)
        return (
            f"Among {of}, those of {group} repeat no signature more than {nearby} do, beyond chance ({chance(least)} "
            f"{corrected}). That is no sign that there is no pattern."
        )
    told = "; ".join(_told(row) for row in alarmed[:3])
    more = f"; and {count(len(alarmed) - 3, 'more row')} of the table" if len(alarmed) > 3 else ""
    return (
        f"Among {of}, those of {group} repeat a signature more than {nearby} do: {told}{more}, all {corrected}. That is "
        "consistent with an organised pattern, and with one armed actor being active where the group lives."
    )


def _told(row: dict[str, Any]) -> str:
    limits = "" if row["low"] is None else f", {interval(row['low'], row['high'])}"
    seen = f"{number(row['observed'])} against {number(row['expected'])} by chance"
    return f"{row['band']}: {seen} (ratio {number(row['ratio'])}{limits}; {chance(row['p_adjusted'])})"

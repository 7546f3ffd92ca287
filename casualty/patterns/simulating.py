"""Records like one's own in which nothing is singled out, or one known pattern is planted: to try questions on.

Places, dates and areas are those that were given; what is drawn is to whom it happened (whole incidents, never single
victims), how large it was, and what was lost in reporting.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from casualty.errors import NotEnoughData
from casualty.patterns.events import POINT_PRECISION, Events, Flags, Floats
from casualty.patterns.signature import part_of

DAY_0 = np.datetime64("1970-01-01", "D")
# Sizes where the record states none: Zipf's law, the exponent near those found for deaths in conflict events.
TAIL, LARGEST = 1.7, 800
MONTH_KNOWN, AREA_KNOWN = 4.0, 4.0
PARTS = ("actors", "acts", "means", "place_type")


class Dates(StrEnum):
    """What becomes of the dates: they stay, are dealt out anew over the incidents, or are drawn evenly over the period."""

    KEPT = "kept"
    DEALT = "dealt"
    EVEN = "even"


@dataclass(frozen=True)
class Noise:
    """What reporting loses, whoever was hit.

    unknown, dates, places: part of the incidents whose identities are not known, whose date is known to its month only,
    whose place is known to its area only; uneven: each area loses a part of its incidents, drawn from 0 to this.
    """

    unknown: float = 0.1
    dates: float = 0.1
    places: float = 0.1
    uneven: float = 0.2

    @classmethod
    def of(cls, part: float) -> "Noise":
        """Return noise of one strength: so much of each, and up to twice as much lost unevenly."""
        return cls(part, part, part, min(2 * part, 1.0))


NOISE = Noise()


@dataclass(frozen=True)
class Null:
    """What holds in the simulated record: see `without_pattern`."""

    dates: Dates = Dates.KEPT
    within_area: bool = False
    people: Mapping[str, float] | None = None
    noise: Noise = NOISE


@dataclass(frozen=True, eq=False)
class Window:
    """Where a pattern is planted: `inside` flags the incidents; `around` those of its places at any time.

    named: what it is in words; key: the area's code, or what is recorded of the incidents; days: first and last.
    """

    named: str
    inside: Flags
    around: Flags
    key: str | None = None
    days: tuple[float, float] | None = None


@dataclass(frozen=True)
class Truth:
    """What was planted: its strength, where (ids of the incidents around, of those inside), key and ISO days, if any."""

    named: str
    strength: float
    ids: frozenset[str]
    inside: frozenset[str]
    key: str | None = None
    span: tuple[str, str] | None = None


Choose = Callable[[Events, np.random.Generator], Window]
EVERYWHERE = Null()


def without_pattern(events: Events, rng: np.random.Generator, null: Null = EVERYWHERE) -> Events:
    """Return a record like the given one in which no group is singled out.

    Each incident of known identity gets the whole mix of one drawn from all such incidents (`within_area`: of its own
    area, where groups live apart). Sizes are the record's own, dealt out anew, or heavy-tailed where it states none.
    `dates` as in Dates: dealt, no place has a time of its own; even, the rate is the same all along. `people`: areas are
    drawn by their numbers of people too. Then `noise`. Does not keep what is between incidents beyond that: bursts are
    kept only as far as the dates are.
    """
    base = _based(events, rng, null)
    return noisy(replace(base, mix=_mixes(base, rng, null.within_area)), rng, null.noise)


def planted(
    events: Events, rng: np.random.Generator, choose: Choose, *, group: str, strength: float, null: Null = EVERYWHERE
) -> tuple[Events, Truth]:
    """Return such a record in which, inside one window, the odds that an incident is of the group are `strength` times.

    choose: one of the windows below; the record it is given has its dates already. A mixed incident counts by its part.
    """
    base = _based(events, rng, null)
    window = choose(base, rng)
    favour = 1 + (strength - 1) * np.nan_to_num(base.share(group))
    favoured, plain = _mixes(base, rng, null.within_area, favour), _mixes(base, rng, null.within_area)
    mix = np.where(window.inside[:, None], favoured, plain)
    return _with_truth(noisy(replace(base, mix=mix), rng, null.noise), base, window, strength)


def risen(
    events: Events, rng: np.random.Generator, *, part: float, strength: float, last: bool = False, null: Null = EVERYWHERE
) -> tuple[Events, Truth]:  # fmt: skip
    """Return such a record in which, in one part of the period (its last, or anywhere), the rate is `strength` times."""
    base = _based(events, rng, replace(null, dates=Dates.KEPT))
    window = span(base, rng, part, last=last)
    (first, end), (start, stop) = window.days or (0.0, 0.0), _period(base)
    inside = strength * (end - first + 1)
    into = rng.random(len(base)) < inside / (inside + (first - start) + (stop - end))
    days = np.floor(first + rng.random(len(base)) * (end - first + 1))
    before = np.floor(rng.random(len(base)) * ((first - start) + (stop - end)))
    rest = np.where(start + before < first, start + before, start + before + (end - first + 1))
    base = _redated(base, np.where(into, days, rest))
    window = replace(window, inside=(base.day >= first) & (base.day <= end))
    made = noisy(replace(base, mix=_mixes(base, rng, null.within_area)), rng, null.noise)
    return _with_truth(made, base, window, strength)


def followed(
    events: Events, rng: np.random.Generator, *, metres: float, days: float, strength: float, group: str | None = None,
    null: Null = EVERYWHERE,
) -> tuple[Events, Truth]:  # fmt: skip
    """Return such a record in which `strength` times as many pairs lie within `metres` and `days` as chance gives.

    Dates are dealt anew, then some are exchanged so that an incident falls within days after one nearby: none is made
    up. Fewer pairs come about where the places have no more to give. group: only its incidents (None: all).
    """
    base = _based(events, rng, replace(null, dates=Dates.DEALT))
    base = replace(base, mix=_mixes(base, rng, null.within_area))
    everywhere = np.ones(len(base), dtype=bool)
    able = everywhere if group is None else np.nan_to_num(base.share(group)) > 0
    order, moved = _following(base, able, rng, metres, days, strength)
    made = noisy(_exchanged(base, order), rng, null.noise)
    return _with_truth(made, base, Window("incidents that follow others nearby", moved, everywhere), strength)


def crowded(
    events: Events, rng: np.random.Generator, *, group: str, strength: float, null: Null
) -> tuple[Events, Truth]:
    """Return such a record in which one area has `strength` times the incidents its number of people leads to expect.

    The area is drawn by the people of the group, so that a large one is likelier; `null.people` must be given.
    """
    people = dict(null.people or {})
    codes = sorted(code for code in people if people[code] > 0)
    if not codes:
        raise NotEnoughData("No number of people is held: nothing can be planted against them.")
    number = np.array([people[code] for code in codes])
    chosen = codes[int(rng.choice(len(codes), p=number / number.sum()))]
    people[chosen] *= strength
    base = _based(events, rng, replace(null, people=people))
    inside = np.array([area == chosen for area in base.area], dtype=bool)
    made = noisy(replace(base, mix=_mixes(base, rng, null.within_area)), rng, null.noise)
    return _with_truth(made, base, Window("one area", inside, inside, chosen), strength)


# Windows -------------------------------------------------------------------------------------------------------------


def circle(
    events: Events, rng: np.random.Generator, share: float = 0.15, part: float = 1.0, *, last: bool = False
) -> Window:
    """Return the `share` of all good points nearest to one of them, in a `part` of the period (its last, or anywhere)."""
    good = np.isfinite(events.x) & np.isfinite(events.y) & ~(events.place_precision > POINT_PRECISION)
    if good.sum() < 2:
        raise NotEnoughData("Fewer than two incidents have a point: no circle can be planted. Give places.")
    x, y = _metres(events)
    centre = int(rng.choice(np.flatnonzero(good)))
    away = np.where(good, np.hypot(x - x[centre], y - y[centre]), np.inf)
    around = away <= np.sort(away)[max(1, round(share * int(good.sum())) - 1)]
    if part >= 1:
        return Window("one circle", around, around)
    when = span(events, rng, part, last=last)
    return Window("one circle and time", around & when.inside, around, days=when.days)


def span(events: Events, rng: np.random.Generator, part: float, *, last: bool = False) -> Window:
    """Return a part of the period: its last, or one that begins on any day."""
    start, stop = _period(events)
    long = max(1.0, np.floor(part * (stop - start + 1)))
    first = stop - long + 1 if last else start + np.floor(rng.random() * (stop - start + 2 - long))
    days = (float(first), float(first + long - 1))
    inside = (events.day >= days[0]) & (events.day <= days[1])
    return Window("one time", inside, np.ones(len(events), dtype=bool), days=days)


def an_area(events: Events, rng: np.random.Generator) -> Window:
    """Return one area; one with many incidents is likelier."""
    codes = [area for area in events.area if area is not None]
    if not codes:
        raise NotEnoughData("No incident has an area: nothing can be planted in one.")
    chosen = codes[int(rng.integers(len(codes)))]
    inside = np.array([area == chosen for area in events.area], dtype=bool)
    return Window("one area", inside, inside, chosen)


def alike(events: Events, rng: np.random.Generator) -> Window:
    """Return the incidents of one alleged actor; where none is recorded, of one act, means or kind of place."""
    for part in PARTS:
        told = part_of(events, part)
        if values := sorted(value for each in told for value in each):
            chosen = values[int(rng.integers(len(values)))]
            inside = np.array([chosen in each for each in told], dtype=bool)
            return Window(f"incidents of one kind ({part.replace('_', ' ')})", inside, inside, chosen)
    raise NotEnoughData("No actor, act, means or kind of place is recorded: nothing can be planted among them.")


def beside(x: Floats, y: Floats, metres: float) -> Choose:
    """Return a chooser of the incidents within so many metres of fixed points (m,), in the incidents' own frame."""

    def choose(events: Events, _: np.random.Generator) -> Window:
        with np.errstate(invalid="ignore"):
            away = np.hypot(events.x[:, None] - x, events.y[:, None] - y).min(axis=1)
        near = np.asarray(away <= metres)
        return Window(f"within {metres:,.0f} m of the points", near, near)

    return choose


# What is drawn -------------------------------------------------------------------------------------------------------


def _based(events: Events, rng: np.random.Generator, null: Null) -> Events:
    """The incidents with their sizes, dates and areas, before anybody is hit."""
    base = replace(events, victims=_sizes(events, rng))
    if null.dates is Dates.DEALT:
        dated = np.flatnonzero(np.isfinite(base.day))
        order = np.arange(len(base))
        order[dated] = rng.permutation(dated)
        base = _exchanged(base, order)
    elif null.dates is Dates.EVEN:
        start, stop = _period(base)
        base = _redated(base, start + np.floor(rng.random(len(base)) * (stop - start + 1)))
    return base if null.people is None else _settled(base, rng, null.people)


def _sizes(events: Events, rng: np.random.Generator) -> Floats:
    best = events.victims[:, 1]
    if np.unique(best[np.isfinite(best)]).size > 1:
        return np.asarray(events.victims[rng.permutation(len(events))])
    return np.repeat(np.minimum(rng.zipf(TAIL, (len(events), 1)), LARGEST).astype(float), 3, axis=1)


def _period(events: Events) -> tuple[float, float]:
    days = np.floor(events.day[np.isfinite(events.day)])
    if not days.size or days.min() == days.max():
        raise NotEnoughData("The incidents have no dates, or all the same: there is no period to draw from.")
    return float(days.min()), float(days.max())


def _exchanged(events: Events, order: NDArray[np.intp]) -> Events:
    """The date, its precision and its report of another incident for each."""
    names = ("day", "day_span", "date_precision", "reported")
    return replace(events, **{name: getattr(events, name)[order] for name in names})


def _redated(events: Events, day: Floats) -> Events:
    """Dates moved to these days, where there is one, with their spans and reports."""
    there = np.isfinite(events.day)
    by = np.where(there, day - np.floor(events.day), 0.0)
    return replace(
        events, day=np.where(there, day, events.day), day_span=events.day_span + by[:, None], reported=events.reported + by
    )  # fmt: skip


def _settled(events: Events, rng: np.random.Generator, people: Mapping[str, float]) -> Events:
    """Incidents moved into areas by their numbers of people, to the place of one recorded there, if there is one."""
    codes = sorted(code for code in people if people[code] > 0)
    if not codes:
        raise NotEnoughData("No number of people is held: a rate is refused, not guessed. Bring figures in.")
    number = np.array([people[code] for code in codes])
    drawn = [codes[i] for i in rng.choice(len(codes), len(events), p=number / number.sum())]
    homes: dict[str | None, list[int]] = {}
    for i, area in enumerate(events.area):
        homes.setdefault(area, []).append(i)
    at = [homes[code][int(rng.integers(len(homes[code])))] if code in homes else -1 for code in drawn]
    lost = np.array(at) < 0
    x, y = (np.where(lost, np.nan, axis[at]) for axis in (events.x, events.y))
    return replace(events, x=x, y=y, area=tuple(drawn), place_precision=events.place_precision[at])


def _mixes(events: Events, rng: np.random.Generator, within_area: bool, favour: Floats | None = None) -> Floats:
    """For each incident of known identity the whole mix of another, drawn as likely as `favour` has it (None: all alike)."""
    known = np.isfinite(events.mix).all(axis=1) & (events.mix.sum(axis=1) > 0)
    weight = np.ones(len(events)) if favour is None else favour
    place = np.array([area or "" for area in events.area]) if within_area else np.zeros(len(events))
    mix = np.full_like(events.mix, np.nan)
    for one in np.unique(place[known]):
        here = np.flatnonzero(known & (place == one))
        mix[here] = events.mix[rng.choice(here, here.size, p=weight[here] / weight[here].sum())]
    return mix


def _following(
    events: Events, able: Flags, rng: np.random.Generator, metres: float, days: float, strength: float
) -> tuple[NDArray[np.intp], Flags]:
    """Whose date each incident gets, so that pairs of those able come nearer in time; and which incidents these are."""
    from scipy.spatial import cKDTree

    x, y = _metres(events)
    good = np.flatnonzero(able & np.isfinite(x) & np.isfinite(y) & np.isfinite(events.day))
    if good.size < 2:
        raise NotEnoughData("Fewer than two incidents have a point and a date: none can follow another.")
    day, order, moved = events.day.copy(), np.arange(len(events)), np.zeros(len(events), dtype=bool)
    pairs = good[cKDTree(np.column_stack([x, y])[good]).query_pairs(metres, output_type="ndarray")].reshape(-1, 2)
    pairs = pairs[np.hypot(*(axis[pairs[:, 0]] - axis[pairs[:, 1]] for axis in (x, y))) > 0]
    row = np.sort(day[good])
    soon = (np.searchsorted(row, row + days, "right") - 1 - np.arange(row.size)).sum() / max(
        1, row.size * (row.size - 1) / 2
    )
    wanted = round((strength - 1) * len(pairs) * soon)
    free = np.isin(np.arange(len(events)), good)
    for first, second in rng.permutation(pairs):
        if wanted <= 0:
            break
        into = np.flatnonzero(free & (day > day[first]) & (day <= day[first] + days))
        into = into[(into != first) & (into != second)]
        if not (free[first] and free[second] and into.size):
            continue
        other = int(rng.choice(into))
        order[[second, other]], day[[second, other]] = order[[other, second]], day[[other, second]]
        free[[first, second, other]], moved[[first, second]], wanted = False, True, wanted - 1
    return order, moved


# What reporting loses ------------------------------------------------------------------------------------------------


def noisy(events: Events, rng: np.random.Generator, noise: Noise = NOISE) -> Events:
    """Return what reporting leaves of a record: it loses identities, days, places and incidents, whoever was hit."""
    unknown, month, rough = (rng.random(len(events)) < part for part in (noise.unknown, noise.dates, noise.places))
    area = _areas(events)
    lost = rng.uniform(0.0, noise.uneven, int(area.max(initial=0)) + 1)[area]
    kept = rng.random(len(events)) >= lost
    made = replace(events, mix=np.where(unknown[:, None], np.nan, events.mix))
    return _to_area(_to_month(made, month), rough, area).only(kept)


def _areas(events: Events) -> NDArray[np.intp]:
    """A number for each incident's area; without areas, for one of nine fields with about as many incidents each."""
    if any(area is not None for area in events.area):
        return np.unique([area or "" for area in events.area], return_inverse=True)[1].ravel()
    at = np.zeros(len(events), dtype=np.intp)
    for axis in (events.x, events.y):
        known = axis[np.isfinite(axis)]
        if known.size:
            at = 3 * at + np.searchsorted(np.quantile(known, [1 / 3, 2 / 3]), np.nan_to_num(axis, nan=-np.inf))
    return at


def _to_month(events: Events, chosen: Flags) -> Events:
    chosen = chosen & np.isfinite(events.day) & ~(events.date_precision >= MONTH_KNOWN)
    month = (DAY_0 + np.where(chosen, np.floor(events.day), 0).astype(int)).astype("datetime64[M]")
    first, after = ((m.astype("datetime64[D]") - DAY_0).astype(float) for m in (month, month + 1))
    spans = np.where(chosen[:, None], np.column_stack([first, after - 1]), events.day_span)
    day = np.where(chosen, np.floor((first + after - 1) / 2), events.day)
    precision = np.where(chosen, MONTH_KNOWN, events.date_precision)
    return replace(events, day=day, day_span=spans, date_precision=precision)


def _to_area(events: Events, chosen: Flags, area: NDArray[np.intp]) -> Events:
    """Points become the middle of all points of their area."""
    there = np.isfinite(events.x) & np.isfinite(events.y)
    number = np.maximum(np.bincount(area[there], minlength=int(area.max(initial=0)) + 1), 1)
    chosen = chosen & there
    x, y = (
        np.where(
            chosen, (np.bincount(area[there], axis[there], minlength=number.size) / number)[area], axis
        )
        for axis in (events.x, events.y)
    )  # fmt: skip
    return replace(events, x=x, y=y, place_precision=np.where(chosen, AREA_KNOWN, events.place_precision))


def _metres(events: Events) -> tuple[Floats, Floats]:
    from geo.systems import flat

    return flat(events.x, events.y) if events.degrees else (events.x, events.y)


def _with_truth(made: Events, base: Events, window: Window, strength: float) -> tuple[Events, Truth]:
    left, days = set(made.ids), window.days
    around, inside = (
        frozenset(base.ids[i] for i in np.flatnonzero(flags)) & left for flags in (window.around, window.inside)
    )
    span = None if days is None else (str(DAY_0 + int(days[0])), str(DAY_0 + int(days[1])))
    return made, Truth(window.named, strength, around, inside, window.key, span)

"""Incidents as they may have been too: drawn within what is recorded, with unknown identities bounded, or with less."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from casualty.patterns.events import POINT_PRECISION, Events, Flags, Floats
from casualty.patterns.signature import part_of

# Metres within which a place of precision 1 and 2 lies where nothing is stated (UCDP GED codebook, where_prec: the place
# itself; a limited area of about 25 km around it). From 3 on a point stands for an area and is not moved.
SPREAD_M = (0.0, 25_000.0)
EARTH_M = 6_371_008.8

ANOTHER = "not known, taken as another group"
TIERS = ("verified", "corroborated or better", "all")
_BETTER = ({"verified"}, {"verified", "corroborated"})


def drawn(
    events: Events, rng: np.random.Generator, *, dates: bool = True, places: bool = True, counts: bool = True
) -> Events:
    """Return the incidents as they may have been too, each drawn apart from the others within what is recorded.

    dates: a whole day of `day_span`, all alike; places: a point of the disc of `spread` metres round the recorded one,
    every square metre alike; counts: a whole number from low to high for best, all alike. What is not known, and what
    has no span, stays; low and high, precision, spans and areas stay, so that the same incidents enter a test. The
    same `rng` draws the same dates whether places or counts are drawn or not. Does not know that incidents told of by
    one source may be wrong in the same direction, nor which of the days or places is likelier.
    """
    n = len(events)
    when, where, many = rng.random(n), rng.random((2, n)), rng.random(n)
    x, y = _moved(events, *where) if places else (events.x, events.y)
    return replace(
        events,
        x=x,
        y=y,
        day=_day(events, when) if dates else events.day,
        victims=_counted(events.victims, many) if counts else events.victims,
    )


def spread(events: Events) -> Floats:
    """Return the metres within which each place is drawn: as stated, else SPREAD_M; NaN where neither is known."""
    default = np.full(len(events), np.nan)
    for precision, metres in enumerate(SPREAD_M, 1):
        default[events.place_precision == precision] = metres
    told = np.where(np.isfinite(events.spread_m), events.spread_m, default)
    return np.where(events.place_precision > POINT_PRECISION, 0.0, told)


def undrawn(events: Events) -> int:
    """Return how many incidents have a point that stays where it is because nothing tells how sure it is."""
    return int((np.isfinite(events.x) & np.isnan(spread(events))).sum())


def movable(events: Events) -> tuple[str, ...]:
    """Return which of dates, places and counts have a span to be drawn from, in at least one incident."""
    far = np.isfinite(events.x) & (np.nan_to_num(spread(events)) > 0)
    long = np.isfinite(events.day) & (np.floor(events.day_span[:, 1]) > np.floor(events.day_span[:, 0]))
    wide = events.victims[:, 2] > events.victims[:, 0]
    kinds = (("dates", long), ("places", far), ("counts", wide))
    return tuple(name for name, there in kinds if there.any())


def _day(events: Events, part: Floats) -> Floats:
    first, last = np.floor(events.day_span).T
    there = np.isfinite(events.day) & (last > first)
    return np.where(there, _whole(first, last, part), events.day)


def _whole(low: Floats, high: Floats, part: Floats) -> Floats:
    """A whole number from low to high for each part from 0 to 1."""
    return np.asarray(np.minimum(low + np.floor(part * (high - low + 1)), high))


def _moved(events: Events, turn: Floats, part: Floats) -> tuple[Floats, Floats]:
    far = np.nan_to_num(spread(events)) * np.sqrt(part)
    east, north = far * np.cos(2 * np.pi * turn), far * np.sin(2 * np.pi * turn)
    moves = far > 0
    if events.degrees:
        east, north = _in_degrees(events.y, east, north)
    x, y = np.where(moves, events.x + east, events.x), np.where(moves, events.y + north, events.y)
    return (np.where(moves, (x + 180) % 360 - 180, x), np.clip(y, -90, 90)) if events.degrees else (x, y)


def _in_degrees(latitude: Floats, east: Floats, north: Floats) -> tuple[Floats, Floats]:
    metres = np.radians(1) * EARTH_M
    # Nearer to a pole than this the disc is drawn a little narrow rather than wrapped round it.
    narrow = np.maximum(np.cos(np.radians(latitude)), 0.01)
    return east / (metres * narrow), north / metres


def _counted(victims: Floats, part: Floats) -> Floats:
    low, high = victims[:, 0], victims[:, 2]
    there = np.isfinite(victims).all(axis=1) & (high > low)
    told = victims.copy()
    told[:, 1] = np.where(there, _whole(np.ceil(low), np.floor(high), part), victims[:, 1])
    return told


def bounds(events: Events, group: str) -> tuple[Events, Events]:
    """Return two tables: every incident of unknown identity taken as the group's, and none of them.

    Taken as none they get a group of their own, ANOTHER, in both tables. Victims of unknown identity beside known ones
    in the same incident are not moved: `mix` does not hold them. Does not guess: the truth lies between, or not.
    """
    unknown = ~(np.isfinite(events.mix).all(axis=1) & (events.mix.sum(axis=1) > 0))
    known = np.column_stack([np.where(unknown[:, None], 0.0, events.mix), np.zeros(len(events))])
    every, none = known.copy(), known
    every[unknown, events.groups.index(group)] = 1.0
    none[unknown, -1] = 1.0
    groups = (*events.groups, ANOTHER)
    return replace(events, groups=groups, mix=every), replace(events, groups=groups, mix=none)


def tiers(events: Events) -> Iterator[tuple[str, Events]]:
    """Yield the verified incidents, those corroborated or better, and all, each under its name of TIERS."""
    for name, better in zip(TIERS, _BETTER, strict=False):
        yield name, events.only(np.array([tier in better for tier in events.tier], dtype=bool))
    yield TIERS[-1], events


def without_sources(events: Events) -> Iterator[tuple[str, Events]]:
    """Yield each source, by its id in order, with what is left without the incidents known from it only."""
    for source in sorted(frozenset().union(*events.sources)):
        yield source, events.only(_flags(each != {source} for each in events.sources))


def without_actors(events: Events) -> Iterator[tuple[str, Events]]:
    """Yield each alleged actor, by code in order, with what is left without the incidents attributed to it."""
    alleged = part_of(events, "actors")
    for actor in sorted(frozenset().union(*alleged)):
        yield actor, events.only(_flags(actor not in each for each in alleged))


def _flags(kept: Iterator[bool]) -> Flags:
    return np.fromiter(kept, dtype=bool)

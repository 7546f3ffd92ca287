"""Incidents for tests of uncertainty: little recorded, loosely, and in every way that the table of incidents allows."""

from types import MappingProxyType
from typing import Any

import numpy as np
from hypothesis import strategies as st

from casualty.patterns.events import Events

NAN = float("nan")

# day, days that it may be earlier and later, x, spread, precision, low, best, high, group's part, tier, sources, actors
INCIDENT = st.tuples(
    st.sampled_from([NAN, 0.0, 100.0]),
    st.integers(0, 40),
    st.integers(0, 40),
    st.sampled_from([NAN, 0.0, 5e5]),
    st.sampled_from([NAN, 0.0, 300.0]),
    st.sampled_from([NAN, 1.0, 2.0, 3.0, 6.0]),
    st.sampled_from([(NAN, NAN, NAN), (2.0, NAN, NAN), (1.0, NAN, 9.0), (3.0, 3.0, 3.0), (2.0, 4.0, 9.0)]),
    st.sampled_from([NAN, 0.0, 0.5, 1.0]),
    st.sampled_from(["verified", "corroborated", "other"]),
    st.frozensets(st.sampled_from(["s1", "s2", "s3"]), min_size=1),
    st.frozensets(st.sampled_from(["p1", "p2", "unknown"])),
)
INCIDENTS = st.lists(INCIDENT, min_size=1, max_size=12)


def table(rows: list[Any], degrees: bool = False) -> Events:
    day, early, late, x, spread_m, precision, victims, share, tier, sources, actors = zip(*rows, strict=True)
    when = np.array(day)
    n = len(rows)
    scale = 1 / 10_000 if degrees else 1.0
    return Events(
        ids=tuple(f"i{i}" for i in range(n)),
        x=np.array(x) * scale,
        y=np.array(x) * scale,
        day=when,
        day_span=np.stack([when - np.array(early), when + np.array(late)], axis=1),
        spread_m=np.array(spread_m),
        place_precision=np.array(precision),
        date_precision=np.full(n, NAN),
        groups=("G", "H"),
        mix=np.array([[part, 1 - part] for part in share]),
        victims=np.array(victims, dtype=float),
        reported=np.full(n, NAN),
        area=("a",) * n,
        tier=tier,
        sources=sources,
        actors=actors,
        acts=(frozenset({"shot"}),) * n,
        means=(frozenset({"gun"}),) * n,
        place_type=("home",) * n,
        degrees=degrees,
        left_out=MappingProxyType({"refuted": 1}),
    )


def plain_row(**changed: Any) -> tuple[Any, ...]:
    row = {"day": 100.0, "early": 0, "late": 0, "x": 0.0, "spread": NAN, "precision": 1.0, "victims": (1.0, 1.0, 1.0)}
    row |= {"share": 1.0, "tier": "verified", "sources": frozenset({"s1", "s2"}), "actors": frozenset({"p1"})}
    return tuple((row | changed).values())

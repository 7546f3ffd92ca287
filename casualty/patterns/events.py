"""Incidents ready for questions of place and time: one row each, a massacre like a single killing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Places known no better than to within a district or wider never enter a test on points.
POINT_PRECISION = 2

NO_POINT = "no point"
COARSE_POINT = "place known to a district or wider (precision 3 or more)"
NO_DATE = "no date"
COARSE_DATE = "date known to a month or wider"
NO_IDENTITY = "identity of the victims not known, or sources give several"


@dataclass(frozen=True, eq=False)
class Events:
    """Incidents (axis 0) with where, when and to whom they happened.

    ids: codes; x, y: metres east and north (NaN: no point) in a flat frame, unless `degrees` (longitude, latitude);
    day: days since 1970-01-01 (NaN: no date); day_span (n, 2): first and last day that the date's precision allows;
    spread_m: metres within which the true place lies (NaN: not stated); place_precision 1-7 and date_precision 1-5 (NaN:
    not stated); groups: codes in order; mix (n, g): part of each group among the victims of known identity, a row of NaN
    where none is known; victims (n, 3): low, best, high; reported: day of the report (NaN: not known); area: code of
    the unit or None; tier: verified, corroborated or other; sources, actors, acts, means: what is recorded of each;
    place_type: kind of place or None; left_out: what was not even taken in, by reason.
    """

    ids: tuple[str, ...]
    x: Floats
    y: Floats
    day: Floats
    day_span: Floats
    spread_m: Floats
    place_precision: Floats
    date_precision: Floats
    groups: tuple[str, ...]
    mix: Floats
    victims: Floats
    reported: Floats
    area: tuple[str | None, ...]
    tier: tuple[str, ...]
    sources: tuple[frozenset[str], ...]
    actors: tuple[frozenset[str], ...]
    acts: tuple[frozenset[str], ...]
    means: tuple[frozenset[str], ...]
    place_type: tuple[str | None, ...]
    degrees: bool = False
    left_out: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def __len__(self) -> int:
        return len(self.ids)

    def only(self, kept: Flags, reason: str = "") -> "Events":
        """Return the flagged incidents; the others are counted in `left_out` under the reason, if one is given."""
        dropped = int((~kept).sum())
        left = dict(self.left_out)
        if reason and dropped:
            left[reason] = left.get(reason, 0) + dropped
        chosen = np.flatnonzero(kept)
        parts: dict[str, Any] = {
            part.name: _taken(getattr(self, part.name), chosen)
            for part in fields(self)
            if part.name not in ("groups", "degrees", "left_out")
        }
        return replace(self, **parts, left_out=MappingProxyType(left))

    def with_points(self) -> "Events":
        """Return those that may enter a test on points: with one, known better than to within a district."""
        there = self.only(np.isfinite(self.x) & np.isfinite(self.y), NO_POINT)
        return there.only(~(there.place_precision > POINT_PRECISION), COARSE_POINT)

    def with_dates(self, days: float = 7.0) -> "Events":
        """Return those whose date is known to within so many days."""
        there = self.only(np.isfinite(self.day), NO_DATE)
        return there.only(~(np.ptp(there.day_span, axis=1) >= days), COARSE_DATE)

    def with_identity(self) -> "Events":
        """Return those with a victim of known identity."""
        return self.only(np.isfinite(self.mix).all(axis=1) & (self.mix.sum(axis=1) > 0), NO_IDENTITY)

    def share(self, group: str) -> Floats:
        """Return the part of a group in each incident's victims of known identity."""
        return self.mix[:, self.groups.index(group)]


def _taken(values: Any, chosen: NDArray[np.intp]) -> Any:
    return values[chosen] if isinstance(values, np.ndarray) else tuple(values[i] for i in chosen)

"""What a scan found: clusters in order of rank, and the simulated maxima they are ranked against."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from geo.scan.design import Design


@dataclass(frozen=True)
class Cluster:
    """A window that stands out, and shares no place at the same time with one of a better rank.

    centre: index among the design's centres, or its places; places: indices of the places within, nearest first; radius:
    in the unit of the coordinates, kilometres for degrees, of an ellipse half its longest axis; first, last: bins, both
    included; cases, expected, relative_risk: numbers, or tuples by category for multinomial (infinite where every case
    lies within); records: cases and controls within (bernoulli, multinomial), else the expectation; high: more than
    expected; p: the window's ratio ranked among the simulated maxima, ties counted, None without replications;
    gumbel_p: from a Gumbel law fitted to those maxima, only if asked for; shape, angle: of an ellipse (1, 0: circle), of
    which the best is kept for each centre, shape and angle.
    """

    rank: int
    centre: int
    places: tuple[int, ...]
    radius: float
    first: int
    last: int
    cases: float | tuple[float, ...]
    expected: float | tuple[float, ...]
    records: float
    high: bool
    log_likelihood_ratio: float
    relative_risk: float | tuple[float, ...]
    p: float | None
    gumbel_p: float | None = None
    shape: float = 1.0
    angle: float = 0.0


@dataclass(frozen=True)
class Scan:
    """Clusters by rank; `maxima` of the replications in their order (fewer than asked for if stopped early); `seed`.

    cases and records: of the whole study (tuple by category for multinomial).
    """

    design: Design
    clusters: tuple[Cluster, ...]
    maxima: tuple[float, ...]
    seed: int
    cases: float | tuple[float, ...]
    records: float
    stopped_early: bool = False

    def as_json(self, spans: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """The contract of `patterns scan --json`; `spans` are first and last ISO day of each bin."""
        ids = self.design.places.ids
        return {
            "model": str(self.design.model),
            "replications": len(self.maxima),
            "clusters": [
                {
                    "rank": c.rank,
                    "locations": [ids[i] for i in c.places],
                    "start": spans[c.first][0],
                    "end": spans[c.last][1],
                    "cases": _listed(c.cases),
                    "expected": _listed(c.expected),
                    "log_likelihood_ratio": rounded(c.log_likelihood_ratio),
                    "relative_risk": _listed(c.relative_risk),
                    "p_value": c.p,
                    "high": c.high,
                    "radius": rounded(c.radius),
                }
                for c in self.clusters
            ],
        }


def _listed(value: float | tuple[float, ...]) -> Any:
    if isinstance(value, tuple):
        return [_listed(part) for part in value]
    if value != value or value in (float("inf"), float("-inf")):
        return None
    return int(value) if value == int(value) else rounded(value)


def rounded(value: float) -> float:
    """To twelve digits: the last ones of a logarithm differ between machines, and a run is to give the same bytes."""
    return float(f"{value:.12g}")

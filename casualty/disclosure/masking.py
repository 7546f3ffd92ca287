"""A place moved so far that it cannot be found again, always to the same spot, and never out of its area.

Near places are first gathered into one cell of a grid, and a cell has one mask: whoever averages over incidents, packages
or recipients averages equal points. Within a unit all masks lie to one secret side of their cells, so that the average over
neighbouring cells keeps its distance too. The length of the way follows the size of the unit: units are large where
few people live, and unlike the density of the incidents it does not change when another one is recorded, which would
move the mask. Standards: R68, R69; after the donut mask (Hampton et al. 2010) and the displacement of the DHS surveys.

What it does not do: whoever knows several true places of a unit learns to which side its masks lie, not how far any other
was moved, nor how far aside.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from casualty.disclosure.naming import keyed
from geo.frame import LocalFrame

METRES_A_DEGREE = 111_195.0
LEAST_M, MOST_M = 2_000.0, 5_000.0
OF_UNIT = 1 / 20  # of the side of a square as large as the unit
# Along the secret side, in multiples of the minimum: the minimum itself, half a cell (0.71) and the rounding (0.39).
NEAREST, FURTHEST = 2.15, 3.5
ASIDE = math.radians(45)
ATTEMPTS = 64
DECIMALS = 2
BACK = 1.0 / 2**32


@dataclass(frozen=True, slots=True)
class Area:
    """Where a mask must stay: the unit's code, its shape, and its minimum displacement in metres."""

    unit: str
    shape: Any
    least_m: float

    @classmethod
    def of(cls, unit: str = "", shape: Any = None) -> "Area":
        """Return an area; the minimum is a twentieth of its side, within 2 and 5 km, and 5 km where it is not drawn."""
        if shape is None:
            return cls(unit, None, MOST_M)
        return cls(unit, shape, min(max(side_m(shape) * OF_UNIT, LEAST_M), MOST_M))


def side_m(shape: Any) -> float:
    """Return the side in metres of a square as large as a shape (WGS 84, degrees)."""
    return math.sqrt(shape.area * math.cos(math.radians(shape.centroid.y))) * METRES_A_DEGREE


@dataclass(frozen=True, slots=True)
class Mask:
    """A masked point in degrees (WGS 84), and within how many metres of it the true place lies."""

    lon: float
    lat: float
    radius_m: float


class Masker:
    """Masks places; the same secret gives the same masks for ever. ValueError for a secret of under 16 bytes.

    `places` are the true places (lon, lat), on none of which a mask may fall.
    """

    def __init__(self, secret: bytes, places: Collection[tuple[float, float]] = ()) -> None:
        self._secret = secret
        self._places = {place for place in places if place == _rounded(*place)}
        self._known: dict[tuple[str, str], Mask | None] = {}

    def mask(self, lon: float, lat: float, area: Area) -> Mask | None:
        """Return the mask of a place, or None if no point of its area is far enough: then the area alone may be told."""
        cell, middle_lon, middle_lat = _cell(lon, lat, area.least_m)
        key = (area.unit, cell)
        if key not in self._known:
            self._known[key] = self._made(area, cell, middle_lon, middle_lat)
        return self._known[key]

    def _made(self, area: Area, cell: str, lon: float, lat: float) -> Mask | None:
        here = LocalFrame((lon + 180.0) % 360.0 - 180.0, max(min(lat, 90.0), -90.0), 0.0)
        side = _share(keyed(self._secret, "side", area.unit or _square(lon, lat)), 0) * 2 * math.pi
        for attempt in range(ATTEMPTS):
            draw = keyed(self._secret, "mask", area.unit, cell, str(attempt))
            x, y = here.to_degrees([_step(draw, side, area.least_m)])
            point = _rounded(float(x[0]), float(y[0]))
            if _stays(point, area) and point not in self._places:
                return Mask(*point, radius_m=_radius(area.least_m))
        return None


def _rounded(lon: float, lat: float) -> tuple[float, float]:
    return round(lon, DECIMALS) + 0.0, round(lat, DECIMALS) + 0.0


def _cell(lon: float, lat: float, size: float) -> tuple[str, float, float]:
    """Return the name and the middle of a place's cell: about `size` metres a side, or less."""
    high = size / METRES_A_DEGREE
    row = math.floor(lat / high)
    middle = (row + 0.5) * high
    wide = high / max(math.cos(math.radians(min(abs(middle), 89.0))), 1e-3)
    column = math.floor(lon / wide)
    return f"{size:.1f} {column} {row}", (column + 0.5) * wide, middle


def _square(lon: float, lat: float) -> str:
    """Name the square of a degree that takes the place of a unit where none is held."""
    return f"{math.floor(lon)} {math.floor(lat)}"


def _share(draw: bytes, place: int) -> float:
    return int.from_bytes(draw[4 * place : 4 * place + 4], "big") * BACK


def _step(draw: bytes, side: float, least: float) -> tuple[float, float]:
    """Return metres east and north whose part along the secret side is at least the minimum and half a cell."""
    along = least * (NEAREST + (FURTHEST - NEAREST) * _share(draw, 0))
    across = along * math.tan(ASIDE) * (2 * _share(draw, 1) - 1)
    return (
        along * math.cos(side) - across * math.sin(side),
        along * math.sin(side) + across * math.cos(side),
    )


def _stays(point: tuple[float, float], area: Area) -> bool:
    if area.shape is None:
        return True
    import shapely

    return bool(shapely.contains_xy(area.shape, *point))


def _radius(least: float) -> float:
    """Return the furthest a true place can lie from its mask: the longest way, half a cell, and the rounding."""
    furthest = FURTHEST * least / math.cos(ASIDE) + least * math.sqrt(0.5)
    return 1000.0 * math.ceil((furthest + 0.1**DECIMALS * METRES_A_DEGREE) / 1000)

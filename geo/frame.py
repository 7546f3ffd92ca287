"""The ground under every measurement: metres on the ellipsoid, a local frame, sound polygons, exchanged coordinates.

Coordinates are WGS 84 degrees. Arrays are given longitude first, as in RFC 7946; only `looks_swapped` takes latitude
first, because there the order itself is in question. Nothing here draws a random number or looks at a clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Inside = Callable[[Floats, Floats], Flags]

ELLIPSOID = "WGS84"
EARTH_RADIUS_M = 6_371_008.8
NEARLY_ALL = 0.95
CLEAR_GAIN = 0.2


def points(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Return both arrays as floats of one length.

    Raises ValueError, naming the first offender, where a value is not finite or outside the globe's degrees.
    """
    x, y = np.atleast_1d(np.asarray(lon, dtype=float)), np.atleast_1d(np.asarray(lat, dtype=float))
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"longitudes and latitudes differ in number: {x.shape} and {y.shape}")
    wrong = np.flatnonzero(~((np.abs(x) <= 180) & (np.abs(y) <= 90)))
    if wrong.size:
        raise ValueError(f"point {wrong[0]} is not on the globe: longitude {x[wrong[0]]}, latitude {y[wrong[0]]}")
    return x, y


def distance_m(lon_a: ArrayLike, lat_a: ArrayLike, lon_b: ArrayLike, lat_b: ArrayLike) -> Floats:
    """Return the geodesic distance in metres between points taken pair by pair.

    The shortest way on the WGS 84 ellipsoid (Karney 2013, as in PROJ); it knows nothing of roads, and it crosses the
    antimeridian where that is shorter. Shape (n,); one point on either side is paired with all of the other.
    """
    from pyproj import Geod

    (xa, ya), (xb, yb) = points(lon_a, lat_a), points(lon_b, lat_b)
    xa, ya, xb, yb = (np.ascontiguousarray(part) for part in np.broadcast_arrays(xa, ya, xb, yb))
    return np.asarray(Geod(ellps=ELLIPSOID).inv(xa, ya, xb, yb)[2], dtype=float)


@dataclass(frozen=True)
class LocalFrame:
    """A flat frame in metres around a centre: azimuthal equidistant on the WGS 84 ellipsoid.

    Distances and directions from the centre are true. Across the line of sight they are stretched by `stretch` at
    the furthest point the frame was made for: 1.001 at about 500 km, 1.004 at 1,000 km, 1.1 at 4,800 km.
    """

    lon: float
    lat: float
    reach_m: float

    @property
    def stretch(self) -> float:
        """Return the largest ratio of a length in the frame to the length on the ground."""
        angle = self.reach_m / EARTH_RADIUS_M
        return float(angle / np.sin(angle)) if angle else 1.0

    @cached_property
    def _projection(self) -> Any:
        from pyproj import Proj

        return Proj(proj="aeqd", lon_0=self.lon, lat_0=self.lat, ellps=ELLIPSOID)

    def to_metres(self, lon: ArrayLike, lat: ArrayLike) -> Floats:
        """Return shape (n, 2): metres east and north of the centre."""
        return np.column_stack(self._projection(*points(lon, lat)))

    def to_degrees(self, metres: ArrayLike) -> tuple[Floats, Floats]:
        """Return longitudes and latitudes of shape (n,) for metres of shape (n, 2)."""
        east, north = np.asarray(metres, dtype=float).reshape(-1, 2).T
        lon, lat = self._projection(east, north, inverse=True)
        # Rounding may carry a point on the antimeridian a hair past 180 degrees.
        return np.clip(lon, -180.0, 180.0), np.clip(lat, -90.0, 90.0)


def local_frame(lon: ArrayLike, lat: ArrayLike) -> LocalFrame:
    """Return the frame around the middle of the points, wherever the antimeridian runs.

    Raises ValueError where there is no point, or where they lie all round the globe, so that no middle exists.
    """
    x, y = points(lon, lat)
    if not x.size:
        raise ValueError("no point to make a local frame around")
    around, up = np.radians(x), np.radians(y)
    middle = np.array([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)]).mean(axis=1)
    if np.linalg.norm(middle) < 1e-6:
        raise ValueError("the points lie all round the globe; no local frame fits them")
    lon0 = float(np.degrees(np.arctan2(middle[1], middle[0])))
    lat0 = float(np.degrees(np.arctan2(middle[2], np.hypot(middle[0], middle[1]))))
    return LocalFrame(lon0, lat0, float(distance_m(lon0, lat0, x, y).max()))


def in_box(lon: ArrayLike, lat: ArrayLike, box: ArrayLike) -> Flags:
    """Return which points lie in a box of west, south, east, north: one box, shape (4,), or one for each, (n, 4).

    A box whose west is greater than its east crosses the antimeridian. Points off the globe are in no box.
    """
    x, y = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    west, south, east, north = np.moveaxis(np.asarray(box, dtype=float), -1, 0)
    across = np.where(west <= east, (west <= x) & (x <= east), (x >= west) | (x <= east))
    return np.asarray(across & (south <= y) & (y <= north) & (np.abs(x) <= 180) & (np.abs(y) <= 90))


@dataclass(frozen=True)
class SwapCheck:
    """Whether latitude and longitude were exchanged: in the whole column, or in some rows."""

    n: int
    inside_as_given: int
    inside_exchanged: int
    whole: bool
    rows: tuple[int, ...]
    sentence: str


def looks_swapped(lat: ArrayLike, lon: ArrayLike, inside: Inside | None = None) -> SwapCheck:
    """Say whether exchanging latitude and longitude brings (nearly) all points to where they should lie.

    `inside(lon, lat)` tells for each point, in the order given, whether it lies where it is said to be: the polygon of
    its unit, or the box of its country. Without it only the globe's own bounds speak. The column counts as exchanged
    when at least 95 in 100 points lie inside once exchanged, and at least 20 in 100 more than as given. `rows` are the
    points (from 0) that lie inside only when exchanged; a latitude beyond 90 degrees beside a longitude within 90 is
    always among them. Points that are not numbers are left out of all counts. A heuristic: points near the diagonal,
    where both orders are plausible, are never named.
    """
    y, x = (np.atleast_1d(np.asarray(part, dtype=float)) for part in (lat, lon))
    known = np.isfinite(x) & np.isfinite(y)
    certain = known & (np.abs(y) > 90) & (np.abs(y) <= 180) & (np.abs(x) <= 90)
    given = _inside(x, y, known, inside)
    exchanged = _inside(y, x, known, inside)
    n, as_given, turned = int(known.sum()), int(given.sum()), int(exchanged.sum())
    whole = n > 0 and turned >= NEARLY_ALL * n and turned - as_given >= CLEAR_GAIN * n
    rows = tuple(np.flatnonzero(certain | (exchanged & ~given)).tolist())
    return SwapCheck(n, as_given, turned, whole, rows, _swap_sentence(n, as_given, turned, whole, len(rows)))


def _inside(x: Floats, y: Floats, known: Flags, inside: Inside | None) -> Flags:
    on_globe = known & (np.abs(x) <= 180) & (np.abs(y) <= 90)
    if inside is None or not on_globe.any():
        return on_globe
    safe_x, safe_y = np.where(on_globe, x, 0.0), np.where(on_globe, y, 0.0)
    return np.asarray(on_globe & np.asarray(inside(safe_x, safe_y), dtype=bool))


def _swap_sentence(n: int, as_given: int, exchanged: int, whole: bool, rows: int) -> str:
    counted = f"Of {n:,} points {as_given:,} lie where they should as given, {exchanged:,} with both exchanged"
    if whole:
        return f"{counted}: latitude and longitude look exchanged throughout."
    return f"{counted}: {rows:,} look exchanged." if rows else f"{counted}: nothing looks exchanged."


def sound(geometries: ArrayLike) -> NDArray[np.object_]:
    """Return polygons that are valid, lie within the globe's degrees, and are cut at the antimeridian.

    Shape (n,), each a MultiPolygon with outer rings counter-clockwise (RFC 7946, 3.1.6 and 3.1.9); lines and points
    left over from a repair are dropped, and None stands where no area remains. Rings may run on past 180 degrees,
    or jump from one side to the other; a ring around a pole is closed over it.
    """
    shapes = np.atleast_1d(np.asarray(geometries, dtype=object)).copy()
    west, _, east, _ = shapely.bounds(shapes).T
    # A ring that jumps is repaired only after it is unrolled: made valid as it stands, it would span the globe.
    for i in np.flatnonzero((east - west > 180) | (west < -180) | (east > 180)):
        shapes[i] = _unrolled(shapes[i])
    broken = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    shapes[broken] = _repaired(shapes[broken])
    return np.array([_areas(shape) for shape in shapes], dtype=object)


def _repaired(shapes: Any) -> Any:
    """Repair by structure: where parts of a unit overlap it keeps both, which the repair by lines would cut out."""
    return shapely.make_valid(shapes, method="structure", keep_collapsed=False)


def _areas(shape: Any) -> Any:
    parts = [] if shape is None else [p for p in _polygons(shape) if p.area > 0]
    return shapely.orient_polygons(shapely.MultiPolygon(parts)) if parts else None


def _polygons(shape: Any) -> list[Any]:
    parts = shapely.get_parts(shapely.get_parts(shape))
    return [part for part in parts if part.geom_type == "Polygon"]


def _unrolled(shape: Any) -> Any:
    return shapely.MultiPolygon([part for polygon in _polygons(shape) for part in _parts(polygon)])


def _parts(polygon: Any) -> list[Any]:
    """Cut a polygon at the antimeridian; one that only looks crossed, such as a box round the globe, stays as it is."""
    west, _, east, _ = polygon.bounds
    if east - west <= 180 and west >= -180 and east <= 180:
        return [polygon]
    # Rings count even-odd, not shell and hole: around a pole the file's roles of inner and outer may be either.
    cut = reduce(shapely.symmetric_difference, [_cut(ring) for ring in (polygon.exterior, *polygon.interiors)])
    return _polygons(cut) if cut.area > 0 else [polygon]


def _cut(ring: Any) -> Any:
    lon, lat = shapely.get_coordinates(ring).T
    lon = np.unwrap(lon, period=360)
    if abs(lon[-1] - lon[0]) > 180:
        pole = np.copysign(90.0, lat.mean())
        lon, lat = np.append(lon, [lon[-1], lon[0]]), np.append(lat, [pole, pole])
    area = shapely.Polygon(np.column_stack([lon, lat]))
    area = area if area.is_valid else _repaired(area)
    turns = range(int((lon.min() + 180) // 360), int((lon.max() + 180) // 360) + 1)
    return shapely.union_all([_turned(area, turn) for turn in turns])


def _turned(area: Any, turn: int) -> Any:
    band = shapely.intersection(area, shapely.box(-180 + 360 * turn, -90, 180 + 360 * turn, 90))
    return shapely.transform(band, lambda xy: xy - [360.0 * turn, 0.0])

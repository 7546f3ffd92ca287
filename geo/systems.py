"""Systems of coordinates: what x and y of a file mean, which of them cannot be, and the same points in metres."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.faults import Unusable
from geo.frame import LocalFrame, local_frame

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NOT_STATED, LOCAL = "", "local"
DEGREES = ("lonlat", "epsg:4326", "4326")
# A projection is used a little beyond the area it was made for, as with the next zone of a grid.
BEYOND_AREA = 6.0


@dataclass(frozen=True, eq=False)
class System:
    """A system of coordinates: as it was named, whether it is in degrees, and what is known of it (None: plain metres)."""

    name: str
    degrees: bool
    definition: Any = None

    def wrong(self, x: Floats, y: Floats) -> Flags:
        """Return which points, shape (n,), cannot be in this system: off the globe, or far outside its area of use.

        A point that is not finite is no point, and not wrong here.
        """
        there = np.isfinite(x) & np.isfinite(y)
        if not self.degrees and self.definition is None:
            return np.zeros(x.shape, dtype=bool)
        lon, lat = self.lonlat(np.where(there, x, 0.0), np.where(there, y, 0.0))
        with np.errstate(invalid="ignore"):
            on_globe = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
        return there & ~(on_globe & self._in_area(lon, lat))

    def _in_area(self, lon: Floats, lat: Floats) -> Flags:
        area = None if self.degrees else self.definition.area_of_use
        if area is None:
            return np.ones(lon.shape, dtype=bool)
        width = (area.east - area.west) % 360 or 360.0
        with np.errstate(invalid="ignore"):
            along = (lon - area.west + BEYOND_AREA) % 360 <= width + 2 * BEYOND_AREA
            up = (lat >= area.south - BEYOND_AREA) & (lat <= area.north + BEYOND_AREA)
        return np.asarray(along & up, dtype=bool)

    def lonlat(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return longitudes and latitudes (WGS 84) of points in this system; infinite where there is none."""
        if self.definition is None:
            return x, y
        from pyproj import Transformer

        lon, lat = Transformer.from_crs(self.definition, 4326, always_xy=True).transform(x, y)
        return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)

    def metres(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return the points in metres: as they are, by the system's unit, or in a local frame if they are degrees.

        The frame is that of `geo.frame.local_frame`; its lengths are stretched where points lie thousands of
        kilometres apart. Raises Unusable where points lie all round the globe, so that no frame fits them.
        """
        if not self.degrees:
            unit = 1.0 if self.definition is None else self.definition.axis_info[0].unit_conversion_factor
            return x * unit, y * unit
        return flat(*self.lonlat(x, y))


def flat(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return metres east and north of the middle of all points (degrees, WGS 84); NaN where there is no point.

    Raises Unusable where the points lie all round the globe.
    """
    there = np.isfinite(lon) & np.isfinite(lat)
    found = np.full((lon.size, 2), np.nan)
    if there.any():
        try:
            frame = local_frame(lon[there], lat[there])
        except ValueError as wrong:
            raise Unusable(f"{wrong}; ask for a part of them.") from wrong
        found[there] = frame.to_metres(lon[there], lat[there])
    return found[:, 0], found[:, 1]


def stretch(x: Floats, y: Floats) -> float:
    """Return the largest ratio of a length between points of `flat` (metres) to the same length on the ground."""
    there = np.isfinite(x) & np.isfinite(y)
    reach = float(np.hypot(x[there], y[there]).max(initial=0.0))
    return LocalFrame(0.0, 0.0, reach).stretch


def system(name: str) -> System:
    """Return a system by its name: an EPSG code, lonlat, local, or nothing; raise Unusable if it is not known.

    In every system x goes before y: easting before northing, longitude before latitude.
    """
    plain = name.strip().casefold()
    if plain in (NOT_STATED, LOCAL):
        return System(plain, degrees=False)
    if plain in DEGREES:
        return System(name.strip(), degrees=True)
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        known = CRS.from_user_input(f"EPSG:{plain}" if plain.isdecimal() else name.strip())
    except CRSError as wrong:
        raise Unusable(f"{name!r} is not a system of coordinates that is known") from wrong
    if not (known.is_projected or known.is_geographic):
        raise Unusable(f"{name!r} is neither a map projection nor a system of longitude and latitude")
    return System(name.strip(), degrees=bool(known.is_geographic), definition=known)


def may_be_degrees(x: Floats, y: Floats, reach: float) -> bool:
    """Return whether points taken for metres could as well be degrees, so that distances would mean nothing.

    They could if all fit into the globe's degrees and all lie nearer together than `reach`, the largest distance that
    is asked for: one that holds every pair asks nothing.
    """
    there = np.isfinite(x) & np.isfinite(y)
    if not there.any():
        return False
    held = np.column_stack([x[there], y[there]])
    fits = bool((np.abs(held) <= (180.0, 90.0)).all())
    extent = float(np.hypot(*np.ptp(held, axis=0)))
    return fits and 0.0 < extent < reach

"""Coordinates as the kernel measures them: in the plane, turned and stretched for ellipses, or on the unit sphere."""

from array import array
from collections.abc import Iterator, Sequence
from math import asin, cos, inf, pi, radians, sin, sqrt
from typing import Any, NamedTuple

from geo.faults import Unusable
from geo.scan.design import Design

# A limit on the distance lets in what lies on it, whatever the rounding error.
JUST = 1 + 1e-12
# Eight times the distance from 1 to the next number that a machine can write.
FINE = 2.0**-49


class Geometry(NamedTuple):
    """Coordinates as the kernel measures them: turned and stretched for an ellipse, on the unit sphere for degrees.

    fine: distances that differ by no more are one, since coordinates written in decimals are no closer to what they say.
    """

    places: tuple[array, ...]  # type: ignore[type-arg]
    centres: tuple[array, ...]  # type: ignore[type-arg]
    reach: float
    fine: float
    penalty: float = 1.0
    shape: float = 1.0
    angle: float = 0.0


def geometries(design: Design, members: Sequence[Sequence[int]]) -> Iterator[Geometry]:
    """The circle, then each ellipse as a circle in a plane that is turned and stretched along its short axis."""
    places, centres, windows = design.places, design.centres, design.windows
    own = [(places.x[those[0]], places.y[those[0]]) for those in members]
    round_ = own if centres is None else list(zip(centres.x, centres.y, strict=True))
    if places.degrees:
        if windows.ellipses:
            raise Unusable("Ellipses need coordinates in a plane: bring the places to metres first.")
        reach = _chord(windows.radius, design.earth_km)
        yield Geometry(_sphere(own), _sphere(round_), reach, FINE)
        return
    radius = windows.radius
    fine = FINE * max(abs(axis) for point in own for axis in point)
    yield Geometry(_plane(own), _plane(round_), _square(radius), fine)
    for shape, turns in zip(windows.ellipses, windows.turns, strict=True):
        penalty = (4 * shape / (shape + 1) ** 2) ** windows.penalty if windows.penalty else 1.0
        # The limit on the radius is one of the longest half axis, which stays as long as it is.
        for turn in range(turns):
            angle = pi * turn / turns
            yield Geometry(
                _plane(own, shape, angle),
                _plane(round_, shape, angle),
                _square(radius),
                fine * shape,
                penalty,
                shape,
                angle,
            )


def _square(radius: float | None) -> float:
    return inf if radius is None else radius**2 * JUST


def _plane(points: Sequence[tuple[float, float]], shape: float = 1.0, angle: float = 0.0) -> tuple[Any, ...]:
    if shape == 1.0:
        return array("d", (x for x, _ in points)), array("d", (y for _, y in points))
    along, across = cos(angle), sin(angle)
    return (
        array("d", (x * along + y * across for x, y in points)),
        array("d", (shape * (y * along - x * across) for x, y in points)),
    )


def _sphere(points: Sequence[tuple[float, float]]) -> tuple[Any, ...]:
    turned = [(radians(x), radians(y)) for x, y in points]
    return (
        array("d", (cos(y) * cos(x) for x, y in turned)),
        array("d", (cos(y) * sin(x) for x, y in turned)),
        array("d", (sin(y) for _, y in turned)),
    )


def _chord(radius_km: float | None, earth_km: float) -> float:
    """The squared chord on the unit sphere of a distance along the ground."""
    if radius_km is None or radius_km >= pi * earth_km:
        return inf
    return float((2 * sin(radius_km / earth_km / 2)) ** 2 * JUST)


def reach(key: float, design: Design) -> float:
    """The radius that a squared distance of the kernel stands for, in the unit of the design."""
    if design.places.degrees:
        return float(2 * asin(min(1.0, sqrt(key) / 2)) * design.earth_km)
    return sqrt(key)

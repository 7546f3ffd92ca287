"""The maps of the report, drawn as vectors from the package and from the land outlines that are shipped; no tile, no network.

A sign's area grows with the people killed, its filling says how far it is corroborated, its form how closely the place
is known; signs nearer than the paper can show are one (R11, R33, R49, R50). What a map leaves out is counted beside it.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from casualty.release.package import Package
from casualty.release.report import areas
from casualty.release.report.held import CORROBORATED, OTHER, TIERS, VERIFIED, Incident, Record
from casualty.release.report.tables import figure

# Millimetres of the paper.
WIDTH, TALLEST, FLATTEST = 165.0, 150.0, 70.0
NEAREST, STEP = 1.5, 0.5
MOST_SIGNS = 2500
LEAST, MOST = 0.7, 9.0
MARGIN = 0.08
SMALLEST_SPAN = 1.0  # degrees
FILLS = {VERIFIED: "#16202c", CORROBORATED: "#8296ad", OTHER: "#ffffff"}
LAND, SEA, LINE, EDGE = "#ece8df", "#ffffff", "#a9a294", "#16202c"
EARTH_KM_A_DEGREE = 111.195
STEPS = (1, 2, 5)
CLASSES = ((1, "#f3ddc8"), (10, "#dfae84"), (100, "#b5714a"), (1000, "#6e3a22"))


@dataclass(frozen=True)
class Window:
    """The part of the globe that is drawn: longitudes as they are counted from `west`, so that it may cross the date line."""

    west: float
    south: float
    width: float
    height: float

    @classmethod
    def around(cls, points: Sequence[tuple[float, float]]) -> "Window":
        """Return a window that holds all points, with a margin, in a form that the paper can take."""
        west, span = _span([lon for lon, _ in points])
        south, north = min(lat for _, lat in points), max(lat for _, lat in points)
        middle = math.radians((south + north) / 2)
        width = max(span * (1 + 2 * MARGIN), SMALLEST_SPAN)
        height = max((north - south) * (1 + 2 * MARGIN), SMALLEST_SPAN)
        flat = math.cos(middle)
        width = min(max(width, height * WIDTH / TALLEST / flat), 360.0)
        height = min(max(height, width * flat * FLATTEST / WIDTH), 180.0)
        low = min(max((south + north - height) / 2, -90.0), 90.0 - height)
        return cls(west + (span - width) / 2, low, width, height)

    @property
    def flat(self) -> float:
        """How much a degree of longitude is shortened: by the cosine of the middle latitude."""
        return math.cos(math.radians(self.south + self.height / 2))

    @property
    def scale(self) -> float:
        """Millimetres to a degree of latitude."""
        return WIDTH / (self.width * self.flat)

    @property
    def tall(self) -> float:
        """The height of the map in millimetres."""
        return self.height * self.scale

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        """Return where a point lies on the paper, in millimetres from the upper left."""
        east = (lon - self.west) % 360.0
        return east * self.flat * self.scale, (self.south + self.height - lat) * self.scale


def _span(longitudes: Iterable[float]) -> tuple[float, float]:
    """Return the western end and the width of the narrowest stretch that holds all longitudes, over the date line or not."""
    sorted_ = sorted({lon % 360.0 for lon in longitudes})
    gaps = [(after - before, after) for before, after in zip(sorted_, [*sorted_[1:], sorted_[0] + 360.0], strict=True)]
    widest, west = max(gaps)
    return (west + 180.0) % 360.0 - 180.0, 360.0 - widest


def of(package: Package, record: Record) -> list[dict[str, Any]]:
    """Return the maps: incidents as signs, and, where first-order units are drawn, people killed by unit."""
    shown = [incident for incident in record.incidents if incident.point is not None and not incident.refuted]
    if not shown:
        return []
    units = [feature for feature in areas.shapes(package) if feature["geometry"]["type"] != "Point"]
    window = Window.around([incident.point for incident in shown if incident.point])
    drawn = [_signs(record, shown, window, units)]
    first = _latest([unit for unit in units if unit["properties"].get("level") == areas.FIRST])
    return [*drawn, _shaded(record, first)] if first else drawn


def _latest(units: Sequence[Any]) -> list[Any]:
    """Return the units of the last boundary set by its name; two sets laid upon each other would be no map."""
    latest = max((str(unit["properties"].get("boundary_set")) for unit in units), default="")
    return [unit for unit in units if str(unit["properties"].get("boundary_set")) == latest]


# Signs ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sign:
    """One sign on the paper: where, how many people killed it stands for, how sure, and whether it stands for an area."""

    x: float
    y: float
    killed: int
    tier: str
    of_area: bool


def gathered(incidents: Sequence[Incident], window: Window) -> tuple[list[Sign], float]:
    """Return the signs, the largest first, and within how many millimetres incidents of one kind became one sign.

    As near as the paper can show, or farther where there would be more than MOST_SIGNS.
    """
    near = NEAREST
    while len(signs := _within(incidents, window, near)) > MOST_SIGNS:
        near += STEP
    return signs, near


def _within(incidents: Sequence[Incident], window: Window, near: float) -> list[Sign]:
    cells: dict[tuple[int, int, str, bool], list[Incident]] = defaultdict(list)
    for incident in incidents:
        if incident.point is not None:
            x, y = window.at(*incident.point)
            cells[int(x // near), int(y // near), incident.tier, incident.of_area].append(incident)
    signs = []
    for (_, _, tier, of_area), members in sorted(cells.items()):
        places = [window.at(*member.point) for member in members if member.point]
        x, y = (sum(place[axis] for place in places) / len(places) for axis in (0, 1))
        signs.append(Sign(x, y, sum(member.killed[1] for member in members), tier, of_area))
    return sorted(signs, key=lambda sign: (-sign.killed, TIERS.index(sign.tier), sign.x, sign.y))


def radius(killed: int, largest: int) -> float:
    """Return a sign's half width in millimetres: its area grows with the people killed, the largest sign is MOST wide."""
    return max(LEAST, MOST / 2 * math.sqrt(killed / largest)) if largest else LEAST


def _signs(record: Record, shown: Sequence[Incident], window: Window, units: Sequence[Any]) -> dict[str, Any]:
    signs, near = gathered(shown, window)
    largest = max(sign.killed for sign in signs)
    levels = {unit["properties"].get("level", 0) for unit in units}
    level = max((level for level in levels if level <= areas.FIRST), default=None)
    outlines = [unit["geometry"] for unit in units if unit["properties"].get("level") == level]
    body = [
        *_land(window),
        *_outlines(outlines, window),
        *(_drawn(sign, radius(sign.killed, largest)) for sign in signs),
    ]
    examples = sorted({number for number in (1, 10, 100, 1000, 10000) if number <= largest} | {largest})[-4:]
    return {
        "title": "Incidents with a point",
        "picture": _svg(body, WIDTH, window.tall),
        "width": WIDTH,
        "sizes": [{"picture": _sample(number, largest), "said": _people(number)} for number in examples],
        "forms": _forms(),
        "scale": _scale(window),
        "notes": _notes(record, shown, window, near if len(signs) < len(shown) else 0.0),
        "alt": f"Map of {figure(len(shown))} incidents as {figure(len(signs))} signs, sized by the people killed.",
    }


def _people(number: int) -> str:
    return "1 person killed" if number == 1 else f"{figure(number)} people killed"


def _notes(record: Record, shown: Sequence[Incident], window: Window, near: float) -> list[str]:
    whole = record.incidents
    without = sum(incident.point is None and not incident.refuted for incident in whole)
    refuted = sum(incident.refuted for incident in whole)
    sure = sum(incident.tier == VERIFIED for incident in shown)
    by_area = sum(incident.of_area for incident in shown)
    notes = [
        f"Shown {figure(len(shown))} of {figure(len(whole))} incidents; {figure(without)} without a place that may be"
        f" shown; {figure(refuted)} refuted are not drawn.",
        f"{figure(sure)} of those shown are verified; all others are not, or only partly, corroborated.",
        f"{figure(by_area)} points stand for an area (squares): what happened may have happened anywhere in it.",
    ]
    if moved := sum(incident.masked for incident in shown):
        notes.append(f"{figure(moved)} of these points were moved at random for protection; the table tells how far.")
    if near:
        notes.append(f"Incidents of one kind within a square of {near:g} mm on this paper are one sign of their sum.")
    parallel = window.south + window.height / 2
    half = "south" if parallel < 0 else "north"
    notes.append(f"Equal steps of latitude and longitude, true to scale at {abs(parallel):.1f} degrees {half}.")
    return notes


def _drawn(sign: Sign, half: float) -> str:
    look = f'fill="{FILLS[sign.tier]}" fill-opacity="0.85" stroke="{EDGE}" stroke-width="0.18"'
    if sign.of_area:
        side = half * math.sqrt(math.pi)  # a square of the same area
        corner = f'x="{sign.x - side / 2:.2f}" y="{sign.y - side / 2:.2f}"'
        return f'<rect {corner} width="{side:.2f}" height="{side:.2f}" {look}/>'
    return f'<circle cx="{sign.x:.2f}" cy="{sign.y:.2f}" r="{half:.2f}" {look}/>'


def _forms() -> list[dict[str, str]]:
    said = {
        (VERIFIED, False): "verified", (CORROBORATED, False): "partly corroborated", (OTHER, False): "not corroborated",
        (OTHER, True): "square: the point stands for an area",
    }  # fmt: skip
    return [
        {"picture": _svg([_drawn(Sign(2, 2, 0, tier, of_area), 1.4)], 4, 4), "said": words}
        for (tier, of_area), words in said.items()
    ]


def _sample(number: int, largest: int) -> str:
    half = radius(number, largest)
    return _svg([_drawn(Sign(MOST / 2 + 0.2, MOST / 2 + 0.2, number, OTHER, False), half)], MOST + 0.4, MOST + 0.4)


def _scale(window: Window) -> dict[str, Any]:
    """Return a bar of round length, at most a quarter of the map's width: its kilometres and its millimetres."""
    millimetres = window.scale / EARTH_KM_A_DEGREE  # to a kilometre
    most = WIDTH / 4 / millimetres
    power = 10.0 ** math.floor(math.log10(most))
    length = max(step * power for step in STEPS if step * power <= most)
    return {"said": f"{length:g} km", "width": round(length * millimetres, 2)}


# Areas ----------------------------------------------------------------------------------------------------------------


def _shaded(record: Record, units: Sequence[Any]) -> dict[str, Any]:
    """Return the map of first-order units by people killed: classes of equal steps, and white where nothing is on record."""
    sums: dict[str, int] = defaultdict(int)
    counted: dict[str, int] = defaultdict(int)
    for incident in record.incidents:
        if not incident.refuted:
            sums[incident.area] += incident.killed[1]
            counted[incident.area] += 1
    window = Window.around([corner for unit in units for corner in _corners(unit["geometry"])])
    body, placed = list(_land(window)), 0
    for unit in units:
        properties = unit["properties"]
        called = areas.named(properties["pcode"], properties.get("name"))
        placed += counted.get(called, 0)
        fill = _class(sums[called]) if counted.get(called) else SEA
        body.append(f'<path d="{_path(unit["geometry"], window)}" fill="{fill}" stroke="{LINE}" stroke-width="0.25"/>')
    refuted = sum(incident.refuted for incident in record.incidents)
    total = len(record.incidents)
    swatches = [
        {"picture": _swatch(SEA), "said": "no incident on record: no data"},
        {"picture": _swatch(CLASSES[0][1]), "said": "fewer than 10, or none killed"},
    ]
    swatches += [{"picture": _swatch(colour), "said": f"{figure(least)} or more"} for least, colour in CLASSES[1:]]
    return {
        "title": "People killed (best number) by first-order unit",
        "picture": _svg(body, WIDTH, window.tall),
        "width": WIDTH,
        "sizes": [],
        "forms": swatches,
        "scale": _scale(window),
        "notes": [
            f"Shown {figure(placed)} of {figure(total)} incidents, of every status but refuted; {figure(total - placed - refuted)}"
            f" without a unit that is drawn; {figure(refuted)} refuted.",
            "White is a unit without any incident on record: that is no data, not a place where nothing happened.",
            "Numbers are of people, not for each head of the population: larger units have more.",
        ],
        "alt": f"Map of {figure(len(units))} first-order units, shaded by the people killed.",
    }  # fmt: skip


def _class(killed: int) -> str:
    return next((colour for least, colour in reversed(CLASSES) if killed >= least), CLASSES[0][1])


def _swatch(colour: str) -> str:
    return _svg(
        [f'<rect x="0.2" y="0.2" width="5.6" height="3.6" fill="{colour}" stroke="{LINE}" stroke-width="0.25"/>'], 6, 4
    )


def _corners(geometry: Any) -> Iterator[tuple[float, float]]:
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return ((lon, lat) for polygon in polygons for lon, lat in polygon[0])


# Outlines -------------------------------------------------------------------------------------------------------------


def _land(window: Window) -> Iterator[str]:
    """Yield the land within the window, from the rough outlines that are shipped (Natural Earth, 1:110 million)."""
    held = json.loads(files("geo").joinpath("land.geojson").read_text(encoding="utf-8"))["features"]
    for feature in held:
        path = _path(feature["geometry"], window)
        if path:
            yield f'<path d="{path}" fill="{LAND}" stroke="{LINE}" stroke-width="0.15"/>'


def _outlines(geometries: Iterable[Any], window: Window) -> Iterator[str]:
    for geometry in geometries:
        path = _path(geometry, window)
        if path:
            yield f'<path d="{path}" fill="{LAND}" stroke="{LINE}" stroke-width="0.25"/>'


def _path(geometry: Any, window: Window) -> str:
    """Return the part of an area that lies in the window, in hundredths of a millimetre that the eye can tell apart."""
    import shapely
    from shapely.affinity import translate

    shape = shapely.from_geojson(json.dumps(geometry))
    east, north = window.west + window.width, window.south + window.height
    found = []
    for turn in (-360.0, 0.0, 360.0):
        moved = translate(shape, turn)
        inside = shapely.clip_by_rect(moved, window.west, window.south, east, north)
        thin = shapely.simplify(inside, 0.05 / window.scale)
        for polygon in shapely.get_parts(thin):
            if shapely.get_type_id(polygon) == 3:
                found += [_ring(ring, window) for ring in (polygon.exterior, *polygon.interiors)]
    return "".join(found)


def _ring(ring: Any, window: Window) -> str:
    scale, flat = window.scale, window.flat
    top = window.south + window.height
    corners = [f"{(lon - window.west) * flat * scale:.2f} {(top - lat) * scale:.2f}" for lon, lat in ring.coords[:-1]]
    return f"M{'L'.join(corners)}Z"


def _svg(body: Iterable[str], width: float, height: float) -> str:
    size = f'width="{width:.2f}mm" height="{height:.2f}mm" viewBox="0 0 {width:.2f} {height:.2f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(body)}</svg>'

"""Administrative units: read from the boundary files people have, and asked where a point lies.

`read_units` takes GeoJSON, TopoJSON and GeoPackage; `Locator` answers for many points at once. Codes are strings,
leading zeros and all; geometries are WGS 84 with longitude first (RFC 7946), valid, and cut at the antimeridian.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo import frame

Codes = NDArray[np.object_]

DEEPEST = 6
NUMBERED = {
    "code": (r"adm(?:in)?_?(\d)_?p?code", r"gid_(\d)"),
    "name": (
        r"adm(?:in)?_?(\d)_?(?:name_?)?(?:en)?",
        r"adm(?:in)?_?(\d)_?name",
        r"name_(\d)",
        r"adm(?:in)?_?(\d)_?[a-z]{2}",
    ),
    "name_local": (r"adm(?:in)?_?(\d)_?name1", r"adm(?:in)?_?(\d)_?(?!en$)[a-z]{2}", r"nl_name_(\d)"),
}
PLAIN = {
    "code": ("pcode", "p_code", "adm_pcode", "code", "admin_code", "geoid", "fips", "iso_3166_2", "shapeid", "id"),
    "name": ("name", "name_en", "shapename", "admin_name", "label"),
    "name_local": ("name_local", "local_name"),
    "level": ("level", "admin_level", "adm_level", "adminlevel", "shapetype"),
    "parent": ("parent", "parent_pcode", "parent_code", "parent_id"),
}
FORMS = ((".gpkg", b"SQLite format 3\0"), (".json", b"{"))
BOM = b"\xef\xbb\xbf"
AREAL = (3, 6, 7)
STEP = 0.05
DEGREES = ("OGC:CRS84", "EPSG:4326")


@dataclass(frozen=True)
class Unit:
    """One administrative unit: `geometry` a MultiPolygon in WGS 84, `lon` and `lat` a point inside it.

    All three are None for a unit that is known by its code and not drawn.
    """

    code: str
    name: str
    level: int
    parent: str | None
    geometry: Any = None
    lon: float | None = None
    lat: float | None = None
    name_local: str | None = None

    @property
    def geojson(self) -> str | None:
        """Return the geometry as GeoJSON text, the same bytes for the same geometry."""
        return None if self.geometry is None else str(shapely.to_geojson(self.geometry))


@dataclass(frozen=True)
class Problem:
    """What is wrong with one feature of a layer (from 1; 0: the layer or the file), and how to mend it.

    `refused` features are not among the units; the others are, as the words say.
    """

    layer: str
    feature: int
    field: str
    fault: str
    mend: str
    refused: bool


@dataclass(frozen=True)
class UnitSet:
    """The units of a file, what was wrong with the others, and which column was read as what, layer by layer."""

    units: tuple[Unit, ...]
    problems: tuple[Problem, ...]
    read_as: Mapping[str, Mapping[str, str]]

    @property
    def refused(self) -> tuple[Problem, ...]:
        """Return the problems that kept a feature, or the whole file, out."""
        return tuple(problem for problem in self.problems if problem.refused)


@dataclass(frozen=True)
class _Layer:
    """A layer as it stands in the file: columns by name, geometries in WGS 84."""

    name: str
    columns: Mapping[str, Sequence[Any]]
    shapes: Any
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class _Columns:
    """Which column of a layer is read as what; `fixed` is the level that the column of codes names itself."""

    code: str | None
    name: str | None
    name_local: str | None
    level: str | None
    parent: str | None
    fixed: int | None

    def told(self, assumed: int, because: str) -> dict[str, str]:
        read = {field: value for field, value in asdict(self).items() if isinstance(value, str)}
        if self.fixed is not None:
            return read | {"level": f"{self.fixed} (from {self.code})"}
        return {"level": f"{assumed} (from {because})"} | read


def unit(code: str, name: str, level: int, parent: str | None, geojson: str | None = None) -> Unit:
    """Return a unit as it is held: GeoJSON text in WGS 84, made sound, with its representative point."""
    drawn = Unit(code, name, level, parent)
    return _drawn(drawn, frame.sound([shapely.from_geojson(geojson)])[0]) if geojson else drawn


def _drawn(unit: Unit, shape: Any) -> Unit:
    if shape is None:
        return unit
    inner = shapely.point_on_surface(max(shape.geoms, key=lambda part: part.area))
    return replace(unit, geometry=shape, lon=float(inner.x), lat=float(inner.y))


def read_units(
    source: bytes | Path,
    *,
    columns: Mapping[str, str] | None = None,
    level: int | None = None,
    crs: str | None = None,
) -> UnitSet:
    """Read administrative units from GeoJSON, TopoJSON or GeoPackage, all polygon layers of the file.

    Columns are found by their usual names: ADM0_PCODE .. ADM6_PCODE with ADMn_EN (COD-AB), GID_n with NAME_n, or
    pcode/code/id, name, level, parent; `columns` ({"code": "THEIR_COLUMN", ..}) overrules. The finest numbered code
    is the unit's, the next its parent. Where no level is stated: `level` for a file of one layer, else what the
    layers' names say (.. admin2 ..), else their order by number of units, the fewest highest; for one layer, 1. Where
    no parent is stated it is the unit of the next level above in which the representative point lies. `crs` is used
    where the file states none; a file in degrees needs none. Nothing is raised for a fault of the file: it stands
    among the problems.
    """
    layers, problems = _open(source, crs)
    units: dict[str, Unit] = {}
    read_as = {}
    for layer, (assumed, because) in zip(layers, _levels(layers, level), strict=True):
        picked = _choose(layer, columns or {})
        problems += [*layer.problems, *_take(layer, picked, assumed, units)]
        read_as[layer.name] = picked.told(assumed, because)
    whole, lost = _with_parents(list(units.values()))
    problems += lost
    if not units and not any(problem.refused for problem in problems):
        problems.append(_whole("the file holds no unit.", "Give a file of polygons with a column of codes."))
    return UnitSet(tuple(whole), tuple(problems), read_as)


def _whole(fault: str, mend: str, layer: str = "", refused: bool = True) -> Problem:
    return Problem(layer, 0, "", fault, mend, refused)


def _open(source: bytes | Path, crs: str | None) -> tuple[list[_Layer], list[Problem]]:
    """Return the layers of the file; only forms that cannot point to other files or hosts are given to GDAL."""
    try:
        data = source if isinstance(source, bytes) else source.read_bytes()
    except OSError as error:
        return [], [_whole(f"the file cannot be opened: {error.strerror}.", "Check its name and who may read it.")]
    ending = next((end for end, mark in FORMS if data.removeprefix(BOM).lstrip().startswith(mark)), None)
    if ending is None:
        return [], [_whole("the file is neither GeoJSON, TopoJSON nor GeoPackage.", "Convert it to one of these.")]
    with TemporaryDirectory() as folder:
        copy = Path(folder, f"units{ending}")
        copy.write_bytes(data)
        return _opened(copy, crs)


def _opened(file: Path, crs: str | None) -> tuple[list[_Layer], list[Problem]]:
    from pyogrio import list_layers
    from pyogrio.errors import DataLayerError, DataSourceError
    from pyproj.exceptions import CRSError

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            layers = [_layer(file, str(name), crs) for name, kind in list_layers(file) if kind is not None]
        except (DataSourceError, DataLayerError, CRSError) as error:
            why = str(error).replace(str(file), "it").rstrip(".")
            return [], [_whole(f"the file cannot be read: {why}.", "Is it whole? Open it where it was made.")]
    heard = dict.fromkeys(str(warning.message).replace(str(file), "it") for warning in said)
    return layers, [_whole(f"while reading: {words}", "Look whether it matters.", refused=False) for words in heard]


def _layer(file: Path, name: str, crs: str | None) -> _Layer:
    from pyogrio import raw

    meta, _, wkb, values = raw.read(file, layer=name, force_2d=True)
    columns = {str(field): column for field, column in zip(meta["fields"], values, strict=True)}
    shapes, problems = _in_degrees(name, shapely.from_wkb(wkb, on_invalid="fix"), meta["crs"] or crs)
    if any(problem.refused for problem in problems):
        return _Layer(name, {}, shapes[:0], tuple(problems))
    if shapes.size and not np.isin(shapely.get_type_id(shapes), AREAL).any():
        return _Layer(name, {}, shapes[:0], (*problems, _left_out(name, len(shapes), "not areas")))
    broken = int((~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)).sum())
    if broken:
        fault = f"areas repaired, because their rings cross or touch themselves: {broken:,}."
        problems.append(_whole(fault, "Nothing needs doing; look at them if borders matter.", name, refused=False))
    return _Layer(name, columns, frame.sound(shapes) if shapes.size else shapes, tuple(problems))


def _left_out(name: str, count: int, why: str) -> Problem:
    fault = f"features of this layer left out, because they are no units ({why}): {count:,}."
    return _whole(fault, "Nothing needs doing, unless they should be units.", name, refused=False)


def _in_degrees(name: str, shapes: Any, crs: Any) -> tuple[Any, list[Problem]]:
    """Reproject point by point, which no broken ring can upset; what is off the globe then becomes None."""
    from pyproj import CRS, Transformer

    if crs is not None and CRS.from_user_input(crs) not in [CRS.from_user_input(known) for known in DEGREES]:
        turn = Transformer.from_crs(crs, DEGREES[0], always_xy=True)
        shapes = shapely.transform(shapes, lambda xy: np.column_stack(turn.transform(*xy.T)))
    west, south, east, north = shapely.bounds(shapes).T
    drawn = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    off = drawn & ~((west >= -360) & (east <= 360) & (south >= -90) & (north <= 90))
    problems = []
    if off.any():
        turned = (west >= -90) & (east <= 90) & (south >= -180) & (north <= 180)
        why = "are latitude first" if turned[off].all() else "are not degrees, or in another reference system"
        fault = f"areas off the globe, because their coordinates {why}: {int(off.sum()):,}."
        problems.append(
            _whole(fault, "Say which coordinate reference system the file is in.", name, bool(off[drawn].all()))
        )
        shapes[off] = None
    return shapes, problems


def _choose(layer: _Layer, wanted: Mapping[str, str]) -> _Columns:
    """Choose the columns of code, name, local name, level and parent by their usual names."""
    usual = {column.lower(): column for column in layer.columns}
    found = {field: next((usual[name] for name in names if name in usual), None) for field, names in PLAIN.items()}
    numbered = _numbered(layer, "code")
    fixed = max((n for n, column in numbered.items() if _filled(layer, column)), default=None)
    if fixed is not None and not wanted.keys() & {"code", "level"}:
        found = {field: _numbered(layer, field).get(fixed) for field in NUMBERED}
        found |= {"parent": numbered.get(fixed - 1), "level": None}
    else:
        fixed = None
    found |= {field: usual.get(column.lower()) for field, column in wanted.items()}
    return _Columns(**found, fixed=fixed)


def _numbered(layer: _Layer, field: str) -> dict[int, str]:
    """Return, for each level, the first column whose name is of the field's numbered forms."""
    found: dict[int, str] = {}
    for form in NUMBERED[field]:
        for column in layer.columns:
            match = re.fullmatch(form, column.lower())
            if match:
                found.setdefault(int(match[1]), column)
    return found


def _filled(layer: _Layer, column: str) -> bool:
    return any(_text(value) is not None for value in layer.columns[column])


def _text(value: Any) -> str | None:
    """Return a cell as text without blanks around it: None for an empty one, 7 for 7.0."""
    if value is None or value != value:
        return None
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    return str(value).strip() or None


def _levels(layers: Sequence[_Layer], level: int | None) -> list[tuple[int, str]]:
    """Return for each layer the level of units that state none, and where it comes from."""
    by_size = sorted(range(len(layers)), key=lambda i: len(layers[i].shapes))
    named = [re.search(r"adm(?:in)?[ _-]?(\d)", layer.name.lower()) for layer in layers]
    if len(layers) == 1 and level is not None:
        return [(level, "as asked")]
    if all(named):
        return [(int(match[1]), "name of the layer") for match in named if match]
    if len(layers) == 1:
        return [(1, "nothing; taken as 1")]
    return [(by_size.index(i), "order of the layers by number of units") for i in range(len(layers))]


def _take(layer: _Layer, picked: _Columns, assumed: int, units: dict[str, Unit]) -> Iterator[Problem]:
    """Add the layer's units to those already read, by code; yield what is wrong with the rest."""
    if not layer.columns and not len(layer.shapes):
        return
    codes = layer.columns.get(picked.code or "", ())
    if not any(_text(code) is not None for code in codes):
        yield _left_out(layer.name, len(layer.shapes), "no column of codes was found")
        return
    if any(isinstance(code, int | float | np.number) for code in codes):
        fault = "codes are numbers in this file: leading zeros, if there were any, are lost."
        yield Problem(layer.name, 0, picked.code or "", fault, "Give the codes as text.", False)
    for i in range(len(layer.shapes)):
        yield from _take_one(layer, picked, assumed, i, units)


def _take_one(layer: _Layer, picked: _Columns, assumed: int, i: int, units: dict[str, Unit]) -> Iterator[Problem]:
    def cell(column: str | None) -> str | None:
        return _text(layer.columns[column][i]) if column else None

    def problem(column: str | None, fault: str, mend: str, refused: bool = True) -> Problem:
        return Problem(layer.name, i + 1, column or "", fault, mend, refused)

    code, stated = cell(picked.code), cell(picked.level)
    level = picked.fixed if picked.fixed is not None else _level(stated) if picked.level else assumed
    if code is None:
        yield problem(picked.code, "the unit has no code.", "Give it one, or leave it out.")
    elif code in units:
        yield problem(picked.code, f"{code} stands for another feature already.", "Join the parts of a unit into one.")
    elif level is None:
        yield problem(picked.level, f"the level is {stated or 'blank'}.", f"Give a number from 0 to {DEEPEST}.")
    else:
        parent, name = cell(picked.parent), cell(picked.name)
        bare = Unit(code, name or code, level, None if parent == code else parent, name_local=cell(picked.name_local))
        units[code] = _drawn(bare, layer.shapes[i])
        if name is None:
            yield problem(picked.name, f"{code} has no name; its code stands for it.", "Give the name.", refused=False)
        if layer.shapes[i] is None:
            mend = "Draw it, if points are to be found in it."
            yield problem("geometry", f"{code} has no area on the globe; it is known by its code only.", mend, False)


def _level(stated: str | None) -> int | None:
    match = re.fullmatch(rf"(?:adm|admin|level)?\s*([0-{DEEPEST}])", (stated or "").lower())
    return int(match[1]) if match else None


def _with_parents(units: Sequence[Unit]) -> tuple[list[Unit], list[Problem]]:
    """Give each unit without a stated parent the one above in which it lies."""
    levels = sorted({unit.level for unit in units})
    found, problems = [unit for unit in units if unit.parent or unit.level == levels[0]], []
    for above, level in pairwise(levels):
        alone = [unit for unit in units if unit.level == level and not unit.parent]
        lon, lat = np.array([(unit.lon, unit.lat) for unit in alone], dtype=float).reshape(-1, 2).T
        homes = Locator(unit for unit in units if unit.level == above).locate(lon, lat)
        found += [replace(unit, parent=home) for unit, home in zip(alone, homes, strict=True)]
        lost = [unit.code for unit, home in zip(alone, homes, strict=True) if home is None]
        if lost:
            fault = f"units of level {level} that lie in none of level {above}: {len(lost):,} ({', '.join(lost[:10])})."
            problems.append(_whole(fault, "State their parents in a column.", refused=False))
    order = {unit.code: i for i, unit in enumerate(units)}
    return sorted(found, key=lambda unit: order[unit.code]), problems


class Locator:
    """Answers in which unit points lie, and under which units a unit lies.

    A point on a border belongs to every unit that touches it; of these the finest level is answered, and within a
    level the code that comes first in the alphabet, so that the same point always has the same answer.
    """

    def __init__(self, units: Iterable[Unit]) -> None:
        self._units = sorted(units, key=lambda unit: (-unit.level, unit.code))
        self._codes = np.array([*(unit.code for unit in self._units), None], dtype=object)
        self._levels = np.array([unit.level for unit in self._units], dtype=int)
        self._rank = {unit.code: i for i, unit in enumerate(self._units)}
        self._shapes = np.array([unit.geometry for unit in self._units], dtype=object)
        shapely.prepare(self._shapes)
        self._tree = shapely.STRtree(self._shapes)

    def locate(self, lon: ArrayLike, lat: ArrayLike, level: int | None = None) -> Codes:
        """Return for each point the code of its unit, shape (n,), None where it lies in none.

        Without `level` it is the finest unit that holds the point. With `level` it is that unit's ancestor there, so
        that figures of finer units add up; a unit of the level itself answers where no finer one knows.
        """
        x, y = (np.atleast_1d(np.asarray(part, dtype=float)) for part in (lon, lat))
        if level is None:
            return np.asarray(self._codes[self._first(x, y, np.ones(len(self._units), dtype=bool))])
        above = np.array([*(self.ancestor(unit.code, level) for unit in self._units), None], dtype=object)
        by_finest = above[self._first(x, y, self._levels >= level)]
        direct = self._codes[self._first(x, y, self._levels == level)]
        return np.where(by_finest == np.array(None), direct, by_finest)

    def _first(self, x: frame.Floats, y: frame.Floats, allowed: frame.Flags) -> NDArray[np.intp]:
        """Return the rank of the first allowed unit that holds each point; the number of units where none does."""
        first = np.full(len(x), len(self._units))
        known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        point, rank = self._tree.query(shapely.points(x[known], y[known]))
        point, rank = known[point[allowed[rank]]], rank[allowed[rank]]
        held = shapely.intersects_xy(self._shapes[rank], x[point], y[point])
        np.minimum.at(first, point[held], rank[held])
        return first

    def ancestor(self, code: str, level: int) -> str | None:
        """Return the code of the unit of this level above a unit, itself where it is of that level; else None.

        A parent that is only named, not held, counts as one level above its child.
        """
        held = self._rank.get(code)
        while held is not None and self._units[held].level > level:
            here = self._units[held]
            held = self._rank.get(here.parent) if here.parent is not None else None
            if held is None:
                return here.parent if here.level == level + 1 else None
            if self._units[held].level >= here.level:
                return None
        return self._units[held].code if held is not None and self._units[held].level == level else None

    def lies_in(self, lon: ArrayLike, lat: ArrayLike, codes: Sequence[str | None]) -> frame.Flags:
        """Return for each point whether it lies in the unit it is said to lie in, borders included."""
        x, y = (np.atleast_1d(np.asarray(part, dtype=float)) for part in (lon, lat))
        ranks = np.array([self._rank.get(code or "", -1) for code in codes], dtype=int)
        known = np.flatnonzero((ranks >= 0) & np.isfinite(x) & np.isfinite(y))
        inside = np.zeros(len(x), dtype=bool)
        inside[known] = shapely.intersects_xy(self._shapes[ranks[known]], x[known], y[known])
        return inside

    def off_by_m(self, lon: float, lat: float, code: str) -> float:
        """Return how many metres a point lies outside a unit, 0.0 inside or on its border; KeyError for no such code.

        Measured in a frame centred on the point, where distances from it are true.
        """
        shape = self._shapes[self._rank[code]]
        if shapely.intersects_xy(shape, lon, lat):
            return 0.0
        here = frame.LocalFrame(lon, lat, 0.0)
        flat = shapely.transform(shapely.segmentize(shape, STEP), lambda xy: here.to_metres(*xy.T))
        return float(shapely.distance(flat, shapely.Point(0, 0)))

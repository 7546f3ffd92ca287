"""A deployment's own map layers: files that lie in a folder beside the database, read here and nowhere else.

PMTiles, MBTiles, GeoPackage and GeoJSON are opened, by what their bytes are; no other form is, no link out of the folder is
followed, and nothing that a file names elsewhere is fetched. A file that cannot be used is named with what is wrong, and the
others are still there. What the layers show is the deployment's own; nothing here says that it is right.
"""

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa

from casualty.errors import Fault, NotFound, UsageFault
from casualty.overlays import shapes, tiles
from casualty.overlays.form import Bounds, Unusable
from casualty.overlays.tiles import Tile
from casualty.store import Store, url_of

__all__ = [
    "VARIABLE", "Bounds", "Found", "Overlay", "Tile", "found", "layers_folder", "of", "outlines", "tile",
]  # fmt: skip

VARIABLE = "CASUALTY_LAYERS"
ARCHIVES: dict[str, type[tiles.PMTiles | tiles.MBTiles]] = {".pmtiles": tiles.PMTiles, ".mbtiles": tiles.MBTiles}
DRAWINGS = (".gpkg", ".geojson", ".json")
BESIDE = ("-wal", "-shm", "-journal")  # what SQLite itself lays beside a file that is written to
OTHER = "Is none of PMTiles, MBTiles, GeoPackage and GeoJSON."
CONVERT = "Convert it to one of these, or take it out of the folder."


@dataclass(frozen=True)
class Overlay:
    """One layer: `kind` is raster or vector (tiles) or shapes (GeoJSON); degrees in WGS 84, zooms as in web maps.

    `id` stands in addresses. `parts` are the names of the layers inside vector tiles, or the one table of a GeoPackage;
    `credit` is what the file says about whose data it is, as plain text.
    """

    id: str
    title: str
    kind: str
    path: Path
    bounds: Bounds
    minzoom: int
    maxzoom: int
    parts: tuple[str, ...] = ()
    credit: str = ""


@dataclass(frozen=True)
class Found:
    """The layers of a folder, and what was wrong with other files (or with features left out of a layer)."""

    folder: Path | None
    layers: tuple[Overlay, ...] = ()
    faults: tuple[Fault, ...] = ()

    def layer(self, key: str) -> Overlay:
        """Return the layer of an id; raise NotFound."""
        for layer in self.layers:
            if layer.id == key:
                return layer
        raise NotFound("There is no layer {key}.", values={"key": key})


def layers_folder(target: str | Path | sa.URL) -> Path | None:
    """Return the folder of a database's layers: beside a SQLite file, or named by CASUALTY_LAYERS for a server, else None.

    Raises UsageFault if the variable names no whole path.
    """
    url = target if isinstance(target, sa.URL) else url_of(target)
    if url.drivername == "sqlite":
        database = Path(str(url.database)).absolute()
        return database.with_name(f"{database.name}.layers")
    named = os.environ.get(VARIABLE, "").strip()
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.is_absolute():
        raise UsageFault("{variable} must be the whole path of a folder.", values={"variable": VARIABLE})
    return folder


def of(store: Store) -> Found:
    """Return the layers of an open database; raise UsageFault if the variable for them is wrong."""
    with store.reading() as connection:
        return found(layers_folder(connection.engine.url))


def found(folder: Path | None) -> Found:
    """Return what lies in a folder; a folder that is not there holds nothing."""
    try:
        paths = sorted(folder.iterdir()) if folder and folder.is_dir() else []
    except OSError as wrong:
        why = {"why": wrong.strerror or type(wrong).__name__}
        fault = Fault(0, str(folder), "The folder cannot be read: {why}.", "Let this account read it.", why)
        return Found(folder, faults=(fault,))
    looked = [_looked_at(path) for path in paths if not path.name.startswith(".") and not path.name.endswith(BESIDE)]
    layers = tuple(_apart(layer for part in looked for layer in part.layers))
    return Found(folder, layers, tuple(fault for part in looked for fault in part.faults))


def tile(layer: Overlay, z: int, x: int, y: int, *, packed: bool = True) -> Tile | None:
    """Return a tile by zoom, column and row from the north, None where the layer has none; without gzip if not `packed`.

    Raises UsageFault if the file cannot be read any more.
    """
    try:
        held = ARCHIVES[layer.path.suffix.lower()](layer.path).tile(z, x, y)
        return held if held is None or packed else held.unpacked
    except (OSError, Unusable) as wrong:
        raise _unread(layer.path, wrong) from wrong


def outlines(layer: Overlay) -> bytes:
    """Return a layer of shapes as GeoJSON (WGS 84), simplified to what a screen shows; raise UsageFault as `tile` does."""
    try:
        return shapes.drawn(layer.path, _stamp(layer.path), layer.parts[0] if layer.parts else "").text
    except (OSError, Unusable) as wrong:
        raise _unread(layer.path, wrong) from wrong


def _unread(path: Path, wrong: OSError | Unusable) -> UsageFault:
    return UsageFault("This layer cannot be read.", [_fault(path, wrong)])


def _fault(path: Path, wrong: OSError | Unusable) -> Fault:
    if isinstance(wrong, Unusable):
        return Fault(0, path.name, wrong.fault, wrong.mend, wrong.values)
    why = {"why": wrong.strerror or type(wrong).__name__}
    return Fault(0, path.name, "Cannot be opened: {why}.", "Let this account read it.", why)


def _stamp(path: Path) -> tuple[int, int]:
    """Return what changes when a file does; raise OSError if it is gone."""
    now = path.stat()
    return now.st_mtime_ns, now.st_size


def _looked_at(path: Path) -> Found:
    """Return the layers of one file, or its fault."""
    try:
        if path.resolve().parent != path.parent.resolve():
            raise Unusable("Is a link that leads out of the folder.", "Lay the file itself into the folder.")
        if path.suffix.lower() not in (*ARCHIVES, *DRAWINGS) or not path.is_file():
            raise Unusable(OTHER, CONVERT)
        return _examined(path, _stamp(path))
    except (OSError, Unusable) as wrong:
        return Found(path.parent, faults=(_fault(path, wrong),))


@lru_cache(maxsize=256)
def _examined(path: Path, stamp: tuple[int, int]) -> Found:
    """Look into a file, once for as long as it stays the same."""
    if path.suffix.lower() in ARCHIVES:
        return _archive(path)
    layers, faults = [], []
    names = shapes.tables(path) if path.suffix.lower() == ".gpkg" else [""]
    for name in names:
        try:
            drawn = shapes.drawn(path, stamp, name)
        except Unusable as wrong:
            faults.append(_fault(path, wrong))
            continue
        faults += [Fault(0, path.name, wrong.fault, wrong.mend, wrong.values) for wrong in drawn.remarks]
        inner = name if len(names) > 1 else ""
        title = " / ".join(filter(None, (path.stem, inner)))
        layers.append(Overlay(_plain(path, inner), title, "shapes", path, drawn.bounds, 0, 24, (name,) if name else ()))
    return Found(path.parent, tuple(layers), tuple(faults))


def _archive(path: Path) -> Found:
    try:
        about = ARCHIVES[path.suffix.lower()](path).about()
    except (OSError, Unusable) as wrong:
        return Found(path.parent, faults=(_fault(path, wrong),))
    title, zooms = about.title or path.stem, (about.minzoom, about.maxzoom)
    layer = Overlay(_plain(path), title, about.kind, path, about.bounds, *zooms, about.parts, about.credit)
    return Found(path.parent, (layer,))


def _plain(path: Path, inner: str = "") -> str:
    """Return an id for addresses: the file's name and kind in plain letters, a hash of it where it has none."""
    folded = unicodedata.normalize("NFKD", f"{path.stem} {inner}").encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[:60] or _hash(f"{path.stem} {inner}")
    return f"{slug}-{path.suffix[1:].lower()}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]


def _apart(layers: Iterable[Overlay]) -> Iterator[Overlay]:
    """Yield the layers with ids that differ."""
    taken: set[str] = set()
    for layer in layers:
        key = layer.id if layer.id not in taken else f"{layer.id}-{_hash('/'.join((layer.path.name, *layer.parts)))}"
        taken.add(key)
        yield replace(layer, id=key)

"""Tiles out of one file: PMTiles (specification 3) and MBTiles (specification 1.3), opened for reading only."""

import html
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from casualty.overlays.form import WORLD, Bounds, Unusable, bounds_of, broken, unpacked

DEEPEST = 24
MOST_DIRECTORY = 16 * 1024**2
MOST_ABOUT = 16 * 1024**2
MOST_TILE = 8 * 1024**2
MOST_PARTS = 30
LONGEST = 200
VECTOR = "application/x-protobuf"
GZIP = b"\x1f\x8b"
PICTURES = ((b"\x89PNG", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"RIFF", "image/webp"))
RASTER = ("png", "jpg", "jpeg", "webp")
AGAIN = "Write it again as Mapbox vector tiles, PNG, JPEG or WebP, with gzip or without compression."

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Tile:
    """A tile's bytes as they lie in the file, their media type, and whether they are in gzip."""

    body: bytes
    media_type: str
    gzipped: bool

    @property
    def unpacked(self) -> "Tile":
        """The same tile without gzip; raises Unusable if it is broken or too large."""
        return Tile(unpacked(self.body, MOST_TILE), self.media_type, False) if self.gzipped else self


@dataclass(frozen=True)
class About:
    """What a file says of itself."""

    kind: str
    bounds: Bounds
    minzoom: int
    maxzoom: int
    title: str
    credit: str
    parts: tuple[str, ...]


def _about(kind: str, bounds: Any, zooms: tuple[Any, Any], said: Mapping[str, Any]) -> About:
    """Return what a file says, checked: text cut and without markup, zooms in order, vector tiles with named layers."""
    try:
        least, most = (min(max(int(zoom), 0), DEEPEST) for zoom in zooms)
    except (TypeError, ValueError) as wrong:
        raise broken("its zoom levels are no numbers") from wrong
    if least > most:
        raise broken("its zoom levels are not in order")
    parts = tuple(_names(said.get("vector_layers"))) if kind == "vector" else ()
    if kind == "vector" and not 0 < len(parts) <= MOST_PARTS:
        fault = "Names {count} layers of vector tiles; from 1 to {most} can be drawn."
        raise Unusable(
            fault, "Write it again with vector_layers in its metadata.", {"count": len(parts), "most": MOST_PARTS}
        )
    return About(kind, bounds_of(bounds), least, most, _text(said.get("name")), _text(said.get("attribution")), parts)


def _names(listed: Any) -> Iterator[str]:
    for part in listed if isinstance(listed, list) else ():
        if isinstance(part, dict) and isinstance(part.get("id"), str):
            yield part["id"]


def _text(value: Any) -> str:
    """Return text without the markup that attributions are often written in."""
    plain = html.unescape(re.sub(r"<[^>]*>", "", value)) if isinstance(value, str) else ""
    return " ".join(plain.split())[:LONGEST]


def _json(data: bytes | str) -> dict[str, Any]:
    try:
        said = json.loads(data)
    except (ValueError, RecursionError) as wrong:
        raise broken("its metadata is no JSON") from wrong
    return said if isinstance(said, dict) else {}


def _tile(body: bytes, kind: str) -> Tile:
    """Return a tile that is what its layer should hold, known by its first bytes."""
    if len(body) > MOST_TILE:
        raise broken("a tile is too large")
    if kind == "vector":
        return Tile(body, VECTOR, body.startswith(GZIP))
    for mark, media_type in PICTURES:
        if body.startswith(mark):
            return Tile(body, media_type, False)
    raise broken("a tile is no picture")


@dataclass(frozen=True)
class _Header:
    root: tuple[int, int]
    about: tuple[int, int]
    leaves: int
    data: int
    inner_gzip: bool
    kind: str
    zooms: tuple[int, int]
    bounds: Bounds


@dataclass(frozen=True)
class _Directory:
    ids: Numbers
    runs: Numbers
    lengths: Numbers
    offsets: Numbers

    def entry(self, number: int) -> tuple[int, int, bool] | None:
        """Return offset and length for a tile's number, and whether another directory lies there."""
        at = int(np.searchsorted(self.ids, number, side="right")) - 1
        if at < 0:
            return None
        run = int(self.runs[at])
        if run and number - int(self.ids[at]) >= run:
            return None
        return int(self.offsets[at]), int(self.lengths[at]), run == 0


class PMTiles:
    """A file of tiles found through directories of numbers along a Hilbert curve."""

    KINDS: Mapping[int, str] = {1: "vector", 2: "raster", 3: "raster", 4: "raster"}
    DEPTH = 4  # directories that lead to one another

    def __init__(self, path: Path) -> None:
        self.path = path

    def about(self) -> About:
        """Return what the file says of itself; raise Unusable, or OSError."""
        header = self._header()
        data = _bytes(self.path, *header.about, MOST_ABOUT)
        said = _json(unpacked(data, MOST_ABOUT) if header.inner_gzip else data) if data else {}
        self._directory(header, header.root)
        return _about(header.kind, header.bounds, header.zooms, said)

    def tile(self, z: int, x: int, y: int) -> Tile | None:
        """Return a tile, or None if there is none; raise Unusable, or OSError."""
        if not 0 <= z <= DEEPEST or not (0 <= x < 1 << z and 0 <= y < 1 << z):
            return None
        header, number = self._header(), hilbert(z, x, y)
        place = header.root
        for _ in range(self.DEPTH):
            found = self._directory(header, place).entry(number)
            if found is None:
                return None
            offset, length, leads_on = found
            if not leads_on:
                return _tile(_bytes(self.path, header.data + offset, length, MOST_TILE), header.kind)
            place = (header.leaves + offset, length)
        raise broken("its directories lead on without an end")

    def _directory(self, header: _Header, place: tuple[int, int]) -> _Directory:
        now = self.path.stat()
        return _directory(self.path, (now.st_mtime_ns, now.st_size), place, header.inner_gzip)

    def _header(self) -> _Header:
        raw = _bytes(self.path, 0, 127, 127) if self.path.stat().st_size >= 127 else b""
        if raw[:8] != b"PMTiles\x03":
            raise Unusable("Is no PMTiles file of version 3.", AGAIN)
        places = [int.from_bytes(raw[at : at + 8], "little") for at in range(8, 72, 8)]
        if max(places) >= 1 << 62:
            raise broken("its parts lie outside the file")
        inner, outer, kind = raw[97:100]
        if inner not in (1, 2) or outer not in (1, 2) or kind not in self.KINDS:
            raise Unusable("Holds tiles of a kind, or in a compression, that cannot be shown.", AGAIN)
        corners = [int.from_bytes(raw[at : at + 4], "little", signed=True) / 1e7 for at in range(102, 118, 4)]
        root, about = (places[0], places[1]), (places[2], places[3])
        zooms = (raw[100], raw[101])
        return _Header(root, about, places[4], places[6], inner == 2, self.KINDS[kind], zooms, bounds_of(corners))


def _bytes(path: Path, offset: int, length: int, most: int) -> bytes:
    """Return a part of a file; raise Unusable if it is larger than `most` or not all there."""
    if length > most:
        raise broken("a part is too large")
    if offset < 0 or offset + length > path.stat().st_size:
        raise broken("it ends too early")
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(length)


@lru_cache(maxsize=128)
def _directory(path: Path, stamp: tuple[int, int], place: tuple[int, int], packed: bool) -> _Directory:
    """Return the directory at a place; the stamp changes when the file does."""
    data = _bytes(path, *place, MOST_DIRECTORY)
    return directory(unpacked(data, MOST_DIRECTORY) if packed else data)


def directory(data: bytes) -> _Directory:
    """Return a directory of PMTiles; raise Unusable if its numbers do not make one."""
    numbers = _varints(data)
    count = int(numbers[0])
    if count < 1 or len(numbers) != 1 + 4 * count:
        raise broken("a directory is not as long as it says")
    steps, runs, lengths, stored = numbers[1:].reshape(4, count)
    # An offset of nought: right behind the entry before.
    before = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    named = np.maximum.accumulate(np.where(stored > 0, np.arange(count), 0))
    return _Directory(np.cumsum(steps), runs, lengths, (stored - 1 - before)[named] + before)


def _varints(data: bytes) -> Numbers:
    """Return the whole numbers of a row of variable-length integers, seven bits a byte, the lowest first."""
    raw = np.frombuffer(data, np.uint8)
    last = np.flatnonzero(raw < 128)
    if not last.size or last[-1] != len(raw) - 1:
        raise broken("a directory ends too early")
    first = np.concatenate([[0], last[:-1] + 1])
    places = np.arange(len(raw)) - np.repeat(first, last - first + 1)
    if places.max() > 7:
        raise broken("a directory holds a number that is too large")
    return np.asarray(np.add.reduceat((raw & 127).astype(np.int64) << (7 * places), first), dtype=np.int64)


def hilbert(z: int, x: int, y: int) -> int:
    """Return a tile's number: those of all lower zooms first, then along the Hilbert curve of its own."""
    number = ((1 << (2 * z)) - 1) // 3
    for bit in reversed(range(z)):
        side = 1 << bit
        right, down = bool(x & side), bool(y & side)
        number += (3 * right ^ down) << (2 * bit)
        if not down:
            if right:
                x, y = side - 1 - (x & (side - 1)), side - 1 - (y & (side - 1))
            x, y = y, x
    return number


class MBTiles:
    """A SQLite file of tiles, rows counted from the south."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def about(self) -> About:
        """Return what the file says of itself; raise Unusable, or OSError."""
        with self._open() as connection:
            said = {str(name): value for name, value in connection.execute("SELECT name, value FROM metadata")}
            zooms = (said.get("minzoom"), said.get("maxzoom"))
            if None in zooms:
                zooms = connection.execute("SELECT min(zoom_level), max(zoom_level) FROM tiles").fetchone()
            connection.execute("SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles LIMIT 1").fetchone()
        inner = _json(said["json"]) if isinstance(said.get("json"), str) else {}
        bounds = str(said["bounds"]).split(",") if "bounds" in said else WORLD
        return _about(_kind(said), bounds, zooms, {**inner, **said})

    def tile(self, z: int, x: int, y: int) -> Tile | None:
        """Return a tile, or None if there is none; raise Unusable, or OSError."""
        if not 0 <= z <= DEEPEST or not (0 <= x < 1 << z and 0 <= y < 1 << z):
            return None
        asked = "select tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"
        with self._open() as connection:
            row = connection.execute(asked, (z, x, (1 << z) - 1 - y)).fetchone()
            kind = _kind(dict(connection.execute("SELECT name, value FROM metadata WHERE name = 'format'")))
        if row is None or not isinstance(row[0], bytes):
            return None
        return _tile(row[0], kind)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open the file so that nothing is written beside it and none of its own functions run; faults become Unusable."""
        with self.path.open("rb") as file:
            if file.read(16) != b"SQLite format 3\0":
                raise Unusable("Is no MBTiles file.", AGAIN)
        address = f"file:{quote(str(self.path))}?mode=ro&immutable=1"
        try:
            with closing(sqlite3.connect(address, uri=True)) as connection:
                connection.execute("PRAGMA trusted_schema = OFF")
                connection.text_factory = partial(str, encoding="utf-8", errors="replace")
                connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
                yield connection
        except (sqlite3.Error, UnicodeDecodeError) as wrong:  # the latter: a broken name within SQLite's own message
            raise broken("its tables cannot be read") from wrong


def _kind(said: Mapping[str, Any]) -> str:
    form = str(said.get("format", "")).lower()
    if form == "pbf" or form in RASTER:
        return "vector" if form == "pbf" else "raster"
    fault = "Says that its tiles are in the format {form}, which cannot be shown."
    raise Unusable(fault, AGAIN, {"form": _text(form)[:20] or "?"})

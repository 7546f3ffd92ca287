"""A deployment's own layers: what is opened and what is not, what is sent, and what is said of a file that cannot be used."""

import gzip
import http.client
import io
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely
from PIL import Image
from pyogrio import raw
from serving import Running, database, running

from app import overlays as told
from casualty import doctor, overlays
from casualty.errors import NotFound, UsageFault
from casualty.overlays import tiles
from casualty.store import Store

Fetched = Callable[..., tuple[int, dict[str, str], bytes]]
POINTS = [(36.30, 33.51), (36.72, 34.73), (37.16, 36.20)]


def picture(colour: str, form: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (256, 256), colour).save(out, form)
    return out.getvalue()


def mbtiles(path: Path, rows: dict[tuple[int, int, int], bytes], **said: str) -> Path:
    """Write an MBTiles file; rows are counted from the south, as its specification says."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE metadata (name TEXT, value TEXT)")
    connection.execute("CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB)")
    connection.executemany("INSERT INTO metadata VALUES (?, ?)", said.items())
    connection.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", [(*at, data) for at, data in rows.items()])
    connection.commit()
    connection.close()
    return path


def written(path: Path, shapes: list[object], crs: str = "EPSG:4326", table: str = "camps", **options: str) -> Path:
    """Write shapes with a file format's own driver, which is not the reader under test."""
    names = np.array([f"Camp {at}" for at in range(len(shapes))], dtype=object)
    raw.write(
        path,
        geometry=shapely.to_wkb(shapes),
        field_data=[names],
        fields=["name"],
        layer=table,
        crs=crs,
        geometry_type=shapely.get_parts(shapes)[0].geom_type,
        append=path.exists(),
        **options,
    )
    return path


def collection(*geometries: object, **extra: object) -> str:
    features = [{"type": "Feature", "properties": {"name": "مخيم", "n": 3}, "geometry": one} for one in geometries]
    return json.dumps({"type": "FeatureCollection", "features": features, **extra}, ensure_ascii=False)


def point(lon: float, lat: float) -> dict[str, object]:
    return {"type": "Point", "coordinates": [lon, lat]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one file of each form, beside the database that it belongs to."""
    base = tmp_path_factory.mktemp("layers")
    database(base / "r.db", sample=False, sample_accounts=False)
    folder = base / "r.db.layers"
    folder.mkdir()
    points = [shapely.Point(at) for at in POINTS]
    rows = {(1, 1, 1): picture("red"), (1, 1, 0): picture("blue", "JPEG")}
    credit = "&copy; <a href='http://evil.example/'>A mapper</a>"
    said = {"format": "png", "bounds": "0,-85,180,85", "minzoom": "1", "maxzoom": "1"}
    mbtiles(folder / "Hill Shade.mbtiles", rows, name="Hills", attribution=credit, **said)
    written(folder / "roads.pmtiles", points, table="roads", MINZOOM="0", MAXZOOM="5")
    written(folder / "streets.mbtiles", points, table="streets", MINZOOM="0", MAXZOOM="5")
    turned = [shapely.Point(4_040_000 + 1000 * at, 3_965_000) for at in range(3)]
    written(folder / "camps.gpkg", turned, "EPSG:3857")
    (folder / "areas.geojson").write_text(collection(json.loads(shapely.to_geojson(shapely.box(36, 33, 37, 34)))))
    return folder


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Running]:
    """That folder's database, served."""
    yield from running(folder.with_suffix(""))


@pytest.fixture(scope="module")
def fetched(served: Running) -> Fetched:
    """What asks as somebody signed in, and returns the bytes as they came."""
    cookie = served.sign_in("recorder").cookie

    def fetched(path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        line = http.client.HTTPConnection(served.host, served.port, timeout=30)
        line.request("GET", path, headers={"Cookie": cookie, **{k.replace("_", "-"): v for k, v in headers.items()}})
        answer = line.getresponse()
        body = answer.read()
        line.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body

    return fetched


def only(folder: Path, name: str, data: bytes | str) -> overlays.Found:
    """What is found in a folder with one file of these bytes."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return overlays.found(folder)


def test_each_form_is_found_with_what_a_map_needs(folder: Path) -> None:
    """R73: ids are plain, titles and credits plain text, kinds and zooms as in the file."""
    found = overlays.found(folder)
    assert found.faults == ()
    assert {(one.id, one.title, one.kind, one.minzoom, one.maxzoom, one.parts) for one in found.layers} == {
        ("hill-shade-mbtiles", "Hills", "raster", 1, 1, ()),
        ("roads-pmtiles", "roads", "vector", 0, 5, ("roads",)),
        ("streets-mbtiles", "streets", "vector", 0, 5, ("streets",)),
        ("camps-gpkg", "camps", "shapes", 0, 24, ("camps",)),
        ("areas-geojson", "areas", "shapes", 0, 24, ()),
    }
    assert found.layer("hill-shade-mbtiles").credit == "© A mapper"
    assert found.layer("areas-geojson").bounds == (36, 33, 37, 34)
    assert found.layer("roads-pmtiles").bounds == pytest.approx((36.30, 33.51, 37.16, 36.20), abs=0.001)


def test_pictures_are_sent_from_the_north_down(fetched: Fetched) -> None:
    """R73: MBTiles counts rows from the south; its row 1 of zoom 1 is a map's row 0."""
    status, headers, body = fetched("/layers/hill-shade-mbtiles/1/1/0", Accept_Encoding="gzip")
    assert (status, headers["content-type"], "content-encoding" in headers) == (200, "image/png", False)
    assert body == picture("red")
    status, headers, body = fetched("/layers/hill-shade-mbtiles/1/1/1")
    assert (headers["content-type"], body) == ("image/jpeg", picture("blue", "JPEG"))
    assert headers["cache-control"] == "no-store"
    for absent in ("1/0/0", "7/0/0", "1/5/0", "99/0/0"):
        assert fetched(f"/layers/hill-shade-mbtiles/{absent}")[0] == 404


def test_vector_tiles_are_sent_as_they_lie(fetched: Fetched) -> None:
    """R73: in gzip for a browser that takes it, unpacked for one that does not; empty where there is none."""
    for key, table in (("roads-pmtiles", b"roads"), ("streets-mbtiles", b"streets")):
        status, headers, body = fetched(f"/layers/{key}/5/19/12", Accept_Encoding="gzip")
        assert (status, headers["content-encoding"]) == (200, "gzip")
        assert headers["content-type"] == "application/x-protobuf"
        assert table in gzip.decompress(body)
        plain = fetched(f"/layers/{key}/5/19/12")
        assert (plain[0], "content-encoding" in plain[1], plain[2]) == (200, False, gzip.decompress(body))
        assert fetched(f"/layers/{key}/5/0/0")[::2] == (204, b"")


def test_shapes_are_sent_in_degrees(fetched: Fetched) -> None:
    """R73: a GeoPackage in metres and a GeoJSON file, with a few short words each, not sent twice."""
    status, headers, body = fetched("/layers/camps-gpkg.geojson")
    first = json.loads(body)["features"][0]
    assert (status, headers["content-type"]) == (200, "application/geo+json")
    assert first["geometry"]["coordinates"] == pytest.approx([36.2919, 33.5235], abs=0.001)
    assert first["properties"] == {"name": "Camp 0"}
    area = json.loads(fetched("/layers/areas-geojson.geojson")[2])["features"][0]
    assert (area["properties"], area["geometry"]["type"]) == ({"name": "مخيم", "n": "3"}, "Polygon")
    assert fetched("/layers/camps-gpkg.geojson", If_None_Match=headers["etag"])[::2] == (304, b"")


def test_nothing_else_is_sent(served: Running, fetched: Fetched) -> None:
    """R73, R75: no layer of another name or kind, no path out of the folder, and nothing to a stranger."""
    for path in ("none.geojson", "roads-pmtiles.geojson", "roads.pmtiles/0/0/0", "camps-gpkg/0/0/0", "none/0/0/0"):
        assert fetched(f"/layers/{path}")[::2] == (
            404,
            f"There is no layer {path.split('.g')[0].split('/')[0]}.\n".encode(),
        )
    for path in ("..%2fr.db.geojson", "../r.db.geojson", "%2e%2e/r.db/0/0/0", "roads-pmtiles/0/0/-1"):
        assert b"SQLite" not in fetched(f"/layers/{path}")[2]
    assert served.ask("/layers/roads-pmtiles/0/0/0").status == served.ask("/layers/camps-gpkg.geojson").status == 401


def test_the_map_is_told_of_paths_of_this_server_only(folder: Path) -> None:
    """R73"""
    store = Store.open(folder.with_suffix(""))
    listed = told.listed(store)
    assert [one["url"] for one in listed] == [
        "/layers/hill-shade-mbtiles/{z}/{x}/{y}", "/layers/areas-geojson.geojson", "/layers/camps-gpkg.geojson",
        "/layers/roads-pmtiles/{z}/{x}/{y}", "/layers/streets-mbtiles/{z}/{x}/{y}",
    ]  # fmt: skip
    assert "http" not in json.dumps(listed)
    assert told.faults(store) == ()
    store.close()


POINT = json.dumps(point(36, 33))
BROKEN = [
    # name              bytes                                                     what is said
    ("a.geojson", "{", "Is damaged: it is no JSON."),
    ("a.geojson", "[" * 100_000, "Is damaged: it is no JSON."),
    ("a.json", '{"type": "Topology", "objects": {}}', "Is JSON, but no GeoJSON."),
    ("a.geojson", collection(), "Holds no shape that can be drawn."),
    ("a.geojson", collection(None), "Holds no shape that can be drawn."),
    ("a.geojson", collection(point(4_000_000, 3_000_000)), "Its coordinates are not degrees on the globe."),
    ("a.geojson", collection(point(36, 33), crs={"type": "link", "properties": {"href": "http://evil.example/"}}),
     "Names its coordinate system in a way that cannot be read."),
    ("a.geojson", collection(point(36, 33), crs={"type": "name", "properties": {"name": "+init=/etc/passwd:1"}}),
     "Names its coordinate system in a way that cannot be read."),
    ("a.geojson", collection(point(36, 33), crs={"type": "name", "properties": {"name": "EPSG:999999"}}),
     "Is in a coordinate system that is not known here."),
    ("a.gpkg", POINT, "Is no GeoPackage."),
    ("a.gpkg", b"<OGRVRTDataSource><OGRVRTLayer name='x'/></OGRVRTDataSource>", "Is no GeoPackage."),
    ("a.gpkg", b"SQLite format 3\0" + b"\0" * 52 + b"GPKG" + b"\0" * 40, "Is damaged: its tables cannot be read."),
    ("a.mbtiles", POINT, "Is no MBTiles file."),
    ("a.mbtiles", b"SQLite format 3\0" + b"\1" * 200, "Is damaged: its tables cannot be read."),
    ("a.pmtiles", b"", "Is no PMTiles file of version 3."),
    ("a.pmtiles", b"PMTiles\x02" + b"\0" * 200, "Is no PMTiles file of version 3."),
    ("a.pmtiles", b"PMTiles\x03" + b"\0" * 200, "Holds tiles of a kind, or in a compression, that cannot be shown."),
    ("a.pmtiles", b"PMTiles\x03" + b"\xff" * 200, "Is damaged: its parts lie outside the file."),
    ("a.vrt", "<OGRVRTDataSource/>", "Is none of PMTiles, MBTiles, GeoPackage and GeoJSON."),
    ("a.shp", b"\0", "Is none of PMTiles, MBTiles, GeoPackage and GeoJSON."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "fault"), BROKEN)
def test_a_file_that_cannot_be_used_is_named_and_the_others_stay(
    tmp_path: Path, name: str, data: bytes | str, fault: str
) -> None:
    """R73: with what is wrong and a mend; nothing is opened by another driver than its own."""
    (tmp_path / "well.geojson").write_text(collection(point(36, 33)))
    found = only(tmp_path, name, data)
    assert [one.id for one in found.layers] == ["well-geojson"]
    assert [(one.field, one.said) for one in found.faults] == [(name, fault)]
    assert found.faults[0].remedy


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    """R73"""
    (tmp_path / "secret.geojson").write_text(collection(point(36, 33)))
    inside = tmp_path / "r.db.layers"
    inside.mkdir()
    (inside / "a.geojson").symlink_to(tmp_path / "secret.geojson")
    (inside / "b.geojson").mkdir()
    os.mkfifo(inside / "c.geojson")
    found = overlays.found(inside)
    assert found.layers == ()
    assert [one.said for one in found.faults] == [
        "Is a link that leads out of the folder.", *["Is none of PMTiles, MBTiles, GeoPackage and GeoJSON."] * 2,
    ]  # fmt: skip


def test_features_left_out_are_counted(tmp_path: Path) -> None:
    """R73: nothing is dropped in silence."""
    found = only(tmp_path / "x", "a.geojson", collection(point(36, 33), None, {"type": "Point", "coordinates": []}))
    assert [one.id for one in found.layers] == ["a-geojson"]
    assert [one.said for one in found.faults] == ["Features without a shape that can be drawn, left out: 2."]


def test_what_is_too_much_for_a_page_says_so(tmp_path: Path) -> None:
    """R73: lines are simplified as far as a screen allows, points cannot be."""
    rng = np.random.default_rng(1)
    points = [point(*at) for at in rng.uniform(10, 20, (40_000, 2)).tolist()]
    (fault,) = only(tmp_path / "x", "points.geojson", collection(*points)).faults
    assert fault.said == "Holds too much for one layer of a page (40000 features)."
    turns = np.linspace(0, 2 * np.pi, 200_000)
    ring = {"type": "LineString", "coordinates": np.column_stack([np.cos(turns), np.sin(turns)]).tolist()}
    found = only(tmp_path / "y", "ring.geojson", collection(ring))
    assert len(overlays.outlines(found.layer("ring-geojson"))) < 100_000


def test_names_in_any_script_and_names_alike_get_ids_of_their_own(tmp_path: Path) -> None:
    """R73"""
    for name in ("مخيمات.geojson", "a b.geojson", "A-b.geojson", ".hidden.geojson"):
        found = only(tmp_path, name, collection(point(36, 33)))
    assert {one.title for one in found.layers} == {"مخيمات", "a b", "A-b"}
    assert len({one.id for one in found.layers}) == 3
    assert all(one.id.isascii() for one in found.layers)
    with pytest.raises(NotFound):
        found.layer("hidden-geojson")


def test_each_table_of_a_geopackage_is_a_layer(tmp_path: Path) -> None:
    """R73"""
    written(tmp_path / "two.gpkg", [shapely.Point(36, 33)], table="camps")
    written(tmp_path / "two.gpkg", [shapely.LineString(POINTS)], table="roads")
    assert [(one.id, one.title) for one in overlays.found(tmp_path).layers] == [
        ("two-camps-gpkg", "two / camps"), ("two-roads-gpkg", "two / roads"),
    ]  # fmt: skip


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    """R73"""
    first = only(tmp_path, "a.geojson", collection(point(36, 33)))
    second = only(tmp_path, "a.geojson", collection(point(10, 20), point(11, 21)))
    assert first.layers[0].bounds != second.layers[0].bounds == (10, 20, 11, 21)


def test_where_the_folder_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R73: beside a file; named for a server; none is no fault."""
    server = "postgresql+psycopg://someone@db.example/casualty"
    monkeypatch.delenv(overlays.VARIABLE, raising=False)
    assert overlays.layers_folder(tmp_path / "a.db") == tmp_path / "a.db.layers"
    assert overlays.layers_folder(server) is None
    assert overlays.found(None) == overlays.Found(None)
    monkeypatch.setenv(overlays.VARIABLE, str(tmp_path))
    assert overlays.layers_folder(server) == tmp_path
    monkeypatch.setenv(overlays.VARIABLE, "layers")
    with pytest.raises(UsageFault, match="whole path"):
        overlays.layers_folder(server)


def test_the_doctor_names_layers_and_what_cannot_be_read(tmp_path: Path) -> None:
    """R73"""
    Store.create(tmp_path / "r.db").close()

    def findings() -> list[tuple[bool, str]]:
        looked = doctor.examine(str(tmp_path / "r.db"))
        return [(one.ok, one.found) for one in looked if one.what.startswith("map layer")]

    where = tmp_path / "r.db.layers"
    assert findings() == [(True, f"none, in {where}")]
    only(where, "bad.pmtiles", b"")
    only(where, "camps.geojson", collection(point(36, 33)))
    assert findings() == [
        (True, f"camps (shapes), in {where}"), (False, "bad.pmtiles: Is no PMTiles file of version 3."),
    ]  # fmt: skip


def test_the_curve_of_pmtiles_goes_through_every_tile_once_and_to_a_neighbour() -> None:
    """R73: numbers 0 to 4^z - 1 of each zoom behind those of the zooms before, each step to a tile that touches."""
    assert [tiles.hilbert(*at) for at in ((0, 0, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0), (2, 0, 0))] == [
        *range(6)
    ]
    by_number = {tiles.hilbert(5, x, y): (x, y) for x in range(32) for y in range(32)}
    assert sorted(by_number) == list(range(341, 341 + 1024))
    path = [by_number[number] for number in sorted(by_number)]
    assert all(abs(a - c) + abs(b - d) == 1 for (a, b), (c, d) in pairwise(path))


def test_many_tiles_are_found_through_directories_of_directories(tmp_path: Path) -> None:
    """R73: against the same tiles in MBTiles, written by another program."""
    rng = np.random.default_rng(2)
    points = [shapely.Point(at) for at in rng.uniform((-170, -70), (170, 70), (20_000, 2))]
    for name in ("a.pmtiles", "a.mbtiles"):
        written(tmp_path / name, points, table="spots", MINZOOM="9", MAXZOOM="9")
    packed, flat = tiles.PMTiles(tmp_path / "a.pmtiles"), tiles.MBTiles(tmp_path / "a.mbtiles")
    assert int.from_bytes((tmp_path / "a.pmtiles").read_bytes()[48:56], "little") > 0  # there are leaf directories
    held = 0
    for x, y in rng.integers((20, 100), (490, 410), (2000, 2)).tolist():
        one, other = packed.tile(9, x, y), flat.tile(9, x, y)
        assert (one and one.unpacked) == (other and other.unpacked)
        held += one is not None
    assert 100 < held < 1000


def test_broken_bytes_are_never_more_than_a_fault(tmp_path: Path, folder: Path) -> None:
    """R73: any byte of a file may be wrong, and its end may be missing."""
    rng = np.random.default_rng(3)
    for name in ("roads.pmtiles", "streets.mbtiles", "camps.gpkg"):
        whole = np.frombuffer((folder / name).read_bytes(), np.uint8)
        for turn in range(40):
            data = whole[: rng.integers(1, len(whole))].copy() if turn % 4 == 0 else whole.copy()
            where = rng.integers(0, min(len(data), 4096), 12)
            data[where] = rng.integers(0, 256, 12)
            found = only(tmp_path / f"{name}{turn}", name, data.tobytes())
            assert len(found.layers) + len(found.faults) > 0
            for layer in found.layers:
                with suppress(UsageFault):
                    overlays.outlines(layer) if layer.kind == "shapes" else overlays.tile(
                        layer, 5, 19, 12, packed=False
                    )


def test_a_packed_part_cannot_fill_the_memory(tmp_path: Path, folder: Path) -> None:
    """R73: a few kilobytes of gzip that would unpack to more than a tile may be."""
    bomb = gzip.compress(bytes(tiles.MOST_TILE + 1))
    said = {"format": "pbf", "minzoom": "0", "maxzoom": "0", "json": '{"vector_layers": [{"id": "x"}]}'}
    mbtiles(tmp_path / "b.mbtiles", {(0, 0, 0): bomb}, **said)
    (layer,) = overlays.found(tmp_path).layers
    with pytest.raises(UsageFault, match="too large when unpacked"):
        overlays.tile(layer, 0, 0, 0, packed=False)


def test_reading_layers_opens_no_connection(folder: Path) -> None:
    """R73: everything that names a host is text to this program."""
    script = (
        "import sys, pathlib\n"
        "def hook(name, found):\n"
        "    if name in ('socket.connect', 'socket.getaddrinfo'): sys.exit(f'asked for {found}')\n"
        "sys.addaudithook(hook)\n"
        "from casualty import overlays\n"
        "held = overlays.found(pathlib.Path(sys.argv[1])).layers\n"
        "print(len([overlays.outlines(one) for one in held if one.kind == 'shapes']), len(held))\n"
    )
    run = subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.split()) == (0, ["2", "5"]), run.stderr

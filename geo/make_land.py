"""Makes land.geojson, the rough outlines of countries, from the countries file of Natural Earth in TopoJSON.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python -m geo.make_land package/countries-110m.json

Natural Earth is in the public domain. Antarctica is left out: nobody's home is there, and exchanged coordinates of many
countries fall on it.
"""

import json
import sys
from pathlib import Path
from typing import Any

import shapely
from pyogrio import raw

from geo import frame

TOLERANCE = 0.08
DECIMALS = 2
LEFT_OUT = ("Antarctica", "Fr. S. Antarctic Lands")


def thinned(shape: Any) -> Any:
    """Return an outline simplified and rounded to what a rough question needs."""
    rough = shapely.set_precision(shapely.simplify(shape, TOLERANCE), 10**-DECIMALS)
    return shapely.orient_polygons(shapely.MultiPolygon([p for p in shapely.get_parts(rough) if p.area > 0]))


def main(source: Path) -> None:
    """Read the TopoJSON file and write land.geojson beside this script."""
    meta, _, wkb, columns = raw.read(source, layer="countries")
    names = columns[list(meta["fields"]).index("name")]
    shapes = frame.sound(shapely.from_wkb(wkb, on_invalid="fix"))
    features = [
        {"type": "Feature", "properties": {"name": name}, "geometry": json.loads(shapely.to_geojson(thinned(shape)))}
        for name, shape in sorted(zip(names, shapes, strict=True), key=lambda pair: str(pair[0]))
        if name not in LEFT_OUT
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, separators=(",", ":"))
    Path(__file__).with_name("land.geojson").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

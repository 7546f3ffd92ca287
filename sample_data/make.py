"""Make the sample data: `python -m sample_data.make [--seed N] [--out DIR]`. The same seed gives the same bytes."""

import argparse
import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sample_data import people, planted, records, sources, territory
from sample_data.events import Scene, happen

SEED = 2015
HERE = Path(__file__).parent
Row = dict[str, Any]

GROUP_COLUMNS = (
    "dimension", "dimension_label", "genocide_ground", "persecution_ground", "assessment", "group", "group_label",
    "label_local", "parent",
)  # fmt: skip
POPULATION_COLUMNS = ("area", "dimension", "group", "year", "number", "source")
ACTOR_COLUMNS = ("name", "kind", "aliases", "affiliation")


@dataclass(frozen=True)
class Sample:
    """All the data of one seed: GeoJSON, table rows under the columns above, and incident lines."""

    seed: int
    places: Row
    groups: list[tuple[str, ...]]
    population: list[tuple[str, ...]]
    actors: list[tuple[str, ...]]
    sources: Row
    incidents: list[Row]
    planted: list[Row]


def build(seed: int = SEED) -> Sample:
    """Return the sample data of a seed; each part has a stream of its own."""
    streams = [np.random.default_rng([seed, part]) for part in range(4)]
    land = territory.grow(streams[0])
    peopled = people.settle(streams[1], land)
    scene = Scene(land, peopled)
    archive = sources.Archive()
    events = happen(streams[2], scene)
    lines = records.all_lines(streams[3], scene, events, archive)
    return Sample(
        seed,
        territory.feature_collection(land),
        people.group_rows(),
        people.population_rows(peopled),
        list(people.ACTORS),
        sources.reference() | {"documents": archive.documents()},
        lines,
        planted.written_down(scene, events, lines),
    )


def files(sample: Sample) -> dict[str, bytes]:
    """Return the files of a sample by name, as UTF-8 with line feeds."""
    note = {"seed": sample.seed, "boundary_set": territory.BOUNDARY_SET, "patterns": sample.planted}
    texts = {
        "places.geojson": _geojson(sample.places),
        "groups.csv": _csv(GROUP_COLUMNS, sample.groups),
        "population.csv": _csv(POPULATION_COLUMNS, sample.population),
        "actors.csv": _csv(ACTOR_COLUMNS, sample.actors),
        "sources.json": json.dumps(sample.sources, ensure_ascii=False, indent=1) + "\n",
        "incidents.jsonl": "".join(_compact(line) + "\n" for line in sample.incidents),
        "planted.json": json.dumps(note, ensure_ascii=False, indent=1) + "\n",
    }
    return {name: text.encode() for name, text in texts.items()}


def _compact(value: Row) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _geojson(collection: Row) -> str:
    features = ",\n".join(_compact(feature) for feature in collection["features"])
    return f'{{"type":"FeatureCollection","name":"{collection["name"]}","features":[\n{features}\n]}}\n'


def _csv(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return text.getvalue()


def main(arguments: list[str] | None = None) -> None:
    """Write the files of a seed into a folder."""
    parser = argparse.ArgumentParser(prog="python -m sample_data.make", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, default=HERE)
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name, content in files(build(chosen.seed)).items():
        (chosen.out / name).write_bytes(content)
        print(f"{name}: {len(content)} bytes")


if __name__ == "__main__":
    main()

"""Is any planted pattern lost, or one invented? The sample of each of 20 seeds, through the store, asked the question.

A seed fails if the targeted group is not found in its region, if the group that only lives where the fighting is or
the group hit by the massacre is called targeted anywhere, or if anything else is found.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from casualty import sample, telling
from casualty.store import Store
from sample_data import make

SEEDS = 20
FINDING = "consistent with targeting"


def findings(document: dict[str, Any]) -> set[tuple[str, str]]:
    """Return (group, area) of every row whose verdict is a finding."""
    return {(row["group"], row["area"]) for row in document["rows"] if row["verdict"] == FINDING}


def judge(seed: int, folder: Path) -> dict[str, Any]:
    """Return what was found in the sample of one seed, and whether it is what was planted."""
    for name, content in make.files(make.build(seed)).items():
        (folder / name).write_bytes(content)
    sample.build(str(folder / "sample.db"), lambda _: None, folder)
    store = Store.open(folder / "sample.db")
    document, _ = telling.disparity(store, "ethnicity", by="admin1")
    store.close()
    planted = {entry["name"]: entry for entry in json.loads((folder / "planted.json").read_text("utf-8"))["patterns"]}
    wanted = (planted["targeted"]["who"]["group"], planted["targeted"]["where"]["region_pcode"])
    found = findings(document)
    # The whole country may show the planted incidents too: they are part of it.
    invented = found - {wanted, (wanted[0], "all")}
    return {"seed": seed, "found": wanted in found, "invented": sorted(map(list, invented))}


def measure(seeds: int = SEEDS) -> dict[str, Any]:
    """Return how many seeds lost or invented a pattern."""
    results = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            results.append(judge(seed, Path(folder)))
            print(json.dumps(results[-1]), file=sys.stderr)
    return {
        "seeds": seeds,
        "planted pattern lost": sum(not result["found"] for result in results),
        "patterns invented": sum(len(result["invented"]) for result in results),
    }


if __name__ == "__main__":
    figures = measure()
    print(json.dumps(figures, indent=2))
    sys.exit(bool(figures["planted pattern lost"] or figures["patterns invented"]))

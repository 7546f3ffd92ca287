"""Packages of the tiers for those outside, written without the rest of a release, and read back from their files."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from casualty.release.bag import Bag
from casualty.release.outward import Outward, write
from casualty.store import Store
from casualty.vocabulary import Tier

SECRET = b"the secret of this deployment"
BOTH = (Tier.PUBLIC, Tier.PARTNER)
PARTNER = "Relief Example"


def sent(
    store: Store, folder: Path, tier: Tier, earlier: Sequence[Mapping[str, Any]] = (), to: str = PARTNER
) -> Outward:
    folder.mkdir(parents=True)
    with store.reading() as connection:
        return write(Bag(folder), connection, tier, to, SECRET, earlier)


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with open(folder / "data" / f"{name}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def json_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "data/disclosure.json").read_text(encoding="utf-8"))
    return found

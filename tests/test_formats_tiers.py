"""What is withheld from a package is in no format made of it, at any tier; what may go out is there in all of them.

Holds R41, R60, R64, R67, R71 and R72 for what is made of a package.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from filled import CANARIES, Filled, fill
from packaged import read
from test_release import send

from casualty.release import formats
from casualty.release.formats.output import Wishes
from casualty.store import Store
from casualty.vocabulary import Tier

TIERS = (Tier.PUBLIC, Tier.PARTNER, Tier.COMMISSION)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Mapping[Tier, Path], Filled, list[str]]:
    """A package of each tier of one record, what is in it, and the true keys of its rows."""
    folder = tmp_path_factory.mktemp("tiers")
    store = Store.create(folder / "record.db")
    by = store.local("tester")
    filled = fill(store, by, store.local("second person"))
    made = {tier: send(store, by, folder / tier.value, tier=tier).path for tier in TIERS}
    store.close()
    return made, filled, [row["id"] for row in read(made[Tier.COMMISSION] / "data/04_records/victims.csv")]


def text_of(path: Path) -> str:
    """Return all that a file says: unzipped, or as the rows of its columns."""
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as archive:
            return "\n".join(archive.read(name).decode() for name in archive.namelist())
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return f"{pq.read_schema(path)}\n{pq.read_table(path).to_pylist()}"
    return path.read_bytes().decode("utf-8", "replace")


@pytest.mark.parametrize("wanted", formats.FORMATS)
@pytest.mark.parametrize("tier", TIERS)
def test_nothing_withheld_is_in_any_format(
    packages: tuple[Mapping[Tier, Path], Filled, list[str]], tmp_path: Path, tier: Tier, wanted: str
) -> None:
    """R41, R60, R64, R71, R72: words planted in every text of the record; and outside, no key and no code of the house."""
    made, filled, keys = packages
    people = tmp_path / "people.csv"
    lines = [f"{area},{year},1000,Invented census" for area in ("007", "Seven") for year in (2023, 2024, 2025)]
    people.write_text("\n".join(["area,year,population,source", *lines]), encoding="utf-8")
    done = formats.convert(made[tier], wanted, tmp_path / "out", Wishes(population=people))
    assert sum(done.rows.values()) > 10
    said = "\n".join(text_of(path) for path in sorted((tmp_path / "out").iterdir())).casefold()
    assert [canary for canary in CANARIES if canary.casefold() in said] == []
    if tier is not Tier.COMMISSION:
        assert [key for key in (*keys, *filled.ids.values(), *filled.codes.values()) if key.casefold() in said] == []


def test_each_incident_is_in_each_format_of_its_tier(
    packages: tuple[Mapping[Tier, Path], Filled, list[str]], tmp_path: Path
) -> None:
    """R67: by its code in that package; refuted ones are left out of two layouts that cannot say so, and named beside them."""
    made, _, _ = packages
    for tier in TIERS:
        codes = {row["code"] for row in read(made[tier] / "data/04_records/incidents.csv")}
        assert len(codes) == 14
        for wanted in set(formats.FORMATS) - {"sdg"}:
            out = formats.convert(made[tier], wanted, tmp_path / tier.value / wanted).path
            said = "\n".join(text_of(path) for path in sorted(out.iterdir()))
            assert [code for code in codes if code not in said] == [], wanted

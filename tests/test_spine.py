"""The spine, end to end, on the sample: the record verifies, the question is answered, the package holds (R21, R55, R84, R85)."""

import json
from pathlib import Path

import pytest

from casualty import release, sample, telling
from casualty.access import Acting
from casualty.errors import CheckFailed
from casualty.store import Store
from casualty.summary import summarise
from casualty.vocabulary import Role, Tier

ANALYST = Acting("analyst", Role.ANALYST)
CUSTODIAN = Acting("custodian", Role.CUSTODIAN)


@pytest.fixture(scope="module")
def territory(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The sample database, made once."""
    path = tmp_path_factory.mktemp("sample") / "sample.db"
    sample.build(str(path), lambda _: None)
    return Store.open(path)


def test_every_record_is_as_signed(territory: Store) -> None:
    """R21: thousands of records made through the ordinary doors, each with its revision."""
    assert territory.verify().records > 3000


def test_the_planted_patterns_are_told_apart(territory: Store) -> None:
    """R46, R48: the targeted group is found; residence and a massacre are named for what they are."""
    planted = {
        p["name"]: p
        for p in json.loads((Path(__file__).parent.parent / "sample_data/planted.json").read_text("utf-8"))["patterns"]
    }
    document, text = telling.disparity(territory, "ethnicity")
    verdicts = {(row["group"], row["area"]): row["verdict"] for row in document["rows"]}
    targeted = planted["targeted"]
    assert verdicts[targeted["who"]["group"], targeted["where"]["region_pcode"]] == "consistent with targeting"
    found = {group for (group, _), verdict in verdicts.items() if verdict == "consistent with targeting"}
    assert found == {targeted["who"]["group"]}
    assert "explained by residence" in verdicts.values()
    assert "carried by few incidents" in verdicts.values()
    assert "no sign of targeting" in text
    assert "A massacre is one event" in text


def test_the_package_of_the_whole_sample_holds_and_is_the_same_twice(territory: Store, tmp_path: Path) -> None:
    """R84, R85: one byte changed anywhere is found, and said where."""
    for name in ("one", "two"):
        asked = release.request(
            territory, tmp_path / name, tier=Tier.COMMISSION, recipient="Commission", basis="Resolution", by=ANALYST
        )
        done = release.grant(territory, asked, CUSTODIAN)
    assert done.incidents == summarise(territory).total.incidents
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert all((tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes() for path in files)
    assert release.verify(tmp_path / "one")
    victims = tmp_path / "two" / "data/04_records/victims.csv"
    changed = bytearray(victims.read_bytes())
    changed[len(changed) // 2] ^= 1
    victims.write_bytes(bytes(changed))
    with pytest.raises(CheckFailed, match=r"victims\.csv"):
        release.verify(tmp_path / "two")

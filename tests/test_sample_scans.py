"""The sample territory asked as an analyst asks: what was planted is found where and when it was, the massacre is not."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from casualty import asking, sample
from casualty.store import Store

PLANTED = {
    entry["name"]: entry
    for entry in json.loads((Path(sample.__file__).parents[1] / "sample_data" / "planted.json").read_text("utf-8"))[
        "patterns"
    ]
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("sample") / "sample.db"
    sample.build(str(path), lambda _: None)
    held = Store.open(path)
    yield held
    held.close()


def asked(store: Store, method: str, **chosen: Any) -> dict[str, Any]:
    given = {"dimension": "ethnicity", "by": "admin2", "replications": 199, **chosen}
    return asking.answer(asking.gathered(store, method, given), method, given)


def test_the_planted_district_is_found_by_the_part_of_its_group(store: Store) -> None:
    """R56: the leading cluster lies in the district where one minority is attacked."""
    told = PLANTED["targeted"]
    first = asked(store, "scan", model="bernoulli", group=told["who"]["group"])["clusters"][0]
    assert first["p_value"] == 0.005
    assert first["areas"][0] == told["where"]["pcode"]


def test_the_planted_quarter_is_found_from_the_group_s_incidents_alone(store: Store) -> None:
    """R56: place and time together, without any other group and without numbers of people."""
    told = PLANTED["targeted"]
    found = asked(store, "scan", model="permutation", kind="retrospective", group=told["who"]["group"])["clusters"][0]
    assert found["p_value"] == 0.005
    assert found["areas"][0] == told["where"]["pcode"]
    assert found["start"] <= told["when"]["last"]
    assert found["end"] >= told["when"]["first"]


@pytest.mark.parametrize("chosen", [{"model": "bernoulli"}, {"model": "bernoulli", "weights": "victims"}], ids=str)
def test_the_massacre_is_no_cluster(store: Store, chosen: dict[str, str]) -> None:
    """R48: 234 people of one minority in one incident are one event, however victims are weighed."""
    told = PLANTED["massacre"]
    document = asked(store, "scan", group=told["who"]["group"], **chosen)
    stands_out = [cluster for cluster in document["clusters"] if cluster["p_value"] <= 0.05]
    assert not any(told["where"]["pcode"] in cluster["areas"][:1] for cluster in stands_out)


def test_chains_of_incidents_are_found_at_the_reach_they_were_planted_with(store: Store) -> None:
    """R56: soon after and close to each other, at 5 km and 14 days."""
    document = asked(store, "near-repeat", space=[5000], days=[14])
    assert document["rows"][0]["alarm"]
    assert document["rows"][0]["ratio"] > 1


def test_where_a_group_lives_is_said_beside_the_cluster(store: Store) -> None:
    """R45: the group that lives where the violence is makes a cluster, and the answer does not let that pass as targeting."""
    document = asked(store, "scan", model="bernoulli", group=PLANTED["seems_targeted"]["who"]["group"])
    assert document["clusters"][0]["p_value"] == 0.005
    assert "does not say why" in document["sentence"]
    assert any("more of its people live" in caveat for caveat in document["caveats"])

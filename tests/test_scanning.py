"""The scan asked of incidents: each counts once, mixes stay whole, and what is said can stand alone."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from casualty.cli import run
from casualty.errors import NotEnoughData, UsageFault
from casualty.patterns.events import Events
from casualty.patterns.scanning import scanning
from geo.faults import TooLittle

GROUPS = ("a", "b")


def events(n: int = 120, seed: int = 1, **parts: Any) -> Events:
    """Incidents of two groups on a plane of 100 km, a day each; `parts` replace columns."""
    rng = np.random.default_rng(seed)
    member = rng.random(n) < 0.3
    day = rng.integers(19_000, 19_365, n).astype(float)
    given: dict[str, Any] = {
        "ids": tuple(f"i{i:03}" for i in range(n)),
        "x": rng.random(n) * 100_000,
        "y": rng.random(n) * 100_000,
        "day": day,
        "day_span": np.column_stack([day, day]),
        "spread_m": np.full(n, np.nan),
        "place_precision": np.ones(n),
        "date_precision": np.ones(n),
        "groups": GROUPS,
        "mix": np.column_stack([member, ~member]).astype(float),
        "victims": np.tile([1.0, 1.0, 1.0], (n, 1)),
        "reported": np.full(n, np.nan),
        "area": tuple("north" if i % 2 else "south" for i in range(n)),
        "tier": ("other",) * n,
        "sources": (frozenset[str](),) * n,
        "actors": (frozenset[str](),) * n,
        "acts": (frozenset[str](),) * n,
        "means": (frozenset[str](),) * n,
        "place_type": (None,) * n,
    }
    return Events(**(given | parts))


def gathered(n: int = 120, seed: int = 1, within: float = 25_000.0, **parts: Any) -> Events:
    """The same with every incident around one corner of group a."""
    there = events(n, seed)
    near = np.hypot(there.x - 20_000, there.y - 20_000) < within
    mix = np.where(near[:, None], [1.0, 0.0], there.mix)
    return events(n, seed, **({"mix": mix} | parts))


def asked(of: Events, **more: Any) -> Any:
    return scanning(of, seed=3, **({"group": "a", "replications": 199} | more))


def test_a_group_gathered_in_a_corner_is_found_there() -> None:
    """R48: where, with its figures, how sure, and what was corrected for; no cause is named."""
    found = asked(gathered())
    first = found.scan.clusters[0]
    there = gathered()
    inside = [np.hypot(there.x[i] - 20_000, there.y[i] - 20_000) < 25_000 for i in first.places]
    assert first.p == 0.005
    assert np.mean(inside) > 0.8
    assert found.sentence.startswith("Within ")
    assert "consistent with" in found.sentence
    assert "does not say why" in found.sentence
    assert any("more of its people live" in caveat for caveat in found.caveats)


def test_where_nothing_is_gathered_the_sentence_shows_nothing() -> None:
    """R52: a weak pattern is not declared absent."""
    found = asked(events())
    assert found.scan.clusters[0].p > 0.05
    assert found.sentence.startswith("No place stands out")
    assert "Nothing is shown by this" in found.sentence


def test_an_incident_counts_once_however_many_it_killed() -> None:
    """R48: sizes change nothing; five hundred dead in one incident are one incident."""
    one = gathered()
    victims = np.tile([1.0, 1.0, 1.0], (len(one), 1))
    victims[7] = 500.0
    assert asked(one).as_json()["clusters"] == asked(gathered(victims=victims)).as_json()["clusters"]


def test_a_massacre_is_no_cluster_even_with_victims_as_weights() -> None:
    """R48: alone in its class of size, its label stays in every replicate."""
    calm = events()
    victims = np.tile([2.0, 2.0, 2.0], (len(calm), 1))
    massacre = int(np.flatnonzero(calm.mix[:, 0])[0])
    victims[massacre] = 60.0
    found = asked(events(victims=victims), weights="victims", replications=99)
    first = found.scan.clusters[0]
    assert massacre in first.places
    assert first.p == 1.0


def test_an_incident_with_victims_of_two_groups_keeps_its_mix() -> None:
    """R48: it counts with its part, and parts are exchanged whole."""
    mix = gathered().mix.copy()
    mix[::5] = [0.5, 0.5]
    found = asked(gathered(mix=mix))
    first = found.scan.clusters[0]
    assert first.cases == pytest.approx(sum(mix[i, 0] for i in first.places))
    assert found.scan.cases == pytest.approx(mix[:, 0].sum())


def test_places_known_to_a_district_never_enter() -> None:
    """R33: precision 3 and more is left out, and counted."""
    precision = np.ones(120)
    precision[:40] = 4
    found = asked(events(place_precision=precision))
    assert found.n == 80
    assert found.left_out == {"place known to a district or wider (precision 3 or more)": 40}


@pytest.mark.parametrize("kind", ["retrospective", "prospective"])
def test_time_bins_are_counted_back_from_the_last_day(kind: str) -> None:
    """R48: the last bin is whole, the first may be shorter; windows tell first and last day."""
    of = events()
    found = asked(of, model="permutation", kind=kind, every=30, replications=19)
    last = str(np.datetime64("1970-01-01") + int(of.day.max()))
    assert found.spans[-1][1] == last
    assert all(np.datetime64(end) - np.datetime64(start) == np.timedelta64(29, "D") for start, end in found.spans[1:])
    if kind == "prospective":
        assert {cluster.last for cluster in found.scan.clusters} == {len(found.spans) - 1}


def test_a_burst_at_one_place_is_found_in_its_days() -> None:
    """R48: place and time together, from the group's incidents alone."""
    of = events(150, 4)
    near = np.flatnonzero(np.hypot(of.x - 70_000, of.y - 70_000) < 15_000)
    mix, day = of.mix.copy(), of.day.copy()
    mix[near], day[near] = [1.0, 0.0], 19_300 + np.arange(len(near)) % 6
    found = asked(
        events(150, 4, mix=mix, day=day, day_span=np.column_stack([day, day])),
        model="permutation",
        kind="retrospective",
    )
    first = found.scan.clusters[0]
    assert first.p is not None
    assert first.p <= 0.05
    start, end = (np.datetime64(found.spans[i][j]).astype(int) for i, j in ((first.first, 0), (first.last, 1)))
    assert start <= 19_300 <= 19_305 <= end


def test_no_group_need_be_chosen_beforehand() -> None:
    """R48: the multinomial scan names the group that is above its part, and lists all."""
    found = asked(gathered(), model="multinomial", group=None)
    assert found.scan.clusters[0].p == 0.005
    assert "above all in incidents of a (" in found.sentence
    assert len(found.as_json()["clusters"][0]["cases"]) == 2
    assert found.as_json()["groups"] == ["a", "b"]


def test_against_people_areas_are_the_places() -> None:
    """R45: an expectation needs people; without them it is refused."""
    areas = tuple(f"d{i % 12:02}" for i in range(240))
    mix = np.tile([1.0, 0.0], (240, 1))
    people = {f"d{i:02}": 1000.0 for i in range(12)}
    people["d03"] = 100.0
    centres = {f"d{i:02}": (float(i % 4), float(i // 4)) for i in range(12)}
    found = asked(events(240, area=areas, mix=mix), model="poisson", people=people, centres=centres)
    first = found.scan.clusters[0]
    assert [found.scan.design.places.ids[i] for i in first.places] == ["d03"]
    assert (first.cases, first.expected) == (20, pytest.approx(240 * 100 / 11_100))
    with pytest.raises(NotEnoughData, match="a rate is refused"):
        asked(events(240, area=areas, mix=mix), model="poisson", people={}, centres=centres)
    with pytest.raises(NotEnoughData, match="is 0 in d03"):
        asked(events(240, area=areas, mix=mix), model="poisson", people=people | {"d03": 0.0}, centres=centres)


def test_without_replications_nothing_is_tested() -> None:
    """R52: p is null, and the sentence says so."""
    found = asked(gathered(), replications=0)
    assert found.as_json()["clusters"][0]["p_value"] is None
    assert "without any test" in found.sentence


def test_the_same_seed_gives_the_same_document() -> None:
    """R55: a run can be asked again."""
    assert asked(gathered()).as_json() == asked(gathered()).as_json()


@pytest.mark.parametrize(
    ("given", "fault", "told"),
    [
        ({"model": "normal"}, UsageFault, "one of: bernoulli, poisson, permutation, multinomial"),
        ({"group": None}, UsageFault, "--group says about which group"),
        ({"weights": "heads"}, UsageFault, "one of: incidents, victims"),
        ({"weights": "victims", "model": "permutation", "kind": "retrospective"}, UsageFault, "belongs to the bernoulli scan"),
        ({"model": "permutation"}, Exception, "ask retrospective or prospective"),
        ({"looked_from": "2090-01-01", "model": "permutation", "kind": "prospective"}, UsageFault, "lies after the last day"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told(given: dict[str, Any], fault: type[Exception], told: str) -> None:
    """R75: where, what, and the mend."""
    with pytest.raises(fault, match=told):
        asked(events(), **given)


def test_too_little_is_never_answered() -> None:
    """R50: never a number from nothing."""
    with pytest.raises(NotEnoughData, match="at least 10 are needed"):
        asked(events(9))
    with pytest.raises(NotEnoughData, match="its part cannot be compared"):
        asked(events(mix=np.tile([0.0, 1.0], (120, 1))))
    with pytest.raises(TooLittle, match="one place"):
        asked(events(x=np.zeros(120), y=np.zeros(120)))
    nobody = np.full((120, 2), np.nan)
    with pytest.raises(NotEnoughData, match="120 identity of the victims not known"):
        asked(events(mix=nobody))


def written(folder: Path, name: str, lines: list[str]) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_poisson_scan_of_files_takes_people_from_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R45: out of how many people, and where they live, comes from the user; without it there is no rate."""
    points = [f"e{i},{i % 5},{i // 5 % 4},2024-01-{1 + i % 28:02},g,d{i % 20}" for i in range(100)]
    points += [f"f{i},3,1,2024-02-01,g,d8" for i in range(15)]
    there = written(tmp_path, "points.csv", ["id,x,y,date,group,area", *points])
    people = written(
        tmp_path, "people.csv", ["area,x,y,number", *(f"d{i},{i % 5 * 900},{i // 5 * 900},500" for i in range(20))]
    )
    asked = ["patterns", "scan", "--model", "poisson", "--points", str(there), "--crs", "local", "--json", "-"]
    assert run([*asked, "--people", str(people), "--replications", "99"]) == 0
    first = json.loads(capsys.readouterr().out)["clusters"][0]
    assert (first["locations"], first["cases"], first["p_value"]) == (["d8"], 20, 0.01)
    assert first["expected"] == pytest.approx(115 / 20)
    assert run(asked) == 13
    assert "a rate is refused" in capsys.readouterr().err
    assert run([*asked, "--people", str(written(tmp_path, "bad.csv", ["area,number", "d1,5"]))]) == 10
    assert "where each area lies" in capsys.readouterr().err


def test_a_scan_without_replications_describes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R52: p is null, and no cluster is called one."""
    rows = [f"e{i},{i * 37 % 101},{i * 53 % 97},2024-01-01,{'ab'[i % 3 == 0]}" for i in range(60)]
    there = written(tmp_path, "points.csv", ["id,x,y,date,group", *rows])
    asked = ["patterns", "scan", "--model", "bernoulli", "--points", str(there), "--crs", "local", "--group", "b"]
    assert run([*asked, "--replications", "0", "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["replications"] == 0
    assert {cluster["p_value"] for cluster in document["clusters"]} == {None}

"""What is planted in the sample data is there and nothing else is, by exact tests apart from the program's own."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.special import betainc, betaincinv
from scipy.stats import false_discovery_control

from sample_data import make
from sample_data.territory import KM_EAST, KM_NORTH

Row = dict[str, Any]
SEEDS = (make.SEED, 1, 2)


@pytest.fixture(scope="module", params=SEEDS)
def sample(request: pytest.FixtureRequest) -> make.Sample:
    """The sample data of a few seeds; the benchmark asks twenty."""
    return make.build(request.param)


def pattern(sample: make.Sample, name: str) -> Row:
    return next(entry for entry in sample.planted if entry["name"] == name)


def groups_of(person: Row, dimension: str) -> set[str]:
    """Return the own groups of a person in one dimension, without those that somebody inferred."""
    return {
        held["group"]
        for held in person["attributions"]
        if (held["dimension"], held["sense"]) == (dimension, "own")
        and "group" in held
        and held["basis"] != "person_inferred"
    }


@dataclass(frozen=True)
class Rate:
    """A group's incidents in an area against the rest: ratio with its exact interval, and p before and after BH."""

    area: str
    group: str
    ratio: float
    low: float
    high: float
    p: float
    adjusted: float = math.nan


def votes(sample: make.Sample, dimension: str = "ethnicity") -> list[tuple[Row, Counter[str]]]:
    """Return for each incident its persons of known group, without those of whom two groups are said."""
    found = []
    for line in sample.incidents:
        known = [groups_of(victim, dimension) for victim in line["victims"] if victim["kind"] == "person"]
        count = Counter(group for groups in known if len(groups) == 1 for group in groups)
        if count:
            found.append((line, count))
    return found


def area_of(sample: make.Sample, line: Row, level: int) -> str | None:
    """Return the P-code of the unit of a level in which an incident lies, if that is known."""
    code, width = str(line.get("pcode", "")), 2 + 2 * level
    if level == 0 or len(code) >= width:
        return code[:width] if level else "XS"
    named = {f["properties"]["name"]: f["properties"]["pcode"] for f in sample.places["features"][:7]}
    return named.get(line.get("admin1", "")) if level == 1 else None


def shares(sample: make.Sample, level: int, dimension: str) -> dict[str, dict[str, float]]:
    """Return each group's share of the people of each area, all years together."""
    number: dict[str, Counter[str]] = defaultdict(Counter)
    for area, of_dimension, group, _, people, _ in sample.population:
        if of_dimension == dimension:
            number[area[: 2 + 2 * level]][group] += int(people)
    return {area: {g: n / sum(groups.values()) for g, n in groups.items()} for area, groups in number.items()}


def rates(sample: make.Sample, level: int, dimension: str = "ethnicity", *, of_persons: bool = False) -> list[Rate]:
    """Return the ratio of each group in each area of a level; each incident is one vote, or each person is."""
    cast: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for line, count in votes(sample, dimension):
        for group, number in count.items():
            if area := area_of(sample, line, level):
                cast[area][group] += number if of_persons else number / sum(count.values())
    share = shares(sample, level, dimension)
    made = [
        exact(area, group, found.get(group, 0.0), sum(found.values()), share[area][group])
        for area, found in sorted(cast.items())
        for group in sorted(share[area])
    ]
    adjusted = false_discovery_control([rate.p for rate in made])
    return [replace(rate, adjusted=float(p)) for rate, p in zip(made, adjusted, strict=True)]


def exact(area: str, group: str, x: float, n: float, share: float) -> Rate:
    """Return the conditional binomial test of x of n against a share, with the Clopper-Pearson interval as a ratio."""
    upper = betainc(x, n - x + 1, share) if x > 0 else 1.0
    lower = 1 - betainc(x + 1, n - x, share) if x < n else 1.0
    odds = share / (1 - share)
    low = betaincinv(x, n - x + 1, 0.025) if x > 0 else 0.0
    high = betaincinv(x + 1, n - x, 0.975) if x < n else 1.0
    ratio = [part / (1 - part) / odds if part < 1 else math.inf for part in (x / n, low, high)]
    return Rate(area, group, *map(float, ratio), p=float(min(1, 2 * min(upper, lower))))


def of(found: list[Rate], area: str, group: str) -> Rate:
    return next(rate for rate in found if (rate.area, rate.group) == (area, group))


def stratified(sample: make.Sample, level: int, group: str) -> float:
    """Return the Mantel-Haenszel ratio of a group's incidents over the areas of a level."""
    above = below = 0.0
    share = shares(sample, level, "ethnicity")
    for line, count in votes(sample):
        if area := area_of(sample, line, level):
            expected, part = share[area][group], count[group] / sum(count.values())
            above, below = above + part * (1 - expected), below + (1 - part) * expected
    return above / below


@pytest.mark.parametrize("level", [1, 2])
def test_targeted_group_is_found_where_it_was_planted_and_nothing_else_is(sample: make.Sample, level: int) -> None:
    """R47, R48, R56: by region and by district the planted excess is found after correction, and no other."""
    planted = pattern(sample, "targeted")
    where, group = planted["where"]["pcode"][: 2 + 2 * level], planted["who"]["group"]
    found = rates(sample, level)
    assert of(found, where, group).adjusted < 0.001
    assert of(found, where, group).low > 1.5
    assert [(r.area, r.group) for r in found if r.adjusted < 0.05 and r.ratio > 1] == [(where, group)]
    assert {r.area for r in found if r.adjusted < 0.05} == {where}, "deficits are the mirror of the planted excess"
    assert 25 <= planted["incidents"] == len(planted["keys"]) <= 40


def test_targeted_group_is_clearest_in_its_quarter(sample: make.Sample) -> None:
    """R56: nearly all incidents of the district in the quarter are the planted ones, all within its dates."""
    planted = pattern(sample, "targeted")
    lines = [line for line in sample.incidents if line["planted"] == "targeted"]
    assert [line["key"] for line in lines] == planted["keys"]
    year, quarter = planted["when"]["quarter"].split("-Q")
    for line in lines:
        for day in (date.fromisoformat(line["date_start"]), date.fromisoformat(line["date_end"])):
            assert (str(day.year), str((day.month + 2) // 3)) == (year, quarter)
    assert sorted(sum(v.get("count_best", 1) for v in line["victims"]) for line in lines)[len(lines) // 2] <= 2


def test_group_that_only_seems_targeted(sample: make.Sample) -> None:
    """R47: crude over the country it stands out; stratified, or within any region, it does not."""
    group = pattern(sample, "seems_targeted")["who"]["group"]
    crude = of(rates(sample, 0), "XS", group)
    assert crude.ratio >= 1.5
    assert crude.low > 1
    for level in (1, 2):
        assert 0.85 < stratified(sample, level, group) < 1.15
        assert all(r.adjusted > 0.05 or r.ratio < 1 for r in rates(sample, level) if r.group == group)


def test_massacre_is_one_event(sample: make.Sample) -> None:
    """R47: of victims the group's ratio is clearly high, of incidents it is near 1, in the region and the country."""
    planted = pattern(sample, "massacre")
    group, region = planted["who"]["group"], planted["where"]["region_pcode"]
    line = next(line for line in sample.incidents if line["planted"] == "massacre")
    assert 150 <= line["killed_low"] <= line["killed_best"] <= 250
    assert line["killed_best"] == max(other.get("killed_best", 0) for other in sample.incidents)
    for level, area, clearly in ((0, "XS", 1.0), (1, region, 2.0)):
        assert of(rates(sample, level, of_persons=True), area, group).low > clearly
        on_incidents = of(rates(sample, level), area, group)
        assert on_incidents.low < 1 < on_incidents.high
        assert on_incidents.adjusted > 0.05


@pytest.mark.parametrize("dimension", ["religion", "political"])
@pytest.mark.parametrize("level", [0, 1, 2])
def test_other_dimensions_carry_no_pattern(sample: make.Sample, level: int, dimension: str) -> None:
    """R48, R56: what is planted in one dimension shows in no other."""
    assert all(rate.adjusted > 0.05 for rate in rates(sample, level, dimension))


def knox(lines: list[Row], rng: np.random.Generator, times: int = 999) -> float:
    """Return the p of as many pairs within 5 km and 14 days, days permuted over places."""
    at = np.array([(line["lon"] * KM_EAST, line["lat"] * KM_NORTH) for line in lines])
    day = np.array([date.fromisoformat(line["date_start"]).toordinal() for line in lines])
    pairs = cKDTree(at).query_pairs(5.0, output_type="ndarray")

    def close(days: Any) -> int:
        return int((np.abs(days[pairs[:, 0]] - days[pairs[:, 1]]) <= 14).sum())

    observed = close(day)
    return (1 + sum(close(rng.permutation(day)) >= observed for _ in range(times))) / (times + 1)


def test_near_repeats_are_in_their_district_alone(sample: make.Sample) -> None:
    """R56: a Knox test finds the series in its district; elsewhere no more than chance brings."""
    planted = pattern(sample, "near_repeat")
    places: dict[str, list[Row]] = defaultdict(list)
    for line in sample.incidents:
        if line.get("date_precision") == 1 and line.get("place_precision") == 1 and "duplicate_of" not in line:
            places[line["pcode"]].append(line)
    found = {code: knox(lines, np.random.default_rng(1)) for code, lines in sorted(places.items())}
    assert found.pop(planted["where"]["pcode"]) == pytest.approx(1 / 1000)
    assert false_discovery_control(list(found.values())).min() > 0.05


def test_near_repeats_follow_each_other_as_written(sample: make.Sample) -> None:
    """R56: every incident of the series but the last of a chain has another within 14 days and 5 km after it."""
    lines = [line for line in sample.incidents if line["planted"] == "near_repeat" and "lat" in line]
    assert {line["key"] for line in lines} == set(pattern(sample, "near_repeat")["keys"])
    followed = 0
    for line in lines:
        day = date.fromisoformat(line["date_start"])
        followed += any(
            0 <= (date.fromisoformat(other["date_start"]) - day).days <= 14
            and math.hypot((other["lon"] - line["lon"]) * KM_EAST, (other["lat"] - line["lat"]) * KM_NORTH) <= 5
            for other in lines
            if other is not line
        )
    assert followed >= len(lines) * 0.7

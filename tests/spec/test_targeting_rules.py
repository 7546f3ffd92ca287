"""What the targeting question answers: small tables to be discussed with recorders and analysts.

People are written "A 300, B 700". Incidents are written "9 x A1" (nine incidents with one victim of group A each),
"1 x A500" (one incident that killed five hundred of A), "2 x A1+B3" (two with victims of both groups) and "?" for a
victim whose identity is not known.
"""

import re

import numpy as np
import pandas as pd
import pytest

from casualty.errors import NotEnoughData
from casualty.patterns import Disparity, Row, disparity

Places = dict[str, tuple[str, str]]


def asked(places: Places, tier: str = "verified") -> Disparity:
    """The answer on places ("North 2021": people, incidents)."""
    people, counts = [], []
    for name, (living, fallen) in places.items():
        area, period = name.split()
        people += [(area, period, group, float(number)) for group, number in re.findall(r"(\w) (\d+)", living)]
        for many, kind in re.findall(r"(\d+) x (\S+?)(?:,|$)", fallen):
            for _ in range(int(many)):
                code = f"incident {len(counts):04}"
                victims = re.findall(r"([A-Z?])(\d+)", kind)
                counts += [(code, area, period, tier, None if g == "?" else g, float(n)) for g, n in victims]
    return disparity(
        pd.DataFrame(counts, columns=["incident", "area", "period", "tier", "group", "victims"]),
        pd.DataFrame(people, columns=["area", "period", "group", "number"]),
        dimension="ethnicity",
    )


def row(answer: Disparity, area: str, group: str, period: str = "2021") -> Row:
    return next(r for r in answer.rows if (r.area, r.period, r.group) == (area, period, group))


PEOPLE = "A 300, B 700"
ONE_PLACE = [
    # what is shown            incidents                       votes of A  ratio  verdict for A
    ("as the people are", "30 x A1, 70 x B1", 30, 1.00, "no sign"),
    ("half of all", "50 x A1, 50 x B1", 50, 2.33, "consistent with targeting"),
    ("fewer than the people", "10 x A1, 90 x B1", 10, 0.26, "under-represented"),
    ("a massacre is one event", "1 x A500, 29 x A1, 70 x B1", 30, 1.00, "carried by few incidents"),
    ("a massacre among others", "1 x A500, 49 x A1, 50 x B1", 50, 2.33, "consistent with targeting"),
    ("large incidents, all alike", "30 x A9, 70 x B9", 30, 1.00, "no sign"),
    ("shared incidents count in parts", "60 x A1+B1, 40 x B1", 30, 1.00, "no sign"),
    ("parts follow the victims", "10 x A3+B1, 10 x B1", 7.5, 1.40, "no sign"),
    ("too few to show anything", "2 x A1", 2, np.inf, "too few"),
    ("few, but telling", "4 x A1", 4, np.inf, "consistent with targeting"),
    ("nobody of A", "9 x B1", 0, 0.00, "no sign"),
    ("unknown identities do not matter here", "50 x A1, 50 x B1, 9 x ?1", 50, 2.33, "consistent with targeting"),
    ("unknown identities could undo it", "50 x A1, 50 x B1, 70 x ?1", 50, 2.33, "depends on unknown identities"),
    ("unknown beside known", "50 x A1+?1, 50 x B1+?1", 50, 2.33, "depends on unknown identities"),
]


@pytest.mark.parametrize(("shown", "incidents", "votes", "ratio", "verdict"), ONE_PLACE)
def test_one_place(shown: str, incidents: str, votes: float, ratio: float, verdict: str) -> None:
    """R45, R47: three people of ten are of A; what the incidents of one place and period allow to be said of A."""
    found = row(asked({"North 2021": (PEOPLE, incidents)}), "North", "A")
    assert (found.votes, round(found.rate_ratio, 2)) == (pytest.approx(votes), ratio), shown
    assert found.verdict == verdict, shown


def test_lives_where_the_fighting_is() -> None:
    """R46 (Simpson): A has three times the rate of B, and within each area exactly the same rate."""
    answer = asked(
        {
            "Front 2021": ("A 800, B 200", "88 x A1, 22 x B1"),
            "Rear  2021": ("A 200, B 800", "2 x A1, 8 x B1"),
        }
    )
    whole = row(answer, "all", "A")
    assert (whole.rate_ratio, whole.stratified_ratio) == (pytest.approx(3), pytest.approx(1))
    assert whole.low > 1
    assert whole.p_crude < 0.001
    assert whole.p > 0.9
    assert whole.verdict == "explained by residence"
    assert any(s.startswith("Explained by residence: A in all areas, 2021 had 90 of 120") for s in answer.sentences)
    assert not any("Consistent with targeting" in sentence for sentence in answer.sentences)


def test_explained_although_another_group_is_targeted() -> None:
    """R46: C is hit so often at the front that A is below its share there; A's high crude ratio is explained."""
    answer = asked(
        {
            "Front 2021": ("A 700, B 200, C 100", "100 x A1, 30 x B1, 60 x C1"),
            "Rear  2021": ("A 100, B 800, C 100", "2 x A1, 16 x B1, 2 x C1"),
        }
    )
    assert row(answer, "Front", "C").verdict == "consistent with targeting"
    assert row(answer, "Front", "A").verdict == "under-represented"
    assert row(answer, "all", "A").stratified_high < 1 < row(answer, "all", "A").low
    assert row(answer, "all", "A").verdict == "explained by residence"


def test_hidden_by_residence() -> None:
    """R46, the other way round: the crude rates are alike, and within both areas A is hit more often."""
    answer = asked(
        {
            "Front 2021": ("A 100, B 900", "40 x A1, 60 x B1"),
            "Rear  2021": ("A 900, B 100", "43 x A1, 1 x B1"),
        }
    )
    whole = row(answer, "all", "A")
    assert whole.rate_ratio == pytest.approx(1.36, abs=0.01)
    assert whole.stratified_ratio > 5
    assert whole.verdict == "consistent with targeting"


def test_one_area_one_season() -> None:
    """R48: the one place and time is named, among many that are compared; the rest carry no alarm of their own."""
    places = {
        f"{area} {period}": (PEOPLE, "6 x A1, 14 x B1")
        for area in ("North", "South", "West")
        for period in ("wet", "dry")
    }
    places["North dry"] = (PEOPLE, "24 x A1, 6 x B1")
    answer = asked(places)
    assert row(answer, "North", "A", "dry").verdict == "consistent with targeting"
    assert {(r.area, r.period) for r in answer.rows if r.alarm and "all" not in (r.area, r.period)} == {
        ("North", "dry")
    }
    assert answer.comparisons == len(answer.rows) == 24
    assert "consistent with targeting of A (in North, dry" in answer.sentences[0]


def test_no_figure_no_rate() -> None:
    """R27: nothing is guessed where there are no people to divide by, and it is said what was left out."""
    answer = asked(
        {
            "North 2021": (PEOPLE, "30 x A1, 70 x B1, 5 x C1, 1 x A1+C1"),
            "South 2021": ("", "3 x A1, 3 x B1"),
            "West  2021": ("A 50", "2 x A1"),
        }
    )
    told = {(left.area, left.group, left.reason, left.incidents) for left in answer.left_out}
    assert told == {
        ("North", "C", "no population figure", 6),
        ("South", None, "no population figure", 6),
        ("West", None, "no other group has a population figure there", 2),
    }
    assert (answer.n, answer.unknown, answer.left_out_incidents) == (101, 0, 13)
    assert {r.area for r in answer.rows} == {"all", "North"}
    assert {r.group for r in answer.rows} == {"A", "B"}


def test_no_figures_at_all() -> None:
    """R27: with nothing to divide by the question is refused, with the reason for each place."""
    with pytest.raises(NotEnoughData, match="North/2021/-: no population figure, 6 incidents"):
        asked({"North 2021": ("", "3 x A1, 3 x B1")})


def test_nobody_known() -> None:
    """R47: where no identity is known there is nothing to compare."""
    with pytest.raises(NotEnoughData):
        asked({"North 2021": (PEOPLE, "30 x ?1")})


def test_what_is_said_of_a_finding() -> None:
    """R45, R49: denominators, interval, unknowns, number of incidents, tipping point and caveat travel together."""
    answer = asked({"North 2021": (PEOPLE, "50 x A1, 50 x B1, 9 x ?1")})
    assert answer.sentences[1] == (
        "Consistent with targeting: A in all areas, 2021 had 50 of 100 incidents with known identity (50 %) against "
        "30 % of the people (300 of 1,000): 2.33 times the rate of all others together (95 % interval 1.54 to 3.52). "
        "Chance alone: p < 0.001, p < 0.001 after correction for 4 comparisons (Benjamini-Hochberg). If none of the "
        "unknown victims were of A the ratio would be 1.98, if all were, 2.75. The interval would touch 1 if incidents "
        "against A were 1.54 times as likely to be recorded. The same holds in North, 2021. Over all areas and "
        "periods, by verification: verified 2.33 (95 % interval 1.54 to 3.52, 100 incidents). Documented incidents, "
        "not all deaths."
    )


def test_what_is_said_of_a_massacre() -> None:
    """R49: the text says why many victims are no alarm."""
    answer = asked({"North 2021": (PEOPLE, "1 x A500, 29 x A1, 70 x B1")})
    assert answer.sentences[0].startswith("By ethnicity, no group had more incidents than its share of the people")
    assert "largest incident alone holds 95 % of its 529 victims; without it no clear excess" in answer.sentences[1]


def test_no_word_too_many() -> None:
    """R05, R52: neutral words, no score, nothing proven."""
    places = {f"P{i} 2021": (PEOPLE, incidents) for i, (_, incidents, *_) in enumerate(ONE_PLACE)}
    text = " ".join(asked(places).sentences).lower()
    assert "consistent with" in text
    assert not re.search(r"prov|terroris|perpetrator|genocid|intent|score|significan|guilt", text)

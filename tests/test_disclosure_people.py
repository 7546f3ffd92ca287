"""Rows of people: k-anonymity and l-diversity, against a count by brute force. Holds R65 and R67."""

from collections import Counter, defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from casualty.disclosure.people import anonymise
from casualty.disclosure.published import SUPPRESSED

QUASI = ("sex", "area", "period")
STEPS = (
    ("area", "area", lambda area: area.split("/")[0]),
    ("year", "period", lambda period: period[:4]),
    ("no area", "area", lambda area: SUPPRESSED),
)
SENSITIVE = {"cause": frozenset({"unknown"})}
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.uuids().map(str),
            "sex": st.sampled_from(["woman", "man", "other"]),
            "area": st.sampled_from(["N/a", "N/b", "S/c", "S/d"]),
            "period": st.sampled_from(["2023-01", "2023-02", "2024-01"]),
            "cause": st.sampled_from(["blast", "shot", "unknown"]),
        }
    ),
    max_size=60,
)


@settings(deadline=None)
@given(people=PEOPLE, k=st.integers(2, 10))
def test_everybody_is_one_of_k(people: list[dict[str, str]], k: int) -> None:
    """R65: every combination that occurs stands in k rows or more; the report says what a count says."""
    done = anonymise(people, k, QUASI, STEPS, SENSITIVE)
    classes = Counter(tuple(row[name] for name in QUASI) for row in done.rows)
    if len(people) < k:
        assert (done.rows, done.report.suppressed) == ((), len(people))
        return
    assert len(done.rows) == len(people)
    assert min(classes.values()) >= k
    report = done.report
    assert (report.rows, report.classes, report.smallest) == (len(people), len(classes), min(classes.values()))
    picked = sum(1 / classes[tuple(row[name] for name in QUASI)] for row in done.rows) / len(people)
    assert abs(report.risk - picked) < 1e-12
    assert report.above_reference == (len(classes) / len(people) > 0.03)
    assert report.suppressed == sum(all(row[name] == SUPPRESSED for name in QUASI) for row in done.rows)


@settings(deadline=None)
@given(people=PEOPLE, k=st.integers(2, 6))
def test_no_class_gives_its_cause_away(people: list[dict[str, str]], k: int) -> None:
    """R65: where all of a class died of one cause, the cause is suppressed; elsewhere nothing is changed."""
    done = anonymise(people, k, QUASI, STEPS, SENSITIVE)
    kinds, rows = defaultdict(set), {row["id"]: row for row in people}
    for row in done.rows:
        kinds[tuple(row[name] for name in QUASI)].add(row["cause"])
        assert row["cause"] in (rows[row["id"]]["cause"], SUPPRESSED)
    assert all(len(found) > 1 or found <= {"unknown", SUPPRESSED} for found in kinds.values())
    told = [len(found) for found in kinds.values() if not found <= {"unknown", SUPPRESSED}]
    assert done.report.least_kinds == min(told, default=0)


@settings(deadline=None)
@given(people=PEOPLE, k=st.integers(2, 6))
def test_values_are_widened_and_never_changed(people: list[dict[str, str]], k: int) -> None:
    """R65, R67: nobody moves to another sex, area or year."""
    rows = {row["id"]: row for row in people}
    for row in anonymise(people, k, QUASI, STEPS, SENSITIVE).rows:
        true = rows[row["id"]]
        assert row["sex"] in (true["sex"], SUPPRESSED)
        assert row["area"] in (true["area"], true["area"][0], SUPPRESSED)
        assert row["period"] in (true["period"], true["period"][:4], SUPPRESSED)


def test_common_rows_stay_as_they_are() -> None:
    """R65: what already hides is not widened."""
    people = [{"sex": "man", "area": "N/a", "period": "2023-01", "cause": c} for c in ("blast", "shot") * 3]
    people += [{"sex": "woman", "area": "S/c", "period": "2024-01", "cause": "shot"}]
    done = anonymise(people, 3, QUASI, STEPS, SENSITIVE)
    assert Counter(row["sex"] for row in done.rows) == {"man": 4, SUPPRESSED: 3}
    assert [row for row in done.rows if row["sex"] == "man"] == people[2:6]

"""Answers as lines of a terminal: the sentence first, all that must be said with it, columns that hold in any script (R01, R75)."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casualty.patterns import plainly
from casualty.patterns.answers import Answer

ROW = {"observed": 12, "expected": 4.333333, "ratio": 2.769, "low": 1.4, "high": None, "p": 0.001, "alarm": True}
ANSWER = Answer(
    method="hotspots", question="Where?", n=1312, left_out={"no date": 12, "no point": 3},
    rows=({"area": "محافظة دير الزور", **ROW}, {"area": "北京市", **ROW, "alarm": False, "z": 3.25}),
    sentence="In 1 of 2 areas more incidents were documented than elsewhere, consistent with a local excess.",
    caveats=("These are documented incidents, not all deaths.",), parameters={"space": [100, 200], "until": None}, seed=2024,
    correction="Benjamini and Hochberg over 2 areas",
).as_json()  # fmt: skip
CLUSTER = {
    "rank": 1, "locations": ["A-1", "قرية", "C", "D", "E"], "start": "2024-01-01", "end": "2024-03-01", "cases": 12,
    "expected": 3.4, "log_likelihood_ratio": 9.7654, "relative_risk": None, "p_value": 0.001, "high": True, "radius": 1,
}  # fmt: skip
SCAN = {
    "model": "bernoulli", "replications": 999, "clusters": [CLUSTER], "sentence": "One place stands out.", "seed": 1,
    "caveats": ["Incidents."], "left_out": {}, "n": 50, "question": "Where?",
}  # fmt: skip


def lines(document: dict[str, Any], **how: Any) -> list[str]:
    return plainly.text(document, **how).splitlines()


def test_everything_that_must_be_said_is_said_in_its_order() -> None:
    """R01: sentence, table, what was left out and why, caveats, what was chosen with the seed."""
    text = plainly.text(ANSWER)
    order = ["In 1 of 2 areas", "area ", "Incidents used: 1,312.", "Left out: 12 no date; 3 no point.", "Adjusted p: Benj",
             "- These are documented incidents", "Chosen: space 100, 200; seed 2024"]  # fmt: skip
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert "until" not in text


def test_columns_stand_under_each_other_in_any_script() -> None:
    """R75: names written from the right, wide signs and marks take the room that a terminal gives them."""
    table = lines(ANSWER)[2:5]
    assert table[0].split() == ["area", "observed", "expected", "ratio", "low", "p", "alarm", "z"]
    figures = zip(table, ("observed", "12", "12"), strict=True)
    ends = [plainly.columns_of(line[: line.index(figure) + len(figure)]) for line, figure in figures]
    assert len(set(ends)) == 1
    assert f"{plainly.ISOLATE}محافظة دير الزور{plainly.END}" in table[1]
    assert plainly.ISOLATE not in table[2]


def test_a_column_without_a_value_is_not_shown_and_a_missing_value_is_a_dash() -> None:
    """R75: `high` is null in every row; `z` in one."""
    header, first, second = lines(ANSWER)[2:5]
    assert "high" not in header
    assert (first.split()[-1], second.split()[-1]) == ("-", "3.25")


def test_of_many_rows_those_that_stand_out_are_shown_and_how_many_there_are() -> None:
    """R01: alarms, then the smallest p, in the order of the document; and that there are more."""
    rows = [{"area": f"A{i:03}", "p": (i * 37 % 200) / 200, "alarm": i == 150} for i in range(200)]
    shown = lines({**ANSWER, "rows": rows}, most=10)[3:14]
    names = [line.split()[0] for line in shown[:10]]
    best = sorted(range(200), key=lambda i: (i != 150, rows[i]["p"]))[:10]
    assert names == [f"A{i:03}" for i in sorted(best)]
    assert shown[10] == "Shown 10 of 200: those that stand out most; the JSON document has all."


def test_of_many_days_the_latest_are_shown() -> None:
    """R01: a series without an alarm is read at its end."""
    rows = [{"date": f"2024-01-{i:02}", "observed": i} for i in range(1, 32)]
    assert lines({**ANSWER, "rows": rows}, most=2)[3:5] == ["2024-01-30        30", "2024-01-31        31"]


def test_a_scan_is_told_by_its_clusters() -> None:
    """R01: where, when, how many, how sure."""
    text = plainly.text(SCAN)
    row = next(line for line in text.splitlines() if line.lstrip().startswith("1 "))
    assert "and 2 more" in row
    assert row.split()[-7:] == ["2024-01-01", "2024-03-01", "12", "3.4", "-", "9.77", "0.001"]
    assert "replications 999; seed 1" in text
    both = {**SCAN, "clusters": [{**CLUSTER, "cases": [12, 3], "expected": [3.4, 1.0], "relative_risk": [3.5, None]}]}
    assert "12 3" in plainly.text(both)
    assert "No cluster." in plainly.text({**SCAN, "clusters": []})


def test_an_answer_without_rows_says_so() -> None:
    """R01: an empty answer is not taken for a lost one."""
    assert "Nothing to show in a table." in plainly.text({**ANSWER, "rows": []})


def test_a_disparity_is_told_with_all_its_sentences() -> None:
    """R01: it has several, and its left-out part is a list."""
    document = {"sentences": ["First.", "Second."], "n": 3, "rows": [], "left_out": [{"area": "A"}]}
    assert lines(document)[:2] == ["First.", "Second."]
    assert "Left out: 1 combinations" in plainly.text(document)


HOSTILE = ["\x1b[2J\x1b[H", "a\rb", "a\nb", "\u202egnorw", "\x00", "\u2066x", "\ud800", "a\tb", "a\u2028b", "a\x85b"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_moves_neither_the_cursor_nor_the_direction(name: str) -> None:
    """R75: names come from files of others."""
    document = {**ANSWER, "rows": [{"area": name, **ROW}], "sentence": f"About {name}.", "left_out": {name: 1},
                "parameters": {"group": name}, "caveats": [name]}  # fmt: skip
    text = plainly.text(document)
    assert not [sign for sign in text if unicodedata.category(sign) in ("Cc", "Cs") and sign != "\n"]
    assert not [sign for sign in text if ord(sign) in plainly.TURNING and sign not in (plainly.ISOLATE, plainly.END)]
    assert len(lines(document)) == len(lines({**document, "rows": [{"area": "x", **ROW}]}))


NUMBERS = [
    (None, "-"), (3, "3"), (3.0, "3"), (1234567, "1,234,567"), (0.00123456, "0.00123"), (2.769, "2.77"), (0.0, "0"),
    (1234.5, "1,234"), (0.00000123, "1.2e-06"), (True, "yes"), (False, ""), ("north", "north"), ([1, 2.5], "1 2.5"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "said"), NUMBERS)
def test_numbers_are_written_for_people(value: Any, said: str) -> None:
    """R01"""
    assert plainly.number(value) == said


@given(st.text(max_size=200), st.integers(10, 60))
def test_wrapping_keeps_every_word_within_the_width(text: str, width: int) -> None:
    """R75: only a word longer than the line goes beyond it."""
    found = plainly.wrapped(text, width)
    assert " ".join(found).split() == text.split()
    assert all(plainly.columns_of(line) <= width or len(line.split()) == 1 for line in found)


@given(st.text(max_size=60), st.integers(2, 40))
def test_what_is_cut_fits_and_says_that_it_was(text: str, most: int) -> None:
    """R75"""
    cut = plainly.clipped(text, most)
    assert plainly.columns_of(cut) <= most
    assert cut == text or cut.endswith("…")

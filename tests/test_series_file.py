"""Counts in time from a file: in order, of one step, without a gap, and every fault told (R32, R50)."""

from datetime import date
from pathlib import Path

import pytest

from casualty.errors import InvalidRecords, NotEnoughData, NotFound
from casualty.series import series
from geo.series import Step


def table(folder: Path, text: str) -> Path:
    (folder / "series.csv").write_text(text, encoding="utf-8")
    return folder / "series.csv"


def test_a_series_is_read(tmp_path: Path) -> None:
    """R32: in any order and notation; the step is read off the dates."""
    found = series(table(tmp_path, "date;count;low;high\n2024-02;3;;\n2024-01;5;4;9\n2024-03;0;0;\n"))
    assert found.starts == (date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1))
    assert found.counts.tolist() == [5, 3, 0]
    assert found.step is Step.MONTH
    assert found.marks is not None
    assert found.marks.tolist() == [[4, 5, 9], [3, 3, 3], [0, 0, 0]]
    weeks = series(table(tmp_path, "date,count\n2024-W52,1\n2025-W01,2\n"))
    assert weeks.step is Step.WEEK
    assert series(table(tmp_path, "date,count\n13/05/2024,1\n14/05/2024,2\n")).starts[0] == date(2024, 5, 13)


def test_groups_are_told_apart_or_added_up(tmp_path: Path) -> None:
    """R50"""
    text = "date,count,group\n2024,3,kess\n2024,2,tul\n2025,1,kess\n2025,4,tul\n"
    path = table(tmp_path, text)
    assert series(path).counts.tolist() == [5, 5]
    assert series(path, group="tul").counts.tolist() == [2, 4]
    with pytest.raises(NotFound, match="kess, tul"):
        series(path, group="omb")
    with pytest.raises(InvalidRecords, match="no row of tul on 2025"):
        series(table(tmp_path, text.rpartition("2025,4")[0]))


FAULTY = [
    ("2024-05-01,many", "row 2, count", "whole number"),
    ("2024-05-01,-1", "row 2, count", "below zero"),
    ("2024-05-01,", "row 2, count", "no data is not zero"),
    ("2024-05-01,NaN", "row 2, count", "no data is not zero"),
    ("soon,1", "row 2, date", "2024-05-17"),
    (",1", "row 2, date", "states no date"),
    ("2024-04-30,7", "row 2, date", "there already, in row 1"),
    ("2024-05-01,7\n2024-05-03,1", "2024-05-02", "no data is not zero"),
    ("1924-04-30,7", "row 2, date", "outside the study period"),
]


@pytest.mark.parametrize(("row", "where", "mend"), FAULTY)
def test_faults_are_told_with_their_row(tmp_path: Path, row: str, where: str, mend: str) -> None:
    """R32, R50: a gap is no zero."""
    with pytest.raises(InvalidRecords) as told:
        series(table(tmp_path, f"date,count\n2024-04-30,2\n{row}\n"), since=date(2024, 1, 1))
    assert where in str(told.value)
    assert mend in str(told.value)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    """R50"""
    with pytest.raises(NotEnoughData, match="at least 2"):
        series(table(tmp_path, "date,count\n2024-04-30,2\n"))
    with pytest.raises(InvalidRecords, match="there are: day, count"):
        series(table(tmp_path, "day,count\n2024-04-30,2\n"))

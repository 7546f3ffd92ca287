"""Values from cells, whatever stands in them: what is read is what was written, and nothing breaks the reader."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casualty.intake import values

DAYS = st.dates(min_value=date(1000, 1, 1), max_value=date(9999, 12, 31))
READERS: list[Callable[[str], Any]] = [
    values.count, values.decimal, values.amount, values.day, values.age, values.sex, values.identifier,
    values.missing_word, values.missing_group, values.unnamed, values.month_number, lambda text: values.parts(text, text, text),
]  # fmt: skip
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


@given(st.integers(0, values.MOST_PEOPLE))
def test_a_number_is_read_as_it_was_written(number: int) -> None:
    """R08: plain, through a float, and with marks between thousands."""
    for text in (f"{number}", f"{number}.0", f" {number:,} ", f"{number:,}".replace(",", "\u202f")):
        assert values.count(text) == number
    assert values.amount(f"{number:,}") == float(number)


@given(st.integers(values.MOST_PEOPLE + 1, 10**40))
def test_a_number_that_no_database_keeps_is_refused(number: int) -> None:
    """R08: it is told in its row, not by the database."""
    with pytest.raises(ValueError, match="more people"):
        values.count(str(number))


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_coordinate_is_read_as_it_was_written(number: float) -> None:
    """R36: with a point and with a comma."""
    assert values.decimal(repr(number)) == number
    assert values.decimal(f"{number:.4f}".replace(".", ",")) == float(f"{number:.4f}")


@given(DAYS)
def test_a_day_is_read_in_every_notation(day: date) -> None:
    """R32: the same day, however written."""
    year, month, number = day.year, day.month, day.day
    name = MONTHS[month - 1]
    notations = {
        f"{day}": "iso", f"{day} 00:00:00.000": "iso", f"{year}{month:02}{number:02}": "iso", f"{year}/{month}/{number}": "iso",
        f"{number}.{month}.{year}": "dmy", f"{number:02}/{month:02}/{year}": "dmy", f"{month}/{number}/{year}": "mdy",
        f"{number} {name} {year}": "iso", f"{name} {number}, {year}": "iso", f"{number} {name[:3]} {year}": "iso",
    }  # fmt: skip
    for text, order in notations.items():
        assert values.day(text, order) == values.Span(day, day, None), text
    assert values.parts(f"{year}", name, f"{number}.0") == values.Span(day, day, None)


@given(DAYS)
def test_a_month_covers_its_days_and_a_year_its_months(day: date) -> None:
    """R32: from the first day to the last, and no day beyond."""
    month, year = values.day(f"{day:%Y-%m}"), values.day(f"{day.year:04}")
    assert month is not None
    assert year is not None
    assert (month.start.day, month.start.month, month.end.month) == (1, day.month, day.month)
    assert month.start <= day <= month.end
    assert year.start <= month.start
    assert month.end <= year.end
    with pytest.raises(ValueError, match="day"):
        values.day(f"{month.end.replace(day=1):%Y-%m}-{month.end.day + 1}")


@given(st.text() | st.from_regex(r"[-+0-9.,/ T:]{0,20}", fullmatch=True))
def test_no_text_breaks_a_reader(text: str) -> None:
    """R08, R24, R32: a cell is a value, no value, or a fault that says what is wrong, in one line."""
    assert all(len(told) < 300 and told for read in READERS for told in wrongs(read, text))


def wrongs(read: Callable[[str], Any], text: str) -> list[str]:
    """What a reader finds wrong with a text, if it does."""
    try:
        read(text)
    except ValueError as wrong:
        return [str(wrong)]
    return []


@given(st.text())
def test_an_id_stays_an_id(text: str) -> None:
    """R94: read again, it is the same."""
    assert values.identifier(values.identifier(text)) == values.identifier(text)


@given(st.text())
def test_a_word_is_a_group_or_has_one_reason_not_to_be(text: str) -> None:
    """R25: blanks around it and capitals make no difference."""
    found = values.missing_group(text)
    assert found in (None, "unknown", "not_recorded", "withheld", "not_applicable")
    assert values.missing_group(f"  {text} ") == found
    assert values.missing_word(text) in (None, found)


@given(st.floats(0, 130))
def test_an_age_is_possible_or_refused(years: float) -> None:
    """R24: nobody is older than 130."""
    found = values.age(f"{years:.2f}")
    assert found is not None
    assert found.exact == float(f"{years:.2f}")
    with pytest.raises(ValueError, match="possible age"):
        values.age(f"{years + 131:.0f}")

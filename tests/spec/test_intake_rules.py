"""What the text of a cell means when a file is taken in, in tables that a recorder can read.

On the left what stands in the file; on the right what is recorded, or why the row is refused.
"""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from taking import take

from casualty.intake import values
from casualty.store import Store
from casualty.vocabulary import IntakeFormat

NUMBERS = [
    # in the file   people        why not
    ("6", 6, None),
    ("6.0", 6, None),
    ("0", 0, None),
    ("007", 7, None),
    ("1,473", 1473, None),
    ("12 000", 12000, None),
    ("1'000'000", 1000000, None),
    ("٣٤", 34, None),
    ("", None, None),
    ("Unknown", None, None),
    ("N/A", None, None),
    ("-", None, None),
    ("six", None, "is not a whole number"),
    ("6.5", None, "is not a whole number"),
    ("1.473", None, "is not a whole number"),
    ("1,47", None, "is not a whole number"),
    ("5-10", None, "is not a whole number"),
    (">5", None, "is not a whole number"),
    ("1e3", None, "is not a whole number"),
    ("=1+1", None, "is not a whole number"),
    ("-1", None, "is below zero"),
    ("2147483648", None, "is more people than there are"),
    ("9" * 400, None, "is more people than there are"),
]  # fmt: skip

DATES = [
    # in the file                  order   first day       last day      why not
    ("2016-05-03", "iso", "2016-05-03", "2016-05-03", None),
    ("2026-07-11 00:00:00.000", "iso", "2026-07-11", "2026-07-11", None),
    ("2016-05-03T14:00:00Z", "iso", "2016-05-03", "2016-05-03", None),
    ("20160503", "iso", "2016-05-03", "2016-05-03", None),
    ("2016-05", "iso", "2016-05-01", "2016-05-31", None),
    ("02/2016", "iso", "2016-02-01", "2016-02-29", None),
    ("2016", "iso", "2016-01-01", "2016-12-31", None),
    ("2016.0", "iso", "2016-01-01", "2016-12-31", None),
    ("28 Feb 2017", "iso", "2017-02-28", "2017-02-28", None),
    ("January 2, 2015", "iso", "2015-01-02", "2015-01-02", None),
    ("2nd January 2015", "iso", "2015-01-02", "2015-01-02", None),
    ("5-Jan-15", "iso", "2015-01-05", "2015-01-05", None),
    ("agosto 1976", "iso", "1976-08-01", "1976-08-31", None),
    ("05/11/2015", "dmy", "2015-11-05", "2015-11-05", None),
    ("05/11/2015", "mdy", "2015-05-11", "2015-05-11", None),
    ("05/11/2015", "iso", None, None, "may be day-month or month-day"),
    ("25/11/2015", "iso", "2015-11-25", "2015-11-25", None),
    ("11/25/2015", "iso", "2015-11-25", "2015-11-25", None),
    ("11/25/2015", "dmy", None, None, "there is no day 2015-25-11"),
    ("05.05.99", "iso", "1999-05-05", "1999-05-05", None),
    ("", "iso", None, None, None),
    ("NA", "iso", None, None, None),
    ("2015-02-29", "iso", None, None, "there is no day 2015-02-29"),
    ("2015-13", "iso", None, None, "there is no month 13"),
    ("yesterday", "iso", None, None, "is not a date"),
    ("42125", "iso", None, None, "is not a date"),
    ("0000-01-01", "iso", None, None, "there is no day"),
]  # fmt: skip

PARTS = [
    # year     month     day       first day     last day      why not
    ("2017.0", "7.0", "31", "2017-07-31", "2017-07-31", None),
    ("2015", "January", "2", "2015-01-02", "2015-01-02", None),
    ("2015", "1", "0", "2015-01-01", "2015-01-31", None),
    ("2015", "0", "0", "2015-01-01", "2015-12-31", None),
    ("2015", "", "", "2015-01-01", "2015-12-31", None),
    ("", "5", "5", None, None, None),
    ("2015", "13", "1", None, None, "is not a month"),
    ("2015", "2", "30", None, None, "there is no day 2015-02-30"),
    ("20155", "1", "1", None, None, "there is no day 20155-01-01"),
]  # fmt: skip

IDS = [
    # in the file    the id
    ("244657.0", "244657"), ("244657", "244657"), (" k20337 ", "k20337"), ("007", "007"), ("007.0", "007"),
    ("1.5", "1.5"), ("ID 5389", "ID 5389"), ("-3.0", "-3"), ("1e6", "1e6"), ("", ""),
]  # fmt: skip

DEGREES = [
    # in the file    degrees      why not
    ("34.531", 34.531, None), ("-118,2437", -118.2437, None), ("33", 33.0, None), ("", None, None), ("unknown", None, None),
    ("33°19'N", None, "is not a number"), ("1_0.5", None, "can be used"), ("nan", None, None), ("inf", None, "can be used"),
    ("1,234.5", None, "is not a number"),
]  # fmt: skip

AGES = [
    # in the file    exact   from to    band        why it is only kept as stated
    ("22", 22, None, None, None, None), ("22.0", 22, None, None, None, None), ("0", 0, None, None, None, None),
    ("26 años", 26, None, None, None, None), ("6 months", 0.5, None, None, None, None), ("20s", None, 20, 29, None, None),
    ("20's", None, 20, 29, None, None), ("30-35", None, 30, 35, None, None), ("Child", None, None, None, "child", None),
    ("Unknown", None, None, None, "unknown", None), ("", None, None, None, None, None), ("-", None, None, None, None, None),
    ("35-30", None, None, None, None, "ends before it begins"), ("999", None, None, None, None, "is not a possible age"),
    ("over 60", None, None, None, None, "is not an age"), ("-1", None, None, None, None, "is not an age"),
]  # fmt: skip

SEXES = [
    ("Male", "man"), ("M", "man"), ("m ", "man"), ("Femenino", "woman"), ("Transgender", "other"), ("Non-conforming", "other"),
    ("", "not_recorded"), ("NA", "not_recorded"), ("Unknown", "unknown"), ("U", "unknown"), ("X1", None),
]  # fmt: skip

GROUP_WORDS = [
    # in the file            reason for absence (None: a group)
    ("Hispanic", None), ("Unknown race", "unknown"), ("Unknown Race", "unknown"), ("unknown", "unknown"), ("?", "unknown"),
    ("", "not_recorded"), ("NA", "not_recorded"), ("---", "not_recorded"), ("Withheld", "withheld"),
    ("Not applicable", "not_applicable"), ("The Unknowns", None), ("غير معروف", None),
]  # fmt: skip

PEOPLE = [
    # in the file     people      why not
    ("7823.0", 7823.0, None), ("1,234", 1234.0, None), ("4,874,747", 4874747.0, None), ("1234.5", 1234.5, None),
    ("1234,5", 1234.5, None), ("", None, None), ("many", None, "is not a number"),
]  # fmt: skip


def said(wrong: pytest.ExceptionInfo[ValueError]) -> str:
    return str(wrong.value)


@pytest.mark.parametrize(("text", "people", "why"), NUMBERS)
def test_a_number_of_people(text: str, people: int | None, why: str | None) -> None:
    """R08: an unknown number is not zero, and a number that is not sure is not guessed."""
    if why is None:
        assert values.count(text) == people
        return
    with pytest.raises(ValueError, match=why):
        values.count(text)


@pytest.mark.parametrize(("text", "order", "first", "last", "why"), DATES)
def test_a_date(text: str, order: str, first: str | None, last: str | None, why: str | None) -> None:
    """R32: a date is as wide as it is stated; no day is made up, and no order of day and month."""
    if why is None:
        found = values.day(text, order)
        assert (found and (found.start.isoformat(), found.end.isoformat())) == (first and (first, last))
        return
    with pytest.raises(ValueError, match=why):
        values.day(text, order)


@pytest.mark.parametrize(("text", "precision"), [("2016-05-03", None), ("2016-05", 4), ("May 2016", 4), ("2016", 5)])
def test_the_wording_of_a_date_shows_its_precision(text: str, precision: int | None) -> None:
    """R32: a month is precision 4 and a year 5; that a day is exact is for the source to say."""
    found = values.day(text)
    assert found is not None
    assert found.precision == precision


@pytest.mark.parametrize(("year", "month", "number", "first", "last", "why"), PARTS)
def test_a_date_in_three_columns(
    year: str, month: str, number: str, first: str | None, last: str | None, why: str | None
) -> None:
    """R32: a month or a day that is blank or 0 is not known."""
    if why is None:
        found = values.parts(year, month, number)
        assert (found and (found.start, found.end)) == (
            first and (date.fromisoformat(first), date.fromisoformat(str(last)))
        )
        return
    with pytest.raises(ValueError, match=why):
        values.parts(year, month, number)


@pytest.mark.parametrize(("text", "known_as"), IDS)
def test_an_id(text: str, known_as: str) -> None:
    """R94: an id that passed through a float is the same id; leading zeros are part of it."""
    assert values.identifier(text) == known_as


@pytest.mark.parametrize(("text", "degrees", "why"), DEGREES)
def test_a_coordinate(text: str, degrees: float | None, why: str | None) -> None:
    """R36: degrees are decimal, with a point or a comma."""
    if why is None:
        assert values.decimal(text) == degrees
        return
    with pytest.raises(ValueError, match=why):
        values.decimal(text)


@pytest.mark.parametrize(("text", "exact", "low", "high", "band", "why"), AGES)
def test_an_age(
    text: str, exact: float | None, low: float | None, high: float | None, band: str | None, why: str | None
) -> None:
    """R24: an age is exact, between two bounds, a band, or not stated."""
    if why is None:
        found = values.age(text) or values.Age()
        assert (found.exact, found.low, found.high, found.band) == (exact, low, high, band)
        return
    with pytest.raises(ValueError, match=why):
        values.age(text)


@pytest.mark.parametrize(("text", "term"), SEXES)
def test_a_sex(text: str, term: str | None) -> None:
    """R25: a blank is not recorded, which is not unknown."""
    assert values.sex(text) == term


@pytest.mark.parametrize(("text", "reason"), GROUP_WORDS)
def test_a_word_for_a_group_or_for_its_absence(text: str, reason: str | None) -> None:
    """R25, R39: unknown, not recorded, withheld and not applicable are four things, and no group."""
    assert values.missing_group(text) == reason


@pytest.mark.parametrize(("text", "people", "why"), PEOPLE)
def test_a_population(text: str, people: float | None, why: str | None) -> None:
    """R27: a comma between thousands is no decimal comma."""
    if why is None:
        assert values.amount(text) == people
        return
    with pytest.raises(ValueError, match=why):
        values.amount(text)


HEADER = "id,date,date_end,date_prec,country,lat,lon,where_prec,killed_low,killed_best,killed_high,event_clarity\n"
ROWS = [
    # the row                                                        the field in fault, and what is said (None: recorded)
    ("1,2020-05-01,2020-05-02,2,Iraq,33.3,44.4,1,1,2,3,1", None, None),
    ("1,2020-05-01,,,,,,,,,,", None, None),
    ("1,,,,Iraq,,,,,5,,", None, None),
    ("1,2020-05-01,2020-05-02,2,Iraq,33.3,44.4,1,5,2,3,1", None, None),
    ("1,2020-05-02,2020-05-01,1,Iraq,33.3,44.4,1,1,2,3,1", "date_end", "lies before"),
    ("1,2999-05-02,,1,Iraq,33.3,44.4,1,1,2,3,1", "date", "has not come yet"),
    ("1,2020-05-02,,6,Iraq,33.3,44.4,1,1,2,3,1", "date_precision", "less than or equal to 5"),
    ("1,2020-05-02,,0,Iraq,33.3,44.4,9,1,2,3,1", "place_precision", "less than or equal to 7"),
    ("1,2020-05-02,,1,Iraq,33.3,,1,1,2,3,1", "lat, lon", "without the other"),
    ("1,2020-05-02,,1,Iraq,33.3,190,1,1,2,3,1", "lon", "less than or equal to 180"),
    ("1,2020-05-02,,1,Iraq,144.4,33.3,1,1,2,3,1", "lat", "is no latitude, while 33.3 could be one"),
    ("1,2020-05-02,,1,Iraq,33.3,44.4,1,1,two,3,1", "killed_best", "is not a whole number"),
    ("1,2020-05-02,,1,Iraq,33.3,44.4,1,1,-2,3,1", "killed_best", "is below zero"),
    ("1,2020-05-02,,1,Iraq,33.3,44.4,1,1,2,3,3", "clarity", "less than or equal to 2"),
    ("1,2020-05-02,,1,Iraq,33.3,44.4,1,1,2,3", "", "11 cells where the header has 12"),
    ("1,2020-05-02,,1,Iraq,33.3,44.4,1,1,2,3,1,4", "", "13 cells where the header has 12"),
    ("1,2020-05-02,,1,Iraq,33.3,44.4,1,1,2,3,1,,", None, None),
    (f"{'9' * 201},2020-05-02,,1,Iraq,33.3,44.4,1,1,2,3,1", "id", "longer than 200"),
    ("1,2020-05-02,,1,I\x00raq,33.3,44.4,1,1,2,3,1", "", "NUL"),
    ('1,2020-05-02,,1,"Iraq" now,33.3,44.4,1,1,2,3,1', "", "lines 2 to 2 of the file"),
    ('1,2020-05-02,,1,"Iraq,33.3,44.4,1,1,2,3,1', "", "lines 2 to 2 of the file: unexpected end of data"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "field", "why"), ROWS)
def test_a_row_is_recorded_or_refused_with_what_is_wrong(
    sqlite_store: Store, tmp_path: Path, row: str, field: str | None, why: str | None
) -> None:
    """R07, R08: figures out of order are kept and warned of; everything else that breaks a rule is refused, and told."""
    report = take(sqlite_store, tmp_path, HEADER + row + "\n")
    assert (report.recorded, report.refused) == ((1, 0) if field is None else (0, 1))
    faults: list[tuple[Any, ...]] = [(fault.row, fault.field) for fault in report.faults]
    assert faults == ([] if field is None else [(1, field)])
    assert all(why in fault.said and fault.mend for fault in report.faults if why)
    if field is not None:
        assert sqlite_store.head().seq == 1


IDENTITIES = [
    # the column's word     group's code     or reason of absence
    ("Hispanic ", "hispanic", None),
    ("Hispanic", "hispanic", None),
    ("HISPANIC", "hispanic", None),
    ("  Native   American ", "native_american", None),
    ("Unknown race", None, "unknown"),
    ("Unknown Race", None, "unknown"),
    ("", None, "not_recorded"),
]


def test_words_for_one_group_are_one_group(sqlite_store: Store, tmp_path: Path) -> None:
    """R39: blanks and capitals make no new group; the word first met is its label."""
    import sqlalchemy as sa

    rows = "".join(f"{number},2020-05-01,Anna,{word}\n" for number, (word, _, _) in enumerate(IDENTITIES))
    report = take(sqlite_store, tmp_path, "id,date,name,race\n" + rows, format=IntakeFormat.VICTIMS)
    assert report.recorded == len(IDENTITIES)
    found = sqlite_store.rows(
        sa.text(
            "SELECT c.external_id, g.code, a.group_missing FROM attribution a JOIN claim c ON c.incident_id = a.incident_id"
            " LEFT JOIN identity_group g ON g.id = a.group_id ORDER BY 1"
        )
    )
    assert [(code, missing) for _, code, missing in found] == [(code, missing) for _, code, missing in IDENTITIES]
    labels = sqlite_store.rows(sa.text("SELECT label FROM identity_group ORDER BY 1"))
    assert [label for (label,) in labels] == ["Hispanic", "Native American"]

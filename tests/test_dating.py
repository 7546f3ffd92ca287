"""Dates and times as typed: what holds for any text, and the conversion of calendars against what is known (R32)."""

import subprocess
import sys
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from casualty.dating import Calendar, NotUnderstood, Reading, TimeOfDay, as_hijri, precision_of, read, time
from casualty.dating.words import TAGS, fold, phrases

TODAY = date(2026, 11, 23)
DAY = timedelta(1)
# Where the year needs no question.
DAYS = st.dates(date(1600, 1, 1), date(9999, 12, 31))
# Every notation of a day that has one reading only.
NOTATIONS = (
    "{d:%Y-%m-%d}", "{d:%Y/%m/%d}", "{d:%Y%m%d}", "{d:%Y-%m-%d}T23:59:59Z", "{d:%Y-%m-%d} 00:00:00.000", "{d.day} {en} {d:%Y}",
    "{en} {d.day}, {d:%Y}", "{d.day}-{en}-{d:%Y}", "{d.day} {fr} {d:%Y}", "le {d.day} {fr} {d:%Y}", "{d.day} {levant} {d:%Y}",
    "{d.day} {gulf} {d:%Y}م", "في {d.day} {maghreb} {d:%Y}", "{d.day} {levant}/{gulf} {d:%Y}", "{d.day} {ru} {d:%Y} г.",
    "\u200f{d.day}\u00a0{levant}\u00a0{d:%Y}\u200e", "  {d:%Y} {en} {d.day} ",
)  # fmt: skip
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "levant": "كانون_الثاني شباط آذار نيسان أيار حزيران تموز آب أيلول تشرين_الأول تشرين_الثاني كانون_الأول",
    "gulf": "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    "maghreb": "جانفي فيفري مارس أفريل ماي جوان جويلية أوت سبتمبر أكتوبر نوفمبر ديسمبر",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
}
SCRIPTS = tuple(
    str.maketrans("0123456789", digits) for digits in ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "０１２３４５６７８９", "०१२३४५६७८९")
)
PARTS = st.one_of(
    st.sampled_from(
        [*TAGS, *"-/.,|()?T:~", "\u200f", "\x00", "2024", "1445", "24", "٥", "99999", "0000", "M03", "M10|M11"]
    ),
    st.integers(0, 10**25).map(str),
    st.integers(0, 31).map(str),
)
TYPED = st.one_of(
    st.text(st.characters(), max_size=200),
    st.lists(PARTS, max_size=30).map(" ".join),
    st.lists(PARTS, max_size=8).map("".join),
)


def outcome(text: str, calendar: Calendar = Calendar.GREGORIAN, prefer: str | None = None) -> Reading | NotUnderstood:
    try:
        return read(text, calendar=calendar, today=TODAY, prefer=prefer)
    except NotUnderstood as question:
        return question


def timed(text: str) -> TimeOfDay | NotUnderstood:
    try:
        return time(text)
    except NotUnderstood as question:
        return question


def hijri(text: str) -> Reading:
    return read(text, calendar=Calendar.HIJRI, today=TODAY)


def test_all_months_of_the_notations_are_twelve() -> None:
    assert {len(names.split()) for names in MONTHS.values()} == {12}


@given(TYPED, st.sampled_from(Calendar), st.sampled_from([None, "dmy", "mdy", "ymd"]))
@example("9" * 5000, Calendar.GREGORIAN, None)
@example("\ud800", Calendar.GREGORIAN, None)
@example("\x00", Calendar.HIJRI, None)
@example("0000-00-00", Calendar.JALALI, None)
@example("about 9999-12-31", Calendar.GREGORIAN, None)
@example("about 0001", Calendar.GREGORIAN, "dmy")
@example("تشرين " * 20, Calendar.GREGORIAN, None)
@example("1 - " * 40, Calendar.GREGORIAN, None)
@example("week of 31 December 9999", Calendar.GREGORIAN, None)
@example("night of 31 December 9999", Calendar.GREGORIAN, None)
@example("winter 9999", Calendar.GREGORIAN, None)
@example("9998/99", Calendar.GREGORIAN, None)
@example("9999/00", Calendar.GREGORIAN, None)
@example("autumn 9999", Calendar.GREGORIAN, None)
@example("late 9999", Calendar.GREGORIAN, None)
@example("Ramadan 9999", Calendar.GREGORIAN, None)
@example("1500 AH", Calendar.GREGORIAN, None)
@example("{text} {0}", Calendar.GREGORIAN, None)
def test_any_text_is_read_or_questioned(text: str, calendar: Calendar, prefer: str | None) -> None:
    """R32: no other exception, no span that ends before it begins, no precision closer than the span."""
    found = outcome(text, calendar, prefer)
    readings = found.readings if isinstance(found, NotUnderstood) else (found,)
    for reading in readings:
        assert reading.start <= reading.end
        assert reading.text == text
        known_month = reading.calendar == Calendar.HIJRI and reading.precision == 4
        assert reading.precision >= precision_of(reading.start, reading.end) or known_month
    if isinstance(found, NotUnderstood):
        assert str(found).encode()
        assert found.template.count("{") == found.template.count("}")
        assert found.mend


@given(TYPED)
@example("24:30")
@example("9999")
@example("3 to")
@example("\ud800")
def test_any_time_is_read_or_questioned(text: str) -> None:
    """R32"""
    found = timed(text)
    if isinstance(found, NotUnderstood):
        assert str(found).encode()
    else:
        assert found.text == text
        assert all("00:00" <= at <= "23:59" and len(at) == 5 for at in (found.low, found.high))


@given(DAYS, st.sampled_from(NOTATIONS), st.sampled_from([None, *SCRIPTS]))
def test_a_day_comes_back_from_every_notation(day: date, notation: str, script: dict[int, int] | None) -> None:
    """R32: the same day, whatever the language, and in any digits."""
    names = {key: values.split()[day.month - 1].replace("_", " ") for key, values in MONTHS.items()}
    text = notation.format(d=day, **names)
    reading = read(text.translate(script) if script else text, today=TODAY)
    assert (reading.start, reading.end, reading.precision, reading.about) == (day, day, 1, False)


@given(st.dates(date(1000, 1, 1)), st.dates(date(1000, 1, 1)))
def test_a_question_offers_both_orders_and_the_order_settles_it(day: date, other: date) -> None:
    """R32: brute force over what two numbers may mean."""
    typed = f"{day.day}/{other.day}/{day.year + 600 if day.year < 9000 else day.year}"
    year, possible = int(typed.rpartition("/")[2]), {}
    for order, (month, number) in {"dmy": (other.day, day.day), "mdy": (day.day, other.day)}.items():
        try:
            possible[order] = date(year, month, number)
        except ValueError:
            continue
    found = outcome(typed)
    readings = found.readings if isinstance(found, NotUnderstood) else (found,)
    assert [reading.start for reading in readings] == list(dict.fromkeys(possible.values()))
    for order, meant in possible.items():
        assert outcome(typed, prefer=order) == Reading(meant, meant, 1, False, Calendar.GREGORIAN, typed)


@given(st.dates(date(1700, 1, 1), date(9000, 1, 1)), st.integers(0, 400))
def test_a_range_holds_its_ends_and_about_holds_the_range(start: date, days: int) -> None:
    """R32: about is wider by half the length, at least three days on each side."""
    end = start + timedelta(days)
    typed = f"{start} to {end}"
    plain, wide = read(typed, today=TODAY), read(f"about {typed}", today=TODAY)
    assert (plain.start, plain.end, plain.precision) == (start, end, precision_of(start, end))
    more = max(3, (days + 1) // 2)
    assert (start - wide.start, wide.end - end) == (timedelta(more), timedelta(more))
    assert wide.precision >= plain.precision
    assert wide.about


@pytest.mark.parametrize(("days", "code"), [(1, 1), (2, 2), (6, 2), (7, 3), (8, 4), (31, 4), (32, 5), (366, 5)])
def test_precision_follows_the_codebook(days: int, code: int) -> None:
    """R32: UCDP GED, date_prec."""
    assert precision_of(date(2024, 1, 1), date(2024, 1, 1) + timedelta(days - 1)) == code


# Published dates: the Umm al-Qura calendar of Saudi Arabia, and the official calendar of Iran.
KNOWN = [
    ("1446-01-01", Calendar.HIJRI, date(2024, 7, 7)),
    ("1445-09-01", Calendar.HIJRI, date(2024, 3, 11)),
    ("1445-12-10", Calendar.HIJRI, date(2024, 6, 16)),
    ("1444-10-01", Calendar.HIJRI, date(2023, 4, 21)),
    ("1400-01-01", Calendar.HIJRI, date(1979, 11, 20)),
    ("1403-01-01", Calendar.JALALI, date(2024, 3, 20)),
    ("1357-11-22", Calendar.JALALI, date(1979, 2, 11)),
    ("1358-01-12", Calendar.JALALI, date(1979, 4, 1)),
    ("1399-12-30", Calendar.JALALI, date(2021, 3, 20)),
]


@pytest.mark.parametrize(("typed", "calendar", "day"), KNOWN)
def test_known_days_of_other_calendars(typed: str, calendar: Calendar, day: date) -> None:
    """R32"""
    slack = DAY if calendar == Calendar.HIJRI else timedelta(0)
    reading = read(typed, calendar=calendar, today=TODAY)
    assert (reading.start, reading.end) == (day - slack, day + slack)
    assert reading.precision == (2 if slack else 1)


def tabular(year: int, month: int, day: int) -> date:
    """The arithmetical Hijri calendar, astronomical epoch (15 July 622, Julian), eleven leap years in thirty."""
    days = day + (59 * (month - 1) + 1) // 2 + (year - 1) * 354 + (3 + 11 * year) // 30
    return date.fromordinal(days + 1948438 - 1721425)


def test_a_hijri_day_holds_the_neighbouring_calendar() -> None:
    """R32: the arithmetical calendar lies within the stated three days in 98.9 % of all months, and never two beyond."""
    off = []
    for year in range(1343, 1501):
        for month in range(1, 13):
            reading, other = hijri(f"{year}-{month}-1"), tabular(year, month, 1)
            assert (reading.end - reading.start).days == 2
            if not reading.start <= other <= reading.end:
                off.append(min(abs((other - reading.start).days), abs((other - reading.end).days)))
    assert len(off) == 21
    assert set(off) == {1}


@given(st.dates(date(1924, 8, 1), date(2077, 11, 16)))
@example(date(1926, 12, 6))
@example(date(1930, 4, 29))
@example(date(1924, 8, 1))
@example(date(2077, 11, 16))
def test_a_day_shown_in_hijri_is_read_back_around_itself(day: date) -> None:
    """R32: in both languages, and in the months of 31 days that the older table has."""
    for language in ("en", "ar", "fr", "ar-SY"):
        reading = read(as_hijri(day, language), today=TODAY)
        assert (reading.start, reading.end, reading.calendar) == (day - DAY, day + DAY, Calendar.HIJRI)


def test_hijri_months_and_years_touch() -> None:
    """R32: each is widened by one day, so the next begins two days before the last ends."""
    for first, second in (("1445-08", "1445-09"), ("1445-12", "1446-01"), ("1444", "1445")):
        assert hijri(second).start == hijri(first).end - DAY


def test_a_day_beyond_the_table_is_not_shown_in_hijri() -> None:
    assert as_hijri(date(1900, 1, 1)) == ""
    assert as_hijri(date(2024, 7, 7)) == "1 Muharram 1446 AH"
    assert as_hijri(date(2024, 7, 7), "ar") == "1 محرم 1446 هـ"


@pytest.mark.parametrize("blank", ["", "  ", "\u00a0", "\n"])
def test_blank_is_the_callers_matter(blank: str) -> None:
    """A blank is a fault here; whether a date may be left out is decided where it is asked for."""
    for reader in (lambda: read(blank, today=TODAY), lambda: time(blank)):
        with pytest.raises(NotUnderstood, match=r"^No (date|time) is written"):
            reader()


def test_a_question_carries_what_a_page_needs() -> None:
    """R32: an English template with slots, their values, the mend, and the readings with the text untouched."""
    question = outcome(" 03/04/2024\u200f")
    assert isinstance(question, NotUnderstood)
    assert question.template == "{text} can be read in more than one way: {readings}."
    assert question.values["readings"] == "2024-04-03, 2024-03-04"
    assert [reading.text for reading in question.readings] == [" 03/04/2024\u200f"] * 2
    assert isinstance(question, ValueError)


def test_words_are_folded_for_comparison_only() -> None:
    """Marks of direction, vowel signs, lengthening, case and the script of digits do not matter."""
    assert fold("\u200fأغســطس ٢٠٢٤") == fold("اغسطس 2024") == "اغسطس 2024"
    assert fold("Août ２０２４") == "aout 2024"


def test_every_phrase_has_one_meaning() -> None:
    """A word of one language that means something else in another would be read wrongly in silence."""
    assert [(phrase, tag) for phrase, tag in phrases() if TAGS[phrase] != tag] == []


def test_calendars_are_loaded_when_they_are_asked_for() -> None:
    """The command line starts without the tables of other calendars."""
    code = "import sys, casualty.dating; print({'hijridate', 'persiantools', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

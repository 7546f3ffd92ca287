"""From a line of tags (casualty.dating.words) to readings: the forms of dates, ranges, and what stands around them."""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any, TypeVar

from casualty.dating import words
from casualty.dating.calendars import Calendar, OutOfTable, bounds
from casualty.dating.found import (
    CHECK,
    GIVE_GREGORIAN,
    NO_SUCH_DAY,
    NO_YEAR,
    NOT_A_DATE,
    NOT_SAME,
    ODD_YEAR,
    OPEN,
    OPEN_MEND,
    OUT_OF_TABLE,
    RELATIVE,
    SEVERAL,
    SHORT_YEAR,
    TWO_DATES,
    WEEKDAY,
    WHICH_NIGHT,
    WHICH_WEEK,
    Asked,
    Found,
    NotUnderstood,
    Reading,
    about,
    shifted,
    shown,
    span,
    third,
)

_S = r"(?: [-/.,])*"
_M, _N, _D, _Y = r" (?P<m>[MHJ]\d\d)", r" (?P<n>\d{1,2})", r" (?P<d>\d{1,2})", r" (?P<y>\d{3,4})"
# Every part begins with its space, and so does the line that is read.
_FORMS = tuple(
    re.compile(form)
    for form in (
        _D + _S + _M + _S + _Y, _M + _S + _D + _S + _Y, _Y + _S + _M + _S + _D, _M + _S + _Y, _Y + _S + _M,
        _Y + r"(?P<s>(?: [-/.])?)" + _N + r"(?P=s)" + _D, _N + " [-/.]" + _Y, _Y,
        r" (?P<y>\d{4})(?P<n>\d\d)(?P<d>\d\d)",
    )
)  # fmt: skip
_TWO_ORDERS = re.compile(r" (\d{1,2})( [-/.]|) (\d{1,2})\2 (\d{3,4})")
_YEAR_AND_NUMBER = re.compile(r" (\d{3,4}) ([-/.]) (\d{1,2})")
_SHORT_NUMERIC = re.compile(r" (\d{1,2})( [-/.]) (\d{1,2})\2 (\d\d)")
_SHORT_WORDED = re.compile(
    rf" (?P<d>\d{{1,2}}){_S}{_M}{_S} (?P<y>\d\d)|{_M.replace('m', 'k')}{_S} (?P<e>\d{{1,2}}) , (?P<z>\d\d)"
)
_YEARLESS = re.compile(rf"(?:{_D}{_S})?{_M}(?:{_S} (?P<e>\d{{1,2}}))?")
_ISO_WEEK = re.compile(r" (\d{4}) - WK (\d{1,2})(?: - (\d))?")
_ERA = re.compile(r" (AH|AD|SH)\b(?: \.(?= ))?")
_ERAS = {"AH": Calendar.HIJRI, "AD": Calendar.GREGORIAN, "SH": Calendar.JALALI}
_HIJRI_DAY = 3
_CUTTERS = (("TO", "OR", "AND"), ("-", "/"))
_DAY_ONLY = re.compile(r"(?:W\d(?: ,)? )?(\d{1,2})")
_DAY_AND_REST = re.compile(r"(?:W\d(?: ,)? )?\d{1,2}(?P<rest>(?: [-/.,])* [MHJ]\d\d.*|( [-/.]) \d{1,2}\2 \d{3,4}.*)")
_ISO_DAY = re.compile(r"(\d{4} - \d{1,2} -) \d{1,2}")
_MONTH_DAY = re.compile(r"(?:W\d(?: ,)? )?([MHJ]\d\d) \d{1,2}")
_DAY_FIRST, _HAS_MONTH = re.compile(r"\d{1,2}( |$)"), re.compile(r"\b[MHJ]\d\d\b")
_THIRDS, _OF_THIRD = ("EARLY", "MID", "LATE"), re.compile(r"(EARLY|MID|LATE)(?: [-.])* (.+)")
_TWO_WEEKDAYS = re.compile(r"W(\d)(?: [-/])? W(\d) (.+)")
_HAS_YEAR = re.compile(r"\b\d{3,4}\b")
_YEAR_AT_END = re.compile(r"(?: [-/.,])? \d{3,4}(?: (?:AH|AD|SH))?$")
_MONTHS_OF = {"M": Calendar.GREGORIAN, "H": Calendar.HIJRI, "J": Calendar.JALALI}
_CENTURIES = {Calendar.GREGORIAN: (2000, 1900), Calendar.HIJRI: (1400, 1300), Calendar.JALALI: (1400, 1300)}
_LONG_AGO, _FROM_HERE_GREGORIAN = 1000, 1600
_LIKE_OTHERS = range(1300, 1501)
Part = TypeVar("Part")


def read(text: str, *, calendar: Calendar = Calendar.GREGORIAN, today: date, prefer: str | None = None) -> Reading:
    """Return what a typed date means, its text untouched; raise NotUnderstood with a question or a fault.

    `calendar` holds where the text names none; `prefer` (dmy, mdy or ymd) is the order of the recorder's own numbers, and
    settles what they may mean; `today` serves only to offer readings of a date without a year. Blank text is a fault:
    whether a date may be left out is the caller's matter.
    """
    if not text.strip():
        raise NotUnderstood("No date is written.", {})
    ask = Asked(text, calendar, today, prefer)
    if len(text) > words.LONGEST:
        raise ask.no("{text} is too long for a date.", "Write the date here, and the rest in the narrative.")
    found = _any(words.variants(words.tagged(text)), lambda line: _whole(line, ask))
    readings = [replace(reading, text=text) for reading in found.readings]
    doubt = found.doubt or (SEVERAL if len(readings) > 1 else None)
    if doubt:
        offered = ", ".join(str(reading) for reading in readings)
        raise NotUnderstood(doubt.template, {"text": shown(text), "readings": offered}, doubt.mend, readings)
    return readings[0]


def _any(parts: Iterable[Part], reader: Callable[[Part], Found]) -> Found:
    """Return the readings of all parts that have any; raise the first fault if none has."""
    found, faults = [], []
    for part in parts:
        try:
            found.append(reader(part))
        except NotUnderstood as fault:
            faults.append(fault)
    if not found:
        raise faults[0]
    readings = tuple(dict.fromkeys(reading for one in found for reading in one.readings))
    return Found(readings, next((one.doubt for one in found if one.doubt), None))


def _whole(line: str, ask: Asked) -> Found:
    """Read a line with what may stand around it: about, an open end, the same day in another calendar."""
    parts = line.split(" ")
    if "ABOUT" in parts:
        found = _whole(" ".join(part for part in parts if part != "ABOUT"), ask)
        return replace(found, readings=tuple(map(about, found.readings)))
    line = re.sub(r"(?<=.) FROM\b", "", re.sub(r"^(?:(?:EQ|[-.,/]) )+|(?: (?:EQ|[-.,/]))+$", "", line))
    first, last = (line.split(" ")[at] for at in (0, -1))
    if {first, last} & {"BEFORE", "AFTER", "TO"}:
        raise ask.no(OPEN, OPEN_MEND)
    left, beside, right = line.partition(" EQ ")
    return _same(_ranged(left, ask), _ranged(right, ask)) if beside else _ranged(line, ask)


def _same(left: Found, right: Found) -> Found:
    """Return the narrower of two dates that are said to be one, or both with a doubt if they never meet."""
    met = [
        min(one, other, key=lambda reading: reading.days)
        for one, other in product(left.readings, right.readings)
        if one.start <= other.end and other.start <= one.end
    ]
    if not met:
        return Found(left.readings + right.readings, NOT_SAME)
    return Found(tuple(dict.fromkeys(met)), left.doubt or right.doubt)


def _ranged(line: str, ask: Asked) -> Found:
    if line.startswith("NIGHT "):
        return _night(line.removeprefix("NIGHT ").removeprefix("FROM "), ask)
    try:
        return _one(line, ask)
    except NotUnderstood as fault:
        found = _range(line, ask)
        if found is None:
            raise fault from None
        return found


def _night(line: str, ask: Asked) -> Found:
    """Read a night: of two days, or of one day and then the weekdays before and after it, or else a question."""
    two = _TWO_WEEKDAYS.fullmatch(line)
    try:
        found = _one(two[3] if two else line, ask)
    except NotUnderstood:
        return _ranged(f"FROM {line}", ask)
    _need(max(reading.days for reading in found.readings) <= _HIJRI_DAY, ask)
    nights = [
        span(shifted(reading.start, -before), shifted(reading.end, 1 - before), reading.calendar)
        for reading in found.readings
        for before in (0, 1)
    ]
    if two is None:
        return Found(tuple(nights), found.doubt or WHICH_NIGHT)
    said = (int(two[1]), int(two[2]))
    fitting = [night for night in nights if (night.start.weekday(), night.end.weekday()) == said]
    return Found(tuple(fitting), found.doubt) if fitting else Found(tuple(nights), WEEKDAY)


def _range(line: str, ask: Asked) -> Found | None:
    """Read a range: the first cut that leaves two dates without a doubt, or else the first that leaves two dates."""
    opened, parts = line.startswith("FROM "), line.removeprefix("FROM ").split(" ")
    cuts = [at for cutters in _CUTTERS for at in range(1, len(parts) - 1) if parts[at] in cutters]
    doubtful, fault = None, ask.no(OPEN, OPEN_MEND) if opened else None
    for at in cuts:
        left, right = _completed(" ".join(parts[:at]), " ".join(parts[at + 1 :]))
        try:
            found = _joined(_one(left, ask), _one(right, ask), ask, names_two=parts[at] == "AND" and not opened)
        except NotUnderstood as wrong:
            fault = wrong if wrong.template != NOT_A_DATE else fault
            continue
        if found.doubt is None and len(found.readings) == 1:
            return found
        doubtful = doubtful or found
    if doubtful is None and fault:
        raise fault
    return doubtful


def _joined(left: Found, right: Found, ask: Asked, *, names_two: bool) -> Found:
    if {reading.calendar for reading in left.readings}.isdisjoint(reading.calendar for reading in right.readings):
        return _same(left, right)
    alike = len(left.readings) == len(right.readings)
    pairs = zip(left.readings, right.readings, strict=True) if alike else product(left.readings, right.readings)
    ordered = [(one, other) for one, other in pairs if one.start <= other.start and one.end <= other.end]
    if not ordered:
        raise ask.no("{text} ends before it begins.", "Swap the two dates, or mend one.")
    apart = names_two and any((other.start - one.end).days > 1 for one, other in ordered)
    doubt = left.doubt or right.doubt or (TWO_DATES if apart else None)
    return Found(tuple(span(one.start, other.end, one.calendar) for one, other in ordered), doubt)


def _completed(left: str, right: str) -> tuple[str, str]:
    """Return both ends with what one of them leaves to the other: `5` and `8 M03 2024` are `5 M03 2024` and that."""
    if (day := _DAY_ONLY.fullmatch(left)) and (rest := _DAY_AND_REST.fullmatch(right)):
        return left.removesuffix(day[1]) + f"{day[1]}{rest[1]}", right
    if _DAY_ONLY.fullmatch(right) and (iso := _ISO_DAY.fullmatch(left)):
        return left, f"{iso[1]} {right}"
    if (
        (month := _MONTH_DAY.fullmatch(left))
        and not re.search(r"\b[MHJ]\d\d\b", right)
        and re.match(r"\d{1,2}( |$)", right)
    ):
        right = f"{month[1]} {right}"
    if left in _THIRDS and (same := _OF_THIRD.fullmatch(right)):
        return f"{left} {same[2]}", right
    ends = [_YEAR_AT_END.search(side) for side in (left, right)]
    if ends[1] and not _HAS_YEAR.search(left):
        left += ends[1][0]
    elif ends[0] and not _HAS_YEAR.search(right):
        right += ends[0][0]
    return left, right


def _one(line: str, ask: Asked) -> Found:
    """Read a line that is no range."""
    line = re.sub(r"^(?:(?:EARLY|MID|LATE) (?:- )?)?PART (?:, )?| (?:, |TO )?(?:PART|NIGHT)$", "", line)
    for form, reader in _AROUND:
        if match := form.fullmatch(line):
            return reader(match, ask)
    return _dates(line, ask)


def _need(condition: bool, ask: Asked) -> None:
    if not condition:
        raise ask.no()


def _weekday(match: re.Match[str], ask: Asked) -> Found:
    found, wanted = _one(match["rest"], ask), int(match["w"][1])
    _need(max(reading.days for reading in found.readings) <= _HIJRI_DAY, ask)
    fitting = [r for r in found.readings if wanted in {(r.start.weekday() + n) % 7 for n in range(r.days)}]
    return Found(tuple(fitting), found.doubt) if fitting else Found(found.readings, WEEKDAY)


def _weekday_alone(match: re.Match[str], ask: Asked) -> Found:
    return _relative(-((ask.today.weekday() - int(match[1][1])) % 7), ask)


def _relative(days: int, ask: Asked) -> Found:
    day = shifted(ask.today, days)
    return Found((span(day, day, Calendar.GREGORIAN),), RELATIVE)


def _week(match: re.Match[str], ask: Asked) -> Found:
    found = _one(match[1], ask)
    _need(all(reading.days == 1 for reading in found.readings), ask)
    starts = [reading.start for reading in found.readings]
    starts += [shifted(start, -start.weekday()) for start in starts if start.weekday()]
    weeks = tuple(span(start, shifted(start, 6), Calendar.GREGORIAN) for start in starts)
    return Found(weeks, found.doubt or (WHICH_WEEK if len(weeks) > len(found.readings) else None))


def _third(match: re.Match[str], ask: Asked) -> Found:
    found = _one(match[2], ask)
    _need(min(reading.days for reading in found.readings) >= 28, ask)
    which = _THIRDS.index(match[1])
    return replace(found, readings=tuple(third(reading, which) for reading in found.readings))


def _season(match: re.Match[str], ask: Asked) -> Found:
    """Read a season; a winter is that which begins or that which ends in the year, unless both years are written."""
    first, year, next_year = int(match[1]) * 3, int(match[2]), match[3]
    _need(ask.calendar == Calendar.GREGORIAN and year >= _FROM_HERE_GREGORIAN, ask)
    if next_year:
        _need(first == 12 and int(next_year) in (year + 1, (year + 1) % 100), ask)
    years = [year] if first < 12 or next_year else [year - 1, year]
    return _any(years, lambda opening: Found((_three_months(opening, first, ask),)))


def _three_months(year: int, first: int, ask: Asked) -> Reading:
    last = _built(year + first // 12, (first + 1) % 12 + 1, None, ask)
    return span(date(year, first, 1), last.end, Calendar.GREGORIAN)


def _iso_week(match: re.Match[str], ask: Asked) -> Found:
    try:
        start = date.fromisocalendar(int(match[1]), int(match[2]), int(match[3] or 1))
    except ValueError:
        raise ask.no(NO_SUCH_DAY, CHECK) from None
    return Found((span(start, start if match[3] else shifted(start, 6), Calendar.GREGORIAN),))


def _dates(line: str, ask: Asked) -> Found:
    line = f" {line}"
    if era := _ERA.search(line):
        ask = replace(ask, calendar=_ERAS[era[1]], era=True)
        line = line.replace(era[0], "", 1)
    for form, reader in _NUMERIC:
        if match := form.fullmatch(line):
            return reader(match, ask)
    for form in _FORMS:
        if match := form.fullmatch(line):
            said: dict[str, Any] = {"m": None, "n": None, "d": None} | match.groupdict()
            day = int(said["d"]) if said["d"] else None
            return _dated(int(said["y"]), said["m"] or said["n"], day, ask)
    raise ask.no()


def _two_orders(match: re.Match[str], ask: Asked) -> Found:
    return _any(_orders(match[1], match[3], ask), lambda pair: _dated(int(match[4]), pair[0], int(pair[1]), ask))


def _orders(first: str, second: str, ask: Asked) -> list[tuple[str, str]]:
    """Return month and day of two numbers: in the preferred order if that is possible, else in both."""
    pairs = {"dmy": (second, first), "mdy": (first, second)}
    wanted = pairs.get(ask.prefer or "")
    return [wanted] if wanted and int(wanted[0]) <= 12 else list(pairs.values())


def _year_and_number(match: re.Match[str], ask: Asked) -> Found:
    """Read `2024-03`; `2023/24` is a pair of years, and `2011/12` may be either."""
    year, number = int(match[1]), int(match[3])
    if number != (year + 1) % 100 or (match[2] != "/" and number <= 12):
        return _dated(year, match[3], None, ask)
    both = Found((span(_built(year, None, None, ask).start, _built(year + 1, None, None, ask).end, ask.calendar),))
    months = _dated(year, match[3], None, ask).readings if number <= 12 else ()
    return Found(months + both.readings, SHORT_YEAR)


def _short_numeric(match: re.Match[str], ask: Asked) -> Found:
    first, second, last = match[1], match[3], match[4]
    said = [(last, *pair) for pair in _orders(first, second, ask) if ask.prefer != "ymd"]
    if ask.prefer in (None, "ymd"):
        said.append((first, second, last))
    return _short([(int(year), month, int(day)) for year, month, day in said], ask)


def _short_worded(match: re.Match[str], ask: Asked) -> Found:
    year, day = int(match["y"] or match["z"]), int(match["d"] or match["e"])
    return _short([(year, match["m"] or match["k"], day)], ask)


def _short(said: list[tuple[int, str, int]], ask: Asked) -> Found:
    """Offer the dates of a year of two digits, in this century and the last, those to come left out if others remain."""
    named = _MONTHS_OF.get(said[0][1][0], ask.calendar)
    full = [(century + year, month, day) for century in _CENTURIES[named] for year, month, day in said]
    readings = _any(full, lambda one: _dated(one[0], one[1], one[2], ask)).readings
    return Found(tuple(r for r in readings if r.start <= ask.today) or readings, SHORT_YEAR)


def _yearless(match: re.Match[str], ask: Asked) -> Found:
    """Offer the last such day or month; `March 24` may also be the month of 2024."""
    _need(not (match["d"] and match["e"]), ask)
    tag, day = match["m"], match["d"] or match["e"]
    named = _MONTHS_OF[tag[0]]
    last = _year_near(named, ask.today.year) + 1
    years = [(year, tag, int(day) if day else None) for year in range(last, last - 12, -1)]
    if match["e"] and named == Calendar.GREGORIAN:
        years.append((2000 + int(match["e"]), tag, None))
    readings = []
    for one in years:
        with suppress(NotUnderstood):
            readings += [r for r in _dated(*one, ask).readings if r.start <= ask.today]
    _need(bool(readings), ask)
    return Found((readings[0], *(r for r in readings[1:] if day and r.precision > 2)), NO_YEAR)


def _dated(year: int, month: str | None, day: int | None, ask: Asked) -> Found:
    """Read year, month (a number or a tag) and day, and doubt a year that its calendar does not bear out."""
    named = _MONTHS_OF.get(month[0]) if month else None
    number = int(month[1:] if named else month) if month else None
    at = replace(ask, calendar=named or ask.calendar)
    gregorian = replace(ask, calendar=Calendar.GREGORIAN)
    if at.calendar != Calendar.GREGORIAN and year >= _FROM_HERE_GREGORIAN:
        if not named:
            return Found((_built(year, number, day, gregorian),), ODD_YEAR)
        return _in_year(year, number, day, at)
    if at.calendar == Calendar.GREGORIAN and year in _LIKE_OTHERS and not (ask.era and at.calendar == ask.calendar):
        others = (Calendar.HIJRI, Calendar.JALALI, Calendar.GREGORIAN)[2 if named else 0 :]
        one = _any(others, lambda other: Found((_built(year, number, day, replace(ask, calendar=other)),)))
        return replace(one, doubt=ODD_YEAR)
    odd = (at.calendar == Calendar.GREGORIAN and year < _LONG_AGO) or (ask.era and at.calendar != ask.calendar)
    return Found((_built(year, number, day, at),), ODD_YEAR if odd else None)


def _in_year(year: int, month: int | None, day: int | None, ask: Asked) -> Found:
    """Read a month of another calendar with a Gregorian year: Ramadan 2024 is that which touches 2024."""
    near = _year_near(ask.calendar, year)
    found = _any(range(near - 1, near + 2), lambda other: Found((_built(other, month, day, ask),)))
    readings = tuple(r for r in found.readings if r.start.year <= year <= r.end.year)
    _need(bool(readings), ask)
    return Found(readings)


def _year_near(calendar: Calendar, year: int) -> int:
    """Return the year of a calendar in which a Gregorian year ends, or the one beside it."""
    return {Calendar.HIJRI: (year - 622) * 33 // 32, Calendar.JALALI: year - 621}.get(calendar, year)


def _built(year: int, month: int | None, day: int | None, ask: Asked) -> Reading:
    try:
        start, end, precision = bounds(ask.calendar, year, month, day)
    except OutOfTable:
        raise ask.no(OUT_OF_TABLE, GIVE_GREGORIAN) from None
    except ValueError:
        raise ask.no(NO_SUCH_DAY, CHECK) from None
    return span(start, end, ask.calendar, precision)


_AROUND: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Asked], Found]], ...] = (
    (re.compile(r"(W\d)"), _weekday_alone),
    (re.compile(r"(?P<w>W\d)(?: [-,.])* (?P<rest>.+)"), _weekday),
    (re.compile(r"(?P<rest>.+?)(?: [-,.])* (?P<w>W\d)"), _weekday),
    (re.compile(r"WEEK (.+)"), _week),
    (_OF_THIRD, _third),
    (re.compile(r"S([1-4])(?: ,)? (\d{4})(?: [-/] (\d{4}|\d{2}))?"), _season),
    (re.compile(r"RM1"), lambda _, ask: _relative(-1, ask)),
    (re.compile(r"R00"), lambda _, ask: _relative(0, ask)),
    (re.compile(r"RP1"), lambda _, ask: _relative(1, ask)),
)
_NUMERIC = (
    (_TWO_ORDERS, _two_orders),
    (_YEAR_AND_NUMBER, _year_and_number),
    (_SHORT_NUMERIC, _short_numeric),
    (_SHORT_WORDED, _short_worded),
    (_YEARLESS, _yearless),
    (_ISO_WEEK, _iso_week),
)

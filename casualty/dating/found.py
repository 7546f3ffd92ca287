"""What reading a date comes to: a reading, or a question with the readings that are possible."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from casualty.dating.calendars import Calendar, precision_of

MEND = "Write it as 2024-03-05, 2024-03 or 2024, or as 5 March 2024."


@dataclass(frozen=True, slots=True)
class Reading:
    """One meaning of a typed date: first and last day (Gregorian), precision code 1-5, and the text untouched."""

    start: date
    end: date
    precision: int
    about: bool
    calendar: Calendar
    text: str = ""

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    def __str__(self) -> str:
        return f"{self.start}" if self.start == self.end else f"{self.start} – {self.end}"


class NotUnderstood(ValueError):
    """A text that cannot be taken as it stands: what is wrong, the mend, and the readings to choose from, if any.

    `template` and `mend` are English sentences with slots in braces, which `values` fill.
    """

    def __init__(
        self, template: str, values: Mapping[str, object], mend: str = MEND, readings: Iterable[Reading] = ()
    ) -> None:
        super().__init__(template, values, mend)
        self.template, self.values, self.mend = template, dict(values), mend
        self.readings = tuple(readings)

    def __str__(self) -> str:
        return f"{self.template.format(**self.values)} {self.mend.format(**self.values)}"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a reading is put as a question even where it is the only one."""

    template: str
    mend: str


@dataclass(frozen=True, slots=True)
class Found:
    """The readings of a part of a text, and the doubt about them, if any."""

    readings: tuple[Reading, ...]
    doubt: Doubt | None = None


CHOOSE = "Choose the reading that is meant, or write it as 2024-03-05."
SEVERAL = Doubt(
    "{text} can be read in more than one way: {readings}.",
    "Choose the reading that is meant, or write the month as a word.",
)
SHORT_YEAR = Doubt("The year of {text} has two digits: {readings}.", "Write all four digits of the year.")
NO_YEAR = Doubt("{text} has no clear year; it may be {readings}.", "Write the year with four digits.")
ODD_YEAR = Doubt(
    "The year of {text} does not belong to the calendar it is written in; it may mean {readings}.",
    "Choose the reading that is meant, or write AH or AD behind the year.",
)
RELATIVE = Doubt(
    "{text} depends on who said it and when; from today it is {readings}.", "Choose it, or write the day as 2024-03-05."
)
WEEKDAY = Doubt("{text}: {readings} does not fall on the weekday that is written.", "Mend the weekday or the day.")
TWO_DATES = Doubt("{text} names two dates; together they span {readings}.", CHOOSE)
NOT_SAME = Doubt("{text} names two dates that are not the same day: {readings}.", "Mend one of them, or keep one.")
WHICH_NIGHT = Doubt(
    "{text} may be the night before that day or after it: {readings}.", "Write both days: night of 4 to 5 March 2024."
)
WHICH_WEEK = Doubt("{text} does not name a Monday; the week may be {readings}.", "Write the first and the last day.")
NOT_A_DATE = "{text} is not a date that can be read."
NO_SUCH_DAY, CHECK = "There is no such day or month: {text}.", "Check day, month and year."
OUT_OF_TABLE = "The year of {text} lies beyond the conversion (1343 to 1500 AH, 1200 to 1500 SH, 1 to 9999)."
GIVE_GREGORIAN = "Write the date in the Gregorian calendar, and keep this text as the date of the source."
OPEN = "{text} has only one end."
OPEN_MEND = "Give the first and the last day that are possible: 2018 to 2019-12-31."


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed, and what is known beside it."""

    text: str
    calendar: Calendar
    today: date
    prefer: str | None
    era: bool = False

    def no(
        self, template: str = NOT_A_DATE, mend: str | None = None, readings: Iterable[Reading] = ()
    ) -> NotUnderstood:
        values = {"text": shown(self.text)}
        return NotUnderstood(template, values, mend, readings) if mend else NotUnderstood(template, values)


def shown(text: str) -> str:
    """Return the typed text as it may stand in a sentence: short, and with nothing that cannot be printed."""
    cut = text.strip()[:60]
    return "".join(c if c.isprintable() else " " for c in cut)


def shifted(day: date, days: int) -> date:
    """Return a day moved by some days, held within the calendar's years 1 to 9999."""
    number = min(max(day.toordinal() + days, date.min.toordinal()), date.max.toordinal())
    return date.fromordinal(number)


def span(start: date, end: date, calendar: Calendar, precision: int | None = None) -> Reading:
    """Return a reading from the first to the last day; its precision follows from its length unless it is given."""
    return Reading(start, end, precision or precision_of(start, end), False, calendar)


def about(reading: Reading) -> Reading:
    """Return a reading widened by half its length on each side, and by three days at least."""
    more = max(3, reading.days // 2)
    start, end = shifted(reading.start, -more), shifted(reading.end, more)
    precision = max(reading.precision, precision_of(start, end))
    return replace(reading, start=start, end=end, precision=precision, about=True)


def third(reading: Reading, which: int) -> Reading:
    """Return the early (0), middle (1) or late (2) part of a month, a season or a year.

    A Hijri span keeps its day of doubt on each side.
    """
    slack = 1 if reading.calendar == Calendar.HIJRI else 0
    days = reading.days - 2 * slack
    first = reading.start + timedelta(slack)
    if days <= 31:
        starts = [first + timedelta(n) for n in (0, 10, 20)]
    else:
        starts = [_near_month(first + timedelta(days * n // 3), reading.calendar) for n in range(3)]
    ends = [starts[1] - timedelta(1), starts[2] - timedelta(1), reading.end - timedelta(slack)]
    return span(starts[which] - timedelta(slack), ends[which] + timedelta(slack), reading.calendar)


def _near_month(day: date, calendar: Calendar) -> date:
    return (day + timedelta(15)).replace(day=1) if calendar == Calendar.GREGORIAN else day

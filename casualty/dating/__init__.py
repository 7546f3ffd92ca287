"""Dates and times of day as people write them: understood, or questioned with what they may mean; never dropped.

What the words are taken to mean, so that nobody has to guess:

- A date is the first and the last day that its words allow, and a precision code of the codebook.
- Day-month and month-day: 13/04/2024 can be one only; 03/04/2024 is a question, unless `prefer` says the order.
- `about` widens by half the length of what is stated on each side, and by three days at least: about a day is a week.
- Early, mid and late are the days 1-10, 11-20 and from 21 of a month; the thirds of a year or of a season.
- `5 or 8 March` is the whole span from the one to the other; `5 and 8 March` is a question, as it may be two events.
- Seasons are the three months of the northern half of the Earth (spring: March to May).
- The week of a Monday runs to its Sunday; the week of any other day is a question. The night of 4 to 5 March is both
  days; the night of one day is a question, as languages differ on whether the night before is meant, unless its two
  weekdays are written.
- A Hijri day is the day by the Umm al-Qura table and one day on either side, since the crescent is seen locally. A Hijri
  month or year is widened by the same day. The text stays what was typed.
- Today, yesterday, a weekday alone or a date without its year are questions with a reading to choose: the words belong
  to whoever said them, on the day they said them, and a draft that is read again tomorrow must not move by a day.
- A weekday beside a date is checked against it. Two calendars beside each other must mean the same day.
- A time of day beside a date is left to `time`; a zone is not converted, for the place's own day is what counts.
"""

from casualty.dating.calendars import Calendar, as_hijri, precision_of
from casualty.dating.clock import TimeOfDay, time
from casualty.dating.found import NotUnderstood, Reading
from casualty.dating.grammar import read

__all__ = ["Calendar", "NotUnderstood", "Reading", "TimeOfDay", "as_hijri", "precision_of", "read", "time"]

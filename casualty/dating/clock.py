"""Times of day as people write them, as the earliest and the latest time of the clock that the words allow."""

import re
from dataclasses import dataclass

from casualty.dating.found import NotUnderstood, shown
from casualty.dating.words import fold

MEND = "Write it as 14:30, 2.30 pm or 14h30, or as night, dawn, morning, noon, afternoon or evening."
LONGEST = 80
DAY = 24 * 60
ABOUT = 30

# A part of the day: its span, the hours that a clock time beside it may mean (from, how many), and its words.
_PARTS = (
    ("00:00", "06:00", 0, 6, "after midnight|small hours|early hours|apres minuit|بعد منتصف الليل"),
    ("23:30", "00:30", 23, 2, "midnight|minuit|منتصف الليل|نصف الليل"),
    ("12:00", "18:00", 12, 8, "afternoon|apres midi|بعد الظهر|بعد ظهر|عصر|عصرا|العصر"),
    ("11:30", "12:30", 10, 6, "noon|midday|midi|ظهر|ظهرا|الظهر"),
    ("04:00", "07:00", 2, 6, "dawn|first light|sunrise|daybreak|aube|lever du soleil|فجر|فجرا|الفجر|شروق|الشروق"),
    ("05:00", "12:00", 0, 12, "morning|matin|matinee|صباح|صباحا|الصباح"),
    ("17:00", "22:00", 13, 12, "evening|dusk|sunset|soir|soiree|مساء|المساء|مغرب|المغرب|غروب|الغروب"),
    ("20:00", "06:00", 18, 12, "night|overnight|nuit|ليل|ليلا|الليل|ليله|عشاء|العشاء"),
    ("00:00", "12:00", 0, 12, "am|ص"),
    ("12:00", "00:00", 12, 12, "pm|م"),
)
_PART_OF = {word: part for part in _PARTS for word in part[4].split("|")}
_SAID = "|".join(sorted(map(re.escape, _PART_OF), key=len, reverse=True))
_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(?: ?(?P<mark>[:.h]|heures?) ?(?P<minute>\d\d)(?::\d\d)?)?"
    r"(?: ?(?P<unit>h|heures?|hrs?|hours|oclock)\b)?"
    rf"(?: ?(?P<part>{_SAID}))?|(?P<four>\d{{4}})(?: ?(?:h|hrs?|hours))?"
)
_HALVES = re.compile(r"\b([ap])\.? ?m\b\.?")
_EMPTY = re.compile(
    r"\b(?:at|in|on|the|of|local|time|early|late|le|la|l|du|de|des|dans|en|vers la|pendant|heure locale|الساعه|ساعه|في|عند|"
    r"تمام|من|between|entre|from|بين|حوالي الساعه)\b|^a\b"
)
_ABOUT = re.compile(r"\b(?:about|around|approximately|circa|ca|c|vers|environ|حوالي|نحو|قرابه|تقريبا)\b\.?|[~≈?؟]")
_CUT = re.compile(r" ?(?:-|\b(?:to|until|till|and|et|a|الي|حتي|و)(?:\b|(?=\d))) ?")


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """A time as typed, and the span HH:MM to HH:MM that it allows; a high before the low lies after midnight."""

    text: str
    low: str
    high: str


def time(text: str) -> TimeOfDay:
    """Return the span of a time of day, the text untouched; raise NotUnderstood for one that cannot be read.

    A part of the day is a span of usual hours, not a measurement. An hour of two digits with its minutes is of the
    24-hour clock; `9:30` and `3` alone may be of either half of the day and are questions. About is half an hour each way.
    """
    if not text.strip():
        raise NotUnderstood("No time is written.", {}, MEND)
    if len(text) > LONGEST:
        raise _no(text, "{text} is too long for a time of day.")
    plain = _HALVES.sub(r"\1m", re.sub(r"(?<=[^\W\d])-(?=[^\W\d])", " ", fold(text)))
    bare = _ABOUT.sub(" ", plain)
    low, high = _span(" ".join(_EMPTY.sub(" ", bare).split()).strip(" .,"), text)
    more = ABOUT if bare != plain else 0
    return TimeOfDay(text, _written(low - more), _written(high + more))


def _span(plain: str, text: str) -> tuple[int, int]:
    if part := _PART_OF.get(plain):
        return _minutes(part[0]), _minutes(part[1])
    if match := _CLOCK.fullmatch(plain):
        at = _clock(match, text)
        return at, at
    for cut in _CUT.finditer(plain):
        left, right = plain[: cut.start()].strip(), plain[cut.end() :].strip()
        if left and right:
            return _ends(left, right, text)
    raise _no(text)


def _ends(left: str, right: str, text: str) -> tuple[int, int]:
    """Read both ends of a range; the first takes the half of the day from the second if it says none."""
    late = _span(right, text)[1]
    said = _CLOCK.fullmatch(right)
    alone = _CLOCK.fullmatch(left)
    if said and said["part"] and alone and not alone["part"] and alone["hour"]:
        left = f"{left} {said['part']}"
    return _span(left, text)[0], late


def _clock(match: re.Match[str], text: str) -> int:
    if match["four"]:
        hour, minute = divmod(int(match["four"]), 100)
        return _at([hour], minute, text)
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if not match["part"]:
        h24 = match["mark"] in ("h", "heure", "heures") or (match["unit"] or "")[:1] == "h"
        sure = h24 or not 1 <= hour <= 12 or (match["minute"] and len(match["hour"]) == 2)
        return _at([hour] if sure else [hour % 12, hour % 12 + 12], minute, text)
    first, many = _PART_OF[match["part"]][2:4]
    halves = {hour % 12, hour % 12 + 12} if 1 <= hour <= 12 else {hour}
    return _at([one for one in sorted(halves) if (one - first) % 24 < many], minute, text)


def _at(hours: list[int], minute: int, text: str) -> int:
    if len(hours) > 1:
        first, second = (_written(hour * 60 + minute) for hour in hours)
        values = {"text": shown(text), "first": first, "second": second}
        raise NotUnderstood("{text} may be {first} or {second}.", values, "Write {first} or {second}.")
    if not hours or hours[0] > 24 or minute > 59 or (hours[0] == 24 and minute):
        raise _no(text, "There is no such time: {text}.")
    return hours[0] * 60 + minute


def _no(text: str, template: str = "{text} is not a time of day that can be read.") -> NotUnderstood:
    return NotUnderstood(template, {"text": shown(text)}, MEND)


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _written(minutes: int) -> str:
    return f"{minutes % DAY // 60:02}:{minutes % 60:02}"

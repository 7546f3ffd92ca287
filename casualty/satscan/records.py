"""Places, cases, controls and populations out of the rows of SaTScan's files, every wrong row noted."""

import math
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from casualty.errors import Fault
from casualty.satscan import times
from casualty.satscan.files import Source, rows
from casualty.satscan.population import Stratum
from geo.scan.design import Places

T = TypeVar("T")
Cell = tuple[int, int, Stratum]
"""A place, an interval, and the words that follow in the row (covariates, or the category)."""

_FAULTS = 200
_WHY = {
    times.UNREADABLE: ("{value} is no time.", "Write {form}."),
    times.COARSE: ("{value} is coarser than PrecisionCaseTimes says.", "Write {form}, or make the precision coarser."),
    times.OUTSIDE: (
        "{value} is outside the study period, {first} to {last}.",
        "Mend it, or set StudyPeriodCheckType=1.",
    ),
}
_FORMS = {times.YEAR: "YYYY", times.MONTH: "YYYY/MM", times.DAY: "YYYY/MM/DD", times.GENERIC: "a whole number"}


class Counts(NamedTuple):
    """How many in each cell that holds any, and the line that named it first."""

    numbers: dict[Cell, float]
    lines: dict[Cell, int]

    def by_words(self) -> dict[Stratum, float]:
        """How many of each stratum or category."""
        totals: dict[Stratum, float] = {}
        for (_, _, words), number in self.numbers.items():
            totals[words] = totals.get(words, 0.0) + number
        return totals


class Faults(list[Fault]):
    """Faults of rows; beyond 200 they are counted only, so that a file of another form does not fill the screen."""

    more = 0

    def add(self, row: int, field: str, fault: str, mend: str, **values: object) -> None:
        if len(self) < _FAULTS:
            self.append(Fault(row, field, fault, mend, values))
        else:
            self.more += 1


class _Cache(dict[str, T]):
    """What each word means, found once."""

    def __init__(self, meaning: Callable[[str], T]) -> None:
        super().__init__()
        self._meaning = meaning

    def __missing__(self, word: str) -> T:
        self[word] = self._meaning(word)
        return self[word]


def number(word: str) -> float:
    """A finite number, or NaN."""
    try:
        value = float(word)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) and "_" not in word else math.nan


def whole(word: str) -> float:
    """A whole number of 0 or more, or NaN."""
    value = number(word)
    return value if value >= 0 and value == int(value) else math.nan


def amount(word: str) -> float:
    """A number of 0 or more, or NaN."""
    value = number(word)
    return value if value >= 0 else math.nan


def places(file: Source, degrees: bool, faults: Faults) -> Places:
    """Read a coordinates file: id, then x and y, or latitude and longitude."""
    where: dict[str, tuple[float, float]] = {}
    for line, words in rows(file):
        point = _point(file, line, words, words[1:], degrees, faults)
        if point and where.setdefault(words[0], point) != point:
            fault, mend = "{id} has other coordinates further up.", "Give each location one point."
            faults.add(line, str(file), fault, mend, id=repr(words[0]))
    x, y = (array("d", column) for column in (zip(*where.values(), strict=True) if where else ((), ())))
    return Places(tuple(where), x, y, degrees)


def centres(file: Source, degrees: bool, faults: Faults) -> Places:
    """Read a file of centres: x and y, or latitude and longitude, without ids."""
    found = [_point(file, line, words, words, degrees, faults) for line, words in rows(file)]
    points = [point for point in found if point]
    ids = tuple(map(str, range(1, len(points) + 1)))
    return Places(ids, array("d", [x for x, _ in points]), array("d", [y for _, y in points]), degrees)


def _point(
    file: Source, line: int, words: list[str], told: list[str], degrees: bool, faults: Faults
) -> tuple[float, float] | None:
    """x and y of a row; of degrees x is the longitude, which stands second."""
    form = "latitude and longitude" if degrees else "x and y"
    if len(told) != 2:
        fault = "holds {found} columns, not {wanted}."
        mend = "Write {form}{ids}; a third dimension is not held here."
        ids = " after the id" if len(told) < len(words) else ""
        wanted = 2 + len(words) - len(told)
        faults.add(line, str(file), fault, mend, found=len(words), wanted=wanted, form=form, ids=ids)
        return None
    a, b = map(number, told)
    if a != a or b != b:
        faults.add(line, str(file), "{value} are no coordinates.", "Write {form}.", value=" ".join(told), form=form)
    elif degrees and not (-90 <= a <= 90 and -180 <= b <= 180):
        mend = "Write latitude (-90 to 90), then longitude (-180 to 180); for others set CoordinatesType=0."
        faults.add(line, str(file), "{value} is not on the globe.", mend, value=" ".join(told))
    else:
        return (b, a) if degrees else (a, b)
    return None


def sizes(file: Source, index: Mapping[str, int], faults: Faults, drops: bool) -> Sequence[float]:
    """Read a file of sizes, id and population, for limiting circles; a place that is not in it has none."""
    found = array("d", bytes(8 * len(index)))
    for line, words in rows(file):
        size = amount(words[1]) if len(words) == 2 else math.nan
        if size != size:
            faults.add(line, str(file), "holds no id and population.", "Write an id and a number of 0 or more.")
        elif words[0] in index:
            found[index[words[0]]] += size
        elif not drops:
            unplaced(file, line, words[0], faults)
    if not any(found):
        faults.add(0, str(file), "gives no place any population.", "State the sizes that limit the circles.")
    return found


def unplaced(file: Source, line: int, id: str, faults: Faults) -> None:
    mend = "Add it there, mend the id, or set GeographicalCoordinatesCheckType=1."
    faults.add(line, str(file), "{id} is not in CoordinatesFile.", mend, id=repr(id))


class Counting:
    """Reads case and control files against places and study period; counts what the relaxed checks leave out."""

    def __init__(
        self, index: Mapping[str, int], study: times.Study, faults: Faults, parts: bool, drops: tuple[bool, bool]
    ) -> None:
        """parts: whether a count may be a fraction; drops: whether unknown places, and times outside, are left out."""
        self.unplaced = self.undated = 0
        self.drops_places, self.drops_dates = drops
        self._index, self._study, self._parts, self._faults = index, study, parts, faults
        self._bins = _Cache(study.bin)
        self._numbers = _Cache(amount if parts else whole)

    def counts(self, file: Source, further: tuple[int, float], what: str) -> Counts:
        """Add up the rows of a file: id, number, time (if the study has any), then `further` (fewest, most) words."""
        counts, dated, width = Counts({}, {}), self._study.precision > 0, 0
        start = 3 if dated else 2
        fewest, most = start + further[0], start + further[1]
        bins, numbers, index, cells, lines = self._bins, self._numbers, self._index, counts.numbers, counts.lines
        for line, words in rows(file):
            if not fewest <= len(words) <= most or len(words) != (width := width or len(words)):
                self._misshapen(file, line, words, dated, what, width)
                continue
            place, number = index.get(words[0], -1), numbers[words[1]]
            bin = bins[words[2]] if dated else 0
            if place < 0 or bin < 0 or number != number:
                self._odd(file, line, words, place, number, bin)
            elif number:
                cell = (place, bin, tuple(words[start:]))
                if cell in cells:
                    cells[cell] += number
                else:
                    cells[cell], lines[cell] = number, line
        return counts

    def _misshapen(self, file: Source, line: int, words: list[str], dated: bool, what: str, width: int) -> None:
        form = "id, number" + (", time" if dated else " (no time, as PrecisionCaseTimes is 0)") + what
        mend = "Write {form}, with white space between them."
        if len(words) == 1 and "," in words[0]:
            mend = "Write {form}; for commas set {key}-SourceDelimiter=, and {key}-SourceFieldMap."
        fault = "holds {found} columns, and rows before {width}." if width else "holds {found} columns."
        self._faults.add(line, str(file), fault, mend, found=len(words), form=form, key=file.key, width=width)

    def _odd(self, file: Source, line: int, words: list[str], place: int, number: float, bin: int) -> None:
        """Note all that is wrong with a row, or leave it out where the checks are relaxed."""
        if number != number:
            kind = "number" if self._parts else "whole number"
            fault, mend = "{value} is no {kind} of 0 or more.", "Mend the count."
            self._faults.add(line, str(file), fault, mend, value=repr(words[1]), kind=kind)
        if place < 0 and not self.drops_places:
            unplaced(file, line, words[0], self._faults)
        if bin < 0 and not (bin == times.OUTSIDE and self.drops_dates):
            fault, mend = _WHY[bin]
            period = {"first": self._study.first, "last": self._study.last}
            form = _FORMS[self._study.precision]
            self._faults.add(line, str(file), fault, mend, value=repr(words[2]), form=form, **period)
        self.unplaced += place < 0
        self.undated += place >= 0 and bin == times.OUTSIDE

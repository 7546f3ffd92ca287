"""What a scan by population expects: the population file read, and the cases set against it."""

from collections.abc import Mapping, Sequence

from casualty.errors import NotEnoughData
from casualty.satscan import population, times
from casualty.satscan.files import Source, rows
from casualty.satscan.population import Stratum
from casualty.satscan.records import Counts, Faults, amount, unplaced


class Peopled:
    """The population file by place and stratum, one number for each census date.

    dates: day numbers (a bare year is its 1 July, a bare month its 15th), or generic times; where all rows state one
    and the same time it says nothing, and any will do. repeated: rows added to one of the same place, time and stratum.
    """

    def __init__(self, file: Source, index: Mapping[str, int], study: times.Study, faults: Faults, drops: bool) -> None:
        self.file, self.repeated = file, 0
        self._study, self._faults = study, faults
        stated: dict[tuple[int, Stratum], dict[str, float]] = {}
        first_line: dict[str, int] = {}
        width = 0
        for line, words in rows(file):
            people = amount(words[2]) if len(words) > 2 else -1.0
            if people < 0 or len(words) != (width := width or len(words)):
                self._misshapen(line, words, width)
            elif people != people:
                faults.add(line, str(file), "{value} is no number of 0 or more.", "Mend it.", value=repr(words[2]))
            elif words[0] in index:
                row = stated.setdefault((index[words[0]], tuple(words[3:])), {})
                self.repeated += words[1] in row
                row[words[1]] = row.get(words[1], 0.0) + people
                first_line.setdefault(words[1], line)
            elif not drops:
                unplaced(file, line, words[0], faults)
        self.covariates = max(width - 3, 0)
        self.dates, self.numbers = self._dated(stated, first_line)

    def _misshapen(self, line: int, words: list[str], width: int) -> None:
        fault = "holds {found} columns, and rows before {width}." if width else "holds {found} columns."
        mend = "Write id, time, population and the covariates, the same in every row."
        self._faults.add(line, str(self.file), fault, mend, found=len(words), width=width)

    def _dated(
        self, stated: dict[tuple[int, Stratum], dict[str, float]], first_line: dict[str, int]
    ) -> tuple[list[float], dict[tuple[int, Stratum], list[float]]]:
        """Bring the rows of a place and stratum together, in order of time."""
        if len(first_line) == 1:
            return [0.0], {key: list(row.values()) for key, row in stated.items()}
        days = {text: self._day(text, line) for text, line in first_line.items()}
        dates = sorted(set(days.values()))
        numbers = {}
        for (place, stratum), row in stated.items():
            found: dict[float, float] = {}
            for text, people in row.items():
                found[days[text]] = found.get(days[text], 0.0) + people
            if len(found) < len(dates):
                self._incomplete(stratum, [text for text in first_line if days[text] not in found], row, first_line)
            numbers[place, stratum] = [found.get(date, 0.0) for date in dates]
        return dates, numbers

    def _day(self, text: str, line: int) -> float:
        generic = self._study.precision == times.GENERIC
        day = times.generic(text) if generic else times.ordinal(text, middle=True)
        if day is None:
            self._faults.add(
                line, str(self.file), "{value} is no time.", "Write YYYY, YYYY/MM or YYYY/MM/DD.", value=repr(text)
            )
        return float(day or 0)

    def _incomplete(self, stratum: Stratum, lacking: list[str], row: dict[str, float], lines: dict[str, int]) -> None:
        fault = "{stratum} has a population for {some} and none for {lacking}."
        mend = "State it for every time at every place, 0 where there is nobody."
        values = {"stratum": " ".join(stratum) or "a place", "some": ", ".join(row), "lacking": ", ".join(lacking)}
        self._faults.add(lines[next(iter(row))], str(self.file), fault, mend, **values)

    def expected(self, cases: Counts, file: Source, names: tuple[str, ...]) -> Sequence[float]:
        """Cases expected at each place in each interval; every case that has nobody to be drawn from is a fault."""
        if any(len(stratum) != self.covariates for stratum in cases.by_words()):
            fault = "has other columns of covariates than PopulationFile, which has {covariates}."
            self._faults.add(0, str(file), fault, "Give both files the same.", covariates=self.covariates)
            return ()
        edges = self._study.edges
        whole = [sum(column) for column in zip(*population.weights(self.dates, edges), strict=True)]
        people = population.persons(self.numbers, whole)
        if not sum(people.values()):
            raise NotEnoughData(
                "Nobody lives anywhere: every population is zero. State the populations in PopulationFile."
            )
        by_stratum = cases.by_words()
        lacking = {stratum for stratum in by_stratum if not people.get(stratum)}
        found = population.expected(self.numbers, by_stratum, self.dates, edges, len(names))
        for cell, line in cases.lines.items():
            place, bin, stratum = cell
            if stratum in lacking:
                self._unpeopled(file, line, f"covariates {' '.join(stratum)}" if stratum else "any place")
            elif not found[place * self._study.bins + bin]:
                self._unpeopled(file, line, names[place])
        return found

    def _unpeopled(self, file: Source, line: int, what: str) -> None:
        fault, mend = (
            "There are cases of {what}, but its population is zero.",
            "State its population in PopulationFile.",
        )
        self._faults.add(line, str(file), fault, mend, what=what)

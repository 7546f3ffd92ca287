"""One SaTScan analysis, read from its parameter file: a design that can be scanned, and what is to be said of it."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from pathlib import Path

from casualty.errors import InvalidRecords, NotEnoughData, NotFound, UsageFault
from casualty.satscan import records
from casualty.satscan.files import text_of
from casualty.satscan.parameters import Values
from casualty.satscan.peopled import Peopled
from casualty.satscan.population import Stratum
from casualty.satscan.records import Counting, Counts, Faults
from casualty.satscan.settings import EARTH_KM, Settings, settled
from geo.scan.design import Design, Kind, Model, Places, Rates, Records


@dataclass(frozen=True)
class Run:
    """A design and how it is to be scanned.

    spans: first and last day of each interval (generic times as they are); seed: None if the file states none;
    stop_after: end the replications when so many maxima reached the observed one, None to run them all; gumbel: whether
    a Gumbel p is asked for; not_produced: the keys that ask for outputs we do not write; remarks: what else to know.
    """

    design: Design
    replications: int
    spans: tuple[tuple[str, str], ...]
    seed: int | None
    stop_after: int | None
    gumbel: bool
    not_produced: tuple[str, ...]
    remarks: tuple[str, ...]


def read(prm: Path) -> Run:
    """Read a SaTScan parameter file and the data files it names, beside it unless their paths say otherwise.

    Raises NotFound for a file that is not there, UsageFault for keys that are wrong or not held here, InvalidRecords
    for wrong rows, each with all its faults; NotEnoughData where there is no case, no control or nobody at all.
    It shows nothing yet: scan `design`.
    """
    if not prm.is_file():
        raise NotFound("There is no parameter file {path}.", values={"path": str(prm)})
    values = Values(text_of(prm), prm.parent)
    remarks: list[str] = []
    not_produced = values.checked()
    settings = settled(values, remarks)
    if values.faults:
        raise UsageFault("The parameter file {path} cannot be run:", values.faults, {"path": prm.name})
    missing = [file for file in settings.files.values() if not file.path.is_file()]
    if missing:
        names = ", ".join(f"{file.path} ({file.key})" for file in missing)
        raise NotFound("{path} names files that are not there: {names}.", values={"path": prm.name, "names": names})
    faults = Faults()
    design = _design(settings, faults, remarks)
    _raise(faults)
    return Run(
        design,
        settings.replications,
        settings.study.spans(),
        settings.seed,
        settings.stop_after,
        settings.gumbel,
        not_produced,
        tuple(remarks),
    )


def _design(settings: Settings, faults: Faults, remarks: list[str]) -> Design:
    """Read every file, tell all that is wrong with them at once, and only then bring them together."""
    model, files, study = settings.model, settings.files, settings.study
    places = records.places(files["CoordinatesFile"], settings.degrees, faults)
    index = {id: i for i, id in enumerate(places.ids)}
    drops = (settings.drops_places, settings.drops_dates)
    counting = Counting(index, study, faults, model is Model.POISSON, drops)
    counted = [counting.counts(files[key], *_FURTHER[model]) for key in ("CaseFile", "ControlFile") if key in files]
    people = Peopled(files["PopulationFile"], index, study, faults, drops[0]) if model is Model.POISSON else None
    centres = records.centres(files["GridFile"], settings.degrees, faults) if "GridFile" in files else None
    sized = files.get("MaxCirclePopulationFile")
    sizes = records.sizes(sized, index, faults, drops[0]) if sized else None
    _raise(faults)
    _enough(places, counted)
    expected = people.expected(counted[0], files["CaseFile"], places.ids) if people else None
    _raise(faults)
    _remark(counting, people, remarks)
    kinds = _kinds(counted, model)
    return Design(
        model, places, _records(counted, kinds), study.bins, settings.windows, expected, centres, sizes, EARTH_KM
    )


_FURTHER: dict[Model, tuple[tuple[int, float], str]] = {
    Model.BERNOULLI: ((0, 0), ""),
    Model.POISSON: ((0, inf), ", and the covariates of PopulationFile"),
    Model.PERMUTATION: ((0, inf), ", and covariates if any"),
    Model.MULTINOMIAL: ((1, 1), ", category"),
}
"""The columns after id, number and time: how many at least and at most, and what they are."""


def _raise(faults: Faults) -> None:
    if faults:
        more = f" ({faults.more} more are not listed)" if faults.more else ""
        raise InvalidRecords("Some rows cannot be used{more}:", faults, {"more": more})


def _enough(places: Places, counted: list[Counts]) -> None:
    if not places.ids:
        raise NotEnoughData("There is no location. Look at CoordinatesFile.")
    if not counted[0].numbers:
        raise NotEnoughData("There is no case in the study period, and a scan needs at least two. Look at CaseFile.")
    if not counted[-1].numbers:
        raise NotEnoughData("There is no control that cases could be compared with. Look at ControlFile.")


def _remark(counting: Counting, people: Peopled | None, remarks: list[str]) -> None:
    left_out = ((counting.unplaced, "no coordinates"), (counting.undated, "a time outside the study period"))
    remarks.extend(f"{n} rows with {what} were left out: the file's checks are relaxed." for n, what in left_out if n)
    if people and people.repeated:
        remarks.append(
            f"{people.repeated} rows of PopulationFile repeat a place, time and covariates; they were added."
        )


def _kinds(counted: list[Counts], model: Model) -> list[dict[Stratum, int]]:
    """For each file, the kind that the words of a row stand for: cases 1 and controls 0, or their place in order."""
    if model is Model.BERNOULLI:
        return [{(): 1}, {(): 0}]
    words = counted[0].by_words()
    if model is Model.POISSON:
        return [dict.fromkeys(words, 0)]
    if model is Model.MULTINOMIAL and len(words) < 2:
        raise NotEnoughData("All cases are of one category, so no mix can differ from another. Look at CaseFile.")
    return [{word: kind for kind, word in enumerate(_in_order(words))}]


def _in_order(words: Iterable[Stratum]) -> list[Stratum]:
    """Numbers by their size if all are numbers, else as text."""
    found = sorted(words)
    try:
        return sorted(found, key=lambda stratum: [float(word) for word in stratum])
    except ValueError:
        return found


def _records(counted: list[Counts], kinds: list[dict[Stratum, int]]) -> Records:
    """One record for each place, interval and kind, with how many there are."""
    totals: dict[tuple[int, int, int], float] = {}
    for counts, of in zip(counted, kinds, strict=True):
        for (place, bin, words), number in counts.numbers.items():
            row = (place, bin, of[words])
            totals[row] = totals.get(row, 0.0) + number
    places, bins, of_kind = (array("l", column) for column in zip(*totals, strict=True))
    return Records(places, bins, array("d", totals.values()), of_kind)


_TYPES = {Kind.SPATIAL: "purely spatial", Kind.RETROSPECTIVE: "retrospective space-time"}
_SOUGHT = {Rates.HIGH: "more", Rates.LOW: "fewer", Rates.BOTH: "more or fewer"}


def described(run: Run) -> str:
    """Say in one paragraph what is scanned, with what limits, and what the file asks for that is not written."""
    design, windows = run.design, run.design.windows
    model = {Model.PERMUTATION: "space-time permutation", Model.POISSON: "discrete Poisson"}.get(
        design.model, design.model
    )
    many = f" in {design.bins} intervals, windows of {windows.shortest} to {windows.longest}" if design.bins > 1 else ""
    shape = "circles and ellipses" if windows.ellipses else "circles"
    radius = f" and a radius of {windows.radius:g}{' km' if design.places.degrees else ''}" if windows.radius else ""
    parts = [
        f"A {model} scan, {_TYPES.get(windows.kind, 'prospective space-time')}, of {_content(design)} at"
        f" {len(design.places.ids)} locations, {run.spans[0][0]} to {run.spans[-1][1]}{many}; {shape} up to"
        f" {windows.share * 100:g} %{radius}; {_SOUGHT[windows.rates]} than expected; {run.replications} replications.",
        *run.remarks,
    ]
    if run.not_produced:
        parts.append(f"Asked for and not produced: {', '.join(run.not_produced)}.")
    return " ".join(parts)


def _content(design: Design) -> str:
    """How many cases, and controls or categories."""
    total: dict[int, float] = {}
    for number, kind in zip(design.records.number, design.records.kind, strict=True):
        total[kind] = total.get(kind, 0.0) + number
    if design.model is Model.BERNOULLI:
        return f"{total[1]:.10g} cases and {total[0]:.10g} controls"
    cases = f"{sum(total.values()):.10g} cases"
    return f"{cases} in {len(total)} {_GROUPS[design.model]}" if len(total) > 1 else cases


_GROUPS = {Model.MULTINOMIAL: "categories", Model.PERMUTATION: "strata"}

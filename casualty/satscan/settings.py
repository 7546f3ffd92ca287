"""What a parameter file asks for, in the words of a scan: read from its keys, or refused by their names."""

from dataclasses import replace
from typing import NamedTuple

from casualty.errors import Word
from casualty.satscan import times
from casualty.satscan.files import Source, source
from casualty.satscan.parameters import Values
from geo.scan.design import Kind, Model, Rates, Windows

EARTH_KM = 6367.0
"""The radius that SaTScan's distances between latitudes and longitudes have."""

# The first stands in for a model that was refused: it asks for no further file, so it brings no further fault.
MODELS = {7: Model.MULTINOMIAL, 0: Model.POISSON, 1: Model.BERNOULLI, 2: Model.PERMUTATION}
_OTHER_MODELS = {
    3: "the ordinal model",
    4: "the exponential model",
    5: "the normal model",
    6: "the continuous Poisson model",
    8: "the rank model",
    9: "the uniform time model",
    10: "the batched model",
}
_KINDS = {1: Kind.SPATIAL, 3: Kind.RETROSPECTIVE, 4: Kind.PROSPECTIVE}
_OTHER_KINDS = {
    2: "a purely temporal analysis",
    5: "spatial variation in temporal trends",
    6: "a purely temporal prospective analysis",
    7: "a seasonal analysis",
}
_RATES = {1: Rates.HIGH, 2: Rates.LOW, 3: Rates.BOTH}
_PRECISIONS = {0: "none", times.YEAR: "year", times.MONTH: "month", times.DAY: "day", times.GENERIC: "generic"}
_PENALTIES = {0: 0.0, 1: 0.5, 2: 1.0}
_LONGEST_SHARE = 90


class Settings(NamedTuple):
    """Everything but the data: model, study period, windows, files, and how the inference is to be done."""

    model: Model
    study: times.Study
    windows: Windows
    files: dict[str, Source]
    degrees: bool
    drops_dates: bool
    drops_places: bool
    replications: int
    seed: int | None
    stop_after: int | None
    gumbel: bool


def settled(values: Values, remarks: list[str]) -> Settings:
    """Read all keys that are used; every fault is left in `values.faults`."""
    model = MODELS[values.choice("ModelType", MODELS, _OTHER_MODELS)]
    kind = _KINDS[values.choice("AnalysisType", _KINDS, _OTHER_KINDS)]
    degrees = values.choice("CoordinatesType", {0: "Cartesian", 1: "latitude and longitude"}) == 1
    precision = values.choice("PrecisionCaseTimes", _PRECISIONS)
    study, whole = _study(values, kind, precision)
    if model is Model.PERMUTATION and kind is Kind.SPATIAL:
        values.wrong("AnalysisType", "is {value}, but a permutation of times needs times.", "Set it to 3 or 4.")
    windows = _windows(values, kind, study, whole, degrees, remarks)
    return Settings(
        model,
        study,
        windows if model is not Model.MULTINOMIAL else replace(windows, rates=Rates.HIGH),  # a mix has no high or low
        _files(values, model, remarks),
        degrees,
        values.choice("StudyPeriodCheckType", {0: "strict", 1: "relaxed"}) == 1,
        values.choice("GeographicalCoordinatesCheckType", {0: "strict", 1: "relaxed"}) == 1,
        values.whole("MonteCarloReps"),
        values.whole("RandomizationSeed") if values.text("RandomizationSeed") else None,
        *_inference(values, remarks),
    )


def _study(values: Values, kind: Kind, precision: int) -> tuple[times.Study, int]:
    """The study period in intervals, and how many units of time it holds (0: not known, for a fault already noted)."""
    before = len(values.faults)
    first, after = _period(values, precision)
    if kind is Kind.SPATIAL:
        return times.Study((first, after), precision), 1
    unit = values.choice("TimeAggregationUnits", {key: name for key, name in _PRECISIONS.items() if key})
    length = values.whole("TimeAggregationLength", 1)
    if not precision:
        values.wrong("PrecisionCaseTimes", "is 0, but the analysis needs times.", "Set it to 1, 2, 3 or 4.")
    elif unit > precision or (unit == times.GENERIC) != (precision == times.GENERIC):
        held = Word(_PRECISIONS[precision])
        fault = "is {value}, which does not go with the precision of case times ({held})."
        values.wrong("TimeAggregationUnits", fault, "Make it as coarse, or coarser.", held=held)
    if len(values.faults) > before:
        return times.Study((first, after), precision), 0
    return times.Study(times.cut(first, after, unit, length), precision), times.units(first, after, unit)


def _period(values: Values, precision: int) -> tuple[int, int]:
    if precision == times.GENERIC:
        first, last = _generic(values, "StartDate"), _generic(values, "EndDate")
    else:
        first, last = _day(values, "StartDate", precision), _day(values, "EndDate", precision)
    if first > last:
        values.wrong("EndDate", "is {value}, before StartDate.", "Exchange the two, or mend one.")
        last = first
    return first, last + 1


def _generic(values: Values, key: str) -> int:
    number = times.generic(values.text(key))
    if number is None:
        values.wrong(key, "is {value}.", "Write a whole number, as times are generic.")
    return number or 0


def _day(values: Values, key: str, precision: int) -> int:
    is_end = key == "EndDate"
    read = times.last_day if is_end else times.ordinal
    day = read(values.text(key))
    if day is None:
        values.wrong(key, "is {value}." if values.text(key) else "is missing.", "Write YYYY/MM/DD.")
        return 1
    start = day + 1 if is_end else day
    if precision in (times.YEAR, times.MONTH) and not times.begins(start, precision):
        fault = "is {value}, within a {unit}, but case times are read to the {unit}."
        mend = "Take whole {unit}s, or set PrecisionCaseTimes to 3."
        values.wrong(key, fault, mend, unit=Word(_PRECISIONS[precision]))
    return day


def _windows(values: Values, kind: Kind, study: times.Study, whole: int, degrees: bool, remarks: list[str]) -> Windows:
    shortest, longest = (1, 1) if kind is Kind.SPATIAL else _durations(values, whole, remarks)
    ellipses, turns, penalty = _ellipses(values, degrees)
    far = values.flag("UseDistanceFromCenterOption")
    return Windows(
        _alive(values, kind),
        _share(values, remarks),
        values.number("MaxSpatialSizeInDistanceFromCenter") if far else None,
        shortest,
        longest,
        _looked_from(values, kind, study),
        _RATES[values.choice("ScanAreas", _RATES)],
        values.whole("MinimumCasesInHighRateClusters"),
        values.whole("MinimumCasesInLowRateClusters"),
        ellipses,
        turns,
        penalty,
    )


def _alive(values: Values, kind: Kind) -> Kind:
    """A retrospective scan of clusters that are alive at the end is a prospective one."""
    if kind is not Kind.RETROSPECTIVE:
        return kind
    ends = {0: Kind.RETROSPECTIVE, 1: Kind.PROSPECTIVE}
    return ends[values.choice("IncludeClusters", ends, {2: "a flexible window in time"})]


def _share(values: Values, remarks: list[str]) -> float:
    """The largest share of a circle: of the file of sizes where one is used, else of the population at risk."""
    share = values.number("MaxSpatialSizeInPopulationAtRisk", 50) / 100
    if not values.flag("UseMaxCirclePopulationFileOption"):
        return share
    if share != 0.5:
        values.refuse(
            "MaxSpatialSizeInPopulationAtRisk", "a second limit beside the one by MaxCirclePopulationFile", "50"
        )
    remarks.append("Circles are limited by MaxCirclePopulationFile alone, not by half the population at risk besides.")
    return values.number("MaxSpatialSizeInMaxCirclePopulationFile", 50) / 100


def _durations(values: Values, whole: int, remarks: list[str]) -> tuple[int, int]:
    """Shortest and longest duration in intervals; both keys count units of time, of which the study holds `whole`."""
    length, least = values.whole("TimeAggregationLength", 1), values.whole("MinimumTemporalClusterSize", 1)
    if values.choice("MaxTemporalSizeInterpretation", {0: "percentage", 1: "time"}):
        most, limit = values.whole("MaxTemporalSize", 1), _LONGEST_SHARE * whole // 100
        if whole and most > limit:
            values.wrong(
                "MaxTemporalSize", "is {value}.", "Write {most} or less (90 % of the study period).", most=limit
            )
    else:
        most = int(whole * values.number("MaxTemporalSize", _LONGEST_SHARE) / 100 + 1e-9)
    shortest, longest = -(-least // length), most // length
    if whole and longest < shortest:
        fault = "leaves {longest} intervals at most, fewer than the shortest of {shortest}."
        mend = "Raise it, or take shorter intervals (TimeAggregationLength)."
        values.wrong("MaxTemporalSize", fault, mend, longest=longest, shortest=shortest)
    if least > 1 and length > 1:
        remarks.append(
            f"MinimumTemporalClusterSize {least} is read in units of time: {shortest} intervals of {length}."
        )
    return shortest, longest


def _looked_from(values: Values, kind: Kind, study: times.Study) -> int | None:
    if kind is not Kind.PROSPECTIVE or not values.flag("AdjustForEarlierAnalyses"):
        return None
    text = values.text("ProspectiveStartDate")
    day = times.generic(text) if study.precision == times.GENERIC else times.last_day(text)
    bin = times.OUTSIDE if day is None else study.holding(day)
    if bin < 0:
        values.wrong("ProspectiveStartDate", "is {value}.", "Write a day within the study period.")
        return None
    return bin


def _ellipses(values: Values, degrees: bool) -> tuple[tuple[float, ...], tuple[int, ...], float]:
    if values.choice("SpatialWindowShapeType", {0: "circle", 1: "ellipse"}) == 0:
        return (), (), Windows.penalty
    shapes, angles = values.numbers("EllipseShapes"), values.numbers("EllipseAngles")
    if degrees:
        mend = "Project the coordinates (CoordinatesType=0), or take circles."
        values.wrong("SpatialWindowShapeType", "is {value}, but ellipses need Cartesian coordinates.", mend)
    if len(shapes) != len(angles):
        values.wrong("EllipseAngles", "is {value}, not one number for each of EllipseShapes.", "Write as many.")
    if any(angle != int(angle) for angle in angles):
        values.wrong("EllipseAngles", "is {value}.", "Write whole numbers.")
    if any(shape <= 1 for shape in shapes):
        values.wrong("EllipseShapes", "is {value}.", "Write numbers above 1: the circle is always there.")
    penalty = _PENALTIES[values.choice("NonCompactnessPenalty", _PENALTIES)]
    return shapes, tuple(int(angle) for angle in angles), penalty


def _files(values: Values, model: Model, remarks: list[str]) -> dict[str, Source]:
    """The files that this analysis reads; those it needs and that are not named are faults."""
    wanted = {"CaseFile": "cases", "CoordinatesFile": "coordinates"}
    if model is Model.BERNOULLI:
        wanted["ControlFile"] = "controls"
    if model is Model.POISSON:
        wanted["PopulationFile"] = "populations, which are not taken to be alike"
    if values.flag("UseGridFile"):
        wanted["GridFile"] = "centres"
    if values.flag("UseMaxCirclePopulationFileOption"):
        wanted["MaxCirclePopulationFile"] = "sizes of circles"
    for key, what in wanted.items():
        if not values.text(key):
            values.wrong(key, "is blank, but the analysis needs {what}.", "Name the file.", what=Word(what))
    return {key: file for key in wanted if (file := source(values, key, remarks)) is not None}


def _inference(values: Values, remarks: list[str]) -> tuple[int | None, bool]:
    """After how many larger replications to stop, and whether a Gumbel p is asked for."""
    kinds = {0: "default", 1: "standard", 2: "early termination", 3: "Gumbel"}
    asked = values.choice("PValueReportType", kinds)
    if values.flag("EarlySimulationTermination"):
        remarks.append("EarlySimulationTermination is of an old version; all replications are run.")
    if asked == 0:
        remarks.append(
            "p is by rank among the replications throughout; SaTScan's default may put a Gumbel p in its place."
        )
    stop_after = values.whole("EarlyTerminationThreshold", 1) if asked == 2 else None
    return stop_after, values.flag("ReportGumbel") or asked == 3

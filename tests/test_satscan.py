"""SaTScan's files read into designs: reference cases, populations between dates, forms of files, and wrong rows."""

import math
import os
import random
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casualty.errors import CasualtyError, InvalidRecords, NotEnoughData, NotFound
from casualty.satscan import Run, described, population, read, times

SHARED = Path(os.environ.get("CASUALTY_SHARED") or Path(__file__).parents[2] / "shared")
CASES = SHARED / "reference" / "cases"
shared = pytest.mark.skipif(not CASES.exists() and "CI" not in os.environ, reason="the reference cases are not here")

COMMON = "CoordinatesFile=x.geo\nCaseFile=x.cas\nStartDate=2000/1/1\nEndDate=2003/12/31\n"
BERNOULLI = COMMON + "ModelType=1\nControlFile=x.ctl\n"
YEARLY = COMMON + "AnalysisType=3\nPrecisionCaseTimes=1\nTimeAggregationUnits=1\n"
POISSON = YEARLY + "ModelType=0\nPopulationFile=x.pop\n"
PERMUTATION = YEARLY + "ModelType=2\n"
MULTINOMIAL = COMMON + "ModelType=7\n"
DATA = {
    "x.geo": "a 0 0\nb 3 4\nc 9 9\n",
    "x.cas": "a 2\nb 1\n",
    "x.ctl": "a 1\nc 4\n",
}


def run(folder: Path, prm: str, **files: str) -> Run:
    """Read a parameter file beside the common data files; `geo="..."` writes x.geo anew."""
    for name, text in (DATA | {f"x.{end}": text for end, text in files.items()}).items():
        (folder / name).write_text(text)
    (folder / "x.prm").write_text(prm)
    return read(folder / "x.prm")


def rows(found: Run) -> list[tuple[str, int, float, int]]:
    """Records as place, interval, number, kind, in order."""
    kept = found.design.records
    ids = [found.design.places.ids[i] for i in kept.place]
    return sorted(zip(ids, kept.bin, kept.number, kept.kind, strict=True))


# The reference cases ---------------------------------------------------------------------------------------------------


@shared
def test_new_mexico_by_population() -> None:
    """R45: the population between censuses is the one SaTScan takes: the ratio of its cluster to 1e-6."""
    found = read(CASES / "newmexico_spatial_poisson" / "case.prm")
    design, inside = found.design, {"Torrance", "Bernalillo", "Valencia", "SantaFe", "Guadelupe", "Socorro"}
    assert design.expected is not None
    ids, total = design.places.ids, sum(design.records.number)
    cases = sum(n for i, n in zip(design.records.place, design.records.number, strict=True) if ids[i] in inside)
    expected = sum(n for i, n in enumerate(design.expected) if ids[i] in inside)
    assert (cases, total, round(expected, 2)) == (576, 1175, 512.66)
    assert math.isclose(sum(design.expected), total)
    ratio = cases * math.log(cases / expected) + (total - cases) * math.log((total - cases) / (total - expected))
    assert math.isclose(ratio, 6.890841, rel_tol=1e-6)
    assert found.spans == (("1973-01-01", "1991-12-31"),)


@shared
def test_new_mexico_by_year_adds_up_to_the_whole(tmp_path: Path) -> None:
    """R45: the expectation of the years is that of the study period, place by place."""
    folder = CASES / "newmexico_spatial_poisson"
    text = (folder / "case.prm").read_text().replace("AnalysisType=1", "AnalysisType=3")
    for file in ("cas", "pop", "geo"):
        text = text.replace(f"nm.{file}", str(folder / f"nm.{file}"))
    (tmp_path / "x.prm").write_text(text)
    whole, yearly = read(folder / "case.prm").design, read(tmp_path / "x.prm").design
    assert whole.expected is not None
    assert yearly.expected is not None
    assert (yearly.bins, yearly.windows.longest) == (19, 9)
    sums = [sum(yearly.expected[i * 19 : i * 19 + 19]) for i in range(32)]
    assert all(math.isclose(a, b, rel_tol=1e-12) for a, b in zip(sums, whole.expected, strict=True))


@shared
def test_the_other_reference_designs() -> None:
    """R55: totals, intervals and windows of the three further cases that SaTScan ran."""
    yearly = read(CASES / "newmexico_stp_retro" / "case.prm")
    assert (sum(yearly.design.records.number), yearly.design.bins, yearly.design.windows.longest) == (1175, 19, 9)
    assert (yearly.spans[0], yearly.spans[-1]) == (("1973-01-01", "1973-12-31"), ("1991-01-01", "1991-12-31"))
    labels = read(CASES / "nhumberside_bernoulli" / "case.prm").design
    by_kind = [
        sum(n for n, k in zip(labels.records.number, labels.records.kind, strict=True) if k == kind) for kind in (1, 0)
    ]
    assert (by_kind, len(labels.places.ids), labels.places.degrees) == ([62, 141], 191, False)
    daily = read(CASES / "nycfever_stp_retro_nolimit" / "case.prm").design
    assert (sum(daily.records.number), daily.bins, daily.windows.longest) == (194, 24, 7)
    assert daily.places.degrees
    assert (daily.places.x[0], daily.places.y[0]) == (-73.99674, 40.75037)


# Populations and times -------------------------------------------------------------------------------------------------


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=4, unique=True).map(sorted),
    st.lists(st.integers(-20, 80), min_size=2, max_size=6, unique=True).map(sorted),
    st.randoms(use_true_random=False),
)
def test_populations_between_dates_against_day_by_day(dates: list[int], edges: list[int], rng: random.Random) -> None:
    """R45: the exact integral of the broken line is the sum of its values at the middle of each day."""
    people = [rng.uniform(0, 100) for _ in dates]

    def on(day: float) -> float:
        if day <= dates[0] or day >= dates[-1]:
            return people[0] if day <= dates[0] else people[-1]
        i = max(i for i, at in enumerate(dates) if at <= day)
        return people[i] + (people[i + 1] - people[i]) * (day - dates[i]) / (dates[i + 1] - dates[i])

    for row, a, b in zip(population.weights(dates, edges), edges, edges[1:], strict=False):
        slow = sum(on(day + 0.5) for day in range(a, b))
        assert math.isclose(sum(w * n for w, n in zip(row, people, strict=True)), slow, rel_tol=1e-9, abs_tol=1e-9)


@given(st.dates(date(1950, 1, 1), date(2020, 1, 1)), st.integers(0, 4000), st.integers(1, 3), st.integers(1, 40))
def test_intervals_tile_the_study_period_from_its_end(start: date, days: int, unit: int, length: int) -> None:
    """R55: no day is in two intervals or in none, and only the first interval may be short."""
    first, after = start.toordinal(), start.toordinal() + days + 1
    edges = times.cut(first, after, unit, length)
    assert (edges[0], edges[-1]) == (first, after)
    assert list(edges) == sorted(set(edges))
    assert [times.back(after, length * i, unit) for i in range(len(edges) - 1)] == [*edges[:0:-1]]
    study = times.Study(edges, times.DAY)
    for i, (a, b) in enumerate(study.spans()):
        assert (study.bin(a), study.bin(b.replace("-", "/"))) == (i, i)
    assert study.holding(first - 1) == study.holding(after) == times.OUTSIDE


@pytest.mark.parametrize(
    ("typed", "first", "last"),
    [
        ("1999", "1999-01-01", "1999-12-31"),
        ("73", "1973-01-01", "1973-12-31"),
        ("49", "2049-01-01", "2049-12-31"),
        ("1999/2", "1999-02-01", "1999-02-28"),
        ("2000-12", "2000-12-01", "2000-12-31"),
        ("2/2000", "2000-02-01", "2000-02-29"),
        ("1999/05/7", "1999-05-07", "1999-05-07"),
        ("05/07/1999", "1999-05-07", "1999-05-07"),
        *(
            (wrong, "", "")
            for wrong in ("1999/13", "1999/2/30", "1999/0/1", "199", "", "x", "1/2/3/4", "1999/123", "-5")
        ),
    ],
)
def test_times_as_they_are_written(typed: str, first: str, last: str) -> None:
    """R55"""
    days = times.ordinal(typed), times.last_day(typed)
    assert [day and date.fromordinal(day).isoformat() for day in days] == ([first, last] if first else [None, None])


def test_what_is_expected_of_covariates(tmp_path: Path) -> None:
    """R45: each stratum's own rate over its own person-time; a stratum without cases adds nothing."""
    people = "a 2000 30 m\na 2000 10 f\nb 2000 10 m\nb 2000 90 f\nc 2000 50 x\n"
    found = run(tmp_path, POISSON, cas="a 3 2000 m\nb 1.5 2001 m\nb 2.5 2003 f\n", pop=people).design
    assert found.expected is not None
    days = [366 / 1461, 365 / 1461, 365 / 1461, 365 / 1461]
    at = [4.5 * 30 / 40 + 2.5 * 10 / 100, 4.5 * 10 / 40 + 2.5 * 90 / 100, 0]
    wanted = [place * share for place in at for share in days]
    assert all(math.isclose(a, b, abs_tol=1e-12) for a, b in zip(found.expected, wanted, strict=True))
    assert sum(found.records.number) == 7


def test_a_single_time_says_nothing(tmp_path: Path) -> None:
    """R45: where one census serves all years, its date may be any."""
    cases = "a 3 2000\nb 1 2001\n"
    one, other = (run(tmp_path, POISSON, cas=cases, pop=f"a {y} 7\nb {y} 9\n").design.expected for y in ("1", "1985/2"))
    assert one == other


# The models' columns ---------------------------------------------------------------------------------------------------


def test_rows_of_one_place_time_and_kind_are_one_record(tmp_path: Path) -> None:
    """R55: rows alike are added, whatever their order; a count of 0 is no record."""
    cases = ["a 2 2000 m", "a 1 2000 m", "b 1 2003 f", "a 1 2000 f", "c 0 2001 f"]
    found = run(tmp_path, PERMUTATION, cas="\n".join(cases))
    assert rows(found) == [("a", 0, 1, 0), ("a", 0, 3, 1), ("b", 3, 1, 0)]
    assert rows(run(tmp_path, PERMUTATION, cas="\n".join(cases[::-1]))) == rows(found)
    assert found.spans == tuple((f"{y}-01-01", f"{y}-12-31") for y in range(2000, 2004))


def test_cases_and_controls(tmp_path: Path) -> None:
    """R55"""
    assert rows(run(tmp_path, BERNOULLI)) == [("a", 0, 1, 0), ("a", 0, 2, 1), ("b", 0, 1, 1), ("c", 0, 4, 0)]


@pytest.mark.parametrize(("codes", "kinds"), [("10 9 2", [2, 1, 0]), ("b a c", [1, 0, 2]), ("10 9 x", [0, 1, 2])])
def test_categories_in_order_of_their_codes(tmp_path: Path, codes: str, kinds: list[int]) -> None:
    """R55: numbers by their size, else as text."""
    cases = "".join(f"{place} 1 {code}\n" for place, code in zip("abc", codes.split(), strict=True))
    assert [row[3] for row in rows(run(tmp_path, MULTINOMIAL, cas=cases))] == kinds


def test_a_finer_time_than_needed_is_cut(tmp_path: Path) -> None:
    """R55: with times read to the year, month and day say nothing."""
    assert rows(run(tmp_path, PERMUTATION, cas="a 1 2001/5/17\nb 1 12/31/2003")) == [("a", 1, 1, 0), ("b", 3, 1, 0)]


def test_generic_times(tmp_path: Path) -> None:
    """R55: plain numbers, also as the dates of the answer."""
    prm = "CoordinatesFile=x.geo\nCaseFile=x.cas\nStartDate=-3\nEndDate=6\nAnalysisType=4\nModelType=2\n"
    prm += "PrecisionCaseTimes=4\nTimeAggregationUnits=4\nTimeAggregationLength=4\n"
    found = run(tmp_path, prm, cas="a 1 -3\nb 2 6\nc 1 -1\n")
    assert rows(found) == [("a", 0, 1, 0), ("b", 2, 2, 0), ("c", 1, 1, 0)]
    assert found.spans == (("-3", "-2"), ("-1", "2"), ("3", "6"))


def test_latitude_stands_first(tmp_path: Path) -> None:
    """R55"""
    found = run(tmp_path, BERNOULLI + "CoordinatesType=1\n", geo="a 33.5 36.3\nb -90 180\nc 0 0\n").design
    assert (list(found.places.x), list(found.places.y)) == ([36.3, 180, 0], [33.5, -90, 0])


def test_sizes_and_centres(tmp_path: Path) -> None:
    """R55"""
    prm = (
        BERNOULLI + "UseGridFile=y\nGridFile=x.grd\nUseMaxCirclePopulationFileOption=y\nMaxCirclePopulationFile=x.max\n"
    )
    found = run(tmp_path, prm, grd="1 2\n3 4\n", max="b 5\na 1\nb 2\n")
    assert found.design.centres is not None
    assert (list(found.design.sizes or ()), list(found.design.centres.y)) == ([1, 7, 0], [2, 4])
    assert "MaxCirclePopulationFile alone" in described(found)


# The forms of files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_line_ends_comments_and_names_with_spaces(tmp_path: Path, encoding: str, end: str) -> None:
    """R55"""
    texts = {
        "the case file.cas": ['"Alt Köln" 2', "", "; note", "// note", "# note", "\tb\t1  "],
        "x.ctl": ["b 3"],
        "x.geo": ['"Alt Köln" 0 0', "b 1 1"],
        "x.prm": [
            *("[Input]", ";note", "casefile = the case file.cas", 'ControlFile="x.ctl"', "CoordinatesFile=.\\X.GEO"),
            *("GridFile=", "", "[Analysis]", "ModelType=1", "StartDate=2000/1/1", "EndDate=2000/1/9"),
        ],
    }
    for name, lines in texts.items():
        (tmp_path / name).write_bytes(end.join(lines).encode(encoding))
    found = read(tmp_path / "x.prm")
    assert rows(found) == [("Alt Köln", 0, 2, 1), ("b", 0, 1, 1), ("b", 0, 3, 0)]
    assert any("x.geo beside the parameter file" in remark for remark in found.remarks)


def test_columns_between_commas(tmp_path: Path) -> None:
    """R55: a map of columns, counted from 1; a count of one for every row."""
    keys = ("SourceType=0", "SourceFieldMap=3,oneCount", "SourceDelimiter=,", "SourceFirstRowHeader=y", "SourceSkip=1")
    prm = BERNOULLI + "".join(f"CaseFile-{key}\n" for key in keys) + "ControlFile-SourceFieldMap=2,1\n"
    cases = 'title\nsex,date,place\nm,2000,a\n"f, x",2001,"b"\n;f,2001,b\nf,2002,a\n'
    assert rows(run(tmp_path, prm, cas=cases, ctl="4 c\n")) == [("a", 0, 2, 1), ("b", 0, 1, 1), ("c", 0, 4, 0)]


def test_relaxed_checks_leave_rows_out_and_say_so(tmp_path: Path) -> None:
    """R55"""
    prm = PERMUTATION + "StudyPeriodCheckType=1\nGeographicalCoordinatesCheckType=1\n"
    found = run(tmp_path, prm, cas="a 1 2000\nz 1 2000\nb 1 1999\nb 2 2003\n")
    assert rows(found) == [("a", 0, 1, 0), ("b", 3, 2, 0)]
    said = described(found)
    assert "1 rows with no coordinates" in said
    assert "1 rows with a time outside" in said


# What cannot be read ---------------------------------------------------------------------------------------------------

WRONG = [
    # parameters, file in place, its rows                 code  row  what is said
    (BERNOULLI, "cas", "a 2\nz 1", 10, 2, "'z' is not in CoordinatesFile"),
    (BERNOULLI, "cas", "a 2\n\nb -1", 10, 3, "'-1' is no whole number of 0 or more"),
    (BERNOULLI, "cas", "a 1.5", 10, 1, "'1.5' is no whole number"),
    (BERNOULLI, "cas", "a x", 10, 1, "'x' is no whole number"),
    (BERNOULLI, "cas", "a nan", 10, 1, "'nan' is no whole number"),
    (BERNOULLI, "cas", "a 1_0", 10, 1, "'1_0' is no whole number"),
    (BERNOULLI, "cas", "a 1 2000", 10, 1, "no time, as PrecisionCaseTimes is 0"),
    (BERNOULLI, "cas", "a,1", 10, 1, "CaseFile-SourceDelimiter=,"),
    (BERNOULLI, "cas", "a 0", 13, 0, "no case"),
    (BERNOULLI, "cas", "", 13, 0, "no case"),
    (BERNOULLI, "ctl", "a 0", 13, 0, "no control"),
    (BERNOULLI, "geo", "a 0 0\nb 1 1\nc 2 2\na 0 1", 10, 4, "'a' has other coordinates"),
    (BERNOULLI, "geo", "a 0 0\nb 1 1\nc 2 2 2", 10, 3, "holds 4 columns, not 3"),
    (BERNOULLI, "geo", "a 0 0\nb 1 inf\nc 2 2", 10, 2, "1 inf are no coordinates"),
    (BERNOULLI + "CoordinatesType=1\n", "geo", "a 0 0\nb 91 1\nc 2 2", 10, 2, "91 1 is not on the globe"),
    (BERNOULLI + "CoordinatesType=1\n", "geo", "a 0 0\nb 9 181\nc 2 2", 10, 2, "9 181 is not on the globe"),
    (PERMUTATION, "cas", "a 1 2000\nb 1 1999", 10, 2, "'1999' is outside the study period, 2000-01-01 to 2003-12-31"),
    (PERMUTATION, "cas", "a 1 soon", 10, 1, "'soon' is no time"),
    (PERMUTATION.replace("Times=1", "Times=3"), "cas", "a 1 2000", 10, 1, "coarser than PrecisionCaseTimes"),
    (PERMUTATION, "cas", "a 1 2000 m\nb 1 2000", 10, 2, "holds 3 columns, and rows before 4"),
    (MULTINOMIAL, "cas", "a 1 x\nb 1", 10, 2, "holds 2 columns"),
    (MULTINOMIAL, "cas", "a 1 x\nb 1 x", 13, 0, "one category"),
    (POISSON, "pop", "a 2000 5\nb 2000 -5", 10, 2, "'-5' is no number"),
    (POISSON, "pop", "a 2000 5\nz 2000 5", 10, 2, "'z' is not in CoordinatesFile"),
    (POISSON, "pop", "a 2000 5\na 20x 5", 10, 2, "'20x' is no time"),
    (POISSON, "pop", "a 2000", 10, 1, "Write id, time, population"),
    (POISSON, "pop", "a 2000 5\nb 2000 5\nb 2001 6", 10, 1, "a population for 2000 and none for 2001"),
    (POISSON, "pop", "a 2000 0\nb 2000 0", 13, 0, "every population is zero"),
    (POISSON, "pop", "a 2000 5\nb 2000 0", 10, 2, "cases of b, but its population is zero"),
    (POISSON, "pop", "a 2000 5 m\nb 2000 5 m", 10, 0, "other columns of covariates"),
]  # fmt: skip


@pytest.mark.parametrize(("prm", "file", "text", "code", "row", "said"), WRONG)
def test_wrong_rows(tmp_path: Path, prm: str, file: str, text: str, code: int, row: int, said: str) -> None:
    """R27, R45: never a number from nothing; the row, what is wrong, and the mend."""
    cases = "a 2 2000\nb 1 2003\n" if "PrecisionCaseTimes" in prm else DATA["x.cas"]
    with pytest.raises(CasualtyError) as refused:
        run(tmp_path, prm, **({"cas": cases} | {file: text}))
    assert refused.value.exit_code == code
    assert said in str(refused.value)
    if code == 10:
        assert (refused.value.faults[0].row, refused.value.faults[0].mend != "") == (row, True)
        assert f"x.{file}" in refused.value.faults[0].field or file == "pop"


def test_all_wrong_rows_are_told_at_once(tmp_path: Path) -> None:
    """R45: faults of several files in one answer; beyond 200 they are counted."""
    with pytest.raises(InvalidRecords) as refused:
        run(tmp_path, BERNOULLI, cas="z x\n", ctl="a 1 1\n", geo="a 0\n")
    assert len(refused.value.faults) == 4
    with pytest.raises(InvalidRecords, match="50 more are not listed") as many:
        run(tmp_path, BERNOULLI, cas="z 1\n" * 250)
    assert len(many.value.faults) == 200


def test_a_population_of_covariates_that_cases_lack(tmp_path: Path) -> None:
    """R45: a combination among the cases that has no population is named."""
    with pytest.raises(InvalidRecords, match="covariates f"):
        run(tmp_path, POISSON, cas="a 1 2000 m\nb 1 2000 f\n", pop="a 2000 5 m\nb 2000 5 m\n")


def test_missing_files_are_all_named(tmp_path: Path) -> None:
    """R55"""
    with pytest.raises(NotFound):
        read(tmp_path / "none.prm")
    prm = BERNOULLI.replace("x.cas", "y.cas").replace("x.ctl", "C:\\data\\y.ctl")
    with pytest.raises(NotFound, match=r"y\.cas.*y\.ctl"):
        run(tmp_path, prm)


def test_no_location_at_all(tmp_path: Path) -> None:
    """R45"""
    with pytest.raises(NotEnoughData, match="no location"):
        run(tmp_path, BERNOULLI, cas="", ctl="", geo="\n")


def test_a_description_says_what_is_scanned(tmp_path: Path) -> None:
    """R55"""
    said = described(run(tmp_path, PERMUTATION + "ResultsFile=o.txt\n", cas="a 2 2000 m\nb 1 2003 f\n"))
    assert "space-time permutation scan, retrospective space-time, of 3 cases in 2 strata at 3 locations" in said
    assert "2000-01-01 to 2003-12-31 in 4 intervals, windows of 1 to 2" in said
    assert "not produced: ResultsFile." in said


def test_no_heavy_library_is_loaded() -> None:
    """R55: reading a small file costs no more than the scan of it."""
    code = "import sys, casualty.satscan; print(*{'numpy', 'pandas', 'scipy', 'typer', 'numba'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1]
    )
    assert done.stdout.strip() == ""

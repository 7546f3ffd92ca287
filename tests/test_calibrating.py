"""Questions tried on simulated records: false alarms, power and coverage, and a wrong test that is caught (R56).

Holds R56 (a detector ships with its record on data without a pattern and on data with a planted one) and R55 (seeds).
"""

import json
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from towns import table

from casualty import asking, sample
from casualty.asking import Chosen, Material
from casualty.calibrating import Case, Trial, calibrate, case, part_of_all, trial
from casualty.calibrating.trying import covered, found, null_of, wrong
from casualty.cli import run
from casualty.errors import NotEnoughData, NotFound, UsageFault
from casualty.patterns.events import Events
from casualty.patterns.simulating import Dates, Noise, Null, Truth
from casualty.points import points

GROUP = {"group": "kess", "replications": 99, "seed": 1}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("points") / "points.csv"
    file.write_text(table(), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def events(path: Path) -> Events:
    return points(path, crs="local")


# What is found -------------------------------------------------------------------------------------------------------


def victims_as_events(material: Material, method: str, chosen: Chosen) -> Any:
    """A wrong test: every victim counts as an event of its own."""
    told = material.events
    number = np.clip(np.nan_to_num(told.victims[:, 1], nan=1.0), 1, 20).astype(int)
    at = np.repeat(np.arange(len(told)), number)
    every = told.only(np.ones(len(told), dtype=bool))
    columns = {
        name: getattr(every, name) for name in ("area", "tier", "sources", "actors", "acts", "means", "place_type")
    }
    alone = {name: tuple(values[i] for i in at) for name, values in columns.items()}
    arrays = (
        "x",
        "y",
        "day",
        "day_span",
        "spread_m",
        "place_precision",
        "date_precision",
        "mix",
        "victims",
        "reported",
    )
    alone |= {name: getattr(every, name)[at] for name in arrays}
    ids = tuple(f"{told.ids[i]}.{k}" for k, i in enumerate(at))
    return asking.answer(replace(material, events=replace(every, ids=ids, **alone)), method, chosen)


def test_a_test_of_victims_as_events_is_caught(events: Events) -> None:
    """R56: the same scan, asked of victims as if each were an event, is called wrong; of incidents it is not."""
    scan = case("scan", GROUP, Material(events))
    right = calibrate([scan], seed=7, simulations=40, strengths=())
    broken = calibrate([scan], seed=7, simulations=40, strengths=(), ask=victims_as_events)
    assert not right.rows[0]["alarm"]
    assert broken.rows[0]["alarm"]
    assert broken.rows[0]["observed"] > 0.5
    assert "cannot be relied on" in broken.sentence
    assert "cannot be relied on" not in right.sentence


def never(material: Material, method: str, chosen: Chosen) -> Any:
    return {"clusters": [{"p_value": 1.0, "locations": ["i0"], "start": "", "end": ""}]}


def always(material: Material, method: str, chosen: Chosen) -> Any:
    return {"clusters": [{"p_value": 0.01, "locations": list(material.events.ids), "start": "", "end": ""}]}


def test_a_test_that_says_nothing_finds_nothing(events: Events) -> None:
    """R56: no false alarm and no power; one that says all of it everywhere is wrong always, and finds no place."""
    scan = case("scan", GROUP, Material(events))
    null, planted = calibrate([scan], seed=7, simulations=30, strengths=(4.0,), ask=never).rows
    assert (null["observed"], null["alarm"], planted["power"]) == (0.0, False, 0.0)
    null, planted = calibrate([scan], seed=7, simulations=30, strengths=(4.0,), ask=always).rows
    assert (null["observed"], null["alarm"], planted["power"]) == (1.0, True, 0.0)


@pytest.mark.parametrize(
    ("words", "more", "least"),
    [
        ("scan", {}, 0.5), ("scan:multinomial", {}, 0.5), ("near-repeat", {"space": [4_000.0], "days": [14.0]}, 0.5),
        ("signature", {}, 0.5), ("actors", {}, 0.4), ("trend", {"group": None}, 0.8), ("funnel", {}, 0.3),
    ],
)  # fmt: skip
def test_a_strong_pattern_is_found(events: Events, words: str, more: dict[str, Any], least: float) -> None:
    """R56: each question finds what it looks for, and seldom anything where nothing is."""
    asked = case(words, GROUP | more, Material(events))
    null, planted = calibrate([asked], seed=2, simulations=20, strengths=(12.0,)).rows
    assert not null["alarm"]
    assert planted["power"] >= least
    assert planted["power"] > null["observed"]


DOCUMENT = {"rows": [{"alarm": True, "p": 0.01, "low": 1.2, "high": None, "ratio": 2.0, "area": "A01"},
                     {"alarm": False, "p": 0.5, "low": 0.5, "high": 1.5, "ratio": 1.0, "area": "A02"},
                     {"alarm": False, "p": None, "low": 5.0, "high": 6.0, "ratio": 1.0, "area": "A03"}]}  # fmt: skip


def test_what_is_wrong_found_and_covered(events: Events) -> None:
    """R56: an alarm is wrong; found only where it was planted; only tested rows have an interval that counts."""
    asked = case("funnel", GROUP, Material(events))
    assert wrong(asked, DOCUMENT) == 1.0
    assert covered(DOCUMENT) == 0.5
    truth = Truth("one area", 2.0, frozenset(), frozenset(), key="A01")
    assert found(asked, DOCUMENT, truth, events)
    assert not found(asked, DOCUMENT, replace(truth, key="A02"), events)


def test_alarms_without_p_are_counted_by_bins(events: Events) -> None:
    """R56: one alarm in twenty bins is what such a method promises, not one in twenty records."""
    asked = case("surveillance:ears-c1", {"every": "month"}, Material(events))
    rows = [{"alarm": i == 3, "masked": False, "p": None, "p_adjusted": None} for i in range(20)]
    assert wrong(asked, {"rows": rows}) == 0.05
    assert wrong(asked, {"rows": [*rows, {"alarm": True, "masked": True, "p": None, "p_adjusted": None}]}) == 0.05
    assert wrong(asked, {"rows": [row | {"p": 0.01, "p_adjusted": 0.2} for row in rows]}) == 0.0


def test_each_question_has_its_own_null(events: Events) -> None:
    """R56: what a question is not about must be able to be there, and what it is about must not."""
    material = Material(events, people={"A00": (1.0, 2.0, 3.0)})
    nulls = {
        words: null_of(case(words, GROUP, material), Noise())
        for words in ("scan", "scan:permutation", "near-repeat", "trend", "signature", "scan:poisson", "funnel:people")
    }
    assert nulls["scan"] == Null()
    assert nulls["scan:permutation"].dates is nulls["near-repeat"].dates is Dates.DEALT
    assert nulls["trend"].dates is Dates.EVEN
    assert nulls["signature"].within_area
    assert nulls["scan:poisson"].people == nulls["funnel:people"].people == {"A00": 2.0}


# Monte Carlo error, seeds and executors ------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(st.floats(0, 1), min_size=1, max_size=200))
def test_the_interval_holds_the_part(parts: list[float]) -> None:
    """R45: exact, so never of no width where records are few."""
    told = part_of_all(parts)
    assert told["low"] <= told["observed"] + 1e-9
    assert told["observed"] <= told["high"] + 1e-9
    assert told["high"] - told["low"] > 0.01


def test_the_interval_is_that_of_clopper_and_pearson() -> None:
    """R45: 4 of 100, as R's binom.test has it."""
    told = part_of_all([1.0] * 4 + [0.0] * 96)
    assert (told["low"], told["high"]) == (pytest.approx(0.01100449, abs=1e-7), pytest.approx(0.09925716, abs=1e-7))


def cases(events: Events) -> list[Case]:
    material = Material(events)
    return [case("scan", GROUP, material), case("funnel", GROUP, material), case("scan:multinomial", GROUP, material)]


def test_the_same_seed_gives_the_same(events: Events) -> None:
    """R55: and another one another; simulation i is the same however many there are."""
    first, again = (calibrate(cases(events), seed=3, simulations=6, strengths=(4.0,)).as_json() for _ in range(2))
    assert first == again
    asked: list[tuple[str, ...]] = []

    def note(material: Material, method: str, chosen: Chosen) -> Any:
        asked.append((*material.events.ids, str(chosen["seed"])))
        return never(material, method, chosen)

    for i in (2, 2, 5):
        trial(cases(events)[0], 3, i, 1.0, Noise(), note)
    calibrate(cases(events)[:1], seed=3, simulations=3, strengths=(), ask=note)
    assert asked[0] == asked[1] == asked[5]
    assert len(set(asked)) == 4


# Started anew, as a process that is forked from one with threads may hang.
PROCESSES = partial(ProcessPoolExecutor, mp_context=get_context("spawn"))


@pytest.mark.parametrize("executor", [ThreadPoolExecutor, PROCESSES], ids=["threads", "processes"])
def test_executors_change_nothing(
    events: Events, executor: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R55: threads and processes, which come to the end in another order."""
    # A process that is started anew runs the main module again, and tests of pages leave the app in its place.
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    alone = calibrate(cases(events)[:2], seed=3, simulations=5, strengths=(4.0,)).as_json()
    told: list[tuple[int, int]] = []
    with executor(2) as pool:
        shared = calibrate(
            cases(events)[:2],
            seed=3,
            simulations=5,
            strengths=(4.0,),
            executor=pool,
            progress=lambda *at: told.append(at),
        )
    assert shared.as_json() == alone
    assert told == [(done, 20) for done in range(1, 21)]


def test_too_little_is_said_and_not_counted(events: Events) -> None:
    """R50: a question that cannot be asked has no rate; where none can, that is told."""
    few = Material(events.only(np.arange(len(events)) < 8))
    with pytest.raises(NotEnoughData, match="In no simulated record"):
        calibrate([case("scan", GROUP, few)], seed=1, simulations=3)
    both = calibrate([case("scan", GROUP, few), case("funnel", GROUP, few)], seed=1, simulations=20, strengths=())
    assert [row["band"] for row in both.rows] == ["funnel"]
    assert any("scan bernoulli spatial" in said for said in both.caveats)
    assert Trial(None).rate is None


@pytest.mark.parametrize(
    ("words", "fault"),
    [("divination", NotFound), ("near-repeat:x", UsageFault), ("scan:bernoulli:spatial:x", UsageFault)],
)
def test_questions_that_are_none(events: Events, words: str, fault: type[Exception]) -> None:
    """R02"""
    with pytest.raises(fault):
        case(words, GROUP, Material(events))


# The command ---------------------------------------------------------------------------------------------------------


def ask(path: Path, *more: str) -> int:
    return run(["patterns", "calibrate", "--points", str(path), "--crs", "local", "--group", "kess", *more])


def test_the_command_prints_rates_with_their_error(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R56: the contract's shape, and the sentence first."""
    out = tmp_path / "out.json"
    given = ask(path, "--methods", "scan,funnel,trend", "--simulations", "6", "--strength", "8", "--json", str(out))
    assert given == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Of 6 simulated records without any pattern, made on these places and dates,")
    document = json.loads(out.read_text(encoding="utf-8"))
    assert {"method", "n", "left_out", "rows", "sentence", "caveats", "seed"} <= document.keys()
    assert document["n"] == 240
    keys = {"band", "observed", "expected", "ratio", "low", "high", "p", "p_adjusted", "alarm"}
    assert all(keys | {"simulations", "power", "coverage", "strength"} <= row.keys() for row in document["rows"])
    bands = [row["band"] for row in document["rows"]]
    assert bands[:3] == ["scan bernoulli spatial", "8 times: scan bernoulli spatial", "funnel"]
    for row in document["rows"]:
        assert row["low"] <= row["observed"] <= row["high"]
        assert (row["expected"] == 0.05) is (row["strength"] == 1)
    assert document["rows"][2]["coverage"] > 0.8
    assert "these held the truth: funnel" in document["sentence"]
    assert "A planted pattern was found: scan bernoulli spatial, 8 times, in" in document["sentence"]


def test_all_that_can_be_asked_is_tried(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R50: without names every question of which the file has what it needs; the others are named."""
    bare = tmp_path / "bare.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    bare.write_text("\n".join(",".join(line.split(",")[:5]) for line in lines), encoding="utf-8")
    assert ask(bare, "--simulations", "3", "--strength", "", "--json", "-") == 0
    document = json.loads(capsys.readouterr().out)
    bands = {row["band"] for row in document["rows"]}
    assert {"scan bernoulli spatial", "near-repeat", "hotspots", "trend"} <= bands
    assert "funnel" not in bands
    assert any("funnel" in said and "Too little" in said for said in document["caveats"])


FAULTY = [
    (["--methods", "divination"], 11, "there is no question"),
    (["--methods", "near-repeat:x"], 2, "takes nothing"),
    (["--strength", "0.5"], 2, "--strength"),
    (["--strength", "many"], 2, "--strength"),
    (["--noise", "1.5"], 2, "--noise"),
    (["--simulations", "0"], 2, ""),
    (["--group", "omb"], 11, "there are: kess, tul"),
    (["--dimension", "ethnicity"], 2, "belongs to the database"),
    (["--methods", "scan:astral", "--simulations", "2"], 2, "--model astral"),
]


@pytest.mark.parametrize(("words", "code", "mend"), FAULTY)
def test_what_cannot_be_asked(
    path: Path, words: list[str], code: int, mend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """R02: exit 2 or 11, with what to write instead."""
    assert ask(path, *words) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert mend.casefold() in " ".join(told.err.casefold().split())


def test_columns_that_a_named_question_needs(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R33, R50: exit 10 for a column that is not there, 13 for too few incidents."""
    lines = path.read_text(encoding="utf-8").splitlines()
    undated = tmp_path / "undated.csv"
    undated.write_text("\n".join(",".join(line.split(",")[:3] + line.split(",")[4:5]) for line in lines), "utf-8")
    assert ask(undated, "--methods", "trend") == 10
    few = tmp_path / "few.csv"
    few.write_text("\n".join(lines[:6]), "utf-8")
    assert ask(few, "--methods", "scan", "--simulations", "2") == 13
    assert "at least 10 are needed" in capsys.readouterr().err
    assert ask(path, "--methods", "scan:poisson", "--simulations", "2") == 13
    assert "No number of people is held" in capsys.readouterr().err


def test_the_record_is_calibrated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R56, R75: on the record's own places and dates, for those who may ask of it."""
    path = str(tmp_path / "sample.db")
    sample.build(path, lambda _: None)
    monkeypatch.setenv("CASUALTY_PASSWORD", sample.PASSWORD)
    words = ["patterns", "calibrate", "--db", path, "--dimension", "ethnicity", "--group", "tulvet", "--by", "admin2"]
    words += ["--methods", "scan,scan:poisson,funnel", "--simulations", "3", "--strength", "4", "--json", "-"]
    assert run([*words, "--as", "recorder"]) == 12
    capsys.readouterr()
    assert run([*words, "--as", "analyst"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["band"] for row in document["rows"] if row["strength"] == 1] == [
        "scan bernoulli spatial", "scan poisson spatial", "funnel",
    ]  # fmt: skip

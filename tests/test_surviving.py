"""How often findings survive what the record leaves open: draws, bounds, tiers, each source and each alleged actor.

Holds R51 (tiers, each source), R47 (unknown identities), R08, R50, R55 and R62.
"""

import pickle
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_loosely import INCIDENTS, NAN, plain_row, table

from casualty.errors import InvalidRecords, NotEnoughData
from casualty.patterns.answers import Answer
from casualty.patterns.events import Events
from casualty.patterns.surviving import Outcome, Survival, alarms, leading, same, survival
from geo.faults import TooLittle
from geo.scan.design import Design, Model, Places, Records
from geo.scan.found import Cluster, Scan

SOME = settings(deadline=None, max_examples=60)


def many(events: Events, seed: int) -> Outcome:
    """A question for tests: whether at least three incidents of G lie on days before 100; it keeps the seed as p."""
    early = np.flatnonzero((events.day < 100) & (events.mix[:, 0] > 0.5))
    if len(events) < 2:
        raise TooLittle("Two are needed.")
    return Outcome(early.size >= 3, frozenset(events.ids[i] for i in early), seed / 100, float(early.size))


def run(events: Events, asked: Any = many, **chosen: Any) -> Survival:
    return survival(events, asked, rng=np.random.default_rng(5), draws=chosen.pop("draws", 20), **chosen)


def change(result: Survival, kind: str) -> Any:
    return next(change for change in result.changes if change.kind == kind)


def mixed() -> Events:
    """Four early incidents of G, two of which one source carries; one unknown; one that may be early or late."""
    early = {"day": 50.0}
    rows = [
        plain_row(**early, sources=frozenset({"s3"})),
        plain_row(**early, sources=frozenset({"s3"}), tier="other"),
        plain_row(**early, actors=frozenset({"p2"}), tier="corroborated"),
        plain_row(day=99.0, early=0, late=9),
        plain_row(share=NAN),
        plain_row(share=0.0),
    ]
    return table(rows)


def test_a_finding_is_reported_by_how_often_it_survives() -> None:
    """R51, R47, R08: with what makes it vanish."""
    told: list[tuple[int, int]] = []
    result = run(mixed(), group="G", progress=lambda done, of: told.append((done, of)))
    assert result.original.found
    assert result.drawn == ("dates",)
    # Half of four early incidents is enough to be the same finding, but three must be early.
    tier, source, actor = (change(result, kind) for kind in ("tiers", "sources", "alleged actors"))
    assert (tier.runs, tier.stood, tier.vanishes) == (3, 2, ("verified",))
    assert (source.runs, source.stood, source.vanishes) == (3, 2, ("s3",))
    assert (actor.runs, actor.stood, actor.vanishes) == (2, 1, ("p1",))
    assert (change(result, "unknown identities").runs, change(result, "unknown identities").stood) == (2, 2)
    draws = change(result, "draws")
    assert draws.stood == draws.runs == 20
    assert draws.effect == (3.0, 3.0, 4.0)
    assert draws.keys["i0"] == 20
    assert 0 < draws.keys["i3"] < 20
    # Two sources carry nothing alone, and "all" is the record itself: these are not asked again.
    assert told == [(i, 27) for i in range(1, 28)]
    assert "in 20 of 20 draws of dates within what is recorded" in result.sentence
    assert "in 2 of 3 tiers of verification (vanishes with verified)" in result.sentence
    assert "leaving out each of 3 sources in turn, in 2 of 3 (vanishes without source #3)" in result.sentence


def test_no_source_is_named_in_the_sentence() -> None:
    """R62: its number stands there, its id in the result only."""
    secret = replace(mixed(), sources=tuple(frozenset({f"ring-{i % 2}"}) for i in range(6)))
    result = run(secret)
    assert "ring" not in result.sentence
    assert result.numbers == {"ring-0": 1, "ring-1": 2}
    assert "ring-0" in change(result, "sources").vanishes


def test_every_asking_has_the_seed_of_the_first() -> None:
    """R55: what changes is the record, not the luck of the simulation."""
    assert run(mixed(), group="G").original.p == 0.05
    assert all(each.p == (0.05, 0.05, 0.05) for each in run(mixed(), group="G").changes)


class Elsewhere(Executor):
    """Sends everything there and back as another machine would; stopped at number `broken`, after which none answers."""

    def __init__(self, broken: int | None = None) -> None:
        self.broken = broken
        self.held: list[Future[Any]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.held.append(future)
        if self.broken is None:
            asked, given = pickle.loads(pickle.dumps((fn, args)))
            future.set_result(pickle.loads(pickle.dumps(asked(*given))))
        elif len(self.held) == self.broken:
            future.set_exception(KeyboardInterrupt())
        elif len(self.held) < self.broken:
            future.set_result(None)
        return future


def test_no_executor_changes_the_result() -> None:
    """R55: threads and other machines give what one after another gives."""
    alone = run(mixed(), group="G")
    with ThreadPoolExecutor(3) as threads:
        assert run(mixed(), group="G", executor=threads) == alone
    assert run(mixed(), group="G", executor=Elsewhere()) == alone
    assert alone.as_json() == run(mixed(), group="G").as_json()


def test_stopped_work_leaves_nothing_waiting() -> None:
    """R55"""
    executor = Elsewhere(broken=3)
    with pytest.raises(KeyboardInterrupt):
        run(mixed(), executor=executor)
    assert len(executor.held) > 3
    assert all(future.cancelled() for future in executor.held[3:])


def test_nothing_found_survives_when_nothing_is_found() -> None:
    """R51: and says what would make something stand out."""
    events = table([plain_row(day=50.0), plain_row(day=50.0), plain_row(day=50.0, share=NAN), plain_row(share=0.0)])
    result = run(events, group="G")
    assert not result.original.found
    assert change(result, "unknown identities").vanishes == ("all of the group",)
    assert "Nothing stands out in the record as it is" in result.sentence
    assert "something does if all of the unknown are of G" in result.sentence
    assert "no date, place or count is recorded with a span" in result.sentence


def test_too_little_left_is_counted_and_other_faults_are_raised() -> None:
    """R50, R51"""
    events = table([plain_row(day=50.0, sources=frozenset({"s1"}))] * 3)
    result = run(events)
    assert change(result, "sources").too_few == change(result, "alleged actors").too_few == 1
    assert change(result, "sources").stood == 0
    assert "In 2 askings too little was left to ask." in result.sentence

    quiet = run(table([plain_row(share=0.0, sources=frozenset({"s1"}))] * 3))
    assert (change(quiet, "sources").stood, change(quiet, "sources").vanishes) == (0, ())

    def refuses(given: Events, seed: int) -> Outcome:
        if len(given) < 3:
            raise InvalidRecords("Wrong.")
        return many(given, seed)

    with pytest.raises(InvalidRecords):
        run(events, refuses)
    with pytest.raises(TooLittle):
        run(table([plain_row()]))


@SOME
@given(INCIDENTS, st.integers(0, 9))
def test_what_a_change_leaves_as_it_was_always_stands(rows: list[Any], seed: int) -> None:
    """R51: sources that carry nothing alone, and tiers that hold everything."""

    def whole(given: Events, seed: int) -> Outcome:
        return Outcome(True, frozenset(given.ids))

    events = table(rows)
    result = survival(events, whole, rng=np.random.default_rng(seed), draws=3)
    carried = {source for source in result.numbers if any(each == {source} for each in events.sources)}
    assert set(change(result, "sources").vanishes) <= carried
    assert "all" not in change(result, "tiers").vanishes
    assert all(each.stood + len(each.vanishes) == each.runs for each in result.changes)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Outcome(True, frozenset("abcd")), Outcome(True, frozenset("abc")), True),
        (Outcome(True, frozenset("ab")), Outcome(True, frozenset("abcd")), True),
        (Outcome(True, frozenset("ab")), Outcome(True, frozenset("bc")), False),
        (Outcome(True, frozenset("ab")), Outcome(False, frozenset("ab")), False),
        (Outcome(True, frozenset("a"), span=("1", "3")), Outcome(True, frozenset("a"), span=("3", "4")), True),
        (Outcome(True, frozenset("a"), span=("1", "3")), Outcome(True, frozenset("a"), span=("4", "4")), False),
        (Outcome(True, frozenset("ab"), lead="a"), Outcome(True, frozenset("acdef"), lead="c"), True),
        (Outcome(True, frozenset("ab"), lead="a"), Outcome(True, frozenset("b"), lead="b"), False),
        (Outcome(False), Outcome(False), True),
        (Outcome(False), Outcome(True), False),
        (Outcome(True), None, False),
        (Outcome(False), None, False),
    ],
)
def test_the_same_finding(one: Outcome, other: Outcome | None, expected: bool) -> None:
    """R51"""
    assert same(one, other) == expected


def answered(*rows: dict[str, Any]) -> Answer:
    return Answer("m", "q", 9, {}, rows, "s")


def test_rows_of_an_answer_are_followed_by_their_names() -> None:
    """R51: the same row's p, though another leads by then."""
    near = {"band": "0-100 m", "ratio": 3.0, "p": 0.001, "p_adjusted": 0.004, "alarm": True}
    far = {"band": "100-200 m", "ratio": 1.5, "p": 0.02, "p_adjusted": 0.04, "alarm": True}
    faint = near | {"p_adjusted": 0.2, "alarm": False, "ratio": 2.0}
    found = alarms(answered(far, near))
    assert (found.found, found.lead, found.p, found.effect) == (True, "0-100 m", 0.004, 3.0)
    assert found.keys == {"0-100 m", "100-200 m"}
    assert not alarms(answered(faint)).found
    assert alarms(answered()) == Outcome(False)
    events = table([plain_row(sources=frozenset({"s1"})), plain_row(sources=frozenset({"s2"}))])
    result = run(events, lambda given, seed: alarms(answered(far, near if len(given) == 2 else faint)))
    sources = change(result, "sources")
    assert (sources.stood, sources.p, sources.effect) == (0, (0.2, 0.2, 0.2), (2.0, 2.0, 2.0))
    assert sources.keys == {"0-100 m": 0, "100-200 m": 2}


def test_a_scan_is_told_by_its_leading_cluster() -> None:
    """R51: two askings whose bins are other days are compared by days."""
    places = Places(("a", "b", "c"), (0.0, 1.0, 2.0), (0.0, 0.0, 0.0))
    design = Design(Model.MULTINOMIAL, places, Records((0, 1, 2), (0, 1, 2), (1, 1, 1), (0, 0, 1)), bins=3)
    first = Cluster(1, 0, (0, 1), 1.0, 0, 1, (2.0, 0.0), (1.0, 1.0), 2.0, True, 3.0, (2.0, 0.0), 0.01)
    second = replace(first, rank=2, places=(2,), p=0.9)
    scan = Scan(design, (second, first), (), 1, (2.0, 1.0), 3.0)
    found = leading(scan)
    assert (found.found, found.keys, found.effect, found.p) == (True, {"a", "b"}, 2.0, 0.01)
    days = [("2020-01-01", "2020-01-07"), ("2020-01-08", "2020-01-14"), ("2020-01-15", "2020-01-21")]
    assert leading(scan, days).span == ("2020-01-01", "2020-01-14")
    assert same(found, leading(replace(scan, clusters=(replace(first, first=1, last=2),))))
    assert not same(found, leading(replace(scan, clusters=(replace(first, first=2, last=2),))))
    assert not leading(replace(scan, clusters=(replace(first, p=None),))).found
    assert leading(replace(scan, clusters=())) == Outcome(False)


def test_a_question_that_cannot_be_asked_at_all_is_a_fault() -> None:
    """R50"""

    def never(given: Events, seed: int) -> Outcome:
        raise NotEnoughData("No.")

    with pytest.raises(NotEnoughData):
        run(mixed(), never)

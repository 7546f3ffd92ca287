"""Long questions at work: two at a time, one for each account; stopped at once, kept whole, told when they fail (R75)."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app import jobs
from app.jobs import At, Job, Jobs, State
from casualty.errors import NotEnoughData, UsageFault

PATIENCE = 20.0


def until(true: Callable[[], Any]) -> Any:
    """Wait until something is so, and return it."""
    end = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < end
        time.sleep(0.005)
    return found


def now(held: Jobs, job: Job) -> Job:
    (found,) = [one for one in held.mine(job.owner) if one.id == job.id]
    return found


def over(held: Jobs, job: Job) -> Job:
    until(lambda: now(held, job).over)
    return now(held, job)


class Gate:
    """Work that goes on until it is let go, telling of progress all the while."""

    def __init__(self) -> None:
        self.open, self.begun, self.left = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, at: At) -> str:
        self.begun.set()
        try:
            while not self.open.wait(0.002):
                at.progress(1, 10)
        finally:
            self.left.set()
        return "kept"


@pytest.fixture
def gates() -> Iterator[list[Gate]]:
    made = [Gate() for _ in range(4)]
    yield made
    for gate in made:
        gate.open.set()


def test_work_that_is_done_gives_what_it_kept() -> None:
    """R75: with the stage and the part of it that is done told on the way."""
    held, seen = Jobs(), []

    def work(at: At) -> str:
        at.stage("asking")
        at.progress(3, 4)
        seen.append(held.mine("a")[0])
        with at.keeping():
            return "CODE"

    done = over(held, held.ask("a", "what", work))
    assert (done.state, done.result, done.what, done.fault) == (State.DONE, "CODE", "what", None)
    assert (seen[0].stage, seen[0].done, seen[0].total) == ("asking", 3, 4)
    assert seen[0].seconds_left(seen[0].began + 3.0) == pytest.approx(1.0)
    assert Job(1, "a", "").seconds_left(9.0) is None


def test_two_at_a_time_one_for_each_account(gates: list[Gate]) -> None:
    """R75: a second visitor is not kept waiting by the first one's second question; others say how many are ahead."""
    held = Jobs()
    first = held.ask("a", "", gates[0])
    again = held.ask("a", "", gates[1])
    other = held.ask("b", "", gates[2])
    third = held.ask("c", "", gates[3])
    until(gates[2].begun.is_set)
    assert [now(held, job).state for job in (first, again, other, third)] == [
        State.RUNNING, State.WAITING, State.RUNNING, State.WAITING,
    ]  # fmt: skip
    assert (held.ahead(again), held.ahead(third)) == (2, 3)
    gates[2].open.set()
    until(gates[3].begun.is_set)
    assert now(held, again).state is State.WAITING
    gates[0].open.set()
    until(gates[1].begun.is_set)
    assert now(held, again).state is State.RUNNING


def test_what_is_stopped_ends_soon_and_keeps_nothing(gates: list[Gate]) -> None:
    """R75: at the next word of progress; only its owner stops it, and what ended is not stopped."""
    held, kept = Jobs(), []

    def work(at: At) -> str:
        gates[0](at)
        with at.keeping():
            kept.append(1)
        return "CODE"

    job = held.ask("a", "", work)
    until(gates[0].begun.is_set)
    assert not held.stop("b", job.id)
    assert held.stop("a", job.id)
    ended = over(held, job)
    assert (ended.state, ended.result, kept) == (State.STOPPED, None, [])
    assert not held.stop("a", job.id)
    assert not held.stop("a", 999)


def test_what_waits_in_line_is_stopped_before_it_begins(gates: list[Gate]) -> None:
    """R75"""
    held = Jobs()
    held.ask("a", "", gates[0])
    waiting = held.ask("a", "", gates[1])
    assert held.stop("a", waiting.id)
    assert now(held, waiting).state is State.STOPPED
    gates[0].open.set()
    until(lambda: all(job.over for job in held.mine("a")))
    assert not gates[1].begun.is_set()


def test_a_part_at_work_elsewhere_is_not_waited_for(gates: list[Gate]) -> None:
    """R75: a kernel does not hear: whoever waits for it is let go at once, and its room is free again."""
    held, hearing = Jobs(), threading.Event()

    def deaf() -> None:
        hearing.set()
        gates[0].open.wait(PATIENCE)

    job = held.ask("a", "", lambda at: at.executor.submit(deaf).result())
    until(hearing.is_set)
    began = time.monotonic()
    assert held.stop("a", job.id)
    assert over(held, job).state is State.STOPPED
    assert time.monotonic() - began < 2
    assert over(held, held.ask("a", "", lambda at: 1)).result == 1


def test_work_that_hears_nothing_keeps_nothing_when_it_was_stopped(gates: list[Gate]) -> None:
    """R75: whatever it returns; the promise that nothing was kept holds."""
    held, begun, kept = Jobs(), threading.Event(), []

    def work(at: At) -> str:
        begun.set()
        gates[0].open.wait(PATIENCE)
        with at.keeping():
            kept.append(1)
        return "CODE"

    job = held.ask("a", "", work)
    until(begun.is_set)
    assert held.stop("a", job.id)
    assert now(held, job).state is State.STOPPING
    gates[0].open.set()
    assert over(held, job).state is State.STOPPED
    assert kept == []


def test_an_answer_that_is_being_kept_cannot_be_stopped(gates: list[Gate]) -> None:
    """R75: never half an answer, and never one that was kept and is called stopped."""
    held, keeping = Jobs(), threading.Event()

    def work(at: At) -> str:
        with at.keeping():
            keeping.set()
            gates[0].open.wait(PATIENCE)
            return "CODE"

    job = held.ask("a", "", work)
    until(keeping.is_set)
    assert not held.stop("a", job.id)
    gates[0].open.set()
    assert over(held, job).result == "CODE"


def test_what_fails_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    """R74, R75: a fault in its own words; one of the program without its message, which could quote the record."""
    held = Jobs()

    def few(at: At) -> None:
        raise NotEnoughData("Three incidents.")

    def broken(at: At) -> None:
        raise ValueError("the name of a witness")

    told = over(held, held.ask("a", "", few))
    assert (told.state, str(told.fault)) == (State.FAILED, "Three incidents.")
    wrong = over(held, held.ask("a", "", broken))
    assert (wrong.state, wrong.fault, wrong.result) == (State.FAILED, None, None)
    said = until(lambda: capfd.readouterr().err)
    assert "ValueError at jobs.py" in said
    assert "witness" not in said


def test_parts_are_worked_off_in_order_and_their_faults_raised() -> None:
    """R75: the executor is one as any other."""
    held = Jobs()

    def work(at: At) -> list[Any]:
        found = [at.executor.submit(pow, n, 2) for n in range(5)]
        wrong = at.executor.submit(int, "x")
        assert isinstance(wrong.exception(PATIENCE), ValueError)
        return [future.result() for future in found]

    assert over(held, held.ask("a", "", work)).result == [0, 1, 4, 9, 16]


def test_a_line_has_an_end(gates: list[Gate]) -> None:
    """R75: what is asked for without end is refused with the mend; ended jobs are forgotten, the oldest first."""
    held = Jobs()
    held.ask("a", "", gates[0])
    for _ in range(jobs.MOST_WAITING):
        held.ask("a", "", lambda at: None)
    with pytest.raises(UsageFault, match="wait already"):
        held.ask("a", "", lambda at: None)
    gates[0].open.set()
    until(lambda: all(job.over for job in held.mine("a")))
    for _ in range(2 * jobs.MOST_ENDED):
        over(held, held.ask("a", "", lambda at: None))
    listed = held.mine("a")
    assert len(listed) <= jobs.MOST_ENDED
    held.forget("b", listed[0].id)
    assert held.mine("a") == listed
    held.forget("a", listed[0].id)
    assert held.mine("a") == listed[1:]


def test_many_at_once_are_all_answered() -> None:
    """R75: from many threads, each once."""
    held, lock, ran = Jobs(), threading.Lock(), []

    def ask(owner: str) -> None:
        def work(at: At) -> str:
            with lock:
                ran.append(owner)
            return owner

        over(held, held.ask(owner, "", work))

    threads = [threading.Thread(target=ask, args=(f"p{i}",)) for i in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(ran) == sorted(f"p{i}" for i in range(24))
    assert all(held.mine(owner)[0].result == owner for owner in ran)

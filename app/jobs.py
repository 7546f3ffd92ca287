"""Long questions at work behind the pages: two at a time in this process, one for each account, the others in line.

A job ends in one of three ways: done, with what was kept; stopped, with nothing kept; or failed, with what to tell. The
moment at which something is kept is one that nobody can stop, so an answer is kept whole or not at all, and whoever
leaves the page finds it on coming back. Nothing here knows what is asked, nor a page.
"""

import sys
import threading
import time
import traceback
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from casualty.errors import CasualtyError, Interrupted, UsageFault
from casualty.store import Store

AT_ONCE = 2
# In line for one account, and ended ones that are still shown.
MOST_WAITING, MOST_ENDED = 5, 10
STOPPED = "Stopped before the end. Nothing of it was kept."


class State(StrEnum):
    """Where a job stands. STOPPING: nothing of it will be kept, but its last step is still at work."""

    WAITING = "waiting"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


ENDED = frozenset({State.DONE, State.STOPPED, State.FAILED})


@dataclass(frozen=True)
class Job:
    """A job as it stands now.

    what: what its owner asked for; stage: which part of the work is at hand; done, total: how much of that part; began,
    ended: seconds of a clock that only runs; result: what was kept; fault: what to tell, None for a fault of the program.
    """

    id: int
    owner: str
    what: Any
    state: State = State.WAITING
    stage: str = ""
    done: int = 0
    total: int = 0
    began: float | None = None
    ended: float | None = None
    result: Any = None
    fault: CasualtyError | None = None

    @property
    def over(self) -> bool:
        return self.state in ENDED

    def seconds_left(self, now: float) -> float | None:
        """Return how long the part at hand takes if it goes on as it did; None where that cannot be said."""
        if self.began is None or not 0 < self.done < self.total:
            return None
        return (now - self.began) * (self.total - self.done) / self.done


class _Worker(Executor):
    """One thread that works off what is sent to it; `stop` fails all of it at once, also what is at work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[Future[Any]] = set()
        self._queue: SimpleQueue[Any] = SimpleQueue()
        self._stopped = False
        self._thread = threading.Thread(target=self._work, daemon=True, name="question-part")

    def submit(self, fn: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        with self._lock:
            if self._stopped:
                raise Interrupted(STOPPED)
            self._open.add(future)
            if self._thread.ident is None:
                self._thread.start()
        self._queue.put((future, fn, args, named))
        return future

    def _work(self) -> None:
        while (task := self._queue.get()) is not None:
            future, fn, args, named = task
            with self._lock:
                if future.done() or not future.set_running_or_notify_cancel():
                    continue
            try:
                result, wrong = fn(*args, **named), None
            except BaseException as error:  # noqa: BLE001 (raised by whoever waits)
                result, wrong = None, error
            with self._lock:
                self._open.discard(future)
                if not future.done():
                    future.set_exception(wrong) if wrong is not None else future.set_result(result)

    def stop(self) -> None:
        """Let whoever waits for anything go, and take nothing more."""
        with self._lock:
            self._stopped = True
            for future in self._open:
                if not future.done():
                    future.set_exception(Interrupted(STOPPED))
            self._open.clear()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.stop()
        self._queue.put(None)


@dataclass(eq=False)
class At:
    """What the work is given: it tells how far it is, has itself worked on by `executor`, and keeps within `keeping`."""

    _job: "_Held"
    executor: Executor

    def progress(self, done: int, total: int) -> None:
        """Tell how much is done; raise Interrupted where it is to stop."""
        # Another total is another part of the work, with a pace of its own.
        anew = {"began": time.monotonic()} if self._job.job.total not in (0, total) else {}
        self._job.change(done=done, total=total, **anew)
        self._job.heed()

    def stage(self, name: str) -> None:
        """Tell which part of the work begins; raise Interrupted where it is to stop."""
        self._job.change(stage=name, done=0, total=0, began=time.monotonic())
        self._job.heed()

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Keep what was found: from here on nobody stops it. Raises Interrupted where somebody did before."""
        self._job.hold()
        yield


@dataclass(eq=False)
class _Held:
    """A job and what makes it stop; changed under one lock."""

    job: Job
    work: Callable[[At], Any]
    lock: threading.Lock = field(default_factory=threading.Lock)
    worker: _Worker = field(default_factory=_Worker)
    keeping: bool = False

    def change(self, **parts: Any) -> None:
        with self.lock:
            self.job = replace(self.job, **parts)

    def begin(self) -> bool:
        """Return whether it begins: not if it was stopped while it waited."""
        with self.lock:
            if self.job.state is not State.WAITING:
                return False
            self.job = replace(self.job, state=State.RUNNING, began=time.monotonic())
            return True

    def end(self, state: State, **parts: Any) -> None:
        """End it. Who stopped it was promised that nothing is kept: only what is being kept then ends as done."""
        with self.lock:
            if self.job.state is State.STOPPING and not self.keeping:
                state, parts = State.STOPPED, {}
            self.job = replace(self.job, state=state, ended=time.monotonic(), **parts)

    def heed(self) -> None:
        if self.job.state is State.STOPPING:
            raise Interrupted(STOPPED)

    def hold(self) -> None:
        with self.lock:
            self.heed()
            self.keeping = True

    def stop(self) -> bool:
        """Return whether it stops, which it does not once its answer is being kept."""
        with self.lock:
            if self.job.over or self.keeping:
                return False
            waiting = self.job.state is State.WAITING
            self.job = replace(self.job, state=State.STOPPED if waiting else State.STOPPING)
        self.worker.stop()
        return True


class Jobs:
    """The jobs of one open database; safe to use from any thread."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._lock = threading.Lock()
        self._held: dict[int, _Held] = {}
        self._running: dict[int, str] = {}
        self._ids = count(1)

    def ask(self, owner: str, what: Any, work: Callable[[At], Any]) -> Job:
        """Put work in line for somebody and return its job; it begins at once where there is room.

        Raises UsageFault where too much of theirs waits already.
        """
        with self._lock:
            mine = [held for held in self._held.values() if held.job.owner == owner]
            if sum(held.job.state is State.WAITING for held in mine) >= MOST_WAITING:
                raise UsageFault(
                    "{n} of your questions wait already. Wait for one, or stop one.", values={"n": MOST_WAITING}
                )
            ended = [held.job.id for held in mine if held.job.over]
            for old in ended[: max(0, len(ended) - MOST_ENDED + 1)]:
                del self._held[old]
            held = _Held(Job(next(self._ids), owner, what), work)
            self._held[held.job.id] = held
        self._begin()
        return held.job

    def mine(self, owner: str) -> list[Job]:
        """Return somebody's jobs, the oldest first."""
        with self._lock:
            return [held.job for held in self._held.values() if held.job.owner == owner]

    def ahead(self, job: Job) -> int:
        """Return how many jobs are at work or in line before this one."""
        with self._lock:
            waiting = [held.job.id for held in self._held.values() if held.job.state is State.WAITING]
            return len(self._running) + sum(other < job.id for other in waiting)

    def stop(self, owner: str, number: int) -> bool:
        """Stop a job of somebody's and return whether it stops; False too where they have none of that number."""
        with self._lock:
            held = self._held.get(number)
        return held is not None and held.job.owner == owner and held.stop()

    def forget(self, owner: str, number: int) -> None:
        """Show an ended job of somebody's no more; what it kept stays kept."""
        with self._lock:
            held = self._held.get(number)
            if held is not None and held.job.owner == owner and held.job.over:
                del self._held[number]

    def _begin(self) -> None:
        """Begin what waits, as far as there is room: one for each account."""
        with self._lock:
            for number, held in self._held.items():
                room = len(self._running) < self._at_once and held.job.owner not in self._running.values()
                if room and held.begin():
                    self._running[number] = held.job.owner
                    threading.Thread(target=self._run, args=(held,), daemon=True, name="question").start()

    def _run(self, held: _Held) -> None:
        try:
            held.end(State.DONE, result=held.work(At(held, held.worker)))
        except Interrupted:
            held.end(State.STOPPED)
        except CasualtyError as told:
            held.end(State.FAILED, fault=told)
        except BaseException as error:  # noqa: BLE001 (told to whoever looks, without its message, which may quote the record)
            held.end(State.FAILED)
            _tell(error)
        finally:
            held.worker.shutdown()
            with self._lock:
                self._running.pop(held.job.id, None)
            self._begin()


def _tell(error: BaseException) -> None:
    ours = [part for part in traceback.extract_tb(error.__traceback__) if "site-packages" not in part.filename]
    places = ", ".join(f"{Path(part.filename).name}:{part.lineno}" for part in ours)
    sys.stderr.write(f"casualty: a question failed: {type(error).__name__} at {places}\n")


_jobs: "weakref.WeakKeyDictionary[Store, Jobs]" = weakref.WeakKeyDictionary()


def of(store: Store) -> Jobs:
    """Return the jobs of an open database."""
    return _jobs.setdefault(store, Jobs())

"""Who does the work never changes the answer: threads, and a real Dask scheduler with two worker processes.

Holds R55 (same data, parameters and seed: same result), and that work which is stopped leaves nothing half done.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import distributed
import numpy as np
import pytest

from casualty import runs
from casualty import workers as module
from casualty.errors import CasualtyError, Interrupted, UsageFault
from casualty.workers import executor
from geo import scan as scanning
from geo.faults import TooLittle
from geo.near_repeat import near_repeat
from geo.scan import running as searching

ROOT = Path(__file__).parent.parent
PATIENCE = 30


class Cluster:
    """A scheduler and its workers, each a process of its own on this machine."""

    def __init__(self, folder: Path) -> None:
        self.file, self.folder, self.processes = folder / "scheduler.json", folder, list[Any]()
        self.started("scheduler", "--port", "0")
        while not (self.file.exists() and self.file.read_text().rstrip().endswith("}")):
            assert self.processes[0].poll() is None
            time.sleep(0.05)
        self.address = str(json.loads(self.file.read_text())["address"])

    def grown(self, workers: int) -> None:
        """Start workers, and wait until they have come in."""
        for _ in range(workers):
            self.started("worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(self.folder))
        with distributed.Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=PATIENCE)

    def started(self, what: str, *arguments: str) -> None:
        given = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(self.file), *arguments]
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *given]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.processes.append(subprocess.Popen(command, cwd=ROOT, **quiet))

    def killed(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait(PATIENCE)


@contextmanager
def running(folder: Path, workers: int) -> Iterator[Cluster]:
    started = Cluster(folder)
    try:
        if workers:
            started.grown(workers)
        yield started
    finally:
        started.killed()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running(tmp_path_factory.mktemp("dask"), workers=2) as started:
        yield started


def design(model: scanning.Model, n: int = 300) -> scanning.Design:
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(2, n)).round(2).tolist()
    bins = 12 if model is scanning.Model.PERMUTATION else 1
    columns = range(n), rng.integers(0, bins, n).tolist(), [1.0] * n, (rng.random(n) < 0.3).astype(int).tolist()
    kind = scanning.Kind.RETROSPECTIVE if bins > 1 else scanning.Kind.SPATIAL
    places = scanning.Places(tuple(map(str, range(n))), x, y)
    records = scanning.Records(columns[0], columns[1], columns[2], columns[3] if bins == 1 else [0] * n)
    return scanning.Design(model, places, records, bins, scanning.Windows(kind=kind, longest=max(1, bins // 2)))


def answers(threads: int, address: str | None) -> tuple[Any, ...]:
    """What scans (the fast one and the other) and bands of pairs give, done by these workers."""
    rng = np.random.default_rng(5)
    x, y, day = rng.normal(0, 500, 8_000), rng.normal(0, 500, 8_000), rng.integers(0, 90, 8_000)
    with executor(threads, address) as (who, workers):
        given = {"replications": 300, "seed": 7, "executor": who, "workers": workers}
        many = scanning.scan(design(scanning.Model.BERNOULLI), **{**given, "replications": 5000})
        timed = scanning.scan(design(scanning.Model.PERMUTATION), **given)
        pairs = near_repeat(x, y, day, space=[20, 50], limits=[7, 14], replications=300, seed=7, executor=who)
    found = pairs.found
    return many, timed, *(part.tobytes() for part in (found.observed, found.expected, found.p, found.p_adjusted))


def test_threads_and_a_cluster_answer_as_one_thread_does(cluster: Cluster) -> None:
    """R55: byte for byte, with two threads and with two processes of a cluster; parts come back in any order."""
    alone = answers(1, None)
    assert len(alone[0].maxima) == 5000
    assert len(set(alone[1].maxima)) > 200
    assert answers(2, None) == alone
    assert answers(1, cluster.address) == alone


@pytest.mark.parametrize("model", [scanning.Model.BERNOULLI, scanning.Model.PERMUTATION, scanning.Model.MULTINOMIAL])
def test_parts_of_the_map_give_the_same_whatever_the_number_of_workers(
    model: scanning.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R55: centres are searched apart from one another too, and a hundred workers get what one gets."""
    monkeypatch.setattr(searching, "PIECE", 40)
    told: list[tuple[int, int]] = []
    with executor(2) as (who, _):
        given = {"executor": who, "workers": 100, "progress": lambda *parts: told.append(parts)}
        many = scanning.scan(design(model, 150), replications=130, seed=9, **given)
    assert many == scanning.scan(design(model, 150), replications=130, seed=9)
    assert len(many.maxima) == 130
    parts = len(told)
    assert parts >= 9
    assert told == [(done, parts) for done in range(1, parts + 1)]


def test_a_cluster_s_work_is_done_by_its_processes(cluster: Cluster) -> None:
    """Each worker takes part, what many tasks share is sent once, and a fault of the work comes back as it is."""
    shared = np.arange(100_000)
    with executor(4, cluster.address) as (who, workers):
        assert workers == 2
        assert who is not None
        slept = [who.submit(time.sleep, 0.05 + i / 1000) for i in range(8)]
        pids = {who.submit(os.getpid).result() for _ in range(20)}
        assert all(future.result() is None for future in slept)
        assert {future.result() for future in [who.submit(np.sum, shared) for _ in range(6)]} == {shared.sum()}
        assert pids <= {process.pid for process in cluster.processes[1:]}
        with pytest.raises(TooLittle, match="one place"):
            who.submit(scanning.scan, one_place()).result()


def one_place() -> scanning.Design:
    places = scanning.Places(("a", "b"), [1.0, 1.0], [2.0, 2.0])
    return scanning.Design(scanning.Model.BERNOULLI, places, scanning.Records([0, 1, 1], [0] * 3, [5.0] * 3, [0, 1, 1]))


def test_a_cluster_of_another_version_is_not_used(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """R55: workers that hold other methods would give another answer."""
    own = runs.versions()
    monkeypatch.setattr(runs, "_source", lambda parts: "another")
    assert runs.versions()["kernel"] != own["kernel"]
    with pytest.raises(UsageFault, match="does not hold this version"), executor(1, cluster.address):
        pass


def test_a_cluster_without_workers_or_that_is_lost_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is kept, and the person is told so in words."""
    with running(tmp_path, workers=0) as lost:
        with monkeypatch.context() as hasty:
            hasty.setattr(module, "WAIT", 1)
            with pytest.raises(UsageFault, match="Start some: dask worker tcp"):
                left_waiting(lost)
        lost.grown(1)
        with pytest.raises(CasualtyError, match="was lost") as told:
            left_waiting(lost)
        assert told.value.exit_code == 1


def left_waiting(lost: Cluster) -> None:
    with executor(1, lost.address) as (who, _):
        assert who is not None
        waiting = who.submit(time.sleep, PATIENCE)
        lost.killed()
        waiting.result()


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("localhost", "write host:port"),
        ("foo://localhost:8786", "write host:port"),
        ("localhost:0", "write host:port"),
        ("tcp://127.0.0.1:1", "Nobody answers at tcp://127.0.0.1:1. Start a scheduler"),
    ],
)
def test_an_address_without_a_scheduler_is_told(address: str, told: str) -> None:
    with pytest.raises(UsageFault, match=told), executor(1, address):
        pass


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageFault, match=r"pip install 'casualty\[cluster\]'"), executor(1, "localhost:8786"):
        pass


def test_no_threads_are_refused_and_one_costs_nothing() -> None:
    with pytest.raises(UsageFault, match="1 or more"), executor(0):
        pass
    with executor(1) as given:
        assert given == (None, 1)


@pytest.mark.parametrize("threads", [1, 2])
def test_whoever_stops_the_work_is_told_that_nothing_was_kept(threads: int) -> None:
    with pytest.raises(Interrupted, match="Nothing of it was kept"), executor(threads):
        raise KeyboardInterrupt


def test_small_scans_load_no_executors() -> None:
    """What only long work needs is not loaded before it is needed."""
    asked = "import sys, geo.scan, casualty.workers; print('concurrent.futures' in sys.modules, 'numpy' in sys.modules)"
    given = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert given.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_ends_a_long_scan_and_keeps_nothing(tmp_path: Path, threads: int) -> None:
    """Stopped within the kernel: exit code 130 at once, and of the file that was to be written there is no trace."""
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(2, 20_000)).round(5).tolist()
    (tmp_path / "g.geo").write_text("".join(f"{i} {a} {b}\n" for i, (a, b) in enumerate(zip(x, y, strict=True))))
    (tmp_path / "b.cas").write_text("".join(f"{i} 1\n" for i in range(0, 20_000, 4)))
    (tmp_path / "b.ctl").write_text("".join(f"{i} 1\n" for i in range(20_000) if i % 4))
    (tmp_path / "long.prm").write_text(
        "[Input]\nCaseFile=b.cas\nControlFile=b.ctl\nPrecisionCaseTimes=0\nCoordinatesFile=g.geo\nCoordinatesType=0\n"
        "StartDate=2020/1/6\nEndDate=2022/1/2\n[Analysis]\nAnalysisType=1\nModelType=1\nScanAreas=1\n"
        "[Spatial Window]\nMaxSpatialSizeInPopulationAtRisk=50\n[Inference]\nMonteCarloReps=99999\n"
    )
    before = sorted(tmp_path.iterdir())
    command = [sys.executable, "-m", "casualty", "patterns", "scan", "--prm", "long.prm", "--json", "out.json"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [*command, "--threads", str(threads)], cwd=tmp_path, env=environment, stdout=-1, stderr=-1, text=True
    ) as run:
        time.sleep(2)
        assert run.poll() is None
        run.send_signal(signal.SIGINT)
        out, said = run.communicate(timeout=PATIENCE)
    assert (run.returncode, out) == (130, "")
    assert "Traceback" not in said
    assert sorted(tmp_path.iterdir()) == before

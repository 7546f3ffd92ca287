"""What scans cost, against SaTScan's figures for the same designs, and how the cost grows.

The designs are those of reference/cases/bench/make.py in shared/ (CASUALTY_SHARED, default ../shared). SaTScan's CPU
seconds are for its version 10.3.2, one thread, on the machine of the issue; ratios on another machine also compare the
machines. Each figure is taken in a process of its own, after one that is not counted, so that files are in memory.

    python -m bench.scan            the figures against SaTScan's, and against what is aimed at
    python -m bench.scan growth     how cost grows with places, cases, windows and replications
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import log
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("CASUALTY_SHARED") or ROOT.parent / "shared")
MAKE = SHARED / "reference/cases/bench/make.py"
RUNS = 3
LARGE = 20_000
MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Design:
    """One that was timed: its parameter file, how many places and replications, and SaTScan's CPU seconds."""

    name: str
    places: int
    replications: int
    satscan: float

    @property
    def aim(self) -> int:
        """How many times less CPU the whole process shall take."""
        return 25 if self.satscan > 60 else 12


DESIGNS = (
    Design("bernoulli", 1_000, 999, 1.26),
    Design("bernoulli", 5_000, 999, 32.0),
    Design("bernoulli", LARGE, 999, 531.0),
    Design("permutation_prospective", 1_000, 999, 16.5),
    Design("permutation_prospective", 5_000, 100, 50.0),
    Design("permutation_retrospective", 1_000, 64, 78.5),
)
KERNEL_AIM, THREADS_AIM, MEMORY_AIM, KNOX_AIM = 25, 1.8, 1024, 0.5


def measure() -> dict[str, Any]:
    """Return each design's seconds and ratios, the gain of a second thread, the memory, and Knox's test."""
    if not MAKE.is_file():
        return {"not measured": f"there is no {MAKE}; set CASUALTY_SHARED"}
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        subprocess.run([sys.executable, str(MAKE), folder], check=True)
        rows = [_design(design, made) for design in DESIGNS]
        large = made / str(LARGE) / "bernoulli.prm"
        # Whoever else is at work on this machine takes from two threads first: the best runs are compared.
        runs = [[_stages(large, 999, threads)["wall"] for threads in (1, 2)] for _ in range(RUNS)]
        one, two = (min(walls) for walls in zip(*runs, strict=True))
        knox = median(_child("knox", folder)["knox"] for _ in range(RUNS))
    return {
        "designs": rows,
        "second thread": {"wall": [one, two], "ratio": one / two, "aim": THREADS_AIM, "load": os.getloadavg()[0]},
        "peak MiB": {"at 20,000": next(row["MiB"] for row in rows if row["places"] == LARGE), "aim": MEMORY_AIM},
        "knox CPU": {"seconds": knox, "aim": KNOX_AIM},
    }


def _design(design: Design, made: Path) -> dict[str, Any]:
    prm = made / str(design.places) / f"{design.name}.prm"
    stages = [_stages(prm, design.replications, 1) for _ in range(RUNS)]
    whole = [_whole(prm, design.replications) for _ in range(RUNS + 1)][1:]
    kernel, process = median(stage["scan"] for stage in stages), median(cpu for cpu, _ in whole)
    return {
        "design": design.name,
        "places": design.places,
        "replications": design.replications,
        "satscan": design.satscan,
        **{part: median(stage[part] for stage in stages) for part in ("import", "read", "prepare", "scan")},
        "kernel ratio": design.satscan / kernel,
        "kernel aim": KERNEL_AIM,
        "process": process,
        "process ratio": design.satscan / process,
        "process aim": design.aim,
        "MiB": max(peak for _, peak in whole),
    }


# Each in a process of its own ----------------------------------------------------------------------------------------


def _whole(prm: Path, replications: int) -> tuple[float, float]:
    """CPU seconds and peak MiB of the command that a person types."""
    command = [sys.executable, "-m", "casualty", "patterns", "scan", "--prm", str(prm)]
    command += ["--json", str(prm.with_suffix(".json")), "--replications", str(replications)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / MEBIBYTE


def _stages(prm: Path, replications: int, threads: int) -> dict[str, float]:
    return _child("stages", str(prm), str(replications), str(threads))


def _child(*arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.scan", *arguments]
    return dict(json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout))


@contextmanager
def _timed(taken: dict[str, float], part: str) -> Iterator[None]:
    begun = time.process_time()
    yield
    taken[part] = time.process_time() - begun


def stages(prm: Path, replications: int, threads: int) -> dict[str, float]:
    """Return CPU seconds of loading, of reading the files, of preparing and of the scan, and the scan's wall seconds.

    The scan's seconds hold those of preparing, which it does itself.
    """
    taken: dict[str, float] = {}
    with _timed(taken, "import"):
        from casualty.satscan import read
        from casualty.workers import executor
        from geo.scan import preparing, scan
    with _timed(taken, "read"):
        run = read(prm)
    with _timed(taken, "prepare"):
        preparing.single(preparing.prepared(run.design))
    with ExitStack() as opened:
        who, workers = opened.enter_context(executor(threads))
        begun = time.perf_counter()
        with _timed(taken, "scan"):
            scan(run.design, replications=replications, seed=1, executor=who, workers=workers)
        return taken | {"wall": time.perf_counter() - begun}


def knox(made: Path) -> dict[str, float]:
    """Return CPU seconds of Knox's test: 5,000 events, 2 apart in space and 28 days in time, 999 permutations."""
    from geo.near_repeat import near_repeat

    places = np.loadtxt(made / "5000" / "g.geo")
    days = np.loadtxt(made / "5000" / "s.cas", usecols=2, dtype=str)
    when = np.array([np.datetime64(day.replace("/", "-")) for day in days]).astype(int)
    near_repeat(*places[:100, 1:].T, when[:100], space=[2.0], limits=[28.0], cumulative=True, replications=1, seed=1)
    taken: dict[str, float] = {}
    with _timed(taken, "knox"):
        near_repeat(*places[:, 1:].T, when, space=[2.0], limits=[28.0], cumulative=True, replications=999, seed=1)
    return taken


# Growth --------------------------------------------------------------------------------------------------------------


def growth() -> dict[str, dict[str, Any]]:
    """Return CPU seconds at three sizes of one thing, all else alike, and the power of the size that they follow."""
    return {
        "circles, by places (999 replications)": _grown((4_000, 8_000, 16_000), lambda n: circles(n, 999)),
        "circles, by replications (2,000 places)": _grown((4_000, 16_000, 64_000), lambda r: circles(2_000, r)),
        "circles of Poisson, by cases (500 places, 199 replications)": _grown((8_000, 32_000, 128_000), cases),
        "cylinders, by longest window (600 places, 64 replications)": _grown((6, 12, 24), lambda d: cylinders(600, d)),
        "cylinders, by places (64 replications)": _grown((600, 1_200, 2_400), lambda n: cylinders(n, 6)),
    }


def _grown(sizes: tuple[int, ...], work: Callable[[int], Any]) -> dict[str, Any]:
    work(sizes[0])
    taken = []
    for size in sizes:
        begun = time.process_time()
        work(size)
        taken.append(time.process_time() - begun)
    power = np.polyfit([log(size) for size in sizes], [log(seconds) for seconds in taken], 1)[0]
    return {"sizes": sizes, "seconds": taken, "power": float(power)}


def circles(places: int, replications: int) -> None:
    """Scan for circles among as many places, one record at each, a quarter of them cases."""
    from geo.scan import Model

    rng = np.random.default_rng(1)
    _scanned(Model.BERNOULLI, places, replications, kind=(rng.random(places) < 0.25).astype(int).tolist())


def cases(number: int) -> None:
    """Scan for circles among 500 places of one population each, with as many cases."""
    from geo.scan import Model

    held = np.bincount(np.random.default_rng(2).integers(0, 500, number), minlength=500).astype(float).tolist()
    _scanned(Model.POISSON, 500, 199, number=held, expected=[1.0] * 500)


def cylinders(places: int, longest: int) -> None:
    """Scan for cylinders of up to as many of 52 bins, one case at each place."""
    from geo.scan import Kind, Model, Windows

    windows = Windows(kind=Kind.RETROSPECTIVE, longest=longest)
    when = np.random.default_rng(3).integers(0, 52, places).tolist()
    _scanned(Model.PERMUTATION, places, 64, bins=52, when=when, windows=windows)


def _scanned(
    model: Any, places: int, replications: int, *, bins: int = 1, when: Any = None, number: Any = None, kind: Any = None, **more: Any
) -> None:  # fmt: skip
    from geo.scan import Design, Places, Records, scan

    x, y = np.random.default_rng(places).random((2, places)).tolist()
    none = [0] * places
    records = Records(range(places), when or none, number or [1.0] * places, kind or none)
    scan(Design(model, Places(tuple(map(str, range(places))), x, y), records, bins, **more), replications=replications)


# Printed -------------------------------------------------------------------------------------------------------------


def table(figures: dict[str, Any]) -> str:
    """Return the figures of `measure` as a table, each ratio beside its aim."""
    if "designs" not in figures:
        return f"Not measured: {figures['not measured']}."
    head = (
        f"{'CPU seconds':<27}{'n':>7}{'runs':>6}{'SaTScan':>9}{'load':>7}{'read':>7}{'scan':>8}{'ratio':>7}{'aim':>5}"
    )
    lines = [f"{head}{'whole':>8}{'ratio':>7}{'aim':>5}{'MiB':>6}"]
    for row in figures["designs"]:
        begin = f"{row['design']:<27}{row['places']:>7,}{row['replications']:>6}{row['satscan']:>9.2f}"
        kernel = f"{row['import']:>7.3f}{row['read']:>7.3f}{row['scan']:>8.3f}{row['kernel ratio']:>6.0f}x{row['kernel aim']:>4}x"
        whole = f"{row['process']:>8.3f}{row['process ratio']:>6.0f}x{row['process aim']:>4}x{row['MiB']:>6.0f}"
        lines.append(begin + kernel + whole)
    threads, memory, knox_ = figures["second thread"], figures["peak MiB"], figures["knox CPU"]
    one, two = threads["wall"]
    lines.append(
        f"Two threads, scan at n = 20,000: {one:.2f} s, then {two:.2f} s: {threads['ratio']:.2f}x (aim {threads['aim']}x;"
        f" {threads['load']:.1f} processes at work on {os.cpu_count()} processors)."
    )
    lines.append(
        f"Peak memory of the whole process at n = 20,000: {memory['at 20,000']:.0f} MiB (aim {memory['aim']})."
    )
    lines.append(f"Knox, n = 5,000, 999 permutations: {knox_['seconds']:.3f} s CPU (aim {knox_['aim']}).")
    return "\n".join(lines)


def grown_table(figures: dict[str, dict[str, Any]]) -> str:
    """Return the figures of `growth` as a table."""
    lines = []
    for name, row in figures.items():
        each = ", ".join(f"{size:,}: {taken:.3f} s" for size, taken in zip(row["sizes"], row["seconds"], strict=True))
        lines.append(f"{name:<60}{each:<54} power {row['power']:.2f}")
    return "\n".join(lines)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["stages", prm, replications, threads]:
            print(json.dumps(stages(Path(prm), int(replications), int(threads))))
        case ["knox", made]:
            print(json.dumps(knox(Path(made))))
        case ["growth"]:
            print(grown_table(growth()))
        case _:
            print(table(measure()))

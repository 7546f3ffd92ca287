"""The server that is measured: `casualty serve` in a process of its own, which writes down how long each run of a page took.

The hook stands round the run of a page's script, or of a part of it, in Streamlit's own runner; so the time is the server's alone,
from the message that asks for a run to the last answer put into the queue. Run as: python -m bench.map.serving FILE DATABASE
"""

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Run:
    """One run of a page's script: when it ended (monotonic s), wall ms, CPU ms of its thread, whether only a part ran."""

    ended: float
    wall: float
    cpu: float
    part: bool


class Server:
    """A server of its own that is stopped at the end of the block; `address` is where it listens."""

    def __init__(self, command: Sequence[str], told: Path) -> None:
        self.told, self.log = told, told.with_suffix(".log")
        told.unlink(missing_ok=True)
        self.began = time.monotonic()
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=ROOT)
        self.address = self._listens()

    def _listens(self) -> str:
        while self.process.poll() is None:
            found = re.search(r"http://127[\d.]+:\d+", self.log.read_text())
            if found:
                return found.group()
            time.sleep(0.02)
        raise RuntimeError(f"The server ended before it listened: {self.log.read_text()[-500:]}")

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()

    def runs(self) -> list[Run]:
        """Return all runs so far that are over."""
        return [Run(*json.loads(line)) for line in self._lines() if line.startswith("[")]

    def begun(self) -> int:
        """Return how many runs have begun so far."""
        return self._lines().count("began")

    def _lines(self) -> list[str]:
        return self.told.read_text().splitlines() if self.told.exists() else []

    def cpu(self) -> float:
        """Return the CPU seconds of the whole process so far, all threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def memory(self) -> tuple[int, int]:
        """Return peak resident and present proportional memory in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return _kib("VmHWM", status) // 1024, _kib("Pss", rollup) // 1024


def _kib(name: str, text: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    assert found is not None
    return int(found.group(1))


def house(database: Path, folder: Path) -> Server:
    """Return a server of ours over a database."""
    told = folder / "house.runs"
    return Server([sys.executable, "-m", "bench.map.serving", str(told), str(database)], told)


def plain(page: Path, python: str = sys.executable) -> Server:
    """Return a server of one page as Streamlit itself serves it, with the packages of a Python."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "server.port": port, "server.address": "127.0.0.1", "server.headless": "true", "browser.gatherUsageStats": "false",
        "server.fileWatcherType": "none", "client.toolbarMode": "minimal",
    }  # fmt: skip
    told = [f"--{name}={value}" for name, value in options.items()]
    return Server([python, "-m", "streamlit", "run", str(page), *told], page.with_suffix(".runs"))


def empty(folder: Path) -> Server:
    """Return a server of one empty page, which is what Streamlit costs by itself."""
    page = folder / "empty.py"
    page.write_text("import streamlit as st\nst.title('Empty')\n")
    return plain(page)


def _hook(told: Path) -> None:
    """Have each run of a page write two lines: that it began, and its times."""
    from streamlit.runtime.scriptrunner import script_runner

    runner: Any = script_runner.ScriptRunner
    run = runner._run_script

    def timed(self: Any, asked: Any) -> None:
        with told.open("a", buffering=1) as file:
            file.write("began\n")
            wall, cpu = time.perf_counter(), time.thread_time()
            try:
                run(self, asked)
            finally:
                took = (time.perf_counter() - wall) * 1000, (time.thread_time() - cpu) * 1000
                file.write(json.dumps([time.monotonic(), *took, bool(asked.fragment_id_queue)]) + "\n")

    runner._run_script = timed


if __name__ == "__main__":
    import runpy

    _hook(Path(sys.argv[1]))
    sys.argv = ["casualty", "--db", sys.argv[2], "serve", "--port", "0"]
    runpy.run_module("casualty", run_name="__main__")

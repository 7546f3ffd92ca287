"""One database with the 176,579-incident file, made once for all benchmarks of a run that look at a large record."""

import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from bench import intake


@cache
def database() -> Path:
    """Return the path of a database that holds the whole file; it lies in a temporary folder of this process."""
    folder = Path(tempfile.mkdtemp(prefix="casualty-bench-"))
    target, file = folder / "large.db", intake.source(folder)
    for command in (("init",), ("intake", str(file), "--format", "ged")):
        subprocess.run(
            [sys.executable, "-m", "casualty", "--db", str(target), *command], check=True, capture_output=True
        )
    return target

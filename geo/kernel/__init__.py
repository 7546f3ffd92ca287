"""The compiled part of the searches: C functions on plain arrays, chosen for the instructions this machine has.

Built when the project is installed (setup.py). It is loaded by whoever first calls `library`, and by nobody else.
"""

from ctypes import CDLL, c_int
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "kernel.library"
NAMES = {4: "v4", 3: "v3", 1: "v1"}


@cache
def library() -> CDLL:
    """Return the library; raise RuntimeError, with the mend, where it was not built."""
    if not FILE.is_file():
        raise RuntimeError(f"{FILE.name} was not built: install the project again (make install, or pip install .).")
    return CDLL(str(FILE))


@cache
def level() -> str:
    """Return the name of the fastest form that this machine can run."""
    of = library().kernel_level
    of.restype = c_int
    return NAMES[of()]


@cache
def function(name: str, takes: tuple[Any, ...] = ()) -> Any:
    """Return a function of the library in the fastest form that this machine can run; `takes`: types of its arguments.

    What it takes is set once: threads share it.
    """
    found = getattr(library(), f"{name}_{level()}")
    if takes:
        found.argtypes = list(takes)
    return found

"""What is shown while work goes on, and files that are whole or not there: light, for commands that load little."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from casualty.errors import UsageFault

Progress = Callable[[int, int], None]

# Seconds between two lines: more often than this nobody reads.
EVERY = 0.3
CLEARED = "\r\x1b[K"


def how_long(done: int, total: int, seconds: float) -> str:
    """Return in words how long the rest takes if it goes on as it did: `done` of `total` took so many seconds."""
    if not 0 < done < total:
        return ""
    left = seconds * (total - done) / done
    if left < 5:
        return "a few seconds left"
    if left < 90:
        return f"about {5 * round(left / 5)} s left"
    if left < 90 * 60:
        return f"about {round(left / 60)} min left"
    return f"about {round(left / 3600)} h left"


def line(word: str, done: int, total: int, seconds: float) -> str:
    """Return the line of progress: how much is done of what, and how long the rest may take."""
    left = how_long(done, total, seconds)
    return f"{done:,} of {total:,} {word}" + (f", {left}" if left else "")


def remaining(word: str) -> Progress:
    """Return what is told of progress (done, of), and shows a terminal how much is done of what and the time left.

    It writes to standard error, a few times a second at most, clears its line at the end, and is silent elsewhere.
    """
    if not sys.stderr.isatty():
        return lambda done, total: None
    began = shown = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if done < total and now - shown < EVERY:
            return
        shown = now
        text = line(word, done, total, now - began) if done < total else ""
        print(CLEARED + text, end="", file=sys.stderr, flush=True)

    return tell


def written(path: Path, text: str) -> None:
    """Write a file beside and move it when whole: what was there stays until then, and stays if this fails.

    Raises UsageFault where nothing can be written.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe or a device
            path.write_text(text, encoding="utf-8")
            return
        whole = path.resolve()
        part = whole.with_name(f".{whole.name}.{os.getpid()}.part")
        try:
            part.write_text(text, encoding="utf-8")
            if whole.exists():
                part.chmod(whole.stat().st_mode)
            part.replace(whole)
        finally:
            with suppress(FileNotFoundError):
                part.unlink()
    except OSError as wrong:
        raise UsageFault(f"{path} cannot be written: {wrong.strerror}.") from wrong

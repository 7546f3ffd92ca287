"""What a terminal is told while work goes on, and files that are whole or not there.

Holds R55 in part: what was stopped or failed leaves no half answer behind.
"""

import io
import os
from pathlib import Path

import pytest

from casualty.cli import terminal
from casualty.errors import UsageFault


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("done", "total", "seconds", "told"),
    [
        (0, 999, 3.0, ""),
        (999, 999, 3.0, ""),
        (990, 999, 100.0, "a few seconds left"),
        (312, 999, 18.0, "about 40 s left"),
        (1, 2, 89.0, "about 90 s left"),
        (1, 2, 90.0, "about 2 min left"),
        (100, 1000, 60.0, "about 9 min left"),
        (1, 101, 90.0, "about 2 h left"),
    ],
)
def test_the_time_left_is_what_the_rest_takes_at_this_pace(done: int, total: int, seconds: float, told: str) -> None:
    assert terminal.how_long(done, total, seconds) == told


def test_a_line_says_how_much_of_what() -> None:
    assert terminal.line("replications", 312, 9_999, 18.0) == "312 of 9,999 replications, about 9 min left"
    assert terminal.line("replications", 0, 999, 18.0) == "0 of 999 replications"


def test_a_terminal_is_told_now_and_then_and_left_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few times a second at most, whatever the work tells; at the end nothing of it is left in the line."""
    screen, clock = Screen(), iter([0.0, 0.01, 0.4, 0.41, 0.5, 2.0])
    monkeypatch.setattr(terminal.sys, "stderr", screen)
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(clock))
    tell = terminal.remaining("parts")
    for done in (1, 2, 3, 4, 5):
        tell(done, 5)
    assert screen.getvalue() == "\r\x1b[K2 of 5 parts, a few seconds left\r\x1b[K"


def test_a_file_or_pipe_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = io.StringIO()
    monkeypatch.setattr(terminal.sys, "stderr", quiet)
    tell = terminal.remaining("parts")
    tell(1, 2)
    tell(2, 2)
    assert quiet.getvalue() == ""


def test_a_file_is_replaced_when_whole_and_stays_who_may_read_it(tmp_path: Path) -> None:
    """Through a link too; what was private stays so."""
    out, link = tmp_path / "out.json", tmp_path / "link.json"
    out.write_text("old")
    out.chmod(0o600)
    link.symlink_to(out)
    terminal.written(link, "neu: ü\n")
    assert out.read_text(encoding="utf-8") == "neu: ü\n"
    assert out.stat().st_mode & 0o777 == 0o600
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [link, out]


def test_what_fails_leaves_the_old_file_and_nothing_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out.json"
    out.write_text("old")

    def failing(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", failing)
        with pytest.raises(KeyboardInterrupt):
            terminal.written(out, "new")
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]
    with pytest.raises(UsageFault, match="cannot be written: No such file"):
        terminal.written(tmp_path / "nowhere" / "out.json", "new")
    with pytest.raises(UsageFault, match="cannot be written: Is a directory"):
        terminal.written(tmp_path, "new")


def test_a_pipe_is_written_as_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    terminal.written(pipe, "through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert list(tmp_path.iterdir()) == [pipe]

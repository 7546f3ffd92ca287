"""What a chart is made of: panels of rows, each row with its numbers and with what is said of them."""

import enum
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

# Dark enough to stand on white; hatches and words say the same for whoever sees no colour.
COLOURS = ("#1f4e79", "#1b8a8f", "#d9730d", "#6b5b7b", "#8a8f98", "#b5651d", "#4f772d")
Number = float | int | None


class Form(enum.StrEnum):
    """How the rows are drawn."""

    BARS = "bars"
    STACKED = "stacked"
    RANGES = "ranges"
    TIMES = "times"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a panel, or a bin of time: its label, a number for each part of the chart, and what is said beside it.

    A number of None is no zero: nothing is drawn, and `said` tells why. `low` and `high` are the ends of a range whose best
    figure is the one number.
    """

    label: str
    values: tuple[Number, ...]
    said: str
    low: Number = None
    high: Number = None

    @property
    def reach(self) -> float:
        """The highest number that has to find room."""
        known = [value for value in self.values if value is not None]
        ends = [value for value in (self.low, self.high) if value is not None]
        return max([sum(known), *ends], default=0)


@dataclass(frozen=True, slots=True)
class Panel:
    """Rows under one name; a chart of one panel may leave the name empty."""

    name: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Chart:
    """A chart: its title, how it is drawn, its panels, and what stands below it.

    `head`: what the rows are (Type, Month); `parts`: what the numbers are, one name for each number of a row; `notes`: what
    is unknown or left out, sentences.
    """

    title: str
    form: Form
    head: str
    parts: tuple[str, ...]
    panels: tuple[Panel, ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def top(self) -> float:
        """The end of the scale that all panels share, a round number."""
        return rounded(max((row.reach for panel in self.panels for row in panel.rows), default=0))

    def columns(self) -> list[str]:
        """Return the heads of the chart as a table: its numbers, and what is said of a row beyond them."""
        several = [""] if len(self.panels) > 1 else []
        ends = ["low", "high"] if self.form is Form.RANGES else []
        return [*several, self.head, *self.parts, *ends]

    def cells(self) -> Iterator[tuple[str, Row, list[Number]]]:
        """Yield the rows of the table: the panel's name, the row, and its numbers."""
        for panel in self.panels:
            for row in panel.rows:
                ends = [row.low, row.high] if self.form is Form.RANGES else []
                yield panel.name, row, [*row.values, *ends]


def rounded(value: float) -> float:
    """Return the least of 1, 2, 3, 4, 5, 6 or 8 with zeros behind it that is not below a number; 1 for none."""
    if value <= 1:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 3, 4, 5, 6, 8, 10) if step * power >= value)


def _panels(panels: Sequence[tuple[str, Sequence[Row]]]) -> tuple[Panel, ...]:
    return tuple(Panel(name, tuple(rows)) for name, rows in panels)


def bars(
    title: str, head: str, part: str, panels: Sequence[tuple[str, Sequence[Row]]], notes: Sequence[str] = ()
) -> Chart:
    """Return horizontal bars with their numbers; each row has one number."""
    return Chart(title, Form.BARS, head, (part,), _panels(panels), tuple(notes))


def stacked(
    title: str, head: str, parts: Sequence[str], panels: Sequence[tuple[str, Sequence[Row]]], notes: Sequence[str] = ()
) -> Chart:
    """Return bars divided by category; each row has a number for each part."""
    return Chart(title, Form.STACKED, head, tuple(parts), _panels(panels), tuple(notes))


def ranges(
    title: str, head: str, part: str, panels: Sequence[tuple[str, Sequence[Row]]], notes: Sequence[str] = ()
) -> Chart:
    """Return lines from low to high with a mark at the best figure, the one number of each row."""
    return Chart(title, Form.RANGES, head, (part,), _panels(panels), tuple(notes))


def times(
    title: str, head: str, part: str, panels: Sequence[tuple[str, Sequence[Row]]], notes: Sequence[str] = ()
) -> Chart:
    """Return small multiples over time: every panel has the same bins, in order, and the same height for a number."""
    if len({tuple(row.label for row in rows) for _, rows in panels}) > 1:
        raise ValueError("the panels of a chart over time have the same bins")
    return Chart(title, Form.TIMES, head, (part,), _panels(panels), tuple(notes))

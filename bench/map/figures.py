"""The limits that the map page is held to, and the lines that say what was measured beside them."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from statistics import median

from bench.map.browser import Bytes

# Of the record with 176,579 incidents; with a million each is twice as much.
DRAWN_S, COLD_KB, WARM_KB, SERVER_MS, ACTION_KB, LIST_MS, MEMORY_MIB = 2.5, 1500, 600, 400, 500, 200, 1536


@dataclass(frozen=True)
class Figure:
    """One figure: what it is, its number, its limit (None: none), and the same of an empty page in the same run."""

    name: str
    value: float
    limit: float | None = None
    empty: float | None = None

    @property
    def beyond(self) -> bool:
        """Whether it lies beyond its limit."""
        return self.limit is not None and self.value >= self.limit

    def row(self) -> str:
        """Return it as a line of a table."""
        limit = "" if self.limit is None else f"{self.limit:g}"
        empty = "" if not self.empty else f"{self.value / self.empty:.2f}"
        return f"| {self.name} | {self.value:,.{0 if self.value >= 100 else 2}f} | {limit} | {empty} | {'BEYOND' if self.beyond else ''} |"


HEAD = "| what | measured | limit | times an empty page | |\n|---|---|---|---|---|"


def table(figures: Iterable[Figure]) -> str:
    """Return figures as a table of Markdown."""
    return "\n".join([HEAD, *(figure.row() for figure in figures)])


@dataclass(frozen=True)
class Opened:
    """One opening of a page: seconds to the first frame with data and to rest, and what came."""

    drawn: float
    rest: float
    taken: Bytes

    def beyond(self, known: Set[str]) -> int:
        """Return the bytes of all files that are not among the paths known, and of the messages."""
        return sum(size for path, size in self.taken.paths.items() if path not in known) + self.taken.messages


def of_opening(
    name: str, ours: Sequence[Opened], empty: Sequence[Opened], known: Set[str], most_kb: float, factor: float
) -> list[Figure]:
    """Return the figures of opening the map, medians; `known`: the paths of all files that an empty page asks for."""

    def kb(count: Callable[[Opened], int], pages: Sequence[Opened] = ours) -> float:
        return median(count(page) / 1000 for page in pages)

    return [
        Figure(f"{name}: first data drawn, s", median(page.drawn for page in ours), DRAWN_S * factor, median(page.drawn for page in empty)),
        Figure(f"{name}: nothing left to draw, s", median(page.rest for page in ours)),
        Figure(f"{name}: kB beyond an empty page", kb(lambda page: page.beyond(known)), most_kb * factor),
        Figure(f"{name}: kB of files that are not Streamlit's", kb(lambda page: page.taken.other)),
        Figure(f"{name}: kB of messages", kb(lambda page: page.taken.messages)),
        Figure(f"{name}: kB in all", kb(lambda page: page.taken.total), None, kb(lambda page: page.taken.total, empty)),
    ]  # fmt: skip


@dataclass(frozen=True)
class Done:
    """One action: what and of which kind, wall and CPU ms of all runs of the page that it led to, bytes that came."""

    name: str
    kind: str
    wall: float
    cpu: float
    received: int


def of_actions(done: Iterable[Done], factor: float) -> list[Figure]:
    """Return the figures of each action: medians of server time (held to its limit), CPU time and bytes."""
    named: dict[tuple[str, str], list[Done]] = {}
    for one in done:
        named.setdefault((one.kind, one.name), []).append(one)
    found = []
    for (kind, name), all_ in named.items():
        most = (LIST_MS if kind == "list" else SERVER_MS) * factor
        found += [
            Figure(f"{kind}, {name}: server ms", median(one.wall for one in all_), most),
            Figure(f"{kind}, {name}: server CPU ms", median(one.cpu for one in all_)),
            Figure(f"{kind}, {name}: kB", median(one.received / 1000 for one in all_), ACTION_KB * factor),
        ]
    return found


def of_memory(now: Mapping[str, float], factor: float) -> list[Figure]:
    """Return the figures of memory; resident memory is held to the limit, since it is never less than its part."""
    return [Figure(name, value, MEMORY_MIB * factor if "MiB" in name else None) for name, value in now.items()]

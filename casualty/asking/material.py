"""What a question is asked of and how it is worked out, apart from any one question."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from casualty.errors import NotEnoughData, NotFound, UsageFault
from casualty.patterns.answers import Answer
from casualty.patterns.events import Events
from casualty.points import CASE

if TYPE_CHECKING:
    from casualty.asking.shares import Shares as Compared
    from casualty.patterns.scanning import Scanned
    from casualty.targeting import Question as Shares
    from geo.series import Series

Chosen = Mapping[str, Any]
Progress = Callable[[int, int], None]
Figures = Mapping[str, tuple[float, float, float]]
Spots = tuple[tuple[float, float], ...]

NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Material:
    """What a question is asked of: incidents, and what stands beside them.

    people: low, best and high number of the group's people by area; centres: x and y of the areas, as the incidents'
    points; borders: GeoJSON of the areas by code; near: x and y of fixed points, in metres as the incidents'; series:
    what was counted elsewhere, asked instead of the incidents; shares: victims and people by area and period, of the
    comparison of groups; remarks: what is to be known of the people's figures.
    """

    events: Events
    people: Figures = field(default_factory=lambda: NONE)
    centres: Mapping[str, tuple[float, float]] = field(default_factory=lambda: NONE)
    borders: Mapping[str, str] = field(default_factory=lambda: NONE)
    near: Spots = ()
    series: "tuple[Series, ...]" = ()
    shares: "Shares | None" = None
    remarks: tuple[str, ...] = ()

    @property
    def beside(self) -> tuple[Any, ...]:
        """What stands beside the incidents, where there is anything."""
        tables = self.shares.columns() if self.shares is not None else ()
        return tuple(part for part in (self.people, self.centres, self.borders, self.near, *tables) if part)


@dataclass(frozen=True)
class Work:
    """How an answer is worked out; none of it changes the answer but the seed. workers: into how many parts."""

    seed: int
    executor: Executor | None = None
    progress: Progress | None = None
    workers: int = 1

    @property
    def rng(self) -> np.random.Generator:
        return np.random.default_rng(self.seed)

    @property
    def runs(self) -> dict[str, Any]:
        return {"executor": self.executor, "progress": self.progress}


Ask = Callable[[Material, dict[str, Any], Work], "Answer | Scanned | Compared"]


@dataclass(frozen=True)
class Question:
    """A question: how it is asked, which columns of a file it needs, and what it is asked with.

    grouped: it is about one group and cannot be asked without; but: a model that can; of_all: it can be asked of all
    incidents alike, where people are not grouped at all; beside: which of people, centres and borders it is asked with.
    """

    ask: Ask
    needs: tuple[str, ...] = ()
    grouped: bool = True
    but: str = ""
    of_all: bool = False
    beside: tuple[str, ...] = ()

    def needed(self, chosen: Chosen) -> tuple[str, ...]:
        """Return the columns of a file that are needed for what was chosen: time for a scan of time, areas for people."""
        if chosen.get("model") == "poisson":
            return ("area", *self._dated(chosen))
        return (*self.needs, *self._dated(chosen))

    def _dated(self, chosen: Chosen) -> tuple[str, ...]:
        return ("date",) if chosen.get("kind", "spatial") != "spatial" else ()

    def given(self, material: Material, chosen: Chosen) -> dict[str, Any]:
        """Return what was chosen, with the group that is asked about; raise as `of_group`."""
        made = {name: value for name, value in chosen.items() if value is not None}
        needed = self.grouped and not (self.but and made.get("model") == self.but)
        if needed or ("group" in made and not material.series):
            made["group"] = of_group(material.events, made)
        return made


def of_group(events: Events, chosen: Chosen) -> str:
    """Return the group that is asked about, of those there are; raise NotFound, UsageFault or NotEnoughData.

    Without one being named it is the cases, where there are controls, or the only one.
    """
    group, there = chosen.get("group"), events.groups
    if not there:
        raise NotEnoughData("No incident has a group: add a column group, or controls with --controls FILE.")
    if group is None and (CASE in there or len(there) == 1):
        return CASE if CASE in there else there[0]
    if group is None:
        raise UsageFault(f"--group says about which group is asked; there are: {', '.join(there)}.")
    if group not in there:
        raise NotFound(f"There is no group {group!r}; there are: {', '.join(there)}.")
    return str(group)


def flattened(events: Events, spots: Spots) -> tuple[Events, Spots]:
    """Return incidents and fixed points that are in degrees in metres of one flat frame around them all."""
    from geo.systems import flat

    lon, lat = np.array(spots, dtype=np.float64).reshape(-1, 2).T
    x, y = flat(np.concatenate([events.x, lon]), np.concatenate([events.y, lat]))
    n = len(events)
    placed = tuple((float(east), float(north)) for east, north in zip(x[n:], y[n:], strict=True))
    return replace(events, x=x[:n], y=y[:n], degrees=False), placed


def some(chosen: Chosen, *names: str) -> dict[str, Any]:
    """Return those of the choices that were made."""
    return {name: chosen[name] for name in names if chosen.get(name) is not None}

"""Alleged actors against the groups of the victims: which pairs come together more than their numbers explain."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from casualty.errors import NotEnoughData
from casualty.patterns.answers import Answer
from casualty.patterns.events import Events
from casualty.patterns.rates import Floats, adjust, share_interval
from casualty.patterns.results import ALARM_LEVEL
from casualty.patterns.wording import chance, number
from geo.hotspots import both_sides
from geo.many import in_blocks

METHOD = "alleged actor by group: permuted incidents, adjusted residuals (Haberman 1973)"
WHOLE = "whole table"
NO_ACTOR = "no alleged actor"
NO_AREA = "area not known"
# An actor or group with fewer incidents than this has no row of its own to test: no outcome of so few could stand out.
LEAST_VOTES = 5.0
LEAST_INCIDENTS = 10
# Replications that share one generator, and how many are made for each cell.
BLOCK = 50
LEAST_REPLICATIONS, PER_CELL = 999, 40
TIE = 1e-9
NAMED = 8


@dataclass(frozen=True, eq=False)
class Table:
    """Votes of incidents (axis 0): one each, split over `actors` (n, a) and over `groups` (n, g), within `stratum`."""

    actors: Floats
    groups: Floats
    stratum: NDArray[np.intp]

    def observed(self) -> Floats:
        """Votes by actor and group."""
        return np.asarray(self.actors.T @ self.groups)

    def moments(self) -> tuple[Floats, Floats]:
        """Expectation and Haberman's variance of each cell when groups move over the incidents of each stratum.

        The variance is the sum over strata of both sums of squares over the number of incidents: for whole votes
        in one stratum E (1 - row / n) (1 - column / n).
        """
        expected = np.zeros((self.actors.shape[1], self.groups.shape[1]))
        variance = expected.copy()
        for each in np.unique(self.stratum):
            a, g = self.actors[self.stratum == each], self.groups[self.stratum == each]
            expected += np.outer(a.sum(axis=0), g.sum(axis=0)) / len(a)
            variance += np.outer(_squares(a), _squares(g)) / len(a)
        return expected, variance


def _squares(votes: Floats) -> Floats:
    return np.asarray(((votes - votes.mean(axis=0)) ** 2).sum(axis=0))


def actors_by_group(
    events: Events,
    *,
    rng: np.random.Generator,
    within_areas: bool = True,
    replications: int | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Answer:
    """Say which alleged actors and groups come together in incidents more, or less, than their numbers explain.

    An incident is one vote, split evenly over its alleged actors and, by their victims, over its groups. The null: which
    group an incident hit has nothing to do with who is alleged, `within_areas` within each area (an actor that is active
    where a group lives meets it more often), else over all. Whole incidents' groups are permuted. replications: None
    for as many as one cell alone needs to be an alarm; block b of 50 draws from child b of `rng`.

    Rows by `band`: first the whole table (observed: chi-square, expected: its mean under permutation, p), then each
    actor and group ("actor | group", also `actor`, `group`): observed, expected votes, ratio; low, high: exact 95 %
    interval of the group's part in the actor's incidents over the part expected; residual: adjusted Pearson; p
    two-sided; p_adjusted: after Benjamini and Hochberg 1995 over the cells, and not below the p of the whole table, so
    that a cell is an alarm only where the table is; alarm: p_adjusted at most 0.05. Cells of actors or groups with
    fewer than 5 incidents are not tested. Raises NotEnoughData for fewer than 10 incidents with actor and identity, or
    fewer than two actors or groups. Does not show who did it: actors are as alleged, and sources differ in whom they name.
    """
    used, names, table = _table(events, within_areas)
    seen, (expected, variance) = table.observed(), table.moments()
    testable = _testable(seen, variance)
    drawn_number = replications or max(LEAST_REPLICATIONS, PER_CELL * int(testable.sum()) - 1)
    drawn = _replicated(table, drawn_number, rng, executor, progress)
    overall = _overall(seen, expected, drawn)
    cells = np.where(testable, _two_sided(seen, drawn), np.nan)
    adjusted = np.maximum(adjust(cells), overall["p"])
    rows = [MappingProxyType(overall)]
    for i, j in np.argwhere(expected > 0):
        told = _ratio(seen[i, j], float(seen[i].sum()), expected[i, j]) | _haberman(seen, expected, variance, i, j)
        told |= {"p": _maybe(cells[i, j]), "p_adjusted": _maybe(adjusted[i, j])}
        alarm = bool(adjusted[i, j] <= ALARM_LEVEL)
        label = {"band": f"{names[i]} | {used.groups[j]}", "actor": names[i], "group": used.groups[j]}
        rows.append(MappingProxyType(label | told | {"alarm": alarm}))
    return Answer(
        method=METHOD,
        question="Which alleged actors and groups come together more often than their numbers explain?",
        n=len(used),
        left_out=used.left_out,
        rows=tuple(rows),
        sentence=_sentence(rows, within_areas),
        caveats=_caveats(within_areas),
        parameters=MappingProxyType({"within_areas": within_areas, "replications": drawn_number}),
        seed=_seed(rng),
        correction=f"Benjamini and Hochberg over {int(testable.sum())} cells, and the whole table before them",
    )


def _seed(rng: np.random.Generator) -> int | None:
    entropy = getattr(rng.bit_generator.seed_seq, "entropy", None)
    return entropy if isinstance(entropy, int) else None


def _table(events: Events, within_areas: bool) -> tuple[Events, list[str], Table]:
    used = events.with_identity()
    used = used.only(np.array([bool(some) for some in used.actors], dtype=bool), NO_ACTOR)
    if within_areas:
        used = used.only(np.array([area is not None for area in used.area], dtype=bool), NO_AREA)
    names = sorted(set().union(*used.actors))
    shown = int((used.mix > 0).any(axis=0).sum()) if len(used) else 0
    if len(used) < LEAST_INCIDENTS or len(names) < 2 or shown < 2:
        raise NotEnoughData(
            f"{len(used)} incidents with {len(names)} alleged actors and {shown} groups; {LEAST_INCIDENTS} incidents, two "
            "actors and two groups are needed. Record actors as alleged and identities with their basis"
            + (", or compare over all areas." if within_areas else ".")
        )
    actors = np.array([[name in some for name in names] for some in used.actors], dtype=float)
    area = np.array([str(a) if within_areas else "" for a in used.area])
    stratum = np.unique(area, return_inverse=True)[1].ravel()
    shares = used.mix / used.mix.sum(axis=1, keepdims=True)
    return used, names, Table(actors / actors.sum(axis=1, keepdims=True), shares, stratum)


def _testable(seen: Floats, variance: Floats) -> NDArray[np.bool_]:
    enough = np.minimum.outer(seen.sum(axis=1), seen.sum(axis=0)) >= LEAST_VOTES
    testable = np.asarray(enough & (variance > TIE))
    if not testable.any():
        raise NotEnoughData(
            "In no area do incidents differ in both alleged actor and group, with 5 incidents of each. "
            "Record more actors and identities, or compare over all areas."
        )
    return testable


def _replicated(
    table: Table,
    replications: int,
    rng: np.random.Generator,
    executor: Executor | None,
    progress: Callable[[int, int], None] | None,
) -> Floats:
    """Tables of votes with groups moved over incidents: shape (replications, a, g)."""
    sizes = [min(BLOCK, replications - first) for first in range(0, replications, BLOCK)]
    blocks = [(table, size, child) for size, child in zip(sizes, rng.spawn(len(sizes)), strict=True)]
    told = progress and (lambda done, of: progress(min(done * BLOCK, replications), replications))
    return np.concatenate(in_blocks(_moved, blocks, executor, told))


def _moved(table: Table, size: int, rng: np.random.Generator) -> Floats:
    home = np.argsort(table.stratum, kind="stable")
    order = np.argsort(table.stratum + rng.random((size, home.size)), axis=1)
    return np.asarray(table.actors[home].T @ table.groups[order])


def _two_sided(seen: Floats, drawn: Floats) -> Floats:
    of = len(drawn) + 1
    return both_sides((1 + (drawn <= seen + TIE).sum(axis=0)) / of, (1 + (drawn >= seen - TIE).sum(axis=0)) / of)


def _overall(seen: Floats, expected: Floats, drawn: Floats) -> dict[str, Any]:
    there = expected > 0
    chi = float(((seen - expected)[there] ** 2 / expected[there]).sum())
    every = ((drawn - expected)[:, there] ** 2 / expected[there]).sum(axis=1)
    p = float((1 + (every >= chi - TIE * max(chi, 1)).sum()) / (len(drawn) + 1))
    row = {"band": WHOLE, "actor": None, "group": None, "observed": chi, "expected": float(every.mean())}
    row |= {"ratio": chi / float(every.mean()), "low": None, "high": None, "residual": None}
    return row | {"p": p, "p_adjusted": p, "alarm": p <= ALARM_LEVEL}


def _ratio(seen: float, votes: float, expected: float) -> dict[str, Any]:
    low, high = (float(limit) * votes / expected for limit in share_interval(min(seen, votes), votes))
    ratio = {"ratio": float(seen / expected), "low": low, "high": high}
    return {"observed": float(seen), "expected": float(expected)} | ratio


def _haberman(seen: Floats, expected: Floats, variance: Floats, i: int, j: int) -> dict[str, Any]:
    free = variance[i, j] > TIE
    return {"residual": float((seen[i, j] - expected[i, j]) / np.sqrt(variance[i, j])) if free else None}


def _maybe(p: float) -> float | None:
    return None if np.isnan(p) else float(p)


def _sentence(rows: Sequence[Mapping[str, Any]], within_areas: bool) -> str:
    whole, *cells = rows
    where = "within areas" if within_areas else "over all areas together, so that residence may explain it"
    found = sorted((row for row in cells if row["alarm"]), key=lambda row: row["p"])
    if not whole["alarm"]:
        return (
            f"Alleged actors and groups come together no otherwise than chance would have it ({where}; "
            f"{chance(whole['p'])}); that is not a sign that there is no difference."
        )
    if not found:
        return (
            f"The groups of the victims differ between alleged actors ({where}; {chance(whole['p'])}), but no single pair "
            "stands out after correction; this does not say why."
        )
    pairs = "; ".join(f"{row['actor']} and {row['group']}, {number(row['ratio'])} times" for row in found[:NAMED])
    more = f"; and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return (
        f"Some alleged actors and groups come together more or less often than chance would have it ({where}): {pairs}"
        f"{more}, after correction for all pairs; who is alleged depends on the sources, and this does not say why."
    )


def _caveats(within_areas: bool) -> tuple[str, ...]:
    return (
        "Actors are as alleged by sources; a source that names one actor for one group's incidents makes such a pattern.",
        "Each incident is one vote, however many victims; incidents of one campaign are not independent of each other.",
        "Compared within areas only, not within periods."
        if within_areas
        else "Not compared within areas: an actor active where a group lives meets it more often.",
    )

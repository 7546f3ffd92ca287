"""Two kept answers side by side: what was asked differently, and what was found; no test of their difference is made."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from casualty.patterns.plainly import number
from casualty.patterns.surviving import SAME
from casualty.patterns.wording import count
from casualty.runs import Run, canonical

MOST_PAIRS = 40
NONE = "none"
# What a row is called by, and where it holds its effect, its interval and its p: the first of each that it has.
NAMES = ("area", "period", "group", "band", "date", "pairs", "name", "side")
PARTS: Mapping[str, tuple[str, ...]] = {
    "ratio": ("stratified_ratio", "around_ratio", "ratio", "relative_risk"),
    "low": ("stratified_low", "around_low", "low"),
    "high": ("stratified_high", "around_high", "high"),
    "p": ("p_adjusted", "p", "p_value"),
}


@dataclass(frozen=True)
class Effect:
    """What one answer says of a row: ratio with its interval, p (None: not defined), whether it stands out."""

    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    alarm: bool = False

    @property
    def said(self) -> str:
        """The effect, its interval and p as a person reads them."""
        within = f" ({number(self.low)} to {number(self.high)})" if self.low is not None else ""
        chance = f", p {number(self.p)}" if self.p is not None else ""
        return f"{number(self.ratio)}{within}{chance}"


@dataclass(frozen=True)
class Pair:
    """A row that both answers have, under its name; `overlap`: whether its intervals do (None: one has none)."""

    name: str
    first: Effect
    second: Effect

    @property
    def overlap(self) -> bool | None:
        one, two = self.first, self.second
        if one.low is None or two.low is None:
            return None
        ends = [float("inf") if each.high is None else each.high for each in (one, two)]
        return one.low <= ends[1] and two.low <= ends[0]


@dataclass(frozen=True)
class Compared:
    """Two runs side by side.

    same_question: the same method about the same group; same_data: the same incidents, by their hash; parameters,
    program: (what, first, second) where they differ; n: incidents used by each; pairs: rows that both have, those that
    stand out first; only_first, only_second: how many rows the other does not have.
    """

    first: str
    second: str
    same_question: bool
    same_data: bool
    parameters: tuple[tuple[str, str, str], ...]
    program: tuple[tuple[str, str, str], ...]
    n: tuple[int | None, int | None]
    pairs: tuple[Pair, ...]
    only_first: int
    only_second: int
    sentence: str

    def apart(self) -> tuple[tuple[str, str, str], ...]:
        """What differs in how both were asked, the incidents among it."""
        data = (("incidents asked", *map(number, self.n)),) if not self.same_data else ()
        return (*self.parameters, *data, *self.program)

    def as_json(self) -> dict[str, Any]:
        """The whole as values of strict JSON."""
        pairs = [asdict(pair) | {"overlap": pair.overlap} for pair in self.pairs]
        return asdict(self) | {"pairs": pairs}


def compared(first: Run, second: Run) -> Compared:
    """Return two kept runs side by side. Does not test whether they differ: two intervals that overlap may still differ."""
    one, two = effects(first.result), effects(second.result, of=first.result)
    both = sorted((name for name in one if name in two), key=lambda name: not (one[name].alarm or two[name].alarm))
    pairs = tuple(Pair(name, one[name], two[name]) for name in both)
    same = _asked(first) == _asked(second)
    n = (_n(first.result), _n(second.result))
    return Compared(
        first=first.code,
        second=second.code,
        same_question=same,
        same_data=first.data_sha256 == second.data_sha256,
        parameters=_differing({**first.parameters, "seed": first.seed}, {**second.parameters, "seed": second.seed}),
        program=_differing(first.versions, second.versions),
        n=n,
        pairs=pairs[:MOST_PAIRS],
        only_first=len(one) - len(pairs),
        only_second=len(two) - len(pairs),
        sentence=_sentence(same, first, second, n, pairs),
    )


def _asked(run: Run) -> tuple[Any, ...]:
    """What makes two questions one: scans of other kinds look for other things."""
    chosen = run.parameters
    return run.method, run.dimension, run.group, chosen.get("model"), chosen.get("kind")


def _n(document: Mapping[str, Any]) -> int | None:
    found = document.get("n")
    return None if found is None else int(found)


def _differing(one: Mapping[str, Any], two: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    names = [name for name in sorted({*one, *two}) if one.get(name) != two.get(name)]
    return tuple((name, _said(one.get(name)), _said(two.get(name))) for name in names)


def _said(value: Any) -> str:
    return NONE if value is None else value if isinstance(value, str) else canonical(value)


def effects(document: Mapping[str, Any], of: Mapping[str, Any] | None = None) -> dict[str, Effect]:
    """Return what an answer's document says of each row (or cluster), by the name that the row has in any answer.

    Clusters have no names of their own: those that share half of their places with one of the answer `of` bear its name.
    """
    if document.get("clusters"):
        return _clusters(document["clusters"], (of or document).get("clusters") or ())
    rows = document.get("rows") or ()
    # What all rows share does not name them: the one period of two runs may be two spans.
    telling = [name for name in NAMES if len({str(row.get(name)) for row in rows}) > 1]
    found: dict[str, Effect] = {}
    for row in rows:
        found.setdefault(_named(row, telling), _effect(row))
    return found


def _named(row: Mapping[str, Any], telling: Sequence[str]) -> str:
    parts = [str(row[name]) for name in telling if row.get(name) not in (None, "")]
    return ", ".join(part for at, part in enumerate(parts) if not any(part in one for one in parts[:at])) or "(all)"


def _clusters(clusters: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]) -> dict[str, Effect]:
    found: dict[str, Effect] = {}
    for cluster in clusters:
        like = max(others, key=lambda other: _shared(cluster, other), default=cluster)
        known = _shared(cluster, like) >= SAME
        name = f"cluster {like['rank']}" if known else f"cluster {cluster['rank']} (of its own)"
        found.setdefault(name, _effect(cluster))
    return found


def _shared(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """The part of the places of two clusters that are in both (Jaccard)."""
    here, there = set(one["locations"]), set(other["locations"])
    return len(here & there) / max(len(here | there), 1)


def _effect(row: Mapping[str, Any]) -> Effect:
    figures = {part: _first(row, names) for part, names in PARTS.items()}
    if "date" in row and row.get("band") is None:
        # In time, both are of the count and not of the ratio.
        figures |= {"low": None, "high": None}
    p = figures["p"]
    alarm = row.get("alarm") if "alarm" in row else p is not None and p <= 0.05
    return Effect(**figures, alarm=bool(alarm))


def _first(row: Mapping[str, Any], names: Sequence[str]) -> float | None:
    values = (row.get(name) for name in names)
    return next((float(value) for value in values if isinstance(value, int | float)), None)


def _sentence(same: bool, first: Run, second: Run, n: tuple[int | None, int | None], pairs: Sequence[Pair]) -> str:
    if not same:
        return "These are two different questions: their figures are not to be compared."
    return " ".join(_told(first, second, n, pairs))


def _told(first: Run, second: Run, n: tuple[int | None, int | None], pairs: Sequence[Pair]) -> Iterator[str]:
    if first.data_sha256 == second.data_sha256:
        yield "Both were asked of the same incidents."
    elif None not in n and n[0] != n[1]:
        more = (n[1] or 0) - (n[0] or 0)
        which = "more" if more > 0 else "fewer"
        yield f"The second used {count(abs(more), f'{which} incident')}."
    else:
        yield "They were asked of other incidents, or of the same ones changed."
    held = [pair for pair in pairs if pair.overlap is not None]
    if pairs and pairs[0].overlap is not None:
        touch = "overlap" if pairs[0].overlap else "do not overlap"
        yield f"Of {pairs[0].name} the ratio was {pairs[0].first.said}, then {pairs[0].second.said}: both intervals {touch}."
    if len(held) > 1:
        apart = sum(not pair.overlap for pair in held)
        yield f"Of {count(len(held), 'row')} that both have, the intervals of {apart or 'none'} do not overlap."
    yield "No test of a difference was made."

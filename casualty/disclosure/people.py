"""Rows of people of which none can be told from at least k-1 others.

What a neighbour could know of a person (quasi-identifiers: harm, sex, age band, place, month, state of review) is told more and
more widely, row by row where needed, until every combination that occurs is shared by k rows; rows that stay rare lose all of it.
What a neighbour does not know and must not learn (cause, status) is suppressed in a class where all have the same.
Standards: R65; Samarati and Sweeney (1998); Machanavajjhala et al. (2007) for the diversity.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from casualty.disclosure.published import SUPPRESSED

REFERENCE_RISK = 0.03  # above it the Humanitarian Data Exchange publishes no rows of people

Row = Mapping[str, str]
Step = tuple[str, str, Callable[[str], str]]


@dataclass(frozen=True, slots=True)
class Report:
    """How well the rows hide their people.

    `classes` of people who look alike, the `smallest` of them; `risk` that somebody who knows a person's quasi-identifiers
    picks the right row, over all rows; `least_kinds` different values of a sensitive column in a class that tells it;
    `generalised` rows by what was told more widely, `suppressed` rows that lost all, values withheld for sameness.
    """

    k: int
    rows: int
    classes: int
    smallest: int
    risk: float
    least_kinds: int
    generalised: dict[str, int]
    suppressed: int
    withheld_same: dict[str, int]

    @property
    def above_reference(self) -> bool:
        """Return whether the risk is above 3 %."""
        return self.risk > REFERENCE_RISK


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Rows as they may go out, in the order given, and the report; no rows if there are fewer than k."""

    rows: tuple[dict[str, str], ...]
    report: Report


def anonymise(
    rows: Iterable[Row], k: int, quasi: Sequence[str], steps: Sequence[Step], sensitive: Mapping[str, frozenset[str]]
) -> Anonymous:
    """Return the rows with quasi-identifiers widened and sensitive values withheld as far as needed.

    Parameters
    ----------
    rows: text values by column; columns named nowhere else are left as they are.
    steps: (what it is called, column, the wider value of a value), tried in this order on the rows of too small classes.
    sensitive: per column the values that tell nothing (unknown, not recorded), which may be the same in a class.

    It does not stop somebody who knows that two packages were made of different records from comparing them.
    """
    told = [dict(row) for row in rows]
    if len(told) < k:
        return Anonymous((), Report(k, 0, 0, 0, 0.0, 0, {}, len(told), {}))
    generalised: Counter[str] = Counter()
    for name, column, wider in steps:
        for row in _rare(told, quasi, k):
            value = wider(row[column])
            generalised[name] += value != row[column]
            row[column] = value
    gone = _suppress(told, quasi, k)
    same = _withhold_same(told, quasi, sensitive)
    classes = Counter(_class(row, quasi) for row in told)
    risk = len(classes) / len(told)
    kinds = _least_kinds(told, quasi, sensitive)
    report = Report(
        k, len(told), len(classes), min(classes.values()), risk, kinds, dict(sorted(generalised.items())), gone, same
    )
    return Anonymous(tuple(told), report)


def _class(row: Row, quasi: Sequence[str]) -> tuple[str, ...]:
    return tuple(row[column] for column in quasi)


def _rare(rows: Sequence[dict[str, str]], quasi: Sequence[str], k: int) -> list[dict[str, str]]:
    """Return the rows of classes smaller than k."""
    sizes = Counter(_class(row, quasi) for row in rows)
    return [row for row in rows if sizes[_class(row, quasi)] < k]


def _suppress(rows: Sequence[dict[str, str]], quasi: Sequence[str], k: int) -> int:
    """Take all quasi-identifiers from the rows of small classes; if those are fewer than k, from others beside them."""
    chosen = _rare(rows, quasi, k)
    if chosen:
        _blank(chosen, quasi)
    bare = (SUPPRESSED,) * len(quasi)
    while 0 < (count := sum(_class(row, quasi) == bare for row in rows)) < k:
        _blank(_beside(rows, quasi, k, k - count), quasi)
    return count


def _blank(rows: Iterable[dict[str, str]], quasi: Sequence[str]) -> None:
    for row in rows:
        row |= dict.fromkeys(quasi, SUPPRESSED)


def _beside(rows: Sequence[dict[str, str]], quasi: Sequence[str], k: int, needed: int) -> list[dict[str, str]]:
    """Return the rows to hide with too few: as many as needed of the largest class, or the smallest class whole."""
    bare = (SUPPRESSED,) * len(quasi)
    sizes = Counter(_class(row, quasi) for row in rows)
    del sizes[bare]
    largest = min(sizes, key=lambda name: (-sizes[name], name))
    if sizes[largest] - needed >= k:
        return [row for row in rows if _class(row, quasi) == largest][:needed]
    smallest = min(sizes, key=lambda name: (sizes[name], name))
    return [row for row in rows if _class(row, quasi) == smallest]


def _by_class(rows: Sequence[dict[str, str]], quasi: Sequence[str]) -> Iterable[list[dict[str, str]]]:
    classes: dict[tuple[str, ...], list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        classes[_class(row, quasi)].append(row)
    return classes.values()


def _withhold_same(
    rows: Sequence[dict[str, str]], quasi: Sequence[str], sensitive: Mapping[str, frozenset[str]]
) -> dict[str, int]:
    withheld: Counter[str] = Counter()
    for members in _by_class(rows, quasi):
        for column, telling_nothing in sensitive.items():
            values = {row[column] for row in members}
            if len(values) == 1 and not values <= telling_nothing:
                withheld[column] += len(members)
                for row in members:
                    row[column] = SUPPRESSED
    return dict(sorted(withheld.items()))


def _least_kinds(rows: Sequence[dict[str, str]], quasi: Sequence[str], sensitive: Mapping[str, frozenset[str]]) -> int:
    """Return the fewest values of a sensitive column in any class that tells one; 0 if none does."""
    told = [
        len(values)
        for members in _by_class(rows, quasi)
        for column, nothing in sensitive.items()
        if not (values := {row[column] for row in members}) <= nothing | {SUPPRESSED}
    ]
    return min(told, default=0)

"""Is a group hit more than its share? The comparison of groups in the shape that every other answer has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from casualty.errors import NotFound
from casualty.patterns.results import Disparity, Row
from casualty.patterns.votes import ALL
from casualty.patterns.wording import CAVEAT, UNIT, chance, count, interval, number

if TYPE_CHECKING:
    from casualty.targeting import Question


@dataclass(frozen=True)
class Shares:
    """The comparison of groups as an answer; `group`: the one that is asked about, None for all of them."""

    found: Disparity
    group: str | None
    remarks: tuple[str, ...]
    parameters: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The whole as values of strict JSON."""
        document = self.found.as_json()
        said = [sentence for sentence in self.found.sentences if sentence not in (CAVEAT, UNIT)]
        told = [about(self.found, self.group), *said] if self.group else said
        who = f"{self.group} hit more than its" if self.group else "any group hit more than its"
        return document | {
            "method": "disparity",
            "question": f"By {self.found.dimension}, is {who} share of the people explains?",
            "group": self.group,
            "sentence": told[0],
            "sentences": told,
            "caveats": [CAVEAT, UNIT, *self.remarks],
            "parameters": dict(self.parameters),
            "correction": f"Benjamini and Hochberg over {count(self.found.comparisons, 'comparison')}",
            "remarks": list(self.remarks),
        }  # fmt: skip


def compared(held: "Question", chosen: Mapping[str, Any]) -> Shares:
    """Return the comparison of victims and people; raise NotFound for a group that is in no row, and as `disparity`."""
    from casualty.patterns import disparity

    found, group = disparity(held.counts, held.people, dimension=held.dimension), chosen.get("group")
    there = sorted({row.group for row in found.rows})
    if group is not None and group not in there:
        raise NotFound(f"No row can be given for the group {group!r}; there are: {', '.join(there)}.")
    named = ("dimension", "group", "by", "period", "since", "until", "status")
    return Shares(found, group, held.remarks, {name: chosen[name] for name in named if name in chosen})


def about(found: Disparity, group: str) -> str:
    """Return what may be said of one group over all areas and periods: a verdict, and no reason."""
    rows = [row for row in found.rows if row.group == group]
    row = min(rows, key=lambda each: (each.area != ALL, each.period != ALL))
    more = [each for each in rows if each is not row and each.verdict == row.verdict]
    others = f" The same is so in {count(len(more), 'other row')} of it." if more else ""
    return f"{group}: {row.verdict}. {_compared(found, row)}{others}"


def _compared(found: Disparity, row: Row) -> str:
    where = "Within areas" if row.area == ALL else f"In {row.area}"
    return (
        f"{where} its incidents were {number(row.stratified_ratio)} times as many a head as all others'"
        f" ({interval(row.stratified_low, row.stratified_high)}), {chance(row.p_adjusted)} after correction for"
        f" {count(found.comparisons, 'comparison')}; of {count(row.known_incidents, 'incident')} with known identity."
    )

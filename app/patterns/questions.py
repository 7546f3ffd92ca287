"""The questions in plain words: which of the engine's questions each of them asks, in which way, and with which choices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from app.language import later
from casualty import asking

GROUP, ANY_GROUP = "group", "any_group"


@dataclass(frozen=True)
class Way:
    """One way to ask: the engine's method, what is fixed, and what may be chosen, first and under "More choices".

    group: whether one must be named (GROUP), may be (ANY_GROUP), or is not asked for (nothing). layer: whether what was
    found can be laid on the map.
    """

    key: str
    method: str
    label: str
    told: str
    group: str = GROUP
    few: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    layer: bool = False

    @property
    def of_all(self) -> bool:
        """Whether it can be asked of all incidents, where people are not grouped at all."""
        return asking.question(self.method).of_all


@dataclass(frozen=True)
class Plain:
    """A question as people ask it, with the ways in which it can be asked."""

    label: str
    ways: tuple[Way, ...]


SCAN = ("share", "radius_km", "rates", "least", "weights", "replications", "seed")
IN_TIME = ("every_days", "longest", *SCAN)

QUESTIONS: tuple[Plain, ...] = (
    Plain(
        later("Is a group hit more than its share?"),
        (
            Way(
                "share", "disparity", later("Against its share of the people of the same areas"),
                later("Compares incidents a head with those of all other groups, within areas. It needs numbers of people."),
                group=ANY_GROUP, few=("by",), more=("period",),
            ),
            Way(
                "funnel", "funnel", later("Area by area, against what chance allows at its size"),
                later("Shows which areas differ from the whole, small ones judged with more room than large ones."),
                few=("by",), more=("base",),
            ),
        ),
    ),
    Plain(
        later("Where and when does a group's share rise?"),
        (
            Way(
                "where", "scan", later("In which places"),
                later("Searches all circles for where the group's part of the incidents is larger than elsewhere."),
                more=SCAN, fixed={"model": "bernoulli", "kind": "spatial"}, layer=True,
            ),
            Way(
                "when", "scan", later("In which places, and at which times"),
                later("Searches all circles and all spans of time; corrected for having looked everywhere."),
                more=IN_TIME, fixed={"model": "bernoulli", "kind": "retrospective"}, layer=True,
            ),
            Way(
                "hotspots", "hotspots", later("Around which areas"),
                later("Compares each area, with its neighbours, with all others. Small areas are judged with more room."),
                few=("by_fine",), more=("statistic", "cell_km", "hot_base", "many_replications", "seed"), layer=True,
            ),
        ),
    ),
    Plain(
        later("Is something new emerging?"),
        (
            Way(
                "emerging", "scan", later("In a place, up to now"),
                later("Searches for a rise that is still going on at the last day, in any circle."),
                more=IN_TIME, fixed={"model": "bernoulli", "kind": "prospective"}, layer=True,
            ),
            Way(
                "surveillance", "surveillance", later("In the numbers of each week"),
                later("Compares each week with those before it. An alarm is a reason to look, no finding."),
                group=ANY_GROUP, few=("step_week",), more=("alarm_method",),
            ),
        ),
    ),
    Plain(
        later("Does an attack bring another nearby?"),
        (
            Way(
                "near-repeat", "near-repeat", later("Soon after, and close by"),
                later("Counts pairs of incidents that are near in place and in time, against the same dates dealt out by chance."),
                group=ANY_GROUP, few=("space", "days"), more=("within_area", "same_place", "replications", "seed"), layer=True,
            ),
        ),
    ),
    Plain(
        later("Did the rate change?"),
        (
            Way(
                "trend", "trend", later("Steadily, or at one time"),
                later("Asks for a steady rise or fall over the years, and for one cut at which the rate changed."),
                group=ANY_GROUP, few=("step_month",), more=("replications", "seed"),
            ),
        ),
    ),
    Plain(
        later("Do attacks on a group lie near others?"),
        (
            Way(
                "colocation", "colocation", later("Near incidents of other groups"),
                later("Asks whether the group's incidents lie nearer to others than incidents in general do."),
                few=("radii",), more=("within_area", "replications", "seed"),
            ),
        ),
    ),
    Plain(
        later("Do they repeat one signature?"),
        (
            Way(
                "signature", "signature", later("Alleged actor, act, means and place alike"),
                later("Asks whether the group's incidents are alike more often than others of the same area and period."),
                more=("signature_period", "replications", "seed"),
            ),
        ),
    ),
    Plain(
        later("Which alleged actors and groups come together?"),
        (
            Way(
                "actors", "actors", later("More than their numbers explain"),
                later("Compares who is alleged with who was hit, within each area. An allegation stays one."),
                group="", more=("replications", "seed"),
            ),
        ),
    ),
    Plain(
        later("How widespread, how repeated?"),
        (
            Way(
                "widespread", "widespread", later("Measures side by side, no verdict"),
                later("Scale, spread, persistence and repetition of the group's incidents, beside all others."),
                few=("by",), more=("signature_period", "replications", "seed"),
            ),
        ),
    ),
)  # fmt: skip
WAYS: Mapping[str, tuple[Plain, Way]] = MappingProxyType(
    {way.key: (plain, way) for plain in QUESTIONS for way in plain.ways}
)


def asked_by(method: str, parameters: Mapping[str, Any]) -> tuple[Plain, Way] | None:
    """Return the plain question that a kept run answers, None for one that only the command line asks."""
    for plain, way in WAYS.values():
        if way.method == method and all(parameters.get(name) == value for name, value in way.fixed.items()):
            return plain, way
    return None

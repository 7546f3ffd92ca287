"""What may be chosen about a question: a box for each, with a sentence of help, begun from the address or the usual."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app import session
from app.language import later, say
from app.patterns.questions import ANY_GROUP, Way
from casualty.errors import Fault, InvalidRecords
from casualty.vocabulary import DimensionState

LEVELS = {
    "admin1": later("First level"), "admin2": later("Second level"), "admin3": later("Third level"),
    "admin4": later("Fourth level"),
}  # fmt: skip
STEPS = {
    "day": later("Days"), "week": later("Weeks"), "month": later("Months"), "quarter": later("Quarters"),
    "year": later("Years"),
}  # fmt: skip
PERIODS = {"all": later("All at once"), "year": STEPS["year"], "quarter": STEPS["quarter"], "month": STEPS["month"]}
ALL_GROUPS = ""


@dataclass(frozen=True)
class Choice:
    """A box: the engine's name of what is chosen, its label and help, what stands in it at first, and how it is read.

    options: words and their labels; without them it is a number (default a number), a box to tick (a bool) or text.
    into: from what stands in it to what the engine takes.
    """

    name: str
    label: str
    told: str
    usual: Any
    options: Mapping[str, str] | None = None
    into: Callable[[Any], Any] = lambda value: value
    least: float = 0
    most: float | None = None


def numbers(text: str) -> list[float]:
    """Return rising numbers above 0 that are written with commas; raise ValueError."""
    found = [float(part) for part in text.replace("\u060c", ",").split(",")]
    if not all(0 < number < float("inf") for number in found) or sorted(set(found)) != found:
        raise ValueError(text)
    return found


def _optional(value: float, times: float = 1) -> float | None:
    """Nothing chosen is 0 in its box."""
    return value * times or None


AREAS = later("The level of the administrative units that are compared.")
STEP = later("Incidents are counted in steps of this length; those of less certain date are left out.")
DISTANCES = later("In metres, rising, with commas. Each is the far end of a band.")
HELD = later(
    "Chance moves dates or groups within each area only, so that areas that differ anyway do not count as a pattern."
)
DRAWS = later("How often chance is drawn; more makes small p-values finer, and takes longer.")
CHOICES: dict[str, Choice] = {
    "by": Choice("by", later("Areas"), AREAS, "admin1", LEVELS),
    "by_fine": Choice("by", later("Areas"), AREAS, "admin2", LEVELS),
    "period": Choice("period", later("Periods"), later("What is compared with what in time."), "all", PERIODS),
    "signature_period": Choice(
        "period", later("Periods"), later("Incidents are compared with others of the same period."), "year", PERIODS
    ),
    "step_week": Choice("every", later("Count by"), STEP, "week", STEPS),
    "step_month": Choice("every", later("Count by"), STEP, "month", STEPS),
    "space": Choice("space", later("Distances (m)"), DISTANCES, "1000,5000,10000", into=numbers),
    "radii": Choice(
        "space",
        later("Distances (m)"),
        later("In metres, rising, with commas. Counted up to each."),
        "1000,5000,10000",
        into=numbers,
    ),
    "days": Choice(
        "days",
        later("Days apart"),
        later("In days, rising, with commas. Each is the far end of a band."),
        "7,14",
        into=numbers,
    ),
    "replications": Choice("replications", later("Draws"), DRAWS, 999, least=1, most=99_999, into=int),
    "many_replications": Choice("replications", later("Draws"), DRAWS, 9_999, least=1, most=99_999, into=int),
    "seed": Choice(
        "seed",
        later("Seed"),
        later("The same seed draws the same chance, so that the answer can be had again."),
        1,
        most=2**31,
        into=int,
    ),
    "within_area": Choice("within_area", later("Within areas only"), HELD, False),
    "same_place": Choice(
        "same_place",
        later("Count pairs at the very same coordinates"),
        later("They often come from one event that was reported twice, or from a town's middle."),
        False,
    ),
    "share": Choice(
        "share",
        later("Largest part of all in a circle (%)"),
        later("A circle that holds more than half says little."),
        50,
        least=1,
        most=50,
        into=lambda value: value / 100,
    ),
    "radius_km": Choice(
        "radius",
        later("Largest radius (km), 0 for any"),
        later("Circles that are larger are not searched."),
        0,
        into=lambda value: _optional(value, 1000),
    ),
    "rates": Choice(
        "rates",
        later("Look for"),
        later("Where there are more than elsewhere, fewer, or either."),
        "high",
        {"high": later("More"), "low": later("Fewer"), "both": later("Either")},
    ),
    "least": Choice(
        "least",
        later("Fewest incidents in a circle"),
        later("A circle with fewer is not taken for a cluster."),
        2,
        least=1,
        most=1000,
        into=int,
    ),
    "weights": Choice(
        "weights",
        later("Count"),
        later("With victims, a massacre is exchanged only with incidents of about its size."),
        "incidents",
        {"incidents": later("Incidents"), "victims": later("Victims, in whole incidents")},
    ),
    "every_days": Choice(
        "every",
        later("Days of a step of time, 0 for a fitting one"),
        later("Times are searched in steps of so many days."),
        0,
        into=lambda value: _optional(int(value)),
    ),
    "longest": Choice(
        "longest",
        later("Days of the longest span, 0 for half the time"),
        later("Spans that are longer are not searched."),
        0,
        into=lambda value: _optional(int(value)),
    ),
    "statistic": Choice(
        "statistic",
        later("Measure"),
        later("How areas and their neighbours are compared."),
        "gistar",
        {
            "gistar": later("High or low around an area (Gi*)"),
            "moran-eb": later("Alike or unlike its neighbours (Moran)"),
            "join-count": later("Areas with one next to each other (join count)"),
        },
    ),
    "cell_km": Choice(
        "cell",
        later("Cells of a grid (km), 0 for areas"),
        later("Counts in the cells of a grid instead of administrative units."),
        0,
        into=lambda value: _optional(value, 1000),
    ),
    "base": Choice(
        "base",
        later("Out of"),
        later("People are those that were counted there; displacement is not in them."),
        "incidents",
        {"incidents": later("All incidents there"), "people": later("The group's people there")},
    ),
    "alarm_method": Choice(
        "method",
        later("Method"),
        later("Each has its own rule for what is unusual; Farrington's needs years before."),
        "ears-c1",
        {name: name for name in ("ears-c1", "ears-c2", "ears-c3", "cusum", "farrington", "noufaily")},
    ),
}
CHOICES["hot_base"] = CHOICES["base"]


def dimensions() -> dict[str, str]:
    """Return the identity dimensions in use, by their codes."""
    rows = [row for row in session.listed("dimension") if row.state != DimensionState.OFF]
    return {row.code: row.label for row in sorted(rows, key=lambda row: row.code)}


def groups(dimension: str) -> dict[str, str]:
    """Return the groups of a dimension, by their codes."""
    ids = {row.id for row in session.listed("dimension") if row.code == dimension}
    rows = [row for row in session.listed("identity_group") if row.dimension_id in ids]
    return {row.code: row.label for row in sorted(rows, key=lambda row: row.code)}


def who(way: Way) -> dict[str, Any]:
    """Ask by what people are grouped, and about which group."""
    known = dimensions()
    if not known:  # a question that can be asked of all incidents alike
        return {}
    left, right = st.columns(2)
    with left:
        dimension = picked(f"{way.key}-dimension", say("People are grouped by"), known, "dimension",
                           say("The identity dimension. What is switched off is not there."))  # fmt: skip
    if not way.group:
        return {"dimension": dimension}
    there = groups(str(dimension))
    if way.group == ANY_GROUP:
        there = {ALL_GROUPS: say("All groups"), **there}
    with right:
        group = picked(f"{way.key}-group", say("Group"), there, "group",
                       say("Victims of known identity count; unknown ones are never guessed."))  # fmt: skip
    return {"dimension": dimension} | ({"group": group} if group else {})


def picked(key: str, label: str, options: Mapping[str, str], address: str, told: str) -> str | None:
    """Ask for one of some words; the address says which stands there at first."""
    if f"patterns-{key}" not in st.session_state and st.query_params.get(address) in options:
        st.session_state[f"patterns-{key}"] = st.query_params[address]
    held = st.session_state.get(f"patterns-{key}")
    if held is not None and held not in options:
        del st.session_state[f"patterns-{key}"]
    return st.selectbox(label, list(options), key=f"patterns-{key}", help=told, format_func=options.get)


def how(way: Way) -> dict[str, Any]:
    """Ask for everything else, the usual few first; raise InvalidRecords for what cannot be understood."""
    found: dict[str, Any] = dict(way.fixed)
    faults: list[Fault] = []
    columns = st.columns(2)
    for at, name in enumerate(way.few):
        with columns[at % 2]:
            _ask(way, name, found, faults)
    if way.more:
        with st.expander(say("More choices")):
            columns = st.columns(2)
            for at, name in enumerate(way.more):
                with columns[at % 2]:
                    _ask(way, name, found, faults)
    if faults:
        raise InvalidRecords("The question cannot be asked like this.", faults)
    return {name: value for name, value in found.items() if value is not None and value is not False}


def _ask(way: Way, name: str, found: dict[str, Any], faults: list[Fault]) -> None:
    """Draw one box and read it."""
    choice = CHOICES[name]
    given = _drawn(f"patterns-{way.key}-{name}", choice)
    try:
        found[choice.name] = choice.into(given)
    except ValueError:
        found[choice.name] = None
        mend = later("Write rising numbers with commas, such as 1000,5000.")
        faults.append(Fault(0, say(choice.label), later("{text} are no such numbers."), mend, {"text": str(given)}))


def _drawn(key: str, choice: Choice) -> Any:
    label, told, usual = say(choice.label), say(choice.told), choice.usual
    options = choice.options
    if options is not None:
        words = list(options)
        return st.selectbox(
            label, words, words.index(usual), key=key, help=told, format_func=lambda word: say(options[word])
        )
    if isinstance(usual, bool):
        return st.checkbox(label, usual, key=key, help=told)
    if isinstance(usual, int):
        most = None if choice.most is None else int(choice.most)
        return st.number_input(label, int(choice.least), most, usual, step=1, key=key, help=told)
    return st.text_input(label, usual, key=key, help=told)

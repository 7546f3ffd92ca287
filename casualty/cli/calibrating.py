"""Questions tried on records made from one's own places and dates: `patterns calibrate`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from casualty.cli.asked import (
    RECORD,
    Given,
    asking_as,
    chosen_of,
    command,
    numbers,
    one_source,
    parted,
    period,
    told,
)
from casualty.cli.frame import opened, say
from casualty.cli.terminal import remaining
from casualty.errors import NotEnoughData, UsageFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from casualty.asking import Material
    from casualty.calibrating import Case

# What is tried where no method is named, as far as the record has what it needs.
ALL = ("scan", "scan:multinomial", "near-repeat", "hotspots", "funnel", "signature", "actors", "trend")
OWN = ("methods", "simulations", "strength", "noise")
# Few, as each is asked many times; but hot spots cannot raise an alarm at all with so few.
REPLICATIONS = {"hotspots": None}
FEW = 99


def _calibrate(given: Given) -> None:
    from casualty import calibrating, workers
    from casualty.patterns.simulating import Noise

    one_source(given)
    period(given)
    strengths = numbers(given["strength"], "strength", least=1.0) if given["strength"] else []
    if not 0 <= given["noise"] < 1:
        raise UsageFault("--noise is a part of all incidents, from 0 to below 1, such as 0.1.")
    read = {"space": numbers(given["space"], "space"), "days": numbers(given["days"], "days", least=-1e-9)}
    chosen = {name: value for name, value in chosen_of(given, **read).items() if name not in OWN}
    cases = _cases(given, chosen)
    with workers.executor(given["threads"], given["cluster"]) as (executor, _):
        answer = calibrating.calibrate(
            cases, seed=given["seed"], simulations=given["simulations"], strengths=strengths,
            noise=Noise.of(given["noise"]), executor=executor, progress=remaining("simulated records"),
        )  # fmt: skip
    told(answer.as_json(), given["to"], None)


def _cases(given: Given, chosen: Given) -> "list[Case]":
    """Return the questions to be tried; of those that nobody named only what the record has what it needs for."""
    from casualty import calibrating

    named = parted(given["methods"]) or list(ALL)
    asked = list(dict.fromkeys(named))
    parts = [calibrating.conditions(words) for words in asked]
    material = _from_files(given, chosen, parts) if given["points"] else _from_record(chosen)
    cases = []
    for words, (method, beside) in zip(asked, parts, strict=True):
        try:
            few = {"replications": REPLICATIONS.get(method, FEW)}
            cases.append(calibrating.case(words, few | chosen, material(method, {**chosen, **beside})))
        except NotEnoughData as lacking:
            if given["methods"]:
                raise
            say(f"Not tried: {words}. {lacking}")
    if not cases:
        raise NotEnoughData("The record has what none of these questions needs. Give places, dates and groups.")
    return cases


def _from_files(given: Given, chosen: Given, parts: Any) -> "Callable[[str, Given], Material]":
    from casualty import asking
    from casualty import points as tables

    needs: list[tuple[str, ...]] = [("x", "y")]
    if given["methods"]:
        needs = [asking.question(method).needed({**chosen, **beside}) for method, beside in parts]
    since, until = period(given)
    events = tables.points(
        given["points"], crs=given["crs"], controls=given["controls"], reach=float("inf"),
        needs=sorted({name for each in needs for name in each}), since=since, until=until,
    )  # fmt: skip
    material = asking.Material(events)
    return lambda method, asked: material


def _from_record(chosen: Given) -> "Callable[[str, Given], Material]":
    from casualty import asking

    store = opened()
    who = asking_as(store)
    return lambda method, asked: asking.gathered(store, method, asked, who)


command(
    "calibrate",
    "Try questions on simulated records of your own places and dates: false alarms, power and coverage.",
    (*RECORD, "points", "crs", "controls", "replications", "seed", "threads", "cluster", "to"),
    _calibrate,
    methods=(
        Annotated[str, typer.Option(help="scan:MODEL:TYPE, near-repeat, hotspots, surveillance:METHOD ...; with commas.")],
        "",
    ),
    simulations=(Annotated[int, typer.Option(min=1, help="Records made without a pattern, and for each strength.")], 100),
    strength=(Annotated[str, typer.Option(help="By how much the odds are multiplied where a pattern is planted.")], "2,4"),
    noise=(Annotated[float, typer.Option(help="Part of identities, days and places that reporting loses.")], 0.1),
    space=(Annotated[str, typer.Option(help="Metres, of near-repeat and co-location.")], "100,200,400"),
    days=(Annotated[str, typer.Option(help="Days, of near-repeat.")], "7,14"),
    cell=(Annotated[float | None, typer.Option(metavar="METRES", help="Of hot spots in the cells of a grid.")], None),
)  # fmt: skip

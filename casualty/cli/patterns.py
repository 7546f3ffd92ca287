"""Questions of place and time: near-repeat, hot spots, trend, surveillance, co-location, signature, actors, funnel, spread."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casualty.cli.asked import (
    RECORD,
    WORK,
    Given,
    asking_as,
    chosen_of,
    command,
    kept,
    nameable,
    numbers,
    one_source,
    parted,
    period,
    told,
)
from casualty.cli.frame import opened, say
from casualty.cli.terminal import remaining

if TYPE_CHECKING:
    from casualty.asking import Material
    from casualty.patterns.events import Events

# Metres are needed for distances that nobody names: whatever may be degrees is questioned.
ANY = float("inf")
# A flat frame that stretches no more than this is as good as the places are known.
STRETCHED = 1.01
POINTS = ("points", "crs", "controls")
EVERY = (*RECORD, "name", *POINTS, "replications", *WORK)
PERIOD = (Annotated[str, typer.Option(help="What is compared with what: all, year, quarter or month.")], "year")


def asked(method: str, given: Given, *, reach: float | None = None, **read: Any) -> None:
    """Ask a question as it was given on the command line, and print, write, draw and keep the answer.

    `reach`: the largest distance asked for, in metres. `read`: what was written with commas, as lists.
    """
    told(answered(method, given, reach, **read), given["to"], given["figure"])


def answered(method: str, given: Given, reach: float | None = None, **read: Any) -> dict[str, Any]:
    """Ask a question, keep the answer if it is of the record, and return its document."""
    from casualty import asking, workers

    one_source(given)
    period(given)
    name, chosen = nameable(given), chosen_of(given, **read)
    store = None if given.get("points") or given.get("series") else opened()
    who = None if store is None else asking_as(store)
    if store is None:
        material = _from_files(method, given, chosen, reach)
    else:
        if given.get("near"):
            chosen["near"] = _spots(given, "lonlat")
        material = asking.gathered(store, method, chosen, who)
        _wide(material.events)
    with workers.executor(given.get("threads", 1), given.get("cluster")) as (executor, parts):
        progress = remaining("draws")
        document = asking.answer(material, method, chosen, executor=executor, progress=progress, workers=parts)
    return document if store is None else kept(store, who, method, chosen, material, document, name)


def _spots(given: Given, crs: str) -> Any:
    from casualty.errors import UsageFault
    from casualty.points import crs_of, spots

    if crs == "lonlat" and not crs_of(given["crs"] or crs).degrees:
        raise UsageFault("Beside the database, --near FILE must be in degrees: longitude in x, latitude in y.")
    return spots(given["near"], crs=given["crs"] or crs)


def _from_files(method: str, given: Given, chosen: Given, reach: float | None) -> "Material":
    from casualty import asking
    from casualty import points as tables
    from casualty import series as counts

    since, until = period(given)
    if path := given.get("series"):
        series = counts.every(path, group=given["group"], since=since, until=until)
        return asking.Material(tables.none(), series=series)
    known = tables.crs_of(given["crs"])
    # The scan measures over the globe by itself; fixed points and incidents must share one flat frame.
    kept = method == "scan" or bool(given.get("near"))
    events = tables.points(
        given["points"], crs=given["crs"], controls=given["controls"], reach=reach, metres=not kept,
        needs=asking.question(method).needed(chosen), since=since, until=until,
    )  # fmt: skip
    material = asking.Material(events)
    if given.get("near"):
        near = _spots(given, given["crs"])
        events, near = asking.flattened(events, near) if known.degrees else (events, near)
        material = asking.Material(events, near=near)
    if known.degrees:
        _wide(events)
    if given.get("people"):
        material = replace(material, people=tables.people(given["people"], asking.of_group(events, chosen)))
    if given.get("people") and method == "scan":
        material = replace(material, centres=tables.centres(given["people"], crs=given["crs"]))
    return material


def _wide(events: "Events") -> None:
    """Say where points, once degrees, lie so far apart that no flat frame keeps their distances."""
    from geo.systems import stretch

    if not events.degrees and (times := stretch(events.x, events.y)) > STRETCHED:
        say(f"Note: the points lie so far apart that distances at the edges are up to {times - 1:.0%} too long.")


def _disparity(given: Given) -> None:
    from casualty.cli.frame import dumped, out
    from casualty.cli.terminal import written
    from casualty.patterns import figures, plainly

    document = answered("disparity", given)
    if given["figure"] is not None:
        figures.write(document, given["figure"])
        say(f"Drawn: {given['figure']}")
    words = "\n".join([*document["sentences"], *document["caveats"]])
    if given["to"] is None:
        out(plainly.text(document))
    elif str(given["to"]) == "-":
        out(dumped(document))
    else:
        written(given["to"], dumped(document) + "\n")
        say(words)


def _near_repeat(given: Given) -> None:
    space, days = numbers(given["space"], "space"), numbers(given["days"], "days", least=-1e-9)
    asked("near-repeat", given, reach=space[-1], space=space, days=days)


def _colocation(given: Given) -> None:
    space = numbers(given["space"], "space")
    asked("colocation", given, reach=space[-1], space=space)


def _hotspots(given: Given) -> None:
    asked("hotspots", given, reach=given["cell"] or ANY)


def _signature(given: Given) -> None:
    parts = parted(given["parts"]) if given["parts"] else None
    asked("signature", given, parts=parts)


def _actors(given: Given) -> None:
    asked("actors", given)


def _funnel(given: Given) -> None:
    if given["people"] and given["base"] != "people":
        given = {**given, "base": "people"}
    asked("funnel", given)


def _widespread(given: Given) -> None:
    asked("widespread", given)


def _trend(given: Given) -> None:
    asked("trend", given)


def _surveillance(given: Given) -> None:
    asked("surveillance", given)


EACH = Annotated[str, typer.Option(metavar="STEP", help="Count by day, week, month, quarter or year.")]
WITHIN = (
    Annotated[bool, typer.Option("--within-area", help="Chance moves dates or groups within each area only.")],
    False,
)
command(
    "disparity",
    "Ask whether victims of a group are out of proportion to its share of the people.",
    (*RECORD, "name", "seed", "to", "figure"),
    _disparity,
    period=(Annotated[str, typer.Option(help="all, year, quarter or month.")], "all"),
)
command(
    "near-repeat",
    "Ask whether incidents come soon after and close to others more often than chance has it.",
    EVERY,
    _near_repeat,
    space=(Annotated[str, typer.Option(metavar="METRES", help="Upper ends of bands of distance.")], "100,200,400"),
    days=(Annotated[str, typer.Option(metavar="DAYS", help="Upper ends of bands of time.")], "7,14"),
    by_group=(
        Annotated[bool, typer.Option("--by-group", help="Also split pairs by whether they share a group.")],
        False,
    ),
    cumulative=(Annotated[bool, typer.Option("--cumulative", help="Up to both ends, not in bands (Knox).")], False),
    within_area=WITHIN,
    same_place=(Annotated[bool, typer.Option("--same-place", help="Count pairs at the very same coordinates.")], False),
)
command(
    "colocation",
    "Ask whether incidents of a group lie nearer to others, or to fixed points, than other incidents do.",
    EVERY,
    _colocation,
    space=(Annotated[str, typer.Option(metavar="METRES", help="Distances up to which is counted.")], "250,500,1000"),
    near=(
        Annotated[
            Path | None, typer.Option(metavar="FILE", help="Fixed points x, y (checkpoints), in the same system.")
        ],
        None,
    ),
    other=(Annotated[str | None, typer.Option(metavar="CODE", help="Near incidents of this group.")], None),
    means=(Annotated[str | None, typer.Option(help="Near incidents by this means.")], None),
    place_type=(Annotated[str | None, typer.Option(help="Near incidents at this kind of place.")], None),
    local=(Annotated[bool, typer.Option("--local", help="Also a quotient for each incident.")], False),
    neighbours=(Annotated[int, typer.Option(min=5, help="Of the local quotient.")], 20),
    within_area=WITHIN,
)
command(
    "trend",
    "Ask whether incidents rise or fall over the years, and whether their rate changed at one time.",
    (*EVERY, "series"),
    _trend,
    every=(EACH, "month"),
)
command(
    "surveillance",
    "Ask in which weeks (or other steps) there were more incidents than those before lead to expect.",
    (*(name for name in EVERY if name not in ("replications", "seed")), "series"),
    _surveillance,
    every=(EACH, "week"),
    method=(
        Annotated[str, typer.Option(help="ears-c1, ears-c2, ears-c3, cusum, farrington or noufaily.")],
        "ears-c1",
    ),
    alpha=(
        Annotated[float | None, typer.Option(help="Chance of a false alarm in a bin, if the method's law held.")],
        None,
    ),
    baseline=(Annotated[int | None, typer.Option(help="Bins before the judged one, or that are learnt from.")], None),
    years=(Annotated[int | None, typer.Option(help="Years back, of Farrington's methods.")], None),
    half_window=(Annotated[int | None, typer.Option(help="Bins on either side, of Farrington's methods.")], None),
    threshold=(Annotated[str | None, typer.Option(help="Of Farrington's methods.")], None),
)
command(
    "hotspots",
    "Ask around which areas incidents of a group are many or few for what is recorded there.",
    EVERY,
    _hotspots,
    statistic=(Annotated[str, typer.Option(help="gistar, moran-eb or join-count.")], "gistar"),
    cell=(
        Annotated[float | None, typer.Option(metavar="METRES", help="Count in the cells of a grid, not in areas.")],
        None,
    ),
    shape=(Annotated[str, typer.Option(help="Of the cells: square or hexagon.")], "square"),
)
command(
    "signature",
    "Ask whether incidents of a group repeat one signature (actor, act, means, place) more than others nearby.",
    EVERY,
    _signature,
    parts=(Annotated[str | None, typer.Option(help="Some of actors,acts,means,place_type.")], None),
    period=PERIOD,
)
command(
    "actors",
    "Ask which alleged actors and groups come together more than their numbers explain.",
    tuple(name for name in EVERY if name != "group"),
    _actors,
    within_areas=(Annotated[bool, typer.Option(help="Compare within each area, not over all.")], True),
)
command(
    "funnel",
    "Show each area's part of a group against the limits that chance sets at its size.",
    tuple(name for name in EVERY if name != "replications"),
    _funnel,
    base=(Annotated[str, typer.Option(help="incidents, or people: out of what.")], "incidents"),
    people=(
        Annotated[Path | None, typer.Option(metavar="FILE", help="With --points: a table area, group, number.")],
        None,
    ),
)
command(
    "widespread",
    "Set measures of a widespread and of a systematic attack side by side; no verdict.",
    EVERY,
    _widespread,
    period=PERIOD,
)

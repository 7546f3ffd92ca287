"""The scan asked of the record, of points, or of a SaTScan parameter file."""

from pathlib import Path
from typing import Annotated

import typer

from casualty.cli.asked import Given, command, numbers
from casualty.cli.patterns import EVERY, asked
from casualty.errors import UsageFault


def _scan(given: Given) -> None:
    if given.get("prm"):
        from casualty.cli import parameters

        parameters.ran(
            given["prm"], given["replications"], given["seed"], given["threads"], given["cluster"], given["to"]
        )
        return
    if not given.get("model"):
        raise UsageFault("--model says which scan: bernoulli, poisson, permutation or multinomial; or give --prm FILE.")
    given.pop("prm")
    if given["people"] and (given["model"] != "poisson" or not given["points"]):
        raise UsageFault("--people belongs to --model poisson with --points; the database has its own figures.")
    ellipses = numbers(given["ellipses"], "ellipses") if given["ellipses"] else None
    asked("scan", {**given, "ellipses": None}, reach=given["radius"], ellipses=ellipses)


def _option(kind: object, told: str, metavar: str | None = None) -> object:
    return Annotated[kind, typer.Option(help=told, metavar=metavar)]


command(
    "scan",
    "Search all circles (and times) for where incidents stand out; corrected for having looked everywhere.",
    tuple(name for name in EVERY if name != "replications"),
    _scan,
    replications=(
        Annotated[int | None, typer.Option(min=0, help="How often chance is drawn: 999; 0 describes without a test.")],
        None,
    ),
    prm=(
        Annotated[Path | None, typer.Option(metavar="FILE", help="A SaTScan parameter file, instead of all else.")],
        None,
    ),
    people=(_option(Path | None, "For poisson, with --points: a table area, x, y, number, group.", "FILE"), None),
    model=(_option(str | None, "bernoulli, poisson, permutation or multinomial."), None),
    kind=(Annotated[str, typer.Option("--type", help="spatial, retrospective or prospective.")], "spatial"),
    every=(
        _option(int | None, "Days of a time bin, counted back from the last day; chosen if not stated.", "DAYS"),
        None,
    ),
    longest=(_option(int | None, "Days of the longest window; half the period.", "DAYS"), None),
    share=(_option(float, "The largest part of all that a circle may hold."), 0.5),
    radius=(_option(float | None, "Its largest radius: metres, or kilometres for degrees."), None),
    rates=(_option(str, "high, low or both."), "high"),
    least=(_option(int, "The fewest incidents in a window of high rate."), 2),
    weights=(_option(str, "incidents, or victims: labels still move with whole incidents."), "incidents"),
    ellipses=(_option(str | None, "Shapes beside the circle, longest over shortest axis: 1.5,2,3."), None),
    looked_from=(_option(str | None, "First day of earlier prospective looks, to adjust for them.", "DAY"), None),
    stop_after=(_option(int | None, "Stop once so many replications reach the observed one."), None),
    gumbel=(Annotated[bool, typer.Option(help="Add a p from a Gumbel law fitted to the replications.")], False),
)

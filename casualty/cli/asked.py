"""What every question's command shares: where its incidents come from, how long work is shown, where the answer goes."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casualty.cli.frame import GLOBALS, acting, dumped, out, patterns_app, say, written
from casualty.errors import UsageFault

if TYPE_CHECKING:
    from casualty.access import Acting
    from casualty.asking import Material
    from casualty.store import Store

Given = dict[str, Any]

# Each option by the name it has in Python: what it takes, and what it is without being given.
OPTIONS: dict[str, tuple[Any, Any]] = {
    "dimension": (Annotated[str | None, typer.Option(help="The identity dimension, of the database.")], None),
    "group": (Annotated[str | None, typer.Option(metavar="CODE", help="The group that is asked about.")], None),
    "since": (Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day.")], None),
    "until": (Annotated[str | None, typer.Option("--to", metavar="DAY", help="Last day.")], None),
    "status": (Annotated[str | None, typer.Option(help="Only incidents of this status.")], None),
    "by": (Annotated[str, typer.Option(help="admin1 to admin4.")], "admin1"),
    "filter": (
        Annotated[str | None, typer.Option("--filter", metavar="TEXT", help="Only incidents of this filter, as in an address.")],
        None,
    ),
    "name": (Annotated[str | None, typer.Option(metavar="TEXT", help="What to call the answer that is kept.")], None),
    "points": (
        Annotated[
            Path | None, typer.Option(metavar="FILE", help="A table id, x, y, date, group, count; no database then.")
        ],
        None,
    ),
    "crs": (
        Annotated[
            str, typer.Option(metavar="CODE", help="System of x and y: EPSG:4326 for degrees, another code, or local.")
        ],
        "",
    ),
    "controls": (
        Annotated[Path | None, typer.Option(metavar="FILE", help="A second table: what the points are compared with.")],
        None,
    ),
    "series": (
        Annotated[
            Path | None, typer.Option(metavar="FILE", help="A table date, count (group, low, high); no database then.")
        ],
        None,
    ),
    "replications": (
        Annotated[int | None, typer.Option(min=1, help="How often chance is drawn; 999, or more where it takes more.")],
        None,
    ),
    "seed": (Annotated[int, typer.Option(min=0, help="Seed of all that is drawn.")], 1),
    "threads": (Annotated[int, typer.Option(min=1, help="Threads; the answer is the same with any number.")], 1),
    "cluster": (Annotated[str, typer.Option(metavar="ADDRESS", help="A Dask scheduler, instead of threads.")], ""),
    "survival": (
        Annotated[int | None, typer.Option(metavar="N", min=1, help="Say how often it survives: N draws within the precision.")],
        None,
    ),
    "to": (
        Annotated[Path | None, typer.Option("--json", metavar="OUT", help="Write the result here; - is standard output.")],
        None,
    ),
    "figure": (
        Annotated[Path | None, typer.Option(metavar="OUT", help="Draw it: .svg, .png, .html, or .json for Vega-Lite.")],
        None,
    ),
}  # fmt: skip
RECORD = ("dimension", "group", "since", "until", "status", "by", "filter")
WORK = ("seed", "threads", "cluster", "survival", "to", "figure")
# What is chosen about the work and not about the answer.
NOT_ASKED = ("name", "threads", "cluster", "to", "figure", "points", "crs", "controls", "series", "people", "near")


def command(
    name: str, told: str, options: Iterable[str], ask: Callable[[Given], None], **more: tuple[Any, Any]
) -> None:
    """Add a question to the patterns commands; it takes these shared options and what else it says itself."""
    taken = {**more, **{option: OPTIONS[option] for option in options}}

    def asked(**given: Any) -> None:
        ask(given)

    asked.__doc__ = told
    asked.__annotations__ = {option: kind for option, (kind, _) in taken.items()}
    parameters = [
        inspect.Parameter(option, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for option, (kind, default) in taken.items()
    ]
    asked.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    patterns_app.command(name)(asked)


# What is given -------------------------------------------------------------------------------------------------------


def numbers(text: str, option: str, least: float = 0.0) -> list[float]:
    """Return numbers above `least` in rising order, written with commas; raise UsageFault."""
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageFault(f"--{option} {text} are no numbers; write for example --{option} 100,200,400.") from None
    if not all(least < number < float("inf") for number in found) or sorted(set(found)) != found:
        wanted = "above 0" if least >= 0 else "of 0 or more"
        raise UsageFault(f"--{option} {text}: numbers {wanted} are needed, each greater than the one before.")
    return found


def parted(text: str) -> list[str]:
    """Return words that are written with commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def day(text: str | None, option: str) -> date | None:
    """Return a day; raise UsageFault."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as wrong:
        raise UsageFault(f"{option} {text} is not a day; write YYYY-MM-DD.") from wrong


def chosen_of(given: Given, **read: Any) -> Given:
    """Return what was chosen about the answer, its filter as it is kept; raise UsageFault."""
    chosen = {name: value for name, value in {**given, **read}.items() if name not in NOT_ASKED and value is not None}
    if "filter" in chosen:
        from casualty import asking

        chosen["filter"] = asking.canonical(chosen["filter"])
    return {name: value for name, value in chosen.items() if value is not None}


def period(given: Given) -> tuple[date | None, date | None]:
    """Return the days from and to which is asked; raise UsageFault."""
    since, until = day(given.get("since"), "--from"), day(given.get("until"), "--to")
    if since and until and until < since:
        raise UsageFault(f"--to {until} lies before --from {since}.")
    return since, until


def one_source(given: Given) -> None:
    """Raise UsageFault unless what is given belongs to one source: the database, points or a series."""
    files = [name for name in ("points", "series") if given.get(name)]
    if len(files) > 1:
        raise UsageFault("--points and --series are two questions; give one of them.")
    own = ("controls",) if given.get("near") else ("crs", "controls")
    strange = [name for name in (("dimension", "status", "filter", "name") if files else own) if given.get(name)]
    if files and strange:
        raise UsageFault(f"--{strange[0]} belongs to the database; with --{files[0]} leave it out.")
    if strange and not given.get("points"):
        raise UsageFault(f"--{strange[0]} belongs to --points FILE.")
    if given.get("people") and not given.get("points"):
        raise UsageFault(
            "--people belongs to --points FILE; the database has its own (casualty intake --format population)."
        )
    if given.get("series") and (given.get("crs") or given.get("controls")):
        raise UsageFault("A series has no coordinates and no controls; leave --crs and --controls out.")


# The answer ----------------------------------------------------------------------------------------------------------


def told(document: Mapping[str, Any], to: Path | None, figure: Path | None) -> None:
    """Print an answer, or write its document; draw it if that is asked for."""
    from casualty.patterns import plainly

    if figure is not None:
        from casualty.patterns import figures

        figures.write(document, figure)
        say(f"Drawn: {figure}")
    if to is not None and str(to) == "-":
        out(dumped(document))
        say("\n".join(plainly.sentences(document)))
        return
    if to is not None:
        written(to, dumped(document) + "\n")
    out(plainly.text(document))
    if survival := document.get("survival"):
        out("\n" + "\n".join(plainly.wrapped(plainly.clean(survival["sentence"]), plainly.WIDTH)))


def asking_as(store: "Store") -> "Acting | None":
    """Return who asks, before anything is asked; None where the database has accounts and nobody says who they are.

    Raises Refused for an account that may not ask of the record, or sees only a part of it.
    """
    from casualty import access

    if not GLOBALS["as"] and store.has_accounts():
        return None
    who = acting(store)
    access.permit(who, "analyse")
    access.permit_whole(store.situations_of(who))
    return who


def nameable(given: Given) -> str | None:
    """Return what the answer is to be called; raise before anything is asked where it cannot be called so."""
    from casualty import runs

    return runs.named(given.get("name"))


def kept(
    store: "Store",
    who: "Acting | None",
    method: str,
    chosen: Given,
    material: "Material",
    document: Mapping[str, Any],
    name: str | None = None,
) -> dict[str, Any]:
    """Keep an answer of the record and return the document with the code it is kept under (`run`; None: not kept)."""
    from casualty import asking

    if who is None:
        say("Not kept: this database has accounts; say who asks with --as NAME.")
        return {**document, "run": None}
    code = asking.keep(store, who, method, chosen, material, document, name=name)
    say(f"Kept as {code}; ask it again with: casualty patterns rerun {code}")
    return {**document, "run": code}

"""Taking the incidents of a filter out as a table, and counting them."""

from pathlib import Path
from typing import Annotated

import typer

from casualty.cli.frame import acting, app, opened, out, remaining, say, written

FILTER = Annotated[
    str, typer.Option("--filter", metavar="TEXT", help="Which incidents, as in the pages' addresses; docs/filters.md.")
]


@app.command()
def extract(
    target: Annotated[Path, typer.Argument(metavar="OUT.csv", help="The table to be written.")],
    purpose: Annotated[str, typer.Option(help="What it is for; it is written into the ledger.")],
    wanted: FILTER = "",
) -> None:
    """Write the incidents of a filter as a table for work within the house."""
    from casualty import extract as taking
    from casualty import filters

    store = opened()
    made = taking.take(store, acting(store), filters.read(wanted), purpose, remaining("incidents"))
    written(target, made.csv.decode("utf-8"))
    out(f"{made.incidents:,} incidents: {target}")
    say(f"SHA-256 {made.sha256}; noted in the ledger as release {made.release_id}")


@app.command()
def count(wanted: FILTER = "") -> None:
    """Count the incidents that a filter asks for."""
    from casualty import filters, overview

    out(f"{len(overview.selected(opened(), None, filters.read(wanted)))}")

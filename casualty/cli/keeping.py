"""Commands that make, open and check a database."""

import importlib
from pathlib import Path
from typing import Annotated

import typer

from casualty.cli.frame import GLOBALS, app, db_app, ledger_app, opened, out, progress, say


@app.command()
def init(
    sample: Annotated[
        bool, typer.Option("--sample", help="Fill it with the invented territory and its sample accounts.")
    ] = False,
    name: Annotated[str, typer.Option(help="What this record is called.")] = "Casualty record",
) -> None:
    """Make a new database."""
    from casualty.store import Store

    if sample:
        from casualty import sample as sampling

        sampling.build(GLOBALS["db"], progress("records"))
        say(
            f"Made the sample database. Its accounts ({', '.join(sampling.ACCOUNTS)}) have the password {sampling.PASSWORD}."
        )
    else:
        Store.create(GLOBALS["db"], name=name).close()
        say("Made an empty database. Next: casualty account add NAME --role administrator, or casualty intake FILE.")


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8501,
    oidc: Annotated[
        Path | None, typer.Option(help="A TOML file that names an organisation's own sign-in; see SECURITY.md.")
    ] = None,
) -> None:
    """Open the pages, behind a sign-in, until stopped."""
    opened().close()
    importlib.import_module("app.server").serve(GLOBALS["db"], host, port, oidc)


@app.command()
def doctor() -> None:
    """Say whether this machine and this database are fit for work."""
    from casualty import doctor as examining

    findings = examining.examine(GLOBALS["db"])
    for finding in findings:
        out(
            f"{'ok  ' if finding.ok else 'NOT '} {finding.what}: {finding.found}{'' if finding.ok else ' - ' + finding.mend}"
        )
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@ledger_app.command("verify")
def ledger_verify(
    head: Annotated[str | None, typer.Option(help="A head hash noted earlier: finds a cut tail.")] = None,
) -> None:
    """Check every link, every body and every current row."""
    found = opened().verify(head, progress("revisions"))
    out(
        f"The ledger verifies: {found.revisions:,} revisions, {found.erased:,} lawfully erased bodies, {found.records:,} records as signed."
    )
    out(f"Head: {found.head.hash} (revision {found.head.seq:,})")


@ledger_app.command("head")
def ledger_head() -> None:
    """Print the hash of the last link, to be kept elsewhere."""
    head = opened().head()
    say(f"revision {head.seq}")
    out(head.hash)


@db_app.command("upgrade")
def db_upgrade() -> None:
    """Bring the schema to this program's version."""
    from casualty.store import Store

    before, after = Store.upgrade(GLOBALS["db"])
    out(f"Schema {before} -> {after}" if before != after else f"Schema {after}: nothing to do")


@db_app.command("current")
def db_current() -> None:
    """Print the schema version."""
    from casualty.store import Store

    out(Store.schema_of(GLOBALS["db"]))

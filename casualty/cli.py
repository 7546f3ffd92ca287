"""The command line: one screen each, words of the pages and modules. Heavy libraries are imported by the command that needs them."""

import importlib
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casualty.errors import CasualtyError, Interrupted, InvalidRecords, Refused, UsageFault

if TYPE_CHECKING:
    from casualty.access import Acting
    from casualty.store import Store

app = typer.Typer(
    help="Casualty recording and the analysis of patterns of violence, verifiable by others.",
    epilog="--db PATH|URL (or CASUALTY_DB) names the database and --as NAME who acts, before or after the command."
    " The password comes from CASUALTY_PASSWORD or a prompt.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
intake_app = typer.Typer(
    help="Take in files: intake FILE, intake propose FILE, intake list, intake withdraw BATCH.", no_args_is_help=True
)
ledger_app = typer.Typer(help="Verify the ledger, or print its head.", no_args_is_help=True)
db_app = typer.Typer(help="Schema versions.", no_args_is_help=True)
account_app = typer.Typer(help="Accounts.", no_args_is_help=True)
patterns_app = typer.Typer(help="Questions about patterns.", no_args_is_help=True)
for name, group in (
    ("intake", intake_app),
    ("ledger", ledger_app),
    ("db", db_app),
    ("account", account_app),
    ("patterns", patterns_app),
):
    app.add_typer(group, name=name, rich_help_panel=None)

INTAKE_COMMANDS = ("propose", "list", "withdraw", "file", "--help")
OPENED: list["Store"] = []
GLOBALS = {"db": os.environ.get("CASUALTY_DB", "casualty.db"), "as": ""}

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.callback()
def _globals(
    db: Annotated[
        str, typer.Option("--db", metavar="PATH|URL", help="The database.", envvar="CASUALTY_DB")
    ] = "casualty.db",
    acting: Annotated[str, typer.Option("--as", metavar="NAME", help="Who acts.")] = "",
) -> None:
    GLOBALS.update({"db": db, "as": acting})


def _store() -> "Store":
    from casualty.store import Store

    OPENED.append(Store.open(GLOBALS["db"]))
    return OPENED[-1]


def _password(prompt: str = "Password: ") -> str:
    """Return the password from the environment or the keyboard; never from an argument, which others can see."""
    given = os.environ.get("CASUALTY_PASSWORD")
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise Refused("A password is needed: set CASUALTY_PASSWORD, or run this at a terminal.")
    import getpass

    return getpass.getpass(prompt)


def _acting(store: "Store") -> "Acting":
    from casualty.store import login_name

    if not GLOBALS["as"]:
        return store.local(login_name())
    if not store.has_accounts():
        raise Refused(
            f"This database has no accounts yet; leave --as out, or add {GLOBALS['as']} with: casualty account add"
        )
    return store.sign_in(GLOBALS["as"], _password())


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _out(text: str) -> None:
    sys.stdout.write(text + "\n")


def _dumped(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)


def _progress(word: str) -> Any:
    shown = sys.stderr.isatty()

    def tell(done: int, total: int = 0) -> None:
        if shown:
            print(f"\r{done:,}{f' of {total:,}' if total else ''} {word}", end="", file=sys.stderr, flush=True)

    return tell


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

        sampling.build(GLOBALS["db"], _progress("records"))
        _say(
            f"Made the sample database. Its accounts ({', '.join(sampling.ACCOUNTS)}) have the password {sampling.PASSWORD}."
        )
    else:
        Store.create(GLOBALS["db"], name=name).close()
        _say("Made an empty database. Next: casualty account add NAME --role administrator, or casualty intake FILE.")


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8501,
) -> None:
    """Open the pages, behind a sign-in, until stopped."""
    _store().close()
    importlib.import_module("app.server").serve(GLOBALS["db"], host, port)


@app.command()
def doctor() -> None:
    """Say whether this machine and this database are fit for work."""
    from casualty import doctor as examining

    findings = examining.examine(GLOBALS["db"])
    for finding in findings:
        _out(
            f"{'ok  ' if finding.ok else 'NOT '} {finding.what}: {finding.found}{'' if finding.ok else ' - ' + finding.mend}"
        )
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@ledger_app.command("verify")
def ledger_verify(
    head: Annotated[str | None, typer.Option(help="A head hash noted earlier: finds a cut tail.")] = None,
) -> None:
    """Check every link, every body and every current row."""
    found = _store().verify(head, _progress("revisions"))
    _out(
        f"The ledger verifies: {found.revisions:,} revisions, {found.erased:,} lawfully erased bodies, {found.records:,} records as signed."
    )
    _out(f"Head: {found.head.hash} (revision {found.head.seq:,})")


@ledger_app.command("head")
def ledger_head() -> None:
    """Print the hash of the last link, to be kept elsewhere."""
    head = _store().head()
    _say(f"revision {head.seq}")
    _out(head.hash)


@db_app.command("upgrade")
def db_upgrade() -> None:
    """Bring the schema to this program's version."""
    from casualty.store import Store

    before, after = Store.upgrade(GLOBALS["db"])
    _out(f"Schema {before} -> {after}" if before != after else f"Schema {after}: nothing to do")


@db_app.command("current")
def db_current() -> None:
    """Print the schema version."""
    from casualty.store import Store

    _out(Store.schema_of(GLOBALS["db"]))


@account_app.command("add")
def account_add(
    name: str, role: Annotated[str, typer.Option(help="recorder, reviewer, analyst, custodian or administrator.")]
) -> None:
    """Add an account. Its password comes from CASUALTY_NEW_PASSWORD, else CASUALTY_PASSWORD, or a prompt.

    The name signs every revision and goes out with packages to commissions: use a code, not a person's name.
    """
    from casualty.vocabulary import Role

    if role not in set(Role):
        raise UsageFault(f"{role} is not a role; one of: {', '.join(Role)}.")
    store = _store()
    by = _acting(store)
    password = os.environ.get("CASUALTY_NEW_PASSWORD") or _password(f"New password for {name}: ")
    store.add_account(name, Role(role), password, by)
    _say(f"Added {name} as {role}.")


@intake_app.command("file", hidden=True)
def intake_file(
    file: Path,
    format: Annotated[
        str | None, typer.Option(help="ged, ibc, hxl, victims, incidents, population, places, groups or actors.")
    ] = None,
    mapping: Annotated[Path | None, typer.Option(help="A column mapping in TOML; see: intake propose.")] = None,
    dataset: Annotated[str | None, typer.Option(help="The name under which its rows are known again.")] = None,
    complete: Annotated[bool, typer.Option("--complete", help="Withdraw what the file no longer names.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report exactly, write nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Take a file into the record."""
    from casualty import intake
    from casualty.intake import mapping as mappings
    from casualty.vocabulary import IntakeFormat

    if format is not None and format not in set(IntakeFormat):
        raise UsageFault(f"{format} is not a format; one of: {', '.join(IntakeFormat)}.")
    store = _store()
    report = intake.take_in(
        store, file, _acting(store),
        format=IntakeFormat(format) if format else None,
        mapping=mappings.load(mapping) if mapping else None,
        dataset=dataset, complete=complete, dry_run=dry_run, progress=_progress("rows read"),
    )  # fmt: skip
    for remark in report.remarks:
        _say(f"Note: {remark}")
    for kind, rows in sorted(report.kinds_of_warning.items()):
        _say(f"Warning in {rows:,} rows: {kind}")
    for fault in report.faults if not as_json else ():
        _say(f"Refused: {fault}")
    sentence = ", ".join(
        f"{getattr(report, part):,} {part}"
        for part in ("read", "recorded", "amended", "unchanged", "refused", "vanished")
    )
    _say(
        f"{'Dry run, nothing written' if dry_run else 'Batch ' + str(report.batch) if report.batch else 'Nothing new'}: {sentence}."
    )
    if as_json:
        _out(_dumped(report.as_json()))
    if report.refused:
        raise typer.Exit(InvalidRecords.exit_code)


@intake_app.command("propose")
def intake_propose(file: Path, format: str | None = None, dataset: str | None = None) -> None:
    """Print a proposed mapping of a file, to be edited and given back with --mapping."""
    from casualty import intake
    from casualty.vocabulary import IntakeFormat

    if format is not None and format not in set(IntakeFormat):
        raise UsageFault(f"{format} is not a format; one of: {', '.join(IntakeFormat)}.")
    sys.stdout.write(intake.propose(file, format=IntakeFormat(format) if format else None, dataset=dataset))


@intake_app.command("list")
def intake_list(as_json: Json = False) -> None:
    """List the batches, newest first."""
    from casualty import intake

    found = intake.batches(_store())
    if as_json:
        _out(_dumped(found))
        return
    for batch in found:
        state = f" WITHDRAWN: {batch['withdrawn_reason']}" if batch["withdrawn_at"] else ""
        _out(
            f"{batch['batch']}  {batch['recorded_at'][:16]}  {batch['dataset']} ({batch['format']}) by {batch['recorded_by']}:"
            f" {batch['recorded']} recorded, {batch['amended']} amended, {batch['refused']} refused{state}"
        )


@intake_app.command("withdraw")
def intake_withdraw(batch: int, reason: Annotated[str, typer.Option(help="Why.")]) -> None:
    """Take a whole batch back."""
    from casualty import intake

    store = _store()
    done = intake.withdraw_batch(store, batch, _acting(store), reason, _progress("records"))
    _say(", ".join(f"{number:,} {what}" for what, number in done.items()) + ".")


@app.command()
def summary(
    by: Annotated[str | None, typer.Option(help="year, status, group or admin1.")] = None,
    status: Annotated[str | None, typer.Option(help="Only incidents of this status.")] = None,
    as_json: Json = False,
) -> None:
    """Sum the record, with its unknowns."""
    from casualty.summary import summarise

    found = summarise(_store(), by, status)
    if as_json:
        _out(_dumped(found.as_json()))
        return
    _out(f"{'':<32}{'incidents':>10}{'victims':>9}{'low':>11}{'best':>11}{'high':>11}{'no best':>9}{'no place':>9}")
    for name, sums in (*found.by.items(), ("all", found.total)):
        _out(
            f"{name[:31]:<32}{sums.incidents:>10,}{sums.victims:>9,}{sums.killed_low:>11,}{sums.killed_best:>11,}"
            f"{sums.killed_high:>11,}{sums.without_best:>9,}{sums.without_place:>9,}"
        )
    _say("Documented, not all deaths. An unknown figure adds 0 and is counted under 'no best'.")


@app.command()
def history(
    code: str,
    at: Annotated[int | None, typer.Option(help="Show the record as it stood at this revision.")] = None,
    as_json: Json = False,
) -> None:
    """Show every revision of a record, or its state at one."""
    from casualty import telling

    document, text = telling.history(_store(), code, at)
    _out(_dumped(document) if as_json else text)


@patterns_app.command("disparity")
def patterns_disparity(
    dimension: Annotated[str, typer.Option(help="The identity dimension.")],
    by: Annotated[str, typer.Option(help="admin1 to admin4.")] = "admin1",
    since: Annotated[str | None, typer.Option("--from", help="First day.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Last day.")] = None,
    status: Annotated[str | None, typer.Option(help="Only incidents of this status.")] = None,
    period: Annotated[str, typer.Option(help="all, year, quarter or month.")] = "all",
    seed: Annotated[int, typer.Option(help="Seed of the resampling.")] = 1,
    to: Annotated[
        Path | None, typer.Option("--json", metavar="OUT", help="Write the result to this file; - is standard output.")
    ] = None,
) -> None:
    """Ask whether victims of a group are out of proportion to its share of the people."""
    from casualty import telling

    document, text = telling.disparity(
        _store(), dimension, by=by, since=since, until=until, status=status, period=period, seed=seed
    )
    if to is None:
        _out(text)
    elif str(to) == "-":
        _out(_dumped(document))
    else:
        _written(to, _dumped(document) + "\n")
        _say("\n".join(document["sentences"]))


def _written(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as wrong:
        raise UsageFault(f"{path} cannot be written: {wrong.strerror}.") from wrong


@app.command()
def release(
    out: Path,
    tier: Annotated[str, typer.Option(help="commission.")],
    to: Annotated[str, typer.Option(help="Who receives it.")],
    basis: Annotated[str, typer.Option(help="On what legal basis or agreement.")],
) -> None:
    """Write a package that can be verified without this program."""
    from casualty import release as releasing
    from casualty.vocabulary import Tier

    if tier not in set(Tier):
        raise UsageFault(f"{tier} is not a tier; one of: {', '.join(Tier)}.")
    store = _store()
    done = releasing.build(store, out, tier=Tier(tier), recipient=to, basis=basis, by=_acting(store))
    _say(f"Released {done.incidents:,} incidents to {to}: {out}")
    _say(f"SHA-256 of its manifest: {done.manifest_sha256}")


@app.command()
def verify(bag: Path) -> None:
    """Check a released package, with nothing but the package."""
    from casualty import release as releasing

    for line in releasing.verify(bag):
        _out(line)


def hoisted(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with --db and --as before the command, and `intake FILE` as the command it stands for."""
    front: list[str] = []
    rest: list[str] = []
    pending = list(arguments)
    while pending:
        part = pending.pop(0)
        if part == "--":
            rest += [part, *pending]
            break
        if part in ("--db", "--as") and pending:
            front += [part, pending.pop(0)]
        elif part.startswith(("--db=", "--as=")):
            front.append(part)
        else:
            rest.append(part)
    if rest[:1] == ["intake"] and rest[1:2] and rest[1] not in INTAKE_COMMANDS:
        rest.insert(1, "file")
    return front + rest


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; a user's error is told in words, never as a traceback."""
    try:
        app(hoisted(arguments), prog_name="casualty")
    except CasualtyError as told:
        _say(f"casualty: {told}")
        return told.exit_code
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0
    except KeyboardInterrupt:
        return Interrupted.exit_code
    return 0


def main() -> None:
    """Entry of the `casualty` command."""
    code = run(sys.argv[1:])
    for store in OPENED:
        store.close()  # SQLite then folds its log into the one file that people copy
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    sys.stderr.flush()
    # Nothing is left to be done: taking the interpreter apart piece by piece would cost a quarter of a second.
    os._exit(code)

"""What every command stands on: the command tree, the database it opens, who acts, and how it speaks."""

import json
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casualty.cli.terminal import remaining as remaining
from casualty.cli.terminal import written as written
from casualty.errors import Refused

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
review_app = typer.Typer(
    help="Judge: review CODE --to STATUS --reason TEXT, review queue, assign, pairs, draw, agreement.",
    no_args_is_help=True,
)
correction_app = typer.Typer(help="Corrections that somebody asks for.", no_args_is_help=True)
release_app = typer.Typer(
    help="Let something leave: release request OUT, grant ID, refuse ID, withdraw ID, list, show ID, encrypt, stamp, receipt, key.",
    no_args_is_help=True,
)
for name, group in (
    ("review", review_app),
    ("correction", correction_app),
    ("intake", intake_app),
    ("ledger", ledger_app),
    ("db", db_app),
    ("account", account_app),
    ("patterns", patterns_app),
    ("release", release_app),
):
    app.add_typer(group, name=name, rich_help_panel=None)

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


def opened() -> "Store":
    from casualty.store import Store

    OPENED.append(Store.open(GLOBALS["db"]))
    return OPENED[-1]


def password(prompt: str = "Password: ", variable: str = "CASUALTY_PASSWORD") -> str:
    """Return a secret from the environment or the keyboard; never from an argument, which others can see."""
    given = os.environ.get(variable)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise Refused(f"{prompt.strip(' :')} is needed: set {variable}, or run this at a terminal.")
    import getpass

    return getpass.getpass(prompt)


def acting(store: "Store", given: str | None = None) -> "Acting":
    """Return who acts: the local person, or the account of --as by its password (or the one given) and, if need be, code.

    A name that has to wait is let in here: whoever holds the database could let it in anyway, and nobody who floods a
    name from afar can keep its owner away from this machine.
    """
    from casualty.store import login_name

    if not GLOBALS["as"]:
        return store.local(login_name())
    if not store.has_accounts():
        raise Refused(
            f"This database has no accounts yet; leave --as out, or add {GLOBALS['as']} with: casualty account add"
        )
    secret = password() if given is None else given
    return store.sign_in(GLOBALS["as"], secret, lambda: password("Code: ", "CASUALTY_CODE"), heed_lock=False)


def say(text: str) -> None:
    print(text, file=sys.stderr)


def out(text: str) -> None:
    sys.stdout.write(text + "\n")


def dumped(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)


def progress(word: str) -> Any:
    shown = sys.stderr.isatty()

    def tell(done: int, total: int = 0) -> None:
        if shown:
            print(f"\r{done:,}{f' of {total:,}' if total else ''} {word}", end="", file=sys.stderr, flush=True)

    return tell

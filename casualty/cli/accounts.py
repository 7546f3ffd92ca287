"""Commands that keep accounts."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from casualty.cli.frame import Json, account_app, acting, dumped, opened, out, password, say
from casualty.errors import NotFound, UsageFault

if TYPE_CHECKING:
    from casualty.store import Store
    from casualty.vocabulary import Role

ROLES = "recorder, reviewer, analyst, custodian or administrator."
Why = Annotated[str, typer.Option(help="Why; it stands in the ledger.")]


@account_app.command("add")
def account_add(name: str, role: Annotated[str, typer.Option(help=ROLES)]) -> None:
    """Add an account. Its password comes from CASUALTY_NEW_PASSWORD, else CASUALTY_PASSWORD, or a prompt.

    The name signs every revision and goes out with packages to commissions: use a code, not a person's name.
    """
    chosen = _role(role)
    store = opened()
    by = acting(store)
    secret = os.environ.get("CASUALTY_NEW_PASSWORD") or password(f"New password for {name}: ")
    store.add_account(name, chosen, secret, by)
    say(f"Added {name} as {role}.")


@account_app.command("list")
def account_list(as_json: Json = False) -> None:
    """List the accounts: role, whether open, situations, second factor, whether it has to wait."""
    store = opened()
    by = acting(store)
    found = [] if by.local else store.accounts(by)
    shown = [
        {
            "name": row.name,
            "role": str(row.role),
            "open": bool(row.active),
            "scope": str(row.scope or "all"),
            "second_factor": row.totp_since is not None,
            "organisation": row.organisation_digest,
            "locked_until": row.locked_until,
        }
        for row in found
    ]
    if as_json:
        out(dumped(shown))
        return
    for one in shown:
        state = "open" if one["open"] else "CLOSED"
        factor = "second factor" if one["second_factor"] else "password only"
        out(f"{one['name']:<24}{one['role']:<15}{state:<8}{one['scope']:<7}{factor}")


@account_app.command("password")
def account_password(name: str) -> None:
    """Set a password: your own (--as NAME), or another's as an administrator, which signs them out.

    It comes from CASUALTY_NEW_PASSWORD or a prompt.
    """
    store = opened()
    old = password()
    by = acting(store, old)
    store.set_password(name, password(f"New password for {name}: ", "CASUALTY_NEW_PASSWORD"), by, old=old)
    say(f"The password of {name} is set; its sessions are ended.")


@account_app.command("close")
def account_close(name: str, reason: Why) -> None:
    """Close an account: it signs in no more, and its open pages end."""
    _changed(name, reason, active=False)
    say(f"Closed {name}.")


@account_app.command("reopen")
def account_reopen(name: str, reason: Why) -> None:
    """Open a closed account again."""
    _changed(name, reason, active=True)
    say(f"Reopened {name}.")


@account_app.command("role")
def account_role(name: str, role: Annotated[str, typer.Argument(help=ROLES)], reason: Why) -> None:
    """Give an account another role; its open pages end."""
    _changed(name, reason, role=_role(role))
    say(f"{name} is now {role}.")


@account_app.command("unlock")
def account_unlock(name: str) -> None:
    """Let a name that has to wait after wrong attempts sign in at once."""
    store = opened()
    store.unlock(name, acting(store))
    say(f"{name} may sign in.")


@account_app.command("end-sessions")
def account_end_sessions(
    name: Annotated[str | None, typer.Argument(help="Whose; without a name use --all.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody's.")] = False,
) -> None:
    """Sign an account out wherever it is signed in, or everybody."""
    if (name is None) != everybody:
        raise UsageFault("Name one account, or say --all.")
    store = opened()
    ended = store.end_sessions(acting(store), name)
    say(f"Ended {ended} sessions.")


@account_app.command("clear")
def account_clear(
    name: str,
    situation: Annotated[str | None, typer.Argument(help="Its name or id.")] = None,
    reason: Why = "",
    end: Annotated[bool, typer.Option("--end", help="Take the clearance back.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Clear for all situations.")] = False,
) -> None:
    """Clear an account for a situation; it then sees the situations it is cleared for, and its own incidents, only."""
    from casualty.vocabulary import AccountScope

    if (situation is None) != everything or (end and everything):
        raise UsageFault("Name one situation, or say --all.")
    if situation is None:
        _changed(name, reason, scope=AccountScope.ALL)
        say(f"{name} sees all situations.")
        return
    store = opened()
    by = acting(store)
    key = _situation(store, situation)
    (store.end_clearance if end else store.clear)(name, key, by, reason)
    say(f"{name} is {'no longer ' if end else ''}cleared for {situation}.")


@account_app.command("second-factor-reset")
def account_second_factor_reset(name: str, reason: Why) -> None:
    """Take an account's second factor away, when the telephone is lost; its open pages end."""
    store = opened()
    store.reset_second_factor(name, acting(store), reason)
    say(f"{name} signs in by password alone, until a second factor is set up again.")


def _changed(name: str, reason: str, **changed: object) -> None:
    store = opened()
    store.change_account(name, acting(store), reason, **changed)


def _role(word: str) -> "Role":
    from casualty.vocabulary import Role

    if word not in set(Role):
        raise UsageFault(f"{word} is not a role; one of: {', '.join(Role)}.")
    return Role(word)


def _situation(store: "Store", wanted: str) -> str:
    """Return the id of a situation by its id or its name; raise NotFound, or UsageFault if several have the name."""
    import sqlalchemy as sa

    from casualty.schema import table

    held = table("situation")
    chosen = sa.select(held.c.id).where(held.c.withdrawn_at.is_(None), (held.c.id == wanted) | (held.c.name == wanted))
    found = [row.id for row in store.rows(chosen)]
    if len(found) > 1:
        raise UsageFault(f"{len(found)} situations are called {wanted}; give the id of one.")
    if not found:
        raise NotFound(f"There is no situation {wanted}.")
    return str(found[0])

"""Commands that keep accounts."""

import os
from typing import Annotated

import typer

from casualty.cli.frame import account_app, acting, opened, password, say
from casualty.errors import UsageFault


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
    store = opened()
    by = acting(store)
    chosen = os.environ.get("CASUALTY_NEW_PASSWORD") or password(f"New password for {name}: ")
    store.add_account(name, Role(role), chosen, by)
    say(f"Added {name} as {role}.")

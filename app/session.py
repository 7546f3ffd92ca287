"""What the pages share: the open database, who is acting, and frames that are never older than the ledger's head."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import streamlit as st

from app.gate import COOKIE, Sessions
from casualty.access import Acting
from casualty.ledger import Head
from casualty.schema import table
from casualty.store import Store
from casualty.vocabulary import Role

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class House:
    """The one database that this process serves, its sessions, and whether only this machine reaches it."""

    store: Store
    sessions: Sessions
    loopback: bool = True


_open: list[House] = []


def move_in(house: House) -> None:
    """Make this the house whose pages are shown."""
    _open[:] = [house]


def house() -> House:
    """Return the house whose pages are shown."""
    return _open[0]


def store() -> Store:
    """Return the open store."""
    return house().store


def acting() -> Acting | None:
    """Return who is signed in in this browser, or None; an account closed or changed meanwhile is signed out."""
    token = st.context.cookies.get(COOKIE)
    session = house().sessions.find(token)
    if session is None:
        return None
    if held_role(session.by.name) != session.by.role:
        house().sessions.end(token)
        return None
    return session.by


def held_role(name: str) -> Role | None:
    """Return the role that an account holds now, None if it is closed."""
    account = table("account")
    chosen = sa.select(account.c.role).where(account.c.name == name, account.c.active, account.c.withdrawn_at.is_(None))
    found = store().rows(chosen)
    return Role(found[0].role) if found else None


def head() -> Head:
    """Return the ledger's head, by which cached frames are known."""
    return store().head()


@st.cache_resource(max_entries=2, show_spinner="Reading the record ...")
def _incidents(at: tuple[int, str], _store: Store) -> "pd.DataFrame":
    from casualty import frames

    return frames.incidents(_store)


def incidents() -> "pd.DataFrame":
    """Return the frame of incidents as of the ledger's head. It is shared: never change it."""
    now = head()
    return _incidents((now.seq, now.hash), store())


@st.cache_resource(max_entries=8, show_spinner="Reading the attributions ...")
def _attributions(at: tuple[int, str], dimension: str, _store: Store) -> "pd.DataFrame":
    from casualty import frames

    return frames.attributions(_store, dimension)


def attributions(dimension: str) -> "pd.DataFrame":
    """Return the attributions of one identity dimension as of the ledger's head. It is shared: never change it."""
    now = head()
    return _attributions((now.seq, now.hash), dimension, store())


@st.cache_resource(max_entries=64, show_spinner=False)
def _listed(at: tuple[int, str], name: str, _store: Store) -> Sequence[sa.Row[Any]]:
    held = table(name)
    return _store.rows(sa.select(held).where(held.c.withdrawn_at.is_(None)))


def listed(name: str) -> Sequence[sa.Row[Any]]:
    """Return the rows of a small reference table (dimension, identity_group, actor, source) that are not withdrawn."""
    now = head()
    return _listed((now.seq, now.hash), name, store())

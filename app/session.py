"""What the pages share: the open database, who is acting, and rows that are never older than the ledger's head."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
import streamlit as st

from app.gate import COOKIE, Sessions
from app.language import say
from casualty import overview
from casualty.access import Acting
from casualty.filters import Filter
from casualty.ledger import Head
from casualty.overview import Selection
from casualty.schema import table
from casualty.store import Store


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


def token() -> str | None:
    """Return the token of this browser's session."""
    return st.context.cookies.get(COOKIE)


def acting() -> Acting | None:
    """Return who is signed in in this browser, in the role that the account holds now, or None."""
    found = house().sessions.find(token())
    return found.by if found else None


def situations() -> frozenset[str] | None:
    """Return the situations that who is signed in is cleared for; None if they see all."""
    by = acting()
    return store().situations_of(by) if by else frozenset()


def head() -> Head:
    """Return the ledger's head, by which cached frames are known."""
    return store().head()


def selected(wanted: Filter) -> Selection:
    """Return the incidents that a filter asks for, as far as who is signed in sees them; see `overview.selected`."""
    with st.spinner(say("Reading the record ...")):
        return overview.selected(store(), acting(), wanted)


@st.cache_resource(max_entries=8, show_spinner=False)
def _seen(at: tuple[int, str], name: str, cleared: frozenset[str], _by: Acting, _store: Store) -> frozenset[str]:
    """Return the ids of the incidents that an account of named situations sees."""
    return frozenset(row.id for row in _store.rows(sa.select(table("incident").c.id).where(_store.visible(_by))))


@st.cache_resource(max_entries=64, show_spinner=False)
def _listed(at: tuple[int, str], name: str, _store: Store) -> Sequence[sa.Row[Any]]:
    held = table(name)
    return _store.rows(sa.select(held).where(held.c.withdrawn_at.is_(None)))


def listed(name: str) -> Sequence[sa.Row[Any]]:
    """Return the rows of a small table that are not withdrawn; of one that speaks of incidents, those that are seen."""
    now, by, cleared = head(), acting(), situations()
    at, key = (now.seq, now.hash), "id" if name == "incident" else "incident_id"
    rows = _listed(at, name, store())
    if by is None or cleared is None or key not in table(name).c:
        return rows
    seen = _seen(at, by.name, cleared, by, store())
    return [row for row in rows if getattr(row, key) in seen]

"""Filters that somebody keeps by name, on their own desk: a filter in an address can be given to others."""

from dataclasses import dataclass

import sqlalchemy as sa

from casualty import filters
from casualty.access import Acting
from casualty.errors import Fault, InvalidRecords, UsageFault
from casualty.filters import Filter
from casualty.schema import table
from casualty.store import Store

LONGEST_NAME = 120
MOST = 200


@dataclass(frozen=True, slots=True)
class Kept:
    """A filter under its name, and when it was saved (UTC)."""

    name: str
    filter: Filter
    saved_at: str


def kept(store: Store, by: Acting) -> list[Kept]:
    """Return the filters that somebody keeps, by name; one that this program no longer understands is left out."""
    saved = table("saved_filter")
    rows = store.rows(sa.select(saved).where(saved.c.account == by.name).order_by(saved.c.name))
    found = []
    for row in rows:
        try:
            found.append(Kept(row.name, filters.read(row.filter), row.saved_at))
        except UsageFault:  # a field that was taken out of the schema since
            continue
    return found


def keep(store: Store, by: Acting, name: str, wanted: Filter) -> None:
    """Keep a filter under a name, in the place of the one that had it; raise InvalidRecords for a name that is none."""
    called = " ".join(name.split())
    if not called or len(called) > LONGEST_NAME or not called.isprintable():
        fault = Fault(0, "name", "Is no name of 1 to {most} letters.", "Write a shorter one.", {"most": LONGEST_NAME})
        raise InvalidRecords("The filter cannot be saved.", [fault])
    saved = table("saved_filter")
    mine = saved.c.account == by.name
    with store.desk(by) as desk:
        desk.connection.execute(saved.delete().where(mine, saved.c.name == called))
        held = desk.connection.execute(sa.select(sa.func.count()).select_from(saved).where(mine)).scalar_one()
        if held >= MOST:
            fault = Fault(
                0, "name", "{most} filters are saved already.", "Forget one that is not needed.", {"most": MOST}
            )
            raise InvalidRecords("The filter cannot be saved.", [fault])
        row = {"account": by.name, "name": called, "filter": wanted.text, "saved_at": desk.at}
        desk.connection.execute(saved.insert(), row)


def forget(store: Store, by: Acting, name: str) -> None:
    """Throw a saved filter of one's own away."""
    saved = table("saved_filter")
    with store.desk(by) as desk:
        desk.connection.execute(saved.delete().where(saved.c.account == by.name, saved.c.name == name))

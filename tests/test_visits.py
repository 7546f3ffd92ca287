"""What came since somebody last looked: a reload is the same visit, the ledger says what is new (R58)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from casualty import visits
from casualty.access import Acting
from casualty.errors import Refused
from casualty.ledger import GENESIS, Head
from casualty.schema import SourceFields, table
from casualty.store import Store
from casualty.visits import EVERYTHING, Seen, visit
from casualty.vocabulary import Role, SourceKind

START = datetime(2025, 1, 1, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def on(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


@pytest.fixture
def clock_by_hand() -> Clock:
    return Clock()


@pytest.fixture
def timed(target: str, clock_by_hand: Clock) -> Iterator[Store]:
    made = Store.create(target, clock=clock_by_hand)
    yield made
    made.close()


def written(store: Store, by: Acting, name: str) -> Head:
    store.record("source", SourceFields(name=name, kind=SourceKind.MEDIA), by)
    return store.head()


def rows(store: Store) -> list[tuple[str, str, int]]:
    held = table("visit")
    return [tuple(row) for row in store.rows(sa.select(held.c.account, held.c.place, held.c.since_seq))]


def test_a_first_visit_has_nothing_before_it_however_often_it_is_reloaded(timed: Store, clock_by_hand: Clock) -> None:
    """R58: nothing is called new to somebody who has seen nothing."""
    by = timed.local("one")
    for minutes in (0, 1, 20, 29):
        clock_by_hand.on(minutes)
        assert visit(timed, by, EVERYTHING, timed.head()) == Seen(first=True)
        written(timed, by, f"paper {minutes}")


def test_what_came_after_the_last_look_is_new_at_the_next_visit(timed: Store, clock_by_hand: Clock) -> None:
    """R58"""
    by = timed.local("one")
    first = written(timed, by, "first")
    visit(timed, by, EVERYTHING, first)
    clock_by_hand.on(10)
    second = written(timed, by, "second")
    visit(timed, by, EVERYTHING, second)
    looked = clock_by_hand.now
    clock_by_hand.on(30)
    third = written(timed, by, "third")
    seen = visit(timed, by, EVERYTHING, third)
    assert (seen.first, seen.since) == (False, second)
    assert datetime.fromisoformat(seen.at) == looked
    clock_by_hand.on(29)
    assert visit(timed, by, EVERYTHING, written(timed, by, "fourth")) == seen
    clock_by_hand.on(31)
    assert visit(timed, by, EVERYTHING, timed.head()).since == timed.head()


def test_people_and_places_are_apart(timed: Store, clock_by_hand: Clock) -> None:
    """R58: the visit of one person tells nothing of another's."""
    one, other = timed.local("one"), timed.local("other")
    visit(timed, one, EVERYTHING, timed.head())
    clock_by_hand.on(60)
    assert visit(timed, other, EVERYTHING, timed.head()).first
    assert visit(timed, one, "a-situation", timed.head()).first
    assert not visit(timed, one, EVERYTHING, timed.head()).first


def test_a_reload_writes_nothing(timed: Store, clock_by_hand: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """R75: reading a page over and over is no work for the database."""
    by = timed.local("one")
    visit(timed, by, EVERYTHING, timed.head())
    monkeypatch.setattr(timed, "desk", None)
    clock_by_hand.on(0.5)
    assert visit(timed, by, EVERYTHING, timed.head()).first


def test_an_empty_ledger_is_a_beginning(timed: Store, clock_by_hand: Clock) -> None:
    """R58: everything that is written later is new."""
    by = timed.local("one")
    visit(timed, by, EVERYTHING, Head(0, GENESIS))
    clock_by_hand.on(60)
    assert visit(timed, by, EVERYTHING, timed.head()).since == Head(0, GENESIS)


def test_a_link_that_the_ledger_does_not_hold_is_told(timed: Store, clock_by_hand: Clock) -> None:
    """R58: an older copy of the database may have been restored; no wrong list of changes is given."""
    by = timed.local("one")
    visit(timed, by, EVERYTHING, Head(999, "f" * 64))
    clock_by_hand.on(60)
    seen = visit(timed, by, EVERYTHING, timed.head())
    assert (seen.first, seen.since) == (False, None)
    assert seen.at


def test_who_may_not_act_leaves_no_visit(tmp_path: Path, accounts: dict[str, Acting], store: Store) -> None:
    """R75: the desk asks who acts, as every write does."""
    with pytest.raises(Refused):
        visit(store, Acting("nobody", Role.ANALYST), EVERYTHING, store.head())
    assert rows(store) == []


def test_it_leaves_no_revision(timed: Store) -> None:
    """R58: looking is no record."""
    before = timed.head()
    visit(timed, timed.local("one"), EVERYTHING, before)
    assert timed.head() == before
    assert rows(timed) == [("local:one", EVERYTHING, 0)]


def test_two_tabs_at_one_moment_make_one_visit(timed: Store) -> None:
    """R58, on both databases: the second insertion finds the first."""
    by = timed.local("one")
    with timed.desk(by) as desk:
        row = visits._next(None, timed.head(), timed.now(), desk.at) | {"account": by.name, "place": EVERYTHING}
        desk.connection.execute(visits._LAY, row)
        desk.connection.execute(visits._LAY, row)
    assert len(rows(timed)) == 1

"""Which incidents a filter asks for: the one way from a filter to rows, for whoever is signed in."""

import threading
import weakref
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from casualty import filters
from casualty.access import Acting
from casualty.filters import Filter
from casualty.overview import beside, keeping
from casualty.overview.columns import Columns
from casualty.overview.keeping import Overview, Positions
from casualty.schema import table
from casualty.store import Store

Number = TypeVar("Number", bound=np.generic)
# Answers remembered for each open database.
REMEMBERED = 24


@dataclass(frozen=True, eq=False)
class Selection:
    """The incidents that a filter asks for, as one person sees them. `at`: positions in the overview, rising."""

    overview: Overview
    filter: Filter
    at: Positions

    def __len__(self) -> int:
        return len(self.at)

    @property
    def columns(self) -> Columns:
        """The columns of all standing incidents; `at` says which rows of them."""
        return self.overview.columns

    def of(self, column: NDArray[Number]) -> NDArray[Number]:
        """Return the rows of a column that are selected; the column itself, not to be written to, when all are."""
        return column if len(self.at) == len(column) else column[self.at]

    @property
    def ids(self) -> list[str]:
        """The keys of the incidents."""
        return [key.decode() for key in self.columns.ids[self.at]]


class _Answers:
    """The last answers of one database, by the link of the ledger, the filter and who sees."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.held: OrderedDict[tuple[Any, ...], Selection] = OrderedDict()

    def find(self, key: tuple[Any, ...]) -> Selection | None:
        with self.lock:
            if key in self.held:
                self.held.move_to_end(key)
            return self.held.get(key)

    def keep(self, key: tuple[Any, ...], found: Selection) -> Selection:
        with self.lock:
            # One of an earlier link would keep the whole record as it was then in memory.
            for other in [other for other in self.held if other[0] != key[0]]:
                del self.held[other]
            # An answer of an earlier link would keep that link's whole record in memory.
            for other in [other for other, one in self.held.items() if one.overview is not found.overview]:
                del self.held[other]
            self.held[key] = found
            while len(self.held) > REMEMBERED:
                self.held.popitem(last=False)
            return found


_answers: "weakref.WeakKeyDictionary[Store, _Answers]" = weakref.WeakKeyDictionary()


def selected(store: Store, by: Acting | None, wanted: Filter) -> Selection:
    """Return the standing incidents that a filter asks for, as far as `by` sees them (None: all of them).

    Raises NotFound for a unit that cannot be asked for. What is shown, counted, drawn, asked of and let out by a filter
    comes from here and from nowhere else.
    """
    situations = None if by is None else store.situations_of(by)
    sight = None if by is None or situations is None else (by.name, situations)
    seen = sa.true() if by is None else store.visible(by)
    answers = _answers.setdefault(store, _Answers())
    with store.reading() as connection:
        overview = keeping.at(store, connection)
        key = (overview.head, wanted.text, sight)
        found = answers.find(key)
        if found is not None:
            return found
        if not wanted and sight is None:
            at = np.arange(len(overview), dtype=np.int32)
        else:
            condition = filters.condition(wanted, beside.located(overview, store))
            at = overview.positions(_asked(connection, condition, seen))
        return answers.keep(key, Selection(overview, wanted, at))


def _asked(connection: sa.Connection, condition: filters.Condition, seen: filters.Condition) -> Any:
    """Return the ids of the rows that hold, as one text: a row object for each would cost more than the query."""
    incident = table("incident")
    stands = (incident.c.withdrawn_at.is_(None), incident.c.merged_into_id.is_(None))
    chosen = sa.select(sa.func.aggregate_strings(incident.c.id, "")).where(*stands, seen, condition)
    text = connection.execute(chosen).scalar() or ""
    return np.frombuffer(text.encode(), dtype="S36")

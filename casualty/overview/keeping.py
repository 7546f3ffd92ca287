"""The columns of an open database, kept in memory and brought up to the ledger's head when somebody asks."""

import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from casualty import ledger
from casualty.errors import CheckFailed
from casualty.ledger import Head
from casualty.overview import columns
from casualty.overview.columns import Columns
from casualty.schema import table
from casualty.store import Store

# Beyond so many changed incidents everything is read again.
MOST_CHANGED = 5_000
Positions = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Overview:
    """All standing incidents at one link of the ledger.

    `came_from`: positions in the overview before this one, of which the first rows were taken as they were; None if all was
    read. `beside`: what was worked out from it and is kept as long as it: units by level, who speaks, who is alleged.
    """

    head: Head
    columns: Columns
    keys: "Keys"
    before: "Overview | None" = None
    came_from: Positions | None = None
    beside: dict[str, Any] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __len__(self) -> int:
        return len(self.columns)

    def positions(self, ids: NDArray[np.bytes_]) -> Positions:
        """Return where these incidents stand, in rising order; raise CheckFailed for one that does not stand."""
        return self.keys.positions(ids)


@dataclass(frozen=True, eq=False)
class Keys:
    """Where each id stands: a mix of its 36 letters, in order, and the position of each."""

    mixed: NDArray[np.uint64]
    at: Positions
    ids: NDArray[np.bytes_]

    @classmethod
    def of(cls, ids: NDArray[np.bytes_]) -> "Keys":
        """Index ids; those whose mixes meet would be one, so that is checked."""
        mixed = _mixed(ids)
        at = np.argsort(mixed, kind="stable").astype(np.int32)
        ordered = mixed[at]
        if len(ordered) and (ordered[1:] == ordered[:-1]).any():
            raise CheckFailed("Two incidents cannot be told apart in memory; report this.")
        return cls(ordered, at, ids)

    def positions(self, ids: NDArray[np.bytes_]) -> Positions:
        """Return the positions of these ids in rising order; raise CheckFailed where one is not held."""
        at = self.where(ids)
        if (at < 0).any():
            raise CheckFailed("An incident is not among those that stand; see: casualty ledger verify")
        return np.sort(at)

    def where(self, ids: NDArray[np.bytes_]) -> Positions:
        """Return the position of each id, -1 where it is not held."""
        if not len(ids) or not len(self.at):
            return np.full(len(ids), -1, dtype=np.int32)
        mixed = _mixed(ids)
        order = np.argsort(mixed)  # looked for in order, neighbours are found near each other: some three times faster
        place = np.empty(len(ids), dtype=np.int64)
        place[order] = np.searchsorted(self.mixed, mixed[order])
        at = self.at[np.minimum(place, len(self.mixed) - 1)]
        return np.where(self.ids[at] == ids, at, np.int32(-1))


def _mixed(ids: NDArray[np.bytes_]) -> NDArray[np.uint64]:
    """Return one number for each id: its five words of eight letters, multiplied by odd numbers and added."""
    padded = np.zeros((len(ids), 40), dtype=np.uint8)
    padded[:, :36] = np.ascontiguousarray(ids).view(np.uint8).reshape(-1, 36)
    words = padded.view(np.uint64)
    found = np.zeros(len(ids), dtype=np.uint64)
    for number, odd in enumerate(_ODD):
        found = (found ^ words[:, number]) * odd
        found ^= found >> np.uint64(29)
    return found


_ODD = tuple(
    np.uint64(number)
    for number in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5, 0x85EBCA77C2B2AE63)
)
_kept: "weakref.WeakKeyDictionary[Store, Overview]" = weakref.WeakKeyDictionary()
_locks: "weakref.WeakKeyDictionary[Store, threading.Lock]" = weakref.WeakKeyDictionary()
_locking = threading.Lock()


def of(store: Store) -> Overview:
    """Return all standing incidents of a database as of its ledger's head."""
    with store.reading() as connection:
        return at(store, connection)


def at(store: Store, connection: sa.Connection) -> Overview:
    """Return all standing incidents as they are within a read transaction."""
    head = ledger.read_head(connection)
    kept = _kept.get(store)
    if kept is not None and kept.head == head:
        return kept
    with _lock(store):
        kept = _kept.get(store)
        if kept is not None and kept.head == head:
            return kept
        if kept is not None and kept.before is not None and kept.before.head == head:
            return kept.before  # of a moment ago: a write came in between
        changed = None if kept is None else changes(connection, kept.head, head)
        fresh = (
            _read(connection, head) if changed is None or kept is None else _amended(connection, kept, head, changed)
        )
        # A page that asked a moment earlier must not put an older state in the place of a newer one.
        if kept is None or changed is None or fresh.head.seq > kept.head.seq:
            _kept[store] = fresh
        return fresh


def _lock(store: Store) -> threading.Lock:
    with _locking:
        return _locks.setdefault(store, threading.Lock())


def _read(connection: sa.Connection, head: Head) -> Overview:
    held = columns.read(connection)
    return Overview(head, held, Keys.of(held.ids))


def changes(connection: sa.Connection, since: Head, until: Head) -> Mapping[str, frozenset[str]] | None:
    """Return the ids of the records written between two links, by kind; None if the first is no link of this ledger."""
    revision = table("revision")
    if since.seq:
        held = connection.execute(sa.select(revision.c.hash).where(revision.c.seq == since.seq)).scalar()
        if held != since.hash or until.seq < since.seq:
            return None
    chosen = sa.select(revision.c.record_kind, revision.c.record_id).where(
        revision.c.seq > since.seq, revision.c.seq <= until.seq
    )
    # Counted as revisions: of the same few records there may be more than are read here.
    rows = connection.execute(chosen.limit(MOST_CHANGED + 1)).all()
    if len(rows) > MOST_CHANGED:
        return None
    found: dict[str, set[str]] = {}
    for kind, key in rows:
        found.setdefault(kind, set()).add(key)
    return {kind: frozenset(ids) for kind, ids in found.items()}


def _amended(connection: sa.Connection, kept: Overview, head: Head, changed: Mapping[str, frozenset[str]]) -> Overview:
    """Return the overview after some incidents were written: these read again, all others as they were."""
    ids = changed.get("incident", frozenset())
    rows = columns.read(connection, ids)
    same = np.flatnonzero(~np.isin(kept.columns.ids, np.array(sorted(ids) or [""], dtype="S36"))).astype(np.int32)
    held = kept.columns.only(same).joined(rows) if ids else kept.columns
    keys = Keys.of(held.ids) if ids else kept.keys
    beside = {
        name: made for name, made in kept.beside.items() if not STALE.get(name.partition(":")[0], ALWAYS) & set(changed)
    }
    # What was worked out of the rows that stay is carried over by whoever asks for it, from `before`.
    before = Overview(kept.head, kept.columns, kept.keys, beside=beside)
    return Overview(head, held, keys, before, same)


ALWAYS = frozenset({"incident"})
# Which kinds of records, once written, make what was worked out stale as a whole.
STALE: Mapping[str, frozenset[str]] = {
    "units": frozenset({"admin_unit"}),
    "source": frozenset({"document", "source", "batch"}),
    "actor": frozenset({"actor"}),
    "group": frozenset({"dimension", "identity_group"}),
}

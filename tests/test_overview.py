"""The record in memory after every kind of write: the same as what the database says, read anew by other hands."""

import shutil
import sqlite3
import threading
import weakref
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from asked_by_hand import Told, stands
from taking import column, take
from varied import LIST, Varied, box, varied

from casualty import filters, frames, intake, overview, review
from casualty.filters import EVERYTHING
from casualty.overview import Overview, keeping
from casualty.schema import (
    ActorFields,
    AdminUnitFields,
    DimensionFields,
    DocumentFields,
    GroupFields,
    SourceFields,
    table,
)
from casualty.store import Store
from casualty.vocabulary import IncidentStatus, SameOrNot

Step = Callable[[Varied, Path], object]
COUNTS = ("killed", "injured", "missing")


def day(text: str | None) -> int:
    return overview.NO_DAY if text is None else int(np.datetime64(text, "D").astype(int))


def shown(value: Any) -> Any:
    return None if isinstance(value, float) and np.isnan(value) else value


def by_hand(store: Store) -> dict[str, tuple[Any, ...]]:
    """Each standing incident as its row says, in the order of the columns."""
    found = {}
    for key, body in Told.of(store).bodies.items():
        row = body["incident"][0]
        if stands(body):
            numbers = ["lon", "lat", "uncertainty_m", *(f"{c}_{e}" for c in COUNTS for e in ("low", "best", "high"))]
            found[key] = (
                *(row.get(name) for name in numbers),
                *(day(row.get(name)) for name in ("date_start", "date_end", "report_date")),
                row.get("date_precision", 0), row.get("place_precision", 0), row["status"], row["incident_type"],
                *(row.get(name) for name in ("situation_id", "pcode", "country", "admin1", "admin2")),
            )  # fmt: skip
    return found


def in_memory(held: Overview) -> dict[str, tuple[Any, ...]]:
    """Each incident as the columns have it."""
    c = held.columns
    numbers = np.column_stack([c.lon, c.lat, c.uncertainty_m, c.killed, c.injured, c.missing]).tolist()
    small = zip(c.first, c.last, c.reported, c.date_precision, c.place_precision, strict=True)
    kinds = [(overview.STATUSES[s], overview.TYPES[k]) for s, k in zip(c.status, c.kind, strict=True)]
    words = zip(*map(worded, (c.situation, c.pcode, c.country, c.admin1, c.admin2)), strict=True)
    rows = [
        (*map(shown, number), *map(int, whole), *kind, *word)
        for number, whole, kind, word in zip(numbers, small, kinds, words, strict=True)
    ]
    assert len(set(c.ids.tolist())) == len(c)
    return dict(zip((key.decode() for key in c.ids), rows, strict=True))


def worded(words: overview.Words) -> list[str | None]:
    assert all(-1 <= code < len(words.words) for code in words.codes)
    return [None if code < 0 else words.words[code] for code in words.codes]


def tied(held: Overview, store: Store, name: str) -> list[tuple[str, str]]:
    found = overview.ties(held, store, name)
    keys = [key.decode() for key in held.columns.ids[found.at]]
    return sorted(zip(keys, worded(found.to), strict=True))  # type: ignore[arg-type]


def ties_by_hand(told: Told, name: str) -> list[tuple[str, str]]:
    """Who speaks of an incident, who is alleged, whom it hit: for each, that a filter of it finds it."""
    values = {
        "source": list(told.known["source"]),
        "actor": list(told.known["actor"]),
        "group": [
            f"{told.known['dimension'][group['dimension_id']]['code']}/{group['code']}"
            for group in told.known["identity_group"].values()
        ],
    }[name]
    asked = {value: told.asked(filters.Filter(filters.Asked(name, "is", (value,)))) for value in values}
    return sorted((key, value) for value, keys in asked.items() for key in keys)


def agrees(store: Store, *, beside: bool = True) -> None:
    """What is in memory is what the database says, read anew and by hand."""
    held, fresh = overview.of(store), Store(store._engine)
    assert held is overview.of(store)
    assert held.head == store.head()
    assert in_memory(held) == by_hand(store) == in_memory(overview.of(fresh))
    assert {*overview.selected(store, None, EVERYTHING).ids} == {*in_memory(held)}
    if beside:
        told = Told.of(store)
        for name in ("source", "actor", "group"):
            assert tied(held, store, name) == ties_by_hand(told, name) == tied(overview.of(fresh), fresh, name)
        for level in (1, 2):
            ids = [key.decode() for key in held.columns.ids]
            assert dict(zip(ids, worded(overview.units(held, store, level)), strict=True)) == frames.areas(store, level)


def amended(made: Varied, kind: str, name: str, draft: Any) -> None:
    key = made.ids[name]
    version = made.store.current(kind, key)[kind][0]["version"]
    made.store.amend(kind, key, draft, expected=version, by=made.by, reason="seen")


def edited(made: Varied, number: int, **fields: Any) -> None:
    key = made.incidents[number]
    draft, version = made.store.draft(key)
    for name, value in fields.items():
        setattr(draft, name, value)
    made.store.amend("incident", key, draft, expected=version, by=made.by, reason="seen")


def code(made: Varied, number: int) -> str:
    return str(made.store.current("incident", made.incidents[number])["incident"][0]["code"])


def paired(made: Varied, folder: Path) -> None:
    person = {"harm": "killed", "names": [{"name": "Amina"}]}
    keys = [made.one(victims=[person]) for _ in range(2)]
    codes = [made.store.current("incident", key)["victim"][0]["code"] for key in keys]
    review.judge_pair(made.store, *codes, SameOrNot.SAME, "One name, one village", made.second)


def batch(made: Varied, folder: Path) -> None:
    take(made.store, folder, LIST + "7,2021-01-01,Z,Agency,1,2,3\n8,2021-01-02,Z,,0,4,9\n", dataset="other")


def batch_back(made: Varied, folder: Path) -> None:
    (number,) = column(made.store, "SELECT max(number) FROM batch WHERE dataset = 'other'")
    intake.withdraw_batch(made.store, number, made.by, "not theirs to give")


def unit(name: str, pcode: str, level: int, geometry: str, **also: Any) -> AdminUnitFields:
    stated = {"pcode": pcode, "boundary_set": "now", "name": name, "level": level, "geometry": geometry, **also}
    return AdminUnitFields.model_validate(stated)


STEPS: dict[str, Step] = {
    "an incident amended": lambda m, _: edited(m, 5, killed_best=None, killed_low=1, killed_high=None, admin1="Nowhere"),
    "its place taken away": lambda m, _: edited(m, 6, lat=None, lon=None, pcode=None, place_as_reported="There",
                                                place_missing=None),
    "its claims and allegations taken away": lambda m, _: edited(m, 7, involvements=[], victims=[]),
    "an incident recorded": lambda m, _: m.one(),
    "reviewed": lambda m, _: m.judged(m.incidents[-1], (IncidentStatus.IN_REVIEW, IncidentStatus.CONTESTED)),
    "withdrawn": lambda m, _: m.store.withdraw("incident", m.incidents[8], m.by, "entered twice"),
    "taken up again": lambda m, _: m.judged(m.incidents[8], (IncidentStatus.IN_REVIEW,)),
    "merged": lambda m, _: m.merge(m.incidents[9], m.incidents[10]),
    "unmerged": lambda m, _: review.unmerge(m.store, code(m, 9), m.second, "two events"),
    "a batch taken in": batch,
    "a newer version of a batch": lambda m, folder: take(m.store, folder, LIST + "1,2020-01-01,X,Agency,1,9,9\n"),
    "a batch withdrawn": batch_back,
    "people judged to be one": paired,
    "a unit recorded": lambda m, _: m.unit("P3", "Far", 1, box(-65, 0, -55, 10)),
    "a unit moved": lambda m, _: amended(m, "admin_unit", "P2", unit("Elsewhere", "P2", 1, box(5, 48, 6, 50))),
    "a unit withdrawn": lambda m, _: m.store.withdraw("admin_unit", m.ids["P101"], m.by, "no longer"),
    "a unit restored": lambda m, _: m.store.restore("admin_unit", m.ids["P101"], m.by, "it is"),
    "another set of boundaries": lambda m, _: m.put("new", "admin_unit", AdminUnitFields(
        pcode="Q1", boundary_set="later", name="Aleppo", level=1, geometry=box(0, 40, 20, 60))),
    "a document of another source": lambda m, _: amended(
        m, "document", "news", DocumentFields(title="news", source_id=m.ids["Clinic"])),
    "a document of no source": lambda m, _: amended(m, "document", "register", DocumentFields(title="register")),
    "a document recorded": lambda m, _: m.put("paper", "document", DocumentFields(title="p", source_id=m.ids["Radio"])),
    "a source renamed": lambda m, _: amended(m, "source", "Radio", SourceFields(name="Radio 2", kind="media")),
    "an actor recorded": lambda m, _: m.put("Guard", "actor", ActorFields(name="Guard", kind="state")),
    "an actor withdrawn": lambda m, _: m.store.withdraw("actor", m.ids["Army"], m.by, "no such name"),
    "a group renamed": lambda m, _: amended(m, "identity_group", "faith north", GroupFields(
        dimension_id=m.ids["faith"], code="up", label="up")),
    "a dimension on": lambda m, _: amended(m, "dimension", "clan", DimensionFields(
        code="clan", label="clan", state="on", assessment="Signed")),
    "a dimension off": lambda m, _: amended(m, "dimension", "faith", DimensionFields(
        code="faith", label="faith", state="off", assessment="Signed")),
}  # fmt: skip


def test_it_follows_every_write(store: Store, tmp_path: Path) -> None:
    """R75: columns, ties and units, after each kind of write and with what was worked out before it carried over."""
    made = varied(store, tmp_path, n=24)
    agrees(store)
    for name, step in STEPS.items():
        before = overview.of(store)
        step(made, tmp_path)
        try:
            agrees(store)
        except AssertionError as wrong:
            raise AssertionError(f"after {name}") from wrong
        assert overview.of(store) is not before, name


def test_it_follows_several_writes_at_once(sqlite_store: Store, tmp_path: Path) -> None:
    """R75: nobody asked in between, and units and ties were last asked for some writes ago."""
    made = varied(sqlite_store, tmp_path, n=16)
    agrees(sqlite_store)
    for at, step in enumerate(STEPS.values()):
        step(made, tmp_path)
        if at % 4 == 0:
            agrees(sqlite_store, beside=at % 8 == 0)
    agrees(sqlite_store)


def test_more_writes_than_are_followed_are_read_anew(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R75: also where many of them are of one record."""
    monkeypatch.setattr(keeping, "MOST_CHANGED", 6)
    made = varied(sqlite_store, tmp_path, n=12)
    agrees(sqlite_store)
    for number in range(6):
        edited(made, 5, killed_low=None, killed_best=number, killed_high=None)
    edited(made, 6, killed_low=None, killed_best=77, killed_high=None)
    edited(made, 7, killed_low=None, killed_best=78, killed_high=None)
    agrees(sqlite_store)


def test_an_earlier_moment_is_still_that_moment(sqlite_store: Store, tmp_path: Path) -> None:
    """R75: who began to read before a write sees the record of then, and the newer state stays."""
    made = varied(sqlite_store, tmp_path, n=8)
    then = in_memory(overview.of(sqlite_store))
    with sqlite_store.reading() as connection:
        assert len(keeping.at(sqlite_store, connection)) == len(then)
        made.one()
        now = overview.of(sqlite_store)
        assert in_memory(keeping.at(sqlite_store, connection)) == then
    assert overview.of(sqlite_store) is now
    assert len(now) == len(then) + 1


def test_threads_that_ask_while_another_writes(store: Store, tmp_path: Path) -> None:
    """R75: each answer is whole: of one moment, none lost, none double."""
    made = varied(store, tmp_path, n=8)
    seen: list[tuple[int, int, int]] = []
    wrong: list[BaseException] = []
    done = threading.Event()

    def ask() -> None:
        try:
            while not done.is_set():
                found = overview.selected(store, None, filters.read("title.is(counted)"))
                units = overview.selected(store, None, filters.read("unit.is(P1) or not unit.is(P1)"))
                seen.append((found.overview.head.seq, len(found), len(units) - len(units.overview)))
        except BaseException as error:
            wrong.append(error)
            raise

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    first = store.head().seq
    for _ in range(12):
        made.one(title="counted")
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert {found - max(0, seq - first) for seq, found, _ in seen} == {0}
    assert {left for *_, left in seen} == {0}
    agrees(store)


@pytest.fixture
def copied(sqlite_store: Store, tmp_path: Path) -> tuple[Store, Varied, Path]:
    """A store, and a copy of its file from before."""
    made, older = varied(sqlite_store, tmp_path, n=8), tmp_path / "older.db"
    with closing(sqlite3.connect(str(sqlite_store._engine.url.database))) as connection:
        connection.execute("VACUUM INTO ?", (str(older),))
    return sqlite_store, made, older


def restored(store: Store, older: Path) -> None:
    """Put an older copy in the place of the file that a running process has open."""
    path = Path(str(store._engine.url.database))
    store.close()
    for ending in ("-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
    shutil.copy(older, path)


def test_an_older_copy_in_its_place_is_read_anew(copied: tuple[Store, Varied, Path]) -> None:
    """R20, R75: the ledger is shorter than it was."""
    store, made, older = copied
    agrees(store)
    edited(made, 5, killed_low=None, killed_best=99, killed_high=None)
    made.one()
    made.one()
    agrees(store)
    restored(store, older)
    agrees(store)
    assert not len(overview.selected(store, None, filters.read("killed_best.is(99)")))


def test_a_forked_ledger_is_read_anew(copied: tuple[Store, Varied, Path]) -> None:
    """R20, R75: as long as it was, or longer, and of other links."""
    store, made, older = copied
    for writes in (1, 3):
        for _ in range(2):
            made.one(title="then")
        agrees(store)
        restored(store, older)
        for _ in range(writes):
            made.one(title="since")
        agrees(store)
        assert len(overview.selected(store, None, filters.read("title.is(then)"))) == 0
        assert len(overview.selected(store, None, filters.read("title.is(since)"))) == writes


def test_an_empty_record_has_empty_columns(store: Store) -> None:
    """R75: and one in which everything was withdrawn."""
    agrees(store)
    assert overview.selected(store, None, filters.read("unit.missing() or text.has(x)")).ids == []
    made = Varied(store)
    key = made.one()
    agrees(store)
    store.withdraw("incident", key, made.by, "entered twice")
    agrees(store)


def test_what_was_answered_is_not_kept_beyond_a_write(sqlite_store: Store, tmp_path: Path) -> None:
    """R75: an answer of an earlier link would keep all columns of then."""
    made = varied(sqlite_store, tmp_path, n=8)
    kept = []
    for number in range(6):
        found = overview.selected(sqlite_store, None, filters.read(f"killed_best.from({number})"))
        kept.append(weakref.ref(found.overview.columns))
        del found
        made.one()
    assert sum(one() is not None for one in kept) <= 2


def test_a_column_of_the_table_is_what_the_catalogue_says(sqlite_store: Store) -> None:
    """R75: whatever may be read of an incident is a column of its table."""
    with sqlite_store.reading() as connection:
        held = {column["name"] for column in sa.inspect(connection).get_columns("incident")}
    assert set(overview.columns._READ) <= held == set(table("incident").columns.keys())

"""Whatever the files, one after the other: every row is accounted for, the ledger verifies, the record says what they say."""

import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from taking import column, figures, take

from casualty import intake
from casualty.store import Store
from casualty.vocabulary import IntakeFormat

SOME = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FAULTY = "many"

Row = tuple[str, str]
Version = tuple[list[Row], bool]

ROWS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", "d", ""]), st.sampled_from(["0", "1", "2", "7", FAULTY])), max_size=6
)
VERSIONS = st.lists(st.tuples(ROWS, st.booleans()), min_size=1, max_size=4)
PEOPLE = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["X", "Y", "Z", ""]), st.sampled_from(["20", "30", "40"]), st.booleans()),
    max_size=7, unique_by=lambda row: row[0],
)  # fmt: skip


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database made once and copied for each example."""
    path = tmp_path_factory.mktemp("empty") / "record.db"
    Store.create(path).close()
    return path


@contextmanager
def copied(empty: Path) -> Iterator[tuple[Store, Path]]:
    with TemporaryDirectory() as folder:
        shutil.copy(empty, Path(folder) / "record.db")
        store = Store.open(Path(folder) / "record.db")
        yield store, Path(folder)
        store.close()


def keyed(rows: list[Row]) -> list[tuple[tuple[str, int], str]]:
    """Give each row its key: its id, or all it says, and how many times that came before."""
    came: dict[str, int] = defaultdict(int)
    keys = []
    for name, best in rows:
        known_as = name or f"row {best}"
        keys.append(((known_as, came[known_as]), best))
        came[known_as] += 1
    return keys


def expected(
    held: dict[tuple[str, int], str], rows: list[Row], complete: bool
) -> tuple[dict[tuple[str, int], str], tuple[int, ...]]:
    """Return, the plain way, what is held after a file and the report's five figures."""
    after, file = dict(held), keyed(rows)
    good = [(key, best) for key, best in file if best != FAULTY]
    gone = [key for key in held if key not in dict(file)]
    recorded = sum(key not in held for key, _ in good)
    unchanged = sum(held.get(key) == best for key, best in good)
    after.update(good)
    nameless = any(not name and best == FAULTY for name, best in rows)
    if complete and not nameless:
        after = {key: best for key, best in after.items() if key not in gone}
    return after, (recorded, len(good) - recorded - unchanged, unchanged, len(rows) - len(good), len(gone))


def held_best(store: Store) -> list[int]:
    return sorted(column(store, "SELECT killed_best FROM incident WHERE withdrawn_at IS NULL"))


CELLS = st.sampled_from(
    ["", "1", "2020-01-01", "unknown", "-1", "1e9", "Anna", "33.5", "0", "\x00", '"', "a\nb", " ", "181"]
) | st.text(max_size=6)
WILD = st.lists(st.lists(CELLS, max_size=14).map(",".join), max_size=6).map("\n".join)
WILD_HEADER = "id,date,lat,lon,low,best,high,name,age,sex,race,actor,source_original\n"


@SOME
@given(text=WILD)
def test_whatever_stands_in_the_cells(empty: Path, text: str) -> None:
    """R16, R94: every row is recorded or refused with a mend, never half, and read again it is as it was."""
    with copied(empty) as (store, folder):
        content = (WILD_HEADER + text).encode("utf-8", "replace")
        report = take(store, folder, content, format=IntakeFormat.VICTIMS)
        assert (report.amended, report.unchanged, report.vanished) == (0, 0, 0)
        assert {fault.row for fault in report.faults} <= set(range(1, report.read + 1))
        assert len({fault.row for fault in report.faults}) == report.refused
        assert all(fault.fault and fault.mend for fault in report.faults)
        again = take(store, folder, content, format=IntakeFormat.VICTIMS)
        assert figures(again) == (0, 0, report.recorded, report.refused, 0)


@SOME
@given(versions=VERSIONS)
def test_any_versions_of_a_file(empty: Path, versions: list[Version]) -> None:
    """R20, R29, R94: read = recorded + amended + unchanged + refused; what is held is what the plain way says."""
    with copied(empty) as (store, folder):
        held: dict[tuple[str, int], str] = {}
        for rows, complete in versions:
            text = "id,date,best\n" + "".join(f"{name},2020-01-01,{best}\n" for name, best in rows)
            held, told = expected(held, rows, complete)
            dry = take(store, folder, text, complete=complete, dry_run=True)
            report = take(store, folder, text, complete=complete)
            assert figures(report) == figures(dry) == told
            assert held_best(store) == sorted(map(int, held.values()))
            assert figures(take(store, folder, text))[:3] == (0, 0, told[0] + told[1] + told[2])


@SOME
@given(versions=VERSIONS)
def test_batches_taken_back_from_the_last_to_the_first_leave_nothing(empty: Path, versions: list[Version]) -> None:
    """R20: each step back is the state before that batch, and the ledger tells of all of it."""
    with copied(empty) as (store, folder):
        by, states = store.local("tester"), [held_best(store)]
        for rows, complete in versions:
            text = "id,date,best\n" + "".join(f"{name},2020-01-01,{best}\n" for name, best in rows)
            if take(store, folder, text, complete=complete).batch is not None:
                states.append(held_best(store))
        for number in range(len(states) - 1, 0, -1):
            done = intake.withdraw_batch(store, number, by, "step back")
            assert done["left"] == 0
            assert held_best(store) == states[number - 1]
            store.verify()


@SOME
@given(versions=st.lists(PEOPLE, min_size=1, max_size=4))
def test_any_versions_of_a_list_of_victims(empty: Path, versions: list[list[tuple[str, str, str, bool]]]) -> None:
    """R09, R94: each person once, with those the file names together, with the age it gives, and always the same code."""
    with copied(empty) as (store, folder):
        codes: dict[str, str] = {}
        for people in versions:
            lines = [
                f"{name},{where},2020-01-01,{name.upper()},{age if good else -1},{'' if good else 'x'}\n"
                for name, where, age, good in people
            ]
            text = "victim_id,incident_id,date,name,age,lat\n" + "".join(lines)
            report = take(store, folder, text, complete=True)
            assert report.refused == sum(not good for *_, good in people)
            found = store.rows(
                sa.text(
                    "SELECT n.name, v.age_years, v.code, i.id FROM victim v JOIN victim_name n ON n.victim_id = v.id"
                    " JOIN incident i ON i.id = v.incident_id WHERE i.withdrawn_at IS NULL"
                )
            )
            good_ones = {name.upper(): (where, float(age)) for name, where, age, good in people if good}
            assert len(found) == len({row.name for row in found})
            assert {row.name: row.age_years for row in found if row.name in good_ones} == {
                name: age for name, (_, age) in good_ones.items()
            }
            refused = {name.upper() for name, *_, good in people if not good}
            assert {row.name for row in found} - refused == set(good_ones)
            for one in found:
                for other in found:
                    if {one.name, other.name} <= good_ones.keys() and one.name != other.name:
                        same = good_ones[one.name][0] == good_ones[other.name][0] != ""
                        assert (one.id == other.id) == same, (one.name, other.name)
            now = {row.name: row.code for row in found}
            assert len(set(now.values())) == len(now)
            assert all(codes.get(code, name) == name for name, code in now.items())
            codes |= {code: name for name, code in now.items()}

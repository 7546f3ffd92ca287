"""Analyses kept: asked again they give the same bytes, or it is told why not; what of them leaves the house (R20, R63, R88)."""

import csv
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from whole import analysis, incident, references

from casualty import release, runs
from casualty.access import Acting
from casualty.cli import run as casualty
from casualty.errors import CheckFailed, InvalidRecords, NotFound, Refused
from casualty.patterns.events import Events
from casualty.schema import ConsentFields, DimensionFields
from casualty.store import Store
from casualty.vocabulary import Tier

pytestmark = pytest.mark.usefixtures("quick_hashes")

RESULT: dict[str, Any] = {
    "method": "hotspots", "question": "Where?", "n": 2, "left_out": {"no point": 1}, "sentence": "Nothing stands out.",
    "rows": [{"area": "محافظة", "observed": 3, "expected": 1.5, "p": 0.25, "alarm": False}], "caveats": [],
}  # fmt: skip
PARAMETERS = {"dimension": "faith", "group": "north", "distance_m": [100.0, 200.0], "kind": "gi*"}


def events(n: int = 3, **changed: Any) -> Events:
    """Return a small table of incidents."""
    count = np.arange(float(n))
    made: dict[str, Any] = {
        "ids": tuple(f"I-{i}" for i in range(n)), "x": count * 1000, "y": count * 500, "day": 19000 + count,
        "day_span": np.stack([19000 + count, 19001 + count], axis=1), "spread_m": np.full(n, np.nan),
        "place_precision": np.ones(n), "date_precision": np.ones(n), "groups": ("north", "south"),
        "mix": np.tile([0.5, 0.5], (n, 1)), "victims": np.ones((n, 3)), "reported": np.full(n, np.nan),
        "area": ("A",) * n, "tier": ("verified",) * n, "sources": (frozenset({"s1", "s2"}),) * n,
        "actors": (frozenset(),) * n, "acts": (frozenset(),) * n, "means": (frozenset(),) * n, "place_type": (None,) * n,
    }  # fmt: skip
    return Events(**made | changed)


@pytest.fixture
def ids(store: Store, by: Acting) -> dict[str, str]:
    """References, the dimension `faith` with the group `north` among them."""
    return references(store, by)


def kept(store: Store, by: Acting, **other: Any) -> str:
    """Keep a run and return its code."""
    given = {"method": "hotspots", "question": "Where?", "parameters": PARAMETERS, "seed": 7, "result": RESULT}
    return runs.keep(store, by, **given | {"data_sha256": runs.digest(events())} | other)


def asking(
    table: Events, answer: Mapping[str, Any]
) -> Callable[[str, Mapping[str, Any]], tuple[str, Mapping[str, Any]]]:
    return lambda method, parameters: (runs.digest(table), answer)


# Keeping --------------------------------------------------------------------------------------------------------------


def test_a_run_is_kept_as_it_was_asked_and_answered(store: Store, by: Acting, ids: dict[str, str]) -> None:
    """R88: question, choices, data, program and answer; with a revision in the ledger, which verifies."""
    before = store.head().hash
    code = kept(store, by)
    run = runs.shown(store, code.lower())
    assert (run.code, run.method, run.question, run.seed) == (code, "hotspots", "Where?", 7)
    assert (run.dimension, run.group, run.by, run.ledger_head) == ("faith", "north", by.name, before)
    assert (run.parameters, run.result) == (PARAMETERS, RESULT)
    assert run.result_sha256 == hashlib.sha256(runs.canonical(RESULT).encode()).hexdigest()
    assert run.versions.keys() == {"python", "platform", "numpy", "scipy", "casualty", "kernel", "methods"}
    assert [one.code for one in runs.listed(store)] == [code]
    assert json.loads(json.dumps(run.as_json(), allow_nan=False))["result"] == RESULT
    (revision,) = store.history("analysis_run", store.rows(sa.text("SELECT id FROM analysis_run"))[0].id)
    assert (revision.actor, revision.operation) == (by.name, "record")
    store.verify()


def test_a_run_without_a_group_or_a_seed_is_kept(store: Store, by: Acting, ids: dict[str, str]) -> None:
    """R88: not every question has a dimension, a group or chance in it; a seed may be wider than a database's number."""
    for parameters, seed, found in (({}, None, (None, None)), ({"dimension": "Faith"}, 2**64, ("faith", None))):
        run = runs.shown(store, kept(store, by, parameters=parameters, seed=seed))
        assert ((run.dimension, run.group), run.seed) == (found, seed)


def test_what_is_not_in_use_is_not_asked_about(store: Store, by: Acting, ids: dict[str, str]) -> None:
    """R41: neither an unknown dimension nor another one's group."""
    for parameters in ({"dimension": "none"}, {"dimension": "faith", "group": "none"}):
        before = store.head()
        with pytest.raises(NotFound, match="none"):
            kept(store, by, parameters=parameters)
        assert store.head() == before


def test_a_number_that_is_none_is_kept_as_null(store: Store, by: Acting, ids: dict[str, str]) -> None:
    """R88: strict JSON, whatever computed it."""
    result = {"rows": [{"ratio": np.float64("inf"), "p": float("nan"), "n": np.int64(3)}]}
    assert runs.shown(store, kept(store, by, result=result)).result == {"rows": [{"ratio": None, "p": None, "n": 3}]}


def test_a_run_is_never_amended_but_may_be_taken_back(store: Store, by: Acting, ids: dict[str, str]) -> None:
    """R20: another seed is another run; a run that was taken back says so and why."""
    code = kept(store, by)
    key = store.rows(sa.text("SELECT id FROM analysis_run"))[0].id
    with pytest.raises(InvalidRecords) as told:
        store.amend("analysis_run", key, analysis(question="Another"), expected=1, by=by)
    assert {"question", "result", "parameters"} <= {fault.field for fault in told.value.faults}
    store.withdraw("analysis_run", key, by, "wrong denominators")
    assert runs.shown(store, code).withdrawn == "wrong denominators"
    store.verify()


def test_an_answer_that_is_not_the_one_of_its_hash_is_refused(store: Store, by: Acting, ids: dict[str, str]) -> None:
    """R20: neither kept nor shown."""
    with pytest.raises(InvalidRecords, match="kept") as told:
        store.record("analysis_run", analysis(result_sha256="0" * 64), by)
    assert [fault.field for fault in told.value.faults] == ["result_sha256"]
    code = kept(store, by)
    with store.writing(by) as writer:
        writer.connection.execute(sa.text("UPDATE analysis_run SET result = '{}'"))
    with pytest.raises(CheckFailed, match=code):
        runs.shown(store, code)


@pytest.mark.parametrize("code", ["", "none", "\x00", "\udc80", "x" * 10_000, "' OR 1=1 --"])
def test_what_is_not_held_is_not_found(store: Store, code: str) -> None:
    """R75: whatever is typed."""
    with pytest.raises(NotFound):
        runs.shown(store, code)


def test_who_sees_a_part_sees_no_run(store: Store, accounts: dict[str, Acting]) -> None:
    """R75: a run tells of every incident of the record; recorders keep none."""
    first = accounts["administrator"]
    situation = references(store, first)["situation"]
    code = kept(store, accounts["analyst"])
    with pytest.raises(Refused):
        kept(store, accounts["recorder"])
    assert runs.shown(store, code, by=accounts["reviewer"]).code == code
    store.clear("analyst", situation, first, "works there")
    with pytest.raises(Refused, match="whole record"):
        kept(store, accounts["analyst"])
    assert runs.listed(store, by=accounts["analyst"]) == []
    key = store.rows(sa.text("SELECT id FROM analysis_run"))[0].id
    for look in (
        lambda: runs.shown(store, code, by=accounts["analyst"]),
        lambda: runs.rerun(store, code, asking(events(), RESULT), by=accounts["analyst"]),
        lambda: store.current("analysis_run", key, by=accounts["analyst"]),
        lambda: store.history("analysis_run", key, by=accounts["analyst"]),
    ):
        with pytest.raises(NotFound):
            look()


# Asked again ----------------------------------------------------------------------------------------------------------


def test_the_same_question_gives_the_same_bytes(store: Store, by: Acting, ids: dict[str, str]) -> None:
    """R88: the method, all that was chosen and the seed are asked again, and nothing is kept of it."""
    code, asked = kept(store, by), []

    def ask(method: str, parameters: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        asked.append((method, dict(parameters)))
        return runs.digest(events()), dict(reversed(RESULT.items()))

    before = store.head()
    again = runs.rerun(store, code, ask)
    assert asked == [("hotspots", {**PARAMETERS, "seed": 7})]
    assert (again.same, again.same_data, again.program, again.differences) == (True, True, (), ())
    assert again.sentence == f"{code} gives the same answer, byte for byte."
    assert store.head() == before


OTHER = {**RESULT, "rows": [{**RESULT["rows"][0], "p": 0.5}], "n": 3}
LONGER = {**RESULT, "rows": [*RESULT["rows"], *RESULT["rows"]]}
TOLD = [
    # table       answer  program  what is told
    (events(4),   RESULT, False, "although the incidents asked are not the same"),
    (events(4),   OTHER,  False, "incidents asked are not the same as then"),
    (events(4),   OTHER,  True,  "incidents asked are not the same as then"),
    (events(),    OTHER,  True,  "by another program: numpy 0, now "),
    (events(),    OTHER,  False, "one of both is wrong"),
    (events(),    LONGER, False, "one of both is wrong"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "answer", "other", "said"), TOLD)
def test_what_has_changed_is_told(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch, table: Events, answer: dict[str, Any], other: bool, said: str
) -> None:
    """R88: the data, the program, or neither, which must not be; and where the answers differ."""
    by = sqlite_store.local("tester")
    references(sqlite_store, by)
    with monkeypatch.context() as patched:
        if other:
            patched.setattr(runs, "versions", lambda: {**VERSIONS, "numpy": "0"})
        code = kept(sqlite_store, by)
    again = runs.rerun(sqlite_store, code, asking(table, answer))
    assert said in again.sentence
    assert again.same == (answer is RESULT)
    places = {id(OTHER): ("n: 2, now 3", "rows[0].p: 0.25, now 0.5"), id(LONGER): ("rows: 1 entries, now 2",)}
    assert again.differences == places.get(id(answer), ())
    assert json.dumps(again.as_json(), allow_nan=False)


VERSIONS = runs.versions()


# The hash of the data -------------------------------------------------------------------------------------------------


CHANGES: list[tuple[str, Callable[[Events], Any]]] = [
    ("ids", lambda e: ("J", *e.ids[1:])), ("x", lambda e: e.x + 0.01), ("y", lambda e: np.full(3, np.nan)),
    ("day", lambda e: e.day + 1), ("day_span", lambda e: e.day_span + 1), ("spread_m", lambda e: np.zeros(3)),
    ("place_precision", lambda e: e.place_precision + 1), ("date_precision", lambda e: e.date_precision + 1),
    ("groups", lambda e: ("north", "east")), ("mix", lambda e: e.mix + 0.25), ("victims", lambda e: e.victims + 1),
    ("reported", lambda e: np.ones(3)), ("area", lambda e: ("A", None, "A")), ("tier", lambda e: ("other",) * 3),
    ("sources", lambda e: (frozenset({"s1"}),) * 3), ("actors", lambda e: (frozenset({"a"}),) * 3),
    ("acts", lambda e: (frozenset({"a"}),) * 3), ("means", lambda e: (frozenset({"a"}),) * 3),
    ("place_type", lambda e: ("road",) * 3), ("degrees", lambda e: True), ("left_out", lambda e: {"no date": 1}),
]  # fmt: skip


def test_every_column_counts() -> None:
    """R88: a hash that overlooks a column would call changed data the same."""
    assert {name for name, _ in CHANGES} == set(Events.__dataclass_fields__)
    found = {runs.digest(replace(events(), **{name: change(events())})) for name, change in CHANGES}
    assert len(found | {runs.digest(events())}) == len(CHANGES) + 1


def test_the_hash_is_of_the_values_and_not_of_how_they_are_held() -> None:
    """R88: neither a set's order, nor the sign of a zero, nor a tenth of a millimetre, nor how NaN is written counts."""
    first = runs.digest(events())
    alike = events(
        x=events().x + np.array([-0.0, 1e-4, -1e-4]), day=np.array([19000, 19001, 19002]), spread_m=-np.full(3, np.nan),
        sources=tuple(frozenset(reversed(["s1", "s2"])) for _ in range(3)), left_out={},
    )  # fmt: skip
    assert runs.digest(alike) == first
    assert first.startswith("a1c174ab715aa3db")  # the way of writing is itself kept: else every run would seem changed
    assert runs.digest(events(), {"people": [1.0, float("nan")]}) != first


@given(order=st.permutations(range(3)))
def test_the_order_of_the_incidents_counts(order: list[int]) -> None:
    """R88: what is drawn by chance goes to the incidents in their order."""
    turned = events(ids=tuple(events().ids[i] for i in order))
    assert (runs.digest(turned) == runs.digest(events())) == (order == [0, 1, 2])


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS
DOCUMENTS = st.recursive(LEAVES, lambda one: st.lists(one, max_size=3) | st.dictionaries(WORDS, one, max_size=3))


@given(DOCUMENTS)
def test_canonical_json_says_the_same_in_one_way(value: Any) -> None:
    """R88: it can be read back, and what was read back is written alike."""
    text = runs.canonical(value)
    assert runs.canonical(json.loads(text)) == text


# Leaving the house ----------------------------------------------------------------------------------------------------


def sent(store: Store, by: Acting, out: Path) -> dict[str, str]:
    """Release to a commission and return the one run in the package, as its table has it."""
    bag = release.build(store, out, tier=Tier.COMMISSION, recipient="Commission", basis="Resolution", by=by).path
    release.verify(bag)
    with open(bag / "data/04_records/analysis_runs.csv", encoding="utf-8", newline="") as file:
        csv.field_size_limit(10**9)
        (row,) = csv.DictReader(file, strict=True)
    return row


def test_a_package_carries_the_runs(store: Store, by: Acting, ids: dict[str, str], tmp_path: Path) -> None:
    """R84, R88: with the answer's bytes, so that its hash can be taken again; the body is the one that was signed."""
    store.record("incident", incident(ids), by)
    code = kept(store, by, result={**RESULT, "rows": RESULT["rows"] * 5000})
    row = sent(store, by, tmp_path / "bag")
    assert (row["code"], row["withheld"]) == (code, "")
    assert hashlib.sha256(row["result"].encode()).hexdigest() == row["result_sha256"]
    assert json.loads(row["result"])["rows"][0]["area"] == "محافظة"
    bodies = (tmp_path / "bag/data/06_ledger/bodies.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["record_kind"] for line in bodies].count("analysis_run") == 1


ANSWER = {"data_sha256", "result", "result_sha256"}


def severe(store: Store, by: Acting, ids: dict[str, str]) -> None:
    store.record("incident", incident(ids, sensitivity="severe"), by)


def refused(store: Store, by: Acting, ids: dict[str, str]) -> None:
    victim = store.rows(sa.text("SELECT id FROM victim WHERE kind = 'person'"))[0].id
    store.record(
        "consent",
        ConsentFields(victim_id=victim, purpose="share_commission", value="refused", given_on="2024-06-01"),
        by,
    )


def taken_back(store: Store, by: Acting, ids: dict[str, str]) -> None:
    key = store.rows(sa.text("SELECT id FROM analysis_run"))[0].id
    store.withdraw("analysis_run", key, by, "wrong denominators")


@pytest.mark.parametrize(
    ("happens", "withheld"),
    [(severe, ANSWER), (refused, ANSWER), (taken_back, ANSWER | {"parameters", "question", "withdrawn_reason"})],
)
def test_an_answer_that_would_tell_what_is_withheld_stays(
    store: Store, by: Acting, ids: dict[str, str], tmp_path: Path, happens: Callable[..., None], withheld: set[str]
) -> None:
    """R60, R63: with the rest of the package and the hashes, what is kept back could be found by trying."""
    store.record("incident", incident(ids), by)
    code = kept(store, by)
    happens(store, by, ids)
    row = sent(store, by, tmp_path / "bag")
    assert row["code"] == code
    assert all(row[name] == "" for name in withheld)
    assert (row["seed"], row["method"]) == ("7", "hotspots")
    assert all(row[name] for name in ("versions", "ledger_head", "withheld"))
    told = (tmp_path / "bag/data/06_ledger/bodies.jsonl").read_text(encoding="utf-8")
    assert '"record_kind":"analysis_run"' not in told


def test_a_run_on_a_dimension_that_is_switched_off_stays(
    store: Store, by: Acting, ids: dict[str, str], tmp_path: Path
) -> None:
    """R41: the whole row."""
    store.record("incident", incident(ids), by)
    kept(store, by)
    rows = store.current("dimension", ids["dimension"])["dimension"][0]
    draft = {name: rows.get(name) for name in ("code", "label", "assessment")}
    store.amend(
        "dimension", ids["dimension"], DimensionFields.model_validate({**draft, "state": "off"}), expected=1, by=by
    )
    with pytest.raises(ValueError, match="not enough values"):
        sent(store, by, tmp_path / "bag")


# The commands ---------------------------------------------------------------------------------------------------------


def test_runs_are_listed_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R88: in words and as JSON; one that is not held is an error of its own."""
    path = str(tmp_path / "record.db")
    with_runs = Store.create(path)
    by = with_runs.local("tester")
    references(with_runs, by)
    assert casualty(["--db", path, "patterns", "runs"]) == 0
    assert "None kept yet" in capsys.readouterr().err
    code = kept(with_runs, by, question="Where?\x1b[2J")
    assert casualty(["--db", path, "patterns", "runs"]) == 0
    assert capsys.readouterr().out.startswith(f"{code}  ")
    assert casualty(["--db", path, "patterns", "runs", "--json"]) == 0
    assert [one["code"] for one in json.loads(capsys.readouterr().out)] == [code]
    assert casualty(["--db", path, "patterns", "run", code]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Nothing stands out.\n")
    assert "\x1b" not in shown
    assert casualty(["--db", path, "patterns", "run", code, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["result"] == RESULT
    assert casualty(["--db", path, "patterns", "run", code, "--figure", str(tmp_path / "x.svg")]) == 0
    assert (tmp_path / "x.svg").read_text(encoding="utf-8").startswith("<svg")
    assert casualty(["--db", path, "patterns", "run", "none"]) == NotFound.exit_code
    with_runs.close()

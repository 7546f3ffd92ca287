"""What the database itself refuses, whoever writes to it, and what a draft refuses before (raw SQL, both databases)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import ValidationError
from sqlmodel import SQLModel
from whole import database, incident, references, whole

from casualty.errors import CasualtyError, InvalidRecords
from casualty.ledger import GENESIS
from casualty.schema import ROOTS, AccountFields, IncidentDraft, IncidentFields, PopulationFields, SourceFields, table
from casualty.store import Store
from casualty.store.opening import engine_of, url_of
from casualty.vocabulary import GenocideGround, PersecutionGround, SourceKind


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def raw(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """An engine on a database with a row in every table; what a test does to it is rolled back."""
    target = database(request, tmp_path_factory, "raw")
    store = Store.create(target)
    whole(store)
    store.close()
    engine = engine_of(url_of(target))
    yield engine
    engine.dispose()


def refused(engine: sa.Engine, statement: str) -> str:
    """Run a statement that must fail, and return the database's words."""
    with engine.connect() as connection, connection.begin() as work:
        with pytest.raises(sa.exc.DatabaseError) as told:
            connection.exec_driver_sql(statement)
        work.rollback()
    return str(told.value.orig)


def accepted(engine: sa.Engine, statement: str) -> int:
    """Run a statement that must pass, take it back, and return how many rows it touched."""
    with engine.connect() as connection, connection.begin() as work:
        rows = connection.exec_driver_sql(statement).rowcount
        work.rollback()
    return rows


TRIPLES = [("incident", "killed", ""), ("incident", "injured", ""), ("incident", "missing", ""), ("claim", "killed", ""),
           ("claim", "injured", ""), ("victim", "count", " WHERE kind = 'group'")]  # fmt: skip
SIGNS = [
    (
        name,
        f"count_conflict = true, {prefix}_{part} = -1{where}",
        f"{prefix}_{part}_sign",
        f"{prefix}_{part} = NULL{where}",
    )
    for name, prefix, where in TRIPLES
    for part in ("low", "best", "high")
]
ORDERS = [
    (name, f"{figures}{where}", f"{prefix}_order", f"count_conflict = true, {figures}{where}")
    for name, prefix, where in TRIPLES
    for low, best, high in ((5, 4, 6), (1, 7, 6), (7, "NULL", 6), (9, 5, 1))
    for figures in (f"{prefix}_low = {low}, {prefix}_best = {best}, {prefix}_high = {high}",)
]
# The table, what of it is refused, the constraint that refuses it, and the like of it that is right.
OTHER = "(SELECT max(id) FROM incident)"
NOT_GONE = f" WHERE id <> {OTHER}"
GROUP, PERSON = " WHERE kind = 'group'", " WHERE kind = 'person'"
CHECKS = [
    *SIGNS,
    *ORDERS,
    ("victim", f"count_low = 2, count_best = 2, count_high = 2{PERSON}", "person_counts_one", f"count_high = 9{GROUP}"),
    ("victim", f"count_low = NULL{PERSON}", "person_counts_one", f"count_low = NULL{GROUP}"),
    ("victim", f"resolved_out_of = id{GROUP}", "only_persons_resolve", "resolved_out_of = NULL"),
    ("victim", "age_low = 40, age_high = 30", "age_order", "age_low = 30, age_high = 40"),
    ("victim", "age_years = 131", "age_range", "age_years = 130"),
    ("victim", "occupation = 'baker', occupation_missing = 'unknown'", "occupation_known", "occupation = 'baker'"),
    ("review", "reviewer = recorder", "second_person", "reviewer = 'another'"),
    ("review", "to_status = 'verified', standard_of_proof = 'not_stated'", "verified_standard",
     "to_status = 'verified', standard_of_proof = 'reasonable_grounds'"),
    ("review", "reasons = ''", "reasons_given", "reasons = 'Seen'"),
    ("incident", "date_end = '2024-05-01'", "date_order", "date_end = '2024-05-02'"),
    ("incident", "date_end = NULL", "date_span", "date_end = '9999-12-31'"),
    ("incident", "date_start = NULL, date_end = NULL", "date_known",
     "date_start = NULL, date_end = NULL, date_missing = 'unknown'"),
    ("incident", "date_missing = 'withheld'", "date_known", "date_missing = NULL"),
    ("incident", "date_precision = 0", "date_precision", "date_precision = 5"),
    ("incident", "place_precision = 8", "place_precision", "place_precision = 7"),
    ("incident", "lat = NULL", "lat_lon", "lat = NULL, lon = NULL"),
    ("incident", "lat = 90.1", "lat_range", "lat = -90"),
    ("incident", "lon = -180.1", "lon_range", "lon = 180"),
    ("incident", "uncertainty_m = -1", "uncertainty_sign", "uncertainty_m = 0"),
    ("incident", "place_missing = 'unknown'", "place_known",
     "lat = NULL, lon = NULL, place_as_reported = NULL, pcode = NULL, place_missing = 'unknown'"),
    ("incident", "lat = NULL, lon = NULL, place_as_reported = NULL, pcode = NULL", "place_known", "place_as_reported = NULL"),
    ("incident", "clarity = 3", "clarity_code", "clarity = 2"),
    ("incident", f"status = 'duplicate'{NOT_GONE}", "merge_status", f"status = 'duplicate', merged_into_id = {OTHER}{NOT_GONE}"),
    ("incident", f"merged_into_id = {OTHER}{NOT_GONE}", "merge_status", "merged_into_id = NULL"),
    ("incident", f"status = 'duplicate', merged_into_id = id{NOT_GONE}", "merge_self", f"status = 'verified'{NOT_GONE}"),
    ("incident", f"status = 'withdrawn'{NOT_GONE}", "withdrawn_status", f"status = 'refuted'{NOT_GONE}"),
    ("claim", "standing = 'gone'", "standing_terms", "standing = 'superseded'"),
    ("claim", "dataset = 'ged'", "intake_key", "dataset = NULL"),
    ("involvement", "actor_id = NULL, actor_missing = NULL", "actor_known", "actor_id = NULL, actor_missing = 'withheld'"),
    ("involvement", "actor_id = (SELECT id FROM actor), actor_missing = 'unknown'", "actor_known",
     "actor_id = (SELECT id FROM actor), actor_missing = NULL"),
    ("attribution", "group_id = NULL", "group_known", "group_id = NULL, group_missing = 'unknown'"),
    ("attribution", "group_missing = 'unknown'", "group_known", "confidence = 'low'"),
    ("dimension", "assessment = NULL", "assessment_first", "assessment = NULL, state = 'imported'"),
    ("dimension", "assessment = ''", "assessment_first", "assessment = '', state = 'off'"),
    ("dimension", "genocide_ground = 'political'", "genocide_ground", "persecution_ground = 'political'"),
    ("dimension", "genocide_ground = 'gender'", "genocide_ground", "persecution_ground = 'gender'"),
    ("dimension", "persecution_ground = 'ethnical'", "persecution_ground", "genocide_ground = 'ethnical'"),
    ("situation", "classified_by = NULL", "classified_by_whom", "classified_by = NULL, kind = 'not_assessed'"),
    ("situation", "date_start = '2024-01-02', date_end = '2024-01-01'", "date_order", "date_start = '2024-01-02'"),
    ("identity_group", "parent_id = id", "parent_self", "parent_id = NULL"),
    ("identity_group", "valid_from = '2024-01-02', valid_to = '2024-01-01'", "validity", "valid_to = '2024-01-01'"),
    ("actor", "parent_id = id", "parent_self", "parent_id = NULL"),
    ("document", "sha256 = 'abc'", "sha256_length", "sha256 = NULL"),
    ("admin_unit", "level = 7", "level_range", "level = 6"),
    ("admin_unit", "lat = NULL", "lat_lon", "lat = NULL, lon = NULL"),
    ("admin_unit", "lat = 91", "lat_range", "lat = 90"),
    ("admin_unit", "lon = 181", "lon_range", "lon = -180"),
    ("admin_unit", "valid_from = '2024-01-02', valid_to = '2024-01-01'", "validity", "valid_to = '2024-01-01'"),
    ("population", "number = -0.5", "number_sign", "number = 0"),
    ("population", "group_id = (SELECT id FROM identity_group)", "group_dimension",
     "dimension_id = (SELECT id FROM dimension), group_id = (SELECT id FROM identity_group)"),
    ("consent", "source_id = NULL", "subject_named", "source_id = NULL, document_id = (SELECT id FROM document)"),
    ("consent", "value = 'not_required'", "basis_named", "value = 'not_required', basis = 'law'"),
    ("batch", "read = 2", "rows_add_up", "read = 2, refused = 1"),
    ("release", "basis = ''", "recipient_basis", "basis = 'a law'"),
    ("release_request", "recipient = ''", "recipient_basis", "recipient = 'an archive'"),
    ("release_request", "answer = 'granted'", "answered",
     "answer = 'refused', answered_by = 'keeper', answered_at = '2024-07-01', answer_reasons = 'No basis'"),
    ("release_request", "answer = 'granted', answered_by = recorded_by, answered_at = '2024-07-01'", "second_person",
     "answer = 'granted', answered_by = 'somebody else', answered_at = '2024-07-01'"),
    ("deployment", "minimum_origins = 0", "minimum_origins_sign", "minimum_origins = 3"),
    ("ledger_head", "id = 2", "one_row", "id = 1"),
    ("named_place", "lat = 91", "lat_range", "lat = 90"),
    ("named_place", "lon = 181", "lon_range", "lon = -180"),
    ("named_place", "uncertainty_m = -1", "uncertainty_sign", "uncertainty_m = 0"),
    ("correction", "answer = 'declined'", "answer_reasoned",
     "answer = 'declined', answer_reasons = 'No source says so', answered_on = '2024-07-01'"),
    ("correction", "answered_on = '2024-07-01'", "answer_reasoned", "answered_on = NULL"),
    ("correction", "wanted = ''", "wanted_stated", "wanted = 'The name'"),
    ("coding_sample", "population = 0", "population_sign", "population = 1"),
    ("coding", "date_precision = 6", "date_precision", "date_precision = 1"),
    ("coding", "place_precision = 0", "place_precision", "place_precision = 7"),
    ("coding", "killed_best = -1", "killed_best_sign", "killed_best = 0"),
    ("pairing", "other_id = victim_id", "two_rows", "verdict = 'same'"),
    ("pairing", "reasons = ''", "reasons_given", "reasons = 'One man'"),
    ("analysis_run", "result_sha256 = ''", "hashes_whole", "result = '{}'"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "wrong", "check", "right"), CHECKS)
def test_the_database_refuses(raw: sa.Engine, name: str, wrong: str, check: str, right: str) -> None:
    """R08, R12, R13, R32, R33, R36, R39, R42, R43, R58: each CHECK, by raw SQL; and the like of it that is right."""
    assert f"ck_{name}_{check}" in refused(raw, f"UPDATE {name} SET {wrong}")
    assert accepted(raw, f"UPDATE {name} SET {right}") > 0


def test_every_check_is_tried() -> None:
    """R102: a CHECK that no test breaks could be one that holds nothing."""
    words = {f"ck_{name}_{column.type.name}" for name, part in SQLModel.metadata.tables.items()
             for column in part.columns if isinstance(column.type, sa.Enum)}  # fmt: skip
    roots = {f"ck_{kind}_{check}" for kind in ROOTS for check in ("version_sign", "withdrawal")}
    declared = {str(c.name) for part in SQLModel.metadata.tables.values() for c in part.constraints
                if isinstance(c, sa.CheckConstraint)}  # fmt: skip
    assert {f"ck_{name}_{check}" for name, _, check, _ in CHECKS} >= declared - words - roots


ENUMS = [(name, column.name) for name, part in SQLModel.metadata.tables.items() for column in part.columns
         if isinstance(column.type, sa.Enum)]  # fmt: skip


@pytest.mark.parametrize(("name", "column"), ENUMS)
def test_only_the_words_of_a_scheme_are_kept(raw: sa.Engine, name: str, column: str) -> None:
    """R25, R26, R43: no column of fixed terms takes another word; the ledger's takes no change at all."""
    told = refused(raw, f"UPDATE {name} SET {column} = 'otherwise'")
    assert ("insert-only" if name == "revision" else f"ck_{name}_") in told


@pytest.mark.parametrize("kind", ROOTS)
def test_every_root_holds_its_version_and_its_withdrawal(raw: sa.Engine, kind: str) -> None:
    """R20: a version counts from 1; a withdrawal names its time, its author and its reason, or there is none."""
    where = NOT_GONE if kind == "incident" else ""
    assert f"ck_{kind}_version_sign" in refused(raw, f"UPDATE {kind} SET version = 0")
    for column in ("withdrawn_at", "withdrawn_by", "withdrawn_reason"):
        assert f"ck_{kind}_" in refused(raw, f"UPDATE {kind} SET {column} = 'x'{where}")
    marks = "withdrawn_at = 'x', withdrawn_by = 'x', withdrawn_reason = 'x'" + (
        ", status = 'withdrawn'" if where else ""
    )
    assert accepted(raw, f"UPDATE {kind} SET {marks}") > 0


FOREIGN = [(name, column.name) for name, part in SQLModel.metadata.tables.items() for column in part.columns
           if column.foreign_keys and name != "revision_body"]  # fmt: skip


@pytest.mark.parametrize(("name", "column"), FOREIGN)
def test_foreign_keys_are_on(raw: sa.Engine, name: str, column: str) -> None:
    """R16, R39: nothing points at what is not there."""
    others = {"attribution.group_id": ", group_missing = NULL", "population.group_id": ", dimension_id = (SELECT id FROM dimension)",
              "population.dimension_id": ", group_id = (SELECT id FROM identity_group)",
              "involvement.actor_id": ", actor_missing = NULL", "incident.merged_into_id": ", status = 'duplicate'",
              "claim.batch_id": ", dataset = 'x', external_id = id, occurrence = 0, row_number = 1, digest = 'x'"}  # fmt: skip
    where = {"incident": NOT_GONE, "victim": PERSON}.get(name, "")
    if (name, column) == ("claim", "batch_id"):
        where = " WHERE id = (SELECT max(id) FROM claim)"
    told = refused(raw, f"UPDATE {name} SET {column} = 'nobody'{others.get(f'{name}.{column}', '')}{where}").lower()
    assert "foreign key" in told


def test_one_name_is_one_record(raw: sa.Engine) -> None:
    """R94: a row of a data set stands once as current; superseded ones may stand beside it."""
    key = "dataset = 'x', external_id = '1', occurrence = 0, row_number = 1, digest = 'x', batch_id = (SELECT id FROM batch)"
    assert "uni" in refused(raw, f"UPDATE claim SET {key}").lower()
    assert accepted(raw, f"UPDATE claim SET standing = 'superseded', {key}") > 1


COLUMNS = ", ".join(column.name for column in table("revision").columns)
REWRITES = [
    "UPDATE revision SET reason = 'other'",
    f"UPDATE revision SET hash = '{GENESIS}' WHERE seq = 1",
    "DELETE FROM revision",
    "DELETE FROM revision WHERE seq = (SELECT max(seq) FROM revision)",
    f"INSERT INTO revision ({COLUMNS}) SELECT {COLUMNS} FROM revision WHERE seq = 1",
    "UPDATE revision_body SET salt = 'other'",
    "UPDATE revision_body SET after = NULL WHERE seq = 1",
    "DELETE FROM revision_body",
    "INSERT INTO revision_body (seq, salt) VALUES (1, 'x')",
]
SQLITE_REWRITES = [
    f"INSERT OR REPLACE INTO revision ({COLUMNS}) SELECT {COLUMNS} FROM revision WHERE seq = 1",
    "REPLACE INTO revision_body (seq, salt) VALUES (1, 'x')",
    "UPDATE OR REPLACE revision SET seq = 1 WHERE seq = 2",
    "INSERT INTO revision_body (seq, salt) VALUES (1, 'x') ON CONFLICT (seq) DO UPDATE SET salt = 'x'",
]
POSTGRESQL_REWRITES = [
    "TRUNCATE revision CASCADE",
    "TRUNCATE revision_body",
    "INSERT INTO revision_body (seq, salt) VALUES (1, 'x') ON CONFLICT (seq) DO UPDATE SET salt = 'x'",
]


def test_the_ledger_is_insert_only(raw: sa.Engine) -> None:
    """R20, R21: the database itself refuses every way of rewriting a link or a body."""
    more = SQLITE_REWRITES if raw.dialect.name == "sqlite" else POSTGRESQL_REWRITES
    for statement in (*REWRITES, *more):
        told = refused(raw, statement)
        assert any(word in told for word in ("insert-only", "only by an erasure", "duplicate key")), statement


def test_a_body_leaves_only_after_its_erasure(raw: sa.Engine) -> None:
    """R99: an erasure in the chain opens the door for the earlier bodies of that record, and for no other."""
    link = f"'at', 'x', 'incident', (SELECT record_id FROM revision WHERE seq = {{}}), 'erase', 'order', NULL, '{GENESIS}', '{GENESIS}'"
    insert = f"INSERT INTO revision ({COLUMNS}) SELECT max(seq) + 1, {link} FROM revision"
    with raw.connect() as connection, connection.begin() as work:
        seq = connection.exec_driver_sql("SELECT min(seq) FROM revision WHERE record_kind = 'incident'").scalar_one()
        connection.exec_driver_sql(insert.format(seq))
        assert connection.exec_driver_sql(f"DELETE FROM revision_body WHERE seq = {seq}").rowcount == 1
        with pytest.raises(sa.exc.DatabaseError, match="only by an erasure"):
            connection.exec_driver_sql(f"DELETE FROM revision_body WHERE seq = {seq - 1}")
        work.rollback()


# Drafts --------------------------------------------------------------------------------------------------------------

BAD = [
    (IncidentFields, "killed_best", -1), (IncidentFields, "killed_best", 2**31), (IncidentFields, "killed_low", 2**70),
    (IncidentFields, "missing_high", 1.5), (IncidentFields, "lat", float("nan")), (IncidentFields, "lat", float("inf")),
    (IncidentFields, "lon", 180.5), (IncidentFields, "uncertainty_m", float("inf")), (IncidentFields, "uncertainty_m", -1),
    (IncidentFields, "date_precision", 6), (IncidentFields, "place_precision", 0), (IncidentFields, "date_start", "0000-01-01"),
    (IncidentFields, "date_start", "10000-01-01"), (IncidentFields, "date_start", "2023-02-29"),
    (IncidentFields, "title", "x" * 301), (IncidentFields, "title", "half \ud800 a pair"),
    (IncidentFields, "incident_type", "terror"), (IncidentFields, "date_missing", "refused"),
    (PopulationFields, "number", float("nan")), (PopulationFields, "year", 0), (PopulationFields, "number", float("inf")),
    (SourceFields, "name", ""), (SourceFields, "name", "   "), (SourceFields, "name", "x" * 301),
    (AccountFields, "name", "two words"), (AccountFields, "name", "local:anna"), (AccountFields, "name", ""),
]  # fmt: skip


@pytest.mark.parametrize(("model", "field", "value"), BAD)
def test_a_draft_refuses(model: type[SQLModel], field: str, value: Any) -> None:
    """R08, R25, R32, R36: what no record can hold is refused under its own name."""
    with pytest.raises(ValidationError) as told:
        model.model_validate({field: value})
    assert (field,) in [error["loc"] for error in told.value.errors()]


def test_unknown_fields_are_refused() -> None:
    """R16: a value under a mistyped name is not dropped in silence."""
    with pytest.raises(ValidationError, match="Extra inputs"):
        IncidentFields.model_validate({"killed": 3})


def test_grounds_are_two_vocabularies() -> None:
    """R43: political groups are a ground of persecution, and none of the four of the Convention."""
    assert {ground.value for ground in GenocideGround} == {"national", "ethnical", "racial", "religious"}
    assert "political" in set(PersecutionGround)


EDGES = [
    {"date_start": "0001-01-01", "date_end": "0001-12-31"},
    {"date_start": "2024-01-01", "date_end": "9999-12-31"},
    {"lat": -0.0, "lon": -0.0},
    {"lat": 0, "lon": 180},
    {"lat": -90.0, "lon": -180.0},
    {"lat": 1e-300, "lon": 1 / 3, "uncertainty_m": 1e300, "place_precision": 6},
    {"killed_low": 0, "killed_best": 2**31 - 1, "killed_high": 2**31 - 1},
    {
        "title": "  ",
        "place_as_reported": "",
        "country": "",
        "pcode": "",
        "place_missing": "unknown",
        "lat": None,
        "lon": None,
    },
    {"narrative_public": "خبر\n\u2028\U0001f56f \\u0000 \"'; DROP TABLE incident; --", "title": "x" * 300},
    {"place_as_reported": "\u0e01" * 1000, "narrative_restricted": "y" * 200_000},
]


@pytest.fixture
def edges(store: Store) -> tuple[Store, dict[str, str]]:
    return store, references(store, store.local("tester"))


def test_what_stands_at_the_edge_is_kept_to_the_letter(edges: tuple[Store, dict[str, str]]) -> None:
    """R20, R23, R32: extreme dates, numbers and texts come back as stated, and the ledger agrees with the rows."""
    store, ids = edges
    for fields in EDGES:
        draft = incident(ids, **fields, victims=[])
        saved = store.record("incident", draft, store.local("tester"))
        held, _ = store.draft(saved.id)
        for name in fields:
            assert getattr(held, name) == (
                getattr(draft, name) or None if isinstance(fields[name], str) else getattr(draft, name)
            ), name
    store.verify()


STRANGE = ["nul \x00 inside", "\x00"]


@pytest.mark.parametrize("text", STRANGE)
def test_texts_that_no_database_keeps_are_refused_by_name(edges: tuple[Store, dict[str, str]], text: str) -> None:
    """R23: a NUL is refused in every field, child and reason, with the field's name, and nothing is written."""
    store, ids = edges
    by = store.local("tester")
    person = {"names": [{"name": f"A{text}"}], "described_as": text}
    before = store.head()
    for draft, field in (
        (incident(ids, title=text), "incident.title"),
        (incident(ids, victims=[person]), "victim_name.name"),
        (incident(ids, claims=[{"document_id": ids["document"], "stated": text}]), "claim.stated"),
    ):
        with pytest.raises(InvalidRecords) as told:
            store.record("incident", draft, by)
        assert field in [fault.field for fault in told.value.faults]
    for name in (f"A{text}", "A\ud800"):
        with pytest.raises(CasualtyError):
            store.record(
                "source", SourceFields.model_construct(name=name, kind="media", reliability=None, affiliation=None), by
            )
    for reason in (text, "half \udc80"):
        with pytest.raises(InvalidRecords, match="cannot be saved"):
            store.record("source", SourceFields(name="Paper"), by, reason)
    assert store.head() == before
    store.verify()


def test_bulk_work_is_told_too(store: Store) -> None:
    """R23: what no model validated goes through the same door, and nothing is written."""
    fields = {"kind": SourceKind.MEDIA, "reliability": None, "affiliation": None}
    by = store.local("tester")
    for name, field in (("nul \x00", ["source.name"]), ("half \ud800", [])):
        with pytest.raises(InvalidRecords) as told, store.writing(by) as writer:
            writer.record("source", SourceFields.model_construct(name=name, **fields))
        assert [fault.field for fault in told.value.faults] == field
    assert store.head().seq == 1


def test_what_was_set_on_a_draft_later_is_validated_too(edges: tuple[Store, dict[str, str]]) -> None:
    """R08: assignment goes round a model's validation; the store does not."""
    store, ids = edges
    for field, value in (
        ("title", "x" * 301),
        ("killed_best", 2**40),
        ("lat", float("nan")),
        ("date_start", "soon"),
        ("claims", None),
    ):
        draft = incident(ids)
        setattr(draft, field, value)
        with pytest.raises(InvalidRecords):
            store.record("incident", draft, store.local("tester"))
    assert isinstance(incident(ids), IncidentDraft)


def test_the_columns_are_as_wide_as_the_drafts() -> None:
    """R23: SQLite keeps any length, PostgreSQL does not; so a draft refuses what either would."""
    for kind, model in ROOTS.items():
        fields = next(base for base in model.__mro__ if base.__name__.endswith("Fields"))
        for name, field in fields.model_fields.items():
            length = getattr(table(kind).c[name].type, "length", None)
            limits = [m.max_length for m in field.metadata if hasattr(m, "max_length")]
            if length is not None and not isinstance(table(kind).c[name].type, sa.Enum):
                assert limits == [length], f"{kind}.{name}"


def test_a_new_sqlite_file_is_its_owners_alone(tmp_path: Path) -> None:
    """R76: neither the file nor what SQLite lays beside it can be read by others."""
    store = Store.create(tmp_path / "record.db")
    whole(store)
    with store.writing(store.sign_in("keeper", "a long password")):
        found = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert found == dict.fromkeys(("record.db", "record.db-shm", "record.db-wal"), 0o600)
    store.close()

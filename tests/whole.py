"""A record with at least one row in every table, for tests that look at each table in turn."""

import hashlib
from typing import Any

import pytest
import sqlalchemy as sa

from casualty.access import Acting
from casualty.schema import (
    ActorFields,
    AdminUnitFields,
    AnalysisRunFields,
    BatchFields,
    ClearanceFields,
    CodingFields,
    CodingSampleFields,
    ConsentFields,
    CorrectionFields,
    DimensionFields,
    DocumentFields,
    GroupFields,
    IncidentDraft,
    NamedPlaceFields,
    OriginFields,
    PairingFields,
    PopulationFields,
    ReleaseFields,
    ReleaseRequestFields,
    SituationFields,
    SourceFields,
    table,
)
from casualty.store import Store
from casualty.vocabulary import IncidentStatus, Role

PASSWORD = "a long password"


def references(store: Store, by: Acting) -> dict[str, str]:
    """Record one of each kind that incidents refer to; return their ids by kind."""
    ids: dict[str, str] = {}

    def put(name: str, kind: str, draft: Any) -> None:
        ids[name] = store.record(kind, draft, by).id

    put("situation", "situation", SituationFields(name="A war", kind="non_international", classified_by="A court"))
    put("dimension", "dimension", DimensionFields(code="faith", label="Faith", state="on", assessment="Signed"))
    put("identity_group", "identity_group", GroupFields(dimension_id=ids["dimension"], code="north", label="North"))
    put("actor", "actor", ActorFields(name="Army", kind="state"))
    put("source", "source", SourceFields(name="Radio", kind="media"))
    put(
        "document", "document", DocumentFields(title="Evening news", source_id=ids["source"], sha256="a" * 64, bytes=12)
    )
    put("origin", "origin", OriginFields(label="One wire"))
    put(
        "admin_unit",
        "admin_unit",
        AdminUnitFields(pcode="007", boundary_set="set", name="Seven", level=1, lat=1.5, lon=2.5),
    )
    put("population", "population", PopulationFields(area="007", year=2020, number=1000.5, source="Census"))
    put(
        "consent",
        "consent",
        ConsentFields(source_id=ids["source"], purpose="store", value="given", given_on="2024-05-02"),
    )
    return ids


def incident(ids: dict[str, str], **fields: Any) -> IncidentDraft:
    """Return a draft with every kind of child, and with other fields as given."""
    attribution = {"dimension_id": ids["dimension"], "group_id": ids["identity_group"], "basis": "document"}
    stated: dict[str, Any] = {
        "situation_id": ids["situation"], "title": "At the market", "date_start": "2024-05-02", "date_end": "2024-05-03",
        "date_precision": 2, "report_date": "2024-05-04", "lat": 1.25, "lon": 2.5, "place_precision": 1,
        "uncertainty_m": 100.0, "place_as_reported": "Market", "pcode": "007", "clarity": 1,
        "killed_low": 1, "killed_best": 2, "killed_high": 3, "injured_best": 0, "narrative_public": "Told",
        "claims": [
            {"document_id": ids["document"], "source_id": ids["source"], "origin_id": ids["origin"], "killed_best": 2},
            {"document_id": ids["document"], "locator": "p. 2", "killed_best": 5, "credibility": "3"},
        ],
        "involvements": [{"actor_id": ids["actor"], "role": "alleged_perpetrator"}, {"actor_missing": "unknown"}],
        "victims": [
            {"kind": "group", "ref": "crowd", "count_low": 2, "count_best": 3, "count_high": 9, "harm": "killed"},
            {"harm": "killed", "resolved_out_of": "crowd", "sex": "woman", "age_years": 34.0, "date_of_death": "2024-05-02",
             "names": [{"name": "أمينة المثال"}, {"name": "Amina", "kind": "transliteration"}],
             "attributions": [attribution], "acts": ["killing", "torture"]},
        ],
        **fields,
    }  # fmt: skip
    return IncidentDraft.model_validate(stated)


def whole(store: Store) -> dict[str, str]:
    """Fill a new store so that no table is empty; return ids by table (of the root, for children)."""
    by, second = store.local("tester"), store.local("second")
    ids = references(store, by)
    ids["incident"] = store.record("incident", incident(ids), by, "seen").id
    store.review(ids["incident"], IncidentStatus.IN_REVIEW, "Taken up", second)
    other = store.record("incident", incident(ids, title="Another"), by)
    draft, version = store.draft(other.id)
    draft.killed_best = 3
    store.amend("incident", other.id, draft, expected=version, by=by, reason="recount")
    store.withdraw("incident", other.id, by, "entered twice")
    ids["other"] = other.id
    with store.writing(by, action="intake") as writer:
        counts = dict.fromkeys(("amended", "unchanged", "refused", "vanished", "warnings"), 0)
        batch = BatchFields(
            dataset="list", format="ged", document_id=ids["document"], mapping="-", read=1, recorded=1, **counts
        )
        ids["batch"] = writer.record("batch", batch, number=1).id
    release = ReleaseFields(
        tier="public", recipient="Archive", basis="law", manifest_sha256="b" * 64, ledger_head="c" * 64, incidents=2
    )
    ids["release"] = store.record("release", release, by).id
    request = ReleaseRequestFields(
        tier="public",
        recipient="Archive",
        basis="law",
        place="bag",
        manifest_sha256="b" * 64,
        ledger_head="c" * 64,
        incidents=2,
    )
    ids["release_request"] = store.record("release_request", request, by).id
    _judged(store, ids, by)
    ids["account"] = store.add_account("keeper", Role.ADMINISTRATOR, PASSWORD, by).id
    keeper = store.sign_in("keeper", PASSWORD)
    ids["clearance"] = store.record(
        "clearance", ClearanceFields(account_id=ids["account"], situation_id=ids["situation"]), keeper
    ).id
    _desks(store, ids, keeper)
    return ids


def _judged(store: Store, ids: dict[str, str], by: Acting) -> None:
    """Record one of each thing that reviewers keep beside the incident."""
    people = [
        next(row["id"] for row in store.current("incident", ids[name])["victim"] if row["kind"] == "person")
        for name in ("incident", "other")
    ]
    ids["named_place"] = store.record("named_place", NamedPlaceFields(name="Old market", lat=1.5, lon=2.5), by).id
    asked = CorrectionFields(incident_id=ids["incident"], asked_by="family", received_on="2024-06-01", wanted="The age")
    ids["correction"] = store.record("correction", asked, by).id
    sample = CodingSampleFields(
        coder=by.name, seed=7, drawn_from="all", population=2, incidents=f'["{ids["incident"]}"]'
    )
    ids["coding_sample"] = store.record("coding_sample", sample, by).id
    coded = CodingFields(
        sample_id=ids["coding_sample"], incident_id=ids["incident"], incident_type="raid", to_status="contested"
    )
    ids["coding"] = store.record("coding", coded, by).id
    pair = PairingFields(victim_id=people[0], other_id=people[1], verdict="different", reasons="Two fathers' names")
    ids["pairing"] = store.record("pairing", pair, by).id
    ids["analysis_run"] = store.record("analysis_run", analysis(dimension_id=ids["dimension"]), by).id


def analysis(result: str = '{"rows":[]}', **fields: Any) -> AnalysisRunFields:
    """Return a run as it is kept, with another answer and other fields as given."""
    stated: dict[str, Any] = {
        "method": "hotspots", "question": "Where?", "parameters": '{"dimension":"faith"}', "seed": "7",
        "data_sha256": "e" * 64, "ledger_head": "f" * 64, "versions": '{"casualty":"0"}', "result": result,
        "result_sha256": hashlib.sha256(result.encode()).hexdigest(), **fields,
    }  # fmt: skip
    return AnalysisRunFields.model_validate(stated)


def _desks(store: Store, ids: dict[str, str], by: Acting) -> None:
    """Lay one row on each desk."""
    at = "2024-06-01T00:00:00.000000Z"
    rows: dict[str, dict[str, Any]] = {
        "session": {"token_digest": "d" * 64, "account_id": ids["account"], "begun_at": at, "used_at": at},
        "unfinished": {"id": "u", "account": "keeper", "incident_id": ids["incident"], "begun_at": at, "typed_at": at,
                       "typed": "{}"},
        "assignment": {"incident_id": ids["incident"], "reviewer": "second", "assigned_by": "keeper", "assigned_at": at},
        "viewing": {"incident_id": ids["incident"], "account": "keeper", "seen_at": at},
    }  # fmt: skip
    with store.writing(by) as writer:
        for name, row in rows.items():
            writer.connection.execute(table(name).insert(), row)


def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, name: str) -> str:
    """Return where a module makes a database of its own: `request.param` says on which kind."""
    if request.param == "sqlite":
        return str(tmp_path_factory.mktemp(name) / "record.db")
    server = str(request.getfixturevalue("server"))
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)

"""What an incident must say to enter the record, and what it may not say (R04, R07, R08, R10, R32, R33).

A place, a date, a number killed and a source; nothing else is asked. Whoever was harmed, whoever is alleged to have done
it, and whatever is not known, an incident is taken.
"""

from datetime import date
from typing import Any

import pytest
from conftest import minimum

from casualty import rules
from casualty.errors import InvalidRecords
from casualty.schema import DocumentFields, IncidentDraft
from casualty.store import Store
from casualty.vocabulary import CivilStatus, DatePrecision, Harm, IncidentType, Missing, PlacePrecision, Sex

TODAY = date(2025, 1, 1)
DOCUMENT = "a document"

# What is said beside or instead of the minimum          what is missing or wrong
TABLE: list[tuple[dict[str, Any], str]] = [
    ({},                                                                            ""),
    # Place
    ({"place_as_reported": None},                                                   "place"),
    ({"place_as_reported": "   "},                                                  "place"),
    ({"place_as_reported": None, "place_missing": "withheld"},                      ""),
    ({"place_missing": "unknown"},                                                  "place"),
    ({"place_as_reported": None, "lat": 1.5, "lon": 2.5},                           ""),
    ({"place_as_reported": None, "country": "Land"},                                ""),
    ({"place_as_reported": None, "pcode": "007"},                                   ""),
    ({"lat": 1.5},                                                                  "lat, lon"),
    ({"lon": 1.5},                                                                  "lat, lon"),
    ({"lat": 1.5, "lon": 2.5, "place_missing": "unknown"},                          "place"),
    ({"lat": 1.5, "lon": 2.5, "place_precision": 1, "uncertainty_m": 1000},         ""),
    ({"lat": 1.5, "lon": 2.5, "place_precision": 1, "uncertainty_m": 1001},         "uncertainty_m"),
    ({"lat": 1.5, "lon": 2.5, "place_precision": 2, "uncertainty_m": 1001},         ""),
    # Date
    ({"date_start": None, "date_end": None},                                        "date"),
    ({"date_start": None, "date_end": None, "date_missing": "unknown"},             ""),
    ({"date_missing": "unknown"},                                                   "date"),
    ({"date_start": None, "date_missing": "unknown"},                               "date"),
    ({"date_end": None},                                                            "date_end"),
    ({"date_start": "2024-05-03"},                                                  "date_end"),
    ({"date_start": "2025-01-02", "date_end": "2025-01-02"},                        "date"),
    ({"date_start": "2025-01-01", "date_end": "2025-12-31"},                        ""),
    ({"date_start": "0001-01-01", "date_end": "0001-01-01"},                        ""),
    # Numbers
    ({"killed_best": None},                                                         ""),
    ({"killed_best": 0},                                                            ""),
    ({"killed_low": 8},                                                             "killed"),
    ({"killed_low": 8, "count_conflict": True},                                     ""),
    ({"injured_low": 3, "injured_high": 2},                                         "injured"),
    ({"missing_best": 3, "missing_high": 2},                                        "missing"),
    # Source
    ({"claims": []},                                                                "source"),
    # All of it at once
    ({"place_as_reported": None, "date_start": None, "date_end": None, "killed_low": 8, "claims": []},
                                                                                    "date killed place source"),
]  # fmt: skip

# A victim                                                                            what is wrong with it
VICTIMS: list[tuple[list[dict[str, Any]], str]] = [
    ([{}],                                                                            ""),
    ([{"count_low": 1, "count_best": 1, "count_high": 1}],                            ""),
    ([{"count_best": 2}],                                                             "victim 1"),
    ([{"count_low": 1}],                                                              "victim 1"),
    ([{"kind": "group"}],                                                             ""),
    ([{"kind": "group", "count_low": 3, "count_high": 2}],                            "victim 1"),
    ([{"kind": "group", "count_low": 3, "count_high": 2, "count_conflict": True}],    ""),
    ([{"kind": "group", "ref": "g"}, {"resolved_out_of": "g"}],                       ""),
    ([{"resolved_out_of": "g"}, {"kind": "group", "ref": "g"}],                       ""),
    ([{"kind": "group", "id": "g"}, {"resolved_out_of": "g"}],                        ""),
    ([{"resolved_out_of": "g"}],                                                      "victim 1 resolved_out_of"),
    ([{"ref": "g"}, {"resolved_out_of": "g"}],                                        "victim 2 resolved_out_of"),
    ([{"kind": "group", "ref": "g", "resolved_out_of": "g"}],                         "victim 1 resolved_out_of"),
    ([{"kind": "group", "ref": "g"}, {"kind": "group", "ref": "g"}],                  "victims"),
    ([{"id": "p"}, {"id": "p"}],                                                      "victims"),
    ([{"kind": "group", "ref": "g", "count_high": 1}, {"resolved_out_of": "g"}, {"resolved_out_of": "g"}], "resolved_out_of"),
    ([{"kind": "group", "id": "i", "ref": "g", "count_high": 1}, {"resolved_out_of": "g"}, {"resolved_out_of": "i"}], "resolved_out_of"),
    ([{"kind": "group", "ref": "g", "count_high": 2}, {"resolved_out_of": "g"}, {"resolved_out_of": "g"}], ""),
    ([{"date_of_death": "2024-05-01"}],                                               "victim 1 date_of_death"),
    ([{"date_of_death": "2024-06-30"}],                                               ""),
    ([{"date_of_death": "2025-01-02"}],                                               "victim 1 date_of_death"),
    ([{"age_low": 40, "age_high": 30}],                                               "victim 1 age"),
    ([{"age_years": 17.99, "age_band": "adult"}],                                     "victim 1 age"),
    ([{"age_years": 18, "age_band": "adult"}],                                        ""),
    ([{"age_years": 18, "age_band": "child"}],                                        "victim 1 age"),
    ([{"age_years": 18}, {"age_years": 17, "age_band": "older"}],                     "victim 2 age"),
]  # fmt: skip


def draft(**fields: Any) -> IncidentDraft:
    return minimum(DOCUMENT, **fields)


@pytest.mark.parametrize(("said", "wrong"), TABLE)
def test_what_an_incident_must_say(said: dict[str, Any], wrong: str) -> None:
    """R07, R08, R32, R33: all that is wrong is said at once, each with its mend."""
    faults = rules.check(draft(**said), TODAY).faults
    assert " ".join(sorted(fault.field for fault in faults)) == wrong
    assert all(fault.fault and fault.mend for fault in faults)


@pytest.mark.parametrize(("victims", "wrong"), VICTIMS)
def test_what_a_victim_may_say(victims: list[dict[str, Any]], wrong: str) -> None:
    """R08, R09, R24: nothing is asked of a victim; what is said must agree with itself."""
    faults = rules.check(draft(victims=victims), TODAY).faults
    assert " ".join(fault.field for fault in faults) == wrong


def test_rules_and_database_say_the_same(sqlite_store: Store) -> None:
    """R07, R08: what the rules let through the database takes; what they refuse never reaches it."""
    by = sqlite_store.local("tester")
    document = sqlite_store.record("document", DocumentFields(title="Paper"), by).id
    for said, wrong in (*TABLE, *(({"victims": victims}, wrong) for victims, wrong in VICTIMS)):
        claims = said.get("claims", [{"document_id": document}])
        stated = minimum(document, **{**said, "claims": claims})
        if rules.check(stated, sqlite_store.today()).faults:
            with pytest.raises(InvalidRecords, match="cannot be saved as it is"):
                sqlite_store.record("incident", stated, by)
        else:
            assert not wrong or "2025" in str(said)
            sqlite_store.record("incident", stated, by)
    sqlite_store.verify()


EVERY = [
    *({"incident_type": kind} for kind in IncidentType),
    *({"date_precision": int(code)} for code in DatePrecision),
    *({"place_precision": int(code)} for code in PlacePrecision),
    *({"victims": [{"civil_status": status}]} for status in CivilStatus),
    *({"victims": [{"harm": harm}]} for harm in Harm),
    *({"victims": [{"sex": sex}]} for sex in Sex),
    *({"victims": [{"occupation_missing": missing}]} for missing in Missing),
    *({"involvements": [{"actor_missing": missing}]} for missing in Missing),
]  # fmt: skip


@pytest.mark.parametrize("said", EVERY)
def test_nobody_is_shut_out(said: dict[str, Any]) -> None:
    """R04, R37: combatants, unknown actors and every other word are taken alike."""
    assert rules.check(draft(**said), TODAY) == rules.Checked()


WARNED = [
    ({"lat": 0.0, "lon": 0.0}, "lat, lon"),
    ({"killed_low": 8, "count_conflict": True}, "killed"),
    ({"killed_high": 7, "victims": [{"harm": "killed"}] * 8}, "killed"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "field"), WARNED)
def test_what_is_odd_is_kept_with_a_warning(said: dict[str, Any], field: str) -> None:
    """R08: kept as stated."""
    found = rules.check(draft(**said), TODAY)
    assert found.faults == []
    assert [warning.field for warning in found.warnings] == [field]

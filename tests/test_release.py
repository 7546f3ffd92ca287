"""What goes out: the bag, its tables and papers, and what stays in the house.

Holds R01, R02, R06, R11, R16, R22, R25, R36, R41, R60, R64, R67, R84-R88 and R98 for the commission tier.
"""

import csv
import hashlib
import io
import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import bagit
import pytest
import sqlalchemy as sa
from filled import CANARIES, SONGS, Filled, fill
from pypdf import PdfReader

from casualty import ledger, release
from casualty.access import Acting
from casualty.errors import CheckFailed, InvalidRecords, NotEnoughData, Refused, UsageFault
from casualty.release import geography, methodology, papers
from casualty.store import Store
from casualty.summary import summarise
from casualty.vocabulary import Tier

TO, ON = "Commission of inquiry on Example", "Resolution 1/2024, agreement of 3 March"


def send(store: Store, by: Acting, out: Path, **other: Any) -> release.Released:
    return release.build(store, out, **{"tier": Tier.COMMISSION, "recipient": TO, "basis": ON, "by": by, **other})


def asked(store: Store, by: Acting, out: Path, **other: Any) -> release.Request:
    return release.request(store, out, **{"tier": Tier.COMMISSION, "recipient": TO, "basis": ON, "by": by, **other})


def rows(bag: Path, name: str) -> list[dict[str, str]]:
    with open(bag / "data" / f"{name}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def filled(store: Store, by: Acting) -> Filled:
    """A record with something of everything."""
    return fill(store, by, store.local("second person"))


@pytest.fixture
def bag(store: Store, by: Acting, filled: Filled, tmp_path: Path) -> Path:
    """A package of it."""
    return send(store, by, tmp_path / "bag").path


def test_a_stranger_can_verify_it(bag: Path, store: Store, tmp_path: Path) -> None:
    """R84: the `bagit` library, sha256sum's arithmetic and the bag's own verifier agree, from any folder."""
    assert bagit.Bag(str(bag)).validate()
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        for line in (bag / manifest).read_text(encoding="utf-8").splitlines():
            digest, path = line.split("  ")
            assert hashlib.sha256((bag / path).read_bytes()).hexdigest() == digest
    for folder, arguments in ((bag, ["verify.py"]), (tmp_path, [str(bag / "verify.py")]), (bag, ["verify.py", bag])):
        done = subprocess.run([sys.executable, "-I", *arguments], cwd=folder, capture_output=True, encoding="utf-8")
        assert done.returncode == 0, done.stdout
        assert done.stdout.endswith("The package holds.\n")
        assert done.stderr == ""
    assert contents(bag).keys() == {"data/" + path for path in PAYLOAD} | TAGS


TAGS = {
    "bagit.txt",
    "bag-info.txt",
    "manifest-sha256.txt",
    "tagmanifest-sha256.txt",
    "tagmanifest-sha256.txt.minisig",
    "verify.py",
}
PAYLOAD = [
    "00_README.txt", "01_methodology.md", "02_codebook/codebook.md", "02_codebook/fields.csv",
    "02_codebook/history.csv", "02_codebook/terms.csv", "03_register/custody_log.csv", "03_register/evidence_register.csv",
    "04_records/datapackage.json", "05_geo/package.gpkg", "12_report.pdf",
    "05_geo/admin_units.geojson", "05_geo/incidents.geojson", "06_ledger/bodies.jsonl",
    "06_ledger/revisions.csv", "08_withheld.csv", "09_contradictory.csv", "summary.json",
    *(f"04_records/{name}.csv" for name in (
        "actors", "acts", "admin_units", "analysis_runs", "attributions", "batches", "claims", "consents", "dimensions", "documents",
        "groups", "incidents", "involvements", "origins", "pairings", "population", "removed", "reviews", "situations", "sources",
        "victim_names", "victims",
    )),
]  # fmt: skip


def test_the_same_record_gives_the_same_bytes(store: Store, by: Acting, filled: Filled, tmp_path: Path) -> None:
    """R85, R88: neither the clock nor the package sent before changes a byte; a change of the record does."""
    first = send(store, by, tmp_path / "one")
    time.sleep(0.01)
    again = send(store, by, tmp_path / "two")
    assert contents(first.path) == contents(again.path)
    assert (first.manifest_sha256, first.release_id != again.release_id) == (again.manifest_sha256, True)
    other = send(store, by, tmp_path / "three", recipient="Another commission")
    assert other.manifest_sha256 != first.manifest_sha256
    store.withdraw("origin", filled.ids["origin"], by, "not one wire")
    later = send(store, by, tmp_path / "four")
    assert later.ledger_seq == first.ledger_seq + 4  # the three packages stand in the chain too
    assert release.verify(later.path)
    assert len(contents(first.path)) == len(contents(later.path))


def test_what_went_to_whom_is_recorded(store: Store, by: Acting, filled: Filled, tmp_path: Path) -> None:
    """R86: recipient, basis, hash and head stand in the record, and the ledger still verifies."""
    head = store.head()
    done = send(store, by, tmp_path / "bag")
    held = store.current("release", done.release_id)["release"][0]
    assert {
        key: held[key] for key in ("tier", "recipient", "basis", "manifest_sha256", "ledger_head", "incidents")
    } == {
        "tier": "commission",
        "recipient": TO,
        "basis": ON,
        "manifest_sha256": hashlib.sha256((done.path / "manifest-sha256.txt").read_bytes()).hexdigest(),
        "ledger_head": head.hash,
        "incidents": done.incidents,
    }
    assert (done.ledger_seq, done.ledger_head) == (head.seq, head.hash)
    assert store.verify().head.seq == head.seq + 1
    info = (done.path / "bag-info.txt").read_text(encoding="utf-8")
    assert f"Recipient: {TO}\nBasis: {ON}\nLedger-Seq: {head.seq}\nLedger-Head: {head.hash}\n" in info


REFUSED = [
    # what is asked                                   the error       its text
    ({"recipient": " "}, Refused, "named recipient"),
    ({"basis": "\n"}, Refused, "named recipient"),
    ({"recipient": "x" * 301}, InvalidRecords, "recipient"),
    ({"tier": Tier.INTERNAL}, Refused, "internal tier cannot be made"),
]


@pytest.mark.parametrize(("asked", "error", "text"), REFUSED)
def test_a_package_without_recipient_basis_or_tier_fails(
    sqlite_store: Store, tmp_path: Path, asked: dict[str, Any], error: type[Exception], text: str
) -> None:
    """R64, R86: refused before anything is written."""
    with pytest.raises(error, match=text):
        send(sqlite_store, sqlite_store.local("tester"), tmp_path / "bags" / "bag", **asked)
    assert not (tmp_path / "bags").exists()


def test_only_a_custodian_releases(store: Store, document: str, draft: Any, tmp_path: Path, accounts: Any) -> None:
    """R75: by role, and asked again at the moment of recording."""
    store.record("incident", draft, accounts["recorder"])
    for name in ("administrator", "recorder", "reviewer"):
        with pytest.raises(Refused, match="custodian"):
            asked(store, accounts[name], tmp_path / "bag")
    for name in ("custodian", "administrator"):
        with pytest.raises(Refused, match="a second person grants"):
            send(store, accounts[name], tmp_path / "bag")
    with pytest.raises(Refused, match="has accounts"):
        asked(store, Acting("local:tester"), tmp_path / "bag")
    assert list(tmp_path.glob("*bag*")) == []
    request = asked(store, accounts["analyst"], tmp_path / "bag")
    for name in ("administrator", "recorder", "reviewer", "analyst"):
        with pytest.raises(Refused):
            release.grant(store, request, accounts[name])
    done = release.grant(store, request, accounts["custodian"])
    assert b"argon2" not in b"".join(text for name, text in contents(done.path).items() if "codebook" not in name)
    links = rows(done.path, "06_ledger/revisions")
    assert [row["seq"] for row in links if not row["digest"]] == ["4", "5", "6", "7", "8", "9"]


def test_nothing_delivered_is_overwritten(sqlite_store: Store, tmp_path: Path) -> None:
    """R88: a folder that holds anything, a file and a link are left as they are."""
    by = sqlite_store.local("tester")
    fill(sqlite_store, by, sqlite_store.local("second person"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note").write_text("kept")
    (tmp_path / "file").write_text("kept")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("full", "file", "link"):
        with pytest.raises(UsageFault, match=name):
            send(sqlite_store, by, tmp_path / name)
    (tmp_path / "empty").mkdir()
    assert release.verify(send(sqlite_store, by, tmp_path / "empty").path)


def test_an_empty_record_is_no_package(sqlite_store: Store, tmp_path: Path) -> None:
    """R01: there is nothing to say of it, and nothing is left behind."""
    with pytest.raises(NotEnoughData):
        send(sqlite_store, sqlite_store.local("tester"), tmp_path / "bag")
    assert [path.name for path in tmp_path.iterdir() if "bag" in path.name] == []


def read(name: str, data: bytes) -> str:
    """Return what somebody could read in a file: of a PDF its text."""
    if name.endswith(".pdf"):
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
    return data.decode("utf-8", "replace")


def test_what_is_withheld_is_nowhere_in_the_bag(bag: Path, filled: Filled) -> None:
    """R41, R60, R62, R64, R72: words planted wherever they must stay in, searched for in every byte and escape."""
    every = {name: read(name, data) for name, data in contents(bag).items()}
    found = [
        (canary, name)
        for canary in CANARIES
        for name, text in every.items()
        if canary.casefold() in text.casefold() and not (canary == "$argon2" and "codebook" in name)
    ]
    assert found == []
    together = "".join(every.values())
    assert [song for song in SONGS if song not in together] == []


def test_what_is_withheld_is_counted_without_content(bag: Path, store: Store) -> None:
    """R06, R60, R67: categories, counts, why and who decides; the totals are those of the whole record."""
    withheld = rows(bag, "08_withheld")
    assert {row["category"] for row in withheld} == {
        "consent", "dimension_off", "severe", "mention", "withdrawn", "earlier", "house", "not here", "sealed",
    }  # fmt: skip
    assert all(row["why"] and row["who_decides"] for row in withheld)
    counted = {(row["category"], row["table"], row["fields"]): row["count"] for row in withheld}
    assert counted["dimension_off", "dimension", "whole row"] == "1"
    assert counted["dimension_off", "attribution", "whole row"] == "1"
    assert counted["consent", "victim_name", "whole row"] == "1"
    assert counted["withdrawn", "incident", "whole row"] == "1"
    stated = json.loads((bag / "data/summary.json").read_text(encoding="utf-8"))
    assert stated == asdict(summarise(store).total)
    assert stated["incidents"] == len(rows(bag, "04_records/incidents")) == 14


def test_a_withheld_victim_still_counts(bag: Path, filled: Filled) -> None:
    """R60, R67: no name, no identity, no description; one person, killed."""
    victims = [row for row in rows(bag, "04_records/victims") if row["incident_code"] == filled.codes["refusing"]]
    (one,) = [row for row in victims if row["sex"] == "withheld"]
    assert (one["kind"], one["count_best"], one["harm"], one["age_band"]) == ("person", "1", "killed", "withheld")
    assert one["withheld"].startswith("consent: ")
    names = {row["victim_id"]: row["name"] for row in rows(bag, "04_records/victim_names")}
    assert one["id"] not in names
    assert "Bystander" in names.values()
    (act,) = [row for row in rows(bag, "04_records/acts") if row["victim_id"] == one["id"]]
    assert act["kind"] == "withheld"


def test_consent_given_lets_a_source_speak(store: Store, by: Acting, filled: Filled, tmp_path: Path) -> None:
    """R60: a withdrawal takes effect with the next package, and its conditions travel while it stands."""

    def named(out: Path) -> list[str]:
        return [row["name"] for row in rows(send(store, by, out).path, "04_records/sources")]

    assert "Open Relative" in named(tmp_path / "before")
    (consent,) = rows(tmp_path / "before", "04_records/consents")
    assert (consent["value"], consent["conditions"]) == ("given", "no onward sharing")
    given = store.current("consent", filled.ids["agreed"])["consent"][0]
    from casualty.schema import ConsentFields

    changed = ConsentFields.model_validate({k: given[k] for k in ("source_id", "purpose")} | {"value": "withdrawn"})
    store.amend("consent", filled.ids["agreed"], changed, expected=1, by=by)
    assert "Open Relative" not in named(tmp_path / "after")
    assert rows(tmp_path / "after", "04_records/consents") == []


def test_every_table_says_how_sure_it_is(bag: Path, filled: Filled) -> None:
    """R11: the status stands wherever an incident appears, in tables and on the map."""
    statuses = {row["code"]: row["status"] for row in rows(bag, "04_records/incidents")}
    for path in sorted((bag / "data/04_records").glob("*.csv")):
        held = rows(bag, f"04_records/{path.stem}")
        for row in held if held and "incident_id" in held[0] else []:
            assert row["incident_status"] == statuses[row["incident_code"]]
    for feature in json.loads((bag / "data/05_geo/incidents.geojson").read_text(encoding="utf-8"))["features"]:
        assert feature["properties"]["status"] == statuses[feature["properties"]["code"]]
    assert statuses[filled.codes["verified"]] == "verified"


def test_no_term_is_empty_and_none_is_an_orphan(bag: Path) -> None:
    """R02, R25: every coded cell of every table is a term that the shipped codebook defines."""
    known: dict[str, set[str]] = {}
    for row in rows(bag, "02_codebook/terms"):
        known.setdefault(row["scheme"], set()).add(row["value"])
    fields = rows(bag, "02_codebook/fields")
    files = {name: rows(bag, f"04_records/{file}") for name, file in release.records.FILES.items()}
    checked = 0
    for field in (field for field in fields if field["scheme"] and field["table"] in files):
        allowed = set().union(*(known[scheme] for scheme in field["scheme"].split(", "))) | {"withheld"}
        for row in files[field["table"]]:
            cell = row[field["field"]]
            assert cell in allowed or (cell == "" and field["kind"] == "code"), (field, cell)
            checked += 1
    assert checked > 200
    jobs = {(row["occupation"], row["occupation_missing"]) for row in files["victim"] if not row["withheld"]}
    assert jobs == {("baker", "not_applicable"), ("", "not_recorded")}
    assert all(field["meaning"] for field in fields)
    for name, held in files.items():
        assert not held or list(held[0]) == [field["field"] for field in fields if field["table"] == name]


def test_what_speaks_against_the_record_goes_with_it(bag: Path, filled: Filled) -> None:
    """R22: refuted, contested, disagreeing, denied; RS article 54(1)(a)."""
    found = {(row["category"], row["incident_code"]) for row in rows(bag, "09_contradictory")}
    codes = filled.codes
    assert found == {
        ("refuted", codes["refuted"]), ("contested", codes["contested"]), ("count_conflict", codes["disorder"]),
        ("claims_disagree", codes["verified"]), ("identities_disagree", codes["verified"]),
        ("denied", codes["verified"]),
        *(("claim_differs_from_held", codes[name]) for name in (
            "refuted", "contested", "off", "told", "amended",
        )),
    }  # fmt: skip


def test_removed_records_are_listed_by_code_alone(bag: Path, filled: Filled) -> None:
    """R19, R88: a recipient of an earlier package learns which records no longer stand."""
    (removed,) = rows(bag, "04_records/removed")
    assert (removed["incident_code"], removed["incident_status"], removed["merged_into"]) == (
        filled.codes["gone"], "withdrawn", "",
    )  # fmt: skip
    assert filled.codes["gone"] not in {row["code"] for row in rows(bag, "04_records/incidents")}


def test_places_are_longitude_first_and_say_when_they_stand_for_an_area(bag: Path, filled: Filled) -> None:
    """R33, R36: RFC 7946, no other reference system; a hidden point is none."""
    collection = json.loads((bag / "data/05_geo/incidents.geojson").read_text(encoding="utf-8"))
    assert set(collection) == {"type", "features"}
    places = {feature["properties"]["code"]: feature for feature in collection["features"]}
    assert places[filled.codes["verified"]]["geometry"] == {"type": "Point", "coordinates": [1.25, 50.5]}
    assert {code for code in places if places[code]["properties"]["representative"]} == {filled.codes["representative"]}
    assert {filled.codes["placeless"], filled.codes["severe"]} & set(places) == set()
    (unit,) = json.loads((bag / "data/05_geo/admin_units.geojson").read_text(encoding="utf-8"))["features"]
    assert (unit["properties"]["pcode"], unit["geometry"]["type"]) == ("007", "Polygon")
    assert {row["pcode"] for row in rows(bag, "04_records/incidents")} == {"007", ""}


def test_bytes_of_the_source_survive(bag: Path, filled: Filled) -> None:
    """R23, R98: scripts, quotes and line breaks as they were; nothing is neutralised in evidence; line feeds only."""
    held = {row["code"]: row for row in rows(bag, "04_records/incidents")}
    assert held[filled.codes["verified"]]["narrative_public"] == 'Public narrative, "quoted"\r\nand broken'
    assert {"أمينة المثال", "Пример Примерович"} <= {row["name"] for row in rows(bag, "04_records/victim_names")}
    actors = (bag / "data/04_records/actors.csv").read_bytes()
    assert b"\r" not in actors
    assert not actors.startswith(b"\xef\xbb\xbf")


def test_the_papers_say_what_they_must(bag: Path) -> None:
    """R01, R02, R06, R49, R86: the five areas, definitions, recipient, conditions, the caveat."""
    method = (bag / "data/01_methodology.md").read_text(encoding="utf-8")
    parts = dict(part.split("\n\n", 1) for part in method.split("\n## ")[1:])
    assert list(parts) == [
        "Definitions, inclusion and exclusion", "1. Source types", "2. Collection process",
        "3. Evaluation of sources and information", "4. Corroboration", "5. Quality control", "Limits and affiliations",
    ]  # fmt: skip
    assert all(text.strip() for text in parts.values())
    readme = (bag / "data/00_README.txt").read_text(encoding="utf-8")
    for text in (TO, ON, "not all deaths", "python3 verify.py", "CONDITIONS", "Individual victims", "verified  "):
        assert text in readme
    codebook = (bag / "data/02_codebook/codebook.md").read_text(encoding="utf-8")
    assert "| north | Northfolk | of language |" in codebook


def test_a_methodology_with_a_gap_is_no_package(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R01: the build fails if one of the five areas is empty."""
    by = sqlite_store.local("tester")
    fill(sqlite_store, by, sqlite_store.local("second person"))
    monkeypatch.setattr(methodology, "_evaluation", lambda connection: " ")
    with pytest.raises(CheckFailed, match="Evaluation of sources and information"):
        send(sqlite_store, by, tmp_path / "bag")


def test_claims_are_traceable(bag: Path) -> None:
    """R16, R87: every claim names a document that is in the package, every document its source; facts stand apart."""
    documents = {row["id"]: row for row in rows(bag, "04_records/documents")}
    sources = {row["id"] for row in rows(bag, "04_records/sources")}
    claims = rows(bag, "04_records/claims")
    assert claims
    assert {claim["document_id"] for claim in claims} <= set(documents)
    assert {row["source_id"] for row in documents.values()} <= sources
    incidents = {row["id"] for row in rows(bag, "04_records/incidents")}
    for name in ("claims", "victims", "involvements", "acts", "attributions", "reviews", "victim_names"):
        assert {row["incident_id"] for row in rows(bag, f"04_records/{name}")} <= incidents


def test_the_chain_is_the_ledger(bag: Path, store: Store) -> None:
    """R21: every link that is shown is the ledger's own, and its hash follows from the link before."""
    previous = ledger.GENESIS
    shown = 0
    held = {row.seq: row for row in store.rows(sa.text("SELECT * FROM revision ORDER BY seq"))}
    for row in rows(bag, "06_ledger/revisions"):
        own = held[int(row["seq"])]
        assert row["hash"] == own.hash
        if row["digest"]:
            shown += 1
            assert row["hash"] == ledger.link(previous, own[:9])
            assert (row["actor"], row["reason"], row["digest"]) == (own.actor, own.reason, own.digest)
        previous = row["hash"]
    assert shown > len(held) / 2


def test_bodies_are_shown_of_records_that_are_shown_whole(bag: Path, filled: Filled) -> None:
    """R21: an amended text and a withheld person keep their bodies in; a reviewed record proves its review."""
    with open(bag / "data/06_ledger/bodies.jsonl", encoding="utf-8") as file:
        shown = {proof["record_id"]: proof for proof in map(json.loads, file)}
    whole = {"verified", "persons", "representative", "disorder", "placeless", "refuted", "contested"}
    assert {name for name in filled.codes if filled.ids[name] in shown} == whole
    assert shown[filled.ids["verified"]]["before"] is not None
    assert {proof["record_kind"] for proof in shown.values()} >= {"incident", "actor", "source", "admin_unit", "batch"}


def test_a_record_changed_behind_the_program_is_not_released(sqlite_store: Store, tmp_path: Path) -> None:
    """R21: the ledger is verified before anything is written, also of what no package would show."""
    by = sqlite_store.local("tester")
    fill(sqlite_store, by, sqlite_store.local("second person"))
    with sqlite_store._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE incident SET title = 'Another' WHERE sensitivity = 'severe'")
    with pytest.raises(CheckFailed, match="title"):
        send(sqlite_store, by, tmp_path / "bag")
    assert not (tmp_path / "bag").exists()


def test_what_does_not_hold_does_not_leave(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R84: the finished package is verified before it gets its name."""
    by = sqlite_store.local("tester")
    fill(sqlite_store, by, sqlite_store.local("second person"))
    monkeypatch.setattr(geography, "incident", lambda values: None)
    with pytest.raises(CheckFailed, match="package does not hold"):
        send(sqlite_store, by, tmp_path / "out" / "bag")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_interruption_leaves_nothing(sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R88: Ctrl-C half way: no folder, no release recorded."""
    by = sqlite_store.local("tester")
    fill(sqlite_store, by, sqlite_store.local("second person"))

    def interrupt(facts: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(papers, "readme", interrupt)
    with pytest.raises(KeyboardInterrupt):
        send(sqlite_store, by, tmp_path / "out" / "bag")
    assert list((tmp_path / "out").iterdir()) == []
    assert sqlite_store.rows(sa.text("SELECT count(*) FROM release"))[0][0] == 0

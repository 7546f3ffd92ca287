"""What a whole package carries beside its tables: originals and their custody, a description for machines, analyses to run again.

Holds R02, R50, R60, R71, R81, R84, R85 and R87.
"""

import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import minimum
from frictionless import Package as Described
from photographs import photograph

from casualty import asking, evidence, release, runs, sample
from casualty.access import Acting
from casualty.errors import CheckFailed, NotFound
from casualty.evidence import Items
from casualty.release import analyses
from casualty.release.package import Package
from casualty.schema import ConsentFields, SourceFields, VictimDraft
from casualty.store import Store
from casualty.vocabulary import ConsentPurpose, ConsentValue, SourceKind, Tier


def build(store: Store, out: Path, by: Acting) -> Path:
    return release.build(store, out, tier=Tier.COMMISSION, recipient="Commission", basis="Resolution 1", by=by).path


def rows(package: Path, name: str) -> list[dict[str, str]]:
    with (package / "data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def kept(store: Store, by: Acting, data: bytes, name: str, title: str) -> str:
    source = store.record("source", SourceFields(name=f"Paper {title}", kind=SourceKind.MEDIA), by)
    found = evidence.keep(store, data, file_name=name, by=by, title=title, source_id=source.id)
    return found.document_id


# Originals --------------------------------------------------------------------------------------------------------------


def test_originals_go_byte_for_byte_with_a_copy_of_a_picture(sqlite_store: Store, tmp_path: Path) -> None:
    """R71, R81: the register leads to each file by its hash; a copy of a picture has no metadata; file names stay."""
    by, data = sqlite_store.local("tester"), photograph()
    picture = kept(sqlite_store, by, data, "from-the-neighbour.jpg", "Photograph")
    text = kept(sqlite_store, by, "Bericht, شهادة".encode(), "note.txt", "Note")
    made = sqlite_store.record("incident", minimum(picture), by)
    package = build(sqlite_store, tmp_path / "bag", by)
    register = {row["evidence_no"]: row for row in rows(package, "03_register/evidence_register.csv")}
    assert (package / register[picture]["original"]).read_bytes() == data
    assert (package / register[text]["original"]).read_bytes() == "Bericht, شهادة".encode()
    assert register[picture]["sha256"] == hashlib.sha256(data).hexdigest()
    copy = (package / register[picture]["working_copy"]).read_bytes()
    assert hashlib.sha256(copy).hexdigest() == register[picture]["working_copy_sha256"]
    assert b"Exif" not in copy
    assert (register[picture]["derived_from"], register[text]["working_copy"]) == (register[picture]["sha256"], "")
    assert register[picture]["incident_codes"] == made.code
    assert not any(
        "from-the-neighbour" in path.read_text("utf-8", "replace")
        for path in package.rglob("*")
        if path.suffix == ".csv"
    )


def test_the_custody_log_is_the_ledger_of_documents(sqlite_store: Store, tmp_path: Path) -> None:
    """R81: every handling with its link; who took an original out stands in it."""
    by = sqlite_store.local("tester")
    document = kept(sqlite_store, by, b"text", "a.txt", "Note")
    sqlite_store.record("incident", minimum(document), by)
    evidence.original(sqlite_store, document, by, "for the laboratory")
    log = rows(build(sqlite_store, tmp_path / "bag", by), "03_register/custody_log.csv")
    assert [(row["evidence_no"], row["event"]) for row in log] == [(document, "record"), (document, "amend")]
    assert log[1]["reason"] == "for the laboratory"
    links = {row["hash"] for row in rows(tmp_path / "bag", "06_ledger/revisions.csv")}
    assert {row["hash"] for row in log} <= links


def refused(store: Store, by: Acting, document: str, victim: str) -> None:
    """A refusal for the document itself, or for somebody in an incident that it speaks of."""
    subject: dict[str, Any] = {"victim_id": victim} if victim else {"document_id": document}
    stated = {"purpose": ConsentPurpose.SHARE_COMMISSION, "value": ConsentValue.REFUSED, "basis": "asked", **subject}
    store.record("consent", ConsentFields.model_validate(stated), by)


@pytest.mark.parametrize("of_whom", ["the document", "a victim"])
def test_an_original_of_somebody_who_refuses_stays(sqlite_store: Store, tmp_path: Path, of_whom: str) -> None:
    """R60: nobody can take a person out of a photograph; that one stays is listed, without its content."""
    by, data = sqlite_store.local("tester"), photograph()
    document = kept(sqlite_store, by, data, "a.jpg", "Photograph")
    victim = VictimDraft.model_validate({"kind": "person", "harm": "killed", "names": [{"name": "Example Person"}]})
    saved = sqlite_store.record("incident", minimum(document, victims=[victim.model_dump()]), by)
    held = sqlite_store.current("incident", saved.id)["victim"][0]["id"]
    refused(sqlite_store, by, document, held if of_whom == "a victim" else "")
    package = build(sqlite_store, tmp_path / "bag", by)
    assert not any(path.read_bytes() == data for path in package.rglob("*") if path.is_file())
    (row,) = rows(package, "03_register/evidence_register.csv")
    assert (row["original"], row["generation"]) == ("", "original is withheld")
    assert any((told["table"], told["fields"]) == ("document", "original") for told in rows(package, "08_withheld.csv"))


def test_no_reason_of_the_custody_log_names_who_refuses(sqlite_store: Store, tmp_path: Path) -> None:
    """R60, R72: the name of somebody who refuses stands in no reason, also of a document that itself goes out."""
    by = sqlite_store.local("tester")
    document, other = (kept(sqlite_store, by, data, "a.txt", str(data)) for data in (b"text", b"more"))
    victim = {"kind": "person", "harm": "killed", "names": [{"name": "Hushed Example"}]}
    saved = sqlite_store.record("incident", minimum(document, victims=[victim]), by)
    refused(sqlite_store, by, document, sqlite_store.current("incident", saved.id)["victim"][0]["id"])
    evidence.describe(sqlite_store, other, by=by, title="Another note", reason="as the family of Hushed Example asked")
    package = build(sqlite_store, tmp_path / "bag", by)
    assert [row["reason"] for row in rows(package, "03_register/custody_log.csv") if row["evidence_no"] == other] == [
        "",
        "",
    ]
    found = [path.name for path in package.rglob("*") if path.is_file() and b"Hushed" in path.read_bytes()]
    assert found == []


def test_an_original_that_was_changed_stops_the_package(sqlite_store: Store, tmp_path: Path) -> None:
    """R81: one that is gone is told as such; one with other bytes lets nothing leave."""
    by = sqlite_store.local("tester")
    document = kept(sqlite_store, by, b"text", "a.txt", "Note")
    sqlite_store.record("incident", minimum(document), by)
    path = Items.of(sqlite_store).path(hashlib.sha256(b"text").hexdigest())
    path.chmod(0o600)
    path.write_bytes(b"tent")
    with pytest.raises(CheckFailed, match="Originals were changed: 1") as raised:
        build(sqlite_store, tmp_path / "bag", by)
    assert [fault.field for fault in raised.value.faults] == [document]
    assert not (tmp_path / "bag").exists()
    path.unlink()
    (row,) = rows(build(sqlite_store, tmp_path / "bag", by), "03_register/evidence_register.csv")
    assert row["generation"] == "original is not in this house: only its hash is known"


# For machines -----------------------------------------------------------------------------------------------------------


def test_the_tables_are_as_their_description_says(sqlite_store: Store, tmp_path: Path) -> None:
    """R02: a program that knows nothing of this one reads types, terms and references, and finds no fault."""
    from filled import fill

    by = sqlite_store.local("tester")
    fill(sqlite_store, by, sqlite_store.local("second person"))
    package = build(sqlite_store, tmp_path / "bag", by)
    described = Described(str(package / "data/04_records/datapackage.json"))
    report = described.validate()
    assert report.valid, report.flatten(["name", "type", "note"])[:10]
    assert {resource.name for resource in described.resources} == {
        path.stem for path in (package / "data/04_records").glob("*.csv")
    } - {"removed"}


# Run again ----------------------------------------------------------------------------------------------------------------

QUESTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("disparity", {"dimension": "ethnicity"}),
    ("trend", {"dimension": "ethnicity", "group": "tulvet", "seed": 7}),
    ("near-repeat", {"dimension": "ethnicity", "group": "tulvet", "seed": 7, "replications": 99}),
)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of the sample record with analyses; some people of the record refuse, so answers of the whole stay."""
    folder = tmp_path_factory.mktemp("asked")
    sample.build(str(folder / "record.db"), lambda _: None)
    store = Store.open(folder / "record.db")
    analyst, custodian = (store.sign_in(name, "sample-only") for name in ("analyst", "custodian"))
    for method, chosen in QUESTIONS:
        material = asking.gathered(store, method, chosen, analyst)
        asking.keep(store, analyst, method, chosen, material, asking.answer(material, method, chosen))
    request = release.request(
        store, folder / "bag", tier=Tier.COMMISSION, recipient="C", basis="B", by=analyst
    )  # fmt: skip
    package = release.grant(store, request, custodian).path
    store.close()
    (folder / "record.db").unlink()
    return package


def test_analyses_are_run_again_of_the_package_alone(asked: Path) -> None:
    """R50, R87: no database is there; every answer comes out with the same bytes, and is kept apart from facts and sources."""
    found = analyses.rerun(Package.at(asked))
    assert sorted(again.run.method for again in found) == sorted(method for method, _ in QUESTIONS)
    assert all(again.same and again.agrees and again.same_data for again in found), [again.sentence for again in found]
    folders = sorted((asked / "data/07_analysis").iterdir())
    assert [folder.name for folder in folders] == sorted(again.run.code for again in found)
    for folder in folders:
        told = json.loads((folder / "asked.json").read_text(encoding="utf-8"))
        assert told["asked_of"] == "what this package holds"
        assert told["result_sha256"] == hashlib.sha256((folder / "result.json").read_bytes().rstrip(b"\n")).hexdigest()
        assert "Documented cases are not all deaths" in (folder / "limitations.txt").read_text(encoding="utf-8")
        assert (folder / "figure.svg").read_text(encoding="utf-8").startswith("<svg")
    with pytest.raises(NotFound, match="no analysis NONE"):
        analyses.rerun(Package.at(asked), "NONE")


def test_the_command_runs_them_again(asked: Path) -> None:
    """R50: ends with 0; the program needs no database, not even an empty one."""
    command = [sys.executable, "-m", "casualty", "--db", str(asked / "nowhere.db"), "patterns", "rerun", str(asked)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("gives the same answer, byte for byte.") == len(QUESTIONS)


def test_an_answer_that_was_altered_is_told(asked: Path, tmp_path: Path) -> None:
    """R87: whoever mends all hashes too is told by the question itself, with the place of the difference."""
    import shutil

    package = shutil.copytree(asked, tmp_path / "bag")
    (folder,) = [
        one.parent for one in package.glob("data/07_analysis/*/asked.json") if '"trend"' in one.read_text("utf-8")
    ]
    answer = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    answer["n"] += 1
    text = runs.canonical(answer)
    (folder / "result.json").write_text(text + "\n", encoding="utf-8")
    with pytest.raises(CheckFailed, match="not the one of its hash"):
        analyses.rerun(Package.at(package), folder.name)
    told = json.loads((folder / "asked.json").read_text(encoding="utf-8")) | {"result_sha256": runs.sha256(text)}
    (folder / "asked.json").write_text(json.dumps(told), encoding="utf-8")
    (again,) = analyses.rerun(Package.at(package), folder.name)
    assert (again.same, again.agrees) == (False, False)
    assert any(place.startswith("n: ") for place in again.differences)

"""One person asks that a package may leave, another lets exactly that go; what follows an earlier one names it.

Holds R63, R84, R86 and R88.
"""

import csv
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import PASSWORD, minimum

from casualty import release
from casualty.access import Acting
from casualty.errors import CheckFailed, InvalidRecords, NotFound, Refused, UsageFault
from casualty.release import approving, bag, verifier
from casualty.schema import ReleaseRequestFields
from casualty.store import Store
from casualty.vocabulary import ReleaseAnswer, Role, Tier

TO, ON = "Commission of inquiry", "Resolution 1"
Accounts = dict[str, Acting]


@pytest.fixture
def house(store: Store, document: str, accounts: Accounts) -> Accounts:
    """A record with one incident, and two custodians."""
    store.record("incident", minimum(document), accounts["recorder"])
    store.add_account("custodian2", Role.CUSTODIAN, PASSWORD, accounts["administrator"])
    return accounts | {"custodian2": store.sign_in("custodian2", PASSWORD)}


def ask(store: Store, by: Acting, out: Path, **more: Any) -> release.Request:
    return release.request(store, out, **{"tier": Tier.COMMISSION, "recipient": TO, "basis": ON, "by": by, **more})


def test_what_was_shown_is_what_leaves(store: Store, house: Accounts, tmp_path: Path) -> None:
    """R63, R86: every file can be looked at before; none of it is a package; the same bytes leave, with both names."""
    asked = ask(store, house["analyst"], tmp_path / "bag")
    shown = {path: (asked.folder / path).read_bytes() for path, _ in asked.files() if path.startswith("data/")}
    assert shown["data/00_README.txt"].decode().count("A second person approved that it leaves") == 1
    with pytest.raises(CheckFailed):
        release.verify(asked.folder)
    assert not (tmp_path / "bag").exists()
    done = release.grant(store, asked, house["custodian"])
    assert {path: (done.path / path).read_bytes() for path in shown} == shown
    assert not asked.folder.exists()
    assert release.verify(done.path)
    info = bag.info_of(done.path)
    assert (info["Asked-By"], info["Granted-By"]) == ("analyst", "custodian")
    (sent,) = release.sent(store, house["analyst"])
    assert (sent.number, sent.request_id, sent.manifest_sha256) == (1, asked.id, asked.manifest_sha256)
    (kept,) = release.requests(store, house["analyst"])
    assert (kept.answer, kept.answered_by) == (ReleaseAnswer.GRANTED, "custodian")
    assert store.verify().head.seq > 0


REFUSED = [
    # who asks      who grants        its text
    ("custodian", "custodian", "Who asks for a package does not grant it"),
    ("analyst", "analyst", "may not release"),
    ("analyst", "administrator", "may not release"),
    ("custodian", "reviewer", "may not release"),
]


@pytest.mark.parametrize(("asks", "grants", "text"), REFUSED)
def test_who_asks_does_not_grant(
    store: Store, house: Accounts, tmp_path: Path, asks: str, grants: str, text: str
) -> None:
    """R63: nor does anybody who is no custodian; nothing has left."""
    asked = ask(store, house[asks], tmp_path / "bag")
    with pytest.raises(Refused, match=text):
        release.grant(store, asked, house[grants])
    assert not (tmp_path / "bag").exists()
    assert release.sent(store, house["analyst"]) == []


def test_two_custodians_may_do_it_for_each_other(store: Store, house: Accounts, tmp_path: Path) -> None:
    """R63"""
    asked = ask(store, house["custodian"], tmp_path / "bag")
    assert approving.may_grant(house["custodian2"], asked)
    assert not approving.may_grant(house["custodian"], asked)
    assert release.verify(release.grant(store, asked, house["custodian2"]).path)
    with pytest.raises(Refused, match="granted already"):
        release.grant(store, release.one(store, asked.id, house["custodian2"]), house["custodian2"])


def test_the_database_itself_refuses_a_grant_by_who_asked(store: Store, house: Accounts) -> None:
    """R63: whoever writes past the program meets the same rule."""
    stated = {"tier": Tier.COMMISSION, "recipient": TO, "basis": ON, "place": "x", "manifest_sha256": "0" * 64,
              "ledger_head": "0" * 64, "incidents": 1, "answer": "granted", "answered_by": "analyst",
              "answered_at": "2024-01-01T00:00:00.000000Z"}  # fmt: skip
    with pytest.raises(InvalidRecords):
        store.record("release_request", ReleaseRequestFields.model_validate(stated), house["analyst"])


SPOILED: list[tuple[str, Callable[[Path], object], str]] = [
    ("a figure changed", lambda f: (f / "data/04_records/incidents.csv").write_text("id\n"), "data/04_records/incidents.csv"),
    ("a file added", lambda f: (f / "data/more.txt").write_text("x"), "data/more.txt"),
    ("a file taken away", lambda f: (f / "data/summary.json").unlink(), "data/summary.json"),
    ("the manifest written anew", lambda f: (f / "manifest-sha256.txt").write_text(""), "manifest-sha256.txt"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "named"), [case[1:] for case in SPOILED], ids=[case[0] for case in SPOILED])
def test_what_was_changed_after_it_was_asked_for_does_not_leave(
    store: Store, house: Accounts, tmp_path: Path, spoil: Callable[[Path], object], named: str
) -> None:
    """R84, R86: the file is named, and the request stays open."""
    asked = ask(store, house["analyst"], tmp_path / "bag")
    spoil(asked.folder)
    with pytest.raises(CheckFailed) as raised:
        release.grant(store, asked, house["custodian"])
    assert named in [fault.field for fault in raised.value.faults]
    assert not (tmp_path / "bag").exists()
    assert [one.answer for one in release.requests(store, house["analyst"])] == [ReleaseAnswer.OPEN]


def test_a_change_of_the_record_meanwhile_changes_nothing_of_it(
    store: Store, house: Accounts, document: str, tmp_path: Path
) -> None:
    """R85: what leaves is of the moment at which it was shown."""
    asked = ask(store, house["analyst"], tmp_path / "bag")
    store.record("incident", minimum(document, killed_best=9), house["recorder"])
    assert release.grant(store, asked, house["custodian"]).incidents == 1


def test_a_refusal_has_reasons_and_removes_what_was_shown(store: Store, house: Accounts, tmp_path: Path) -> None:
    """R63"""
    asked = ask(store, house["analyst"], tmp_path / "bag")
    with pytest.raises(InvalidRecords, match="cannot be saved"):
        release.refuse(store, asked, " ", house["custodian"])
    release.refuse(store, asked, "the basis has ended", house["custodian"])
    assert not asked.folder.exists()
    again = release.one(store, asked.id, house["analyst"])
    assert (again.answer, again.answer_reasons) == (ReleaseAnswer.REFUSED, "the basis has ended")
    with pytest.raises(Refused, match="refused already"):
        release.grant(store, again, house["custodian2"])


def test_who_asked_may_take_it_back_and_nobody_else(store: Store, house: Accounts, tmp_path: Path) -> None:
    """R63: with reasons; what was shown is removed, and it is no longer to be granted."""
    asked = ask(store, house["analyst"], tmp_path / "bag")
    with pytest.raises(Refused, match="Only who asked"):
        release.take_back(store, asked, "changed my mind", house["custodian"])
    with pytest.raises(InvalidRecords):
        release.take_back(store, asked, " ", house["analyst"])
    assert asked.folder.is_dir()
    release.take_back(store, asked, "the wrong recipient", house["analyst"])
    assert not asked.folder.exists()
    assert release.requests(store, house["custodian"]) == []
    with pytest.raises(NotFound):
        release.grant(store, asked, house["custodian"])


def test_a_grant_that_was_broken_off_is_finished(
    store: Store, house: Accounts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R88: between the ledger and the package nothing is lost: there is no package, and granting it again makes it one."""
    asked = ask(store, house["analyst"], tmp_path / "bag")
    whole = bag.seal

    def breaks(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bag, "seal", breaks)
    with pytest.raises(KeyboardInterrupt):
        release.grant(store, asked, house["custodian"])
    with pytest.raises(CheckFailed):
        release.verify(asked.folder)
    monkeypatch.setattr(bag, "seal", whole)
    begun = release.one(store, asked.id, house["custodian"])
    with pytest.raises(Refused, match="granted already"):
        release.grant(store, begun, house["custodian2"])
    done = release.grant(store, begun, house["custodian"])
    assert release.verify(done.path)
    assert [one.id for one in release.sent(store, house["analyst"])] == [done.release_id]


def test_what_was_shown_and_is_gone_is_asked_for_anew(store: Store, house: Accounts, tmp_path: Path) -> None:
    """R88"""
    import shutil

    asked = ask(store, house["analyst"], tmp_path / "bag")
    shutil.rmtree(asked.folder)
    with pytest.raises(NotFound, match="ask for it anew"):
        release.grant(store, asked, house["custodian"])


def test_one_person_alone_may_release_and_the_package_says_so(
    store: Store, document: str, by: Acting, tmp_path: Path
) -> None:
    """R86: and an account that is the only one, too."""
    store.record("incident", minimum(document), by)
    first = release.build(store, tmp_path / "one", tier=Tier.COMMISSION, recipient=TO, basis=ON, by=by)
    store.add_account("only", Role.ADMINISTRATOR, PASSWORD, by)
    only = store.sign_in("only", PASSWORD)
    second = release.build(store, tmp_path / "two", tier=Tier.COMMISSION, recipient=TO, basis=ON, by=only)
    for done in (first, second):
        text = (done.path / "data/00_README.txt").read_text(encoding="utf-8")
        assert "No second person approved this package" in text
        assert "Granted-By" not in bag.info_of(done.path)


# What follows an earlier package ----------------------------------------------------------------------------------------


def changed(package: Path) -> list[dict[str, str]]:
    with (package / "data/11_changes.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_correction_goes_out_as_a_package_that_names_the_earlier_one(
    store: Store, document: str, by: Acting, tmp_path: Path
) -> None:
    """R19, R88: what was added, changed and taken back since, by code; the earlier package is as it was."""
    wanted: dict[str, Any] = {"tier": Tier.COMMISSION, "recipient": TO, "basis": ON, "by": by}
    kept, gone = (store.record("incident", minimum(document, title=title), by) for title in ("kept", "gone"))
    first = release.build(store, tmp_path / "one", **wanted)
    before = {path: path.read_bytes() for path in first.path.rglob("*") if path.is_file()}
    store.withdraw("incident", gone.id, by, "recorded twice")
    draft, version = store.draft(kept.id)
    store.amend(
        "incident", kept.id, draft.model_copy(update={"killed_best": 8}), expected=version, by=by, reason="corrected"
    )
    new = store.record("incident", minimum(document, title="new"), by)
    second = release.build(store, tmp_path / "two", **wanted, follows=first.release_id)
    told = {row["incident_code"]: row["change"] for row in changed(second.path)}
    assert told == {str(kept.code): "changed", str(gone.code): "taken back", str(new.code): "added"}
    assert bag.info_of(second.path)["Follows"] == first.manifest_sha256
    assert first.manifest_sha256 in (second.path / "data/00_README.txt").read_text(encoding="utf-8")
    assert before == {path: path.read_bytes() for path in first.path.rglob("*") if path.is_file()}
    with pytest.raises(UsageFault, match="never overwritten"):
        release.build(store, first.path, **wanted, follows=first.manifest_sha256)
    with pytest.raises(NotFound, match="no release"):
        release.build(store, tmp_path / "three", **wanted, follows="nothing")
    assert [one.number for one in release.sent(store, by)] == [2, 1]
    assert release.sent(store, by)[0].follows_id == first.release_id


def test_a_receipt_is_kept_and_nothing_else_of_a_release_changes(
    store: Store, document: str, by: Acting, tmp_path: Path
) -> None:
    """R86"""
    store.record("incident", minimum(document), by)
    done = release.build(store, tmp_path / "one", tier=Tier.COMMISSION, recipient=TO, basis=ON, by=by)
    for day, said in ((store.today(), " "), (store.today() + timedelta(days=1), "we have it")):
        with pytest.raises(InvalidRecords):
            release.received(store, done.release_id, day, said, by)
    release.received(store, done.release_id, date(2024, 3, 5), "Received, hash compared.", by)
    (sent,) = release.sent(store, by)
    assert (sent.received_on, sent.receipt) == (date(2024, 3, 5), "Received, hash compared.")
    assert store.verify().head.seq


def test_nothing_of_those_who_ask_is_in_a_package(store: Store, house: Accounts, tmp_path: Path) -> None:
    """R85: an earlier request changes no byte of the next package."""
    first = ask(store, house["analyst"], tmp_path / "one")
    second = ask(store, house["analyst"], tmp_path / "two")
    assert first.manifest_sha256 == second.manifest_sha256
    assert verifier.OUTSIDE[0] not in dict(second.files())

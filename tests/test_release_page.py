"""The page of releases without a browser: asked for by one, looked at and granted by another, and what left."""

import csv
import hashlib
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import released
import reviewed
from filled import fill
from paged import box, html, press
from released import ANALYST, ASK, CUSTODIAN, LEFT, WOULD, YOU_ASKED, buttons, text, view
from streamlit.testing.v1 import AppTest
from test_release import ON, TO, asked

from app import releases, session
from app.gate import Sessions
from app.jobs import Job, State
from app.releases import asking
from casualty import extract, release
from casualty.access import Acting
from casualty.filters import EVERYTHING
from casualty.release import Request
from casualty.schema import SituationFields
from casualty.store import Store
from casualty.vocabulary import Role, Tier

Page, NASTY = reviewed.Page, reviewed.NASTY


@pytest.fixture
def bare(sqlite_store: Store, quick_hashes: None) -> Store:
    """The house in which nothing is recorded."""
    return released.moved_in(sqlite_store)


@pytest.fixture
def house(sqlite_store: Store, quick_hashes: None) -> Store:
    """The house with something of everything."""
    return released.filled(sqlite_store)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Page:
    """Opens the page as somebody."""
    return reviewed.opener(monkeypatch)


@pytest.fixture
def waiting(house: Store, tmp_path: Path) -> Request:
    """A package that the analyst has asked for."""
    return asked(house, ANALYST, tmp_path / "bag", recipient=f"{TO} {NASTY}")


def number(n: int) -> str:
    """A number as `text` gives it: in groups of three from 10 000 on."""
    return f"{n:,}".replace(",", " ") if n >= 10_000 else str(n)


def ask(test: AppTest, store: Store, by: Acting, tier: str, to: str = TO, follows: str = "") -> AppTest:
    """Fill the form, press, and wait until the package is written."""
    box(test, "Tier (required)").set_value(tier)
    box(test, "Who receives it (required)").set_value(to)
    box(test, "On what legal basis or agreement (required)").set_value(ON)
    if follows:
        box(test, "Which earlier release it corrects").set_value(follows)
    test.run()
    (button,) = [part for part in test.button if part.key == "release-ask"]
    button.click().run()
    until = time.monotonic() + 60
    while not all(job.over for job in asking.jobs(store).mine(by.name)):
        assert time.monotonic() < until
        time.sleep(0.05)
    test.run()
    assert not test.exception
    return test


# Whose page it is ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.RECORDER, Role.REVIEWER])
def test_the_page_is_told_not_to_be_theirs(page: Page, house: Store, waiting: Request, role: Role) -> None:
    """R75: by role, and nothing of any package is shown."""
    test = page("release", Acting(role.value, role))
    assert "Packages are asked for by analysts and custodians" in test.info[0].value
    assert not test.get("button_group")
    assert not test.selectbox
    assert "Commission of inquiry" not in text(test)


@pytest.mark.parametrize("by", [CUSTODIAN, ANALYST])
def test_an_account_of_named_situations_sees_nothing(page: Page, house: Store, waiting: Request, by: Acting) -> None:
    """R75: a package is of the whole record."""
    situation = house.record("situation", SituationFields(name="Another"), reviewed.ADMINISTRATOR).id
    house.clear(by.name, situation, reviewed.ADMINISTRATOR, "works on one only")
    test = page("release", by)
    assert "work on the whole record" in test.info[0].value
    assert "Commission of inquiry" not in text(test)


def test_an_empty_house_says_what_to_do(page: Page, bare: Store) -> None:
    """R74: nothing waits, nothing left, and a package of nothing is refused and leaves nothing behind."""
    test = page("release", CUSTODIAN)
    assert "0 packages wait to be granted." in text(test)
    assert "Nothing would leave." in text(test)
    assert "Nothing has left yet." in text(view(test, LEFT))
    assert release.public_key(bare, CUSTODIAN) in text(test)
    ask(view(test, ASK), bare, CUSTODIAN, "commission")
    assert "No incident is held; there is nothing to release." in text(test)
    assert list(releases.folder(bare).iterdir()) == []
    press(test, "Put away")
    assert "No incident is held" not in text(test)


# Asking --------------------------------------------------------------------------------------------------------------


def test_a_package_without_tier_recipient_or_basis_is_not_begun(page: Page, bare: Store) -> None:
    """R64, R86: each fault stands at its box, what was typed stays, and nothing is written."""
    test = view(page("release", ANALYST), ASK)
    (button,) = [part for part in test.button if part.key == "release-ask"]
    button.click().run()
    for said in ("No tier is chosen.", "Nobody is named.", "No basis is named.", "3 faults stand at their boxes"):
        assert said in text(test)
    box(test, "Tier (required)").set_value("public")
    box(test, "Who receives it (required)").set_value("  ")
    box(test, "On what legal basis or agreement (required)").set_value(ON).run()
    (button,) = [part for part in test.button if part.key == "release-ask"]
    button.click().run()
    assert "Nobody is named." in text(test)
    assert "No basis is named." not in text(test)
    assert box(test, "On what legal basis or agreement (required)").value == ON
    assert asking.jobs(bare).mine("analyst") == []
    assert not releases.folder(bare).exists()


def test_what_each_tier_holds_is_told_and_no_other_can_be_asked_for(page: Page, bare: Store) -> None:
    """R60: a sentence for each tier of which packages can be made."""
    test = view(page("release", ANALYST), ASK)
    assert box(test, "Tier (required)").options == ["Choose", "Public", "Partner", "Commission or prosecutor"]
    assert all(told in text(test) for told in asking.HOLDS.values())


@pytest.mark.parametrize("tier", ["public", "commission"])
def test_a_package_goes_its_whole_way(page: Page, house: Store, tier: str) -> None:
    """R63, R86: asked for, looked at in full, granted by another, taken, and its receipt kept."""
    test = ask(view(page("release", ANALYST), ASK), house, ANALYST, tier)
    assert "It is written, and waits to be looked at and granted. Nothing has left." in text(test)
    (held,) = release.requests(house, ANALYST)
    assert (held.place, held.tier) == (str(releases.folder(house) / f"{tier}-1"), tier)
    assert YOU_ASKED in text(view(test, WOULD))
    assert not {"Grant", "Refuse"} & buttons(test)

    test = page("release", CUSTODIAN)
    looks_as_it_is(test, held)
    assert [part.disabled for part in test.button if part.label == "Grant"] == [True]
    assert test.checkbox[0].label.replace("\\", "") == f"I have looked at it. It may go to {TO}."
    test.checkbox[0].set_value(True).run()
    press(test, "Grant")
    assert f"for {TO}. It can be taken from the list of what left." in text(test)
    (gone,) = release.sent(house, CUSTODIAN)
    assert (gone.request_id, gone.manifest_sha256) == (held.id, held.manifest_sha256)
    assert "0 packages wait to be granted." in text(test)

    receipt(view(test, LEFT), house)
    press(test, "Make a link to download it")
    (address,) = re.findall(r'href="(/packages/[^"]+)"', html(test))
    assert address.startswith(f"/packages/{gone.id}.tar?until=")
    assert "for your account alone" in text(test)
    later = view(page("release", ANALYST), LEFT)
    assert "A custodian takes it from here and sends it." in text(later)
    assert not {"Make a link to download it", "Keep the receipt"} & buttons(later)
    ask(view(later, ASK), house, ANALYST, tier, follows=gone.id)
    assert f"Corrects the release {gone.manifest_sha256}" in text(view(later, WOULD))


def looks_as_it_is(test: AppTest, held: Request) -> None:
    """Compare what the page says of a package with the files of it, read here by other means."""
    said, folder = text(test), held.folder
    for part in (TO, ON, "Asked for by analyst ,", held.manifest_sha256):
        assert part in said
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "published.json"]
    for path in files:
        data = path.read_bytes()
        assert f"{path.relative_to(folder).as_posix()} {number(len(data))} {hashlib.sha256(data).hexdigest()}" in said
    assert "published.json" not in said
    assert f"{len(files)} files, {number(sum(path.stat().st_size for path in files))} bytes" in said
    assert f"Report (PDF) {number((folder / 'data/12_report.pdf').stat().st_size)} bytes" in said
    assert " ".join((folder / "data/00_README.txt").read_text().split()).split("Tier:")[0] in said
    with (folder / "data/04_records/incidents.csv").open(encoding="utf-8", newline="") as file:
        counted = Counter(row["status"] for row in csv.DictReader(file))
    for word, n in counted.items():
        assert f"{reviewed.IncidentStatus(word).label}: {n}" in said
    with (folder / "data/08_withheld.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            assert " ".join(" ".join(row.values()).split()) in said
    box(test, "Table").set_value("data/04_records/sources.csv").run()
    lines = (folder / "data/04_records/sources.csv").read_text(encoding="utf-8").splitlines()
    assert all(cell in text(test) for cell in (*lines[0].split(","), *lines[1].split(",")))


def receipt(test: AppTest, house: Store) -> None:
    """Enter a receipt, wrong and right."""
    press(test, "Keep the receipt")
    assert "Nothing is written." in text(test)
    assert "No day is given." in text(test)
    box(test, "What they confirmed, in their words (required)").set_value("Received, 41 files")
    for wrong in ("May 2024", "2999-01-01", "the day after"):
        box(test, "When they had it (required)").set_value(wrong).run()
        assert f"{wrong} is not one day up to today." in text(press(test, "Keep the receipt"))
    box(test, "When they had it (required)").set_value("5 March 2025").run()
    press(test, "Keep the receipt")
    (gone,) = release.sent(house, CUSTODIAN)
    assert (str(gone.received_on), gone.receipt) == ("2025-03-05", "Received, 41 files")
    assert "2025-03-05: Received, 41 files" in text(test)


class Held:
    """Has the writing of packages wait, once it has told of its first part or of all of it, until it may go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, at_end: bool = False) -> None:
        self.at_end, self.there, self.on, self.real = at_end, Event(), Event(), release.request
        monkeypatch.setattr(release, "request", self.request)

    def request(self, *args: Any, progress: Callable[[int, int], None], **named: Any) -> Request:
        def told(done: int, total: int) -> None:
            progress(done, total)
            if (done >= total) is self.at_end:
                self.there.set()
                assert self.on.wait(60)

        return self.real(*args, progress=told, **named)


def over(store: Store, job: Job) -> Job:
    """A job once it is over."""
    until = time.monotonic() + 60
    while not (found := next(one for one in asking.jobs(store).mine(job.owner) if one.id == job.id)).over:
        assert time.monotonic() < until
        time.sleep(0.02)
    return found


def test_a_package_is_watched_and_cancelled(page: Page, house: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """R74: how far it is, in numbers; cancelled, nothing of it is left. One that only waits in line goes at once."""
    held = Held(monkeypatch)
    job = asking.begin(house, ANALYST, Tier.COMMISSION, TO, ON, None, True)
    assert held.there.wait(60)
    test = page("release", ANALYST)
    assert re.search(
        r"Package for Commission of inquiry on Example , tier Commission or prosecutor \d+ files? written", text(test)
    )
    assert re.search(r"\d+ % of the record checked and written", test.get("progress")[0].proto.text)
    assert [part.disabled for part in view(test, ASK).button if part.key == "release-ask"] == [True]
    waits = asking.begin(house, CUSTODIAN, Tier.COMMISSION, TO, ON, None, True)
    second = page("release", CUSTODIAN)
    assert "In line: another package is being written." in text(second)
    assert "Cancelled. Nothing of it was kept." in text(press(second, "Cancel"))
    assert over(house, waits).state is State.STOPPED
    assert not waits.what.place.exists()
    press(page("release", ANALYST), "Cancel")
    held.on.set()
    assert over(house, job).state is State.STOPPED
    assert "Cancelled. Nothing of it was kept." in text(page("release", ANALYST))
    assert list(releases.folder(house).iterdir()) == []
    assert release.requests(house, ANALYST) == []


def test_what_is_being_recorded_is_not_cancelled(house: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """R74: from the last step on, a package is there and asked for, whatever is pressed."""
    held = Held(monkeypatch, at_end=True)
    job = asking.begin(house, ANALYST, Tier.COMMISSION, TO, ON, None, False)
    assert held.there.wait(60)
    assert asking.jobs(house).stop(ANALYST.name, job.id) is False
    held.on.set()
    assert over(house, job).state is State.DONE
    (asked_for,) = release.requests(house, ANALYST)
    assert asked_for.folder.is_dir()


def test_a_package_without_its_report(page: Page, house: Store) -> None:
    """R96: left out if it is asked for so, and said."""
    test = view(page("release", ANALYST), ASK)
    box(test, "Leave out the report (PDF)").set_value(True)
    ask(test, house, ANALYST, "commission")
    assert "Report (PDF) none: it was left out" in text(view(test, WOULD))
    (held,) = release.requests(house, ANALYST)
    assert not (held.folder / "data/12_report.pdf").exists()


def test_tables_taken_within_the_house_are_no_packages(page: Page, house: Store) -> None:
    """R86: they stand apart, with what they were taken for; none can be corrected by a package."""
    extract.take(house, ANALYST, EVERYTHING, f"for the map {NASTY}")
    test = view(page("release", CUSTODIAN), LEFT)
    assert "0 packages have left this house." in text(test)
    assert "Taken by Incidents What for" in text(test)
    assert "for the map <script>" in text(test)
    assert "<script" not in html(test)
    assert box(view(test, ASK), "Which earlier release it corrects").options == ["None"]


# One person alone ----------------------------------------------------------------------------------------------------


def test_one_person_alone_is_told_that_nobody_approved(page: Page, sqlite_store: Store, quick_hashes: None) -> None:
    """R63: with one account the package is written at once; page and README say that no second person approved it."""
    fill(sqlite_store, sqlite_store.local("tester"), sqlite_store.local("second person"))
    session.move_in(session.House(sqlite_store, Sessions(sqlite_store)))
    alone = reviewed.ADMINISTRATOR
    sqlite_store.add_account(alone.name, Role.ADMINISTRATOR, reviewed.PASSWORD, sqlite_store.local("tester"))
    test = page("release", alone)
    assert "Nobody else has an account here" in text(test)
    ask(test, sqlite_store, alone, "commission")
    assert "No second person approved it, and its README says so." in text(test)
    package = releases.folder(sqlite_store) / "commission-1"
    assert release.verify(package)
    assert "o second person approved" in (package / "data/00_README.txt").read_text()
    press(test, "Make a link to download it")
    assert "/packages/" in html(test)

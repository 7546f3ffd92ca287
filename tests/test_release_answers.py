"""Packages asked for, on the page of releases: who may answer, two at once, refused, taken back, changed, broken off."""

from pathlib import Path

import pytest
import released
import reviewed
from paged import box, html, press
from released import ANALYST, CUSTODIAN, OTHER, YOU_ASKED, buttons, text
from test_release import TO, asked

from casualty import release
from casualty.errors import CheckFailed
from casualty.release import Request, bag
from casualty.store import Store
from casualty.vocabulary import ReleaseAnswer, Tier

Page, NASTY = reviewed.Page, reviewed.NASTY


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


def test_who_asks_sees_why_they_cannot_grant(page: Page, house: Store, tmp_path: Path) -> None:
    """R63: a custodian who asked is told so, another may; an analyst who did not ask may look."""
    asked(house, CUSTODIAN, tmp_path / "bag")
    assert YOU_ASKED in text(page("release", CUSTODIAN))
    assert {"Grant", "Refuse"} <= buttons(page("release", OTHER))
    test = page("release", ANALYST)
    assert "You may look at it; a custodian who did not ask grants it or refuses it." in text(test)
    assert not {"Grant", "Refuse"} & buttons(test)


def test_two_people_grant_at_once(page: Page, house: Store, waiting: Request) -> None:
    """R63: the second is told that it was answered, and one package left."""
    test = page("release", CUSTODIAN)
    test.checkbox[0].set_value(True).run()
    release.grant(house, waiting, OTHER)
    said = text(press(test, "Grant"))
    assert "This request was Granted already." in said
    assert [gone.recorded_by for gone in release.sent(house, CUSTODIAN)] == ["other"]
    assert "Granted other analyst" in said.replace("Packages that were asked for", "")


def test_a_package_is_refused_with_reasons(page: Page, house: Store, waiting: Request) -> None:
    """R63: without reasons it stays; refused, what was written is removed and the reasons stay."""
    test = press(page("release", CUSTODIAN), "Refuse")
    assert "No reasons are given." in text(test)
    assert waiting.folder.is_dir()
    box(test, "Reasons, if it is refused").set_value("The basis has expired").run()
    press(test, "Refuse")
    assert "Refused. What was written is removed." in text(test)
    assert not waiting.folder.exists()
    assert release.one(house, waiting.id, CUSTODIAN).answer == ReleaseAnswer.REFUSED
    for by in (CUSTODIAN, ANALYST):
        assert "The basis has expired" in text(page("release", by))
    assert release.sent(house, CUSTODIAN) == []


def test_who_asked_takes_it_back(page: Page, house: Store, waiting: Request) -> None:
    """R63: with reasons, before it is answered; nobody else is offered that."""
    assert "Take the request back" not in buttons(page("release", CUSTODIAN))
    test = press(page("release", ANALYST), "Take the request back")
    assert "No reasons are given." in text(test)
    box(test, "Reasons (required)").set_value("Another basis").run()
    press(test, "Take the request back")
    assert "Taken back. What was written is removed." in text(test)
    assert not waiting.folder.exists()
    assert release.requests(house, ANALYST) == []


def test_a_package_that_was_changed_does_not_leave(page: Page, house: Store, waiting: Request) -> None:
    """R63: each file that is not as it was shown is named, and the request stays open."""
    test = page("release", CUSTODIAN)
    test.checkbox[0].set_value(True).run()
    for name in ("data/00_README.txt", "data/04_records/actors.csv"):
        (waiting.folder / name).write_text("changed")
    said = text(press(test, "Grant"))
    for name in ("data/00_README.txt", "data/04_records/actors.csv"):
        assert f"{name}: Is not as it was shown." in said
    assert release.one(house, waiting.id, CUSTODIAN).answer == ReleaseAnswer.OPEN
    assert release.sent(house, CUSTODIAN) == []
    assert not Path(waiting.place).exists()


def test_a_granting_that_broke_off_is_ended_by_who_began_it(
    page: Page, house: Store, waiting: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R63: another is told by whom; the same person grants again, and one package left."""

    def broken(*_: object) -> None:
        raise CheckFailed("The disk is full.")

    test = page("release", CUSTODIAN)
    test.checkbox[0].set_value(True).run()
    with monkeypatch.context() as patched:
        patched.setattr(bag, "seal", broken)
        assert "The disk is full." in text(press(test, "Grant"))
    assert "custodian granted it, and the granting broke off." in text(page("release", OTHER))
    test = page("release", CUSTODIAN)
    test.checkbox[0].set_value(True).run()
    press(test, "Grant")
    assert release.verify(Path(waiting.place))
    assert len(release.sent(house, CUSTODIAN)) == 1


def test_of_several_packages_one_is_looked_at(page: Page, house: Store, waiting: Request, tmp_path: Path) -> None:
    """R63: the newest first; what was typed into a recipient's name is text and nothing else."""
    second = asked(house, ANALYST, tmp_path / "second", tier=Tier.PUBLIC, recipient="Anyone")
    test = page("release", CUSTODIAN)
    assert "2 packages wait to be granted." in text(test)
    assert second.manifest_sha256 in text(test)
    assert waiting.manifest_sha256 not in text(test)
    box(test, "Package to look at").set_value(waiting.id).run()
    assert waiting.manifest_sha256 in text(test)
    assert "<script" not in html(test)
    label = test.checkbox[0].label
    assert "![" not in label.replace("\\!", "")
    assert "\\*star\\*" in label


def test_a_package_that_lies_elsewhere_is_told(page: Page, house: Store, waiting: Request) -> None:
    """R86: what cannot be looked at here is not shown as empty."""
    waiting.folder.rename(waiting.folder.with_name("moved"))
    test = page("release", CUSTODIAN)
    assert "does not lie on this machine" in text(test)
    test.checkbox[0].set_value(True).run()
    assert "is gone; ask for it anew." in text(press(test, "Grant"))

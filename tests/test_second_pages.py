"""Duplicates, history, corrections and the second coding without a browser."""

from datetime import UTC, datetime

import pytest
import reviewed
from reviewed import (
    ADMINISTRATOR,
    ANALYST,
    RECORDER,
    REVIEWER,
    SECOND,
    Page,
    asking,
    box,
    boxes,
    html,
    press,
    shown,
    status,
)

from casualty import review
from casualty.schema import AttributionFields, DimensionFields, GroupFields
from casualty.store import Store
from casualty.vocabulary import AskedBy, CorrectionAnswer, DimensionState, IncidentType, SameOrNot


@pytest.fixture
def house(sqlite_store: Store, quick_hashes: None) -> Store:
    """The house with its accounts."""
    return reviewed.moved_in(sqlite_store)


@pytest.fixture
def page(house: Store, monkeypatch: pytest.MonkeyPatch) -> Page:
    """Opens a page as somebody, at an address."""
    return reviewed.opener(monkeypatch)


@pytest.fixture
def full(house: Store) -> dict[str, str]:
    """The queue of three."""
    return reviewed.recorded(house)


# Recorded twice ------------------------------------------------------------------------------------------------------


def test_two_records_of_one_incident_are_merged_and_parted_again(
    page: Page, house: Store, full: dict[str, str]
) -> None:
    """R25: with reasons, side by side, with the way there and back."""
    test = asking(page, full)
    text = shown(test)
    assert "On the same day." in text
    assert "Killed ≠ they differ 7 (low unknown, high unknown) 9 (low" in text
    merge = f"Merge {full['two']} into {full['one']}"
    assert "No reasons are given." in shown(press(test, merge))
    for part in boxes(test, "Reasons (required)"):
        part.set_value("One market, one shell")
    test.run()
    press(test, merge)
    assert status(house, full["two id"]) == "duplicate"
    assert f"Merged into this: {full['two']} ." in shown(test)
    assert f"from the merged {full['two']}" in shown(test)
    there = asking(page, full, "two", SECOND)
    assert f"This was merged into {full['one']} , which stands for both." in shown(there)
    boxes(there, "Reasons (required)")[0].set_value("Two shells").run()
    press(there, "Take the merge back")
    assert status(house, full["two id"]) == "submitted"


@pytest.mark.parametrize("verdict", list(SameOrNot))
def test_two_rows_are_judged_one_person_or_two(
    page: Page, house: Store, full: dict[str, str], verdict: SameOrNot
) -> None:
    """R09, R25: the most that merging could take away is said; judged, a pair is not asked again."""
    test = page("review")
    test.get("button_group")[0].set_value("Same people?").run()
    assert "1 open pair of people. If every open pair were the same person: −1." in shown(test)
    box(test, "Reasons (required)").set_value("His brother said so").run()
    press(test, {SameOrNot.SAME: "The same person", SameOrNot.DIFFERENT: "These are different people"}[verdict])
    assert list(review.judged_pairs(house).values()) == [verdict]
    assert "No two named people" in test.info[0].value
    text = shown(asking(page, full))
    assert "His brother said so" in text
    assert "If every open pair" not in text


# History -------------------------------------------------------------------------------------------------------------


def test_history_is_told_in_words(page: Page, house: Store, full: dict[str, str]) -> None:
    """R20: who, when, why, which field in words, terms by their label, other records by their name, long texts folded."""
    draft, version = house.draft(full["one id"])
    draft.killed_best, draft.incident_type, draft.narrative_public = 8, IncidentType.RAID, "Told " * 100
    house.amend("incident", full["one id"], draft, expected=version, by=RECORDER, reason="recount")
    test = page("record", code=full["one"], view="history")
    revision = house.history("incident", full["one id"])[-1]
    assert "Amend, by recorder (no. " in test.expander[0].label.replace("\\", "")
    text = shown(test)
    assert f"Why: recount Its hash in the ledger begins with {revision.hash[:12]}" in text
    assert "Killed, best 7 8" in text
    assert "Type Not recorded Raid" in text
    assert "<details" in html(test)
    assert "Situation – A war" in text
    assert "Claim of a source: added" in text


def test_a_dimension_that_is_switched_off_is_in_no_history(page: Page, house: Store, full: dict[str, str]) -> None:
    """R41: neither its name nor the rows that speak of it."""
    by = ADMINISTRATOR
    stated = {"code": "faith", "label": "Faith", "assessment": "Signed"}
    dimension = house.record("dimension", DimensionFields(state=DimensionState.ON, **stated), by)
    group = house.record("identity_group", GroupFields(dimension_id=dimension.id, code="n", label="Northern"), by).id
    draft, version = house.draft(full["two id"])
    draft.victims[0].attributions = [AttributionFields(dimension_id=dimension.id, group_id=group, basis="family")]
    house.amend("incident", full["two id"], draft, expected=version, by=RECORDER, reason="told by the family")
    text = shown(page("record", code=full["two"], view="history"))
    assert "Identity attribution: added" in text
    assert "Identity dimension – Faith Identity group – Northern" in text
    off = DimensionFields(state=DimensionState.OFF, **stated)
    house.amend("dimension", dimension.id, off, expected=dimension.version, by=by)
    text = shown(page("record", code=full["two"], view="history"))
    assert not any(word in text for word in ("Faith", "Northern", "Identity attribution"))


# Corrections ---------------------------------------------------------------------------------------------------------


def test_a_correction_is_asked_and_answered(page: Page, house: Store, full: dict[str, str]) -> None:
    """R19: taken down by anybody who may, with its age, answered with reasons by a second person."""
    test = page("corrections", RECORDER, code=full["one"])
    assert box(test, "Code of the incident or the victim, if there is one").value == full["one"]
    assert "Nobody is named." in shown(press(test, "Take it down"))
    box(test, "Who asks (required)").set_value("family")
    box(test, "What is to be corrected, in their words (required)").set_value("كان عمره ٣٥")
    box(test, "How to reach them; only reviewers and you see it").set_value("+1 555")
    box(test, "When it came in").set_value("March 2024").run()
    assert "March 2024 is not one day." in shown(press(test, "Take it down"))
    box(test, "When it came in").set_value("5 March 2024").run()
    press(test, "Take it down")
    (held,) = review.corrections(house, REVIEWER)
    assert (held.asked_by, held.code, str(held.received_on)) == (AskedBy.FAMILY, full["one"], "2024-03-05")
    assert "+1 555" in shown(page("corrections", RECORDER))
    assert "+1 555" not in shown(page("corrections", ANALYST))
    assert "for reviewers only" in shown(page("corrections", ANALYST))
    test = page("corrections")
    days = (datetime.now(UTC).date() - held.received_on).days
    assert f"1 correction waits for an answer. {full['one']} , Family, {days}" in shown(test).replace("\u202f", "")
    assert "No answer is chosen." in shown(press(test, "Sign this answer"))
    box(test, "Answer (required)").set_value("partly")
    box(test, "Reasons (required)").set_value("The age was mended").run()
    press(test, "Sign this answer")
    assert review.corrections(house, REVIEWER)[0].answer == CorrectionAnswer.PARTLY
    test.get("button_group")[0].set_value("Answered").run()
    assert "The age was mended" in shown(test)


# Second coding -------------------------------------------------------------------------------------------------------


def test_a_sample_is_drawn_coded_blindly_and_compared(page: Page, house: Store, full: dict[str, str]) -> None:
    """R18: the coder sees documents and claims, no code and no status; kappa comes with what it does not show."""
    test = page("coding")
    assert "No coder is chosen." in shown(press(test, "Draw it"))
    box(test, "Coder (required)").set_value("analyst")
    box(test, "How many incidents (required)").set_value("many")
    box(test, "Number that the drawing begins with (required)").set_value("7").run()
    assert "This is no whole number." in shown(press(test, "Draw it"))
    box(test, "How many incidents (required)").set_value("99").run()
    assert "3 incidents can be drawn from; 99 were asked for." in shown(press(test, "Draw it"))
    box(test, "How many incidents (required)").set_value("3").run()
    press(test, "Draw it")
    (drawn,) = review.samples(house)
    assert (drawn.coder, drawn.seed, len(drawn.incidents)) == ("analyst", 7, 3)
    assert not any(part.label == "Code the next one" for part in test.button)
    test = press(page("coding", ANALYST), "Code the next one")
    for number in range(3):
        text = html(test) + " ".join(part.value for part in test.subheader)
        assert f"Number {number + 1} of 3" in text
        assert not any(full[name] in text for name in ("one", "two", "bare"))
        assert "Submitted" not in text
        assert "/record" not in text
        assert "No type is chosen." in shown(press(test, "Record this coding"))
        box(test, "Type (required)").set_value("raid")
        box(test, "Killed, best").set_value("7")
        box(test, "How you would judge it (required)").set_value("contested").run()
        press(test, "Record this coding")
    assert review.samples(house)[0].coded == 3
    assert "All of this sample is coded" in test.success[-1].value
    test = page("coding")
    box(test, "Show the agreement").set_value(True).run()
    text = shown(test)
    assert "Killed, best 3 33.3 %" in text
    assert "Judgement 0 unknown – No record was coded by both." in text
    assert any("agreement beyond chance" in part.value for part in test.caption)

"""The reviewer's pages without a browser: empty, full, asked wrongly, in Arabic, and as every role."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app import session, waiting
from app.gate import Sessions
from casualty import desk, review
from casualty.access import Acting
from casualty.schema import DocumentFields, IncidentDraft, SituationFields, SourceFields
from casualty.store import Store
from casualty.vocabulary import AskedBy, CorrectionAnswer, Credibility, IncidentStatus, IncidentType, Role, SameOrNot

MAIN = str(Path(__file__).parent.parent / "app" / "main.py")
PASSWORD = "a long password"
NASTY = "<script>alert(1)</script> *star* ![x](http://evil.example/x.png)"
S = IncidentStatus
RECORDER, REVIEWER = Acting("recorder", Role.RECORDER), Acting("reviewer", Role.REVIEWER)
SECOND, ANALYST = Acting("second", Role.REVIEWER), Acting("analyst", Role.ANALYST)
Page = Callable[..., AppTest]


@pytest.fixture
def house(sqlite_store: Store, quick_hashes: None) -> Store:
    """The store, shown by the pages, with one account of each role and a second reviewer."""
    st.cache_resource.clear()  # what is held for the process belongs to the store of another test
    session.move_in(session.House(sqlite_store, Sessions(sqlite_store)))
    sqlite_store.add_account("administrator", Role.ADMINISTRATOR, PASSWORD, sqlite_store.local("tester"))
    first = Acting("administrator", Role.ADMINISTRATOR)
    for name, role in [(r.value, r) for r in Role if r is not Role.ADMINISTRATOR] + [("second", Role.REVIEWER)]:
        sqlite_store.add_account(name, role, PASSWORD, first)
    return sqlite_store


@pytest.fixture
def page(house: Store, monkeypatch: pytest.MonkeyPatch) -> Page:
    """Opens a page as somebody, at an address."""

    def opened(name: str, by: Acting = REVIEWER, language: str = "en", **params: Any) -> AppTest:
        monkeypatch.setattr(session, "acting", lambda: by)
        test = AppTest.from_file(MAIN, default_timeout=60)
        test.session_state["language"] = language
        test.run().switch_page(f"screens/{name}.py")
        for key, value in params.items():
            test.query_params[key] = value
        test.run()
        assert not test.exception
        return test

    return opened


@pytest.fixture
def full(house: Store) -> dict[str, str]:
    """Two incidents of one man in one market, told by three papers, two of them from one wire; and one without anything."""
    situation = house.record("situation", SituationFields(name="A war"), Acting("administrator", Role.ADMINISTRATOR)).id
    documents = {}
    for name in ("Morning", "Evening", "Radio"):
        source = house.record("source", SourceFields(name=f"{name} paper"), RECORDER).id
        documents[name] = house.record("document", DocumentFields(title=f"{name} {NASTY}", source_id=source), RECORDER).id
    man = {"kind": "person", "harm": "killed", "sex": "man", "age_years": 34, "names": [{"name": "Ahmad Khalil Mansour"}]}
    base = {"date_start": "2024-05-02", "date_end": "2024-05-02", "lat": 10.5, "lon": 20.25, "place_precision": 1,
            "place_as_reported": "سوق المدينة"}  # fmt: skip
    claims = [{"document_id": documents[name], "killed_best": n} for name, n in (("Morning", 7), ("Evening", 7), ("Radio", 9))]
    drafts = {
        "one": {**base, "killed_best": 7, "victims": [man], "claims": claims, "situation_id": situation},
        "two": {**base, "killed_best": 9, "victims": [man], "claims": claims[2:]},
        "bare": {"date_missing": "unknown", "place_missing": "unknown", "claims": claims[:1]},
    }
    found = {"situation": situation}
    for name, fields in drafts.items():
        saved = house.record("incident", IncidentDraft.model_validate(fields), RECORDER)
        found |= {name: str(saved.code), f"{name} id": saved.id}
    return found


def html(test: AppTest) -> str:
    """All HTML of a page, its styles left out."""
    return "\n".join(part.proto.body for part in test.get("html") if "<style>" not in part.proto.body)


def shown(test: AppTest) -> str:
    """The text of a page's HTML."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html(test))).split())


def boxes(test: AppTest, label: str) -> list[Any]:
    """The inputs of this label."""
    kinds = (test.text_input, test.text_area, test.number_input, test.selectbox, test.checkbox, test.multiselect, test.toggle)
    return [part for kind in kinds for part in kind if part.label == label]


def box(test: AppTest, label: str) -> Any:
    """The one input of this label."""
    (found,) = boxes(test, label)
    return found


def press(test: AppTest, label: str) -> AppTest:
    """Press the button of this label."""
    (found,) = [part for part in test.button if part.label.replace("\\", "") == label]
    found.click().run()
    assert not test.exception
    return test


def taken_up(house: Store, key: str) -> None:
    house.review(key, S.IN_REVIEW, "Taken up", SECOND)


def status(house: Store, key: str) -> str:
    return str(house.current("incident", key)["incident"][0]["status"])


def asking(page: Page, full: dict[str, str], which: str = "one", by: Acting = REVIEWER) -> AppTest:
    return page("record", by, code=full[which], view="review")


# Every page, every role ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["review", "corrections", "coding"])
@pytest.mark.parametrize("role", list(Role))
def test_an_empty_house_says_so_to_everybody(page: Page, name: str, role: Role) -> None:
    """R50, R75: no page fails for want of records or of permissions."""
    test = page(name, Acting(role.value, role))
    assert test.title[0].value
    assert shown(test) or test.info or test.caption


@pytest.mark.parametrize("role", list(Role))
def test_everybody_may_read_a_review_and_only_a_reviewer_judges(page: Page, full: dict[str, str], role: Role) -> None:
    """R12, R75: who may not judge is told why, and reads all the same."""
    test = asking(page, full, by=Acting(role.value, role))
    may = role is Role.REVIEWER
    assert any(part.label == "Take it into review" for part in test.button) is may
    assert any("the role must be one of: Reviewer" in part.value.replace("\\", "") for part in test.info) is not may
    assert "3 claims, 3 independent origins" in shown(test)
    assert ("Amend" in test.get("button_group")[0].options) is (role in (Role.RECORDER, Role.ADMINISTRATOR))


@pytest.mark.parametrize("name", ["review", "corrections", "coding", "record"])
def test_nothing_in_a_record_becomes_a_page(page: Page, house: Store, full: dict[str, str], name: str) -> None:
    """R74: what was typed is text, on every page."""
    review.ask(house, RECORDER, wanted=NASTY, asked_by=AskedBy.FAMILY, code=full["one"])
    review.draw(house, SECOND, "reviewer", 1, 1)
    test = page(name, **({"code": full["one"], "view": "review"} if name == "record" else {}))
    assert "<script>" not in html(test)
    assert not any("](http" in part.value for kind in (test.markdown, test.caption, test.info) for part in kind)


@pytest.mark.parametrize("name", ["review", "corrections", "coding", "record"])
def test_the_pages_stand_in_arabic(page: Page, full: dict[str, str], name: str) -> None:
    """R80: right to left, and no page fails in another language."""
    test = page(name, language="ar", **({"code": full["one"], "view": "review"} if name == "record" else {}))
    assert "direction: rtl" in "".join(part.proto.body for part in test.get("html"))


# The queue -----------------------------------------------------------------------------------------------------------


def test_the_queue_tells_what_waits_for_what(page: Page, house: Store, full: dict[str, str]) -> None:
    """R12, R15: how far each is by word, its claims and origins, what it waits for, of how many."""
    taken_up(house, full["two id"])
    review.viewing(house, full["one id"], SECOND)
    text = shown(page("review"))
    assert "Shown 3 of 3." in text
    assert "○ New 2024-05-02, سوق المدينة , killed: 7 (low unknown, high unknown)" in text
    assert "◐ In progress 2024-05-02, سوق المدينة , killed: 9" in text
    assert "3 claims, 3 independent origins, assigned to nobody" in text
    assert "Waits for: 1 independent origin(s), 2 needed to verify." in text
    assert "date unknown, unknown, killed: unknown" in text
    assert text.count("Open now with: second") == 1


def test_a_filter_is_in_the_address_and_an_address_is_a_filter(page: Page, house: Store, full: dict[str, str]) -> None:
    """R51: a link reopens the same part of the queue."""
    taken_up(house, full["two id"])
    review.assign(house, full["two id"], "second", SECOND)
    for params, said in (
        ({"status": "in_review"}, "1 of 1."), ({"assignee": "second"}, "1 of 1."), ({"assignee": "nobody"}, "2 of 2."),
        ({"assignee": "me"}, "0 of 0."), ({"q": full["bare"]}, "1 of 1."), ({"situation": full["situation"]}, "1 of 1."),
        ({"recorder": "recorder"}, "3 of 3."), ({"recorder": "reviewer"}, "0 of 0."), ({"older": "1"}, "0 of 0."),
        ({"after": full["one id"]}, "2 of 3."),
    ):  # fmt: skip
        assert f"Shown {said}" in shown(page("review", **params)), params
    test = page("review")
    box(test, "Status").set_value(["verified"])
    box(test, "Code or place contains").set_value("x").run()
    assert {name: test.query_params[name] for name in ("status", "q")} == {"status": "verified", "q": "x"}
    assert "Nothing waits here" in test.info[0].value


@pytest.mark.parametrize("params", [{"status": "no_such"}, {"older": "-1"}, {"older": "9" * 40}, {"situation": "x"},
                                    {"after": "'; DROP"}, {"older": "1e3"}])  # fmt: skip
def test_what_an_address_asks_wrongly_is_named(page: Page, full: dict[str, str], params: dict[str, str]) -> None:
    """R74: the rest of the queue is shown all the same."""
    test = page("review", **params)
    assert "Not all of the address was understood." in test.warning[0].value
    assert "Shown 3 of 3." in shown(test)


def test_the_queue_turns_its_pages(page: Page, house: Store, full: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """R51: the next page begins where the one before ended."""
    draft = house.draft(full["bare id"])[0]
    for _ in range(25):
        house.record("incident", draft, RECORDER)
    test = page("review")
    assert "Shown 25 of 28." in shown(test)
    assert "Shown 3 of 28." in shown(press(test, "Next page"))
    assert "Shown 25 of 28." in shown(press(test, "Back to the first page"))


def test_a_reviewer_is_asked_from_the_list(page: Page, house: Store, full: dict[str, str]) -> None:
    """R12: assigned, and let go again; others have no box for it."""
    test = page("review")
    (first, *_) = [part for part in boxes(test, "Assigned to") if part.options[0] == "Nobody"]
    first.set_value("second").run()
    assert [item.assignee for item in review.queue(house, REVIEWER).items] == ["second", None, None]
    (first, *_) = [part for part in boxes(test, "Assigned to") if part.options[0] == "Nobody"]
    assert first.value == "second"
    first.set_value("").run()
    assert review.queue(house, REVIEWER).items[0].assignee is None
    assert len(boxes(page("review", ANALYST), "Assigned to")) == 1


def test_own_work_is_marked_and_has_no_judging(page: Page, house: Store, full: dict[str, str]) -> None:
    """R12: whoever wrote it, as a local person before the accounts too."""
    house.change_account("recorder", Acting("administrator", Role.ADMINISTRATOR), "moved", role=Role.REVIEWER)
    moved = Acting("recorder", Role.REVIEWER)
    text = shown(page("review", moved))
    assert text.count("Your own work: another person reviews it.") == 3
    test = asking(page, full, by=moved)
    assert "a second person judges it" in test.info[0].value
    assert not any(part.label == "Take it into review" for part in test.button)


def test_the_next_in_the_queue_is_opened(page: Page, full: dict[str, str]) -> None:
    """R12: in the order of the queue, from the start again at the end; one alone has no next."""
    test = press(asking(page, full, "two"), "Next in the queue")
    assert test.query_params["code"] == full["bare"]
    assert test.query_params["view"] == "review"
    assert press(test, "Next in the queue").query_params["code"] == full["one"]
    wanted = waiting.Wanted(text=full["one"])
    assert wanted.following(session.store(), REVIEWER, full["one id"]) is None


# The judgement -------------------------------------------------------------------------------------------------------


def test_a_judgement_is_taken_up_written_and_signed(page: Page, house: Store, full: dict[str, str]) -> None:
    """R12, R13, R17: the whole way; it is assigned to who took it up, and the reasons stand in the record."""
    test = press(asking(page, full), "Take it into review")
    assert status(house, full["one id"]) == "in_review"
    assert review.queue(house, REVIEWER, assignee="me").total == 1
    assert "Duplicate" not in box(test, "New status (required)").options
    box(test, "New status (required)").set_value("verified")
    box(test, "Standard of proof").set_value("reasonable_grounds")
    boxes(test, "Reasons (required)")[0].set_value("Seen twice")
    press(test.run(), "Sign this judgement")
    assert status(house, full["one id"]) == "verified"
    told = house.current("incident", full["one id"])["review"][-1]
    assert (told["reviewer"], told["reasons"], told["standard_of_proof"]) == ("reviewer", "Seen twice", "reasonable_grounds")
    assert "Judged: Verified." in test.success[0].value.replace("\\", "")
    assert boxes(test, "Reasons (required)")[0].value == ""
    assert desk.forms(house, REVIEWER) == []


def test_what_is_refused_stays_written_with_the_reason_beside_it(page: Page, house: Store, full: dict[str, str]) -> None:
    """R12, R13, R15: no status, no reasons, too few origins, no standard of proof."""
    taken_up(house, full["two id"])
    test = press(asking(page, full, "two"), "Sign this judgement")
    text = shown(test)
    assert "No status is chosen. Choose one that may follow." in text
    assert "No reasons are given. Write why." in text
    box(test, "New status (required)").set_value("verified")
    boxes(test, "Reasons (required)")[0].set_value("One paper").run()
    press(test, "Sign this judgement")
    text = shown(test)
    assert "Verification names its standard of proof." in text
    assert "Independent origins: 1 independent origin(s), 2 needed." in text
    assert status(house, full["two id"]) == "in_review"
    assert box(test, "New status (required)").value == "verified"


def test_reasons_survive_a_reload_and_a_saving_in_between(page: Page, house: Store, full: dict[str, str]) -> None:
    """R20: typed on one device, found on the other; judged of an older version it is told what changed, and kept."""
    taken_up(house, full["one id"])
    test = asking(page, full)
    boxes(test, "Reasons (required)")[0].set_value("كما رأيت").run()
    test = asking(page, full)
    assert boxes(test, "Reasons (required)")[0].value == "كما رأيت"
    draft, version = house.draft(full["one id"])
    draft.killed_best = 8
    house.amend("incident", full["one id"], draft, expected=version, by=RECORDER, reason="recount")
    box(test, "New status (required)").set_value("contested")
    press(test, "Sign this judgement")
    text = shown(test)
    assert "Saved by somebody else since you opened it (now version 3)." in text
    assert "Killed, best 7 8" in text
    assert "It was saved again since you began" in test.info[0].value
    press(test, "Sign this judgement")
    assert status(house, full["one id"]) == "contested"


def test_a_judgement_begun_is_no_incident_begun(page: Page, house: Store, full: dict[str, str]) -> None:
    """R20: what a local person writes as a reviewer is not offered as an unfinished record."""
    test = page("corrections", RECORDER, code=full["one"])
    box(test, "What is to be corrected, in their words (required)").set_value("The age").run()
    assert len(desk.forms(house, RECORDER)) == 1
    assert not any("Go on" in part.label for part in page("record", RECORDER).button)


def test_missing_people_found_dead_ask_for_a_judgement(page: Page, house: Store, full: dict[str, str]) -> None:
    """R30: it is said in the review and in the history."""
    draft, version = house.draft(full["bare id"])
    draft.missing_best, draft.killed_best = 3, 0
    house.amend("incident", full["bare id"], draft, expected=version, by=RECORDER, reason="list of the missing")
    taken_up(house, full["bare id"])
    draft, version = house.draft(full["bare id"])
    draft.missing_best, draft.killed_best = 2, 1
    house.amend("incident", full["bare id"], draft, expected=version, by=RECORDER, reason="a body was found")
    text = shown(asking(page, full, "bare"))
    assert "somebody missing is recorded as killed, by recorder: this asks for your judgement. a body was found" in text
    test = page("record", code=full["bare"], view="history")
    assert "Somebody missing is recorded as killed here" in shown(test)


def test_who_else_has_it_open_is_said(page: Page, house: Store, full: dict[str, str]) -> None:
    """R20: opening it is told to others too."""
    review.viewing(house, full["one id"], SECOND)
    assert "Open now with: second" in shown(asking(page, full))
    assert review.viewers(house, full["one id"], SECOND) == ("reviewer",)


# Claims and sources --------------------------------------------------------------------------------------------------


def test_claims_stand_side_by_side_and_differing_lines_are_marked(page: Page, full: dict[str, str]) -> None:
    """R14, R15: by a sign and a word; what the record holds stands beside them."""
    text = shown(asking(page, full))
    assert "Killed, best ≠ they differ 7 7 7 9" in text
    assert text.count("1 claim, 1 origin") == 3


def test_claims_of_one_wire_count_once(page: Page, house: Store, full: dict[str, str]) -> None:
    """R15: grouped with a reason; without one it is refused and stays typed."""
    test = asking(page, full)
    claims = box(test, "Claims (required)")
    ids = [claim["id"] for claim in house.current("incident", full["one id"])["claim"]]
    claims.set_value(ids[:2])
    box(test, "Or a new origin, as it should be called").set_value("One wire").run()
    press(test, "Set the origin")
    assert "No reasons are given. Write why." in shown(test)
    boxes(test, "Reasons (required)")[0].set_value("The same words").run()
    press(test, "Set the origin")
    assert "One wire : 2 claims, 1 origin" in shown(test)
    assert "3 claims, 2 independent origins" in shown(test)
    assert house.history("incident", full["one id"])[-1].reason == "The same words"


def test_a_claim_and_its_source_are_rated_apart(page: Page, house: Store, full: dict[str, str]) -> None:
    """R16: each with its own reason."""
    test = asking(page, full)
    claim = house.current("incident", full["one id"])["claim"][0]["id"]
    assert "No claim is chosen." in shown(press(test, "Rate the claim"))
    box(test, "Claim (required)").set_value(claim)
    box(test, "Credibility of what it says").set_value("2")
    boxes(test, "Reasons (required)")[1].set_value("Fits the hospital's list").run()
    press(test, "Rate the claim")
    assert review.compare(house, full["one id"], REVIEWER).columns[0].credibility == Credibility.TWO
    source = box(test, "Source (required)")
    chosen = review.compare(house, full["one id"], REVIEWER).columns[0].source_id
    source.set_value(chosen)
    box(test, "Reliability of the source").set_value("b")
    boxes(test, "Reasons (required)")[2].set_value("Right in the past").run()
    press(test, "Rate the source")
    assert house.current("source", str(chosen))["source"][0]["reliability"] == "b"
    assert "B: Usually reliable" in shown(test)


# Recorded twice ------------------------------------------------------------------------------------------------------


def test_two_records_of_one_incident_are_merged_and_parted_again(page: Page, house: Store, full: dict[str, str]) -> None:
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
def test_two_rows_are_judged_one_person_or_two(page: Page, house: Store, full: dict[str, str], verdict: SameOrNot) -> None:
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

"""The queue, the judgement and the claims without a browser: empty, full, asked wrongly, in Arabic, and as every role."""

import pytest
import reviewed
from reviewed import (
    ADMINISTRATOR,
    ANALYST,
    NASTY,
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
    taken_up,
)

from app import reviewing, session, waiting
from casualty import desk, review
from casualty.access import Acting
from casualty.store import Store
from casualty.vocabulary import AskedBy, Credibility, Role


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


def test_the_queue_turns_its_pages(page: Page, house: Store, full: dict[str, str]) -> None:
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
    house.change_account("recorder", ADMINISTRATOR, "moved", role=Role.REVIEWER)
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
    test = page("record", code=full["one"], view="review", queue=f"q={full['one']}&assignee=nobody")
    press(test, "Next in the queue")
    assert "Nothing else waits in this part of the queue." in [part.value for part in test.caption]
    wanted = waiting.Wanted(text=full["one"])
    assert wanted.following(session.store(), REVIEWER, full["one id"]) is None


# The judgement -------------------------------------------------------------------------------------------------------


def test_a_judgement_is_taken_up_written_and_signed(page: Page, house: Store, full: dict[str, str]) -> None:
    """R12, R13, R17: the whole way; it is assigned to who took it up, and the reasons stand in the record."""
    test = press(asking(page, full), "Take it into review")
    assert status(house, full["one id"]) == "in_review"
    assert review.queue(house, REVIEWER, assignee="me").total == 1
    reviewing.take_up(REVIEWER, full["one id"], 1)  # pressed twice: once is enough
    assert len(house.current("incident", full["one id"])["review"]) == 1
    assert "Duplicate" not in box(test, "New status (required)").options
    box(test, "New status (required)").set_value("verified")
    box(test, "Standard of proof").set_value("reasonable_grounds")
    boxes(test, "Reasons (required)")[0].set_value("Seen twice")
    press(test.run(), "Sign this judgement")
    assert status(house, full["one id"]) == "verified"
    told = house.current("incident", full["one id"])["review"][-1]
    assert (told["reviewer"], told["reasons"], told["standard_of_proof"]) == (
        "reviewer",
        "Seen twice",
        "reasonable_grounds",
    )
    assert "Judged: Verified." in test.success[0].value.replace("\\", "")
    assert boxes(test, "Reasons (required)")[0].value == ""
    assert desk.forms(house, REVIEWER) == []


def test_what_is_refused_stays_written_with_the_reason_beside_it(
    page: Page, house: Store, full: dict[str, str]
) -> None:
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

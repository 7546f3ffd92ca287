"""Amending an incident: what stays, what goes, who is told."""

import copy
from typing import Any

import pytest
from whole import incident, references

from casualty.access import Acting
from casualty.errors import EditConflict, InvalidRecords
from casualty.ledger import Rows
from casualty.schema import SourceFields, VictimDraft
from casualty.store import Store
from casualty.vocabulary import IncidentStatus, Operation

S = IncidentStatus


@pytest.fixture
def ids(store: Store, by: Acting) -> dict[str, str]:
    return references(store, by)


@pytest.fixture
def full(store: Store, by: Acting, ids: dict[str, str]) -> str:
    return store.record("incident", incident(ids), by).id


def amend(store: Store, by: Acting, key: str, **fields: Any) -> Rows:
    draft, version = store.draft(key)
    for name, value in fields.items():
        setattr(draft, name, value)
    store.amend("incident", key, draft, expected=version, by=by)
    return store.current("incident", key)


def stand_still(before: Rows, after: Rows, *names: str) -> bool:
    return all(before.get(name) == after.get(name) for name in names)


CHILDREN = ("claim", "involvement", "victim", "victim_name", "attribution", "act")


def test_a_draft_saved_as_it_was_changes_nothing(store: Store, by: Acting, full: str) -> None:
    """R20: no revision, no new version, for the incident and for any other kind."""
    head, before = store.head(), store.current("incident", full)
    assert amend(store, by, full) == before
    assert store.head() == head


def test_every_child_stays_when_another_thing_changes(store: Store, by: Acting, full: str) -> None:
    """R20, R39: names, attributions, acts, involvements and claims keep their keys and their values."""
    before = store.current("incident", full)
    after = amend(store, by, full, title="Other", killed_best=3)
    assert all(before[name] for name in CHILDREN)
    assert stand_still(before, after, *CHILDREN)
    assert (after["incident"][0]["title"], after["incident"][0]["version"]) == ("Other", 2)
    store.verify()


def test_claims_are_evidence_and_stay(store: Store, by: Acting, ids: dict[str, str], full: str) -> None:
    """R16, R22: claims that a draft leaves out or words otherwise stay as they are; what it adds is added."""
    before = store.current("incident", full)["claim"]
    after = amend(store, by, full, claims=[{"document_id": ids["document"], "killed_best": 99}])["claim"]
    assert [claim for claim in after if claim["id"] in {claim["id"] for claim in before}] == before
    assert [claim["killed_best"] for claim in after if claim not in before] == [99]
    again = amend(store, by, full, title="x")["claim"]
    assert again == after
    with pytest.raises(InvalidRecords, match="No source"):
        amend(store, by, full, claims=[])
    store.verify()


def test_claims_that_no_longer_stand_stay_too(store: Store, by: Acting, full: str) -> None:
    """R22, R94: superseded and withdrawn claims are in no draft, and every amendment keeps them."""
    before = store.current("incident", full)
    claims = [
        claim | {"standing": word} for claim, word in zip(before["claim"], ("superseded", "current"), strict=True)
    ]
    with store.writing(by) as writer:
        writer.change("incident", before, {**before, "claim": claims}, Operation.AMEND)
    assert len(store.draft(full)[0].claims) == 1
    assert amend(store, by, full, title="Other")["claim"] == claims
    store.verify()


def test_children_come_change_and_go(store: Store, by: Acting, full: str) -> None:
    """R09, R23, R39: each child is the same while its values are; a victim is the same while its key is named."""
    before = store.current("incident", full)
    draft, version = store.draft(full)
    group, person = draft.victims
    person.names[1].name = "Aminah"
    person.sex = "unknown"
    person.acts = person.acts[:1]
    draft.involvements = draft.involvements[1:]
    draft.victims.append(VictimDraft.model_validate({"resolved_out_of": group.id, "names": [{"name": "Новый"}]}))
    store.amend("incident", full, draft, expected=version, by=by)
    after = store.current("incident", full)
    assert after["victim"][0] == before["victim"][0]
    assert after["victim"][1] == before["victim"][1] | {"sex": "unknown"}
    assert after["victim"][2]["resolved_out_of"] == before["victim"][0]["id"]
    assert [name["name"] for name in after["victim_name"]] == ["أمينة المثال", "Aminah", "Новый"]
    assert after["victim_name"][0] == before["victim_name"][0]
    assert after["attribution"] == before["attribution"]
    assert after["act"] == before["act"][:1]
    assert after["involvement"] == before["involvement"][1:]
    store.verify()


def test_a_group_and_its_persons_may_leave_together(store: Store, by: Acting, full: str) -> None:
    """R09: whatever the order of their keys, nothing is left pointing at what is gone; history keeps them."""
    amend(store, by, full, victims=[VictimDraft.model_validate({"kind": "group", "ref": "g", "count_low": 30, "count_high": 40}),
                                    *(VictimDraft.model_validate({"resolved_out_of": "g"}) for _ in range(20))])  # fmt: skip
    assert len(store.current("incident", full)["victim"]) == 21
    after = amend(store, by, full, victims=[])
    assert not {"victim", "victim_name", "attribution", "act"} & after.keys()
    assert len((store.history("incident", full)[1].after or {})["victim"]) == 21
    store.verify()


def test_a_person_may_be_resolved_out_of_a_new_group(store: Store, by: Acting, full: str) -> None:
    """R09: a person of old and a group of now, the old group gone."""
    draft, version = store.draft(full)
    draft.victims[1].resolved_out_of = "new"
    draft.victims[0] = VictimDraft.model_validate({"kind": "group", "ref": "new", "count_high": 4})
    store.amend("incident", full, draft, expected=version, by=by)
    group, person = sorted(store.current("incident", full)["victim"], key=lambda row: str(row["kind"]))
    assert (group["kind"], group["count_high"], person["resolved_out_of"]) == ("group", 4, group["id"])
    store.verify()


def test_what_no_draft_states_of_an_act_stays(store: Store, by: Acting, full: str) -> None:
    """R37: an act's means and its alleged involvement are kept, and so is an act against nobody named."""
    before = store.current("incident", full)
    detail = {"means": "rifle", "note": "as told", "involvement_id": before["involvement"][0]["id"]}
    acts = [before["act"][0] | detail, *before["act"][1:], {"id": "0" * 36, "incident_id": full, "kind": "destruction"}]
    with store.writing(by) as writer:
        writer.change("incident", before, {**before, "act": acts}, Operation.AMEND)
    held = store.current("incident", full)["act"]
    assert amend(store, by, full, title="Other")["act"] == held
    store.verify()


def test_the_victims_of_another_incident_are_not_taken(
    store: Store, by: Acting, ids: dict[str, str], full: str
) -> None:
    """R09: a key that is no victim of this incident is a fault, not a new person."""
    other = store.record("incident", incident(ids), by)
    draft, version = store.draft(full)
    draft.victims = store.draft(other.id)[0].victims
    with pytest.raises(InvalidRecords) as told:
        store.amend("incident", full, draft, expected=version, by=by)
    assert [fault.field for fault in told.value.faults] == ["victim 1 id", "victim 2 id"]


JUDGED = [
    # status before      what changes          status after
    ("submitted",        {"title": "x"},       "submitted"),
    ("in_review",        {"title": "x"},       "in_review"),
    ("needs_work",       {"title": "x"},       "submitted"),
    ("corroborated",     {"killed_best": 3},   "submitted"),
    ("verified",         {"killed_best": 3},   "submitted"),
    ("verified",         {"victims": []},      "submitted"),
    ("verified",         {"involvements": []}, "submitted"),
    ("verified",         {},                   "verified"),
    ("verified",         {"claims": "more"},   "verified"),
    ("contested",        {"title": "x"},       "submitted"),
    ("unverifiable",     {"title": "x"},       "submitted"),
    ("refuted",          {"title": "x"},       "submitted"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "change", "after"), JUDGED)
def test_a_judgement_is_of_what_it_saw(sqlite_store: Store, before: str, change: dict[str, Any], after: str) -> None:
    """R12, R13, R18: what is amended after a judgement waits for review again; more evidence alone leaves it standing."""
    store, by = sqlite_store, sqlite_store.local("tester")
    ids = references(store, by)
    key = store.record("incident", incident(ids), by).id
    for step in () if before == "submitted" else dict.fromkeys(("in_review", before)):
        store.review(key, S(step), "Seen", store.local("second"))
    if change.get("claims"):
        change = {"claims": [*store.draft(key)[0].claims, {"document_id": ids["document"], "killed_best": 77}]}
    assert amend(store, by, key, **change)["incident"][0]["status"] == after
    assert len(store.current("incident", key).get("review", [])) == (
        0 if before == "submitted" else 1 + (before != "in_review")
    )
    store.verify()


# Conflicts -----------------------------------------------------------------------------------------------------------


def test_the_second_is_told_field_by_field(store: Store, by: Acting, full: str) -> None:
    """R20: what was opened, what is saved now, what this draft says; nothing is written, and the next try goes through."""
    mine, version = store.draft(full)
    theirs = copy.deepcopy(mine)
    theirs.title, theirs.killed_best, theirs.country = "Theirs", 3, "Land"
    store.amend("incident", full, theirs, expected=version, by=by)
    head, held = store.head(), store.current("incident", full)
    mine.title, mine.killed_best, mine.narrative_public = "Mine", 3, None
    with pytest.raises(EditConflict) as told:
        store.amend("incident", full, mine, expected=version, by=by)
    assert {d.field: (d.before, d.theirs, d.yours) for d in told.value.differences} == {
        "incident.title": ("At the market", "Theirs", "Mine"),
        "incident.killed_best": (2, 3, 3),
        "incident.country": (None, "Land", None),
        "incident.narrative_public": ("Told", "Told", None),
    }
    assert told.value.current_version == 2
    assert told.value.exit_code == 10
    assert "now saved as 'Theirs'; yours says 'Mine'" in str(told.value)
    assert (store.head(), store.current("incident", full)) == (head, held)
    saved = store.amend("incident", full, mine, expected=told.value.current_version, by=by)
    assert (saved.version, store.current("incident", full)["incident"][0]["title"]) == (3, "Mine")
    store.verify()


def test_the_second_is_told_of_children_too(store: Store, by: Acting, full: str) -> None:
    """R20, R23: a victim somebody added, a name somebody mended, a victim of mine; unchanged children are not named."""
    mine, version = store.draft(full)
    theirs = copy.deepcopy(mine)
    theirs.victims[1].names[1].name = "Theirs"
    theirs.victims.append(VictimDraft.model_validate({"described_as": "added by them"}))
    store.amend("incident", full, theirs, expected=version, by=by)
    mine.victims[1].sex = "man"
    mine.victims.append(VictimDraft.model_validate({"described_as": "added by me"}))
    with pytest.raises(EditConflict) as told:
        store.amend("incident", full, mine, expected=version, by=by)
    said = [
        (d.field.split()[0], d.field.rpartition(".")[2], d.before, d.theirs, d.yours) for d in told.value.differences
    ]
    person = mine.victims[1].id
    assert ("victim", "sex", "woman", "woman", "man") in said
    assert f"victim {person}.sex" in [d.field for d in told.value.differences]
    assert ("victim", "described_as", None, "added by them", None) in said
    assert ("victim", "described_as", None, None, "added by me") in said
    assert ("victim_name", "name", None, "Theirs", None) in said
    assert ("victim_name", "name", "Amina", None, "Amina") in said
    assert not any(name in ("attribution", "act", "claim", "involvement") for name, *_ in said)
    assert len(store.history("incident", full)) == 2
    store.verify()


def test_a_withdrawal_in_between_is_a_conflict(store: Store, by: Acting, full: str) -> None:
    """R20: for incidents and for any other kind; a version that never was is one too."""
    draft, version = store.draft(full)
    store.withdraw("incident", full, by, "twice")
    draft.title = "Mine"
    with pytest.raises(EditConflict) as told:
        store.amend("incident", full, draft, expected=version, by=by)
    assert {"incident.status", "incident.withdrawn_by", "incident.title"} <= {d.field for d in told.value.differences}
    saved = store.record("source", SourceFields(name="A"), by)
    store.amend("source", saved.id, SourceFields(name="B"), expected=1, by=by)
    for expected in (0, 1, 3, 10**30):
        with pytest.raises(EditConflict):
            store.amend("source", saved.id, SourceFields(name="C"), expected=expected, by=by)


def test_a_judgement_of_an_older_version_is_a_conflict(store: Store, by: Acting, full: str) -> None:
    """R12: who judged version 1 does not thereby judge version 2."""
    second = store.local("second")
    amend(store, by, full, title="Amended meanwhile")
    with pytest.raises(EditConflict) as told:
        store.review(full, S.IN_REVIEW, "Seen", second, expected=1)
    assert [d.field for d in told.value.differences] == ["incident.title"]
    store.review(full, S.IN_REVIEW, "Seen", second, expected=2)


# Taken back, taken up, merged ----------------------------------------------------------------------------------------


def test_a_withdrawn_incident_is_taken_up_by_a_review(store: Store, by: Acting, full: str) -> None:
    """R18: the marks go, the judgement says why, and the incident may be judged and withdrawn again."""
    store.withdraw("incident", full, by, "twice")
    with pytest.raises(InvalidRecords, match="already withdrawn"):
        store.withdraw("incident", full, by, "twice")
    with pytest.raises(InvalidRecords, match="by a review"):
        store.restore("incident", full, by, "after all")
    with pytest.raises(InvalidRecords, match="cannot become verified"):
        store.review(full, S.VERIFIED, "Seen", store.local("second"))
    with pytest.raises(InvalidRecords, match="second person"):
        store.review(full, S.IN_REVIEW, "Mine", by)
    store.review(full, S.IN_REVIEW, "It stands for itself", store.local("second"))
    held = store.current("incident", full)["incident"][0]
    assert held["status"] == "in_review"
    assert not {"withdrawn_at", "withdrawn_by", "withdrawn_reason"} & held.keys()
    amend(store, by, full, title="Once more")
    store.review(full, S.WITHDRAWN, "It never was", store.local("second"))
    held = store.current("incident", full)["incident"][0]
    assert (held["status"], held["withdrawn_reason"], held["withdrawn_by"]) == (
        "withdrawn",
        "It never was",
        "local:second",
    )
    store.verify()


@pytest.mark.parametrize("step", ["withdraw", "review", "review to withdrawn"])
def test_a_merged_incident_stands_for_itself_again(
    store: Store, by: Acting, ids: dict[str, str], full: str, step: str
) -> None:
    """R58: withdrawing or taking up what was merged ends the merge; where it pointed is in its history."""
    other = store.record("incident", incident(ids), by).id
    before = store.current("incident", full)
    merged = before["incident"][0] | {"status": "duplicate", "merged_into_id": other}
    with store.writing(by) as writer:
        writer.change("incident", before, {**before, "incident": [merged]}, Operation.AMEND)
    second = store.local("second")
    if step == "withdraw":
        store.withdraw("incident", full, by, "neither")
    else:
        store.review(full, S.IN_REVIEW if step == "review" else S.WITHDRAWN, "looked at", second)
    held = store.current("incident", full)["incident"][0]
    assert held["status"] == ("in_review" if step == "review" else "withdrawn")
    assert "merged_into_id" not in held
    assert store.history("incident", full)[1].after == {
        **store.history("incident", full)[1].after,
        "incident": [merged | {"version": 2}],
    }
    store.verify()


def test_a_draft_is_put_forward_by_its_recorder(store: Store, by: Acting, ids: dict[str, str]) -> None:
    """R10, R18: and what was returned is, too; nothing else is."""
    key = store.record("incident", incident(ids), by, status=S.DRAFT).id
    assert amend(store, by, key, title="Still a draft")["incident"][0]["status"] == "draft"
    store.submit(key, by, "complete now")
    with pytest.raises(InvalidRecords, match="this one is submitted"):
        store.submit(key, by)
    for step in (S.IN_REVIEW, S.NEEDS_WORK):
        store.review(key, step, "Where was it?", store.local("second"))
    store.submit(key, by)
    assert store.current("incident", key)["incident"][0]["status"] == "submitted"
    store.verify()
